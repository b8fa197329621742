"""Rows to Items: required fields, ids that are one thing each, attributes of their types.

Nothing is changed here but spaces around ids: that is cleaning's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from recagent.config.sections import AttributeSettings, FileSettings
from recagent.domain import Item, Task, Value
from recagent.errors import DataError
from recagent.ingest import cell_values
from recagent.ingest.columns import ITEM_FIELDS
from recagent.ingest.prices import PriceColumn, parse_prices
from recagent.ingest.report import Reading, Report, file_name
from recagent.ingest.row_checks import content, require_columns, row_id
from recagent.ingest.tables import Row, open_table

TASKS: tuple[str, ...] = get_args(Task)

_MOSTLY = 0.5  # a column that is a number more often than this was meant as one

Attributes = Mapping[str, AttributeSettings]


class ItemReader:
    """Reads the files of a catalogue; an id that comes twice is seen across them."""

    def __init__(
        self, report: Report, *, attributes: Attributes | None = None, separator: str = "|"
    ) -> None:
        """Takes the declared attributes, and what splits a text into a list."""
        self._report = report
        self._attributes = attributes or {}
        self._separator = separator
        self._rows: dict[tuple[str, str], tuple[int, Reading, int]] = {}
        self._titles: dict[str, tuple[str, str]] = {}

    def read(self, file: FileSettings) -> list[Item]:
        """The items of a file; columns that are no field of an item become attributes.

        Raises:
            DataError: the file cannot be read, or the report is strict and a row cannot be used.
        """
        table = open_table(file, holds="items", report=self._report)
        require_columns(file.path, table, ("item_id", "title"))
        reading, scene = table.reading, file.scene
        if scene is None and "scene" not in table.columns:
            scene = Path(reading.read.file).name.partition(".")[0]
            reading.note(None, "one scene", value=scene)
        return self.take(reading, table.rows, scene=scene)

    def take(
        self, reading: Reading, rows: Iterable[tuple[int, Row]], *, scene: str | None = None
    ) -> list[Item]:
        """The items of numbered rows, in ``scene`` or in the one that a row says.

        Raises:
            DataError: the report is strict and a row cannot be used.
        """
        kept: list[tuple[int, Item]] = []
        extra: dict[str, list[Any]] = {}
        for number, row in rows:
            item = self._item(reading, number, row, scene)
            if item is not None:
                for name in row:
                    if name not in extra and name not in ITEM_FIELDS:
                        extra[name] = [None] * len(kept)
                for name, values in extra.items():
                    values.append(row.get(name))
                kept.append((number, item))
        typed = self._typed(reading, [number for number, _ in kept], extra)
        for place, (_, item) in enumerate(kept):
            cast("dict[str, Value]", item.attributes).update(
                {name: value for name in typed if (value := typed[name][place]) is not None}
            )
        return [item for _, item in kept]

    def places(self) -> Iterable[tuple[str, str]]:
        """Scene and id of every item that was read."""
        return self._rows.keys()

    def origin(self, item: Item) -> tuple[Reading, int]:
        """The file that an item was read from, and its row there."""
        return self._rows[item.scene, item.id][1:]

    def _item(self, reading: Reading, number: int, row: Row, scene: str | None) -> Item | None:
        item_id = row_id(reading, number, row, "item_id")
        where = scene or (row_id(reading, number, row, "scene") if item_id else None)
        title = cell_values.text(row.get("title"))
        task = cell_values.text(row.get("task")) or "item"
        if not item_id or not where:
            return None
        if isinstance(row.get("title"), list | dict):
            return reading.unusable(number, "nested", field="title", value=title)
        if not title.strip():
            return reading.unusable(number, "empty", field="title")
        if task not in TASKS:
            known = ", ".join(TASKS)
            return reading.unusable(number, "bad task", field="task", value=task, known=known)
        if "\n" in title.strip():
            reading.note(number, "many lines", field="title", value=title)
        if not self._is_new(reading, number, row, where, item_id, title):
            return None
        return Item(
            id=item_id, scene=where, title=title, task=cast("Task", task),
            text=cell_values.text(row.get("text")), attributes={},
        )  # fmt: skip

    def _is_new(
        self, reading: Reading, number: int, row: Row, scene: str, item_id: str, title: str
    ) -> bool:
        """Whether an id is new in its scene, and the same thing as in the others."""
        said = content(row)
        before = self._rows.get((scene, item_id))
        if before is not None:
            if before[0] == said:
                reading.leave_out("same row", field="item_id", value=item_id)
            else:
                reading.unusable(
                    number, "duplicate id", field="item_id", value=item_id, scene=scene
                )
            return False
        other, place = self._titles.setdefault(item_id, (title, scene))
        if other.strip() != title.strip():
            reading.unusable(
                number, "two titles", field="title", value=item_id, title=title, other=other,
                scene=place,
            )  # fmt: skip
            return False
        self._rows[scene, item_id] = (said, reading, number)
        return True

    def _typed(
        self, reading: Reading, numbers: list[int], extra: Mapping[str, list[Any]]
    ) -> dict[str, list[Value | None]]:
        typed: dict[str, list[Value | None]] = {}
        for name, values in extra.items():
            declared = self._attributes.get(name)
            if declared is None or declared.said_type == "auto":
                typed[name] = _undeclared(reading, name, values, self._separator)
            else:
                typed[name] = [
                    self._declared(reading, number, name, value, declared)
                    for number, value in zip(numbers, values, strict=True)
                ]
        return typed

    def _declared(
        self, reading: Reading, number: int, name: str, raw: object, declared: AttributeSettings
    ) -> Value | None:
        try:
            value = cell_values.attribute(
                raw, declared.said_type, declared.separator or self._separator,
                decimal=declared.decimal, date_format=declared.date_format,
            )  # fmt: skip
        except ValueError:
            # The value is lost and not the row.
            reading.note(number, "bad type", field=name, value=raw, type=declared.said_type)
            return None
        if value is None and raw not in (None, ""):
            reading.changed("null", name, before=str(raw), after="")
        return value


def read_items(
    file: FileSettings, *, attributes: Attributes | None = None, separator: str = "|"
) -> list[Item]:
    """Items of one file, all or none.

    Raises:
        DataError: with the file, the row (from 1, the header apart), the value and the next step.
    """
    report = Report(strict=True)
    items = ItemReader(report, attributes=attributes, separator=separator).read(file)
    if not items:
        raise no_items_error(file.path)
    return items


def no_items_error(path: Path, *, problems: Sequence[str] = ()) -> DataError:
    """The error for files without any usable item; it repeats the first of their problems."""
    first = f" ({problems[0]})" if problems else ""
    return DataError(
        "{file!r} has no items{problem}; give a file with at least one usable row",
        file=file_name(path),
        problem=first,
    )


def _undeclared(
    reading: Reading, name: str, values: Sequence[Any], separator: str
) -> list[Value | None]:
    """The values of a column as they look; what was made of them is said."""
    prices = parse_prices(values)
    if prices is not None:
        _note_prices(reading, name, prices)
        typed: list[Value | None] = [*prices.values]
    else:
        typed = cell_values.column(values, separator)
        _note_mixed(reading, name, values)
    for raw, value in zip(values, typed, strict=True):
        if value is None and isinstance(raw, str) and raw.strip() and cell_values.is_missing(raw):
            reading.changed("null", name, before=raw, after="")
    return typed


def _note_prices(reading: Reading, name: str, prices: PriceColumn) -> None:
    plain = "decimal commas" if prices.decimal == "," else "thousands"
    kind = "prices" if prices.unit else plain
    reading.note(None, kind, field=name, value=prices.example, unit=prices.unit)
    if prices.others:
        count = len(prices.others)
        reading.note(None, "other prices", field=name, value=prices.others[0], count=count,
                     unit=prices.unit)  # fmt: skip


def _note_mixed(reading: Reading, name: str, values: Sequence[Any]) -> None:
    """Say it where most values of an undeclared column are numbers and some are not."""
    texts = [
        value for value in values if isinstance(value, str) and not cell_values.is_missing(value)
    ]
    odd = [value for value in texts if not _is_number(value)]
    if odd and len(odd) < _MOSTLY * len(texts):
        numbers = len(texts) - len(odd)
        reading.note(
            None, "mixed column", field=name, value=odd[0], numbers=numbers, texts=len(odd)
        )


def _is_number(value: str) -> bool:
    try:
        return cell_values.number(value) is not None
    except ValueError:
        return False
