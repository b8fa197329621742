"""How many candidates a model can rank in the time that is left, by what it took before.

It measures whichever model answers.
"""

from __future__ import annotations

FEWEST = 5  # candidates that are always asked about, so that a wrong estimate is corrected
_NEWEST = 0.3  # weight of the newest measurement
_LATE = 1.5  # a model that did not end in time would have taken this much longer, or more


class LatencyEstimate:
    """Seconds a candidate, averaged with the newest counting most."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def fits(self, wanted: int, *, seconds: float) -> int:
        """Returns how many of ``wanted`` candidates fit in ``seconds``; all before a measurement.

        Never fewer than five, or than are wanted.
        """
        if self._seconds is None or self._seconds * wanted <= seconds:
            return wanted
        return min(wanted, max(FEWEST, int(seconds / self._seconds)))

    def took(self, seconds: float, *, candidates: int) -> None:
        """Record that a model ranked ``candidates`` in ``seconds``."""
        new = seconds / candidates
        old = new if self._seconds is None else self._seconds
        self._seconds = old + _NEWEST * (new - old)

    def was_late(self, seconds: float, *, candidates: int) -> None:
        """Record that a model had not ranked ``candidates`` after ``seconds``."""
        self._seconds = max(self._seconds or 0.0, _LATE * seconds / candidates)
