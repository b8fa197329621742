"""Loads what store and index hold, as data to learn from."""

from __future__ import annotations

from recagent.domain import Event, Item, User
from recagent.offline.backtest import sample_of
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash
from recagent.offline.splits import order_by_time
from recagent.pipeline import Components
from recagent.scenes.identification import indexed_scenes

_PARTS = 2**64  # of a hash


async def load_stored_data(parts: Components, *, people: int = 0, most_events: int = 0) -> Data:
    """Returns the events, items and people of the store and the index.

    Args:
        parts: to read from.
        people: of how many at most what they declare is read, a sample as backtests ask; 0 is all.
        most_events: of more, those of a sample of people, which is always the same; 0 is all.
    """
    count = await parts.store.count() if most_events else 0
    share = min(1.0, most_events / count) if count else 1.0
    events: list[Event] = []
    async for batch in parts.store.all_events():
        events += batch if share == 1.0 else (e for e in batch if _is_within(e.user_id, share))
    events = order_by_time(events)
    items: list[Item] = []
    for scene in await parts.index.scenes():
        items += (await parts.index.items(scene)).values()
    users: dict[str, User] = {}
    for user_id in sample_of({event.user_id for event in events}, most=people):
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


def _is_within(user_id: str, share: float) -> bool:
    return stable_hash("learned from", user_id) < share * _PARTS
