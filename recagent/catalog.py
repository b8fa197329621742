"""Raw files to Items, Events and Users: CSV, TSV, Parquet and JSON lines, with a column map.

It reads and checks; it does not clean, split or store.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from recagent.errors import DataError
from recagent.types import EVENT_KINDS, Event, EventKind, Item, Task, User, Value

if TYPE_CHECKING:
    import polars as pl

ITEM_FIELDS = ("item_id", "scene", "title", "text", "task")
EVENT_FIELDS = (
    "user_id", "item_id", "timestamp", "scene", "kind", "value", "text", "device", "place"
)  # fmt: skip
USER_FIELDS = ("user_id", "tags", "about")
TASKS: tuple[str, ...] = get_args(Task)

# Seconds since 1970 stay below this until the year 5138; larger numbers are milliseconds.
_DAY = re.compile(r"(19|20)\d{6}")  # 20240501 is a day, not the 23rd of August 1970
_MILLISECONDS_FROM = 10**11


def read_items(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    scene: str | None = None,
    separator: str = "|",
) -> list[Item]:
    """Items of a file; columns that are no field of an item become attributes.

    Args:
        path: ``.csv``, ``.tsv`` (both also ``.gz``), ``.jsonl``, ``.ndjson`` or ``.parquet``.
        columns: our field name to the file's column name, where they differ.
        scene: the scene of every row, for a file without such a column.
        separator: splits the values of a column into a list where it occurs.

    Raises:
        DataError: with the file, the row (from 1, the header apart), the value and the next step.
    """
    table = _table(path, columns=columns, known=ITEM_FIELDS)
    _require(path, table, ("item_id", "title") if scene else ("item_id", "scene", "title"))
    extra = [name for name in table.columns if name not in ITEM_FIELDS]
    values = {name: _typed(table[name], separator) for name in extra}
    items: list[Item] = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(_rows(table, ITEM_FIELDS), start=1):
        item_id = _text(path, number, row, "item_id")
        where = scene or _text(path, number, row, "scene")
        if (where, item_id) in seen:
            raise DataError(
                f"{_at(path, number)}: item id {item_id!r} is in scene {where!r} twice; keep one"
            )
        seen.add((where, item_id))
        task = str(row.get("task") or "item")
        if task not in TASKS:
            raise DataError(f"{_at(path, number)}: task {task!r} is none of {', '.join(TASKS)}")
        attributes = {
            name: value for name in extra if (value := values[name][number - 1]) is not None
        }
        items.append(
            Item(
                id=item_id,
                scene=where,
                title=_text(path, number, row, "title"),
                text=str(row.get("text") or ""),
                task=cast("Task", task),
                attributes=attributes,
            )
        )
    if not items:
        raise DataError(f"{str(path)!r} has no items; give a file with at least one row")
    return items


def read_events(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    scene: str | None = None,
    scenes: Mapping[str, str] | None = None,
) -> Iterator[Event]:
    """Events of a file, one by one, in its order.

    A row without ``kind`` is a ``rating`` if it has a ``value`` and a ``view`` otherwise. Times are
    seconds or milliseconds since 1970, or ISO 8601 (UTC where no zone is given).

    Args:
        path: as for ``read_items``.
        columns: our field name to the file's column name, where they differ.
        scene: the scene of every row, for a file without such a column.
        scenes: item id -> scene, asked where neither the row nor ``scene`` says it.

    Raises:
        DataError: with the file, the row, the value and the next step.
    """
    table = _table(path, columns=columns, known=EVENT_FIELDS)
    _require(path, table, ("user_id", "item_id", "timestamp"))
    for number, row in enumerate(_rows(table, EVENT_FIELDS), start=1):
        item_id = _text(path, number, row, "item_id")
        where = scene or row.get("scene") or (scenes or {}).get(item_id)
        if not where:
            raise DataError(
                f"{_at(path, number)}: item {item_id!r} has no scene; add a 'scene' column, or the "
                "item to the catalogue"
            )
        value = _number(path, number, row.get("value"))
        yield Event(
            user_id=_text(path, number, row, "user_id"),
            item_id=item_id,
            scene=str(where),
            kind=event_kind(
                row.get("kind") or ("view" if value is None else "rating"), path, number
            ),
            at=_time(path, number, row.get("timestamp")),
            value=value,
            text=str(row.get("text") or ""),
            device=str(row.get("device") or ""),
            place=str(row.get("place") or ""),
        )


def read_users(
    path: Path, *, columns: Mapping[str, str] | None = None, separator: str = "|"
) -> list[User]:
    """People of a file; columns that are no field of a user become attributes; raises as above."""
    table = _table(path, columns=columns, known=USER_FIELDS)
    _require(path, table, ("user_id",))
    extra = [name for name in table.columns if name not in USER_FIELDS]
    values = {name: _typed(table[name], separator) for name in extra}
    return [
        User(
            id=_text(path, number, row, "user_id"),
            tags=_tags(row.get("tags"), separator),
            about=str(row.get("about") or ""),
            attributes={
                name: value for name in extra if (value := values[name][number - 1]) is not None
            },
        )
        for number, row in enumerate(_rows(table, USER_FIELDS), start=1)
    ]


def _tags(value: object, separator: str) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(tag) for tag in cast("list[object]", value))
    return tuple(filter(None, str(value or "").split(separator)))


def event_kind(kind: object, path: Path | None = None, row: int | None = None) -> EventKind:
    """``kind`` if it is one.

    Raises:
        DataError: it is not; the message lists those that are.
    """
    if kind not in EVENT_KINDS:
        where = f"{_at(path, row)}: " if path and row else ""
        raise DataError(f"{where}event kind {kind!r} is none of {', '.join(EVENT_KINDS)}")
    return cast("EventKind", kind)


def _table(path: Path, *, columns: Mapping[str, str] | None, known: Sequence[str]) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - half a second that only readers pay

    if not path.is_file():
        raise DataError(f"file {str(path)!r} does not exist")
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    try:
        if suffix in ("csv", "tsv"):
            table = pl.read_csv(
                path,
                separator="\t" if suffix == "tsv" else ",",
                quote_char=None if suffix == "tsv" else '"',
                infer_schema=False,
            )
        elif suffix in ("jsonl", "ndjson"):
            table = pl.read_ndjson(path, infer_schema_length=None)
        elif suffix == "parquet":
            table = pl.read_parquet(path)
        else:
            raise DataError(
                f"{str(path)!r}: unknown kind of file; use .csv, .tsv, .jsonl, .ndjson or .parquet"
            )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{str(path)!r} cannot be read ({error}); give a file with a header and one row or more"
        ) from error
    for field, column in (columns or {}).items():
        if field not in known:
            raise DataError(f"column map: {field!r} is none of {', '.join(known)}")
        if column not in table.columns:
            raise DataError(
                f"{str(path)!r} has no column {column!r} (mapped to {field!r}); "
                f"it has {', '.join(table.columns)}"
            )
    renamed = {column: field for field, column in (columns or {}).items() if column != field}
    return table.drop(set(renamed.values()) - renamed.keys(), strict=False).rename(renamed)


def _require(path: Path, table: pl.DataFrame, fields: Sequence[str]) -> None:
    for field in fields:
        if field not in table.columns:
            raise DataError(
                f"{str(path)!r} has no column {field!r}; it has {', '.join(table.columns)}. "
                f'Map one: columns = {{ {field} = "..." }}'
            )


def _rows(table: pl.DataFrame, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    return table.select([name for name in fields if name in table.columns]).iter_rows(named=True)


def _typed(column: pl.Series, separator: str) -> list[Value | None]:
    """A column as attribute values: numbers where every value is one, lists where one is split."""
    import polars as pl  # noqa: PLC0415

    if column.dtype == pl.String:
        for dtype in (pl.Int64, pl.Float64):
            cast_column = column.cast(dtype, strict=False)
            if cast_column.null_count() == column.null_count() and cast_column.is_finite().all():
                return cast("list[Value | None]", cast_column.to_list())
        texts = cast("list[str | None]", column.to_list())
        if any(separator in text for text in texts if text):
            return [tuple(filter(None, text.split(separator))) if text else None for text in texts]
        return [text or None for text in texts]
    if isinstance(column.dtype, pl.List):
        return [
            None if value is None else tuple(str(part) for part in value)
            for value in column.to_list()
        ]
    return [value if isinstance(value, int | float | bool) or value is None else str(value)
            for value in column.to_list()]  # fmt: skip


def _at(path: Path | None, row: int | None) -> str:
    return f"{str(path)!r}, row {row}"


def _text(path: Path, number: int, row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if value is None or not str(value).strip():
        raise DataError(f"{_at(path, number)}: {field!r} is empty; fill it or drop the row")
    return str(value)


def _number(path: Path, number: int, value: object) -> float | None:
    if value is None or value == "":
        return None
    try:
        parsed = float(str(value))
    except ValueError:
        parsed = math.nan
    if not math.isfinite(parsed):
        raise DataError(
            f"{_at(path, number)}: 'value' {value!r} is not a number; correct it or leave it empty"
        )
    return parsed


def _time(path: Path, number: int, value: object) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = "" if value is None else str(value).strip()
    try:
        seconds = None if _DAY.fullmatch(text) else float(text)
    except ValueError:
        seconds = None
    try:
        if seconds is not None:
            seconds = seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds
            return datetime.fromtimestamp(seconds, tz=UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise DataError(
            f"{_at(path, number)}: 'timestamp' {value!r} is no time; use seconds since 1970 or "
            "ISO 8601"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
