"""People, events and impressions as rows of a SQL database.

Not how the database is opened (``database``), nor how rows get in fast (``bulk``).
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
    event_from,
    event_row,
    impression_from,
    impression_row,
    user_from,
    user_row,
)
from recagent.infrastructure.storage.schema import ALIASES, EVENTS, FACTS, IMPRESSIONS, NOTES, USERS

_BATCH = 5_000
_ONE_EVENT = ("user_id", "at", "item_id", "scene", "kind")  # what makes it the same event
_SAID = ("value", "text", "device", "place", "origin")  # what another reading may say otherwise
_SCALE = "ratings"  # the fact that tells what ratings are out of
_FORGETTINGS = "forgettings"  # the fact that tells how often somebody was forgotten
_EVENTS = "events"  # the fact that is another one after every change of events

# Made once: to build a statement takes longer than to have SQLite answer it.
_WHO = sa.bindparam("who", type_=sa.String)
_FIRST = sa.select(ALIASES.c.user_id).where(ALIASES.c.id == _WHO).scalar_subquery()
_LINKED = sa.select(ALIASES).where(ALIASES.c.user_id == sa.func.coalesce(_FIRST, _WHO))
_USER = sa.select(USERS).where(USERS.c.id == _WHO)
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
        # One writes, the others wait in line and not at a connection of the pool: those are for
        # readers, whom no writer keeps waiting. Who leaves the line has written nothing.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="recagent-store")
        try:
            migrate(self._engine)
            with self._engine.connect() as connection:
                self._scale = _scale(connection)
        # TypeError: the driver's, for an option in the URL's query that it does not know.
        except (SQLAlchemyError, TypeError) as error:
            self._engine.dispose()
            if (named := known(self._engine, error)) is not None:
                raise (named if named.busy else ConfigError(named.message)) from error
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
        row = {"name": _SCALE, "value": orjson.dumps(scale)}

        def write(connection: sa.Connection) -> None:
            _insert(connection, FACTS, [row], replace=["value"])

        await self._in_turn(FACTS, write)
        self._scale = scale

    async def add_users(self, users: Iterable[User]) -> int:
        given = {user.id: user for user in users}
        for user in given.values():
            check_user(user)

        def write(connection: sa.Connection) -> int:
            first = _aliases(connection)
            # In this order a description under the first id counts more than one under another.
            by_first = sorted(given.values(), key=lambda user: user.id not in first)
            people = {first.get(user.id, user.id): user for user in by_first}
            rows = [user_row(replace(user, id=key, edits=Edits())) for key, user in people.items()]
            _insert(connection, USERS, rows, replace=["declared"])
            return len(given)

        return await self._in_turn(USERS, write) if given else 0

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:
        rows = [{**event_row(event), "origin": origin} for event in events]
        if not origin:

            def add(connection: sa.Connection) -> int:
                new = _insert(connection, EVENTS, rows)
                if new:
                    _stamp_events(connection)
                return new

            return await self._in_turn(EVENTS, add)
        earlier = (EVENTS.c.origin != "") & (EVENTS.c.origin != origin)

        def write(connection: sa.Connection) -> int:
            last = connection.scalar(sa.select(sa.func.max(EVENTS.c.seq))) or 0
            _insert(connection, EVENTS, rows, replace=_SAID, key=_ONE_EVENT, only=earlier)
            new = sa.select(sa.func.count()).where(EVENTS.c.seq > last)
            _stamp_events(connection)
            return connection.scalar(new) or 0

        return await self._in_turn(EVENTS, write)

    async def origins(self) -> Mapping[str, int]:
        number = sa.func.count().label("number")
        given = sa.select(EVENTS.c.origin, number).where(EVENTS.c.origin != "")
        counts = given.group_by(EVENTS.c.origin)
        rows = await self._at_once(lambda connection: connection.execute(counts).all())
        return {row.origin: row.number for row in rows}

    async def remove_events(self, origins: Collection[str]) -> int:
        wanted = sorted({*origins} - {""})

        def remove(connection: sa.Connection) -> int:
            gone = _delete(connection, EVENTS.c.origin, wanted)
            _stamp_events(connection)
            return gone

        return await self._in_turn(EVENTS, remove)

    async def add_impression(self, impression: Impression) -> None:
        await self._write(IMPRESSIONS, [impression_row(impression)])

    async def user(self, user_id: str) -> User | None:
        return (await self.person(user_id, limit=0))[0]

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        return (await self.person(user_id, limit=limit))[1]

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        def read(connection: sa.Connection) -> tuple[User | None, Sequence[Event]]:
            ids = _ids(connection, user_id)
            declared = connection.execute(_USER, {"who": ids[0]}).all()
            newest = connection.execute(_NEWEST, {"ids": ids, "most": limit}).all()
            return user_from(declared), [event_from(row, ids[0]) for row in newest]

        return await self._at_once(read)

    async def seen(self, user_id: str) -> frozenset[str]:
        def read(connection: sa.Connection) -> frozenset[str]:
            own = EVENTS.c.user_id.in_(_ids(connection, user_id))
            return frozenset(connection.scalars(sa.select(EVENTS.c.item_id).where(own).distinct()))

        return await self._at_once(read)

    async def scenes_of(self, item_id: str) -> Sequence[str]:
        """The scenes in which there are events on an item."""
        own = sa.select(EVENTS.c.scene).where(EVENTS.c.item_id == item_id).distinct()
        return sorted(row.scene for row in await self._read(own))

    async def ids(self, user_id: str) -> tuple[str, ...]:
        return tuple(await self._at_once(lambda connection: _ids(connection, user_id)))

    async def edit(self, user_id: str, edits: Edits) -> None:
        check_user(User(id=user_id, edits=edits))

        def write(connection: sa.Connection) -> None:
            person = User(id=_ids(connection, user_id)[0], edits=edits)
            _insert(connection, USERS, [user_row(person)], replace=["edits"])

        await self._in_turn(USERS, write)

    async def link(self, user_id: str, *, other: str) -> None:
        check_link(user_id, other)

        def write(connection: sa.Connection) -> None:
            first, joined = _ids(connection, user_id)[0], _ids(connection, other)
            if first == joined[0]:
                return
            rows = [{"id": key, "user_id": first} for key in joined]
            _insert(connection, ALIASES, rows, replace=["user_id"])
            one, two = (
                user_from(connection.execute(_USER, {"who": key}).all())
                for key in (first, joined[0])
            )
            both = user_row(merged(one or User(id=first), two or User(id=first)))
            _insert(connection, USERS, [both], replace=["declared", "edits"])
            _delete(connection, USERS.c.id, [joined[0]])
            _delete(connection, NOTES.c.user_id, [first, joined[0]])
            _stamp_events(connection)

        await self._in_turn(USERS, write)

    async def forget(self, user_id: str) -> Forgotten:
        def write(connection: sa.Connection) -> Forgotten:
            ids = _ids(connection, user_id)
            for column in (USERS.c.id, NOTES.c.user_id, ALIASES.c.user_id):
                _delete(connection, column, ids)
            row = {"name": _FORGETTINGS, "value": orjson.dumps(_forgettings(connection) + 1)}
            _insert(connection, FACTS, [row], replace=["value"])
            gone = Forgotten(
                ids=tuple(ids),
                events=_delete(connection, EVENTS.c.user_id, ids),
                impressions=_delete(connection, IMPRESSIONS.c.user_id, ids),
            )
            _stamp_events(connection)
            return gone

        return await self._in_turn(USERS, write)

    async def forgettings(self) -> int:
        return await self._at_once(_forgettings)

    async def add_note(self, user_id: str, note: Note) -> None:
        check_note(user_id, note)

        def write(connection: sa.Connection) -> None:
            row = {"user_id": _ids(connection, user_id)[0], **asdict(note)}
            _insert(connection, NOTES, [row], replace=["text", "model", "made_from"])

        await self._in_turn(NOTES, write)

    async def notes(self, user_id: str) -> Sequence[Note]:
        def read(connection: sa.Connection) -> Sequence[Note]:
            own = NOTES.c.user_id == _ids(connection, user_id)[0]
            columns = (NOTES.c.scene, NOTES.c.text, NOTES.c.model, NOTES.c.made_from)
            rows = connection.execute(sa.select(*columns).where(own).order_by(NOTES.c.scene))
            return [Note(**row) for row in rows.mappings()]

        return await self._at_once(read)

    async def count(self) -> int:
        rows = await self._read(sa.select(sa.func.count().label("number")).select_from(EVENTS))
        return rows[0].number

    async def events_stamp(self) -> str:
        def read(connection: sa.Connection) -> str:
            said = connection.scalar(sa.select(FACTS.c.value).where(FACTS.c.name == _EVENTS))
            # What others write by SQL of their own has no stamp, and is seen by its number.
            number, last = sa.func.count(), sa.func.max(EVENTS.c.seq)
            rows = connection.execute(sa.select(number, last).select_from(EVENTS)).all()
            return f"{(said or b'').hex()} {rows[0]}"

        return await self._at_once(read)

    async def all_events(self) -> AsyncIterator[Sequence[Event]]:
        first, last = await self._at_once(_aliases), 0
        while True:
            page = sa.select(EVENTS).where(EVENTS.c.seq > last).order_by(EVENTS.c.seq)
            rows = await self._read(page.limit(_BATCH))
            if not rows:
                return
            yield [event_from(row, first.get(row.user_id) or row.user_id) for row in rows]
            last = rows[-1].seq

    async def impression(self, impression_id: str) -> Impression | None:
        return next(iter(await self.impressions([impression_id])), None)

    async def impressions(self, ids: Collection[str]) -> Sequence[Impression]:
        wanted = [*{*ids} - {""}]
        found: list[Impression] = []
        for start in range(0, len(wanted), _BATCH):
            some = IMPRESSIONS.c.id.in_(wanted[start : start + _BATCH])
            rows = await self._read(sa.select(IMPRESSIONS).where(some))
            found += map(impression_from, rows)
        return found

    async def close(self) -> None:
        await to_thread.run_sync(self._writer.shutdown)
        await to_thread.run_sync(self._engine.dispose)

    async def _write(self, table: sa.Table, rows: Sequence[bulk.Row]) -> int:
        return await self._in_turn(table, lambda connection: _insert(connection, table, rows))

    async def _in_turn(self, table: sa.Table, write: Callable[[sa.Connection], T]) -> T:
        def begin() -> T:
            with self._engine.begin() as connection:
                take_turn(connection, table.name)
                return write(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, begin)
        except SQLAlchemyError as error:
            raise failed(self._engine, error) from error

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return await self._at_once(lambda connection: connection.execute(statement).all())

    async def _at_once(self, read: Callable[[sa.Connection], T]) -> T:
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
        bulk.insert(connection, table, rows=some, replace=replace, key=key, only=only)
        for some in (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    )


def _delete(connection: sa.Connection, column: sa.Column[str], ids: Sequence[str]) -> int:
    return connection.execute(sa.delete(column.table).where(column.in_(ids))).rowcount


def _ids(connection: sa.Connection, user_id: str) -> list[str]:
    """All ids of a person, the one that they are kept under first."""
    linked = connection.execute(_LINKED, {"who": user_id}).all()
    return [linked[0].user_id, *sorted(row.id for row in linked)] if linked else [user_id]


def _stamp_events(connection: sa.Connection) -> None:
    """Last in a transaction: others wait for the row."""
    row = {"name": _EVENTS, "value": uuid.uuid4().bytes}
    _insert(connection, FACTS, [row], replace=["value"])


def _aliases(connection: sa.Connection) -> dict[str, str]:
    """The first id of every person who has several, by each of the others."""
    rows = connection.execute(sa.select(ALIASES.c.id, ALIASES.c.user_id)).all()
    return {cast("str", other): cast("str", first) for other, first in rows}


def _scale(connection: sa.Connection) -> RatingScale | None:
    said = connection.scalar(sa.select(FACTS.c.value).where(FACTS.c.name == _SCALE))
    if said is None:
        return None
    known = orjson.loads(said)
    return RatingScale(low=known["low"], high=known["high"], unrated=tuple(known["unrated"]))


def _forgettings(connection: sa.Connection) -> int:
    said = connection.scalar(sa.select(FACTS.c.value).where(FACTS.c.name == _FORGETTINGS))
    return orjson.loads(said) if said is not None else 0
