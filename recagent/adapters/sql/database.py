"""One database by its URL: how it is opened, named in messages, and written to in turns.

Not the tables (``schema``), nor their versions (``migrating``).
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.exc import ArgumentError, DBAPIError

from recagent.errors import ConfigError

_FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgres", "postgresql", "postgresql+pg8000")
_PATIENCE = 10_000  # milliseconds that a writer waits for its turn
_CACHE = 65_536  # KiB that a connection to SQLite may use, when it needs them
_CHECKPOINT = 16_384  # pages of 4 KiB that its log may have before they go into the file


def open_engine(text: str) -> sa.Engine:
    """The engine for a URL; nothing is connected yet.

    Raises:
        ConfigError: it is no such URL, its driver is not installed, or its folder cannot be made.
    """
    url = _parsed(text)
    if url.drivername.startswith("sqlite"):
        if not url.database:
            raise ConfigError(f"event store {shown(url)!r} names no file; write sqlite:///FILE")
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"event store {shown(url)!r}: its folder cannot be made: {error}; "
                "choose another with store_url, or data_dir"
            ) from error
        engine = sa.create_engine(url, hide_parameters=True)
        sa_event.listen(engine, "connect", _durable_sqlite)
        return engine
    from recagent.adapters.sql import postgres  # noqa: PLC0415 - 70 ms that SQLite needs not

    try:
        return postgres.engine_for(url, patience=_PATIENCE)
    except ImportError as error:
        raise ConfigError(
            f"event store {shown(url)!r} needs a driver: pip install 'recagent[postgres]'"
        ) from error


def shown(url: sa.URL) -> str:
    """The URL for messages: without password, and without the query, which may hold one."""
    plain = url.set(drivername=url.drivername.partition("+")[0], query={})
    return plain.render_as_string(hide_password=True)


def reason(error: Exception) -> str:
    """What the database said, without the statement around it."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig else error
    fields = said.args[0] if said.args else None
    if isinstance(fields, dict):  # pg8000 hands over the server's fields; M is the message
        return str(cast("dict[str, str]", fields).get("M"))
    return str(said).removesuffix(".")


def take_turn(connection: sa.Connection, name: str) -> None:
    """Begin a transaction that writes; until it ends, others wait here, ten seconds at most.

    In PostgreSQL only those wait that write under the same ``name``. Turns keep the order of the
    sequence numbers that of the commits, and batches that overlap cannot block each other.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        lock = sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"recagent {name}"))
        connection.execute(sa.select(lock))


def _parsed(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        # From None, and without the text: it may hold a password.
        raise ConfigError(f"event store: store_url is no database URL; write {_FORMS}") from None
    if "@" in (url.host or ""):
        raise ConfigError(
            "event store: store_url has more than one @; in a user name or password write it as %40"
        )
    if url.drivername not in _DRIVERS:
        raise ConfigError(
            f"event store {shown(url)!r}: {url.drivername!r} is not supported; write {_FORMS}"
        )
    return url


def _durable_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers go on beside a writer; FULL makes a commit survive a power cut.

    Transactions begin where ``take_turn`` says so, and then hold table changes too; Python's
    sqlite3 would begin them by itself, and not before a table change.
    """
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    # Events come in the order of time and their key begins with the person, so that a batch touches
    # pages all over the index: without room for them a load of millions takes three times as long.
    connection.execute(f"PRAGMA cache_size=-{_CACHE}")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT}")


def _write_ahead(connection: Any) -> None:
    """Of several processes that open a new file at once, SQLite lets one switch to WAL.

    The others it tells at once that the file is busy, whatever ``busy_timeout`` says.
    """
    end = time.monotonic() + _PATIENCE / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
