"""What a cell means: a text, a number, a time, an attribute of a declared type.

Each function gives the value, or raises ``ValueError``; who asks says what is wrong with which row.
"""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from recagent.config.data_sections import AttributeType
from recagent.domain import Value
from recagent.ingest import dates

# How exports write that there is nothing.
NULLS = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "nil", "\\n", "-", "--", "?", "无", "空"}
)
# Of these no text is a value; "none" or "NA" may be one, of parking or of countries.
_NO_TEXTS = frozenset({"", "n/a", "nan", "null", "\\n", "-", "--", "?", "未知", "暂无", "不详"})

_DAY = re.compile(r"(19|20)\d{6}")  # 20240501 is a day, not the 23rd of August 1970
_STAMP = re.compile(r"(19|20)\d{12}")  # 20240501103000 is a time of that day, not of the year 2611
_PADDED = re.compile(r"[+-]?0\d")  # 00501 is a code: as a number it would lose its zeros
_LARGEST = 1e100  # nothing is counted or paid so high, and sums beyond it overflow
_USUAL = 10  # digits of seconds since 1970, from 2001 to 2286
_SHORTEST_DATE = 8  # 20240501; a year alone is no second of 1970
_CIVIL = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(\s+\d{1,2}:\d{2}(?::\d{2})?)?")
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,15},(?:\d{1,2}|\d{4,})|0,\d+)")
_COMMA_AND_STOP = str.maketrans(",.", ".,")
_MONEY = re.compile(r"[¥$€£]?\s*([-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-+]?\d+(?:\.\d+)?)\s*[¥$€£元]?")
# Seconds since 1970 stay below this until the year 5138; larger numbers are finer units.
_MILLISECONDS_FROM = 10**11
_MICROSECONDS_FROM = 10**14
_NANOSECONDS_FROM = 10**17
_TRUE = frozenset({"true", "yes", "y", "t", "1", "是"})
_FALSE = frozenset({"false", "no", "n", "f", "0", "否"})


def text(value: object) -> str:
    """Returns a cell as text; empty for none and for NaN."""
    return "" if value is None or value != value else str(value)


