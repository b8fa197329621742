"""Files to rows, one by one: CSV, TSV, JSON lines, Parquet, RecBole and MovieLens, any encoding.

A row is a dictionary of what stands in the file. What it means is decided in ``items``, ``events``
and ``users``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, cast

import orjson

from recagent.config.data_sections import FileSettings
from recagent.errors import ConfigError, DataError
from recagent.ingest import delimited, layouts
from recagent.ingest.columns import MAPPED, ColumnNames, how_to_map, is_known, name_columns
from recagent.ingest.decoding import UNREADABLE, Decoder, FileLines, is_broken
from recagent.ingest.event_kinds import with_kinds
from recagent.ingest.report import Reading, Report, file_name, shown

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]
Names = Mapping[str, str]  # column -> what we call it; empty for one that is not read
Opened = tuple[list[str], Callable[[Names], Rows]]

_PARQUET_ROWS = 50_000
_PEEKED = 1  # lines below the first one that are looked at
_JSON_HEAD = 1_000  # lines whose keys are the columns; keys that come later are read as well


@dataclass(slots=True, kw_only=True)
class Table:
    """An open file: its columns as it calls them and as we do, and its rows, to be read once.

    Rows are numbered from 1, the header apart; one that is broken is reported and left out.
    ``fields`` tells of every column that is read what the file calls it.
    """

    holds: layouts.Holds
    reading: Reading
    header: Sequence[str]
    columns: list[str]
    fields: Mapping[str, str]
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns of a file, and its first row where that stands in place of their names."""

    columns: Sequence[str]
    layout: layouts.Layout
    first: Sequence[str]


def open_table(file: FileSettings, *, holds: layouts.Holds, report: Report) -> Table:
    """Open a file and read its header.

    Args:
        file: path, column map and encoding.
        holds: what its rows are; chooses the file where the path is a folder.
        report: takes every row that cannot be read.

    Raises:
        DataError: no such file or column, an unknown format, or nothing in it.
        ConfigError: a Parquet file, and the extra ``parquet`` is not installed.
    """
    path, layout, reading, columns, rows = _opened(file, holds, report)
    column_map = dict(file.columns)
    if reading.first:  # columns without names are given by their numbers
        column_map = {field: delimited.unnamed_column(int(column)) if column.isdecimal() else column
                 for field, column in column_map.items()}  # fmt: skip
    _check_map(path, columns, column_map, MAPPED[holds])
    known = {field: column for field, column in layout.columns.items() if column in columns}
    naming = name_columns(
        columns,
        holds=holds,
        mapped={**known, **column_map},
        file=file_name(path),
        by_command=reading.report.by_command,
    )
    columns_by_field = {name: column for column, name in naming.names.items() if name}
    report.columns[reading.file] = columns_by_field
    _note_naming(reading, naming)
    read_rows = rows(naming.names)
    renames_kinds = holds == "events" and (file.kind or file.kinds)
    return Table(
        holds=holds,
        reading=reading,
        header=columns,
        columns=[*columns_by_field],
        fields=columns_by_field,
        rows=_guarded(path, with_kinds(read_rows, file) if renames_kinds else read_rows),
    )


def header_of(file: FileSettings, *, holds: layouts.Holds) -> Header:
    """Returns a file's columns under their own names, and its layout; raises as ``open_table``."""
    _, layout, reading, columns, _ = _opened(file, holds, Report())
    return Header(columns=columns, layout=layout, first=reading.first)


