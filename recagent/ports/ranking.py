"""Parts of the pipeline that you may replace: candidate sources and rankers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from recagent.domain import (
    Candidate,
    Claim,
    Context,
    Evidence,
    Profile,
    Scene,
    ScoredBy,
    Usage,
)
from recagent.locale import AnyText

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonsRequest:
    """Asks a ranker for reasons beside its scores, since a person will read the list.

    Attributes:
        k: how many of the best are to get a reason.
        evidence: that a reason may rest on, by the candidate's id.
        person: what is known of the person, that any reason may rest on.
    """

    k: int
    evidence: Mapping[str, Sequence[Evidence]]
    person: Sequence[Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a candidate source is asked: who, where, in which situation, and what must not come.

    Attributes:
        wish_vector: (d,) of the wish, where it has been embedded.
        reasons: of a ranker alone; None where nobody will read any.
    """

    profile: Profile
    scene: Scene
    context: Context
    exclude: frozenset[str]
    wish_vector: Vector | None = None
    reasons: ReasonsRequest | None = None


class CandidateSource(Protocol):
    """Proposes items of the scene; ``name`` becomes the name of the candidates' feature."""

    @property
    def name(self) -> str: ...

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with scores, best first; empty if it has nothing to say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageScores:
    """What a ranker says of a pool: one score per candidate (higher is better) and what it cost.

    Attributes:
        model: that answered.
        calls: to the model, those that failed among them.
        kept: questions that needed no call, since their answer had been kept.
        repairs: labels that were unknown, doubled or missing in good replies.
        invalid: calls that failed or whose reply could not be used, and were tried again.
        degraded: why it was not the model that was meant to; None where it was.
        measured_as: id of the prompt whose measured worth is this one's; its own where empty.
        reasons: as the model wrote them, by item id; whether they may be shown is not decided.
        sentence: what the list is, likewise.
    """

    scores: tuple[float, ...]
    model: str
    mode: ScoredBy
    prompt: str
    usage: Usage
    calls: int
    kept: int = 0
    repairs: int = 0
    invalid: int = 0
    degraded: AnyText | None = None
    notes: tuple[AnyText, ...] = field(default=())
    measured_as: str = ""
    reasons: Mapping[str, Claim] = field(default_factory=dict[str, Claim])
    sentence: Claim | None = None


class Ranker(Protocol):
    """Scores candidates for one person in one scene."""

    async def start(self) -> None:
        """Load or connect, so that the first request's deadline does not pay for it.

        Raises:
            ModelError: the model cannot be had.
        """
        ...

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        """One finite score per candidate, in their order.

        Raises:
            ModelError: no usable answer within the retry budget.
        """
        ...
