"""The ``EventStore`` on a SQL database through SQLAlchemy: SQLite in WAL mode by default.

Not a cache: an event is durable when ``add_events`` returns.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy import event as sa_event
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from recagent.errors import ConfigError, DataError
from recagent.types import Event, EventKind, Impression, User

_META = sa.MetaData()

_USERS = sa.Table(
    "users",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("declared", sa.LargeBinary, nullable=False),
)
_EVENTS = sa.Table(
    "events",
    _META,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.String, nullable=False),
    sa.Column("item_id", sa.String, nullable=False),
    sa.Column("scene", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False),  # seconds since 1970, UTC
    sa.Column("value", sa.Float),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("device", sa.String, nullable=False),
    sa.Column("place", sa.String, nullable=False),
    sa.Column("impression", sa.String, nullable=False),
    sa.UniqueConstraint("user_id", "item_id", "scene", "kind", "at", name="one_event"),
    sa.Index("events_by_user", "user_id", "at"),
)
_IMPRESSIONS = sa.Table(
    "impressions",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("user_id", sa.String, nullable=False, index=True),
    sa.Column("scene", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("item_ids", sa.LargeBinary, nullable=False),
    sa.Column("probabilities", sa.LargeBinary, nullable=False),
    sa.Column("trace", sa.String, nullable=False),
)

_BATCH = 5_000

T = TypeVar("T")


class SqlEventStore:
    """People, events and impressions in a SQL database."""

    def __init__(self, url: str) -> None:
        """Opens the database and creates the tables that are missing.

        Raises:
            ConfigError: the database cannot be opened.
        """
        try:
            if sa.make_url(url).get_backend_name() != "sqlite":
                raise ConfigError(f"event store {url!r}: only sqlite:///FILE is supported")
            self._engine = sa.create_engine(url)
            sa_event.listen(self._engine, "connect", _durable_sqlite)
            if self._engine.url.database:
                Path(self._engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            _META.create_all(self._engine)
        except (SQLAlchemyError, OSError) as error:
            raise ConfigError(f"event store {url!r} cannot be opened: {error}") from error

    async def add_users(self, users: Iterable[User]) -> int:
        declared = {
            user.id: orjson.dumps(
                {"attributes": user.attributes, "tags": user.tags, "about": user.about}
            )
            for user in users
        }
        rows = [{"id": user_id, "declared": said} for user_id, said in declared.items()]
        statement = sqlite.insert(_USERS)
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={"declared": statement.excluded.declared}
        )
        await self._write(statement, rows)
        return len(rows)

    async def add_events(self, events: Iterable[Event]) -> int:
        rows = [_event_row(event) for event in events]
        return await self._write(sqlite.insert(_EVENTS).on_conflict_do_nothing(), rows)

    async def add_impression(self, impression: Impression) -> None:
        row = {
            "id": impression.id,
            "user_id": impression.user_id,
            "scene": impression.scene,
            "at": impression.at.timestamp(),
            "item_ids": orjson.dumps(impression.item_ids),
            "probabilities": orjson.dumps(impression.probabilities),
            "trace": impression.trace,
        }
        await self._write(sa.insert(_IMPRESSIONS), [row])

    async def user(self, user_id: str) -> User | None:
        rows = await self._read(sa.select(_USERS).where(_USERS.c.id == user_id))
        if not rows:
            return None
        declared = orjson.loads(rows[0].declared)
        attributes = {
            name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
            for name, value in declared["attributes"].items()
        }
        return User(
            id=user_id,
            attributes=attributes,
            tags=tuple(declared["tags"]),
            about=declared["about"],
        )

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        newest = (
            sa.select(_EVENTS)
            .where(_EVENTS.c.user_id == user_id)
            .order_by(_EVENTS.c.at.desc(), _EVENTS.c.seq.desc())
            .limit(limit)
        )
        return [_event(row) for row in await self._read(newest)]

    async def seen(self, user_id: str) -> frozenset[str]:
        items = sa.select(_EVENTS.c.item_id).where(_EVENTS.c.user_id == user_id).distinct()
        return frozenset(row.item_id for row in await self._read(items))

    async def all_events(self) -> AsyncIterator[Sequence[Event]]:
        last = 0
        while True:
            page = sa.select(_EVENTS).where(_EVENTS.c.seq > last).order_by(_EVENTS.c.seq)
            rows = await self._read(page.limit(_BATCH))
            if not rows:
                return
            yield [_event(row) for row in rows]
            last = rows[-1].seq

    async def impression(self, impression_id: str) -> Impression | None:
        rows = await self._read(sa.select(_IMPRESSIONS).where(_IMPRESSIONS.c.id == impression_id))
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
        )

    async def close(self) -> None:
        await to_thread.run_sync(self._engine.dispose)

    async def _write(self, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> int:
        return await self._in_thread(partial(self._execute, statement, rows)) if rows else 0

    def _execute(self, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> int:
        written = 0
        with self._engine.begin() as connection:
            for start in range(0, len(rows), _BATCH):
                result = connection.execute(statement, rows[start : start + _BATCH])
                written += max(result.rowcount, 0)
        return written

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        def fetch() -> Sequence[sa.Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(statement).all()

        return await self._in_thread(fetch)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(call)
        except SQLAlchemyError as error:
            where = self._engine.url.render_as_string()
            raise DataError(f"event store {where!r}: {error}") from error


def _durable_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers go on beside a writer; FULL makes a commit survive a power cut."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def _event_row(event: Event) -> dict[str, Any]:
    if event.at.tzinfo is None:
        raise DataError(f"event of {event.user_id!r} on {event.item_id!r}: 'at' has no time zone")
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


def _event(row: sa.Row[Any]) -> Event:
    return Event(
        user_id=row.user_id,
        item_id=row.item_id,
        scene=row.scene,
        kind=cast("EventKind", row.kind),
        at=datetime.fromtimestamp(row.at, tz=UTC),
        value=row.value,
        text=row.text,
        device=row.device,
        place=row.place,
        impression=row.impression,
    )
