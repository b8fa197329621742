"""Answers that are shared: a request that is sent again gets the answer of the first.

A client sends again after a timeout, a person by a second click; neither says anything new.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_SECONDS = 120.0  # for which an answer that is ready is given again
_MOST = 200  # answers
MOST_BYTES = 64_000_000  # of all of them, as far as that is known
GONE_FOR = 10.0  # seconds after which an answer that nobody waits for any more is given up


@dataclass(slots=True, eq=False)
class _Answer(Generic[T]):
    """An answer, as far as it is there.

    Attributes:
        key: what was asked.
        task: what makes it; kept here, as the loop alone does not keep it.
        ended: when it was whole, on the clock of ``time.monotonic``; None before.
        followers: how many wait for it.
        bytes: of its parts.
    """

    key: Hashable
    parts: list[T] = field(default_factory=list[T])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None
    ended: float | None = None
    error: BaseException | None = None
    followers: int = 0
    bytes: int = 0

    def holds(self, key: Hashable) -> bool:
        """Whether it answers ``key``, and is no older than a repeat can be."""
        now = time.monotonic()
        return self.key == key and self.error is None and now - (self.ended or now) < _SECONDS


class SharedAnswers(Generic[T]):
    """The newest answer to each person, under way or of the last minutes."""

    def __init__(self, size: Callable[[T], int]) -> None:
        """``size``: of a part, in bytes; with too many the oldest answers are dropped."""
        self._size = size
        self._answers: OrderedDict[str, _Answer[T]] = OrderedDict()

    async def follow(
        self, key: Hashable, parts: AsyncIterator[T], *, person: str
    ) -> AsyncIterator[T]:
        """Yields the answer to ``key``: the newest one if the same was asked, or else ``parts``.

        It goes on for some seconds though whoever asked goes away: the same may come again.
        """
        answer = self._answers.get(person)
        if answer is None or not answer.holds(key):
            answer = self._answers[person] = _Answer(key)
            answer.task = asyncio.create_task(self._make(answer, parts))
            self._answers.move_to_end(person)
            self._drop_oldest()
        at = 0
        answer.followers += 1
        try:
            while True:
                async with answer.changed:
                    while at == len(answer.parts) and answer.ended is None:
                        await answer.changed.wait()
                if at == len(answer.parts):
                    break
                yield answer.parts[at]
                at += 1
        finally:
            answer.followers -= 1
            if answer.ended is None and not answer.followers:
                asyncio.get_running_loop().call_later(GONE_FOR, _give_up, answer)
        if answer.error is not None:
            raise answer.error

    def drop(self, person: str) -> None:
        """Drops the answer to a person: what they ask is answered anew."""
        self._answers.pop(person, None)

    def clear(self) -> None:
        """Drops all answers."""
        self._answers.clear()

    async def _make(self, answer: _Answer[T], parts: AsyncIterator[T]) -> None:
        try:
            async for part in parts:
                async with answer.changed:
                    answer.parts.append(part)
                    answer.changed.notify_all()
                answer.bytes += self._size(part)
        # Also where it is cancelled: a part of an answer is not given again. It is raised where it
        # is asked for.
        except BaseException as error:
            answer.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            answer.ended = time.monotonic()
            async with answer.changed:
                answer.changed.notify_all()
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Drops the oldest answers where there are too many, or they are too large."""
        total = sum(answer.bytes for answer in self._answers.values())
        while len(self._answers) > 1 and (len(self._answers) > _MOST or total > MOST_BYTES):
            _, oldest = self._answers.popitem(last=False)
            total -= oldest.bytes


def _give_up(answer: _Answer[T]) -> None:
    if answer.task is not None and not answer.followers:
        answer.task.cancel()
