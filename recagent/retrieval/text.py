"""Sources that search the scene's vectors: with taste shown here, and taste carried over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.protocols import Embedder, ItemIndex, Query

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


class TextSimilarity:
    """Nearest to the person's taste in this scene, to what they declare, and to the wish."""

    name = "text"

    def __init__(self, index: ItemIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        taste = query.profile.taste.get(query.scene.name, query.profile.declared)
        parts = [] if taste is None else [taste / np.float32(np.linalg.norm(taste) or 1.0)]
        if query.context.wish:
            parts.append((await self._embedder.embed([query.context.wish]))[0])
        return await _search(self._index, parts, query, limit)


class Transfer:
    """Nearest to the person's taste in the other scenes, each as it counts in this one."""

    name = "transfer"

    def __init__(self, index: ItemIndex) -> None:
        self._index = index

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        parts = [taste for scene, taste in query.profile.taste.items() if scene != query.scene.name]
        return await _search(self._index, parts, query, limit)


async def _search(
    index: ItemIndex, parts: Sequence[Vector], query: Query, limit: int
) -> Sequence[tuple[str, float]]:
    """Items nearest to the mean of ``parts``; nothing where that has no direction."""
    if not parts:
        return []
    total = np.sum(np.stack(parts), axis=0)
    length = float(np.linalg.norm(total))
    if length == 0:
        return []
    vector = np.asarray(total / length, dtype=np.float32)
    return await index.search(query.scene.name, vector=vector, limit=limit, exclude=query.exclude)
