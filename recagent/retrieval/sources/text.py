"""Sources that search the scene's vectors: with taste shown here, and taste carried over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain.chinese_scripts import IS_CJK
from recagent.ports import Embedder, ItemIndex, Query
from recagent.retrieval.words import without_negated

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


# Of the wishes of tests/wishes.toml and fifty more the default vectors' nearest items below this
# are as often spelled alike as meant: Ladle .42 for "ladder", Trainspotting .49 for "trains".
NEAREST = 0.5
_MOST_NEAR = 50
_SAMPLE = 256  # items that tell what cosine is usual
_ENGLISH_ONLY = "wordllama"


class TextSimilarity:
    """Nearest to the person's taste in this scene, to what they declare, and to the wish."""

    name = "text"

    def __init__(self, index: ItemIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        taste = query.profile.taste.get(query.scene.name, query.profile.declared)
        parts = [] if taste is None else [taste / np.float32(np.linalg.norm(taste) or 1.0)]
        if query.wish_vector is not None:
            parts.append(query.wish_vector)
        elif wish := without_negated(query.context.wish):
            parts.append((await self._embedder.embed([wish], role="query"))[0])
        return await _search(self._index, parts, query, limit)


class Transfer:
    """Nearest to the person's taste in the other scenes, each as it counts in this one."""

    name = "transfer"

    def __init__(self, index: ItemIndex) -> None:
        self._index = index

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        parts = [taste for scene, taste in query.profile.taste.items() if scene != query.scene.name]
        return await _search(self._index, parts, query, limit)


def can_embed(embedder: Embedder, text: str) -> bool:
    """Returns whether an embedder can represent a text; the default one can only in English."""
    return not (IS_CJK.search(text) and embedder.name.startswith(_ENGLISH_ONLY))


async def nearest_in_meaning(
    vector: Vector, scene: str, *, index: ItemIndex
) -> Mapping[str, float]:
    """Returns how near in meaning items of a scene are to a wish, in (0, 1], by id; none at 0.

    A cosine says little by itself: of some embedders all are high. It counts by how far it goes
    from that of an average item of the scene towards 1, and only beyond ``NEAREST`` of the way.
    """
    if not vector.any():
        return {}
    ids = list(await index.items(scene))
    average = await index.vectors(scene, ids=ids[:: 1 + len(ids) // _SAMPLE])
    usual = float((average @ vector).mean())
    floor = usual + NEAREST * (1.0 - usual)
    neighbours = await index.search(scene, vector=vector, limit=_MOST_NEAR, exclude=frozenset())
    return {
        key: min(1.0, (cosine - floor) / (1.0 - floor))
        for key, cosine in neighbours
        if cosine > floor
    }


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
