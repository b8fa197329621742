"""One database by its URL: how it is opened, named in messages, and written to in turns.

Not the tables (``schema``), nor their versions (``migrating``).
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.exc import ArgumentError, DBAPIError

from recagent.errors import ConfigError, StoreError

_FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgres", "postgresql", "postgresql+pg8000")
_PATIENCE = 10_000  # milliseconds that a writer waits for its turn
_LEAST_ROOM = 65_536  # bytes; with less free, a disk is full
_LOCK_TIMEOUT = "55P03"  # PostgreSQL's code
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
            raise ConfigError(
                "event store {url!r} does not name a file; write sqlite:///FILE", url=shown(url)
            )
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                "cannot create the folder of event store {url!r}: {error}; choose another with "
                "store_url or data_dir",
                url=shown(url),
                error=error,
            ) from error
        engine = sa.create_engine(url, hide_parameters=True)
        sa_event.listen(engine, "connect", _durable_sqlite)
        _keep_to_one_file(engine, url)
        return engine
    from recagent.infrastructure.storage import postgres  # noqa: PLC0415 - 70 ms that SQLite needs not

    try:
        return postgres.engine_for(url, patience=_PATIENCE)
    except ImportError as error:
        raise ConfigError(
            "event store {url!r} needs a database driver; run: pip install 'recagent[postgres]'",
            url=shown(url),
        ) from error


def shown(url: sa.URL) -> str:
    """The URL for messages: without password, and without the query, which may hold one."""
    plain = url.set(drivername=url.drivername.partition("+")[0], query={})
    return plain.render_as_string(hide_password=True)


def reason(error: Exception) -> str:
    """What the database said, without the statement around it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    fields = cause.args[0] if cause.args else None
    if isinstance(fields, dict):  # pg8000 hands over the server's fields; M is the message
        return str(cast("dict[str, str]", fields).get("M"))
    return str(cause).removesuffix(".")


def failed(engine: sa.Engine, error: Exception) -> StoreError:
    """What a database that fails is told as: what is known of it, else its own words."""
    return known(engine, error) or StoreError(
        "event store {url!r}: {error}; everything confirmed earlier is saved and no partial data "
        "was written: fix the problem, or check that the database is running, has space and is "
        "not locked, then try again",
        url=shown(engine.url),
        error=reason(error),
    )


def known(engine: sa.Engine, error: Exception) -> StoreError | None:
    """That a database is busy, full or not to be written to; None where it is something else."""
    name, why = shown(engine.url), reason(error)
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        folder = str(Path(engine.url.database or "").absolute().parent)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return _busy(name, why)
        if code == sqlite3.SQLITE_FULL or "full" in why or _is_full(folder):
            return StoreError(
                "event store {url!r}: no space left in {folder!r} ({error}); no partial data was "
                "saved: free some space or choose another folder with data_dir, then try again",
                url=name,
                folder=folder,
                error=why,
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return StoreError(
                "cannot write to event store {url!r} ({error}); make {folder!r} writable or "
                "choose another folder with data_dir, then try again",
                url=name,
                error=why,
                folder=folder,
            )
    return _busy(name, why) if _code(original) == _LOCK_TIMEOUT else None


def _busy(name: str, why: str) -> StoreError:
    return StoreError(
        "event store {url!r} is busy: another process has been writing to it for {seconds} s "
        "({error}); nothing was saved, try again in a moment",
        url=name,
        seconds=_PATIENCE // 1000,
        error=why,
        busy=True,
    )


def _is_full(folder: str) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LEAST_ROOM
    except OSError:
        return False


def _code(original: BaseException | None) -> str | None:
    """PostgreSQL's code of an error."""
    fields = original.args[0] if original is not None and original.args else None
    return cast("dict[str, str]", fields).get("C") if isinstance(fields, dict) else None


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
        raise ConfigError(
            "event store: store_url is not a database URL; write {forms}", forms=_FORMS
        ) from None
    if "@" in (url.host or ""):
        raise ConfigError(
            "event store: store_url contains more than one @; write an @ in a user name or "
            "password as %40"
        )
    if url.drivername not in _DRIVERS:
        raise ConfigError(
            "event store {url!r}: {driver!r} is not supported; write {forms}",
            url=shown(url),
            driver=url.drivername,
            forms=_FORMS,
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


def _keep_to_one_file(engine: sa.Engine, url: sa.URL) -> None:
    """Fails once the file was deleted or replaced: what is written to a deleted one is lost."""
    path, opened = Path(url.database or "").absolute(), list[tuple[int, int]]()

    def note(_connection: object, _record: object) -> None:
        if not opened and (identity := _identity(path)) is not None:
            opened.append(identity)

    def check(*_: object) -> None:
        if opened and _identity(path) != opened[0]:
            raise StoreError(
                "event store {url!r}: its file was deleted or replaced while it was open; restore "
                "it and start again",
                url=shown(url),
            )

    sa_event.listen(engine, "connect", note)
    sa_event.listen(engine, "checkout", check)
    sa_event.listen(engine, "do_connect", check)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


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
