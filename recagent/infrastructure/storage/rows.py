"""People, events and impressions as rows of the tables, and rows as these again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import orjson

from recagent.domain import Edits, Event, EventKind, Impression, User
from recagent.domain.validation import check_event, check_impression
from recagent.infrastructure.storage import bulk

if TYPE_CHECKING:
    import sqlalchemy as sa


def user_row(user: User) -> bulk.Row:
    """Returns the row of a person."""
    declared = {"attributes": user.attributes, "tags": user.tags, "about": user.about}
    edits = orjson.dumps(user.edits) if user.edits != Edits() else None
    return {"id": user.id, "declared": orjson.dumps(declared), "edits": edits}


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
