"""The ``ItemIndex`` on Chroma: one collection per scene and embedder, read once published.

A scene is searched in memory, exactly up to ``EXACT_BELOW`` items; one of more than ``IN_MEMORY``
values by Chroma's HNSW index. Fusion, filters and ranking are not done here, nor is it decided
where Chroma lives.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from anyio import to_thread

from recagent.array_cache import ArrayCache, Arrays, StampedItems, texts_as_array, texts_of_array
from recagent.domain import Item
from recagent.errors import RetrievalError
from recagent.infrastructure.vectors.collection_reader import (
    fingerprints,
    read_collection,
    vector_width,
)
from recagent.infrastructure.vectors.connection import ChromaConnection, run_in_thread
from recagent.infrastructure.vectors.embedder_collections import EmbedderCollections
from recagent.infrastructure.vectors.item_metadata import item_from_fields, item_metadata
from recagent.infrastructure.vectors.scan import Scan

if TYPE_CHECKING:
    import chromadb

    from recagent.domain.arrays import Indices, Matrix, Vector


EXACT_BELOW = 10_000
IN_MEMORY = 2**26  # values of all vectors: 262,144 items of 256 numbers in 256 MiB
_KEPT = "items.1"
REFRESH = 1.0  # seconds for which others' changes may go unseen
_SHARE = 10  # of the time, at most one part goes into reading again a scene that keeps changing
# What Chroma says of torn vector files: it writes them in place, so that a kill may tear them.
_DAMAGED = (
    "deserializing pickle",
    "loading hnsw",
    "logs to the hnsw",
    "finding id",
    "getting embedding",
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A scene in memory, ``scan`` in the order of ``ids``; None for one with too many vectors."""

    items: dict[str, Item]
    ids: list[str]
    row: dict[str, int]
    scan: Scan | None
    stamp: str
    keep_until: float


