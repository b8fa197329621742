"""Items in the order in which people met them, without times, to events.

The times are made up, a day apart: they keep the order and say nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from recagent.domain import Event

FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def purchases_in_order(
    user_id: str, ids: Sequence[str], *, scenes: Mapping[str, str]
) -> list[Event]:
    """A purchase of each item, oldest first, the first one on the first day.

    Args:
        user_id: whose they are.
        ids: in order.
        scenes: by item id.
    """
    return [
        Event(
            user_id=user_id, item_id=item_id, scene=scenes[item_id], kind="purchase", at=_day(day)
        )
        for day, item_id in enumerate(ids)
    ]


@cache
def _day(day: int) -> datetime:
    """One value for all events of a day, so that a million events need not a million times."""
    return FIRST + timedelta(days=day)