def _opened(
    file: FileSettings, holds: layouts.Holds, report: Report
) -> tuple[Path, layouts.Layout, Reading, list[str], Callable[[Names], Rows]]:
    """Returns path, layout, reading, columns and rows; raises as ``open_table``."""
    path = file.path
    try:
        path, layout = layouts.find_file(file.path, holds=holds)
        reading = Reading(report=report, file=file_name(path), holds=holds, layout=layout.name)
        return path, layout, reading, *_content(path, layout, file, reading)
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _content(path: Path, layout: layouts.Layout, file: FileSettings, reading: Reading) -> Opened:
    if layout.kind == "parquet":
        return _parquet(path, reading)
    lines = FileLines(path, file.encoding)
    reading.encoding = lines.encoding
    decode = Decoder(reading, lines, fallback=file.fallback or layout.fallback)
    if layout.kind == "json":
        return _json(path, lines, decode)
    texts = {column for field, column in file.columns.items() if field in ("title", "text")}
    source = iter(lines)
    separator, header = layout.separator, list(layout.header)
    if not header:
        first = next((line for line in source if line.strip()), "")
        separator = separator or delimited.separator(first)
        cells, source = _first_row(first, source, separator, file, layout)
        reading.first = cells
        header = [delimited.unnamed_column(number) for number in range(1, len(cells) + 1)]
        header = header or delimited.header_names(
            path, delimited.delimited_records(source, separator, csv.QUOTE_MINIMAL)
        )
    if is_broken("".join(header)):
        guess, reads = decode.guessed(" ".join(header))
        raise DataError(
            "{file!r}: the header is not {encoding}; as {guess} it reads {reading!r}: set the "
            'encoding of the file, for example encoding = "{guess}"',
            file=file_name(path),
            encoding=lines.encoding,
            guess=guess,
            reading=shown(reads),
        )
    # What has a header of our own knows no quotes, and neither have files with tabs.
    quoting = csv.QUOTE_NONE if layout.header or separator == "\t" else csv.QUOTE_MINIMAL
    records = _records(delimited.delimited_records(source, separator, quoting), decode, header)
    columns, shape = layouts.shape(layout, header, texts=texts)
    delimited.refuse_duplicate_names(path, columns)
    return columns, partial(_dictionaries, records, header, shape)


def _first_row(
    line: str, rest: Iterator[str], separator: str, file: FileSettings, layout: layouts.Layout
) -> tuple[list[str], Iterator[str]]:
    """Returns the cells of a first line, empty if it is a header; and all lines again."""
    head = list(islice(rest, _PEEKED))
    again = chain([line], head, rest)
    if file.header is True or layout.kind == "recbole" or not line.strip():
        return [], again
    records = delimited.delimited_records(iter([line, *head]), separator, csv.QUOTE_MINIMAL)
    rows = [record for record in islice(records, 2) if not isinstance(record, csv.Error)]
    if not rows:
        return [], again
    cells, below = rows[0], rows[1] if len(rows) > 1 else list[str]()
    mapped_columns = {column for column in file.columns.values() if not column.isdecimal()}
    has_names = any(is_known(cell) or cell.strip() in mapped_columns for cell in cells)
    is_row = file.header is False or (not has_names and delimited.is_data_row(cells, below))
    return (cells if is_row else []), again


def _dictionaries(
    records: Iterator[tuple[int, list[str]]],
    header: Sequence[str],
    shape: layouts.Shape | None,
    names: Names,
) -> Rows:
    """Returns rows with our names; the usual case is the fast one."""
    if shape is not None:
        shaped = ((number, shape(dict(zip(header, record, strict=True))))
                  for number, record in records)  # fmt: skip
        return _renamed(shaped, names)
    ours = [names[column] for column in header]
    rows = ((number, dict(zip(ours, record, strict=True))) for number, record in records)
    return rows if all(ours) else _renamed(rows, {"": ""})


