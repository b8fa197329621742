"""Rows to Items: required fields, ids that are one thing each, attributes of their types.

Nothing is changed here but spaces around ids: that is cleaning's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from recagent.config.data_sections import AttributeSettings, FileSettings
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


# Scene, title and hash of a row, and where it stands.
_Source = tuple[str, str, int, Reading, int]


class ItemReader:
    """Reads the files of a catalogue; an id that comes twice is seen across them."""

    def __init__(
        self, report: Report, *, attributes: Attributes | None = None, separator: str = "|"
    ) -> None:
        """Takes the declared attributes, and what splits a text into a list."""
        self._report = report
        self._attributes = attributes or {}
        self._separator = separator
        self._first: dict[str, _Source] = {}  # by id, in the scene where it comes first
        self._further: dict[tuple[str, str], _Source] = {}  # by scene and id, in other scenes

    def read(self, file: FileSettings) -> list[Item]:
        """Returns the items of a file; columns that are no field of an item become attributes.

        Raises:
            DataError: the file cannot be read.
        """
        table = open_table(file, holds="items", report=self._report)
        require_columns(file.path, table, ("item_id", "title"))
        reading, scene = table.reading, file.scene
        if scene is None and "scene" not in table.columns:
            scene = Path(reading.file).name.partition(".")[0]
            reading.note(None, "one scene", value=scene)
        return self.take(reading, table.rows, scene=scene)

    def take(
        self, reading: Reading, rows: Iterable[tuple[int, Row]], *, scene: str | None = None
    ) -> list[Item]:
        """Returns the items of numbered rows, in ``scene`` or in the one that a row says."""
        items: list[Item] = []
        numbers: list[int] = []
        columns: dict[str, list[Any]] = {}
        known = set[str](ITEM_FIELDS)
        for number, row in rows:
            item = self._item(reading, number, row, scene)
            if item is None:
                continue
            for name in row:
                if name not in known:
                    known.add(name)
                    columns[name] = [None] * len(items)
            for name, cells in columns.items():
                cells.append(row.get(name))
            items.append(item)
            numbers.append(number)
        typed = {name: self._values(reading, numbers, name, cells)
                 for name, cells in columns.items()}  # fmt: skip
        for item, *values in zip(items, *typed.values(), strict=True):
            cast("dict[str, Value]", item.attributes).update(
                (name, value)
                for name, value in zip(typed, values, strict=True)
                if value is not None
            )
        return items

    def places(self) -> Iterable[tuple[str, str]]:
        """Yields scene and id of every item that was read."""
        yield from ((source[0], item_id) for item_id, source in self._first.items())
        yield from self._further

    def origin(self, item: Item) -> tuple[Reading, int]:
        """Returns the file that an item was read from, and its row there."""
        first = self._first[item.id]
        return (first if first[0] == item.scene else self._further[item.scene, item.id])[3:]

    def _item(self, reading: Reading, number: int, row: Row, scene: str | None) -> Item | None:
        item_id = row_id(reading, number, row, "item_id")
        item_scene = scene or (row_id(reading, number, row, "scene") if item_id else None)
        if not item_id or not item_scene:
            return None
        title = cell_values.text(row.get("title"))
        plain = title.strip()
        if isinstance(row.get("title"), (list, dict)):
            return reading.unusable(number, "nested", field="title", value=title)
        if not plain:
            return reading.unusable(number, "empty", field="title")
        task = cell_values.text(row.get("task")) or "item"
        if task not in TASKS:
            known = ", ".join(TASKS)
            return reading.unusable(number, "bad task", field="task", value=task, known=known)
        if "\n" in plain:
            reading.note(number, "many lines", field="title", value=title)
        if not self._is_new(item_id, (item_scene, title, content(row), reading, number)):
            return None
        return Item(
            id=item_id, scene=item_scene, title=title, task=cast("Task", task),
            text=cell_values.text(row.get("text")), attributes={},
        )  # fmt: skip

    def _is_new(self, item_id: str, source: _Source) -> bool:
        """Returns whether an id is new in its scene, and the same thing as in the others."""
        first = self._first.setdefault(item_id, source)
        if first is source:
            return True
        scene, title, row_hash, reading, number = source
        before = first if first[0] == scene else self._further.get((scene, item_id))
        if before is not None:
            if before[2] == row_hash:
                reading.leave_out("same row", field="item_id", value=item_id)
            else:
                reading.unusable(
                    number, "duplicate id", field="item_id", value=item_id, scene=scene
                )
            return False
        if first[1].strip() != title.strip():
            reading.unusable(
                number, "two titles", field="title", value=item_id, title=title, other=first[1],
                scene=first[0],
            )  # fmt: skip
            return False
        self._further[scene, item_id] = source
        return True

    def _values(
        self, reading: Reading, numbers: Sequence[int], name: str, cells: Sequence[Any]
    ) -> Sequence[Value | None]:
        """Returns what the cells of an attribute mean, by its declared type or as they look."""
        declared = self._attributes.get(name)
        if declared is None or declared.said_type == "auto":
            return _undeclared(reading, name, cells, self._separator)
        return [
            self._declared(reading, number, name, cell, declared)
            for number, cell in zip(numbers, cells, strict=True)
        ]

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


def no_items_error(path: Path, *, problems: Sequence[str] = ()) -> DataError:
    """Returns the error for files without any usable item, with the first of their problems."""
    first = f" ({problems[0]})" if problems else ""
    return DataError(
        "{file!r} has no items{problem}; give a file with at least one usable row",
        file=file_name(path),
        problem=first,
    )


def _undeclared(
    reading: Reading, name: str, cells: Sequence[Any], separator: str
) -> Sequence[Value | None]:
    """Returns the values of a column as they look; what was made of them is reported."""
    values: Sequence[Value | None] | None = cell_values.numbers(cells)
    if values is None and (prices := parse_prices(cells)) is not None:
        _note_prices(reading, name, prices)
        values = prices.values
    elif values is None:
        values = cell_values.column(cells, separator)
        _note_mixed(reading, name, cells)
    nulls = Counter(cell for cell, value in zip(cells, values, strict=True)
                    if value is None and isinstance(cell, str))  # fmt: skip
    for cell, count in nulls.items():
        if cell.strip() and cell_values.is_missing(cell):
            reading.changed("null", name, before=cell, after="", count=count)
    return values


def _note_prices(reading: Reading, name: str, prices: PriceColumn) -> None:
    plain = "decimal commas" if prices.decimal == "," else "thousands"
    kind = "prices" if prices.unit else plain
    reading.note(None, kind, field=name, value=prices.example, unit=prices.unit)
    if prices.others:
        first, count = next(iter(prices.others)), sum(prices.others.values())
        reading.note(None, "other prices", field=name, value=first, count=count,
                     unit=prices.unit)  # fmt: skip


def _note_mixed(reading: Reading, name: str, cells: Sequence[Any]) -> None:
    """Say it where most values of an undeclared column are numbers and some are not."""
    counts = Counter(cell for cell in cells if isinstance(cell, str))
    texts = {cell: count for cell, count in counts.items() if not cell_values.is_missing(cell)}
    words = {cell: count for cell, count in texts.items() if not _is_number(cell)}
    odd, total = sum(words.values()), sum(texts.values())
    if odd and odd < _MOSTLY * total:
        example = next(iter(words))
        reading.note(
            None, "mixed column", field=name, value=example, numbers=total - odd, texts=odd
        )


def _is_number(value: str) -> bool:
    try:
        return cell_values.number(value) is not None
    except ValueError:
        return False
