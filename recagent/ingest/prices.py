"""Columns of amounts of money, as exports write them, to numbers: ``29.00元``, ``$1,299.00``.

Not a conversion: what is in another currency than most of the column is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recagent.ingest.cell_values import is_missing

_MOST = 0.9  # share of a column's values that are in one currency, or in none that they say
_CURRENCIES = {
    name: unit
    for unit, names in {
        "¥": "¥ 元 圆 圓 块 rmb cny cn¥ 人民币",
        "$": "$ us$ usd 美元",
        "€": "€ eur 欧元",
        "£": "£ gbp 英镑",
        "JPY": "円 jpy 日元 日圆",
        "HK$": "hk$ hkd 港币 港元",
        "NT$": "nt$ ntd twd nt 新台币 台币 臺幣",
        "₩": "₩ krw 韩元",
        "₹": "₹ inr rs rs. 卢比",
    }.items()
    for name in names.split()
}
_AMOUNT = re.compile(
    r"(?P<before>[^\d\s,+\-(]*?)\s*(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"\s*(?P<after>[^\d\s,+\-(]*)\s*(?:\([^()]*\))?"
)
_FRACTION = (
    r"(?<![\d.,])(?:\d+{0}(?:\d{{1,2}}|\d{{4,}})|0{0}\d+|\d{{1,3}}(?:{1}\d{{3}})+{0}\d+)(?![\d.,])"
)
_COMMA = re.compile(_FRACTION.format(",", r"\."))
_STOP = re.compile(_FRACTION.format(r"\.", ","))
_COMMA_AND_STOP = str.maketrans(",.", ".,")
_PADDED = re.compile(r"0\d")  # a code, whose zeros a number would lose


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceColumn:
    """A column as numbers.

    Attributes:
        values: None for a missing one, and for one that is not in ``unit``.
        unit: the currency; empty where the cells name none.
        example: of the cells that are amounts, as it stands there.
        decimal: what stands before a fraction; a comma only where the column tells so.
        others: cells that say something else, with how often each does.
    """

    values: Sequence[float | None]
    unit: str
    example: str
    decimal: str
    others: Mapping[str, int]


def parse_prices(cells: Sequence[Any]) -> PriceColumn | None:
    """Returns the amounts in a column; None where it is no column of amounts."""
    if not {*map(type, cells)} <= {str, type(None)}:
        return None
    counts = Counter(cell for cell in cells if cell is not None)
    present = {cell: count for cell, count in counts.items() if not is_missing(cell)}
    decimal, total = _decimal(present), sum(present.values())
    amounts: dict[str, tuple[float, str]] = {}
    units, unread = Counter[str](), 0
    for cell, count in present.items():
        amount = _amount(cell, decimal)
        if amount is None:
            unread += count
            if total - unread < _MOST * total:
                return None
            continue
        amounts[cell] = amount
        if amount[1]:
            units[amount[1]] += count
    unit = units.most_common(1)[0][0] if units else ""
    numbers = {
        cell: amount for cell, (amount, cell_unit) in amounts.items() if cell_unit in ("", unit)
    }
    telling = [cell for cell in numbers if "," in cell or amounts[cell][1]]
    fitting = sum(present[cell] for cell in numbers)
    if not telling or fitting < (_MOST if unit else 1) * total:
        return None
    return PriceColumn(
        values=[numbers.get(cell) for cell in cells],
        unit=unit,
        example=next((cell for cell in telling if _COMMA.search(cell)), telling[0]),
        decimal=decimal,
        others={cell: count for cell, count in present.items() if cell not in numbers},
    )


def _decimal(cells: Collection[str]) -> str:
    """Returns a comma if some number can have it only before its fraction, else a full stop.

    ``1,234`` alone may be either, and has thousands.
    """
    commas = any("," in cell and _COMMA.search(cell) for cell in cells)
    return "," if commas and not any(_STOP.search(cell) for cell in cells) else "."


def _amount(cell: str, decimal: str) -> tuple[float, str] | None:
    """Returns number and currency of a cell; None where it is no amount."""
    plain = unicodedata.normalize("NFKC", cell).strip().casefold()
    if decimal == ",":
        plain = plain.translate(_COMMA_AND_STOP)
    match = _AMOUNT.fullmatch(plain)
    if match is None or _PADDED.match(match["number"]):
        return None
    units = {_CURRENCIES.get(word, "?") for word in (match["before"], match["after"]) if word}
    if len(units) > 1 or "?" in units:
        return None
    return float(match["number"].replace(",", "")), next(iter(units), "")
