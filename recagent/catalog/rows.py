"""What all readers of rows share: the columns that must be there, and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from recagent.catalog import fields
from recagent.catalog.columns import how_to_map, likely
from recagent.catalog.report import Reading, file_name, shown
from recagent.catalog.tables import Row, Table
from recagent.errors import DataError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def require(path: Path, table: Table, wanted: Sequence[str]) -> None:
    """Check that the fields have columns.

    Raises:
        DataError: one has none; the message shows the columns, and how to map one.
    """
    for field in wanted:
        if field in table.columns:
            continue
        other = likely(field, table.header, holds=table.holds) or "..."
        whole = field == "scene" and not table.reading.by_command
        hint = ' (or say which scene all rows are in: scene = "...")' if whole else ""
        advice = how_to_map({field: other}, by_command=table.reading.by_command)
        raise DataError(
            f"{file_name(path)!r} has no column {field!r}; it has "
            f"{', '.join(map(shown, table.header))}. Map one: {advice}{hint}"
        )


def content(row: Row) -> int:
    """A hash of all that a row says, to tell a copy from another row with the same id."""
    return hash(str(sorted(row.items())))


def row_id(reading: Reading, number: int, row: Row, field: str) -> str | None:
    """An id without the spaces around it; None for a row that is left out."""
    raw = row.get(field)
    if isinstance(raw, str) and raw.isprintable() and raw and raw == raw.strip():
        return raw
    if isinstance(raw, list | dict):
        return reading.unusable(number, "nested", field=field, value=cast("object", raw))
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # a column of numbers becomes one of floats where any is missing
    said = raw if isinstance(raw, str) else fields.text(raw)
    found = said.strip()
    if not found:
        return reading.unusable(number, "empty", field=field)
    if _CONTROL.search(found):
        return reading.unusable(number, "control", field=field, value=found)
    if found != said:
        reading.changed("trimmed", field, before=said, after=found)
    return found