def _records(
    records: delimited.Records, decode: Decoder, header: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yields whole records that are text, with their numbers; the others are reported."""
    reading, width = decode.reading, len(header)
    for number, record in enumerate(records, start=1):
        if isinstance(record, csv.Error):
            reading.rows += 1
            reading.unusable(number, "bad quotes", value=record)
        elif record:  # and no blank line
            reading.rows += 1
            if number <= _PEEKED + 1:  # its line was read before another's, which may have set it
                decode.lines.broken = True
            if len(record) != width:
                record = _fitted(record, header)  # noqa: PLW2901
            if len(record) != width:
                reading.unusable(number, "ragged", value=len(record), expected=width)
            elif not decode.lines.broken:
                yield number, record
            elif (values := decode(number, header, record)) is not None:
                yield number, values


def _fitted(record: list[str], header: Sequence[str]) -> list[str]:
    """Returns a record of the header's length, if separators at the end are all that differ.

    They stand at the end of every row in some exports, and in others at that of the header alone.
    """
    width = len(header)
    if len(record) > width and not any(field.strip() for field in record[width:]):
        return record[:width]
    nameless = all(
        name == delimited.unnamed_column(number)
        for number, name in enumerate(header[len(record) :], start=len(record) + 1)
    )
    return [*record, *[""] * (width - len(record))] if nameless else record


def _json(path: Path, lines: FileLines, decode: Decoder) -> Opened:
    """Returns one object a line; the columns are the keys of the first ones, others may follow."""
    records = _json_records(lines, decode)
    head = list(islice(records, _JSON_HEAD))
    if not head:
        raise DataError(
            "cannot read {file!r}: it is empty or no line is a JSON object; give a file with one "
            "object per line",
            file=file_name(path),
        )
    columns = list(dict.fromkeys(column for _, row in head for column in row))
    return columns, partial(_renamed, chain(head, records))


def _json_records(lines: FileLines, decode: Decoder) -> Rows:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        decode.reading.rows += 1
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
    try:
        import polars as pl  # noqa: PLC0415 - half a second that only Parquet pays
    except ImportError as error:
        raise ConfigError(
            "reading {file!r} needs 'polars'; run: pip install 'recagent[parquet]'",
            file=file_name(path),
        ) from error

    def refused(error: Exception) -> DataError:
        return DataError(
            "cannot read {file!r} ({error}); give a Parquet file",
            file=file_name(path),
            error=error,
        )

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
                    reading.rows += 1
                    for column in binary:
                        if row[column] is not None:
                            row[column] = row[column].decode("utf-8", "backslashreplace")
                    yield reading.rows, row
        except pl.exceptions.PolarsError as error:
            raise refused(error) from error

    return schema.names(), partial(_renamed, rows())


def _check_map(
    path: Path, columns: Sequence[str], column_map: Mapping[str, str], fields: Sequence[str]
) -> None:
    for field, column in column_map.items():
        if field not in fields:
            raise DataError(
                "column map: unknown field {field!r}; use one of {known}",
                field=field,
                known=", ".join(fields),
            )
        if column not in columns:
            raise DataError(
                "{file!r} has no column {column!r} (mapped to {field!r}); its columns are "
                "{columns}",
                file=file_name(path),
                column=column,
                field=field,
                columns=", ".join(map(shown, columns)),
            )
        others = [other for other in column_map if column_map[other] == column and other != field]
        if others:
            raise DataError(
                "column map: {field!r} and {other!r} are both mapped to {column!r}; map a column "
                "to one field only",
                field=field,
                other=others[0],
                column=column,
            )


def _note_naming(reading: Reading, naming: ColumnNames) -> None:
    """Say what the columns are taken for where nobody said it, and which nothing reads."""
    if naming.guessed:
        pairs = (f"{shown(column)!r} → {name}" for name, column in naming.guessed.items())
        name = Path(reading.file).name
        reading.note(None, "read as", pairs=", ".join(pairs), name=name)
    for column, name in naming.names.items():
        if not name:
            reading.note(None, "hidden column", field=column)
    suggestions = {name: column for column, name in naming.meant.items()}
    item_columns = reading.report.item_columns.get(reading.file, ())
    unread = [column for column in naming.unread if column not in item_columns]
    names = ", ".join(repr(shown(column)) for column in unread or suggestions.values())
    if names:
        kind = "unread" if unread else "attribute"
        advice = how_to_map(suggestions, by_command=reading.report.by_command)
        reading.note(None, f"{kind} {'meant' if suggestions else 'columns'}", columns=names,
                     advice=advice)  # fmt: skip


def _renamed(rows: Rows, names: Names) -> Rows:
    if all(name and column == name for column, name in names.items()):
        return rows
    fields = set(names.values())
    return (
        (
            number,
            {
                name: value
                for column, value in row.items()
                if (name := names.get(column, "" if column in fields else column))
            },
        )
        for number, row in rows
    )


def _guarded(path: Path, rows: Rows) -> Rows:
    """Yields the rows; an error of the disk or the compression names the file."""
    try:
        yield from rows
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        "cannot read {path!r} ({error}); give the complete file", path=file_name(path), error=error
    )
