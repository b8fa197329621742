"""Dates that say day, month and year in an order of their own: 31/05/2026, 5/31/26, 31.05.2026.

One cell of the 3rd of April may be the 4th of March; a whole column mostly is not in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Order = Literal["day-first", "month-first"]
ORDERS: tuple[str, ...] = get_args(Order)

_WRITTEN = re.compile(
    r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})"
    r"(?:[ T,]+(\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?)\s*([ap]m)?)?",
    re.IGNORECASE,
)
_MONTHS = 12
_NOON = 12
_WHOLE = 4  # digits of a year
_CENTURY = 69  # two digits from here on are of the 20th century, as strptime takes them


@dataclass(frozen=True, slots=True, kw_only=True)
class DateOrder:
    """What a column tells about the order of its dates.

    Attributes:
        order: None where it is unclear.
        example: a cell that tells it, or one that does not.
        other: a cell that tells the other order; empty where none does.
    """

    order: Order | None
    example: str
    other: str = ""


def is_numeric_date(cell: str) -> bool:
    """Returns whether a cell is a date of this make."""
    return _WRITTEN.fullmatch(cell.strip()) is not None


def column_order(cells: Iterable[str]) -> DateOrder:
    """Returns the order of a whole column: of the cells in which one number is above 12.

    With full stops the day is first wherever dates are written so.
    """
    tells: dict[Order, str] = {}
    last = ""
    for cell in cells:
        match = _WRITTEN.fullmatch(cell.strip())
        if match is None:
            continue
        last = cell
        first, second = int(match[1]), int(match[3])
        if first > _MONTHS or match[2] == ".":
            tells.setdefault("day-first", cell)
        elif second > _MONTHS:
            tells.setdefault("month-first", cell)
        if len(tells) > 1:
            break
    if len(tells) == 1:
        ((order, example),) = tells.items()
        return DateOrder(order=order, example=example)
    if tells:
        return DateOrder(order=None, example=tells["day-first"], other=tells["month-first"])
    return DateOrder(order=None, example=last)


def read(cell: str, form: str) -> datetime:
    """Returns the time that a text says, without a zone unless it has one.

    Args:
        cell: the text.
        form: an ``Order``, or a format as ``datetime.strptime`` reads it.

    Raises:
        ValueError: it is not written so.
    """
    if form not in ORDERS:
        return datetime.strptime(cell.strip(), form)
    match = _WRITTEN.fullmatch(cell.strip())
    if match is None:
        raise ValueError(cell)
    first, _, second, year, clock, half = match.groups()
    day, month = (first, second) if form == "day-first" else (second, first)
    century = 0 if len(year) == _WHOLE else 1900 if int(year) >= _CENTURY else 2000
    hour, colon, rest = (clock or "0:00").partition(":")
    hours = int(hour)
    if half:
        if not 1 <= hours <= _NOON:
            raise ValueError(cell)
        hours = hours % _NOON + (_NOON if half.lower() == "pm" else 0)
    return datetime.fromisoformat(
        f"{int(year) + century:04}-{int(month):02}-{int(day):02}T{hours:02}{colon}{rest}"
    )
