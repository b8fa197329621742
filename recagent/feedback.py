"""What comes back from people, and what they were shown: checked, then stored."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import orjson

from recagent.catalog import event_kind
from recagent.errors import DataError
from recagent.protocols import EventStore, ItemIndex
from recagent.types import Event, Impression, RatingScale, Slate


async def checked_event(
    user_id: str,
    item_id: str,
    *,
    kind: str,
    value: float | None,
    scene: str | None,
    at: datetime | None,
    index: ItemIndex,
    scale: RatingScale,
) -> Event:
    """An event that fits the catalogue: the item's own scene if none is named, now if no time is.

    Raises:
        DataError: an unknown item, scene or kind, a time without zone, or a rating off the scale.
    """
    checked = event_kind(kind)
    if not user_id:
        raise DataError("an event needs a user id")
    if checked == "rating" and (value is None or not scale.low <= value <= scale.high):
        raise DataError(
            f"a rating needs a value from {scale.low:g} to {scale.high:g}, got {value!r}"
        )
    if at is not None and at.tzinfo is None:
        raise DataError(f"time {at.isoformat()!r} has no zone; add one, as in +00:00")
    return Event(
        user_id=user_id,
        item_id=item_id,
        scene=await scene_of(item_id, index=index, scene=scene),
        kind=checked,
        value=value,
        at=at or datetime.now(tz=UTC),
    )


async def scene_of(item_id: str, *, index: ItemIndex, scene: str | None = None) -> str:
    """The scene that has the item; only ``scene`` is looked at if it is given.

    Raises:
        DataError: no such item there.
    """
    names = await index.scenes()
    if scene is not None and scene not in names:
        raise DataError(f"unknown scene {scene!r}; indexed are {', '.join(names)}")
    for name in names if scene is None else [scene]:
        if item_id in await index.items(name):
            return name
    raise DataError(
        f"item {item_id!r} is not in {'the catalogue' if scene is None else f'scene {scene!r}'}"
    )


async def record_impression(slate: Slate, *, store: EventStore) -> None:
    """Keep what was shown, so that feedback can be joined to it by the trace's id."""
    trace = orjson.dumps(asdict(slate.trace)).decode()
    await store.add_impression(
        Impression(
            id=slate.trace.id,
            user_id=slate.user_id,
            scene=slate.scene.name,
            at=datetime.now(tz=UTC),
            item_ids=tuple(entry.item.id for entry in slate.entries),
            probabilities=tuple(entry.probability for entry in slate.entries),
            trace=trace,
        )
    )
