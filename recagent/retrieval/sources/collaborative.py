"""Sources that go by what everybody did: popularity, neighbours, walks, what follows what.

The counting is ``behaviour``'s; a person's own events come with the query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from recagent.domain import Item
from recagent.ports import ItemIndex, Query
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.top_k import PerScene, best, unseen

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Indices


class Popularity:
    """How many people liked the item."""

    name = "popularity"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
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

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
        self._index = index
        self._behaviour = behaviour
        self._ranked = PerScene(_ranked_lately)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        ranked = self._ranked(query.scene.name, items, await self._behaviour())
        return unseen(ranked, query, limit=limit)


class ItemKNN:
    """Items liked by people who liked what the person liked, in any scene."""

    name = "neighbours"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
        self._crowd = _Crowd(index, behaviour)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        return await self._crowd(query, lambda b, liked: b.neighbours(liked), limit=limit)


class RandomWalk:
    """Items at the end of walks from what the person liked, over people and back, in any scene."""

    name = "walks"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
        self._crowd = _Crowd(index, behaviour)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        return await self._crowd(query, lambda b, liked: b.walks(liked), limit=limit)


class SequentialRules:
    """Items that people went on to like after what the person liked last, in any scene."""

    name = "following"

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
        self._crowd = _Crowd(index, behaviour)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        return await self._crowd(query, lambda b, liked: b.following(list(liked)), limit=limit)


class _Crowd:
    """The best of a scene by scores of everything that anybody liked."""

    def __init__(self, index: ItemIndex, behaviour: Callable[[], Awaitable[Interactions]]) -> None:
        self._index = index
        self._behaviour = behaviour
        self._places = PerScene(_placed)

    async def __call__(
        self,
        query: Query,
        scores: Callable[[Interactions, Mapping[str, float]], Floats],
        *,
        limit: int,
    ) -> list[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        behaviour = await self._behaviour()
        liked = query.profile.all_liked
        if not liked:
            return []
        places, ids = self._places(query.scene.name, items, behaviour)
        found = scores(behaviour, liked)[places]
        return best(found, ids, query, limit=limit)


def _ranked(items: Mapping[str, Item], behaviour: Interactions) -> list[tuple[str, float]]:
    """All items with their likes, most first."""
    likes = behaviour.likes
    return sorted(((key, float(likes.get(key, 0))) for key in items), key=lambda pair: -pair[1])


def _ranked_lately(items: Mapping[str, Item], behaviour: Interactions) -> list[tuple[str, float]]:
    """All items, those that were liked most lately first."""
    likes, recent = behaviour.likes, behaviour.recent
    most = 1 + max(likes.values(), default=0)
    scores = {key: recent.get(key, 0) + likes.get(key, 0) / most for key in items}
    return sorted(scores.items(), key=lambda pair: -pair[1])


def _placed(items: Mapping[str, Item], behaviour: Interactions) -> tuple[Indices, list[str]]:
    """Where the scene's items stand among all, and their ids."""
    places = behaviour.places(items)
    ids = list(behaviour.likes)
    return places, [ids[place] for place in places.tolist()]
