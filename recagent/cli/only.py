"""What ``--only`` says, as a constraint: ``price at most 20``.

A form, not language: what a person says in their own words is compiled elsewhere.
"""

from __future__ import annotations

import re
from typing import cast, get_args

from recagent.errors import DataError
from recagent.types import Constraint, Operator, Value

# Longer ones first: "is not" begins with "is".
_OPERATORS = sorted(get_args(Operator), key=len, reverse=True)
_SAID = re.compile(rf"(?P<attribute>.*?)\s*\b(?P<operator>{'|'.join(_OPERATORS)})\s+(?P<value>.+)")


def constraint(text: str) -> Constraint:
    """The constraint that a text says; ``yes`` and ``no`` are truth values, numbers are numbers.

    Raises:
        DataError: it has no operator, or nothing after it.
    """
    said = _SAID.fullmatch(text.strip())
    if said is None:
        raise DataError(
            f"--only {text!r} is not ATTRIBUTE OPERATOR VALUE, as 'price at most 20'; operators "
            f"are {', '.join(get_args(Operator))}"
        )
    return Constraint(
        attribute=said["attribute"],
        operator=cast("Operator", said["operator"]),
        value=_value(said["value"]),
        words=text,
    )


def _value(text: str) -> Value:
    truth = {"yes": True, "true": True, "no": False, "false": False}.get(text.lower())
    if truth is not None:
        return truth
    try:
        return float(text)
    except ValueError:
        return text
