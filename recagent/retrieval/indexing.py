"""Items into the index: only what is new or changed is embedded, so a stopped run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent.domain import Item
from recagent.errors import ModelError
from recagent.ports import Embedder, ItemIndex

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexingResult:
    """The numbers of items that an indexing run wrote, left and deleted.

    Attributes:
        outdated: scenes that are still there and not of these items: of other embedders, for
            processes that read them, or of this one and no longer in the catalogue.
    """

    written: int
    unchanged: int
    deleted: int
    outdated: int = 0


async def index_items(
    items: Sequence[Item],
    *,
    index: ItemIndex,
    embedder: Embedder,
    fingerprint: Callable[[Item], str],
    on_progress: Callable[[int, int], None],
) -> IndexingResult:
    """Makes the collections of the items' scenes hold exactly these items, and publishes them.

    What was published by the same embedder before is changed in place, scene by scene; where its
    vectors have another length now, all of them are made anew.

    Args:
        items: the whole catalogue of every scene that occurs in it; other scenes are left alone.
        index: where they go.
        embedder: embeds ``Item.document()``.
        fingerprint: content hash, as the index stores it.
        on_progress: called with the number of items done and the total.

    Raises:
        RetrievalError: the index cannot be written; run again to go on.
        ModelError: the embedder did not answer; what is written stays, run again to go on.
    """
    scenes: dict[str, list[Item]] = {}
    for item in items:
        scenes.setdefault(item.scene, []).append(item)
    written = unchanged = deleted = 0
    width = await _width(embedder)
    for scene, scene_items in scenes.items():
        fingerprints = await index.fingerprints(scene, width=width)
        changed = [item for item in scene_items if fingerprints.get(item.id) != fingerprint(item)]
        unchanged += len(scene_items) - len(changed)
        on_progress(written + unchanged, len(items))
        for start in range(0, len(changed), BATCH):
            batch = changed[start : start + BATCH]
            vectors = await _embedded(batch, embedder)
            await index.upsert(scene, items=batch, vectors=vectors)
            written += len(batch)
            on_progress(written + unchanged, len(items))
        gone = sorted(fingerprints.keys() - {item.id for item in scene_items})
        if gone:
            await index.delete(scene, ids=gone)
            deleted += len(gone)
    outdated = await index.publish()
    outdated += len(set(await index.scenes()) - scenes.keys())
    return IndexingResult(written=written, unchanged=unchanged, deleted=deleted, outdated=outdated)


async def _embedded(items: Sequence[Item], embedder: Embedder) -> Matrix:
    try:
        return await embedder.embed([item.document() for item in items], role="passage")
    except ModelError as error:
        raise ModelError(
            "{error}; what was indexed so far is kept, run the command again to go on",
            error=error.message,
            retryable=error.retryable,
            status=error.status,
        ) from error


async def _width(embedder: Embedder) -> int:
    """How many numbers a vector has now; 0 where the embedder does not answer.

    Nothing may have changed; else embedding what has says why it does not.
    """
    try:
        return (await embedder.embed([], role="passage")).shape[1]
    except ModelError:
        return 0
