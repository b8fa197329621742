"""What a cell means: a text, a number, a time, an attribute of a declared type.

Each function gives the value, or raises ``ValueError``; who asks says what is wrong with which row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from recagent.settings import AttributeType
from recagent.types import Value

# How exports write that there is nothing.
NULLS = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "nil", "\\n", "-", "--", "?", "无", "空"}
)

_DAY = re.compile(r"(19|20)\d{6}")  # 20240501 is a day, not the 23rd of August 1970
# Seconds since 1970 stay below this until the year 5138; larger numbers are finer units.
_MILLISECONDS_FROM = 10**11
_MICROSECONDS_FROM = 10**14
_NANOSECONDS_FROM = 10**17
_TRUE = frozenset({"true", "yes", "y", "t", "1", "是"})
_FALSE = frozenset({"false", "no", "n", "f", "0", "否"})


def text(value: object) -> str:
    """A cell as text; empty for none."""
    return "" if value is None else str(value)


def number(value: object) -> float | None:
    """A finite number; None for an empty cell."""
    if value is None or value == "":
        return None
    parsed = float(str(value))
    if not math.isfinite(parsed):
        raise ValueError(value)
    return parsed


def time(value: object) -> datetime:
    """An instant: seconds since 1970 or finer units, or ISO 8601, in UTC where no zone is given."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    said = text(value).strip()
    try:
        seconds = None if _DAY.fullmatch(said) else float(said)
    except ValueError:
        seconds = None
    try:
        if seconds is None:
            at = datetime.fromisoformat(said)
            # An hour that does not exist near the calendar's ends fails here, not later.
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        return datetime.fromtimestamp(seconds / _unit(abs(seconds)), tz=UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(value) from error


def _unit(size: float) -> float:
    if size < _MILLISECONDS_FROM:
        return 1.0
    if size < _MICROSECONDS_FROM:
        return 1e3
    return 1e6 if size < _NANOSECONDS_FROM else 1e9


def tags(value: object, separator: str) -> tuple[str, ...]:
    """A list, or a text that is split at the separator."""
    if isinstance(value, list):
        return tuple(str(tag) for tag in cast("list[object]", value))
    return tuple(filter(None, text(value).split(separator)))


def attribute(value: object, kind: AttributeType, separator: str) -> Value | None:
    """A value of a declared type; None for an empty cell or one that says that it is empty."""
    if value is None or text(value).strip().lower() in NULLS:
        return None
    if kind == "list":
        return tags(value, separator) or None
    said = text(value).strip()
    if kind == "number":
        return number(said)
    if kind == "integer":
        whole = number(said)
        if whole is None or not whole.is_integer():
            raise ValueError(value)
        return int(whole)
    if kind == "boolean":
        if said.lower() not in _TRUE | _FALSE:
            raise ValueError(value)
        return said.lower() in _TRUE
    if kind == "date":
        return (value if isinstance(value, date) else time(said)).strftime("%Y-%m-%d")
    return text(value)


def column(values: Sequence[Any], separator: str) -> list[Value | None]:
    """An undeclared column: numbers where every value is one, lists where any is one."""
    present = [value for value in values if value is not None and value != ""]
    if any(isinstance(value, list) for value in present):
        return [tags(value, separator) or None for value in values]
    if not all(isinstance(value, str) for value in present):
        return [_native(value) for value in values]
    for kind in (int, float):
        numbers = _all_as(kind, values)
        if numbers is not None:
            return numbers
    if any(separator in value for value in present):
        return [tags(value, separator) or None for value in values]
    return [value or None for value in values]


def _all_as(kind: type[int] | type[float], values: Sequence[Any]) -> list[Value | None] | None:
    try:
        numbers = [kind(value) if value else None for value in values]
    except ValueError:
        return None
    plain = all(value is None or (math.isfinite(value) and abs(value) < 2**63) for value in numbers)
    # Python reads 1_000 as a number; whoever wrote it in a table meant a text.
    plain = plain and not any("_" in value for value in values if value)
    return cast("list[Value | None]", numbers) if plain else None


def _native(value: Any) -> Value | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, int | float | bool) else text(value) or None
