"""Loads what store and index hold, as data to learn from."""

from __future__ import annotations

from recagent.domain import Event, Item, User
from recagent.offline.data_set import Data
from recagent.offline.splits import order_by_time
from recagent.pipeline import Components
from recagent.scenes.identification import indexed_scenes


async def load_stored_data(parts: Components) -> Data:
    """Returns the events, items and people of the store and the index."""
    events: list[Event] = []
    async for batch in parts.store.all_events():
        events += batch
    events = order_by_time(events)
    items: list[Item] = []
    for scene in await parts.index.scenes():
        items += (await parts.index.items(scene)).values()
    users: dict[str, User] = {}
    for user_id in {event.user_id for event in events}:
        user, _ = await parts.store.person(user_id, limit=1)
        if user is not None:
            users[user_id] = user
    scenes = {item.scene for item in items}
    return Data(
        name="stored",
        scenes=indexed_scenes(sorted(scenes), parts.scenes),
        items=items,
        events=[event for event in events if event.scene in scenes],
        users=users,
        scale=parts.scale,
        fingerprint="",
    )
