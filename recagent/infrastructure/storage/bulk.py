"""Many rows in one statement, in the form that is fast for the database at hand.

Not transactions: the caller begins and ends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    import sqlalchemy as sa

Row = dict[str, Any]


def insert(
    connection: sa.Connection,
    table: sa.Table,
    *,
    rows: Sequence[Row],
    replace: Sequence[str] = (),
    key: Sequence[str] = (),
    only: sa.ColumnElement[bool] | None = None,
) -> int:
    """Write rows in their order and return how many; a row that is there already stays.

    Args:
        connection: of SQLite or PostgreSQL.
        table: where to.
        rows: each with the same columns, all but those that count by themselves.
        replace: columns that a row there already takes from the new one.
        key: columns that tell that it is there; without any, its primary key.
        only: which of the rows there take them; without it all.
    """
    if connection.dialect.name == "postgresql":
        from recagent.infrastructure.storage import postgres  # noqa: PLC0415 - 70 ms that SQLite needs not

        statement, given = postgres.insertion(table, rows)
    else:
        statement, given = sqlite.insert(table), rows
    if replace:
        statement = statement.on_conflict_do_update(
            index_elements=list(key or table.primary_key.columns),
            set_={name: statement.excluded[name] for name in replace},
            where=only,
        )
    else:
        statement = statement.on_conflict_do_nothing()
    return connection.execute(statement, given).rowcount
