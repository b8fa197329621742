"""Columns of amounts of money, as exports write them, to numbers: ``29.00元``, ``$1,299.00``.

Not a conversion: what is in another currency than most of the column is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
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
        unit: the currency; empty where none is said.
        example: of the cells that are amounts, as it stands there.
        decimal: what stands before a fraction; a comma only where the column tells so.
        others: cells that say something else.
    """

    values: Sequence[float | None]
    unit: str
    example: str
    decimal: str
    others: Sequence[str]


def parse_prices(cells: Sequence[Any]) -> PriceColumn | None:
    """The amounts in a column; None where it is no column of amounts."""
    present = [cell for cell in cells if not is_missing(cell)]
    if not present or not all(isinstance(cell, str) for cell in present):
        return None
    decimal = _decimal(present)
    read = {cell: _amount(cell, decimal) for cell in present}
    units = Counter(found[1] for cell in present if (found := read[cell]) and found[1])
    unit = units.most_common(1)[0][0] if units else ""
    fits = [cell for cell in present if (found := read[cell]) and found[1] in ("", unit)]
    marked = [cell for cell in fits if "," in cell or (read[cell] or (0, ""))[1]]
    if not marked or len(fits) < (_MOST if unit else 1) * len(present):
        return None
    numbers = {cell: (read[cell] or (0.0, ""))[0] for cell in fits}
    return PriceColumn(
        values=[numbers.get(cell) if isinstance(cell, str) else None for cell in cells],
        unit=unit,
        example=next((cell for cell in marked if _COMMA.search(cell)), marked[0]),
        decimal=decimal,
        others=[cell for cell in present if cell not in numbers],
    )


def _decimal(cells: Sequence[str]) -> str:
    """A comma where some number can have it only before its fraction, and none has a full stop so.

    ``1,234`` alone may be either, and has thousands.
    """
    commas = any(_COMMA.search(cell) for cell in cells)
    return "," if commas and not any(_STOP.search(cell) for cell in cells) else "."


def _amount(cell: str, decimal: str) -> tuple[float, str] | None:
    """Number and currency of a cell; None where it is no amount."""
    plain = unicodedata.normalize("NFKC", cell).strip().casefold()
    if decimal == ",":
        plain = plain.translate(_COMMA_AND_STOP)
    found = _AMOUNT.fullmatch(plain)
    if found is None or _PADDED.match(found["number"]):
        return None
    units = {_CURRENCIES.get(said, "?") for said in (found["before"], found["after"]) if said}
    if len(units) > 1 or "?" in units:
        return None
    return float(found["number"].replace(",", "")), next(iter(units), "")
