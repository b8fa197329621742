"""The one deadline of a request, and how many candidates a model can rank in what is left of it."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from recagent.errors import ModelError
from recagent.locale import LocalizedText

FEWEST = 5  # candidates that are always ranked, so that a wrong estimate is corrected
_NEWEST = 0.3  # weight of the newest measurement
_LATE = 1.5  # a model that missed the deadline would have taken at least this many times as long


class Deadline:
    """When a request must be answered; it begins when it is made.

    Attributes:
        seconds: from the request to that moment, the loading of models apart.
        paused: seconds for which the clock stood still.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.paused = 0.0
        self._ends = anyio.current_time() + seconds

    def left(self) -> float:
        """Returns the seconds that are left; 0 once the deadline has passed."""
        return max(0.0, self._ends - anyio.current_time())

    def extend(self, seconds: float) -> None:
        """Extend the deadline by seconds that have passed and do not count."""
        self.paused += seconds
        self._ends += seconds

    def late(self) -> LocalizedText:
        """Returns the words for a deadline that has passed."""
        return LocalizedText("the deadline of {seconds:g} s has passed", seconds=self.seconds)

    def missed(self) -> ModelError:
        """Returns the error of a step that was not done in time."""
        return ModelError(self.late())


class RankingSpeed:
    """Seconds that the model takes for a candidate, averaged with the newest counting most."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def affordable(self, count: int, *, seconds: float) -> int:
        """Returns how many of ``count`` candidates fit in ``seconds``; all before a measurement.

        It is never below five, or below ``count`` if that is smaller.
        """
        if self._seconds is None or self._seconds * count <= seconds:
            return count
        return min(count, max(FEWEST, int(seconds / self._seconds)))

    def record(self, seconds: float, *, candidates: int) -> None:
        """Record that a model ranked ``candidates`` in ``seconds``."""
        new = seconds / candidates
        old = new if self._seconds is None else self._seconds
        self._seconds = old + _NEWEST * (new - old)

    def record_timeout(self, seconds: float, *, candidates: int) -> None:
        """Record that a model had not ranked ``candidates`` after ``seconds``."""
        self._seconds = max(self._seconds or 0.0, _LATE * seconds / candidates)


@dataclass(slots=True)
class RankingAllowance:
    """How often a request that makes several calls may still ask the ranking model."""

    left: int

    def take(self) -> bool:
        """Whether it may be asked once more; then it has been."""
        may = self.left > 0
        self.left -= may
        return may
