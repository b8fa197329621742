"""The sources that know no person: what is liked by most people, of all time or lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.domain import Item
from recagent.ports import ItemIndex, Query
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.collaborative import InteractionsReader
from recagent.retrieval.top_k import SceneCache, first_unseen


class Popularity:
    """How many people liked the item."""

    name = "popularity"

    def __init__(self, index: ItemIndex, interactions: InteractionsReader) -> None:
        self._index = index
        self._interactions = interactions
        self._ranked = SceneCache(self.ranked)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        ranked = self._ranked(query.scene.name, items, await self._interactions())
        return first_unseen(ranked, query, limit=limit)

    @staticmethod
    def ranked(items: Mapping[str, Item], interactions: Interactions) -> list[tuple[str, float]]:
        """Returns all items with their numbers of likes, most first."""
        likes = interactions.likes
        return _best_first({key: float(likes.get(key, 0)) for key in items})


class Recent(Popularity):
    """How many people liked the item lately; equal ones in the order of all likes."""

    name = "recent"

    @staticmethod
    def ranked(items: Mapping[str, Item], interactions: Interactions) -> list[tuple[str, float]]:
        """Returns all items with their recent likes, plus a share below 1 of all likes.

        Nothing where no like has a clock's time: that would be popularity once more.
        """
        likes, recent = interactions.likes, interactions.recent
        if not any(recent.values()):
            return []
        most = 1 + max(likes.values(), default=0)
        return _best_first({key: recent.get(key, 0) + likes.get(key, 0) / most for key in items})


def _best_first(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda pair: -pair[1])
