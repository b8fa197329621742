"""Text with separators to records: lists of fields, and an error in place of each broken one.

Decoding is done before, and naming the fields after.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recagent.errors import DataError
from recagent.ingest.report import file_name, shown

Records = Iterator[list[str] | csv.Error]

# Longer fields than this are an unclosed quote. (The csv module's own limit is 128 KiB.)
_LONGEST = 64 * 2**20
_SEPARATORS = ",;\t|"
_DOUBLE = "::"


def delimited_records(lines: Iterator[str], separator: str, quoting: Any) -> Records:
    """Returns records of lines without a header; a blank line is an empty one."""
    if len(separator) == 1:
        return csv_records(lines, separator, quoting)
    # The csv module takes one character.
    ended = (line.rstrip("\r\n") for line in lines)
    return (line.split(separator) if line else [] for line in ended)


def csv_records(lines: Iterator[str], separator: str, quoting: Any = csv.QUOTE_MINIMAL) -> Records:
    """Yields records, and an error for each broken one, of which only one line is given up.

    An unclosed quote would otherwise take the lines after it along, and nobody would know.
    """
    csv.field_size_limit(max(_LONGEST, csv.field_size_limit()))
    again: deque[str] = deque()
    record_lines: list[str] = []

    def source() -> Iterator[str]:
        while (line := again.popleft() if again else next(lines, None)) is not None:
            record_lines.append(line)
            yield line

    def reader() -> Iterator[list[str]]:
        return csv.reader(source(), delimiter=separator, quoting=quoting, strict=True)

    records = reader()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            again.extendleft(reversed(record_lines[1:]))
            records = reader()
            yield error
        else:
            yield record
        record_lines.clear()


def separator(header: str) -> str:
    """Returns the comma where the header has one, else the other separator that it has most of."""
    if _DOUBLE in header:
        return _DOUBLE
    return "," if "," in header else max(_SEPARATORS, key=header.count)


def is_data_row(record: Sequence[str], below: Sequence[str]) -> bool:
    """Returns whether a first line without a known name in it is a row like the one below it.

    It is one where a cell is a number or a time, or a code of the same make as the one below. Only
    numbers that count the columns are names.
    """
    if [cell.strip() for cell in record] in (
        [str(number) for number in range(first, first + len(record))] for first in (0, 1)
    ):
        return False
    pairs = zip(record, below or record, strict=False)
    return any(_make(cell) == _make(other) for cell, other in pairs if _has_digit(cell))


def _has_digit(cell: str) -> bool:
    return any(char.isdigit() for char in cell)


def _make(cell: str) -> str:
    """Returns the make of a cell: ``b12`` and ``b7`` have one, and so have any two numbers."""
    plain = re.sub(r"\d+", "9", cell.strip())
    return "9" if re.fullmatch(r"[-+]?9?[.,]?9(e[-+]?9)?", plain) else plain


def header_names(path: Path, records: Records) -> list[str]:
    """Returns names of the columns; ``column_1`` and so on for those without one."""
    header = next(records)
    if isinstance(header, csv.Error):
        raise DataError(
            "{file!r}: the header has unbalanced quotes ({error}); fix it",
            file=file_name(path),
            error=header,
        )
    if not header:
        raise DataError(
            "cannot read {file!r}: it is empty; give a file with a header", file=file_name(path)
        )
    names = [name.strip() or unnamed_column(number) for number, name in enumerate(header, start=1)]
    refuse_duplicate_names(path, names)
    return names


def unnamed_column(number: int) -> str:
    """Returns what a column without a name is called, by its place from 1."""
    return f"column_{number}"


def refuse_duplicate_names(path: Path, names: Sequence[str]) -> None:
    """Raise a DataError if a name comes twice."""
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise DataError(
            "{file!r} has two columns named {column!r}; rename one",
            file=file_name(path),
            column=shown(double),
        )
