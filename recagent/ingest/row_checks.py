"""What all readers of rows share: the columns that must be there, and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from recagent.errors import DataError
from recagent.ingest import cell_values, dates
from recagent.ingest.columns import how_to_map, likely
from recagent.ingest.event_kinds import known_kind
from recagent.ingest.layouts import Holds
from recagent.ingest.report import Reading, file_name, shown
from recagent.ingest.tables import Row, Table

_EVENT_IDS = ("user_id", "item_id")
_EARLIEST = 5e8  # seconds since 1970 of a time that is not the beginning of the count
_TOP, _STARS = 10, 2  # the highest of most ratings, and how many digits it has

_TEXTS = frozenset({str, type(None)})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def require_columns(path: Path, table: Table, fields: Sequence[str]) -> None:
    """Check that the fields have columns.

    Raises:
        DataError: some have none; the message shows the columns, and how to map one.
    """
    missing = [field for field in fields if field not in table.columns]
    if not missing:
        return
    first, by_command = table.reading.first, table.reading.report.by_command
    if first:
        raise no_header_error(path, first, holds=table.holds, by_command=by_command)
    others = {field: likely(field, table.header, holds=table.holds) or "..." for field in missing}
    raise DataError(
        "{file!r} has no column {missing}; its columns are {columns}. Map them, for example "
        "{example}",
        file=file_name(path),
        missing=" and none ".join(map(repr, missing)),
        columns=", ".join(map(shown, table.header)),
        example=how_to_map(others, by_command=by_command),
    )


def no_header_error(
    path: Path, first: Sequence[str], *, holds: Holds, by_command: bool
) -> DataError:
    """Returns the error for a file without a header of which nobody said what its columns are."""
    advice = how_to_map(numbered(first, holds=holds), by_command=by_command)
    if by_command:  # numbers of this file's columns, and of no other's
        advice = advice.replace("--map ", f"--map {file_name(path)}:", 1)
    return DataError(
        "{file!r} has no header (its first row is {row}); map its columns by number, for example "
        "{example}",
        file=file_name(path),
        row=", ".join(map(shown, first)),
        example=advice,
    )


def numbered(first: Sequence[str], *, holds: Holds) -> dict[str, str]:
    """Returns fields and the numbers of the columns that they may be, by the cells of one row."""
    likely_fields = [_looks_like(cell) if holds == "events" else "" for cell in first]
    likely_fields = [  # ids stand before the values
        "" if number < len(_EVENT_IDS) and field == "value" else field
        for number, field in enumerate(likely_fields)
    ]
    if "kind" in likely_fields:  # which says what a row is, so a number is how much of it
        likely_fields = [field if field != "value" else _amount(cell)
                 for field, cell in zip(likely_fields, first, strict=True)]  # fmt: skip
    by_field = {field: str(number) for number, field in enumerate(likely_fields, start=1) if field}
    free = [
        str(number) for number in range(1, len(first) + 1) if str(number) not in by_field.values()
    ]
    ids = {"events": _EVENT_IDS, "items": ("item_id", "title"), "users": ("user_id",)}
    return {**dict(zip(ids[holds], free, strict=False)), **by_field}


def _amount(cell: str) -> str:
    return "weight" if "." in cell else ""


def _looks_like(cell: str) -> str:
    """Returns the field of an event that a cell can hardly be anything but; empty for others."""
    if dates.is_numeric_date(cell):
        return "timestamp"
    if known_kind(cell):
        return "kind"
    try:
        size = cell_values.number(cell)
    except ValueError:
        size = None
    if size is not None and (size < _EARLIEST or not size.is_integer()):
        return "value" if "." in cell or (size <= _TOP and len(cell) <= _STARS) else ""
    try:
        cell_values.time(cell)
    except ValueError:
        return ""
    return "timestamp"


def content(row: Row) -> int:
    """Returns a hash of all that a row says, to tell a copy from another row with the same id."""
    if _TEXTS.issuperset(map(type, row.values())):
        return hash(sum(map(hash, row.items())))
    return hash(str(sorted(row.items())))  # a list has no hash, and NaN one for each cell


def row_id(reading: Reading, number: int, row: Row, field: str) -> str | None:
    """Returns an id without the spaces around it; None for a row that is left out."""
    raw = row.get(field)
    if isinstance(raw, str) and raw.isprintable() and raw and raw == raw.strip():
        return raw
    if isinstance(raw, list | dict):
        return reading.unusable(number, "nested", field=field, value=cast("object", raw))
    text = raw if isinstance(raw, str) else cell_values.identifier(raw)
    plain = text.strip()
    if not plain:
        return reading.unusable(number, "empty", field=field)
    if _CONTROL.search(plain):
        return reading.unusable(number, "control", field=field, value=plain)
    if plain != text:
        reading.changed("trimmed", field, before=text, after=plain)
    return plain
