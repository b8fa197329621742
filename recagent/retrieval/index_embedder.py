"""An embedder beside the index that was made with it: what it gives must fit what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recagent.errors import RetrievalError
from recagent.ports import Embedder, ItemIndex, TextRole

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


class IndexEmbedder:
    """An embedder whose vectors are refused where those of the index have another length.

    That happens where a server got another model under the same name.
    """

    def __init__(self, embedder: Embedder, index: ItemIndex) -> None:
        self._embedder = embedder
        self._index = index
        self._width = 0  # that fitted; 0 before any did

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def version(self) -> str:
        return self._embedder.version

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:
        """As ``Embedder.embed``.

        Raises:
            RetrievalError: the index has vectors of another length.
        """
        vectors = await self._embedder.embed(texts, role=role)
        if vectors.shape[1] != self._width:
            await self._check(vectors.shape[1])
        return vectors

    async def _check(self, width: int) -> None:
        widths = {scene: await self._index.width(scene) for scene in await self._index.scenes()}
        for scene, held in widths.items():
            if held not in (0, width):
                raise RetrievalError(
                    "scene {scene!r} was indexed with vectors of {held} numbers, and embedder "
                    "{name!r} gives {width} now; run 'recagent index' to embed the catalogue "
                    "again, or change [embedder] back",
                    scene=scene,
                    held=held,
                    name=self.name,
                    width=width,
                )
        if any(widths.values()):
            self._width = width

    async def close(self) -> None:
        await self._embedder.close()
