"""PostgreSQL through pg8000: lost connections are no surprise, and many rows go in one statement.

Not what all databases have in common; loaded only where the URL asks for it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000
from sqlalchemy.exc import DisconnectionError


class Dialect(PGDialect_pg8000):
    """SQLAlchemy's, but for lost connections: pg8000 raises some of them as a plain OSError."""

    supports_statement_cache = True

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """Connect through a socket of our own: pg8000 leaves its own open where it fails."""
        if "unix_sock" in cparams:
            return super().connect(*cargs, **cparams)
        try:
            with ExitStack() as undone:
                dialled = _dial(cparams)
                undone.callback(dialled.close)
                connection = self.loaded_dbapi.Connection(*cargs, **cparams, sock=dialled)
                undone.pop_all()
                return connection
        except OSError as error:
            raise self.loaded_dbapi.InterfaceError(str(error)) from error

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether the pool may hand out the connection; if not, it makes a new one."""
        before = dbapi_connection.autocommit
        dbapi_connection.autocommit = True  # or else the ping would begin a transaction
        try:
            dbapi_connection.cursor().execute("SELECT 1")
        except (OSError, self.loaded_dbapi.Error):
            return False
        dbapi_connection.autocommit = before
        return True

    def do_close(self, dbapi_connection: Any) -> None:
        """Close it; one that is lost already would only put a traceback into the log."""
        with suppress(OSError, self.loaded_dbapi.Error):
            dbapi_connection.close()


registry.register("postgresql.recagent", __name__, "Dialect")


def engine_for(url: sa.URL, *, patience: int) -> sa.Engine:
    """The engine; a writer waits ``patience`` milliseconds for its turn.

    Raises:
        ImportError: pg8000 is not installed.
    """
    engine = sa.create_engine(
        url.set(drivername="postgresql+recagent"),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"startup_params": {"lock_timeout": str(patience)}},
    )
    sa_event.listen(engine, "handle_error", _lost)
    return engine


def insertion(
    table: sa.Table, rows: Sequence[dict[str, Any]]
) -> tuple[postgresql.Insert, dict[str, Any]]:
    """A statement that writes the rows in their order, and its parameters, one array per column.

    One round trip, where pg8000 would make one for every row.
    """
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = [
        sa.bindparam(name, type_=postgresql.ARRAY(table.columns[name].type)) for name in columns
    ]
    given = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="nth").render_derived()
    in_order = sa.select(*(given.c[name] for name in columns)).order_by(given.c.nth)
    return postgresql.insert(table).from_select(list(columns), in_order), columns


def _dial(cparams: dict[str, Any]) -> socket.socket:
    host, port = cparams.get("host", "localhost"), cparams.get("port", 5432)
    try:
        dialled = socket.create_connection((host, port), cparams.get("timeout"))
    except OSError as error:
        message = f"Can't create a connection to host {host} and port {port}: {error}"
        raise OSError(message) from error
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return dialled


def _lost(context: sa.ExceptionContext) -> DisconnectionError | None:
    """An OSError in the midst of a call: give up the connection, and say what happened."""
    error = context.original_exception
    if not isinstance(error, OSError):
        return None
    context.is_disconnect = True
    return DisconnectionError(str(error))
