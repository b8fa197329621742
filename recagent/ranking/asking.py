"""The one retry layer: transport faults and unusable replies draw on the same budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from recagent.errors import ModelError

T = TypeVar("T")

_WAIT = wait_random_exponential(multiplier=0.1, max=2.0)  # seconds, full jitter


class Budget:
    """How many calls may fail during one request, whatever the reason."""

    def __init__(self, attempts: int) -> None:
        """A budget of ``attempts`` - 1 failures: so many attempts if only one call is made."""
        self.failures_left = attempts - 1
        self.failed = 0

    def spent(self, _: RetryCallState) -> bool:
        """Take one failure out; whether that was one too many."""
        self.failed += 1
        self.failures_left -= 1
        return self.failures_left < 0


async def ask(call: Callable[[], Awaitable[T]], *, budget: Budget) -> T:
    """The result of ``call``, tried again after retryable errors while the budget lasts.

    Raises:
        ModelError: the last error, or the first that trying again cannot mend.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda e: isinstance(e, ModelError) and e.retryable),
        stop=budget.spent,
        wait=_WAIT,
        reraise=True,
    )

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
