"""The best of a scene's items that a person has not seen, and what is kept of it to find them.

Not where scores come from: each source has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from recagent.domain import Item
from recagent.ports import Query

if TYPE_CHECKING:
    from numpy.typing import NDArray

Of = TypeVar("Of")
T = TypeVar("T")


class SceneCache(Generic[Of, T]):
    """What is made of a scene's items and one thing more, until either is another object."""

    def __init__(self, make: Callable[[Mapping[str, Item], Of], T]) -> None:
        self._make = make
        self._entries: dict[str, tuple[Mapping[str, Item], Of, T]] = {}

    def __call__(self, scene: str, items: Mapping[str, Item], of: Of) -> T:
        """The scene's; the index hands out a new mapping of ``items`` after a change."""
        entry = self._entries.get(scene)
        if entry is None or entry[0] is not items or entry[1] is not of:
            entry = self._entries[scene] = (items, of, self._make(items, of))
        return entry[2]

    def has(self, scene: str, items: Mapping[str, Item], of: Of) -> bool:
        """Whether it is there already."""
        entry = self._entries.get(scene)
        return entry is not None and entry[0] is items and entry[1] is of


def top_unseen(
    scores: NDArray[Any], ids: Sequence[str], query: Query, *, limit: int
) -> list[tuple[str, float]]:
    """Returns up to ``limit`` unseen items with scores above zero, best first, ties in order.

    Args:
        scores: (n,).
        ids: of the scored items, (n,).
        query: says what must not come.
        limit: at most so many.
    """
    enough = limit + len(query.exclude)
    floor = np.partition(scores, -enough)[-enough] if enough < len(scores) else 0.0
    positive = np.flatnonzero((scores >= floor) & (scores > 0))
    ranked: list[int] = positive[np.argsort(-scores[positive], kind="stable")].tolist()
    rows = list(islice((row for row in ranked if ids[row] not in query.exclude), limit))
    return [(ids[row], score) for row, score in zip(rows, scores[rows].tolist(), strict=True)]


def first_unseen(
    ranked: Iterable[tuple[str, float]], query: Query, *, limit: int
) -> list[tuple[str, float]]:
    """Returns the first ``limit`` items that the query does not exclude."""
    return list(islice((pair for pair in ranked if pair[0] not in query.exclude), limit))
