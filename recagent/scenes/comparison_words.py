"""The words and signs of comparisons, in English and Chinese, and the constraint that each makes.

``at most``, ``<=`` and ``不超过`` mean the same on the command line and in a conversation.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import Literal

from recagent.domain import Operator, Value
from recagent.domain.comparing import read
from recagent.domain.units import beyond

Comparison = Literal["below", "above"] | Operator

_IS = r"(?:(?:is|are|was|has|have|be)\s+)?"
_ENGLISH: tuple[tuple[Comparison, str], ...] = (
    ("at least", _IS + r"(?:at least|no (?:less|fewer|lower) than|not (?:less|lower) than|not "
     r"(?:below|under)|minimum(?: of)?|from)"),
    ("at most", _IS + r"(?:at most|no (?:more|higher|longer) than|not (?:more|higher|longer) than|"
     r"not (?:over|above)|up to|maximum(?: of)?)"),
    ("below", _IS + r"(?:(?:less|fewer|lower|smaller|cheaper|shorter|older|earlier) than|under|"
     r"below|before)"),
    ("above", _IS + r"(?:(?:more|greater|higher|larger|bigger|longer|newer|later) than|over|above|"
     r"after|exceeding)"),
    ("does not mention", r"(?:does not|doesn't|doesn’t) (?:mention|contain)"),
    ("mentions", r"mentions|contains"),
    ("is not", r"(?:is not|isn't|isn’t|are not|aren't)"),
    ("is", r"(?:is|are|equals|equal to)"),
)  # fmt: skip
_SIGNS: tuple[tuple[Comparison, str], ...] = (
    ("at least", ">=|=>|≥|⩾|≧"), ("at most", "<=|=<|≤|⩽|≦"), ("is not", "!=|<>|≠"),
    ("is", "==?"), ("below", "<"), ("above", ">"),
)  # fmt: skip
_CHINESE: tuple[tuple[Comparison, str], ...] = (
    ("at least", "至少是?|最少|起码|不(?:低|少|小|早)于|(?:大|高)于等于"),
    ("at most", "至多是?|最多|不(?:超过|高于|多于|大于|晚于)|(?:小|低)于等于"),
    ("does not mention", "(?:不|没有?|未)(?:提到|提及|包含)|不含"),
    ("mentions", "提到|提及|包含|含有"),
    ("is not", "不(?:是|为|等于)"), ("is", "等于"),
    ("below", "低于|少于|小于|不到|早于"), ("above", "高于|大于|多于|超过|晚于"),
)  # fmt: skip
_SHORT: tuple[tuple[Comparison, str], ...] = (("is", "是(?!否.)|为"),)  # parts of many words
_AFTER: tuple[tuple[Comparison, str], ...] = (
    ("at most", r"or (?:less|fewer|under|below|earlier|shorter)|以下|以内|之内"),
    ("at least", r"or (?:more|over|above|later|longer)|\+|以上|起"),
)


def _alternatives(table: tuple[tuple[Comparison, str], ...], prefix: str) -> str:
    return "|".join(f"(?P<{prefix}{row}>{words})" for row, (_, words) in enumerate(table))


WORDS = _alternatives(_ENGLISH, "en")  # between spaces
MARKS = _alternatives((*_SIGNS, *_CHINESE), "zh")  # with or without
SHORT = _alternatives(_SHORT, "is")
AFTER = _alternatives(_AFTER, "after")  # behind the value
_TABLES = {"en": _ENGLISH, "zh": (*_SIGNS, *_CHINESE), "is": _SHORT, "after": _AFTER}


def comparison(match: re.Match[str]) -> Comparison:
    """Returns the comparison that one of these patterns matched."""
    groups = match.groupdict()
    for prefix, table in _TABLES.items():
        for row, (name, _) in enumerate(table):
            if groups.get(f"{prefix}{row}") is not None:
                return name
    raise ValueError(match)


def operator_and_value(name: Comparison, value: Value) -> tuple[Operator, Value]:
    """Returns a constraint's operator and value: "below 20" is at most the number before 20."""
    if name == "below":
        return "at most", _next_value(value, -1)
    if name == "above":
        return "at least", _next_value(value, 1)
    return name, value


def _next_value(value: Value, step: Literal[-1, 1]) -> Value:
    """Returns the nearest value on that side of a number, a day or a month."""
    if isinstance(value, tuple | bool):
        return value
    if isinstance(value, int | float):
        return math.nextafter(value, math.inf * step)
    if (amount := beyond(value, step)) is not None:
        return amount
    day = read(value).day
    try:
        year, month, *rest = map(int, day.split("-"))
        first = date(year, month, rest[0] if rest else 1)
        if step < 0:
            return (first - timedelta(days=1)).isoformat()
        days = 1 if rest else 32 - (first + timedelta(days=31)).day + first.day - 1
        return (first + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return value  # a text has no neighbour
