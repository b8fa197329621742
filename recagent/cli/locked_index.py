"""People's events and profiles while another process has the index folder open.

These need only the store. So they go without the catalogue, which means fewer checks; a line on
standard error says so.
"""

from __future__ import annotations

from dataclasses import replace

import typer

from recagent import bootstrap
from recagent.api import AsyncRecommender, Recommender
from recagent.config.settings import Settings
from recagent.domain import Event, RatingScale
from recagent.errors import DataError
from recagent.locale import Phrases
from recagent.pipeline.feedback import checked_alone
from recagent.testing import MemoryIndex

WORDS = Phrases[str]("cli", "locked_index")


def open_without_index(settings: Settings) -> Recommender:
    """Returns a recommender, without the catalogue if another process has the index open."""
    if not bootstrap.is_index_taken(settings):
        return Recommender.from_settings(settings)

    typer.echo(WORDS[settings.lang]["profile"], err=True)
    embedder = bootstrap.embedder(settings)  # without the index, whose vectors it would check
    parts = replace(bootstrap.parts(settings), index=MemoryIndex(), embedder=embedder)
    return Recommender(AsyncRecommender(parts, bootstrap.options(settings)))


async def record_without_index(settings: Settings, draft: Event) -> Event:
    """Stores an event in its scene, or in the scenes of earlier events on its item.

    Raises:
        DataError: neither gives a scene, or the event cannot be used.
    """
    store = bootstrap.event_store(settings)
    try:
        scale = settings.ratings.scale() or store.scale or RatingScale()
        draft = checked_alone(draft, scale=scale)
        declared = settings.scenes.keys()
        if draft.scene and declared and draft.scene not in declared:
            raise DataError(
                "unknown scene {scene!r}; declared scenes: {known}",
                scene=draft.scene,
                known=", ".join(sorted(declared)),
            )
        scenes = [draft.scene] if draft.scene else await store.scenes_of(draft.item_id)
        if not scenes:
            raise DataError(
                "another process has the index open, and no earlier event shows the scene of "
                "item {item_id!r}; name it with --scene",
                item_id=draft.item_id,
            )
        events = [replace(draft, scene=scene) for scene in scenes]
        await store.add_events(events)
    finally:
        await store.close()
    typer.echo(WORDS[settings.lang]["event"].format(scene=", ".join(scenes)), err=True)
    return events[0]
