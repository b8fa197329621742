"""The catalogue's files into the index and the store, as ``recagent index`` does it.

Safe to stop and run again: what is there already is neither embedded nor stored twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path

from recagent import bootstrap
from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale, Scene
from recagent.ingest import Catalogue, Report, layouts, read_catalogue
from recagent.ingest.event_stream import OnProgress
from recagent.ingest.layouts import Holds
from recagent.ports import EventStore
from recagent.retrieval import IndexingResult, index_items
from recagent.scenes.rules import SceneCatalogue, nearest
from recagent.scenes.rules.catalogue import OWN

_BATCH = 50_000  # events in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSummary:
    """What a run did: to the index, and how many people and new events it stored.

    Attributes:
        items: see ``IndexingResult``.
        users: people added or replaced.
        events: events that were not there before.
        replaced: events of an earlier reading of the files that were deleted.
        earlier: events that other files, or others of the same name, gave and these do not.
        report: what was read, left out and changed on the way.
    """

    items: IndexingResult
    users: int
    events: int
    replaced: int
    earlier: int
    report: Report


def validate_catalogue(
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    examples: int = 5,
    by_command: bool = False,
) -> Catalogue:
    """Returns the catalogue; reports also what the scenes' rules read that no item has.

    Args:
        settings: as ``read_catalogue`` takes them.
        on_progress: as ``read_catalogue`` takes it.
        examples: as ``read_catalogue`` takes them.
        by_command: as ``read_catalogue`` takes it.

    Raises:
        RecagentError: as in ``read_catalogue``.
    """
    catalog = read_catalogue(
        settings, on_progress=on_progress, examples=examples, by_command=by_command
    )
    for name, scene in settings.declared_scenes().items():
        items = {item.id: item for item in catalog.items if item.scene == name}
        if items:
            _note_scene(catalog.report, SceneCatalogue(items, scene.rules), scene)
    return catalog


def _note_scene(report: Report, catalogue: SceneCatalogue, scene: Scene) -> None:
    """Report rules of a scene on attributes that no item has, and places that no item can take."""
    attributes = sorted(catalogue.names - OWN)
    for attribute in catalogue.unread:
        names = ", ".join(nearest(attribute, attributes) or attributes) or "-"
        report.note("unread rule", field=attribute, value=scene.name,
                               facts={"names": names})  # fmt: skip
    for task in scene.quotas:
        if task not in catalogue.tasks:
            report.note("empty quota", field=task, value=scene.name)


async def load_catalogue(
    settings: Settings,
    *,
    on_progress: Callable[[str, int, int | None], None],
    replace_events: bool = False,
    by_command: bool = False,
) -> LoadSummary:
    """Read and clean the files; index the items, then store people and events.

    What an earlier reading of the same event files gave and this one does not is deleted: their
    config has changed. Events that were recorded stay.

    Args:
        settings: name the files, the cleaning, the index and the store.
        on_progress: takes the stage (``checking``, ``items``, ``events``), how many are done, and
            of how many.
        replace_events: whether to delete also what event files gave that have changed since.
        by_command: whether the files were named on the command line: the advice is one for there.

    Raises:
        DataError: the files cannot be used as they are; nothing was stored.
        RecagentError: the index or the store cannot be used, or another process owns the index's
            folder; what is done stays done. On a server two loaders may run at once: what both
            write is written once, and of different catalogues the last one wins.
    """
    catalog = validate_catalogue(settings, on_progress=on_progress, by_command=by_command)
    if settings.cleaning.unusable == "stop":
        catalog.refuse_problems(settings.lang)
    index, embedder = bootstrap.index(settings), bootstrap.embedder(settings)
    try:  # an index in a folder is this process's own until it is closed
        indexed = await index_items(
            catalog.items,
            index=index,
            embedder=embedder,
            fingerprint=bootstrap.fingerprint,
            on_progress=lambda done, total: on_progress("items", done, total),
        )
        store = bootstrap.event_store(settings)
        try:
            if catalog.scale is not None:
                await store.keep_scale(catalog.scale)
            stored = new = 0
            origin = reading_fingerprint(settings, scale=catalog.scale)
            events = catalog.events()
            while batch := list(islice(events, _BATCH)):
                new += await store.add_events(batch, origin=origin)
                stored += len(batch)
                on_progress("events", stored, None)
            replaced, earlier = await _replaced(store, origin, all_of_them=replace_events)
            people = await store.add_users(catalog.users)
        finally:
            await store.close()
    finally:
        await embedder.close()
        await index.close()
    return LoadSummary(
        items=indexed, users=people, events=new, replaced=replaced, earlier=earlier,
        report=catalog.report,
    )  # fmt: skip


async def _replaced(store: EventStore, origin: str, *, all_of_them: bool) -> tuple[int, int]:
    """Delete what earlier readings gave alone; how many, and how many of theirs stay."""
    before = {other: number for other, number in (await store.origins()).items() if other != origin}
    gone = [other for other in before if all_of_them or same_files(other, origin)]
    removed = await store.remove_events(gone) if gone else 0
    return removed, sum(number for other, number in before.items() if other not in gone)


async def prune_index(settings: Settings, *, keep: AbstractSet[str]) -> int:
    """Delete the scenes of all embedders but the settings', and all but ``keep``; how many.

    What is kept of these scenes for the next process goes with them.

    Raises:
        RetrievalError: the settings' embedder has not indexed the catalogue, or as in
            ``load_catalogue``.
    """
    index = bootstrap.index(settings)
    try:
        pruned = await index.prune(keep=keep)
        bootstrap.kept_files(settings).prune(keep={*keep, ""})  # "" is of no scene: what people did
        return pruned
    finally:
        await index.close()


_BYTES = 8  # of a fingerprint; every event keeps two


def reading_fingerprint(settings: Settings, *, scale: RatingScale | None) -> str:
    """Returns ``BYTES:READING`` of the event files; empty where there are none.

    Args:
        settings: the files, and all that says how they are read.
        scale: of ratings.
    """
    if not settings.catalog.events:
        return ""
    options = settings.model_dump_json(include={"catalog", "cleaning", "attributes", "ratings"})
    items = _digests(settings.catalog.items, "items")
    release = ""
    with suppress(PackageNotFoundError):
        release = version("recagent")  # another one may know more names of columns
    digests = sorted(_digests(settings.catalog.events, "events"))
    return f"{_fingerprint(digests)}:{_fingerprint([release, options, repr(scale), *items])}"


def same_files(one: str, other: str) -> bool:
    """Returns whether two origins are readings of the same bytes."""
    return one.partition(":")[0] == other.partition(":")[0]


def _fingerprint(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=_BYTES).hexdigest()


def _digests(files: Iterable[FileSettings], holds: Holds) -> list[str]:
    return [_digest(layouts.find_file(file.path, holds=holds)[0]) for file in files]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
