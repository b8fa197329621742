"""Rows to Users: what people declare of themselves."""

from __future__ import annotations

from recagent.config.data_sections import FileSettings
from recagent.domain import User
from recagent.ingest import cell_values
from recagent.ingest.columns import USER_FIELDS
from recagent.ingest.report import Report
from recagent.ingest.row_checks import content, require_columns, row_id
from recagent.ingest.tables import Row, open_table


class UserReader:
    """Reads files of people; finds who comes twice, also across files."""

    def __init__(self, report: Report, *, separator: str = "|") -> None:
        """Takes what splits a text into a list."""
        self._report = report
        self._separator = separator
        self._rows: dict[str, int] = {}

    def read(self, file: FileSettings) -> list[User]:
        """Returns the people of a file; columns that are no field of a user become attributes.

        Raises:
            DataError: the file cannot be read.
        """
        table = open_table(file, holds="users", report=self._report)
        require_columns(file.path, table, ("user_id",))
        rows: list[tuple[str, Row]] = []
        extra: dict[str, None] = {}
        for number, row in table.rows:
            user_id = row_id(table.reading, number, row, "user_id")
            if user_id is None:
                continue
            row_hash = content(row)
            if user_id not in self._rows:
                self._rows[user_id] = row_hash
                rows.append((user_id, row))
                extra |= dict.fromkeys(name for name in row if name not in USER_FIELDS)
            elif self._rows[user_id] == row_hash:
                table.reading.leave_out("same row", field="user_id", value=user_id)
            else:
                table.reading.unusable(number, "duplicate person", field="user_id", value=user_id)
        typed = {name: cell_values.column([row.get(name) for _, row in rows], self._separator)
                 for name in extra}  # fmt: skip
        return [
            User(
                id=user_id,
                tags=cell_values.tags(row.get("tags"), self._separator),
                about=cell_values.text(row.get("about")),
                attributes={
                    name: value for name in extra if (value := typed[name][index]) is not None
                },
            )
            for index, (user_id, row) in enumerate(rows)
        ]