class ChromaIndex:
    """Items and their vectors in a Chroma database; the embedder says which of them."""

    def __init__(
        self,
        home: ChromaConnection,
        *,
        embedder: str,
        version: str,
        cache: ArrayCache | None = None,
    ) -> None:
        """Opens nothing yet, and embeds nothing ever: no model is downloaded.

        Args:
            home: the folder or server.
            embedder: name of the embedder whose vectors are read and written.
            version: its version; vectors of another one are another index.
            cache: where a scene that was read is kept for the next process, in a form that
                takes a tenth of the time to read.
        """
        self._home = home
        self._cache = cache or ArrayCache(None)
        self._set = EmbedderCollections(embedder, version)
        self._published: Mapping[str, str] | None = None
        self._looked = 0.0
        self._loaded: dict[str, _Loaded] = {}
        self._loading = threading.Lock()

    async def scenes(self) -> Sequence[str]:
        return sorted(await self._known())

    async def items(self, scene: str) -> Mapping[str, Item]:
        return (await self._scene(scene)).items

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        loaded = await self._scene(scene)
        if not ids:
            return np.zeros((0, 0), dtype=np.float32)
        if loaded.scan is None:
            return await run_in_thread(self._home, lambda: self._vectors(scene, ids))
        return loaded.scan.rows_of(loaded.row, ids)

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        loaded = await self._scene(scene)
        if loaded.scan is None:
            neighbours = await run_in_thread(
                self._home, lambda: self._search(scene, vector, limit, exclude)
            )
            return [pair for pair in neighbours if pair[0] in loaded.items]
        if not loaded.items:
            return []
        scan = loaded.scan
        gone = [loaded.row[item_id] for item_id in exclude if item_id in loaded.row]

        def best() -> tuple[Indices, Vector]:
            return scan.best(vector[None], limit=limit, without=[gone])[0]

        # A thread would cost as much as a search of few items.
        rows, scores = best() if scan.is_exact else await to_thread.run_sync(best)
        ids = map(loaded.ids.__getitem__, rows)
        return list(zip(ids, scores.tolist(), strict=True))

    async def width(self, scene: str) -> int:
        return await run_in_thread(self._home, lambda: self._width(scene))

    async def fingerprints(self, scene: str, *, width: int = 0) -> Mapping[str, str]:
        return await run_in_thread(self._home, lambda: self._fingerprints(scene, width))

    async def upsert(self, scene: str, *, items: Sequence[Item], vectors: Matrix) -> None:
        await run_in_thread(self._home, lambda: self._upsert(scene, items, vectors))

    async def delete(self, scene: str, *, ids: Sequence[str]) -> None:
        await run_in_thread(self._home, lambda: self._delete(scene, ids))

    async def publish(self) -> int:
        return await run_in_thread(self._home, self._publish)

    async def prune(self, *, keep: AbstractSet[str]) -> int:
        self._forget()
        return await run_in_thread(self._home, lambda: self._set.prune(self._home.connect(), keep))

    async def close(self) -> None:
        self._forget()
        self._loaded.clear()
        await run_in_thread(self._home, self._home.close)

    async def _known(self) -> Mapping[str, str]:
        """The stamps of what is published, as they were at most ``REFRESH`` seconds ago."""
        known = self._published
        if known is None or time.monotonic() - self._looked >= REFRESH:
            self._looked = time.monotonic()
            known = self._published = await run_in_thread(self._home, self._look)
        return known

    async def _scene(self, scene: str) -> _Loaded:
        stamp = (await self._known()).get(scene)
        if stamp is None:
            raise self._not_indexed(scene)
        loaded = self._loaded.get(scene)
        if loaded is None or (loaded.stamp != stamp and time.monotonic() >= loaded.keep_until):
            loaded = await run_in_thread(self._home, lambda: self._load(scene, stamp))
        return loaded

    def _look(self) -> dict[str, str]:
        return self._set.published(self._home.connect(), str(self._home))

    def _forget(self) -> None:
        self._published = None

    def _load(self, scene: str, stamp: str) -> _Loaded:
        with self._loading:  # of several requests one reads, the others wait for what it read
            loaded_before = self._loaded.get(scene)
            if loaded_before is not None and loaded_before.stamp == stamp:
                return loaded_before
            began = time.monotonic()
            items, scan = self._read_cached(scene, stamp) or self._read(scene, stamp)
            now = time.monotonic()
            loaded = _Loaded(
                items=items,
                ids=list(items),
                row={key: row for row, key in enumerate(items)},
                scan=scan,
                stamp=stamp,
                keep_until=now + (now - began) * _SHARE,
            )
            self._loaded[scene] = loaded
            return loaded

    def _read(self, scene: str, stamp: str) -> tuple[StampedItems, Scan | None]:
        """A scene from its collection; kept for the next process, unless it changes meanwhile."""
        pairs, matrix = read_collection(self._open(scene), in_memory=IN_MEMORY)
        items = StampedItems(pairs)
        scan = None if matrix is None else Scan(matrix, exact_below=EXACT_BELOW)
        if not self._set.is_changing(stamp) and self._look().get(scene) == stamp:
            items.stamp = stamp
            rows = texts_as_array([*items.values()])
            arrays: Arrays = {"items": rows, **(scan.arrays if scan else {})}
            self._cache.save(_KEPT, scene, stamp=stamp, arrays=arrays)
        return items, scan

    def _read_cached(self, scene: str, stamp: str) -> tuple[StampedItems, Scan | None] | None:
        arrays = self._cache.load(_KEPT, scene, stamp=stamp)
        if arrays is None:
            return None
        rows = texts_of_array(arrays["items"])
        items = StampedItems((row["id"], item_from_fields(row)) for row in rows)
        items.stamp = stamp
        return items, Scan.of_arrays(arrays) if "strong" in arrays else None

    def _vectors(self, scene: str, ids: Sequence[str]) -> Matrix:
        rows = self._open(scene).get(ids=list(ids), include=["embeddings"])
        vectors = dict(zip(rows["ids"], cast("Any", rows["embeddings"]), strict=True))
        gone = np.zeros_like(next(iter(vectors.values()), np.zeros(0)))
        return np.asarray([vectors.get(item_id, gone) for item_id in ids], dtype=np.float32)

    def _search(
        self, scene: str, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> list[tuple[str, float]]:
        # More are asked for and some left out: Chroma's own filter is slow and loses items.
        wanted = limit + len(exclude)
        result = self._open(scene).query(
            query_embeddings=[vector], n_results=wanted, include=["distances"]
        )
        distances = cast("list[list[float]]", result["distances"])
        pairs = zip(result["ids"][0], distances[0], strict=True)
        return [(key, 1.0 - distance) for key, distance in pairs if key not in exclude][:limit]

    def _width(self, scene: str) -> int:
        collection = self._set.find(self._home.connect(), scene)
        return 0 if collection is None else vector_width(collection)

    def _fingerprints(self, scene: str, width: int) -> dict[str, str]:
        from chromadb.errors import InternalError  # noqa: PLC0415 - one and a half seconds

        client = self._home.connect()
        collection = self._set.find(client, scene)
        if collection is None:
            return {}
        try:
            held = vector_width(collection)
            if not width or held in (0, width):
                return fingerprints(collection)
            why = f"has vectors of {held} numbers and not of {width}"
        except InternalError as error:
            if not any(words in str(error).lower() for words in _DAMAGED):
                raise
            why = "is damaged"
        logger.warning("scene %r in %s %s and is written anew", scene, self._home, why)
        client.delete_collection(collection.name)
        self._loaded.pop(scene, None)
        self._forget()
        return {}

    def _upsert(self, scene: str, items: Sequence[Item], vectors: Matrix) -> None:
        collection = self._set.make(self._home.connect(), scene)
        self._set.stamp(collection, is_changing=True)
        collection.upsert(
            ids=[item.id for item in items],
            embeddings=cast("Any", vectors),
            metadatas=[item_metadata(item) for item in items],
        )
        self._changed(scene, collection)

    def _delete(self, scene: str, ids: Sequence[str]) -> None:
        collection = self._open(scene)
        self._set.stamp(collection, is_changing=True)
        collection.delete(ids=list(ids))
        self._changed(scene, collection)

    def _changed(self, scene: str, collection: chromadb.Collection) -> None:
        self._set.stamp(collection, is_changing=False)
        self._loaded.pop(scene, None)
        self._forget()

    def _publish(self) -> int:
        self._forget()
        return self._set.publish(self._home.connect())

    def _open(self, scene: str) -> chromadb.Collection:
        collection = self._set.find(self._home.connect(), scene)
        if collection is None:
            raise self._not_indexed(scene)
        return collection

    def _not_indexed(self, scene: str) -> RetrievalError:
        return RetrievalError(
            "scene {scene!r} is not indexed in {index}; run 'recagent index' with a catalogue "
            "that contains this scene",
            scene=scene,
            index=self._home,
        )
