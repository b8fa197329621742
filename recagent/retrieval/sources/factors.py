"""The source of matrix factorisation: items whose learned vectors lie along the person's.

Vectors are learned by ``training.factors`` and stand behind ``ItemVectors``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import numpy as np

from recagent.ports import ItemVectors, Query

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector


class Factors:
    """Inner product of an item's vector and the weighted sum of those of what the person liked.

    Source: Cremonesi, Koren, Turrin, "Performance of recommender algorithms on top-N recommendation
    tasks", RecSys 2010 (PureSVD, whose people need no vectors of their own).
    """

    name = "factors"

    def __init__(self, vectors: ItemVectors) -> None:
        self._vectors = vectors

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        liked, known = query.profile.liked, query.profile.items
        by_scene: dict[str, list[str]] = {}
        for item_id in liked:
            by_scene.setdefault(known[item_id].scene, []).append(item_id)
        parts: list[Vector] = []
        for scene, ids in by_scene.items():
            rows = await self._vectors.vectors(scene, ids=ids)
            if rows.any():
                parts.append(np.asarray([liked[key] for key in ids], dtype=np.float32) @ rows)
        if not parts:
            return []
        person = np.sum(np.stack(parts), axis=0)
        neighbours = await self._vectors.search(
            query.scene.name, vector=person, limit=limit, exclude=query.exclude
        )
        return [pair for pair in neighbours if pair[1] > 0]


class FactorVectors:
    """``ItemVectors`` in memory, searched exactly: for learning, where nothing is kept."""

    def __init__(
        self, ids: Sequence[str], matrix: Matrix, *, scenes: Mapping[str, Iterable[str]]
    ) -> None:
        """Vectors (n, d) float32 of ``ids``, (n,), and the ids of every scene's items."""
        self._row = {key: row for row, key in enumerate(ids)}
        self._matrix = matrix
        self._ids = {
            name: [key for key in scene_ids if key in self._row]
            for name, scene_ids in scenes.items()
        }

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:  # noqa: ARG002
        rows = np.zeros((len(ids), self._matrix.shape[1]), dtype=np.float32)
        for row, key in enumerate(ids):
            if key in self._row:
                rows[row] = self._matrix[self._row[key]]
        return rows

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        ids = [key for key in self._ids.get(scene, []) if key not in exclude]
        scores: Vector = self._matrix[[self._row[key] for key in ids]] @ vector
        best: list[int] = np.argsort(-scores, kind="stable")[:limit].tolist()
        return [(ids[row], float(scores[row])) for row in best]
