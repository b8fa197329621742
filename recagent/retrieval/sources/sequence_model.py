"""The source of the sequence model: items that are near to where a person's newest ones lead.

How a person's items become one vector is ``sequence_encoder``; training is in
``training.sequence_training``. The items' vectors stand behind ``ItemVectors``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.ports import ItemVectors, Query
from recagent.retrieval.sequence_encoder import SequenceWeights, encode

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


class SequenceModel:
    """Cosine of an item's vector and that of the person's newest likes, in any scene, plus 1."""

    name = "sequence"

    def __init__(self, vectors: ItemVectors, weights: Callable[[], SequenceWeights]) -> None:
        """Vectors and weights of one training; ``weights`` is called once, at first use."""
        self._vectors = vectors
        self._load = weights
        self._weights: SequenceWeights | None = None

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        if self._weights is None:
            self._weights = self._load()
        newest = await self._newest(query, self._weights.length)
        if not len(newest):
            return []
        neighbours = await self._vectors.search(
            query.scene.name,
            vector=encode(newest, self._weights),
            limit=limit,
            exclude=query.exclude,
        )
        return [(item_id, 1.0 + score) for item_id, score in neighbours]

    async def _newest(self, query: Query, length: int) -> Matrix:
        """(l, d) vectors of the newest likes, oldest first, without those that have none."""
        newest = [*query.profile.liked][:length]
        scenes = {key: query.profile.items[key].scene for key in newest}
        rows: dict[str, Matrix] = {}
        for scene in set(scenes.values()):
            ids = [key for key in newest if scenes[key] == scene]
            vectors = await self._vectors.vectors(scene, ids=ids)
            rows |= {key: row for key, row in zip(ids, vectors, strict=True) if row.any()}
        return np.asarray([rows[key] for key in reversed(newest) if key in rows])
