"""People, events and impressions as rows of a SQL database.

Not how the database is opened (``database``), nor how rows get in fast (``bulk``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from recagent.adapters.sql import bulk
from recagent.adapters.sql.database import open_engine, reason, shown, take_turn
from recagent.adapters.sql.migrating import bring_up_to_date
from recagent.adapters.sql.schema import EVENTS, IMPRESSIONS, USERS
from recagent.errors import ConfigError, DataError
from recagent.storable import check_event, check_impression, check_user
from recagent.types import Event, EventKind, Impression, User

_BATCH = 5_000

# Made once: to build a statement takes longer than to have SQLite answer it.
_WHO = sa.bindparam("who", type_=sa.String)
_USER = sa.select(USERS).where(USERS.c.id == _WHO)
_NEWEST = (
    sa.select(EVENTS)
    .where(EVENTS.c.user_id == _WHO)
    .order_by(EVENTS.c.at.desc(), EVENTS.c.seq.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)

T = TypeVar("T")


class SqlEventStore:
    """People, events and impressions in a SQL database."""

    def __init__(self, url: str) -> None:
        """Opens the database, and brings an empty or older one to the newest schema.

        Args:
            url: ``sqlite:///FILE``, whose folder is made, or ``postgresql://USER@HOST/DATABASE``.

        Raises:
            ConfigError: the database cannot be opened or brought up to date; it is left as it was.
        """
        self._engine = open_engine(url)
        try:
            bring_up_to_date(self._engine)
        # TypeError: the driver's, for an option in the URL's query that it does not know.
        except (SQLAlchemyError, TypeError) as error:
            self._engine.dispose()
            raise ConfigError(
                f"event store {shown(self._engine.url)!r} cannot be opened: {reason(error)}; "
                "correct store_url, or see that the database is up and that you may write to it"
            ) from error
        except BaseException:
            self._engine.dispose()
            raise

    async def add_users(self, users: Iterable[User]) -> int:
        rows = {user.id: _user_row(user) for user in users}
        await self._write(USERS, list(rows.values()), replace=["declared"])
        return len(rows)

    async def add_events(self, events: Iterable[Event]) -> int:
        return await self._write(EVENTS, [_event_row(event) for event in events])

    async def add_impression(self, impression: Impression) -> None:
        await self._write(IMPRESSIONS, [_impression_row(impression)])

    async def user(self, user_id: str) -> User | None:
        return _user(await self._read(_USER.params(who=user_id)))

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        return [_event(row) for row in await self._read(_NEWEST.params(who=user_id, most=limit))]

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        given = {"who": user_id, "most": limit}

        def fetch() -> tuple[User | None, Sequence[Event]]:
            with self._engine.connect() as connection:
                declared = connection.execute(_USER, given).all()
                newest = connection.execute(_NEWEST, given).all()
            return _user(declared), [_event(row) for row in newest]

        return await self._in_thread(fetch)

    async def seen(self, user_id: str) -> frozenset[str]:
        items = sa.select(EVENTS.c.item_id).where(EVENTS.c.user_id == user_id).distinct()
        return frozenset(row.item_id for row in await self._read(items))

    async def count(self) -> int:
        rows = await self._read(sa.select(sa.func.count().label("number")).select_from(EVENTS))
        return rows[0].number

    async def all_events(self) -> AsyncIterator[Sequence[Event]]:
        last = 0
        while True:
            page = sa.select(EVENTS).where(EVENTS.c.seq > last).order_by(EVENTS.c.seq)
            rows = await self._read(page.limit(_BATCH))
            if not rows:
                return
            yield [_event(row) for row in rows]
            last = rows[-1].seq

    async def impression(self, impression_id: str) -> Impression | None:
        rows = await self._read(sa.select(IMPRESSIONS).where(IMPRESSIONS.c.id == impression_id))
        if not rows:
            return None
        row = rows[0]
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

    async def close(self) -> None:
        await to_thread.run_sync(self._engine.dispose)

    async def _write(
        self, table: sa.Table, rows: Sequence[bulk.Row], *, replace: Sequence[str] = ()
    ) -> int:
        def insert() -> int:
            with self._engine.begin() as connection:
                take_turn(connection, table.name)
                return sum(
                    bulk.insert(
                        connection, table, rows=rows[start : start + _BATCH], replace=replace
                    )
                    for start in range(0, len(rows), _BATCH)
                )

        return await self._in_thread(insert) if rows else 0

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        def fetch() -> Sequence[sa.Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(statement).all()

        return await self._in_thread(fetch)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(call)
        except SQLAlchemyError as error:
            raise DataError(
                f"event store {shown(self._engine.url)!r}: {reason(error)}; what was acknowledged "
                "is kept, and nothing by half: correct what is named here, or see that the "
                "database is up, has room and is not locked, then do the same again"
            ) from error


def _user_row(user: User) -> bulk.Row:
    check_user(user)
    declared = {"attributes": user.attributes, "tags": user.tags, "about": user.about}
    return {"id": user.id, "declared": orjson.dumps(declared)}


def _event_row(event: Event) -> bulk.Row:
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


def _impression_row(impression: Impression) -> bulk.Row:
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


def _user(rows: Sequence[sa.Row[Any]]) -> User | None:
    if not rows:
        return None
    declared = orjson.loads(rows[0].declared)
    attributes = {
        name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for name, value in declared["attributes"].items()
    }
    return User(
        id=rows[0].id,
        attributes=attributes,
        tags=tuple(declared["tags"]),
        about=declared["about"],
    )


def _event(row: Sequence[Any]) -> Event:
    # In the order of the columns: to look each up by name takes as long as all the rest.
    _, user_id, item_id, scene, kind, at, value, text, device, place, impression = row
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
