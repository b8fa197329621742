"""Files to rows, one by one: CSV, TSV, JSON lines, Parquet, RecBole and MovieLens, any encoding.

A row is a dictionary of what stands in the file. What the values mean is the next room's work.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from recagent.catalog import layouts
from recagent.catalog.report import FileRead, Reading, Report, file_name, shown
from recagent.errors import DataError
from recagent.settings import FileSettings

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]
Records = Iterator[list[str] | csv.Error]

# Longer fields than this are an unclosed quote. (The csv module's own limit is 128 KiB.)
_LONGEST_FIELD = 64 * 2**20
_PARQUET_ROWS = 50_000
_BROKEN = re.compile("[\udc80-\udcff]")  # bytes that are no text, as surrogateescape keeps them
_SEPARATORS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = ["gb18030", "big5", "cp1252"]


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
    path, layout = layouts.find(file.path, holds=holds)
    read = FileRead(file=file_name(path), holds=holds, layout=layout.name, encoding="")
    reading = Reading(report, read)
    try:
        columns, rows = _opened(path, layout, file, reading)
    except (OSError, EOFError, UnicodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read ({error}); give a whole file") from error
    names = _mapped(path, columns, {**layout.columns, **file.columns}, fields, file.columns)
    return Table(
        reading=reading,
        columns=[name for name in names.values() if name],
        rows=_counted(path, _renamed(rows, names), read),
    )


def _opened(
    path: Path, layout: layouts.Layout, file: FileSettings, reading: Reading
) -> tuple[list[str], Rows]:
    if layout.kind == "parquet":
        return _parquet(path)
    encoding = file.encoding or _mark(path) or "utf-8"
    reading.read.encoding = encoding
    lines = _Lines(path, encoding)
    decode = _Decoder(reading, lines, encoding, file.fallback or layout.fallback)
    if layout.kind == "json":
        return _json(path, lines, decode)
    texts = {column for field, column in file.columns.items() if field in ("title", "text")}
    return _separated(path, layout, lines, decode, texts)


class _Lines:
    """The lines of a text file; ``broken`` says whether one since ``forget`` is no text."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path = path
        self._encoding = encoding
        self.broken = False

    def __iter__(self) -> Iterator[str]:
        wide = self._encoding.startswith(("utf-16", "utf-32"))
        errors = "strict" if wide else "surrogateescape"
        with (
            closing(_binary(self._path)) as binary,
            io.TextIOWrapper(binary, self._encoding, errors=errors, newline="") as text,
        ):
            for line in text:
                if not line.isascii() and _BROKEN.search(line):
                    self.broken = True
                yield line


class _Decoder:
    """Mends values that are not in the file's encoding, or reports their row."""

    def __init__(self, reading: Reading, lines: _Lines, encoding: str, fallback: str) -> None:
        self.reading = reading
        self._lines = lines
        self._encoding = encoding
        self._fallback = fallback
        self._guess: str | None = None

    def __call__(self, number: int, names: Iterable[str], values: list[str]) -> list[str] | None:
        """The values as text; None for a row that is left out."""
        if not self._lines.broken:
            return values
        self._lines.broken = False
        mended = list(values)
        for place, (name, value) in enumerate(zip(names, values, strict=False)):
            if _BROKEN.search(value):
                text = self._by_fallback(value)
                if text is None:
                    self.reading.unusable(
                        number, "not text", field=name, value=value,
                        encoding=self._encoding, guess=self._guessed(value),
                    )  # fmt: skip
                    return None
                self.reading.changed("fallback", name, before=value, after=text)
                mended[place] = text
        return mended

    def _by_fallback(self, value: str) -> str | None:
        if not self._fallback:
            return None
        try:
            return value.encode(self._encoding, "surrogateescape").decode(self._fallback)
        except UnicodeError:
            return None

    def _guessed(self, value: str) -> str:
        """What the value would read as in another encoding; asked once per file, for it is slow."""
        if self._guess is None:
            from charset_normalizer import from_bytes  # noqa: PLC0415 - rarely needed

            raw = value.encode(self._encoding, "surrogateescape")
            best = from_bytes(raw, cp_isolation=_GUESSES).best()
            self._guess = f" (as {best.encoding} it reads {shown(best)!r})" if best else ""
        return self._guess


