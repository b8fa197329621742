"""How much somebody did of something (plays, hours, pieces), as a share of what is usual.

Amounts have no unit here, and tails as heavy as they come: only their ratios count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from recagent.ingest.events import EventFields

_PRIOR = 3  # amounts of a person, that those of everybody count as much as
_LEAST, _MOST = 0.000_001, 0.999_999

Key = tuple[str, str]  # scene and kind: hours of games are no plays of songs


class Amounts:
    """The usual amount of each person and of all, as geometric means."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._all: dict[Key, tuple[int, float]] = {}
        self._own: dict[tuple[str, Key], tuple[int, float]] = {}
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
            self._own[event.user_id, key] = _plus(self._own.get((event.user_id, key)), amount)

    def share(self, event: EventFields) -> float:
        """Of an event's amount x, x / (x + usual): a half where it is usual, near 1 far above.

        What is usual is a mean of logarithms, the person's, and everybody's as if these were
        three more amounts: so 200 hours are more than 0.1 also where a person has one event only.
        """
        amount, key = event.value or 0.0, (event.scene, event.kind)
        if amount <= 0:
            return _LEAST
        total, logs = self._all[key]
        own, own_logs = self._own.get((event.user_id, key), (0, 0.0))
        usual = math.exp((own_logs + _PRIOR * logs / total) / (own + _PRIOR))
        return min(_MOST, max(_LEAST, round(amount / (amount + usual), 6)))

    def usual(self) -> Mapping[Key, float]:
        """The usual amount by scene and kind."""
        return {key: math.exp(logs / total) for key, (total, logs) in self._all.items()}


def _plus(before: tuple[int, float] | None, amount: float) -> tuple[int, float]:
    count, logs = before or (0, 0.0)
    return count + 1, logs + math.log(amount)
