"""Tokens of every call to a model, whoever makes it: ranking, proposals, phrasing, conversations.

Replies that were refused or could not be used are counted too, and the trial at the start; replies
from a cache are not. It follows the tasks that are begun while counting.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from recagent.domain import Usage


@dataclass(slots=True)
class TokenCount:
    """What was read and written so far, and by how many replies."""

    usage: Usage = field(default_factory=Usage)
    replies: int = 0


_counts: ContextVar[tuple[TokenCount, ...]] = ContextVar("token_counts", default=())


@contextmanager
def counting() -> Generator[TokenCount]:
    """Counts what is asked within, in whatever task; counts may stand within one another."""
    count = TokenCount()
    token = _counts.set((*_counts.get(), count))
    try:
        yield count
    finally:
        _counts.reset(token)


def current() -> Usage:
    """Returns what the innermost count has so far; nothing where nobody counts."""
    counts = _counts.get()
    return counts[-1].usage if counts else Usage()


def add(usage: Usage) -> None:
    """Adds the tokens of one reply."""
    for count in _counts.get():
        count.usage += usage
        count.replies += 1
