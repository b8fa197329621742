"""How much people do: how many events over how long, and how much of something is usual.

Amounts (plays, hours, pieces) have no unit here, and tails as heavy as they come: only their ratios
count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime

from recagent.domain import EARLIEST_CLOCK, UNTIMED
from recagent.ingest.events import EventFields

_SECONDS_PER_DAY = 86_400
_PRIOR = 3  # amounts of a person, that those of everybody count as much as
_LEAST, _MOST = 0.000_001, 0.999_999

Key = tuple[str, str]  # scene and kind: hours of games are no plays of songs


class Amounts:
    """The usual amount of each person and of all, as geometric means."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._all: dict[Key, tuple[int, float]] = {}
        self._by_person: dict[tuple[str, Key], tuple[int, float]] = {}
        self.lowest, self.highest = math.inf, -math.inf
        self.count = 0

    def add(self, event: EventFields) -> None:
        """Take the amount of an event, its ``value``, into account."""
        amount = event.value or 0.0
        self.count += 1
        self.lowest, self.highest = min(self.lowest, amount), max(self.highest, amount)
        if amount > 0:
            key = (event.scene, event.kind)
            self._all[key] = _plus(self._all.get(key), amount)
            self._by_person[event.user_id, key] = _plus(
                self._by_person.get((event.user_id, key)), amount
            )

    def share(self, event: EventFields) -> float:
        """Returns x / (x + usual) of an event's amount x: 0.5 where it is usual, near 1 far above.

        What is usual is a mean of logarithms, the person's, and everybody's as if these were
        three more amounts: so 200 hours are more than 0.1 also where a person has one event only.
        """
        amount, key = event.value or 0.0, (event.scene, event.kind)
        if amount <= 0:
            return _LEAST
        total, logs = self._all[key]
        count, person_logs = self._by_person.get((event.user_id, key), (0, 0.0))
        usual = math.exp((person_logs + _PRIOR * logs / total) / (count + _PRIOR))
        return min(_MOST, max(_LEAST, round(amount / (amount + usual), 6)))

    def usual(self) -> Mapping[Key, float]:
        """Returns the usual amount by scene and kind."""
        return {key: math.exp(logs / total) for key, (total, logs) in self._all.items()}


def _plus(before: tuple[int, float] | None, amount: float) -> tuple[int, float]:
    count, logs = before or (0, 0.0)
    return count + 1, logs + math.log(amount)


class EventCounts:
    """How many events everybody has, and over how long."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, datetime, datetime]] = {}

    def add(self, event: EventFields) -> None:
        time = event.at
        seen = self._seen.get(event.user_id)
        if seen is None:
            self._seen[event.user_id] = (1, time, time)
            return
        count, first, last = seen
        if time < first:
            first = time
        elif time > last:
            last = time
        self._seen[event.user_id] = (count + 1, first, last)

    def remove(self, event: EventFields) -> None:
        """Count an event less; the first and the last one's times stay."""
        count, first, last = self._seen[event.user_id]
        self._seen[event.user_id] = (count - 1, first, last)

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    def without_clock(self, limit: float) -> int:
        """Returns how many people have more events than that, and none with a time but an order."""
        return sum(
            count > limit and UNTIMED < last < EARLIEST_CLOCK
            for count, _, last in self._seen.values()
        )

    def busier_than(self, limit: float) -> list[str]:
        """Returns ids of people with more events a day, on average from their first to their last.

        People without clock times are none of them, however many events they have.
        """
        return [
            user_id
            for user_id, (count, first, last) in self._seen.items()
            if last >= EARLIEST_CLOCK
            and count > limit * max(1.0, (last - first).total_seconds() / _SECONDS_PER_DAY)
        ]
