"""What store and index hold, as data to learn from."""

from __future__ import annotations

from recagent.domain import Event, Item, User
from recagent.offline.models import Data
from recagent.offline.splits import in_time
from recagent.pipeline import Parts
from recagent.scenes.identification import declared_or_plain


async def stored(parts: Parts) -> Data:
    """What the store and the index hold."""
    events: list[Event] = []
    async for batch in parts.store.all_events():
        events += batch
    events = in_time(events)
    items: list[Item] = []
    for scene in await parts.index.scenes():
        items += (await parts.index.items(scene)).values()
    users: dict[str, User] = {}
    for user_id in {event.user_id for event in events}:
        user, _ = await parts.store.person(user_id, limit=1)
        if user is not None:
            users[user_id] = user
    known = {item.scene for item in items}
    return Data(
        name="stored",
        scenes=declared_or_plain(sorted(known), parts.scenes),
        items=items,
        events=[event for event in events if event.scene in known],
        users=users,
        scale=parts.scale,
        fingerprint="",
    )
