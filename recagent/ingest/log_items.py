"""Items of logs: where no file holds items, they are made of what the events name.

A log tells of an item what every row on it says alike: a name, an author, a price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recagent.config.data_sections import FileSettings
from recagent.domain import Item
from recagent.ingest import cell_values
from recagent.ingest.cell_values import identifier
from recagent.ingest.columns import EVENT_FIELDS, ITEM_FIELDS, likely
from recagent.ingest.items import ItemReader
from recagent.ingest.report import Reading, Report
from recagent.ingest.row_checks import require_columns
from recagent.ingest.tables import Row, Table, open_table

_ALIKE = 0.95  # share of the later rows on an item that say what the first one does
_LEAST = 3  # later rows, below which it is chance


def items_from_logs(
    files: Sequence[FileSettings], reader: ItemReader, report: Report
) -> list[Item]:
    """Returns the items that logs name, each once, with what their rows say alike as attributes.

    Rows and files that do not say their scene have the first file's name for one.

    Raises:
        DataError: a file cannot be read, or has no column that is an item's id or name.
    """
    seen: set[tuple[str, str]] = set()
    items: list[Item] = []
    default_scene = ""
    for file in files:
        # What is wrong with a row is reported where the events are read.
        table = open_table(file, holds="events", report=Report(by_command=report.by_command))
        require_columns(file.path, table, ("user_id", "item_id"))
        default_scene = default_scene or Path(table.reading.file).name.partition(".")[0]
        items += _items_of(table, file.scene or default_scene, seen, reader, report)
    return items


def _items_of(
    table: Table, scene: str, seen: set[tuple[str, str]], reader: ItemReader, report: Report
) -> list[Item]:
    first: dict[tuple[str, str], tuple[int, Row]] = {}
    alike, later = Counter[str](), Counter[str]()
    other_columns = [
        name for name in table.columns if name not in (*EVENT_FIELDS, *ITEM_FIELDS[3:])
    ]
    for number, row in table.rows:
        key = (
            identifier(row.get("scene")) or scene,
            identifier(row.get("item_id")),
        )
        if not key[1]:
            continue
        if key not in first:
            first[key] = number, row
            continue
        before = first[key][1]
        for name in other_columns:
            cell = row.get(name)
            if not cell_values.is_missing(cell):
                later[name] += 1
                alike[name] += cell == before.get(name)
    constant = [
        name
        for name in other_columns
        if later[name] >= _LEAST and alike[name] >= _ALIKE * later[name]
    ]
    title = "title" if "title" in constant else likely("title", constant, holds="items")
    new = {key: entry for key, entry in first.items() if key not in seen}
    seen.update(first)
    log = table.reading
    reading = Reading(
        report=report, file=log.file, holds="items", layout=log.layout, encoding=log.encoding,
        rows=log.rows, left_out=Counter({"named before": log.rows - len(new)}),
    )  # fmt: skip
    attributes = [
        name for name in constant
        if name != title and len({str(row.get(name)) for _, row in new.values()}) > 1
    ]  # fmt: skip
    _note(reading, table, len(new), title, attributes)
    rows = ((number, _row(key, row, title, attributes)) for key, (number, row) in new.items())
    return reader.take(reading, rows)


def _row(key: tuple[str, str], row: Row, title: str, attributes: Sequence[str]) -> Row:
    values: dict[str, Any] = {name: row.get(name) for name in attributes}
    scene, item_id = key
    name = identifier(row.get(title)) if title else ""
    return {**values, "item_id": item_id, "scene": scene, "title": name or item_id}


def _note(
    reading: Reading, table: Table, count: int, title: str, attributes: Sequence[str]
) -> None:
    reading.report.item_columns[reading.file] = frozenset((*attributes, title))
    shown_as = table.fields.get(title, title)
    reading.note(
        None, "items of log" if title else "ids of log", field=table.fields["item_id"],
        value=count, title=shown_as,
    )  # fmt: skip
    if attributes:
        reading.note(None, "attributes of log", value=", ".join(map(repr, attributes)))
