"""The catalogue's files into the index and the store, as ``recagent index`` does it.

Safe to stop and run again: what is there already is neither embedded nor stored twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from filelock import FileLock, Timeout

from recagent import wiring
from recagent.catalog import Report, survey
from recagent.errors import DataError
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
        report: what was read, left out and changed on the way.
    """

    items: Indexed
    users: int
    events: int
    report: Report


async def load_catalog(
    settings: Settings, *, on_progress: Callable[[str, int, int | None], None]
) -> Loaded:
    """Read and clean the files; index the items, then store people and events.

    Args:
        settings: name the files, the cleaning, the index and the store.
        on_progress: told the stage (``checking``, ``items``, ``events``), how many are done, and of
            how many.

    Raises:
        DataError: the files cannot be used as they are; nothing was stored.
        RecagentError: the index or the store cannot be used, or another process is loading into the
            same folder; what is done stays done.
    """
    catalog = survey(settings, on_progress=on_progress)
    if settings.cleaning.unusable == "stop":
        catalog.refuse_problems()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(settings.data_dir / "loading.lock").acquire(timeout=0)
    except Timeout as error:
        raise DataError(
            f"another process is loading into {str(settings.data_dir)!r}; wait until it has ended"
        ) from error
    with lock:
        indexed = await index_items(
            catalog.items,
            index=wiring.index(settings),
            embedder=wiring.embedder(settings),
            fingerprint=wiring.fingerprint,
            on_progress=lambda done, total: on_progress("items", done, total),
        )
        store = wiring.event_store(settings)
        try:
            stored = new = 0
            events = catalog.events()
            while batch := list(islice(events, _BATCH)):
                new += await store.add_events(batch)
                stored += len(batch)
                on_progress("events", stored, None)
            people = await store.add_users(catalog.users)
        finally:
            await store.close()
    return Loaded(items=indexed, users=people, events=new, report=catalog.report)
