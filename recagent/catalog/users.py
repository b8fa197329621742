"""Rows to Users: what people declare of themselves."""

from __future__ import annotations

from recagent.catalog import fields
from recagent.catalog.report import Report
from recagent.catalog.rows import USER_FIELDS, require, row_id
from recagent.catalog.tables import open_table
from recagent.settings import FileSettings
from recagent.types import User


def read_users(
    file: FileSettings, *, separator: str = "|", report: Report | None = None
) -> list[User]:
    """People of one file; columns that are no field of a user become attributes.

    Raises:
        DataError: as ``read_items``, if no report is given or it is strict.
    """
    report = report or Report(strict=True)
    table = open_table(file, holds="users", fields=USER_FIELDS, report=report)
    require(file.path, table.columns, ("user_id",))
    rows = [(user_id, row) for number, row in table.rows
            if (user_id := row_id(table.reading, number, row, "user_id"))]  # fmt: skip
    extra = [name for name in table.columns if name not in USER_FIELDS]
    typed = {name: fields.column([row.get(name) for _, row in rows], separator) for name in extra}
    return [
        User(
            id=user_id,
            tags=fields.tags(row.get("tags"), separator),
            about=fields.text(row.get("about")),
            attributes={name: value for name in extra if (value := typed[name][place]) is not None},
        )
        for place, (user_id, row) in enumerate(rows)
    ]
