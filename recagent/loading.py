"""The catalogue's files into the index and the store, as ``recagent index`` does it.

Safe to stop and run again: what is there already is neither embedded nor stored twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from recagent import wiring
from recagent.retrieval import Indexed, index_items
from recagent.settings import Settings

_BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a run did: to the index, and how many people and new events it stored.

    Attributes:
        items: see ``Indexed``.
        users: people added or replaced.
        events: events that were not there before.
        unknown: events of the files whose item is not in the catalogue's scene of that name; they
            are stored, and count once the catalogue has it.
    """

    items: Indexed
    users: int
    events: int
    unknown: int


async def load_catalog(
    settings: Settings, *, on_progress: Callable[[str, int, int | None], None]
) -> Loaded:
    """Index the items, then store people and events.

    Args:
        settings: name the files, the index and the store.
        on_progress: told the stage (``items``, ``events``), how many are done, and of how many.

    Raises:
        RecagentError: a file, the index or the store cannot be used, or another process owns the
            index's folder; what is done stays done. On a server two loaders may run at once: what
            both write is written once, and of different catalogues the last one wins.
    """
    items, events, users = wiring.read_catalog(settings)
    index = wiring.index(settings)
    try:  # an index in a folder is this process's own until it is closed
        indexed = await index_items(
            items,
            index=index,
            embedder=wiring.embedder(settings),
            fingerprint=wiring.fingerprint,
            on_progress=lambda done, total: on_progress("items", done, total),
        )
        known = {(item.scene, item.id) for item in items}
        store = wiring.event_store(settings)
        try:
            stored = new = unknown = 0
            while batch := list(islice(events, _BATCH)):
                new += await store.add_events(batch)
                stored += len(batch)
                unknown += sum((event.scene, event.item_id) not in known for event in batch)
                on_progress("events", stored, None)
            people = await store.add_users(users)
        finally:
            await store.close()
    finally:
        await index.close()
    return Loaded(items=indexed, users=people, events=new, unknown=unknown)


async def prune_index(settings: Settings) -> int:
    """Delete the scenes of all embedders but the settings'; how many there were.

    Raises:
        RetrievalError: the settings' embedder has not indexed the catalogue, or as in
            ``load_catalog``.
    """
    index = wiring.index(settings)
    try:
        return await index.prune()
    finally:
        await index.close()
