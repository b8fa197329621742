"""Files of a data set: their hash, their lines with numbers, and what is said of a broken one.

What the lines mean is each data set's own matter.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import orjson

from recagent.errors import ConfigError, DataError
from recagent.ingest.decoding import UNREADABLE, open_bytes

LARGE = 200_000_000  # bytes, above which a file's size and time stand for its content
_BLOCK = 1 << 20


def fingerprint(paths: Iterable[Path], *, made: str = "") -> str:
    """Hash of the files' bytes (of files above 200 MB: of size and time) and of ``made``.

    Args:
        paths: in an order that is always the same.
        made: what else the data depend on (the declarations by which they were read).

    Raises:
        DataError: a file cannot be read.
    """
    digest = hashlib.blake2b(made.encode(), digest_size=16)
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
    """The folder of a data set.

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
    """The lines of a text file in UTF-8, also compressed, with their numbers from 1; no blank ones.

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
    """The lines of a table with tabs, cut into ``count`` fields, with their numbers.

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
    """The objects of a file with one JSON object a line, with their numbers.

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


@contextmanager
def at_line(path: Path, number: int) -> Generator[None]:
    """What is wrong within is said with file and line.

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
