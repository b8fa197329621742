"""The one clock of a request: whatever is waited for, however often, it ends at the same moment."""

from __future__ import annotations

import anyio

from recagent.errors import ModelError
from recagent.locale import LocalizedText


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
