"""Everybody's interactions as matrices: who liked what, and what was liked after what.

A snapshot taken from the store when it is built; a person's own events are read fresh for each
request. What is proposed from it is in ``sources.collaborative``.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
from anyio import from_thread, to_thread

from recagent.array_cache import ArrayCache, Arrays, texts_as_array, texts_of_array
from recagent.domain import EARLIEST_CLOCK, Event, Rate, RatingScale
from recagent.errors import StoreError
from recagent.ports import EventStore
from recagent.profiles.building import JUDGMENTS, is_liked

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Floats32, Indices, Integers32


RECENT = timedelta(days=30)
_KEPT = "behaviour.1"
STEPS = 3  # of a walk from items over people to items; chosen on validation people
WINDOW = 5  # likes of a person that count as following one


class Interactions:
    """Who liked what, as a sparse matrix of items and people.

    Attributes:
        likes: number of people with an event in an item's favour, by id.
        people: number of people with such an event, of any item.
        recent: as ``likes``, within ``RECENT`` before the newest event in anything's favour; 0 for
            all where no event has a clock's time.
        is_liking: whether all of these are likes or high ratings, and none a purchase or a look.
        activity: number of events in a scene, by name.
        is_staying: whether people's next events are in the scene of their last one as often as in
            the busiest scene, or more often; also where nobody did two things.
    """

    def __init__(self, events: Iterable[Event], *, scale: RatingScale) -> None:
        self._stand(_counted(events, scale))

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Interactions:
        """Returns the interactions that these arrays were made of."""
        interactions = cls.__new__(cls)
        interactions._stand(arrays)  # noqa: SLF001 - its own
        return interactions

    def _stand(self, arrays: Arrays) -> None:
        sparse: Any = import_module("scipy.sparse")  # a third of a second, no stubs

        self.arrays = arrays
        header = texts_of_array(arrays["told"])
        self.is_liking: bool = header["is_liking"]
        self.is_staying: bool = header["is_staying"]
        self.activity: Counter[str] = Counter(header["activity"])
        self._judged: Counter[str] = Counter(header["judged"])
        self._approved: Counter[str] = Counter(header["approved"])
        self._columns: dict[str, int] = {key: at for at, key in enumerate(header["items"])}
        people, columns, times = arrays["people"], arrays["columns"], arrays["times"]
        pairs = np.asarray([columns, people], dtype=np.intp)
        shape = (len(self._columns), int(header["people"]))

        def matrix(pairs: Indices) -> Any:
            made: Any = sparse.csr_matrix((np.ones(pairs.shape[1]), tuple(pairs)), shape=shape)
            made.data[:] = 1.0  # who liked a thing twice is one person
            return made

        self._matrix: Any = matrix(pairs)
        self._order = (pairs[1], times, pairs[0])
        self.people = int(header["people"])
        self._starts: list[int] = self._matrix.indptr.tolist()  # of every item's people
        counts = np.diff(self._matrix.indptr)
        self._roots: Floats = np.sqrt(counts, dtype=np.float64)
        user_counts = np.bincount(self._matrix.indices, minlength=shape[1])
        self._user_roots: Floats = np.sqrt(user_counts.clip(min=1), dtype=np.float64)
        self.likes: Mapping[str, int] = dict(zip(self._columns, counts.tolist(), strict=True))
        newest = times >= max(times.tolist(), default=0.0) - RECENT.total_seconds()
        newest &= times >= EARLIEST_CLOCK.timestamp()
        lately = np.diff(matrix(pairs[:, newest]).indptr).tolist()
        self.recent: Mapping[str, int] = dict(zip(self._columns, lately, strict=True))

    def neighbours(self, liked: Mapping[str, float]) -> Floats:
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

    def walks(self, liked: Mapping[str, float]) -> Floats:
        """Where walks from the liked items end that go to people and back to items three times.

        Each step divides by the root of how much an item or a person is connected to, so items are
        reached that share no person with the liked ones, and hubs do not win. (n,) float64.

        Source: Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021: a
        power of its linear filter.
        """
        reached = np.zeros(len(self._roots))
        for key, weight in liked.items():
            if key in self._columns:
                reached[self._columns[key]] = weight
        for _ in range(STEPS):
            people = (self._matrix.T @ (reached / self._roots)) / self._user_roots
            reached = (self._matrix @ (people / self._user_roots)) / self._roots
        return reached

    def factorised(self, dimension: int) -> tuple[list[str], Floats32]:
        """Ids and vectors (n, dimension) float32, of which inner products say what goes together.

        A truncated singular value decomposition of who liked what, each like divided by the roots
        of how many likes its item and its person have; a side holds the root of the values. Its
        part of a walk's first step that is not noise, which is why no step is needed.

        Source: Shen et al., as ``walks``: the ideal low-pass filter, here with the strength of each
        direction kept; as implemented by scikit-learn.
        """
        extmath: Any = import_module("sklearn.utils.extmath")
        sparse: Any = import_module("scipy.sparse")
        scaled = sparse.diags(1 / self._roots) @ self._matrix @ sparse.diags(1 / self._user_roots)
        size = min(dimension, *scaled.shape)
        if size == 0:
            return [], np.zeros((0, dimension), dtype=np.float32)
        left, values, _ = extmath.randomized_svd(scaled, n_components=size, random_state=0)
        return list(self._columns), np.asarray(left * np.sqrt(values), dtype=np.float32)

    def following(self, liked: Sequence[str]) -> Floats:
        """What people went on to like soon after the liked items, which come newest first.

        Of the newest ``WINDOW``, each counts half of the one liked after it. (n,) float64.

        Source: Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", User
        Modeling and User-Adapted Interaction 28, 2018 (sequential rules with weight 1 / distance).
        """
        weights = np.zeros(len(self._roots))
        known = [self._columns[key] for key in liked[:WINDOW] if key in self._columns]
        for back, column in enumerate(known):
            weights[column] = 0.5**back / self._leaving[column]
        return (self._following @ weights) / self._roots

    @cached_property
    def _following(self) -> Any:
        """(later item, earlier item): sum over people of 1 / distance within ``WINDOW`` likes.

        Of likes at one moment none follows another, nor of likes whose time is no clock's: the
        order in which a file lists them is often that of ids, and a head would learn that.
        """
        sparse: Any = import_module("scipy.sparse")
        clocked = self._order[1] >= EARLIEST_CLOCK.timestamp()
        people, times, columns = (each[clocked] for each in self._order)
        order = np.lexsort((times, people))
        people, times, columns = people[order], times[order], columns[order]
        total: Any = sparse.csr_matrix((len(self._roots), len(self._roots)))
        for distance in range(1, min(WINDOW, len(people) - 1) + 1):
            same = people[distance:] == people[:-distance]
            same &= times[distance:] > times[:-distance]
            pair = (columns[distance:][same], columns[:-distance][same])
            total += sparse.csr_matrix((np.full(same.sum(), 1 / distance), pair), total.shape)
        return total

    @cached_property
    def _leaving(self) -> Floats:
        """Root of what follows each item in all; 1 where nothing does."""
        total = np.asarray(self._following.sum(axis=0)).ravel()
        return np.sqrt(np.where(total > 0, total, 1.0))

    def rate(self, item: str) -> Rate:
        """How many of the judgments of an item were likes."""
        return Rate(likes=self._approved[item], judged=self._judged[item])

    def places(self, items: Iterable[str]) -> Indices:
        """Where in ``likes`` those of the items are that it has, ascending."""
        return np.sort(
            np.asarray([self._columns[key] for key in items if key in self._columns], dtype=np.intp)
        )

    def together(self, items: Sequence[str], *, others: Sequence[str]) -> Indices:
        """For each item and each other one, how many people liked both: (items, others)."""
        groups = [self._people_of(other) for other in others]
        crowd = np.concatenate([np.zeros(0, dtype=np.intp), *groups])
        owner = np.repeat(np.arange(len(groups)), [len(people) for people in groups])
        counts = np.zeros((len(items), len(others)), dtype=np.intp)
        is_there = np.zeros(self._matrix.shape[1], dtype=bool)
        for row, item in zip(counts, items, strict=True):
            people = self._people_of(item)
            is_there[people] = True
            row[:] = np.bincount(owner[is_there[crowd]], minlength=len(others))
            is_there[people] = False
        return counts

    def _people_of(self, item: str) -> Integers32:
        """The people who liked an item, by number; none where nobody knows it."""
        column = self._columns.get(item)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        return self._matrix.indices[self._starts[column] : self._starts[column + 1]]


def _counted(events: Iterable[Event], scale: RatingScale) -> Arrays:
    """What ``Interactions`` is made of; people are numbers, and no id of theirs is in it."""
    is_liking, activity = True, Counter[str]()
    judged, approved = Counter[str](), Counter[str]()
    items, users = dict[str, int](), dict[str, int]()
    # Plain arrays: of ten million events nothing stays but eight bytes each.
    people, columns, times = array("i"), array("i"), array("d")
    everybody, scenes = defaultdict[str, int](lambda: len(everybody)), dict[str, int]()
    visits = array("i"), array("i"), array("d")  # who, in which scene, when
    for event in events:
        timestamp, liked = event.at.timestamp(), is_liked(event, scale)
        activity[event.scene] += 1
        visits[0].append(everybody[event.user_id])
        visits[1].append(scenes.setdefault(event.scene, len(scenes)))
        visits[2].append(timestamp)
        if event.kind in JUDGMENTS:
            judged[event.item_id] += 1
            approved[event.item_id] += liked
        if liked:
            people.append(users.setdefault(event.user_id, len(users)))
            columns.append(items.setdefault(event.item_id, len(items)))
            times.append(timestamp)
            is_liking &= event.kind in ("rating", "like")
    busiest = max(sorted(scenes), key=lambda name: activity[name], default="")
    is_staying = _is_staying(*map(np.asarray, visits), busiest=scenes.get(busiest, -1))
    header = {
        "is_liking": is_liking, "is_staying": is_staying, "activity": activity, "judged": judged,
        "approved": approved, "items": list(items), "people": len(users),
    }  # fmt: skip
    return {
        "told": texts_as_array(header),
        "people": np.asarray(people),
        "columns": np.asarray(columns),
        "times": np.asarray(times),
    }


def _is_staying(
    people: Integers32,
    scenes: Integers32,
    times: Floats,
    *,
    busiest: int,
) -> bool:
    """As ``Interactions.is_staying``, of (n,) events in any order."""
    order = np.lexsort((times, people))
    people, scenes = people[order], scenes[order]
    again = people[1:] == people[:-1]
    last, following = scenes[:-1][again], scenes[1:][again]
    return int((following == last).sum()) >= int((following == busiest).sum())


class InteractionSnapshot:
    """The behaviour in a store, read once, at the first call."""

    def __init__(
        self, store: EventStore, *, scale: RatingScale, cache: ArrayCache | None = None
    ) -> None:
        """``cache``: where what was read is kept for the next process, until the store changes."""
        self._store = store
        self._scale = scale
        self._cache = cache or ArrayCache(None)
        self._reading = anyio.Lock()
        self._interactions: Interactions | None = None

    async def __call__(self) -> Interactions:
        async with self._reading:
            if self._interactions is None:
                stamp = await self._stamp()
                interactions = await to_thread.run_sync(lambda: self._load(stamp))
                self._interactions = interactions or await self._read(stamp)
        return self._interactions

    async def forget(self) -> None:
        """Delete what is kept of everybody's events, once somebody's were deleted in the store.

        Raises:
            StoreError: it cannot be deleted.
        """
        try:
            await to_thread.run_sync(lambda: self._cache.drop(_KEPT, ""))
        except OSError as error:
            raise StoreError(
                "cannot delete {path!r}, which still records what the person did ({reason}); "
                "delete it yourself",
                path=error.filename,
                reason=error.strerror,
            ) from error

    async def _stamp(self) -> str:
        stamp = await self._store.events_stamp()
        return stamp and f"{stamp} {self._scale!r}"

    def _load(self, stamp: str) -> Interactions | None:
        arrays = self._cache.load(_KEPT, "", stamp=stamp)
        return None if arrays is None else Interactions.of_arrays(arrays)

    async def _read(self, stamp: str) -> Interactions:
        batches = self._store.all_events()

        async def following() -> Sequence[Event]:
            async for batch in batches:
                return batch
            return ()

        def read() -> Interactions:
            # The thread takes a batch when it is done with the last: one is in memory.
            events = chain.from_iterable(iter(lambda: from_thread.run(following), ()))
            interactions = Interactions(events, scale=self._scale)
            self._cache.save(_KEPT, "", stamp=stamp, arrays=interactions.arrays)
            return interactions

        interactions = await to_thread.run_sync(read)
        if await self._stamp() != stamp:  # somebody may have been forgotten while it was read
            await self.forget()
        return interactions
