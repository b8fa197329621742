"""``ItemVectors`` on Chroma: learned vectors beside those of texts, in collections of their own.

They are written whole, under a name that is never used again, and read once they are all there.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from recagent.array_cache import ArrayCache, texts_as_array, texts_of_array
from recagent.infrastructure.vectors.connection import ChromaConnection, run_in_thread
from recagent.infrastructure.vectors.index import EXACT_BELOW
from recagent.infrastructure.vectors.scan import Scan

if TYPE_CHECKING:
    import chromadb

    from recagent.domain.arrays import Matrix, Vector


_KIND = "recagent_vectors"  # the metadata key that tells these collections from items'
_PAGE = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class _LoadedVectors:
    """A scene's vectors in memory, in the order of ``ids``."""

    ids: list[str]
    row: Mapping[str, int]
    scan: Scan


class ChromaVectors:
    """The vectors of one name and version, read at first use and held in memory."""

    def __init__(
        self,
        home: ChromaConnection,
        *,
        name: str,
        version: str,
        cache: ArrayCache | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            home: that the items' index uses too, and closes.
            name: of what was learned.
            version: of the fit; another one has collections of its own.
            cache: where a scene that was read is kept for the next process.
        """
        self._cache = cache or ArrayCache(None)
        self._home = home
        self._name = name
        self._version = version
        self._loaded: dict[str, _LoadedVectors] = {}
        self._loading = threading.Lock()

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        loaded = await self._scene(scene)
        return loaded.scan.rows_of(loaded.row, ids)

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        loaded = await self._scene(scene)
        if not loaded.ids:
            return []
        gone = [loaded.row[key] for key in exclude if key in loaded.row]
        ((rows, scores),) = loaded.scan.best(vector[None], limit=limit, without=[gone])
        return list(zip(map(loaded.ids.__getitem__, rows), scores.tolist(), strict=True))

    async def write(self, scene: str, *, ids: Sequence[str], vectors: Matrix) -> None:
        """Make the scene's collection; what a stopped run left under this version goes first."""
        await run_in_thread(self._home, lambda: self._write(scene, ids, vectors))

    async def prune(self) -> int:
        """Delete the collections of all other versions of this name; how many there were."""
        return await run_in_thread(self._home, self._prune)

    async def _scene(self, scene: str) -> _LoadedVectors:
        if scene not in self._loaded:
            await run_in_thread(self._home, lambda: self._load(scene))
        return self._loaded[scene]

    def _load(self, scene: str) -> None:
        from chromadb.errors import NotFoundError  # noqa: PLC0415 - one and a half seconds

        with self._loading:
            if scene in self._loaded:
                return
            try:
                collection = self._home.connect().get_collection(
                    self._collection(scene), embedding_function=None
                )
            except NotFoundError:  # a scene that came after the fit, or has nothing anybody liked
                self._loaded[scene] = _LoadedVectors(
                    [], {}, Scan(_nothing(), exact_below=EXACT_BELOW)
                )
                return
            ids, scan = self._read_cached(scene) or self._read(scene, collection)
            places = {key: row for row, key in enumerate(ids)}
            self._loaded[scene] = _LoadedVectors(ids, places, scan)

    def _read(self, scene: str, collection: chromadb.Collection) -> tuple[list[str], Scan]:
        ids = sorted(collection.get(include=[])["ids"])
        rows: dict[str, Any] = {}
        for at in range(0, len(ids), _PAGE):
            page = collection.get(ids=ids[at : at + _PAGE], include=["embeddings"])
            rows |= zip(page["ids"], cast("Any", page["embeddings"]), strict=True)
        matrix = np.asarray([rows[key] for key in ids], dtype=np.float32)
        scan = Scan(matrix, exact_below=EXACT_BELOW)
        # The head that names this version is there once all of it is written.
        arrays = {"ids": texts_as_array(ids), **scan.arrays}
        self._cache.save(self._kind, scene, stamp=self._collection(scene), arrays=arrays)
        return ids, scan

    def _read_cached(self, scene: str) -> tuple[list[str], Scan] | None:
        arrays = self._cache.load(self._kind, scene, stamp=self._collection(scene))
        if arrays is None:
            return None
        return texts_of_array(arrays["ids"]), Scan.of_arrays(arrays)

    @property
    def _kind(self) -> str:
        return f"{self._name}.1"

    def _write(self, scene: str, ids: Sequence[str], vectors: Matrix) -> None:
        from chromadb.errors import NotFoundError  # noqa: PLC0415 - one and a half seconds

        client = self._home.connect()
        with suppress(NotFoundError):
            client.delete_collection(self._collection(scene))
        collection = client.create_collection(
            self._collection(scene),
            embedding_function=None,
            metadata={_KIND: self._name, "version": self._version, "scene": scene},
            configuration=cast("Any", {"hnsw": {"space": "ip"}}),
        )
        for at in range(0, len(ids), _PAGE):
            collection.add(
                ids=list(ids[at : at + _PAGE]),
                embeddings=cast("Any", vectors[at : at + _PAGE]),
            )
        self._loaded.pop(scene, None)

    def _prune(self) -> int:
        client = self._home.connect()
        old = [
            collection.name
            for collection in client.list_collections()
            if (collection.metadata or {}).get(_KIND) == self._name
            and (collection.metadata or {}).get("version") != self._version
        ]
        for name in old:
            client.delete_collection(name)
        return len(old)

    def _collection(self, scene: str) -> str:
        text = "\0".join([self._name, self._version, scene])
        return f"vectors.{hashlib.blake2b(text.encode(), digest_size=10).hexdigest()}"


def _nothing() -> Matrix:
    return np.zeros((0, 1), dtype=np.float32)
