"""What collaborative sources share: the best of a scene, by scores of all items that were liked.

``item_knn``, ``random_walk`` and ``sequential_rules`` are such sources. The counting and the scores
are those of ``Interactions``; a person's own events come with the query.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from recagent.domain import Item
from recagent.ports import ItemIndex, Query
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.top_k import SceneCache, top_unseen

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Indices

InteractionsReader = Callable[[], Awaitable[Interactions]]


class CollaborativeSource(ABC):
    """A ``CandidateSource`` by scores of all items; the person's likes are of any scene."""

    name: str

    def __init__(self, index: ItemIndex, interactions: InteractionsReader) -> None:
        self._index = index
        self._interactions = interactions
        self._scene_rows = SceneCache(_scene_rows)

    @abstractmethod
    def scores(self, interactions: Interactions, *, liked: Mapping[str, float]) -> Floats:
        """Returns (n,) float64 in the order of ``interactions.likes``; ``liked``: newest first."""

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = await self._index.items(query.scene.name)
        interactions = await self._interactions()
        liked = query.profile.all_liked
        if not liked:
            return []
        rows, ids = self._scene_rows(query.scene.name, items, interactions)
        scores = self.scores(interactions, liked=liked)[rows]
        return top_unseen(scores, ids, query, limit=limit)


def _scene_rows(items: Mapping[str, Item], interactions: Interactions) -> tuple[Indices, list[str]]:
    """Rows of the scene's items among all that were liked, and their ids."""
    rows = interactions.places(items)
    ids = list(interactions.likes)
    return rows, [ids[row] for row in rows.tolist()]
