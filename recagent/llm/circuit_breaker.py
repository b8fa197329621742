"""A circuit breaker: a server that keeps failing is not asked for a moment, then by one call.

It does not retry (``llm.retry``) and does not choose another server (``ranking.fallback``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from recagent.errors import ModelError

_FAILURES = 5  # in a row, before it opens
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds; the last one again and again


class CircuitBreaker:
    """Closed: all calls pass. Open: all fail at once. After a pause one call tries (half-open).

    Source: M. Nygard, "Release It!", 2nd edition, 2018, chapter 5.
    """

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._opened = 0  # times in a row without a good call between
        self._until = 0.0

    @contextmanager
    def watching(self) -> Generator[_Watched]:
        """Around one call, which says ``well()`` when the server is; else it counts as a failure.

        A call that was given up for another reason than its deadline counts as neither.

        Raises:
            ModelError: the breaker is open.
        """
        wait = self._until - self._clock()
        if self._opened and wait > 0:
            raise ModelError(
                "{name!r} failed {failures} times in a row and gets no requests for another "
                "{seconds:.1f} s; check that the server is running",
                name=self._name,
                failures=self._failures,
                seconds=wait,
                retry_after=wait,
            )
        if self._opened:  # this call tries; the others wait for what it finds
            self._until = self._clock() + self._pause()
        began, watched = self._opened, _Watched()
        deadline = anyio.current_effective_deadline()
        try:
            yield watched
        except Exception:
            if watched.is_well:
                self._reset()
            else:
                self._failed(began)
            raise
        except BaseException:  # cancelled
            if anyio.current_time() >= deadline:
                self._failed(began)
            else:
                self._until = self._clock()  # nothing is known: the next call may try
            raise
        self._reset()

    def _failed(self, began: int) -> None:
        """A call failed; ``began``: how often the breaker had opened when the call began.

        Calls that were under way when it opened tell nothing new, however many they are.
        """
        self._failures += 1
        if self._failures >= _FAILURES and began == self._opened:
            self._until = self._clock() + self._pause()
            self._opened += 1

    def _pause(self) -> float:
        return _PAUSES[min(self._opened, len(_PAUSES) - 1)]

    def _reset(self) -> None:
        self._failures = self._opened = 0


class _Watched:
    """What one call found."""

    is_well = False

    def well(self) -> None:
        """The server answered as a sound one does, even if it refused."""
        self.is_well = True
