"""Files of descriptions by a model: which values an item has by them, beside its own data.

A line of JSON for each item: ``{"item_id": "b1", "model": "...", "values": {"mood": ["dark"]}}``.
What the model did not know is not there; an item of which it knew nothing has no values. Asking a
model is done in ``describing``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
from pydantic import BaseModel, ValidationError

from recagent.domain import Item
from recagent.errors import DataError
from recagent.ingest.decoding import UNREADABLE, open_bytes
from recagent.ingest.report import Reading, Report, file_name

DescribedValue = str | tuple[str, ...]


class Description(BaseModel):
    """What a model said of an item.

    Attributes:
        model: that said it.
        values: by attribute; empty where the model did not know the item.
    """

    item_id: str
    model: str = ""
    values: dict[str, DescribedValue]

    def line(self) -> bytes:
        """Returns it as a line of a file."""
        return orjson.dumps(self.model_dump(), option=orjson.OPT_APPEND_NEWLINE)


def read_descriptions(path: Path) -> Iterator[Description]:
    """Yields the descriptions of a file, which may be compressed (``.gz``).

    Raises:
        DataError: the file cannot be read, or a line is no description.
    """
    try:
        with closing(open_bytes(path)) as file:
            for row, line in enumerate(file, 1):
                if line.strip():
                    yield _description(line, path, row)
    except UNREADABLE as error:
        raise DataError(
            "cannot read descriptions {file!r}: {reason}; correct [catalog] descriptions",
            file=file_name(path),
            reason=getattr(error, "strerror", None) or error,
        ) from error


def _description(line: bytes, path: Path, row: int) -> Description:
    try:
        return Description.model_validate_json(line)
    except ValidationError as error:
        raise DataError(
            "{file!r}, line {row}: not a description ({problem}); give a file that 'recagent "
            "describe' wrote, or correct the line",
            file=file_name(path),
            row=row,
            problem=error.errors()[0]["msg"],
        ) from error


def described_ids(path: Path) -> frozenset[str]:
    """Returns the ids in a file that is being written; a line that a kill tore is cut off.

    Raises:
        DataError: as ``read_descriptions``.
    """
    if not path.is_file():
        return frozenset()
    with path.open("r+b") as file:
        written = file.read()
        file.truncate(written.rfind(b"\n") + 1)
    return frozenset(each.item_id for each in read_descriptions(path))


def with_descriptions(items: Sequence[Item], paths: Sequence[Path], report: Report) -> list[Item]:
    """Returns the items with what the files say of them; data win, and an earlier file.

    Args:
        items: of the catalogue, cleaned.
        paths: of the files.
        report: counts the descriptions, and leaves out those of items that are not there.

    Raises:
        DataError: as ``read_descriptions``.
    """
    described: dict[str, Mapping[str, DescribedValue]] = {}
    known = {item.id for item in items}
    for path in paths:
        reading = Reading(
            report=report, file=file_name(path), holds="descriptions", layout="JSON lines"
        )
        for description in read_descriptions(path):
            reading.rows += 1
            item_id = description.item_id
            if item_id in known:
                described[item_id] = {**description.values, **described.get(item_id, {})}
            else:
                reading.left_out["unknown item"] += 1
    return [_with_values(item, described.get(item.id, {})) for item in items]


def _with_values(item: Item, values: Mapping[str, DescribedValue]) -> Item:
    added = {name: value for name, value in values.items() if name not in item.attributes and value}
    return replace(item, model_attributes=added) if added else item