def identifier(value: object) -> str:
    """Returns an id as text: "12" also of 12.0, since a column with gaps becomes one of floats."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text(value).strip()


def number(value: object) -> float | None:
    """Returns a finite number; None for an empty cell."""
    if value is None:
        return None
    plain = str(value).strip()
    if not plain:
        return None
    parsed = float(plain)
    # Python reads 1_000 as a number; whoever wrote it in a table meant a text.
    if not -_LARGEST < parsed < _LARGEST or "_" in plain:
        raise ValueError(value)
    return parsed


def with_decimal_comma(value: object) -> float | None:
    """Returns ``3,5`` as 3.5; None for what may be another number or none, as ``1,234``."""
    plain = text(value).strip()
    return float(plain.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(plain) else None


def time(value: object, form: str = "") -> datetime:
    """Returns an instant, in UTC where no zone is given.

    It reads seconds since 1970 or finer units, and ISO 8601.

    With a ``form`` a text is read by it, as ``dates.read`` does; an order of day and month leaves
    texts that say neither so as they are.
    """
    if (
        form
        and isinstance(value, str)
        and (form not in dates.ORDERS or dates.is_numeric_date(value))
    ):
        try:
            instant = dates.read(value, form)
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        except OverflowError as error:
            raise ValueError(value) from error
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str) and len(value) == _USUAL and value.isdecimal():
        return datetime.fromtimestamp(int(value), tz=UTC)  # by far the most, four times as fast
    plain = text(value).strip()
    try:
        is_day = _DAY.fullmatch(plain) or _STAMP.fullmatch(plain)
        seconds = None if is_day else float(plain)
    except ValueError:
        seconds = None
    try:
        if seconds is None:
            instant = datetime.fromisoformat(_iso(plain))
            # An hour that does not exist near the calendar's ends fails here, not later.
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        return datetime.fromtimestamp(seconds / _unit(abs(seconds)), tz=UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(value) from error


def _iso(plain: str) -> str:
    """Returns ``2026/1/5 10:00`` and ``2026年1月5日`` as ISO 8601; other texts as they are."""
    match = _CIVIL.fullmatch(plain)
    if match is None:
        return f"{plain[:8]}T{plain[8:]}" if _STAMP.fullmatch(plain) else plain
    year, month, day, clock = match.groups()
    hour, colon, rest = (clock or "").strip().partition(":")
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}{colon}{rest}" if clock else "")


def _unit(size: float) -> float:
    if size < _MILLISECONDS_FROM:
        return 1.0
    if size < _MICROSECONDS_FROM:
        return 1e3
    return 1e6 if size < _NANOSECONDS_FROM else 1e9


def tags(value: object, separator: str) -> tuple[str, ...]:
    """Returns a list, a text that writes one, or a text that is split at the separator."""
    if isinstance(value, str) and (listed := _written_list(value)) is not None:
        return listed
    if isinstance(value, list):
        return tuple(str(tag) for tag in cast("list[object]", value) if tag not in (None, ""))
    return tuple(filter(None, text(value).split(separator)))


def _written_list(cell: str) -> tuple[str, ...] | None:
    """Returns the list that Python or JSON writes as ``['a', 'b']``; None for other texts."""
    plain = cell.strip()
    if not (plain.startswith("[") and plain.endswith("]")):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed: object = parse(plain)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if isinstance(parsed, list):
            names = map(_name, cast("list[object]", parsed))
            return tuple(filter(None, names))
    return None


def _name(entry: object) -> str:
    """Returns an entry of a written list as a text: of an object its name."""
    if isinstance(entry, dict):
        table = cast("dict[str, object]", entry)
        return text(next((table[key] for key in ("name", "title", "value") if key in table), ""))
    return text(entry).strip()


def attribute(
    value: object,
    kind: AttributeType,
    separator: str,
    *,
    decimal: str = ".",
    date_format: str = "",
) -> Value | None:
    """Returns a value of a declared type; None for an empty cell or one that says that it is empty.

    Args:
        value: the cell.
        kind: the type.
        separator: of a list's values; spaces around these are taken away.
        decimal: a full stop or a comma, in numbers that are written as text.
        date_format: as ``dates.read`` takes it; by default those that ``time`` reads.
    """
    if value is None or text(value).strip().lower() in NULLS:
        return None
    is_list = isinstance(value, list)
    if kind == "list":
        return tuple(filter(None, map(str.strip, tags(value, separator)))) or None
    plain = text(value).strip()
    if decimal == "," and isinstance(value, str):
        plain = plain.translate(_COMMA_AND_STOP)
    if kind == "number":
        return number(_plain_number(plain))
    if kind == "integer":
        return _integer(_plain_number(plain))
    if kind == "boolean":
        if plain.lower() not in _TRUE | _FALSE:
            raise ValueError(value)
        return plain.lower() in _TRUE
    if kind == "date" and date_format and isinstance(value, str):
        return dates.read(plain, date_format).date().isoformat()
    if kind == "date":
        return _date(value).isoformat()
    return " ".join(tags(cast("list[object]", value), separator)) if is_list else text(value)


def _plain_number(plain: str) -> str:
    """Returns ``¥1,299.00`` without the currency and the commas between thousands."""
    match = _MONEY.fullmatch(unicodedata.normalize("NFKC", plain))
    return match[1].replace(",", "") if match else plain


def _integer(plain: str) -> int:
    """Returns a whole number that 64 bits hold, also when it is written 12.0."""
    try:
        whole = int(plain)
    except ValueError:
        parsed = float(plain)
        if not parsed.is_integer():
            raise
        whole = int(parsed)
    if "_" in plain or not -(2**63) <= whole < 2**63:
        raise ValueError(plain)
    return whole


def _date(value: object) -> date:
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    plain = text(value).strip()
    if len(plain) < _SHORTEST_DATE:
        raise ValueError(value)
    try:
        return datetime.fromisoformat(
            _iso(plain)
        ).date()  # as it is written, in whatever zone that was
    except ValueError:
        return time(plain).date()


def is_missing(cell: object, *, among_numbers: bool = True) -> bool:
    """Returns whether a cell is empty or a word for that; among numbers more words are."""
    if not isinstance(cell, str):
        return cell is None
    plain = cell.strip().lower()
    return plain in _NO_TEXTS or (among_numbers and plain in NULLS)


def column(cells: Sequence[Any], separator: str) -> list[Value | None]:
    """Returns an undeclared column: numbers where every value is one, lists where any is one."""
    values = numbers(cells)
    if values is not None:
        return values
    missing = {cell for cell in _texts(cells) if is_missing(cell, among_numbers=False)}
    values = [None if isinstance(cell, str) and cell in missing else cell for cell in cells]
    present = [value for value in values if value is not None]
    if any(isinstance(value, list) for value in present):
        return [tags(value, separator) or None for value in values]
    if not all(isinstance(value, str) for value in present):
        return [_native(value) for value in values]
    lists = separator in "\0".join(present) or (
        present and all(_written_list(value) is not None for value in present)
    )
    return [(value and tags(value, separator)) or None for value in values] if lists else values


def numbers(cells: Sequence[Any]) -> list[Value | None] | None:
    """Returns a column of texts as whole or other numbers; None where it is no such column."""
    if not {*map(type, cells)} <= {str, type(None)}:
        return None
    distinct = _texts(cells)
    present = [cell for cell in distinct if not is_missing(cell)]
    parsed = _all_as(int, present) or _all_as(float, present)
    if not parsed:
        return None
    by_cell = dict(zip(present, parsed, strict=True))
    return [by_cell.get(cell) for cell in cells]


def _texts(cells: Sequence[Any]) -> dict[str, None]:
    return dict.fromkeys(cell for cell in cells if isinstance(cell, str))


def _all_as(kind: type[int] | type[float], cells: Sequence[str]) -> list[Value] | None:
    try:
        numbers = [kind(cell) for cell in cells]
    except ValueError:
        return None
    plain = all(math.isfinite(number) and abs(number) < 2**63 for number in numbers)
    coded = any(_PADDED.match(cell) or "_" in cell for cell in cells)
    return cast("list[Value]", numbers) if plain and not coded else None


def _native(value: Any) -> Value | None:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    small = isinstance(value, int | float) and abs(value) < 2**63
    return value if value is None or small else text(value) or None
