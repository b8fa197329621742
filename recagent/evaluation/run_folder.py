"""The folder of a run: its files, and how they are written so that a kill loses no whole line.

``launch`` runs experiments; this module reads and writes files.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from recagent.domain import Case
from recagent.errors import DataError
from recagent.evaluation.programs import ProgramCost
from recagent.offline.results import Manifest, ModelDialogue, Result, Values
from recagent.offline.summaries import Summary

MANIFEST = "run.json"
EXPERIMENT = "experiment.toml"
CASES = "cases.jsonl"
RESULTS = "results.jsonl"
CONVERSATIONS = "conversations.jsonl"
VALUES = "values.jsonl"
SUMMARY = "summary.json"
TITLES = "titles.json"
PROGRAMS = "programs.json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """Is a finished run, as read from its folder.

    Attributes:
        cases: by id, in the order in which they stand in the file.
        results: one for each system, case and variant; of several the last.
        conversations: may be empty.
        titles: captions of items, by id; may be empty.
        programs: what the systems that are commands took, by system.
    """

    folder: Path
    manifest: Manifest
    cases: Mapping[str, Case]
    results: Sequence[Result]
    conversations: Sequence[ModelDialogue]
    values: Sequence[Values]
    summary: Summary
    titles: Mapping[str, str]
    programs: Mapping[str, ProgramCost] = field(default_factory=dict[str, ProgramCost])


def load_run(folder: Path) -> Run:
    """Reads a finished run.

    Raises:
        DataError: the folder is no run, the run is not finished, or a file of it is broken.
    """
    manifest = read_json(Manifest, folder / MANIFEST)
    if not (folder / SUMMARY).is_file():
        raise DataError(
            "run {run!r} is not finished; resume it with 'recagent eval run --resume {folder}'",
            run=str(folder),
            folder=folder,
        )
    titles = folder / TITLES
    results = {(each.system, each.case, each.variant): each
               for each in read_lines(Result, folder / RESULTS)}  # fmt: skip
    dialogues = {(each.system, each.case): each
            for each in read_lines(ModelDialogue, folder / CONVERSATIONS)}  # fmt: skip
    return Run(
        folder=folder,
        manifest=manifest,
        cases={case.id: case for case in read_lines(Case, folder / CASES)},
        results=tuple(results.values()),
        conversations=tuple(dialogues.values()),
        values=read_lines(Values, folder / VALUES),
        summary=read_json(Summary, folder / SUMMARY),
        titles=read_json(dict[str, str], titles) if titles.is_file() else {},
        programs=read_costs(folder),
    )


def read_costs(folder: Path) -> dict[str, ProgramCost]:
    """Returns what the programs of a run took; nothing where there are none."""
    path = folder / PROGRAMS
    return read_json(dict[str, ProgramCost], path) if path.is_file() else {}


def read_json(kind: type[T], path: Path) -> T:
    """Returns the value of a JSON file.

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    try:
        return _adapter(kind).validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(
            "{folder!r} is not a run: it has no {file}; give a folder that 'recagent eval run' "
            "wrote",
            folder=str(path.parent),
            file=path.name,
        ) from error
    except ValidationError as error:
        raise DataError(
            "file {path!r} is not as recagent wrote it: {problem}; restore it, or run the "
            "experiment again",
            path=str(path),
            problem=_first(error),
        ) from error


def read_lines(kind: type[T], path: Path) -> list[T]:
    """Returns the values of all whole lines; none where there is neither the file nor its ``.gz``.

    A last line without an end, which a killed process leaves, is skipped.

    Raises:
        DataError: a line holds something else.
    """
    adapter = _adapter(kind)
    values: list[T] = []
    *whole, _torn = _content(path).split(b"\n")
    for number, line in enumerate(whole, start=1):
        try:
            values.append(adapter.validate_json(line))
        except ValidationError as error:
            raise DataError(
                "file {path!r} line {line} is not as recagent wrote it: {problem}; delete the "
                "line and resume the run",
                path=str(path),
                line=number,
                problem=_first(error),
            ) from error
    return values


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _content(path: Path) -> bytes:
    """Returns the bytes of the file or, as kept runs have it, of its gzipped copy."""
    packed = _packed(path)
    if not path.is_file() and packed.is_file():
        try:
            return gzip.decompress(packed.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                "file {path!r} is not as recagent wrote it: {problem}; restore it, or run "
                "the experiment again",
                path=str(packed),
                problem=error,
            ) from error
    return path.read_bytes() if path.is_file() else b""


def write_json(path: Path, value: object) -> None:
    """Writes a file; a kill leaves it whole or as it was before."""
    _replace(path, _bytes(value, option=orjson.OPT_INDENT_2) + b"\n")


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Writes a file of one value a line; a kill leaves it whole or as it was before."""
    _replace(path, b"".join(_bytes(value) + b"\n" for value in values))
    _packed(path).unlink(missing_ok=True)  # an older copy


def append_lines(path: Path, values: Iterable[object]) -> None:
    """Appends one line for each value.

    One write hands them to the system, so that a kill afterwards loses none.
    """
    rest = memoryview(b"".join(_bytes(value) + b"\n" for value in values))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o644)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def repair_lines(path: Path) -> None:
    """Prepares a file of lines for appending: unpacked, and without a torn last line."""
    packed = _packed(path)
    if packed.is_file() and not path.is_file():
        _replace(path, _content(path))
        packed.unlink()
    if path.is_file():
        whole = path.read_bytes().rfind(b"\n") + 1
        if whole < path.stat().st_size:
            os.truncate(path, whole)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write \r\n


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


def _bytes(value: object, *, option: int = 0) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError:  # half a character, which only a broken reply can hold
        plain: Any = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        text = json.dumps(plain, ensure_ascii=False, default=str)
        return text.encode("utf-8", errors="replace")


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _first(error: ValidationError) -> str:
    """Returns the place and the text of its first complaint."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else first["msg"]
