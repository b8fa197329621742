"""What everybody's events say: popularity in a scene, and items liked by the same people.

A snapshot taken from the store when it is built; a person's own events are read fresh for each
request.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
from anyio import from_thread, to_thread

from recagent.profiles import is_liked
from recagent.protocols import EventStore, ItemIndex, Query
from recagent.retrieval.choosing import PerScene, best, unseen
from recagent.types import Event, Item, RatingScale

if TYPE_CHECKING:
    from numpy.typing import NDArray


RECENT = timedelta(days=30)


class Behaviour:
    """Who liked what, as a sparse matrix of items and people.

    Attributes:
        likes: number of people with an event in an item's favour, by id.
        recent: the same, within ``RECENT`` before the newest of all events in anything's favour.
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
        people, columns, times = array("i"), array("i"), array("d")
        for event in events:
            self.activity[event.scene] += 1
            if is_liked(event, scale):
                people.append(users.setdefault(event.user_id, len(users)))
                columns.append(self._columns.setdefault(event.item_id, len(self._columns)))
                times.append(event.at.timestamp())
                self.is_liking &= event.kind in ("rating", "like")
        pairs = np.asarray([columns, people], dtype=np.intp)
        shape = (len(self._columns), len(users))

        def matrix(pairs: NDArray[np.intp]) -> Any:
            made: Any = sparse.csr_matrix((np.ones(pairs.shape[1]), tuple(pairs)), shape=shape)
            made.data[:] = 1.0  # who liked a thing twice is one person
            return made

        self._matrix: Any = matrix(pairs)
        self._starts: list[int] = self._matrix.indptr.tolist()  # of every item's people
        counts = np.diff(self._matrix.indptr)
        self._roots: NDArray[np.float64] = np.sqrt(counts, dtype=np.float64)
        self.likes: Mapping[str, int] = dict(zip(self._columns, counts.tolist(), strict=True))
        newest = np.asarray(times) >= max(times, default=0.0) - RECENT.total_seconds()
        lately = np.diff(matrix(pairs[:, newest]).indptr).tolist()
        self.recent: Mapping[str, int] = dict(zip(self._columns, lately, strict=True))

    def neighbours(self, liked: Mapping[str, float]) -> NDArray[np.float64]:
        """Item-kNN: for every item of ``likes``, the weighted sum of its cosines with the liked.

        Two items' cosine is the number of people who liked both over the root of the product of the
        numbers who liked each. (n,) float64; zero for what shares no person with the liked items.

        Source: Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering recommendation
        algorithms", WWW 2001.
        """
        known = sorted((self._columns[key], key) for key in liked if key in self._columns)
        people = np.zeros(self._matrix.shape[1])
        for column, key in known:
            people[self._people_of(key)] += liked[key] / self._roots[column]
        return self._matrix @ people / self._roots

    def places(self, items: Iterable[str]) -> NDArray[np.intp]:
        """Where in ``likes`` those of the items are that it has, ascending."""
        return np.sort(
            np.asarray([self._columns[key] for key in items if key in self._columns], dtype=np.intp)
        )

    def together(self, items: Sequence[str], *, others: Sequence[str]) -> NDArray[np.intp]:
        """For each item and each other one, how many people liked both: (items, others)."""
        held = [self._people_of(other) for other in others]
        crowd = np.concatenate([np.zeros(0, dtype=np.intp), *held])
        owner = np.repeat(np.arange(len(held)), [len(people) for people in held])
        counts = np.zeros((len(items), len(others)), dtype=np.intp)
        is_there = np.zeros(self._matrix.shape[1], dtype=bool)
        for row, item in zip(counts, items, strict=True):
            people = self._people_of(item)
            is_there[people] = True
            row[:] = np.bincount(owner[is_there[crowd]], minlength=len(others))
            is_there[people] = False
        return counts

    def _people_of(self, item: str) -> NDArray[np.int32]:
        """The people who liked an item, by number; none where nobody knows it."""
        column = self._columns.get(item)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        return self._matrix.indices[self._starts[column] : self._starts[column + 1]]


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
        self._ranked = PerScene(_ranked)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        ranked = self._ranked(query.scene.name, items, await self._behaviour())
        return unseen(ranked, query, limit=limit)


class Recent:
    """How many people liked the item lately; equal ones in the order of all likes.

    The score is the recent count plus a share below 1 of all likes.
    """

    name = "recent"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Behaviour]]) -> None:
        self._index = index
        self._behaviour = behaviour
        self._ranked = PerScene(_ranked_lately)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        ranked = self._ranked(query.scene.name, items, await self._behaviour())
        return unseen(ranked, query, limit=limit)


class Neighbours:
    """Items liked by people who liked what the person liked, in any scene."""

    name = "neighbours"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Behaviour]]) -> None:
        self._index = index
        self._behaviour = behaviour
        self._places = PerScene(_placed)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        behaviour = await self._behaviour()
        if not query.profile.liked:
            return []
        places, ids = self._places(query.scene.name, items, behaviour)
        return best(behaviour.neighbours(query.profile.liked)[places], ids, query, limit=limit)


def _ranked(items: Mapping[str, Item], behaviour: Behaviour) -> list[tuple[str, float]]:
    """All items with their likes, most first."""
    likes = behaviour.likes
    return sorted(((key, float(likes.get(key, 0))) for key in items), key=lambda pair: -pair[1])


def _ranked_lately(items: Mapping[str, Item], behaviour: Behaviour) -> list[tuple[str, float]]:
    """All items, those that were liked most lately first."""
    likes, recent = behaviour.likes, behaviour.recent
    most = 1 + max(likes.values(), default=0)
    scores = {key: recent.get(key, 0) + likes.get(key, 0) / most for key in items}
    return sorted(scores.items(), key=lambda pair: -pair[1])


def _placed(items: Mapping[str, Item], behaviour: Behaviour) -> tuple[NDArray[np.intp], list[str]]:
    """Where the scene's items stand among all, and their ids."""
    places = behaviour.places(items)
    ids = list(behaviour.likes)
    return places, [ids[place] for place in places.tolist()]
