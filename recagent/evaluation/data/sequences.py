"""Items in the order in which people met them, without times: as events, and cases about them.

The times are made up, a day apart: they keep the order and say nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from recagent.domain import Case, Event
from recagent.errors import DataError

FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def purchases_in_order(
    user_id: str, ids: Sequence[str], *, scenes: Mapping[str, str]
) -> list[Event]:
    """Returns a purchase of each item, oldest first, the first one on the first day.

    Args:
        user_id: of the person.
        ids: of the items, in order.
        scenes: by item id.

    Raises:
        DataError: an item is in no scene.
    """
    check_known(ids, scenes)
    return [
        Event(
            user_id=user_id, item_id=item_id, scene=scenes[item_id], kind="purchase", at=_day(day)
        )
        for day, item_id in enumerate(ids)
    ]


def check_known(ids: Iterable[str], scenes: Mapping[str, str]) -> None:
    """Refuses items that are in no scene.

    Raises:
        DataError: names the first one.
    """
    for item_id in ids:
        if item_id not in scenes:
            raise DataError("unknown item {item_id!r}", item_id=item_id)


def next_item_case(
    case_id: str, history: Sequence[Event], *, scene: str, candidates: tuple[str, ...], target: str
) -> Case:
    """Returns the case of what comes after a history (oldest first), among listed candidates."""
    return Case(
        id=case_id,
        user_id=history[0].user_id,
        scene=scene,
        item_ids=candidates,
        judgments={target: 1},
        history=tuple(reversed(history)),
    )


@cache
def _day(day: int) -> datetime:
    """Returns the one value for all events of a day: a million events need not a million times."""
    return FIRST_DAY + timedelta(days=day)
