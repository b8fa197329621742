"""An index of real item texts that stays in a folder between runs, for ``retrieval.py``.

Nothing is measured here but how long each scene took to load.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from item_texts import scenes, texts

from recagent.domain import Item
from recagent.infrastructure.embeddings import WordLlamaEmbedder
from recagent.infrastructure.vectors import ChromaFolder, ChromaIndex, fingerprint
from recagent.infrastructure.vectors.embedder_collections import HNSW, EmbedderCollections
from recagent.retrieval.indexing import index_items

SMALL, SMALL_SIZE = "small", 5_000  # a scene that is searched exactly
PARTS = 10  # scenes in the shared collection
SHARED = "shared"
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """The kept folder, the index in it, and how long each scene took to load."""

    folder: Path
    home: ChromaFolder
    index: ChromaIndex
    embedder: WordLlamaEmbedder

    @property
    def seconds(self) -> dict[str, float]:
        path = self.folder / "seconds.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def raw(self, scene: str) -> Any:
        """Chroma's own collection of a scene, made if it is not there."""
        return EmbedderCollections(self.embedder.name, self.embedder.version).make(
            self.home.connect(), scene
        )

    def took(self, scene: str, seconds: float) -> None:
        path = self.folder / "seconds.json"
        path.write_text(json.dumps(self.seconds | {scene: seconds}))


async def load(place: Place, items: list[Item]) -> None:
    """Index one scene as ``recagent index`` does, unless it is there."""
    scene = items[0].scene
    if scene in place.seconds:
        return
    began = time.perf_counter()
    await index_items(
        items,
        index=place.index,
        embedder=place.embedder,
        fingerprint=fingerprint,
        on_progress=lambda *_: None,
    )
    place.took(scene, time.perf_counter() - began)
    print(f"{scene}: {len(items)} in {place.seconds[scene]:.0f} s", flush=True)


def share(place: Place, ids: list[str], vectors: Any) -> Any:
    """One collection of all the items, whose metadata say which of ten scenes they are of."""
    collection = place.raw(SHARED)
    if SHARED not in place.seconds:
        began = time.perf_counter()
        for at in range(0, len(ids), PAGE):
            rows = range(at, min(at + PAGE, len(ids)))
            collection.upsert(
                ids=[ids[row] for row in rows],
                embeddings=vectors[rows.start : rows.stop],
                metadatas=[{"scene": f"part-{row % PARTS}"} for row in rows],
            )
        place.took(SHARED, time.perf_counter() - began)
    return collection


def place_of(keep: Path, source: Path | None, *, size: int) -> Place:
    """The kept folder of the texts in ``source``, scenes of a size, and settings of the index."""
    state = json.dumps([texts(source), size, HNSW, WordLlamaEmbedder().version])
    digest = hashlib.blake2b(state.encode(), digest_size=4).hexdigest()
    folder = keep / f"{size}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    home, embedder = ChromaFolder(folder / "chroma"), WordLlamaEmbedder()
    index = ChromaIndex(home, embedder=embedder.name, version=embedder.version)
    return Place(folder, home, index, embedder)


async def fill(place: Place, source: Path | None, *, count: int, size: int) -> None:
    """Load the large scenes and the small one, what is not there yet."""
    if place.seconds.keys() >= {SMALL, *(f"scene-{number}" for number in range(count))}:
        return
    for items in scenes(source, count=count, size=size):
        await load(place, items)
    for items in scenes(source, count=1, size=min(SMALL_SIZE, size)):
        await load(place, [replace(item, scene=SMALL) for item in items])
