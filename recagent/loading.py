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
    """What a run did: to the index, and how many people and new events it stored."""

    items: Indexed
    users: int
    events: int


async def load_catalog(
    settings: Settings, *, on_progress: Callable[[str, int, int | None], None]
) -> Loaded:
    """Index the items, then store people and events.

    Args:
        settings: name the files, the index and the store.
        on_progress: told the stage (``items``, ``events``), how many are done, and of how many.

    Raises:
        RecagentError: a file, the index or the store cannot be used; what is done stays done.
    """
    items, events, users = wiring.read_catalog(settings)
    indexed = await index_items(
        items,
        index=wiring.index(settings),
        embedder=wiring.embedder(settings),
        fingerprint=wiring.fingerprint,
        on_progress=lambda done, total: on_progress("items", done, total),
    )
    store = wiring.event_store(settings)
    try:
        stored = new = 0
        while batch := list(islice(events, _BATCH)):
            new += await store.add_events(batch)
            stored += len(batch)
            on_progress("events", stored, None)
        people = await store.add_users(users)
    finally:
        await store.close()
    return Loaded(items=indexed, users=people, events=new)
