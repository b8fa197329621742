"""The one retry layer: transport faults and unusable replies draw on the same two budgets.

Every request has its own ``RetryBudget``; all callers of one model share a ``RetryWindow``.
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
_RETRY_SHARE = 0.1  # of the calls within the span
_ALWAYS_ALLOWED = 10  # retries within the span


class RetryWindow:
    """Limits retries within the last minute to a tenth of its calls, or to ten.

    When everything fails, retries must not be what keeps the server down. Source: M. Brooker,
    "Timeouts, retries, and backoff with jitter", Amazon Builders' Library, 2019.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: deque[float] = deque()
        self._retries: deque[float] = deque()

    def count(self) -> None:
        """Records the first call of a request."""
        self._calls.append(self._now())

    def may_retry(self) -> bool:
        """Returns whether one more retry is allowed, and records it if so."""
        now = self._now()
        allowed = len(self._retries) + 1 <= max(_ALWAYS_ALLOWED, _RETRY_SHARE * len(self._calls))
        if allowed:
            self._retries.append(now)
        return allowed

    def _now(self) -> float:
        now = self._clock()
        for times in (self._calls, self._retries):
            while times and times[0] < now - _SPAN:
                times.popleft()
        return now


class RetryBudget:
    """Limits how many calls may fail during one request, whatever the reason."""

    def __init__(self, attempts: int, *, window: RetryWindow) -> None:
        """Allows ``attempts`` - 1 failures: a request of one call has that many attempts."""
        self.failures_left = attempts - 1
        self.failed = 0
        self.window = window

    def is_spent(self) -> bool:
        """Takes out one failure; returns whether it was one too many, here or in the window."""
        self.failed += 1
        self.failures_left -= 1
        return self.failures_left < 0 or not self.window.may_retry()


async def call(request: Callable[[], Awaitable[T]], *, budget: RetryBudget) -> T:
    """Returns the result of ``request``, retried after retryable errors while the budget lasts.

    It waits as long as a server's ``Retry-After`` says. Where that, or the pause of a circuit
    breaker, would outlast the deadline, the error comes at once, so that a fallback still has time
    to answer. Without a deadline it waits for a breaker's pause.

    Raises:
        ModelError: the last error, or the first that a retry cannot mend.
    """
    has_no_deadline = math.isinf(anyio.current_effective_deadline())

    def may_mend(state: RetryCallState) -> bool:
        error = _error(state)
        return error is not None and (
            error.retryable or (has_no_deadline and error.retry_after is not None)
        )

    def must_stop(state: RetryCallState) -> bool:
        # tenacity calls this once it has worked out the wait
        resumes_at = anyio.current_time() + state.upcoming_sleep
        return resumes_at > anyio.current_effective_deadline() or budget.is_spent()

    retrying = AsyncRetrying(retry=may_mend, stop=must_stop, wait=_wait, reraise=True)
    budget.window.count()

    async def attempt() -> T:  # tenacity awaits coroutine functions only, and lambdas are none
        return await request()

    return await retrying(attempt)


async def call_all(requests: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Returns the results of all requests, in their order, made at the same time.

    The transport bounds how many are under way.

    Raises:
        ModelError: of the first request that failed for good; the others are cancelled.
    """
    results: dict[int, T] = {}

    async def run(row: int, request: Callable[[], Awaitable[T]]) -> None:
        results[row] = await request()

    try:
        async with anyio.create_task_group() as group:
            for row, request in enumerate(requests):
                group.start_soon(run, row, request)
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
        raise first from first.__cause__
    return [results[row] for row in range(len(requests))]


def _error(state: RetryCallState) -> ModelError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, ModelError) else None


def _wait(state: RetryCallState) -> float:
    """Seconds that the server demands, plus a jittered pause so that not all come back at once."""
    error = _error(state)
    retry_after = (error.retry_after if error else None) or 0.0
    return retry_after + _BACKOFF(state)
