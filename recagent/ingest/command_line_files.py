"""Files that are named on the command line, as settings: what each holds, and its column map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import islice
from pathlib import Path

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
Held = list[tuple[layouts.Holds, FileSettings]]
_KINDS: Sequence[layouts.Holds] = ("items", "events", "users")
_LOOKED_AT = 1_000  # rows that tell whether somebody comes twice
_MANY = 50  # people of whom one would

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
    """Settings whose catalogue is made of ``paths``; without any, of the declared files.

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
    unknown = next((field for each in columns.values() for field in each if field not in FIELDS),
                   None)  # fmt: skip
    if unknown is not None:
        raise DataError(
            "column map: unknown field {field!r}; use one of {known}",
            field=unknown,
            known=", ".join(FIELDS),
        )
    files: Mapping[layouts.Holds, Sequence[FileSettings]] = {
        kind: getattr(settings.catalog, kind) for kind in _KINDS
    }
    meant: Held = [(kind, file) for kind in _KINDS for file in files[kind]]
    read = [*paths] or [file.path for _, file in meant]
    for said in columns:
        if said and not any(_is_called(path, said) for path in read):
            raise DataError("column map: there is no file {file!r}; correct --map", file=said)
    by_file = {"--holds": holds, "--date-format": dates, "--encoding": encodings}
    for option, names in ((option, names or {}) for option, names in by_file.items()):
        for said in names:
            if said and not any(_is_called(path, said) for path in read):
                raise DataError(
                    "there is no file {said!r}; correct {option}", said=said, option=option
                )
    if paths:
        known: Held = [(kind, _encoded(file, encodings or {})) for kind, file in meant]
        meant = [
            each
            for path in paths
            for each in _meant(
                _encoded(FileSettings(path=path), encodings or {}),
                known,
                _map_of(path, columns),
                holds or {},
            )
        ]
    else:
        meant = [
            (_said(file.path, holds or {}) or kind, _encoded(file, encodings or {}))
            for kind, file in meant
        ]
    meant = [(kind, _dated(file, dates or {})) for kind, file in meant]
    mapped = [
        (kind, _mapped(file, _map_of(file.path, columns), kind, kinds or {}))
        for kind, file in meant
    ]
    _refuse_unused(columns, [file for _, file in mapped])
    found: dict[str, tuple[FileSettings, ...]] = {
        kind: tuple(file for held, file in mapped if held == kind) for kind in _KINDS
    }
    found["items"] = found["items"] or settings.catalog.items
    return settings.model_copy(update={"catalog": settings.catalog.model_copy(update=found)})


def _map_of(path: Path, columns: Maps) -> Mapping[str, str]:
    """The map for all files, and over it the one of this file."""
    found = dict(columns.get("", {}))
    for said, own in columns.items():
        if said and _is_called(path, said):
            found |= own
    return found


def _is_called(path: Path, said: str) -> bool:
    return said in (str(path), path.name) or path.resolve() == Path(said).resolve()


def _said(path: Path, holds: Mapping[str, layouts.Holds]) -> layouts.Holds | None:
    """What somebody said that a file holds."""
    return next((kind for said, kind in holds.items() if _is_called(path, said)), None)


def _meant(
    named: FileSettings,
    declared: Held,
    columns: Mapping[str, str],
    holds: Mapping[str, layouts.Holds],
) -> Held:
    """What one named path holds."""
    path = named.path
    told = _said(path, holds)
    if told:
        same = (file for _, file in declared if file.path.resolve() == path.resolve())
        return [(told, next(same, named))]
    if path.is_dir():
        held: Held = [(kind, named) for kind in _KINDS if layouts.files_in(path, holds=kind)]
        if not held:
            layouts.find_file(path, holds="items")  # which says what a folder must have
        return held
    known: Held = [(kind, file) for kind, file in declared if file.path.resolve() == path.resolve()]
    return known or [(_kind(named, columns), named)]


def _dated(file: FileSettings, dates: Mapping[str, str]) -> FileSettings:
    form = _of_file(file, dates)
    return file.model_copy(update={"date_format": form}) if form else file