def _separated(
    path: Path, layout: layouts.Layout, lines: _Lines, decode: _Decoder, texts: Collection[str]
) -> tuple[list[str], Rows]:
    """Rows of text with separators, under the header's names, or the layout's own."""
    source = iter(lines)
    header = list(layout.header)
    if len(layout.separator) > 1:  # the csv module takes one character
        records: Records = (line.rstrip("\r\n").split(layout.separator) for line in source)
    elif header:
        records = _csv_records(source, layout.separator)
    else:
        first = next(source, "")
        records = _csv_records(chain([first], source), layout.separator or _separator(first))
        named = next(records)
        if isinstance(named, csv.Error):
            raise DataError(f"{str(path)!r}: the header has broken quotes ({named}); repair it")
        header = _columns(path, named)
    if lines.broken:
        raise DataError(
            f"{str(path)!r}: the header is not {decode.reading.read.encoding}; "
            'set the encoding of the file, as encoding = "gb18030"'
        )
    columns, shape = layouts.shape(layout, header, texts=texts)
    rows = _records(records, header, decode)
    return columns, ((number, shape(row)) for number, row in rows) if shape else rows


def _records(records: Records, columns: list[str], decode: _Decoder) -> Rows:
    reading = decode.reading
    for number, record in enumerate(records, start=1):
        if isinstance(record, csv.Error):
            reading.read.rows += 1
            reading.unusable(number, "bad quotes", value=record)
        elif record:  # and no blank line
            reading.read.rows += 1
            if len(record) != len(columns):
                reading.unusable(number, "ragged", value=len(record), expected=len(columns))
            elif (values := decode(number, columns, record)) is not None:
                yield number, dict(zip(columns, values, strict=True))


def _csv_records(lines: Iterator[str], separator: str) -> Records:
    csv.field_size_limit(max(_LONGEST_FIELD, csv.field_size_limit()))
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _separator(header: str) -> str:
    """The comma where the header has one, else the other separator that it has most of."""
    return "," if "," in header else max(_SEPARATORS, key=header.count)


def _json(path: Path, lines: _Lines, decode: _Decoder) -> tuple[list[str], Rows]:
    """One object a line; the columns are those of the first, more may follow."""
    records = _json_records(lines, decode)
    first = next(records, None)
    if first is None:
        raise DataError(f"{str(path)!r} cannot be read (it is empty); give a file with a row")
    return list(first[1]), chain([first], records)


def _json_records(lines: _Lines, decode: _Decoder) -> Rows:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        decode.reading.read.rows += 1
        text = decode(number, ["line"], [line])
        if text is None:
            continue
        try:
            row: object = orjson.loads(text[0])
        except orjson.JSONDecodeError as error:
            decode.reading.unusable(number, "bad json", value=error)
            continue
        if isinstance(row, dict):
            yield number, cast("Row", row)
        else:
            decode.reading.unusable(number, "bad json", value=text[0])


def _parquet(path: Path) -> tuple[list[str], Rows]:
    import polars as pl  # noqa: PLC0415 - half a second that only Parquet pays

    try:
        frame = pl.scan_parquet(path)
        columns = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{str(path)!r} cannot be read ({error}); give a Parquet file") from error

    def rows() -> Rows:
        number = 0
        for batch in frame.collect_batches(chunk_size=_PARQUET_ROWS, maintain_order=True):
            for row in batch.iter_rows(named=True):
                number += 1
                yield number, row

    return columns, rows()


def _mapped(
    path: Path,
    columns: list[str],
    wanted: Mapping[str, str],
    fields: Sequence[str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Column -> our name; empty for a column whose name another one is mapped to."""
    for field in given:
        if field not in fields:
            raise DataError(f"column map: {field!r} is none of {', '.join(fields)}")
    for field, column in given.items():
        if column not in columns:
            raise DataError(
                f"{str(path)!r} has no column {column!r} (mapped to {field!r}); "
                f"it has {', '.join(columns)}"
            )
    names = {column: field for field, column in wanted.items() if column in columns}
    taken = set(names.values())
    return {column: names.get(column, "" if column in taken else column) for column in columns}


def _renamed(rows: Rows, names: Mapping[str, str]) -> Rows:
    if all(column == name for column, name in names.items()):
        return rows
    return (
        (
            number,
            {name: value for column, value in row.items() if (name := names.get(column, column))},
        )
        for number, row in rows
    )


def _counted(path: Path, rows: Rows, read: FileRead) -> Rows:
    """The rows; a fault of the disk or of the compression is said with the file's name."""
    try:
        for number, row in rows:
            if read.layout == "Parquet":
                read.rows += 1
            yield number, row
    except (OSError, EOFError, UnicodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read ({error}); give a whole file") from error


def _columns(path: Path, header: list[str]) -> list[str]:
    """Names of the columns; ``column_1`` and so on for those without one."""
    if not header:
        raise DataError(f"{str(path)!r} cannot be read (it is empty); give a file with a header")
    names = [name.strip() or f"column_{place}" for place, name in enumerate(header, start=1)]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise DataError(f"{str(path)!r} has two columns {double!r}; rename one")
    return names


def _mark(path: Path) -> str:
    """The encoding that a file's byte order mark says; empty without one."""
    with closing(_binary(path)) as binary:
        head = binary.read(4)
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")


def _binary(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")
