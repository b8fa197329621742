"""Many rows in one statement, in the form that is fast for the database at hand.

Not transactions: the caller begins and ends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]


def insert(
    connection: sa.Connection, table: sa.Table, *, rows: Sequence[Row], replace: Sequence[str] = ()
) -> int:
    """Write rows in their order and return how many; a row that is there already stays.

    Args:
        connection: of SQLite or PostgreSQL.
        table: where to.
        rows: each with the same columns, all but those that count by themselves.
        replace: columns that a row there already takes from the new one; its primary key tells
            that it is there.
    """
    statement: postgresql.Insert | sqlite.Insert
    given: Row | Sequence[Row]
    if connection.dialect.name == "postgresql":
        # One array per column: one round trip, where pg8000 would make one for every row.
        given = {name: [row[name] for row in rows] for name in rows[0]}
        statement = postgresql.insert(table).from_select(list(given), _unnested(table, given))
    else:
        given = rows
        statement = sqlite.insert(table)
    if replace:
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: statement.excluded[name] for name in replace},
        )
    else:
        statement = statement.on_conflict_do_nothing()
    return connection.execute(statement, given).rowcount


def _unnested(table: sa.Table, columns: Row) -> sa.Select[Any]:
    """Arrays that are bound by column name, as rows in the arrays' order."""
    arrays = [
        sa.bindparam(name, type_=postgresql.ARRAY(table.columns[name].type)) for name in columns
    ]
    rows = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="nth").render_derived()
    return sa.select(*(rows.c[name] for name in columns)).order_by(rows.c.nth)
