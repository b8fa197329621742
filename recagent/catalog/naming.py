"""Files that are named on the command line, as settings: what each holds, and its column map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from recagent.catalog import layouts
from recagent.catalog.report import Report
from recagent.catalog.rows import EVENT_FIELDS, ITEM_FIELDS, OTHER_NAMES, USER_FIELDS
from recagent.catalog.tables import open_table
from recagent.errors import DataError
from recagent.settings import CatalogSettings, FileSettings, Settings

FIELDS = tuple(dict.fromkeys((*ITEM_FIELDS, *EVENT_FIELDS, *USER_FIELDS)))
_KINDS: Sequence[layouts.Holds] = ("items", "events", "users")


def named_files(
    settings: Settings, paths: Sequence[Path], *, columns: Mapping[str, str]
) -> Settings:
    """Settings whose catalogue is made of ``paths`` (of the declared files if there are none).

    Args:
        settings: their column maps and encodings hold for the files that they declare.
        paths: files, or folders of MovieLens and RecBole.
        columns: our field -> column; holds for every file that has the column.

    Raises:
        DataError: a file that is none of items, events and people, or a field that is not known.
    """
    unknown = next((field for field in columns if field not in FIELDS), None)
    if unknown is not None:
        raise DataError(f"column map: {unknown!r} is none of {', '.join(FIELDS)}")
    declared = settings.catalog
    if not paths:
        mapped = {kind: tuple(_mapped(file, columns, kind) for file in getattr(declared, kind))
                  for kind in _KINDS}  # fmt: skip
        return settings.model_copy(update={"catalog": declared.model_copy(update=mapped)})
    known: dict[Path, tuple[layouts.Holds, FileSettings]] = {
        file.path.resolve(): (kind, file) for kind in _KINDS for file in getattr(declared, kind)
    }
    found: dict[layouts.Holds, list[FileSettings]] = {kind: [] for kind in _KINDS}
    for path in paths:
        if path.is_dir():
            for kind in _KINDS:
                if any(list(path.glob(name)) for name in layouts.IN_FOLDER[kind]):
                    found[kind].append(_mapped(FileSettings(path=path), columns, kind))
            continue
        declared_as = known.get(path.resolve())
        file = _mapped(declared_as[1] if declared_as else FileSettings(path=path), columns, "items")
        found[declared_as[0] if declared_as else _kind(file)].append(file)
    files = CatalogSettings(
        items=tuple(found["items"]),
        events=tuple(found["events"]),
        users=tuple(found["users"]),
        list_separator=declared.list_separator,
    )
    return settings.model_copy(update={"catalog": files})


def _mapped(file: FileSettings, columns: Mapping[str, str], kind: layouts.Holds) -> FileSettings:
    if not columns:
        return file
    has = _columns(file.model_copy(update={"columns": {}}), kind)
    wanted = {field: column for field, column in columns.items() if column in has}
    return file.model_copy(update={"columns": {**file.columns, **wanted}})


def _columns(file: FileSettings, kind: layouts.Holds) -> list[str]:
    return open_table(file, holds=kind, fields=FIELDS, report=Report()).columns


def _kind(file: FileSettings) -> layouts.Holds:
    """What a file holds, by its columns."""
    columns = _columns(file, "items")
    if {"user_id", "item_id"} <= set(columns):
        return "events"
    if "item_id" in columns:
        return "items"
    if "user_id" in columns:
        return "users"
    guesses = [
        f"{field}={column}"
        for field, others in OTHER_NAMES.items()
        for column in columns
        if column.lower() in others
    ]
    raise DataError(
        f"{str(file.path)!r} has neither item_id nor user_id; it has {', '.join(columns)}. Map "
        f"them: --map {','.join(guesses) or 'item_id=...,title=...'}"
    )
