"""The one retry layer: transport faults and unusable replies draw on the same two budgets.

Every request has its own (``RetryBudget``), and all that ask one model share another
(``RetryWindow``).
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from recagent.errors import ModelError

T = TypeVar("T")

_BACKOFF = wait_random_exponential(multiplier=0.1, max=2.0)  # seconds, full jitter
_SPAN = 60.0  # seconds
_SHARE = 0.1  # of the calls within the span that may be made again
_FEW = 10  # that always may


class RetryWindow:
    """How many calls of the last minute were made again: a tenth at most, or ten.

    When everything fails, retries must not be what keeps the server down. Source: M. Brooker,
    "Timeouts, retries, and backoff with jitter", Amazon Builders' Library, 2019.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: deque[float] = deque()
        self._again: deque[float] = deque()

    def count(self) -> None:
        """A first call is made."""
        self._calls.append(self._now())

    def may_retry(self) -> bool:
        """Whether one more call may be made again; if so, it is counted."""
        now = self._now()
        allowed = len(self._again) + 1 <= max(_FEW, _SHARE * len(self._calls))
        if allowed:
            self._again.append(now)
        return allowed

    def _now(self) -> float:
        now = self._clock()
        for times in (self._calls, self._again):
            while times and times[0] < now - _SPAN:
                times.popleft()
        return now


class RetryBudget:
    """How many calls may fail during one request, whatever the reason."""

    def __init__(self, attempts: int, *, window: RetryWindow) -> None:
        """A budget of ``attempts`` - 1 failures: so many attempts if only one call is made."""
        self.failures_left = attempts - 1
        self.failed = 0
        self.window = window

    def is_spent(self) -> bool:
        """Take one failure out; whether that was one too many, for the request or for all."""
        self.failed += 1
        self.failures_left -= 1
        return self.failures_left < 0 or not self.window.may_retry()


async def ask(call: Callable[[], Awaitable[T]], *, budget: RetryBudget) -> T:
    """The result of ``call``, tried again after retryable errors while the budget lasts.

    A server's ``Retry-After`` is kept to. Where that, or the pause of a circuit breaker, would
    outlast the deadline, the error comes at once, so that a lower rung still has time to answer.
    Without a deadline a breaker's pause is waited for.

    Raises:
        ModelError: the last error, or the first that trying again cannot mend.
    """
    patient = math.isinf(anyio.current_effective_deadline())

    def may_mend(state: RetryCallState) -> bool:
        error = _error(state)
        return error is not None and (
            error.retryable or (patient and error.retry_after is not None)
        )

    def must_stop(state: RetryCallState) -> bool:
        # tenacity asks after it has worked out the wait
        ends = anyio.current_time() + state.upcoming_sleep
        return ends > anyio.current_effective_deadline() or budget.is_spent()

    retrying = AsyncRetrying(retry=may_mend, stop=must_stop, wait=_wait, reraise=True)
    budget.window.count()

    async def attempt() -> T:  # tenacity awaits coroutine functions only, and lambdas are none
        return await call()

    return await retrying(attempt)


async def ask_all(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Results of all calls, made at the same time, in their order; the wire bounds how many.

    Raises:
        ModelError: of the first call that failed for good; the others are given up.
    """
    results: dict[int, T] = {}

    async def one(at: int, call: Callable[[], Awaitable[T]]) -> None:
        results[at] = await call()

    try:
        async with anyio.create_task_group() as group:
            for at, call in enumerate(calls):
                group.start_soon(one, at, call)
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
        raise first from first.__cause__
    return [results[at] for at in range(len(calls))]


def _error(state: RetryCallState) -> ModelError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, ModelError) else None


def _wait(state: RetryCallState) -> float:
    """Seconds: what the server asks for, and a jittered pause so that not all come at once."""
    error = _error(state)
    asked = (error.retry_after if error else None) or 0.0
    return asked + _BACKOFF(state)
