"""What everybody's events say: popularity in a scene, and items liked by the same people.

A snapshot taken from the store when it is built; a person's own events are read fresh for each
request.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
from anyio import from_thread, to_thread

from recagent.profiles import is_liked
from recagent.protocols import EventStore, ItemIndex, Query
from recagent.types import Event, RatingScale

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Behaviour:
    """Who liked what, as a sparse matrix of people and items.

    Attributes:
        likes: number of people with an event in an item's favour, by id.
        is_liking: whether all of these are likes or high ratings, and none a purchase or a look.
        activity: number of events in a scene, by name.
    """

    def __init__(self, events: Iterable[Event], *, scale: RatingScale) -> None:
        sparse: Any = import_module("scipy.sparse")  # a third of a second, no stubs

        self.is_liking = True
        self.activity: Counter[str] = Counter()
        self._columns: dict[str, int] = {}
        users: dict[str, int] = {}
        # Plain arrays: of ten million events nothing stays but eight bytes each.
        rows, columns = array("i"), array("i")
        for event in events:
            self.activity[event.scene] += 1
            if is_liked(event, scale):
                rows.append(users.setdefault(event.user_id, len(users)))
                columns.append(self._columns.setdefault(event.item_id, len(self._columns)))
                self.is_liking &= event.kind in ("rating", "like")
        pairs = (np.asarray(rows), np.asarray(columns))
        shape = (len(users), len(self._columns))
        self._matrix: Any = sparse.csr_matrix((np.ones(len(rows)), pairs), shape=shape)
        self._matrix.data[:] = 1.0  # who liked a thing twice is one person
        self._counts: NDArray[np.float64] = np.asarray(self._matrix.sum(axis=0)).ravel()
        self.likes: Mapping[str, int] = {
            item: int(self._counts[column]) for item, column in self._columns.items()
        }

    def neighbours(self, liked: Mapping[str, float]) -> dict[str, float]:
        """Item-kNN: for every item, the weighted sum of its cosines with the liked items.

        Two items' cosine is the number of people who liked both over the root of the product of the
        numbers who liked each. Items that share no person with the history are left out.

        Source: Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering recommendation
        algorithms", WWW 2001.
        """
        known = {item: weight for item, weight in liked.items() if item in self._columns}
        if not known:
            return {}
        columns = [self._columns[item] for item in known]
        weights = np.fromiter(known.values(), dtype=np.float64) / np.sqrt(self._counts[columns])
        people = self._matrix[:, columns] @ weights
        scores = (self._matrix.T @ people) / np.sqrt(self._counts)
        return {item: float(scores[column]) for item, column in self._columns.items()
                if scores[column] > 0}  # fmt: skip

    def together(self, item_id: str, *, others: Iterable[str]) -> dict[str, int]:
        """For each other item, how many people liked both; without those that nobody did."""
        column = self._columns.get(item_id)
        known = [other for other in others if other in self._columns]
        if column is None or not known:
            return {}
        people = self._matrix[:, [column]].T
        counts = (people @ self._matrix[:, [self._columns[other] for other in known]]).toarray()
        return {other: int(n) for other, n in zip(known, counts.ravel(), strict=True) if n > 0}


class Snapshot:
    """The behaviour in a store, read once, at the first call."""

    def __init__(self, store: EventStore, *, scale: RatingScale) -> None:
        self._store = store
        self._scale = scale
        self._reading = anyio.Lock()
        self._behaviour: Behaviour | None = None

    async def __call__(self) -> Behaviour:
        async with self._reading:
            if self._behaviour is None:
                batches = self._store.all_events()

                async def following() -> Sequence[Event]:
                    async for batch in batches:
                        return batch
                    return ()

                # The thread takes a batch when it is done with the last: one is in memory.
                events = chain.from_iterable(iter(lambda: from_thread.run(following), ()))
                self._behaviour = await to_thread.run_sync(
                    lambda: Behaviour(events, scale=self._scale)
                )
        return self._behaviour


class Popularity:
    """How many people liked the item."""

    name = "popularity"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Behaviour]]) -> None:
        self._index = index
        self._behaviour = behaviour

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        likes = (await self._behaviour()).likes
        return _best({item_id: float(likes.get(item_id, 0)) for item_id in items}, query, limit)


class Neighbours:
    """Items liked by people who liked what the person liked, in any scene."""

    name = "neighbours"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Behaviour]]) -> None:
        self._index = index
        self._behaviour = behaviour

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        scores = (await self._behaviour()).neighbours(query.profile.liked)
        return _best({key: value for key, value in scores.items() if key in items}, query, limit)


def _best(scores: Mapping[str, float], query: Query, limit: int) -> list[tuple[str, float]]:
    allowed = [pair for pair in scores.items() if pair[0] not in query.exclude]
    return sorted(allowed, key=lambda pair: -pair[1])[:limit]
