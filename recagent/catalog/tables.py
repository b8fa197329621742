"""Files to rows, one by one: CSV, TSV, JSON lines, Parquet, RecBole and MovieLens, any encoding.

A row is a dictionary of what stands in the file. What the values mean is the next room's work.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, cast

import orjson

from recagent.catalog import layouts
from recagent.catalog.decoding import UNREADABLE, Decoder, Lines
from recagent.catalog.report import FileRead, Reading, Report, file_name, shown
from recagent.errors import DataError
from recagent.settings import FileSettings

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]
Records = Iterator[list[str] | csv.Error]
Names = Mapping[str, str]  # column -> what we call it; empty for one that is not read
Opened = tuple[list[str], Callable[[Names], Rows]]

# Longer fields than this are an unclosed quote. (The csv module's own limit is 128 KiB.)
_LONGEST_FIELD = 64 * 2**20
_PARQUET_ROWS = 50_000
_JSON_HEAD = 1_000  # lines whose keys are the columns; keys that come later are read as well
_SEPARATORS = ",;\t|"


@dataclass(slots=True, kw_only=True)
class Table:
    """An open file: the names of its columns (ours, where mapped), and its rows, to be read once.

    Rows are numbered from 1, the header apart; one that is broken is reported and left out.
    """

    reading: Reading
    columns: list[str]
    rows: Rows


def open_table(
    file: FileSettings, *, holds: layouts.Holds, fields: Sequence[str], report: Report
) -> Table:
    """Open a file and read its header.

    Args:
        file: path, column map and encoding.
        holds: what its rows are; chooses the file where the path is a folder.
        fields: the names that the column map may use.
        report: told of every row that cannot be read.

    Raises:
        DataError: no such file or column, an unknown format, or nothing in it.
    """
    path = file.path
    try:
        path, layout = layouts.find(file.path, holds=holds)
        read = FileRead(file=file_name(path), holds=holds, layout=layout.name, encoding="")
        reading = Reading(report, read)
        columns, rows = _opened(path, layout, file, reading)
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    names = _named(path, columns, layout.columns, file.columns, fields)
    for column, name in names.items():
        if not name:
            reading.note(None, "hidden column", field=column)
    return Table(
        reading=reading,
        columns=[name for name in names.values() if name],
        rows=_guarded(path, rows(names)),
    )


def _opened(path: Path, layout: layouts.Layout, file: FileSettings, reading: Reading) -> Opened:
    if layout.kind == "parquet":
        return _parquet(path, reading)
    lines = Lines(path, file.encoding)
    reading.read.encoding = lines.encoding
    decode = Decoder(reading, lines, fallback=file.fallback or layout.fallback)
    if layout.kind == "json":
        return _json(path, lines, decode)
    texts = {column for field, column in file.columns.items() if field in ("title", "text")}
    source = iter(lines)
    separator, header = layout.separator, list(layout.header)
    if not header:
        first = next((line for line in source if line.strip()), "")
        separator = separator or _separator(first)
        header = _header(path, _csv_records(chain([first], source), separator))
    if lines.broken:
        guess, reads = decode.guessed(" ".join(header))
        raise DataError(
            f"{str(path)!r}: the header is not {lines.encoding}; in {guess} it reads "
            f'{shown(reads)!r}: set the encoding of the file, as encoding = "{guess}"'
        )
    # What has a header of our own knows no quotes, and neither have files with tabs.
    quoting = csv.QUOTE_NONE if layout.header or separator == "\t" else csv.QUOTE_MINIMAL
    records = _records(_split(source, separator, quoting), decode, header)
    columns, shape = layouts.shape(layout, header, texts=texts)
    _refuse_doubles(path, columns)
    return columns, partial(_separated, records, header, shape)


def _separated(
    records: Iterator[tuple[int, list[str]]],
    header: Sequence[str],
    shape: layouts.Shape | None,
    names: Names,
) -> Rows:
    """Rows with our names; the usual case is the fast one."""
    if shape is not None:
        shaped = ((number, shape(dict(zip(header, record, strict=True))))
                  for number, record in records)  # fmt: skip
        return _renamed(shaped, names)
    ours = [names[column] for column in header]
    rows = ((number, dict(zip(ours, record, strict=True))) for number, record in records)
    return rows if all(ours) else _renamed(rows, {"": ""})


def _records(
    records: Records, decode: Decoder, header: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    """Whole records that are text, with their numbers; the others are reported."""
    reading, width = decode.reading, len(header)
    for number, record in enumerate(records, start=1):
        if isinstance(record, csv.Error):
            reading.read.rows += 1
            reading.unusable(number, "bad quotes", value=record)
        elif record:  # and no blank line
            reading.read.rows += 1
            if len(record) != width:
                reading.unusable(number, "ragged", value=len(record), expected=width)
            elif (values := decode(number, header, record)) is not None:
                yield number, values


def _split(lines: Iterator[str], separator: str, quoting: Any) -> Records:
    if len(separator) == 1:
        return _csv_records(lines, separator, quoting)
    # The csv module takes one character.
    ended = (line.rstrip("\r\n") for line in lines)
    return (line.split(separator) if line else [] for line in ended)


def _csv_records(lines: Iterator[str], separator: str, quoting: Any = csv.QUOTE_MINIMAL) -> Records:
    """Records, and an error for each that is broken: of those only the first line is given up.

    An unclosed quote would otherwise take the lines after it along, and nobody would know.
    """
    csv.field_size_limit(max(_LONGEST_FIELD, csv.field_size_limit()))
    again: deque[str] = deque()
    taken: list[str] = []

    def source() -> Iterator[str]:
        while (line := again.popleft() if again else next(lines, None)) is not None:
            taken.append(line)
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
            again.extendleft(reversed(taken[1:]))
            records = reader()
            yield error
        else:
            yield record
        taken.clear()


def _separator(header: str) -> str:
    """The comma where the header has one, else the other separator that it has most of."""
    return "," if "," in header else max(_SEPARATORS, key=header.count)


def _header(path: Path, records: Records) -> list[str]:
    """Names of the columns; ``column_1`` and so on for those without one."""
    named = next(records)
    if isinstance(named, csv.Error):
        raise DataError(f"{str(path)!r}: the header has broken quotes ({named}); repair it")
    if not named:
        raise DataError(f"{str(path)!r} cannot be read (it is empty); give a file with a header")
    names = [name.strip() or f"column_{place}" for place, name in enumerate(named, start=1)]
    _refuse_doubles(path, names)
    return names


def _refuse_doubles(path: Path, names: Sequence[str]) -> None:
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise DataError(f"{str(path)!r} has two columns {shown(double)!r}; rename one")


def _json(path: Path, lines: Lines, decode: Decoder) -> Opened:
    """One object a line; the columns are the keys of the first ones, others may follow."""
    records = _json_records(lines, decode)
    head = list(islice(records, _JSON_HEAD))
    if not head:
        raise DataError(
            f"{str(path)!r} cannot be read (it is empty, or no line is a JSON object); give a file "
            "with one object a line"
        )
    columns = list(dict.fromkeys(column for _, row in head for column in row))
    return columns, partial(_renamed, chain(head, records))


def _json_records(lines: Lines, decode: Decoder) -> Rows:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        decode.reading.read.rows += 1
        # Between its quotes a line holds the values, each of which may have its own encoding.
        pieces = decode(number, repeat("line"), line.split('"') if lines.broken else [line])
        if pieces is None:
            continue
        try:
            row: object = orjson.loads('"'.join(pieces))
        except orjson.JSONDecodeError as error:
            decode.reading.unusable(number, "bad json", value=error)
            continue
        if isinstance(row, dict):
            yield number, cast("Row", row)
        else:
            decode.reading.unusable(number, "bad json", value=line)


def _parquet(path: Path, reading: Reading) -> Opened:
    import polars as pl  # noqa: PLC0415 - half a second that only Parquet pays

    def refused(error: Exception) -> DataError:
        return DataError(f"{str(path)!r} cannot be read ({error}); give a Parquet file")

    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise refused(error) from error

    # Some writers leave out that their bytes are text.
    binary = [name for name, kind in schema.items() if kind == pl.Binary]

    def rows() -> Rows:
        try:
            for batch in frame.collect_batches(chunk_size=_PARQUET_ROWS, maintain_order=True):
                for row in batch.iter_rows(named=True):
                    reading.read.rows += 1
                    for column in binary:
                        if row[column] is not None:
                            row[column] = row[column].decode("utf-8", "backslashreplace")
                    yield reading.read.rows, row
        except pl.exceptions.PolarsError as error:
            raise refused(error) from error

    return schema.names(), partial(_renamed, rows())


def _named(
    path: Path,
    columns: Sequence[str],
    known: Mapping[str, str],
    given: Mapping[str, str],
    fields: Sequence[str],
) -> dict[str, str]:
    """Every column's name in our words; empty where another column is mapped to that name."""
    for field, column in given.items():
        if field not in fields:
            raise DataError(f"column map: {field!r} is none of {', '.join(fields)}")
        if column not in columns:
            raise DataError(
                f"{str(path)!r} has no column {column!r} (mapped to {field!r}); "
                f"it has {', '.join(map(shown, columns))}"
            )
        others = [other for other in given if given[other] == column and other != field]
        if others:
            raise DataError(
                f"column map: {field!r} and {others[0]!r} are both mapped to {column!r}; "
                "a column can be one thing"
            )
    names = {column: field for field, column in {**known, **given}.items() if column in columns}
    taken = set(names.values())
    return {column: names.get(column, "" if column in taken else column) for column in columns}


def _renamed(rows: Rows, names: Names) -> Rows:
    if all(name and column == name for column, name in names.items()):
        return rows
    taken = set(names.values())
    return (
        (
            number,
            {
                name: value
                for column, value in row.items()
                if (name := names.get(column, "" if column in taken else column))
            },
        )
        for number, row in rows
    )


def _guarded(path: Path, rows: Rows) -> Rows:
    """The rows; a fault of the disk or of the compression is said with the file's name."""
    try:
        yield from rows
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{str(path)!r} cannot be read ({error}); give a whole file")
