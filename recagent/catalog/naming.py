"""Files that are named on the command line, as settings: what each holds, and its column map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from recagent.catalog import layouts
from recagent.catalog.columns import FIELDS as FIELDS_OF
from recagent.catalog.columns import fields_of, how_to_map
from recagent.catalog.report import file_name, shown
from recagent.catalog.tables import header_of
from recagent.errors import DataError
from recagent.sections import FileSettings
from recagent.settings import Settings

FIELDS = tuple(dict.fromkeys(name for names in FIELDS_OF.values() for name in names))
Held = list[tuple[layouts.Holds, FileSettings]]
_KINDS: Sequence[layouts.Holds] = ("items", "events", "users")


def named_files(
    settings: Settings, paths: Sequence[Path], *, columns: Mapping[str, str]
) -> Settings:
    """Settings whose catalogue is made of ``paths``; without any, of the declared files.

    Where none of them holds items, the declared items stay, since events are checked against them.

    Args:
        settings: their column maps and encodings hold for the files that they declare.
        paths: files, or folders of MovieLens and RecBole.
        columns: our field -> column; holds for every file that has the column.

    Raises:
        DataError: a file that is none of items, events and people, a field that is not known, or a
            column that no file has.
    """
    unknown = next((field for field in columns if field not in FIELDS), None)
    if unknown is not None:
        raise DataError(f"column map: {unknown!r} is none of {', '.join(FIELDS)}")
    files: Mapping[layouts.Holds, Sequence[FileSettings]] = {
        kind: getattr(settings.catalog, kind) for kind in _KINDS
    }
    meant: Held = [(kind, file) for kind in _KINDS for file in files[kind]]
    if paths:
        meant = [each for path in paths for each in _meant(path, meant, columns)]
    mapped = [(kind, _mapped(file, columns, kind)) for kind, file in meant]
    _refuse_unused(columns, [file for _, file in mapped])
    found: dict[str, tuple[FileSettings, ...]] = {
        kind: tuple(file for held, file in mapped if held == kind) for kind in _KINDS
    }
    found["items"] = found["items"] or settings.catalog.items
    return settings.model_copy(update={"catalog": settings.catalog.model_copy(update=found)})


def _meant(path: Path, declared: Held, columns: Mapping[str, str]) -> Held:
    """What one named path holds."""
    if path.is_dir():
        held: Held = [
            (kind, FileSettings(path=path)) for kind in _KINDS if layouts.files_in(path, holds=kind)
        ]
        if not held:
            layouts.find(path, holds="items")  # which says what a folder must have
        return held
    known: Held = [(kind, file) for kind, file in declared if file.path.resolve() == path.resolve()]
    file = FileSettings(path=path)
    return known or [(_kind(file, columns), file)]


def _mapped(file: FileSettings, columns: Mapping[str, str], kind: layouts.Holds) -> FileSettings:
    if not columns:
        return file
    has = _columns(file, kind)
    wanted = {
        field: column
        for field, column in columns.items()
        if column in has and field in FIELDS_OF[kind]
    }
    return file.model_copy(update={"columns": {**file.columns, **wanted}})


def _refuse_unused(columns: Mapping[str, str], files: Sequence[FileSettings]) -> None:
    for field, column in columns.items():
        if all(file.columns.get(field) != column for file in files):
            raise DataError(
                f"column map: no file has a column {column!r} for {field!r}; correct --map"
            )


def _columns(file: FileSettings, kind: layouts.Holds) -> list[str]:
    """The columns under their own names, and under ours where a layout knows them."""
    columns, layout = header_of(file.model_copy(update={"columns": {}}), holds=kind)
    return [*columns, *(name for name, column in layout.columns.items() if column in columns)]


def _kind(file: FileSettings, mapped: Mapping[str, str]) -> layouts.Holds:
    """What a file holds, by its columns."""
    columns = _columns(file, "items")
    ours = [*columns, *(field for field, column in mapped.items() if column in columns)]
    if {"user_id", "item_id"} <= {*fields_of(ours, holds="events")}:
        return "events"
    items, users = fields_of(ours, holds="items"), fields_of(ours, holds="users")
    if "user_id" in fields_of(ours, holds="events"):
        return "users"
    # An id alone may be a person's as well as an item's.
    if "item_id" in items and ("title" in items or len(users) == 1):
        return "items"
    if "user_id" in users:
        return "users"
    raise DataError(
        f"{file_name(file.path)!r} has neither item_id nor user_id; it has "
        f"{', '.join(map(shown, columns))}. Map them, as "
        f"{how_to_map({'item_id': '...', 'title': '...'}, by_command=True)}"
    )
