"""Reads ``--only`` as a constraint: ``price at most 20``, ``price<=20``, ``价格不超过20``.

This is a fixed form; what people say in their own words is compiled elsewhere. Whether the
catalogue has such an attribute is looked up where its items are (``scenes.rules.readable``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import get_args

from recagent.domain import Constraint, Operator, Value
from recagent.domain.chinese_scripts import simplified
from recagent.domain.comparing import read
from recagent.errors import ConstraintError
from recagent.scenes.comparison_words import (
    AFTER,
    MARKS,
    SHORT,
    WORDS,
    Comparison,
    comparison,
    operator_and_value,
)

# Words stand between spaces; signs and Chinese need none, and the shortest are tried last.
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<attribute>.*?)(?:^|\s+)(?:{WORDS}|{MARKS}|{SHORT})\s+(?P<value>.+)",
        rf"(?P<attribute>.*?)\s*(?:{MARKS})\s*(?P<value>.+)",
        rf"(?P<attribute>.+?)\s*(?:{SHORT})\s*(?P<value>.+)",
        # A digit before the value is one of it, and no name.
        r"(?P<attribute>.*?)(?<![\d.,])\s*在?\s*"
        rf"(?P<value>[¥$€£]?\d[\d,.-]*\s*(?:[^\W\d_]{{1,12}}2?)??)\s*(?:{AFTER})",
    )
)
_TRUTH = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}
_SPELLED: Mapping[Comparison, str] = {
    "below": "低于", "above": "高于", "at most": "不超过", "at least": "不低于", "is not": "不是",
}  # fmt: skip
_LONGEST = 15  # digits that a float keeps apart


def constraint(text: str) -> Constraint:
    """Reads a constraint; ``yes`` and ``no`` are truth values, numbers are numbers.

    Raises:
        ConstraintError: it has no operator, or nothing after it.
    """
    normal = unicodedata.normalize("NFKC", text.strip())
    plain = simplified(normal)  # of equal length: 不超過 is read as 不超过, names stay as they are
    match = next(filter(None, (form.fullmatch(plain) for form in _FORMS)), None)
    if match is None:
        raise ConstraintError(
            "--only {condition!r} must be ATTRIBUTE OPERATOR VALUE, such as 'price at most 20'; "
            "operators: {operators}, <, <=, =, !=, >=, >",
            condition=text,
            operators=", ".join(get_args(Operator)),
        )
    named, value_text = comparison(match), normal[slice(*match.span("value"))].strip()
    attribute = normal[slice(*match.span("attribute"))].strip(" :")
    operator, value = operator_and_value(named, _value(value_text))
    words = text if not re.search("[<>]", normal) else _spelled(attribute, named, value_text)
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _spelled(attribute: str, named: Comparison, value: str) -> str:
    """Writes a condition in words, as prompts take signs out of what they quote."""
    if attribute.isascii():
        return f"{attribute} {named} {value}"
    return f"{attribute}{_SPELLED[named]}{value}"


def _value(text: str) -> Value:
    truth = _TRUTH.get(text.lower())
    if truth is not None:
        return truth
    number = read(text).number
    return text if number is None or len(text) > _LONGEST else number
