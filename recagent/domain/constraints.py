"""Constraints: checkable predicates on the attributes of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recagent.domain.items import Task, Value

Operator = Literal["is", "is not", "at least", "at most", "mentions", "does not mention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A predicate on an item that code can check; ``recagent.scenes.constraints`` does.

    Attributes:
        attribute: an item's attribute, or ``id``, ``title``, ``text``; empty for all that it says.
        operator: ``mentions`` and ``does not mention`` look for a text within a text.
        value: compared with; of several values one is enough.
        words: as the person or the scene's rule put it.
        task: of the items that it is about; None for all.
    """

    attribute: str
    operator: Operator
    value: Value
    words: str = ""
    task: Task | None = None
