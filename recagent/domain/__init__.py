"""The values that every part speaks in: items, people, events, scenes, slates, explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent.domain.cases import Case
from recagent.domain.constraints import Constraint, Operator
from recagent.domain.events import (
    EARLIEST_CLOCK,
    EVENT_KINDS,
    LIKED_FROM,
    UNTIMED,
    Event,
    EventKind,
    Impression,
    Rate,
    RatingScale,
    event_kind,
)
from recagent.domain.explanations import Answer, Claim, Evidence, EvidenceKind, Explanation
from recagent.domain.items import Item, Task, Value
from recagent.domain.people import (
    Edits,
    Forgotten,
    Group,
    Known,
    Note,
    Profile,
    Unserved,
    User,
    person_id,
)
from recagent.domain.scenes import (
    AgeRule,
    Context,
    DistanceRule,
    FreshRule,
    Language,
    ModelRule,
    PathRule,
    PersonRule,
    ProposalKind,
    RepeatRule,
    Review,
    Rule,
    Scene,
    SeriesRule,
)
from recagent.domain.slates import (
    Candidate,
    Entry,
    Mode,
    ScoredBy,
    Slate,
    Trace,
    Usage,
    WishMatch,
)

if TYPE_CHECKING:
    from recagent.domain.people import Vector as Vector

__all__ = [
    "EARLIEST_CLOCK",
    "EVENT_KINDS",
    "LIKED_FROM",
    "UNTIMED",
    "AgeRule",
    "Answer",
    "Candidate",
    "Case",
    "Claim",
    "Constraint",
    "Context",
    "DistanceRule",
    "Edits",
    "Entry",
    "Event",
    "EventKind",
    "Evidence",
    "EvidenceKind",
    "Explanation",
    "Forgotten",
    "FreshRule",
    "Group",
    "Impression",
    "Item",
    "Known",
    "Language",
    "Mode",
    "ModelRule",
    "Note",
    "Operator",
    "PathRule",
    "PersonRule",
    "Profile",
    "ProposalKind",
    "Rate",
    "RatingScale",
    "RepeatRule",
    "Review",
    "Rule",
    "Scene",
    "ScoredBy",
    "SeriesRule",
    "Slate",
    "Task",
    "Trace",
    "Unserved",
    "Usage",
    "User",
    "Value",
    "WishMatch",
    "event_kind",
    "person_id",
]