def _encoded(file: FileSettings, encodings: Mapping[str, str]) -> FileSettings:
    encoding = _of_file(file, encodings)
    return file.model_copy(update={"encoding": encoding}) if encoding else file


def _of_file(file: FileSettings, values: Mapping[str, str]) -> str:
    """What is said of this file, else of all."""
    own = (value for said, value in values.items() if said and _is_called(file.path, said))
    return next(own, values.get("", ""))


def _mapped(
    file: FileSettings,
    columns: Mapping[str, str],
    kind: layouts.Holds,
    kinds: Mapping[str, EventKind],
) -> FileSettings:
    if kinds:
        file = file.model_copy(update={"kinds": {**file.kinds, **kinds}})
    if not columns:
        return file
    has = _columns(file, kind)
    wanted = {
        field: column
        for field, column in columns.items()
        if column in has and field in MAPPED[kind]
    }
    return file.model_copy(update={"columns": {**file.columns, **wanted}})


def _refuse_unused(columns: Maps, files: Sequence[FileSettings]) -> None:
    for said, own in columns.items():
        meant = [file for file in files if not said or _is_called(file.path, said)]
        for field, column in own.items():
            overridden = not said and any(field in columns[other] for other in columns if other)
            if not overridden and all(file.columns.get(field) != column for file in meant):
                raise DataError(
                    "column map: no file has a column {column!r} for {field!r}; correct --map",
                    column=column,
                    field=field,
                )


def _columns(file: FileSettings, kind: layouts.Holds) -> list[str]:
    """The columns under their own names, under ours where a layout knows them, or by numbers."""
    head = header_of(file.model_copy(update={"columns": {}}), holds=kind)
    ours = [name for name, column in head.layout.columns.items() if column in head.columns]
    numbers = [str(at) for at in range(1, len(head.first) + 1)]
    return [*head.columns, *ours, *numbers]


def _kind(file: FileSettings, mapped: Mapping[str, str]) -> layouts.Holds:
    """What a file holds, by its columns."""
    columns = _columns(file, "items")
    ours = [*columns, *(field for field, column in mapped.items() if column in columns)]
    events = recognised_fields(ours, holds="events")
    if {"user_id", "item_id"} <= events and (
        not is_doubtful_event(ours) or _are_deeds(file, mapped, events)
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
        looks = numbered(first, holds="events")
        names = any(char.isalpha() for cell in first for char in cell)  # of items, if any has
        holds = "events" if looks.keys() & {"timestamp", "kind"} or not names else "items"
        raise no_header_error(file.path, first, holds=holds, by_command=True)
    raise DataError(
        "{file!r} has neither item_id nor user_id; its columns are {columns}. Map them, for "
        "example {example}",
        file=file_name(file.path),
        columns=", ".join(map(shown, columns)),
        example=how_to_map(_likely(columns), by_command=True),
    )


def _are_deeds(file: FileSettings, mapped: Mapping[str, str], events: AbstractSet[str]) -> bool:
    """Whether rows on people say what they did, and not who they are: somebody comes twice.

    Of a few rows, in which nobody does, those are deeds that say a rating or a kind.
    """
    people: list[object] = []
    has = _columns(file, "events")
    columns = {field: column for field, column in mapped.items()
               if column in has and field in FIELDS_OF["events"]}  # fmt: skip
    with suppress(DataError):  # it is said where the file is read
        mapped_file = file.model_copy(update={"columns": columns})
        rows = open_table(mapped_file, holds="events", report=Report()).rows
        people = [row.get("user_id") for _, row in islice(rows, _LOOKED_AT)]
    if len({*people}) < len(people):
        return True
    return bool(events & {"value", "kind"}) and len(people) < _MANY


def _likely(columns: Sequence[str]) -> dict[str, str]:
    """What to map in a file of which it is not known what it holds."""
    holds: layouts.Holds = (
        "events" if "timestamp" in recognised_fields(columns, holds="events") else "items"
    )
    wanted = ("user_id", "item_id") if holds == "events" else ("item_id", "title")
    found = {field: likely(field, columns, holds=holds) or "..." for field in wanted}
    return {field: column for field, column in found.items() if field != column}
