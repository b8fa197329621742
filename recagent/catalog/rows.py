"""What all readers of rows share: our fields, the columns that must be there, and ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from recagent.catalog import fields
from recagent.catalog.report import Reading, file_name, shown
from recagent.catalog.tables import Row
from recagent.errors import DataError

ITEM_FIELDS = ("item_id", "scene", "title", "text", "task")
EVENT_FIELDS = (
    "user_id", "item_id", "timestamp", "scene", "kind", "value", "text", "device", "place"
)  # fmt: skip
USER_FIELDS = ("user_id", "tags", "about")

# What exports call our fields; only used to suggest a column map.
OTHER_NAMES: Mapping[str, Sequence[str]] = {
    "item_id": ("sku", "asin", "id", "item", "itemid", "product_id", "productid", "goods_id",
                "movieid", "movie_id", "book_id", "isbn", "商品编号", "商品id", "编号"),
    "user_id": ("user", "userid", "customer", "customer_id", "uid", "member_id", "buyer_id",
                "reviewerid", "顾客", "用户", "用户id", "会员编号"),
    "title": ("name", "product_name", "item_name", "movie_title", "book_title", "名称", "标题",
              "商品名"),
    "scene": ("category", "shelf", "department", "domain", "surface", "场景", "货架", "类目"),
    "timestamp": ("time", "when", "date", "datetime", "at", "created_at", "event_time", "ts",
                  "时间", "日期"),
}  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def require(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> None:
    """Check that the columns are there.

    Raises:
        DataError: one is not; the message shows those that are, and how to map one.
    """
    for field in wanted:
        if field not in columns:
            other = next((c for c in columns if c.lower() in OTHER_NAMES.get(field, ())), "...")
            hint = (
                ' (or say which scene all rows are in: scene = "...")' if field == "scene" else ""
            )
            raise DataError(
                f"{file_name(path)!r} has no column {field!r}; it has "
                f"{', '.join(map(shown, columns))}. Map one: "
                f'columns = {{ {field} = "{shown(other)}" }}{hint}'
            )


def content(row: Row) -> int:
    """A hash of all that a row says, to tell a copy from another row with the same id."""
    return hash(str(sorted(row.items())))


def row_id(reading: Reading, number: int, row: Row, field: str) -> str | None:
    """An id without the spaces around it; None for a row that is left out."""
    raw = row.get(field)
    if isinstance(raw, str) and raw.isprintable() and raw and raw == raw.strip():
        return raw
    if isinstance(raw, list | dict):
        return reading.unusable(number, "nested", field=field, value=cast("object", raw))
    said = raw if isinstance(raw, str) else fields.text(raw)
    found = said.strip()
    if not found:
        return reading.unusable(number, "empty", field=field)
    if _CONTROL.search(found):
        return reading.unusable(number, "control", field=field, value=found)
    if found != said:
        reading.changed("trimmed", field, before=said, after=found)
    return found
