"""Bounds on an attribute that is named: "price under 20", "players at least 4", 重量不超过2.5.

Bounds by their units alone ("under two hours") are ``quantities``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recagent.chat.bounds import bounds, plain_number
from recagent.chat.lexicon import CONCEPTS
from recagent.chat.quantities import Bound, Quantity, number
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint
from recagent.domain.chinese_scripts import simplified
from recagent.scenes.comparison_words import AFTER, MARKS, SHORT, WORDS, comparison

_NUMBER = r"[¥$€£]?\s*(?P<n>\d+(?:,\d{3})*(?:\.\d+)?|[零〇一二两三四五六七八九十百半]+)"
_UNIT = (
    r"(?:\s*(?P<hours>(?:hours?|hrs?)\b|个?小时)|\s*(?:minutes?|mins?|pages?|euros?|dollars?|yuan|kg|g)\b"
    r"|\s*(?:元|块钱?|分钟|公斤|千克|克|页|岁|人|个|位))?"
)
_EDGE = r"(?<![a-z0-9_])"
_BOUNDS: dict[str, Bound] = {
    "below": "below", "at most": "at most", "above": "above", "at least": "at least",
}  # fmt: skip
_ENDS: tuple[tuple[str, str], ...] = (("min", "max"), ("minimum", "maximum"), ("最小", "最大"),
                                      ("最少", "最多"))  # fmt: skip

Side = Literal["least", "most", "only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBound:
    """Where a bound stands in a sentence, and the constraints that it comes to."""

    start: int
    end: int
    constraints: tuple[Constraint, ...]


def named_bounds(text: str, *, said: str, vocabulary: Vocabulary) -> list[NamedBound]:
    """The bounds of a casefolded sentence that name their attribute; no two overlap.

    Args:
        text: the sentence, casefolded.
        said: the same as the person wrote it.
        vocabulary: of the scene.
    """
    forms = _forms(vocabulary)
    if not forms:
        return []
    names = "|".join(re.escape(form) for form in sorted(forms, key=lambda form: -len(form)))
    found: list[NamedBound] = []
    for pattern in _patterns(names):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other.end and other.start < end for other in found):
                continue
            made = tuple(_constraints(match, forms[match["name"]], said[start:end], vocabulary))
            if made:
                found.append(NamedBound(start=start, end=end, constraints=made))
    return found


def _patterns(names: str) -> Iterator[re.Pattern[str]]:
    name = rf"{_EDGE}(?P<name>{names})"
    yield re.compile(rf"{name}\s+(?:{WORDS})\s+{_NUMBER}{_UNIT}")
    yield re.compile(rf"{name}\s*(?:要|得|应)?(?:{MARKS}|{SHORT})\s*{_NUMBER}{_UNIT}")
    yield re.compile(rf"{name}\s*(?:在|为)?\s*{_NUMBER}{_UNIT}\s*(?:{AFTER})")
    yield re.compile(rf"{_EDGE}(?:{WORDS})\s+{_NUMBER}\s+(?P<name>{names})(?![a-z0-9_])")


def _forms(vocabulary: Vocabulary) -> dict[str, dict[Side, str]]:
    """How each attribute of numbers may be called, and which it is then for either side."""
    forms: dict[str, dict[Side, str]] = {}
    names = {simplified(name).casefold(): name for name in vocabulary.numeric}
    plain = {re.sub(r"[\s_-]", "", folded): name for folded, name in names.items()}
    for least, most in _ENDS:
        for key, name in plain.items():
            whole = key.removeprefix(least)
            if whole and whole != key and most + whole in plain:
                forms[whole] = {"least": name, "most": plain[most + whole]}
                for end, own in ((least, name), (most, plain[most + whole])):
                    forms |= {f"{end}{gap}{whole}": {"only": own} for gap in " _"}
    for folded, name in names.items():
        for form in {folded, folded.replace("_", " "), folded.replace("_", "")}:
            forms[form] = {"only": name}
    for concept, about in CONCEPTS.items():
        name = vocabulary.of_concept(concept) if about.numeric else None
        for form in {*about.names, *about.said} if name else ():
            forms.setdefault(form, {"only": str(name)})
    return forms


def _constraints(
    match: re.Match[str], sides: dict[Side, str], words: str, vocabulary: Vocabulary
) -> Iterator[Constraint]:
    named, value = comparison(match), number(match["n"])
    if value is None:
        return
    words = words.strip()
    least, most = (sides.get(side) or sides["only"] for side in ("least", "most"))
    if named in ("is", "is not"):
        if least == most:
            yield Constraint(
                attribute=least, operator=named, value=plain_number(value), words=words
            )
        elif named == "is":  # four players: no more are needed, and so many have room
            yield Constraint(attribute=least, operator="at most", value=value, words=words)
            yield Constraint(attribute=most, operator="at least", value=value, words=words)
        return
    if named not in _BOUNDS:
        return
    is_above = named in ("at least", "above")
    in_hours = bool(match.groupdict().get("hours"))
    quantity = Quantity(
        start=match.start(), end=match.end(), concept="length" if in_hours else "",
        bound=_BOUNDS[named], number=60 * value if in_hours else value,
    )  # fmt: skip
    yield from bounds(most if is_above else least, quantity, words, vocabulary)
