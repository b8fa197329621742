"""People, events and impressions as rows of a SQL database.

How the database is opened is in ``database``, how rows are inserted fast in ``bulk``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from recagent.domain import (
    Edits,
    Event,
    Forgotten,
    Impression,
    Note,
    RatingScale,
    User,
)
from recagent.domain.validation import (
    check_link,
    check_note,
    check_user,
    merged,
)
from recagent.errors import ConfigError
from recagent.infrastructure.storage import bulk
from recagent.infrastructure.storage.database import (
    failed,
    known,
    open_engine,
    reason,
    shown,
    take_turn,
)
from recagent.infrastructure.storage.migration import migrate
from recagent.infrastructure.storage.rows import (
    count_unreadable,
    event_row,
    impression_row,
    readable_events,
    readable_impressions,
    readable_user,
    user_from,
    user_row,
)
from recagent.infrastructure.storage.schema import ALIASES, EVENTS, FACTS, IMPRESSIONS, NOTES, USERS

_BATCH = 5_000
_EVENT_KEY = ("user_id", "at", "item_id", "scene", "kind")  # equal for the same event
_EVENT_DETAILS = ("value", "text", "device", "place", "origin")  # taken from a later reading
_SCALE_FACT = "ratings"  # holds the rating scale
_FORGETTINGS_FACT = "forgettings"  # counts how often somebody was forgotten
_STAMP_FACT = "events"  # changes with every change of events

# Built once: building a statement takes longer than SQLite takes to answer it.
_ID = sa.bindparam("id", type_=sa.String)
_FIRST_ID = sa.select(ALIASES.c.user_id).where(ALIASES.c.id == _ID).scalar_subquery()
_LINKED = sa.select(ALIASES).where(ALIASES.c.user_id == sa.func.coalesce(_FIRST_ID, _ID))
_USER = sa.select(USERS).where(USERS.c.id == _ID)
_IDS = sa.bindparam("ids", type_=sa.String, expanding=True)
_NEWEST = (
    sa.select(EVENTS)
    .where(EVENTS.c.user_id.in_(_IDS))
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
        # Writers queue here and not at a pooled connection: connections are for readers, whom no
        # writer keeps waiting. A writer that leaves the queue has written nothing.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="recagent-store")
        try:
            migrate(self._engine)
            with self._engine.connect() as connection:
                self._scale = _scale(connection)
        # TypeError: the driver's, for an option in the URL's query that it does not know.
        except (SQLAlchemyError, TypeError) as error:
            self._engine.dispose()
            if (failure := known(self._engine, error)) is not None:
                raise (failure if failure.busy else ConfigError(failure.message)) from error
            raise ConfigError(
                "cannot open event store {url!r}: {error}; check store_url, that the database is "
                "running and that you have write access",
                url=shown(self._engine.url),
                error=reason(error),
            ) from error
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def scale(self) -> RatingScale | None:
        return self._scale

    async def keep_scale(self, scale: RatingScale) -> None:
        value = orjson.dumps(scale)
        await self._write(FACTS, lambda connection: _set_fact(connection, _SCALE_FACT, value))
        self._scale = scale

    async def add_users(self, users: Iterable[User]) -> int:
        by_id = {user.id: user for user in users}
        for user in by_id.values():
            check_user(user)

        def write(connection: sa.Connection) -> int:
            first_ids = _first_ids(connection)
            # In this order a description under the first id counts more than one under another.
            ordered = sorted(by_id.values(), key=lambda user: user.id not in first_ids)
            people = {first_ids.get(user.id, user.id): user for user in ordered}
            rows = [user_row(replace(user, id=key, edits=Edits())) for key, user in people.items()]
            _insert(connection, USERS, rows, replace=["declared"])
            return len(by_id)

        return await self._write(USERS, write) if by_id else 0

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:
        rows = [{**event_row(event), "origin": origin} for event in events]
        earlier = (EVENTS.c.origin != "") & (EVENTS.c.origin != origin)

        def add(connection: sa.Connection) -> int:
            new = _insert(connection, EVENTS, rows)
            if new:
                _stamp_events(connection)
            return new

        def replace_earlier(connection: sa.Connection) -> int:
            last = connection.scalar(sa.select(sa.func.max(EVENTS.c.seq))) or 0
            _insert(connection, EVENTS, rows, replace=_EVENT_DETAILS, key=_EVENT_KEY, only=earlier)
            new = sa.select(sa.func.count()).where(EVENTS.c.seq > last)
            _stamp_events(connection)
            return connection.scalar(new) or 0

        return await self._write(EVENTS, replace_earlier if origin else add)

    async def origins(self) -> Mapping[str, int]:
        number = sa.func.count().label("number")
        origins = sa.select(EVENTS.c.origin, number).where(EVENTS.c.origin != "")
        counts = origins.group_by(EVENTS.c.origin)
        rows = await self._read(lambda connection: connection.execute(counts).all())
        return {row.origin: row.number for row in rows}

    async def remove_events(self, origins: Collection[str]) -> int:
        wanted = sorted({*origins} - {""})

        def remove(connection: sa.Connection) -> int:
            number = _delete(connection, EVENTS.c.origin, wanted)
            _stamp_events(connection)
            return number

        return await self._write(EVENTS, remove)

    async def add_impression(self, impression: Impression) -> None:
        rows = [impression_row(impression)]
        await self._write(IMPRESSIONS, lambda connection: _insert(connection, IMPRESSIONS, rows))

    async def user(self, user_id: str) -> User | None:
        return (await self.person(user_id, limit=0))[0]

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        return (await self.person(user_id, limit=limit))[1]

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        def read(connection: sa.Connection) -> tuple[User | None, Sequence[Event]]:
            ids = _ids(connection, user_id)
            users = connection.execute(_USER, {"id": ids[0]}).all()
            newest = connection.execute(_NEWEST, {"ids": ids, "most": limit}).all()
            return readable_user(users), readable_events(newest, lambda _: ids[0])

        return await self._read(read)

    async def seen(self, user_id: str) -> frozenset[str]:
        def read(connection: sa.Connection) -> frozenset[str]:
            is_theirs = EVENTS.c.user_id.in_(_ids(connection, user_id))
            items = sa.select(EVENTS.c.item_id).where(is_theirs).distinct()
            return frozenset(connection.scalars(items))

        return await self._read(read)

    async def scenes_of(self, item_id: str) -> Sequence[str]:
        """Returns the scenes in which there are events on an item."""
        scenes = sa.select(EVENTS.c.scene).where(EVENTS.c.item_id == item_id).distinct()
        return sorted(row.scene for row in await self._rows(scenes))

    async def ids(self, user_id: str) -> tuple[str, ...]:
        return tuple(await self._read(lambda connection: _ids(connection, user_id)))

    async def edit(self, user_id: str, edits: Edits) -> None:
        check_user(User(id=user_id, edits=edits))

        def write(connection: sa.Connection) -> None:
            person = User(id=_ids(connection, user_id)[0], edits=edits)
            _insert(connection, USERS, [user_row(person)], replace=["edits"])

        await self._write(USERS, write)

    async def link(self, user_id: str, *, other: str) -> None:
        check_link(user_id, other)

        def write(connection: sa.Connection) -> None:
            first, joined = _ids(connection, user_id)[0], _ids(connection, other)
            if first == joined[0]:
                return
            rows = [{"id": key, "user_id": first} for key in joined]
            _insert(connection, ALIASES, rows, replace=["user_id"])
            one, two = (
                user_from(connection.execute(_USER, {"id": key}).all())
                for key in (first, joined[0])
            )
            both = user_row(merged(one or User(id=first), two or User(id=first)))
            _insert(connection, USERS, [both], replace=["declared", "edits"])
            _delete(connection, USERS.c.id, [joined[0]])
            _delete(connection, NOTES.c.user_id, [first, joined[0]])
            _stamp_events(connection)

        await self._write(USERS, write)

    async def forget(self, user_id: str) -> Forgotten:
        def write(connection: sa.Connection) -> Forgotten:
            ids = _ids(connection, user_id)
            for column in (USERS.c.id, NOTES.c.user_id, ALIASES.c.user_id):
                _delete(connection, column, ids)
            number = _forgettings(connection) + 1
            _set_fact(connection, _FORGETTINGS_FACT, orjson.dumps(number))
            forgotten = Forgotten(
                ids=tuple(ids),
                events=_delete(connection, EVENTS.c.user_id, ids),
                impressions=_delete(connection, IMPRESSIONS.c.user_id, ids),
            )
            _stamp_events(connection)
            return forgotten

        return await self._write(USERS, write)

    async def forgettings(self) -> int:
        return await self._read(_forgettings)

    async def add_note(self, user_id: str, note: Note) -> None:
        check_note(user_id, note)

        def write(connection: sa.Connection) -> None:
            row = {"user_id": _ids(connection, user_id)[0], **asdict(note)}
            _insert(connection, NOTES, [row], replace=["text", "model", "made_from"])

        await self._write(NOTES, write)

    async def notes(self, user_id: str) -> Sequence[Note]:
        def read(connection: sa.Connection) -> Sequence[Note]:
            is_theirs = NOTES.c.user_id == _ids(connection, user_id)[0]
            columns = (NOTES.c.scene, NOTES.c.text, NOTES.c.model, NOTES.c.made_from)
            rows = connection.execute(sa.select(*columns).where(is_theirs).order_by(NOTES.c.scene))
            return [Note(**row) for row in rows.mappings()]

        return await self._read(read)

    async def count(self) -> int:
        rows = await self._rows(sa.select(sa.func.count().label("number")).select_from(EVENTS))
        return rows[0].number

    async def events_stamp(self) -> str:
        def read(connection: sa.Connection) -> str:
            stamp = _fact(connection, _STAMP_FACT) or b""
            # Rows that others write by SQL change no stamp, but the count or the last number.
            number, last = sa.func.count(), sa.func.max(EVENTS.c.seq)
            rows = connection.execute(sa.select(number, last).select_from(EVENTS)).all()
            return f"{stamp.hex()} {rows[0]}"

        return await self._read(read)

    async def is_empty(self) -> bool:
        return not await self._rows(sa.select(EVENTS.c.seq).limit(1))

    async def all_events(self) -> AsyncIterator[Sequence[Event]]:
        first_ids, last = await self._read(_first_ids), 0
        while True:
            page = sa.select(EVENTS).where(EVENTS.c.seq > last).order_by(EVENTS.c.seq)
            rows = await self._rows(page.limit(_BATCH))
            if not rows:
                return
            yield readable_events(rows, lambda row: first_ids.get(row[1]) or row[1])
            last = rows[-1].seq

    async def impression(self, impression_id: str) -> Impression | None:
        return next(iter(await self.impressions([impression_id])), None)

    async def impressions(self, ids: Collection[str]) -> Sequence[Impression]:
        wanted = [*{*ids} - {""}]
        rows: list[sa.Row[Any]] = []
        for start in range(0, len(wanted), _BATCH):
            is_wanted = IMPRESSIONS.c.id.in_(wanted[start : start + _BATCH])
            rows += await self._rows(sa.select(IMPRESSIONS).where(is_wanted))
        return readable_impressions(rows)

    async def unreadable(self) -> int:
        """Returns how many rows cannot be read, of all people, events and impressions."""
        return await self._read(count_unreadable)

    async def close(self) -> None:
        await to_thread.run_sync(self._writer.shutdown)
        await to_thread.run_sync(self._engine.dispose)

    async def _write(self, table: sa.Table, write: Callable[[sa.Connection], T]) -> T:
        def begin() -> T:
            with self._engine.begin() as connection:
                take_turn(connection, table.name)
                return write(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, begin)
        except SQLAlchemyError as error:
            raise failed(self._engine, error) from error

    async def _rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return await self._read(lambda connection: connection.execute(statement).all())

    async def _read(self, read: Callable[[sa.Connection], T]) -> T:
        def fetch() -> T:
            with self._engine.connect() as connection:
                return read(connection)

        try:
            return await to_thread.run_sync(fetch)
        except SQLAlchemyError as error:
            raise failed(self._engine, error) from error


def _insert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[bulk.Row],
    *,
    replace: Sequence[str] = (),
    key: Sequence[str] = (),
    only: sa.ColumnElement[bool] | None = None,
) -> int:
    return sum(
        bulk.insert(connection, table, rows=batch, replace=replace, key=key, only=only)
        for batch in (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    )


def _delete(connection: sa.Connection, column: sa.Column[str], ids: Sequence[str]) -> int:
    return connection.execute(sa.delete(column.table).where(column.in_(ids))).rowcount


def _ids(connection: sa.Connection, user_id: str) -> list[str]:
    """Returns all ids of a person, first the one under which they are stored."""
    linked = connection.execute(_LINKED, {"id": user_id}).all()
    return [linked[0].user_id, *sorted(row.id for row in linked)] if linked else [user_id]


def _stamp_events(connection: sa.Connection) -> None:
    """Write a new stamp of the events; last in a transaction, since others wait for its row."""
    _set_fact(connection, _STAMP_FACT, uuid.uuid4().bytes)


def _fact(connection: sa.Connection, name: str) -> bytes | None:
    return connection.scalar(sa.select(FACTS.c.value).where(FACTS.c.name == name))


def _set_fact(connection: sa.Connection, name: str, value: bytes) -> None:
    _insert(connection, FACTS, [{"name": name, "value": value}], replace=["value"])


def _first_ids(connection: sa.Connection) -> dict[str, str]:
    """Returns the id under which a person with several is stored, by each of their ids."""
    rows = connection.execute(sa.select(ALIASES.c.id, ALIASES.c.user_id)).all()
    return {cast("str", key): cast("str", first_id) for key, first_id in rows}


def _scale(connection: sa.Connection) -> RatingScale | None:
    value = _fact(connection, _SCALE_FACT)
    if value is None:
        return None
    fields = orjson.loads(value)
    return RatingScale(low=fields["low"], high=fields["high"], unrated=tuple(fields["unrated"]))


def _forgettings(connection: sa.Connection) -> int:
    return orjson.loads(_fact(connection, _FORGETTINGS_FACT) or b"0")
