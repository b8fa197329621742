"""A quantity as constraints on an attribute: below is not at, and about is within some percent."""

from __future__ import annotations

import math
from typing import Literal

from recagent.chat.quantities import Quantity
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint, Operator

_HOURS = ("hour", "小时")  # in the name of an attribute that is not in minutes
_ABOUT = 0.15  # "about 90 minutes" is within so much of it


def bounds(attribute: str, found: Quantity, words: str, vocabulary: Vocabulary) -> list[Constraint]:
    """The constraints that a bound on an attribute comes to, one a side."""
    in_hours = any(word in attribute.casefold() for word in _HOURS)
    number = found.number / 60 if found.concept == "length" and in_hours else found.number
    whole = vocabulary.whole(attribute)
    sides: dict[Literal["at least", "at most"], float] = {}
    match found.bound:
        case "below":
            sides["at most"] = beyond(number, "at most", whole=whole)
        case "above":
            sides["at least"] = beyond(number, "at least", whole=whole)
        case "about" if found.concept == "price":  # less is no fault of it
            sides = {"at most": number * (1 + _ABOUT)}
        case "about":
            sides = {"at least": number * (1 - _ABOUT), "at most": number * (1 + _ABOUT)}
        case "at least" | "at most":
            sides[found.bound] = number
    return [
        Constraint(attribute=attribute, operator=side, value=plain_number(value), words=words)
        for side, value in sides.items()
    ]


def beyond(number: float, operator: Operator, *, whole: bool) -> float:
    """The nearest number on that side that is not the number itself."""
    if operator == "at most":
        return math.ceil(number) - 1 if whole else math.nextafter(number, -math.inf)
    return math.floor(number) + 1 if whole else math.nextafter(number, math.inf)


def plain_number(number: float) -> int | float:
    """The number, as an int where it is whole."""
    return int(number) if float(number).is_integer() else number
