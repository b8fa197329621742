"""Files of a data set: their hash, their lines with numbers, and errors that name the line."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError

from recagent.errors import ConfigError, DataError
from recagent.ingest.decoding import UNREADABLE, open_bytes

LARGE = 200_000_000  # bytes, above which a file's size and time stand for its content
_BLOCK = 1 << 20
Row = TypeVar("Row", bound=BaseModel)


def fingerprint(paths: Iterable[Path], *, declarations: str = "") -> str:
    """Returns a hash of the files' bytes (of size and time above 200 MB) and of ``declarations``.

    Args:
        paths: in an order that is always the same.
        declarations: by which they were read; what else the data depend on.

    Raises:
        DataError: a file cannot be read.
    """
    digest = hashlib.blake2b(declarations.encode(), digest_size=16)
    for path in paths:
        try:
            status = path.stat()
            digest.update(f"\0{path.name}\0{status.st_size}\0".encode())
            if status.st_size > LARGE:
                digest.update(str(status.st_mtime_ns).encode())
                continue
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise _unreadable(path, error) from error
    return digest.hexdigest()


def data_folder(path: Path | None, *, source: str, needs: Sequence[str] = ()) -> Path:
    """Returns the folder of a data set, checked.

    Raises:
        ConfigError: no path is given, it is no folder, or a file that it needs is not there.
    """
    if path is None:
        raise ConfigError(
            '[data] source = "{source}" needs path, the folder of its files', source=source
        )
    if not path.is_dir():
        raise ConfigError(
            "[data] path {path!r} is not a folder; source {source!r} needs one",
            path=str(path),
            source=source,
        )
    for name in needs:
        if not (path / name).is_file():
            raise ConfigError(
                "[data] path {path!r} has no file {file!r}; source {source!r} needs it",
                path=str(path),
                file=name,
                source=source,
            )
    return path


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank of a text file in UTF-8, with numbers from 1.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with closing(open_bytes(path)) as binary, io.TextIOWrapper(binary, "utf-8") as text:
            for number, line in enumerate(text, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def table_rows(path: Path, *, count: int, header: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields the lines of a table with tabs, cut into ``count`` fields, with their numbers.

    Raises:
        DataError: it cannot be read, or a line has another number of fields.
    """
    for number, line in numbered_lines(path):
        if header and number == 1:
            continue
        cells = line.split("\t")
        with at_line(path, number):
            if len(cells) != count:
                raise DataError(
                    "{count} fields instead of {wanted}", count=len(cells), wanted=count
                )
        yield number, cells


def json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields the objects of a file with one JSON object a line, with their numbers.

    Raises:
        DataError: it cannot be read, or a line is no JSON object.
    """
    for number, line in numbered_lines(path):
        with at_line(path, number):
            row = _object(line)
        yield number, row


def _object(line: str) -> Mapping[str, Any]:
    try:
        row: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError("not JSON ({error})", error=error) from error
    if not isinstance(row, dict):
        raise DataError("not a JSON object")
    return cast("Mapping[str, Any]", row)


def valid_row(kind: type[Row], row: object) -> Row:
    """Returns the row as a value of its model.

    Raises:
        DataError: names the first field that cannot be used.
    """
    try:
        return kind.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise DataError(
            "field {field!r} cannot be used: {problem}", field=field, problem=first["msg"]
        ) from error


@contextmanager
def at_line(path: Path, number: int) -> Generator[None]:
    """Names file and line in errors from within.

    Raises:
        DataError: the one from within, placed.
    """
    try:
        yield
    except DataError as error:
        raise DataError(
            "{path!r}, line {line}: {error}; correct or delete the line",
            path=str(path),
            line=number,
            error=error,
        ) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        "cannot read {path!r} ({error}); give the complete file", path=str(path), error=error
    )
