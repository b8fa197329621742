"""People, events and impressions as rows of the tables, and rows as these again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa

from recagent.domain import Edits, Event, EventKind, Impression, User
from recagent.domain.events import LATEST
from recagent.domain.validation import check_event, check_impression
from recagent.infrastructure.storage import bulk
from recagent.infrastructure.storage.schema import EVENTS, IMPRESSIONS, USERS

logger = logging.getLogger(__name__)

_Row = TypeVar("_Row")
_Read = TypeVar("_Read")


UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, OSError)  # what reading a row raises
_LATEST = LATEST.timestamp()
_PAGE = 5_000


def user_row(user: User) -> bulk.Row:
    """Returns the row of a person."""
    declared = {"attributes": user.attributes, "tags": user.tags, "about": user.about}
    edits = orjson.dumps(user.edits) if user.edits != Edits() else None
    return {"id": user.id, "declared": orjson.dumps(declared), "edits": edits}


def readable_events(
    rows: Sequence[Sequence[Any]], user_of: Callable[[Sequence[Any]], str]
) -> list[Event]:
    """Returns the events of the rows that can be read; how many cannot is logged."""
    return _readable(rows, lambda row: event_from(row, user_of(row)), "events")


def readable_impressions(rows: Sequence[sa.Row[Any]]) -> list[Impression]:
    """Returns the impressions of the rows that can be read; how many cannot is logged."""
    return _readable(rows, impression_from, "impressions")


def _readable(rows: Sequence[_Row], read: Callable[[_Row], _Read], name: str) -> list[_Read]:
    results: list[_Read] = []
    for row in rows:
        with suppress(*UNREADABLE):
            results.append(read(row))
    if len(results) < len(rows):
        logger.warning(
            "%d %s in the store cannot be read and are skipped; 'recagent doctor' counts all",
            len(rows) - len(results),
            name,
        )
    return results


def readable_user(rows: Sequence[sa.Row[Any]]) -> User | None:
    """Returns the person of the first row; None without rows, or where it cannot be read."""
    try:
        return user_from(rows)
    except UNREADABLE as error:
        logger.warning("what a person declared cannot be read and is left out: %r", error)
        return None


def count_unreadable(connection: sa.Connection) -> int:
    """Returns how many rows cannot be read, of all people, events and impressions."""
    readers: dict[sa.Table, Callable[[sa.Row[Any]], object]] = {
        EVENTS: lambda row: event_from(row, row.user_id),
        USERS: lambda row: user_from([row]),
        IMPRESSIONS: impression_from,
    }
    number = 0
    for table, read in readers.items():
        everything = sa.select(table).execution_options(yield_per=_PAGE)
        for row in connection.execute(everything):
            try:
                read(row)
            except UNREADABLE:
                number += 1
    return number


def event_row(event: Event) -> bulk.Row:
    """Returns the row of an event that the database can hold.

    Raises:
        DataError: it cannot.
    """
    check_event(event)
    return {
        "user_id": event.user_id,
        "item_id": event.item_id,
        "scene": event.scene,
        "kind": event.kind,
        "at": event.at.timestamp(),
        "value": event.value,
        "text": event.text,
        "device": event.device,
        "place": event.place,
        "impression": event.impression,
    }


def impression_row(impression: Impression) -> bulk.Row:
    """Returns the row of an impression that the database can hold.

    Raises:
        DataError: it cannot.
    """
    check_impression(impression)
    return {
        "id": impression.id,
        "user_id": impression.user_id,
        "scene": impression.scene,
        "at": impression.at.timestamp(),
        "item_ids": orjson.dumps(impression.item_ids),
        "probabilities": orjson.dumps(impression.probabilities),
        "trace": impression.trace,
        "wish": impression.wish,
    }


def user_from(rows: Sequence[sa.Row[Any]]) -> User | None:
    """Returns the person of the first row; None without rows."""
    if not rows:
        return None
    declared = orjson.loads(rows[0].declared)
    edits = orjson.loads(rows[0].edits or b'{"tags": {}, "attributes": {}, "about": null}')
    return User(
        id=rows[0].id,
        attributes=_values(declared["attributes"]),
        tags=tuple(declared["tags"]),
        about=declared["about"],
        edits=Edits(
            tags=edits["tags"], attributes=_values(edits["attributes"]), about=edits["about"]
        ),
    )


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples."""
    return {
        name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for name, value in attributes.items()
    }


def event_from(row: Sequence[Any], user_id: str) -> Event:
    """Returns the event of a row, as of the person with this id."""
    # In the order of the columns: to look each up by name takes as long as all the rest.
    _, _, item_id, scene, kind, at, value, text, device, place, impression, _ = row
    if not 0 <= at < _LATEST:
        raise ValueError(at)
    return Event(
        user_id=user_id,
        item_id=item_id,
        scene=scene,
        kind=cast("EventKind", kind),
        at=datetime.fromtimestamp(at, tz=UTC),
        value=value,
        text=text,
        device=device,
        place=place,
        impression=impression,
    )


def impression_from(row: sa.Row[Any]) -> Impression:
    """Returns the impression of a row."""
    return Impression(
        id=row.id,
        user_id=row.user_id,
        scene=row.scene,
        at=datetime.fromtimestamp(row.at, tz=UTC),
        item_ids=tuple(orjson.loads(row.item_ids)),
        probabilities=tuple(orjson.loads(row.probabilities)),
        trace=row.trace,
        wish=row.wish,
    )
