"""Events: what people did, when, and on which scale they rated."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from recagent.errors import DataError

EventKind = Literal[
    "view", "click", "like", "dislike", "rating", "purchase", "finish", "skip", "comment"
]
EVENT_KINDS: tuple[str, ...] = get_args(EventKind)
EARLIEST_CLOCK = datetime(1990, 1, 1, tzinfo=UTC)  # a time before it is an order, or a wrong unit
UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)  # of events without a time: they have an order only
LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # what is later is a wrong unit
LIKED_FROM = 0.7  # share of the rating scale: 7 of 10


def event_kind(kind: str) -> EventKind:
    """``kind`` if it is one.

    Raises:
        DataError: it is not; the message lists those that are.
    """
    if kind not in EVENT_KINDS:
        raise DataError(
            "unknown event kind {kind!r}; use one of {known}",
            kind=kind,
            known=", ".join(EVENT_KINDS),
        )
    return cast("EventKind", kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One interaction of a person with an item.

    Attributes:
        at: when, with a time zone.
        value: of a rating, on the catalogue's scale; of another kind, between 0 and 1, how much of
            it there was beside what is usual (0.5); None and any other number: it counts in full.
        text: the person's own words.
        impression: the trace id of the slate that it answers, if it answers one.
    """

    user_id: str
    item_id: str
    scene: str
    kind: EventKind
    at: datetime
    value: float | None = None
    text: str = ""
    device: str = ""
    place: str = ""
    impression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingScale:
    """What the values of ``rating`` events mean: from ``low`` to ``high``.

    Attributes:
        unrated: values that say that somebody met the item and did not rate it.
    """

    low: float = 0.0
    high: float = 10.0
    unrated: tuple[float, ...] = ()

    @property
    def liked_from(self) -> float:
        """The lowest rating that is a like."""
        return self.low + LIKED_FROM * (self.high - self.low)

    def shown_from(self, values: Iterable[float]) -> float:
        """The same as people say it who give such values: in whole, half or other numbers."""
        given = list(values)
        for part in (1, 2):
            if all((part * value).is_integer() for value in given):
                return math.ceil(round(part * self.liked_from, 9)) / part
        return round(self.liked_from, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of so many judgments were likes."""

    likes: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """A slate as it was shown: item ids in order, their probabilities, and the trace as JSON.

    ``wish`` is what was asked for, in the person's words; empty without one.
    """

    id: str
    user_id: str
    scene: str
    at: datetime
    item_ids: tuple[str, ...]
    probabilities: tuple[float, ...]
    trace: str
    wish: str = ""
