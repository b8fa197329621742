"""The one clock of a request: whatever is waited for, however often, it ends at the same moment."""

from __future__ import annotations

import anyio

from recagent.errors import ModelError
from recagent.locale import LocalizedText


class Deadline:
    """When a request must be answered; it begins when it is made.

    Attributes:
        seconds: from the request to that moment, the loading of models apart.
        stood: seconds for which the clock stood still.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.stood = 0.0
        self._ends = anyio.current_time() + seconds

    def left(self) -> float:
        """Seconds, none once it has passed."""
        return max(0.0, self._ends - anyio.current_time())

    def stand_still(self, seconds: float) -> None:
        """So many seconds that have passed do not count."""
        self.stood += seconds
        self._ends += seconds

    def late(self) -> LocalizedText:
        """What is said when it has passed."""
        return LocalizedText("the deadline of {seconds:g} s has passed", seconds=self.seconds)

    def missed(self) -> ModelError:
        """What a step fails with that was not done in time."""
        return ModelError(self.late())
