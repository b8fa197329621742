"""What ``--only`` says, as a constraint: ``price at most 20``, ``price<=20``, ``价格不超过20``.

A form, not language: what a person says in their own words is compiled elsewhere. Whether the
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
    """The constraint that a text says; ``yes`` and ``no`` are truth values, numbers are numbers.

    Raises:
        ConstraintError: it has no operator, or nothing after it.
    """
    said = unicodedata.normalize("NFKC", text.strip())
    plain = simplified(said)  # as long as it was: 不超過 is read as 不超过, names stay as they are
    found = next(filter(None, (form.fullmatch(plain) for form in _FORMS)), None)
    if found is None:
        raise ConstraintError(
            "--only {condition!r} must be ATTRIBUTE OPERATOR VALUE, such as 'price at most 20'; "
            "operators: {operators}, <, <=, =, !=, >=, >",
            condition=text,
            operators=", ".join(get_args(Operator)),
        )
    named, wanted = comparison(found), said[slice(*found.span("value"))].strip()
    attribute = said[slice(*found.span("attribute"))].strip(" :")
    operator, value = operator_and_value(named, _value(wanted))
    words = text if not re.search("[<>]", said) else _spelled(attribute, named, wanted)
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _spelled(attribute: str, named: Comparison, value: str) -> str:
    """A condition in words: reasons quote it, and prompts take signs out of what they quote."""
    if attribute.isascii():
        return f"{attribute} {named} {value}"
    return f"{attribute}{_SPELLED[named]}{value}"


def _value(text: str) -> Value:
    truth = _TRUTH.get(text.lower())
    if truth is not None:
        return truth
    number = read(text).number
    return text if number is None or len(text) > _LONGEST else number
