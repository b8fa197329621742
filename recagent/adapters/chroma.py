"""The ``ItemIndex`` on a local Chroma folder: one collection per scene.

A scene of up to ``EXACT_BELOW`` items is searched exactly, in memory; a larger one by Chroma's HNSW
index. Fusion, filters and ranking are not done here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import orjson
from anyio import to_thread

from recagent.errors import RetrievalError
from recagent.types import Item, Task, Value

if TYPE_CHECKING:
    import chromadb
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]

T = TypeVar("T")

EXACT_BELOW = 10_000
_PAGE = 5_000
_PLAIN_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,50}[a-zA-Z0-9]")


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A scene in memory; ``matrix`` (n, d) is None for one that is too large to search exactly."""

    items: dict[str, Item]
    ids: list[str]
    row: dict[str, int]
    matrix: Matrix | None


class ChromaIndex:
    """Items and their vectors in a folder that one process owns."""

    def __init__(self, path: Path, *, embedder: str, version: str) -> None:
        """Opens or creates the folder; nothing is embedded here, so no model is downloaded.

        Args:
            path: Chroma's folder.
            embedder: name of the embedder whose vectors this index holds.
            version: its version; both are stored with every collection and checked on re-opening.
        """
        self._path = path.resolve()  # Chroma keeps one client per path text and process
        self._made_by = {"embedder": embedder, "embedder_version": version}
        self._client: Any = None
        self._loaded: dict[str, _Loaded] = {}

    async def scenes(self) -> Sequence[str]:
        return await self._in_thread(self._scenes)

    async def items(self, scene: str) -> Mapping[str, Item]:
        return (await self._scene(scene)).items

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        loaded = await self._scene(scene)
        if not ids:
            return np.zeros((0, 0), dtype=np.float32)
        if loaded.matrix is not None:
            return loaded.matrix[[loaded.row[item_id] for item_id in ids]]
        return await self._in_thread(lambda: self._vectors(scene, ids))

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        loaded = await self._scene(scene)
        if loaded.matrix is None:
            return await self._in_thread(lambda: self._search(scene, vector, limit, exclude))
        if not loaded.ids:
            return []
        similarity: Vector = np.asarray(loaded.matrix @ vector)
        best: list[int] = np.argsort(-similarity, kind="stable").tolist()
        found: list[tuple[str, float]] = []
        for row in best:
            if len(found) == limit:
                break
            if loaded.ids[row] not in exclude:
                found.append((loaded.ids[row], float(similarity[row])))
        return found

    async def fingerprints(self, scene: str) -> Mapping[str, str]:
        return await self._in_thread(lambda: self._fingerprints(scene))

    async def upsert(self, scene: str, *, items: Sequence[Item], vectors: Matrix) -> None:
        await self._in_thread(lambda: self._upsert(scene, items, vectors))
        self._loaded.pop(scene, None)

    async def delete(self, scene: str, *, ids: Sequence[str]) -> None:
        await self._in_thread(lambda: self._open(scene).delete(ids=list(ids)))
        self._loaded.pop(scene, None)

    async def _scene(self, scene: str) -> _Loaded:
        if scene not in self._loaded:
            self._loaded[scene] = await self._in_thread(lambda: self._load(scene))
        return self._loaded[scene]

    def _scenes(self) -> list[str]:
        collections = self._connected().list_collections()
        return sorted(str(_metadata(collection)["scene"]) for collection in collections)

    def _load(self, scene: str) -> _Loaded:
        collection = self._open(scene)
        exact = collection.count() <= EXACT_BELOW
        include = ["metadatas", "embeddings"] if exact else ["metadatas"]
        items: dict[str, Item] = {}
        rows: list[Any] = []
        for offset in range(0, max(collection.count(), 1), _PAGE):
            page = collection.get(limit=_PAGE, offset=offset, include=cast("Any", include))
            for metadata in page["metadatas"] or []:
                item = _item(str(metadata["item"]))
                items[item.id] = item
            if exact:
                rows.append(np.asarray(page["embeddings"], dtype=np.float32))
        ids = list(items)
        return _Loaded(
            items=items,
            ids=ids,
            row={item_id: row for row, item_id in enumerate(ids)},
            matrix=np.concatenate(rows) if exact else None,
        )

    def _vectors(self, scene: str, ids: Sequence[str]) -> Matrix:
        found = self._open(scene).get(ids=list(ids), include=["embeddings"])
        vectors = dict(zip(found["ids"], cast("Any", found["embeddings"]), strict=True))
        return np.asarray([vectors[item_id] for item_id in ids], dtype=np.float32)

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

    def _fingerprints(self, scene: str) -> dict[str, str]:
        if scene not in self._scenes():
            return {}
        collection = self._open(scene)
        held: dict[str, str] = {}
        for offset in range(0, collection.count(), _PAGE):
            page = collection.get(limit=_PAGE, offset=offset, include=["metadatas"])
            for item_id, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
                held[item_id] = str(metadata["fingerprint"])
        return held

    def _upsert(self, scene: str, items: Sequence[Item], vectors: Matrix) -> None:
        collection = (
            self._open(scene)
            if scene in self._scenes()
            else self._connected().create_collection(
                _collection_name(scene),
                embedding_function=None,
                metadata={"scene": scene, **self._made_by},
                configuration=cast("Any", {"hnsw": {"space": "cosine"}}),
            )
        )
        collection.upsert(
            ids=[item.id for item in items],
            embeddings=cast("Any", vectors),
            metadatas=[
                {"item": orjson.dumps(asdict(item)).decode(), "fingerprint": fingerprint(item)}
                for item in items
            ],
        )

    def _open(self, scene: str) -> chromadb.Collection:
        """The scene's collection, opened without Chroma's own (downloading) embedding function."""
        if scene not in self._scenes():
            raise RetrievalError(
                f"scene {scene!r} is not indexed in {str(self._path)!r}; run 'recagent index' "
                "with a catalogue that has this scene"
            )
        collection = self._connected().get_collection(
            _collection_name(scene), embedding_function=None
        )
        metadata = _metadata(collection)
        held = {key: metadata.get(key) for key in self._made_by}
        if held != self._made_by:
            raise RetrievalError(
                f"scene {scene!r} was indexed with {held['embedder']!r} "
                f"{held['embedder_version']!r}, the settings say {self._made_by['embedder']!r} "
                f"{self._made_by['embedder_version']!r}; set [embedder] back or index into another "
                "data_dir"
            )
        return collection

    def _connected(self) -> Any:
        if self._client is None:
            import chromadb  # noqa: PLC0415 - one and a half seconds

            self._path.mkdir(parents=True, exist_ok=True)
            self._client = chromadb.PersistentClient(str(self._path))
        return self._client

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(call)
        except RetrievalError:
            raise
        except Exception as error:  # Chroma's errors share no base class
            raise RetrievalError(f"Chroma folder {str(self._path)!r}: {error}") from error


def fingerprint(item: Item) -> str:
    """Hash of an item's content, (64 bits, hex): a change of any field changes it."""
    return hashlib.blake2b(orjson.dumps(asdict(item)), digest_size=8).hexdigest()


def _metadata(collection: chromadb.Collection) -> dict[str, Any]:
    return collection.metadata or {}


def _collection_name(scene: str) -> str:
    """Chroma wants three or more plain letters: other scene names go by their hash."""
    if _PLAIN_NAME.fullmatch(scene):
        return scene
    return "scene-" + hashlib.blake2b(scene.encode(), digest_size=8).hexdigest()


def _item(stored: str) -> Item:
    fields = orjson.loads(stored)
    attributes: dict[str, Value] = {
        name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for name, value in cast("dict[str, Any]", fields["attributes"]).items()
    }
    return Item(
        id=fields["id"],
        scene=fields["scene"],
        title=fields["title"],
        task=cast("Task", fields["task"]),
        text=fields["text"],
        attributes=attributes,
    )
