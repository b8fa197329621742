"""What a collection holds, read page by page: items, vectors and fingerprints, sorted by id.

Sorted, since a scene's order must not tell in how many runs it was written. How a scene is searched
is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from recagent.domain import Item
from recagent.infrastructure.vectors.item_metadata import item_from_metadata

if TYPE_CHECKING:
    import chromadb

    from recagent.domain.arrays import Matrix


_PAGE = 5_000


def read_collection(
    collection: chromadb.Collection, *, in_memory: int
) -> tuple[dict[str, Item], Matrix | None]:
    """All items by id, and their (n, d) float32 vectors unless n * d exceeds ``in_memory``."""
    ids, width = _ids(collection), vector_width(collection)
    fits = len(ids) * width <= in_memory
    items: dict[str, Item] = {}
    blocks: list[Matrix] = [np.zeros((0, width), dtype=np.float32)]
    for page in _pages(collection, ids, ["metadatas", "embeddings"] if fits else ["metadatas"]):
        order = sorted(range(len(page["ids"])), key=page["ids"].__getitem__)
        items |= ((page["ids"][row], item_from_metadata(page["metadatas"][row])) for row in order)
        if fits and order:
            blocks.append(np.asarray(page["embeddings"], dtype=np.float32)[order])
    return items, np.concatenate(blocks) if fits else None


def vector_width(collection: chromadb.Collection) -> int:
    """How many numbers a vector has; 0 in an empty collection."""
    return int(np.size(cast("Any", collection.get(limit=1, include=["embeddings"])["embeddings"])))


def fingerprints(collection: chromadb.Collection) -> dict[str, str]:
    """Every item's fingerprint; raises Chroma's error if vectors were lost."""
    ids = _ids(collection)
    if ids:
        collection.get(ids=sorted({ids[0], ids[-1]}), include=["embeddings"])
    by_id: dict[str, str] = {}
    for page in _pages(collection, ids, ["metadatas"]):
        for item_id, metadata in zip(page["ids"], page["metadatas"], strict=True):
            by_id[item_id] = str(metadata["fingerprint"])
    return by_id


def _ids(collection: chromadb.Collection) -> list[str]:
    return sorted(collection.get(include=[])["ids"])


def _pages(
    collection: chromadb.Collection, ids: Sequence[str], include: Sequence[str]
) -> Iterator[Any]:
    """By ids: a page by offset makes SQLite count all rows before it."""
    for start in range(0, len(ids), _PAGE):
        page = list(ids[start : start + _PAGE])
        yield collection.get(ids=page, include=cast("Any", list(include)))
