"""Files that are named on the command line, as settings: what each holds, and its column map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.domain import EventKind
from recagent.errors import DataError
from recagent.ingest import layouts
from recagent.ingest.columns import FIELDS as FIELDS_OF
from recagent.ingest.columns import (
    MAPPED,
    how_to_map,
    is_doubtful_event,
    likely,
    names_a_work,
    recognised_fields,
)
from recagent.ingest.report import Report, file_name, shown
from recagent.ingest.row_checks import no_header_error, numbered
from recagent.ingest.tables import header_of, open_table

FIELDS = tuple(dict.fromkeys(name for names in FIELDS_OF.values() for name in names))
Contents = list[tuple[layouts.Holds, FileSettings]]
_KINDS: Sequence[layouts.Holds] = ("items", "events", "users")
_SAMPLE = 1_000  # rows, in which somebody may come twice
_MANY = 50  # people of whom one would

T = TypeVar("T")

Maps = Mapping[str, Mapping[str, str]]  # file, or "" for all -> our field -> column


def settings_for_files(
    settings: Settings,
    paths: Sequence[Path],
    *,
    columns: Maps,
    kinds: Mapping[str, EventKind] | None = None,
    holds: Mapping[str, layouts.Holds] | None = None,
    dates: Mapping[str, str] | None = None,
    encodings: Mapping[str, str] | None = None,
) -> Settings:
    """Returns settings whose catalogue is made of ``paths``; without any, of the declared files.

    Where none of them holds items, the declared items stay, since events are checked against them.

    Args:
        settings: their column maps and encodings hold for the files that they declare.
        paths: files, or folders of MovieLens and RecBole.
        columns: column maps of single files, by their path or name; that of ``""`` holds for every
            file that has the column.
        kinds: what the files' words for kinds of events mean.
        holds: what single files hold, by their path or name, whatever their columns look like.
        dates: how the times of single files are written, by their path or name; that of ``""`` is
            of all.
        encodings: of single files, by their path or name; that of ``""`` is of all.

    Raises:
        DataError: a file that is none of items, events and people, a field that is not known, or a
            column that no file has.
    """
    declared: Contents = [
        (kind, file) for kind in _KINDS for file in getattr(settings.catalog, kind)
    ]
    by_file = {"--holds": holds or {}, "--date-format": dates or {}, "--encoding": encodings or {}}
    _refuse_unknown(columns, by_file, [*paths] or [file.path for _, file in declared])

    def with_options(file: FileSettings) -> FileSettings:
        options = {
            "date_format": _of_file(file.path, dates or {}),
            "encoding": _of_file(file.path, encodings or {}),
            "kinds": {**file.kinds, **kinds} if kinds else None,
        }
        return file.model_copy(update={name: value for name, value in options.items() if value})

    declared = [(kind, with_options(file)) for kind, file in declared]
    contents: Contents = [
        (_of_file(file.path, holds or {}) or kind, file) for kind, file in declared
    ]
    if paths:
        contents = [
            content
            for path in paths
            for content in _contents(
                with_options(FileSettings(path=path)),
                declared,
                columns=_map_of(path, columns),
                kind=_of_file(path, holds or {}),
            )
        ]
    mapped = [(kind, _mapped(file, _map_of(file.path, columns), kind)) for kind, file in contents]
    _refuse_unused(columns, [file for _, file in mapped])
    catalog = {
        kind: tuple(file for content_kind, file in mapped if content_kind == kind)
        for kind in _KINDS
    }
    catalog["items"] = catalog["items"] or settings.catalog.items
    return settings.model_copy(update={"catalog": settings.catalog.model_copy(update=catalog)})


def _refuse_unknown(
    columns: Maps, by_file: Mapping[str, Mapping[str, object]], paths: Sequence[Path]
) -> None:
    """Refuse a field that nothing has, and an option for a file that is not read."""
    for field in (field for one_map in columns.values() for field in one_map):
        if field not in FIELDS:
            raise DataError(
                "column map: unknown field {field!r}; use one of {known}",
                field=field,
                known=", ".join(FIELDS),
            )
    for option, values in {"--map": columns, **by_file}.items():
        for name in values:
            if name and not any(_is_called(path, name) for path in paths):
                if option == "--map":
                    raise DataError(
                        "column map: there is no file {file!r}; correct --map", file=name
                    )
                raise DataError(
                    "there is no file {said!r}; correct {option}", said=name, option=option
                )


def _is_called(path: Path, name: str) -> bool:
    return name in (str(path), path.name) or path.resolve() == Path(name).resolve()


def _of_file(path: Path, values: Mapping[str, T]) -> T | None:
    """Returns the value of an option for this file, else the one for all."""
    named = (value for name, value in values.items() if name and _is_called(path, name))
    return next(named, values.get(""))


def _map_of(path: Path, columns: Maps) -> Mapping[str, str]:
    """Returns the map for all files, and over it the one of this file."""
    merged = dict(columns.get("", {}))
    for name, one_map in columns.items():
        if name and _is_called(path, name):
            merged |= one_map
    return merged


def _contents(
    named: FileSettings,
    declared: Contents,
    *,
    columns: Mapping[str, str],
    kind: layouts.Holds | None,
) -> Contents:
    """Returns what one named path holds: as an option or the settings say, else by its content."""
    path = named.path
    same: Contents = [
        (kinds, file) for kinds, file in declared if file.path.resolve() == path.resolve()
    ]
    if kind:
        return [(kind, same[0][1] if same else named)]
    if path.is_dir():
        kinds: Contents = [(kind, named) for kind in _KINDS if layouts.files_in(path, holds=kind)]
        if not kinds:
            layouts.find_file(path, holds="items")  # which says what a folder must have
        return kinds
    return same or [(_kind(named, columns), named)]


def _mapped(file: FileSettings, columns: Mapping[str, str], kind: layouts.Holds) -> FileSettings:
    if not columns:
        return file
    has = _columns(file, kind)
    own_columns = {
        field: column
        for field, column in columns.items()
        if column in has and field in MAPPED[kind]
    }
    return file.model_copy(update={"columns": {**file.columns, **own_columns}})


def _refuse_unused(columns: Maps, files: Sequence[FileSettings]) -> None:
    for name, one_map in columns.items():
        concerned = [file for file in files if not name or _is_called(file.path, name)]
        for field, column in one_map.items():
            overridden = not name and any(field in columns[other] for other in columns if other)
            if not overridden and all(file.columns.get(field) != column for file in concerned):
                raise DataError(
                    "column map: no file has a column {column!r} for {field!r}; correct --map",
                    column=column,
                    field=field,
                )


def _columns(file: FileSettings, kind: layouts.Holds) -> list[str]:
    """Returns the columns by their own names, by ours where a layout knows them, by numbers."""
    head = header_of(file.model_copy(update={"columns": {}}), holds=kind)
    ours = [name for name, column in head.layout.columns.items() if column in head.columns]
    numbers = [str(number) for number in range(1, len(head.first) + 1)]
    return [*head.columns, *ours, *numbers]


def _kind(file: FileSettings, column_map: Mapping[str, str]) -> layouts.Holds:
    """Returns what a file holds, by its columns."""
    columns = _columns(file, "items")
    ours = [*columns, *(field for field, column in column_map.items() if column in columns)]
    events = recognised_fields(ours, holds="events")
    if {"user_id", "item_id"} <= events and (
        not is_doubtful_event(ours) or _are_deeds(file, column_map, events)
    ):
        return "events"
    items, users = recognised_fields(ours, holds="items"), recognised_fields(ours, holds="users")
    if "user_id" in events and not ("item_id" in items and names_a_work(ours)):
        return "users"
    # An id alone may be a person's as well as an item's.
    if "item_id" in items and ("title" in items or not users - {"user_id"}):
        return "items"
    if "user_id" in users:
        return "users"
    first = header_of(file, holds="items").first
    if first:
        likely_fields = numbered(first, holds="events")
        names = any(char.isalpha() for cell in first for char in cell)  # of items, if any has
        holds = "events" if likely_fields.keys() & {"timestamp", "kind"} or not names else "items"
        raise no_header_error(file.path, first, holds=holds, by_command=True)
    raise DataError(
        "{file!r} has neither item_id nor user_id; its columns are {columns}. Map them, for "
        "example {example}",
        file=file_name(file.path),
        columns=", ".join(map(shown, columns)),
        example=how_to_map(_likely(columns), by_command=True),
    )


def _are_deeds(file: FileSettings, column_map: Mapping[str, str], events: AbstractSet[str]) -> bool:
    """Returns whether rows on people are events: somebody comes twice.

    Of a few rows, in which nobody does, those are deeds that say a rating or a kind.
    """
    people: list[object] = []
    has = _columns(file, "events")
    columns = {field: column for field, column in column_map.items()
               if column in has and field in FIELDS_OF["events"]}  # fmt: skip
    with suppress(DataError):  # which is reported where the file is read
        mapped_file = file.model_copy(update={"columns": columns})
        rows = open_table(mapped_file, holds="events", report=Report()).rows
        people = [row.get("user_id") for _, row in islice(rows, _SAMPLE)]
    if len({*people}) < len(people):
        return True
    return bool(events & {"value", "kind"}) and len(people) < _MANY


def _likely(columns: Sequence[str]) -> dict[str, str]:
    """Returns what to map in a file of which it is not known what it holds."""
    holds: layouts.Holds = (
        "events" if "timestamp" in recognised_fields(columns, holds="events") else "items"
    )
    fields = ("user_id", "item_id") if holds == "events" else ("item_id", "title")
    columns_by_field = {field: likely(field, columns, holds=holds) or "..." for field in fields}
    return {field: column for field, column in columns_by_field.items() if field != column}
