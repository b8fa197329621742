"""How values are compared: as what they evidently are, whatever spelling a file or a person took.

``"12"``, 12 and ``"12.0"`` are one number, ``"True"``, "yes" and 是 one truth value, 2024/5/1 and
2024-05-01 one day. Not what a constraint demands: that is ``constraints``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from recagent.domain.chinese_scripts import CJK, IS_CJK, simplified

Plain = str | float | bool

_TRUE = frozenset({"true", "yes", "y", "t", "1", "on", "是", "真"})
_FALSE = frozenset({"false", "no", "n", "f", "0", "off", "否", "假"})
_SHORT = frozenset({"y", "t", "1", "n", "f", "0", "on", "off"})  # truth only beside a truth value
_NUMBER = re.compile(
    r"(?:[¥$€£]|rmb|us\$)?\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+)\s*"
    r"(?:[¥$€£元]|块钱?|人民币|yuan|rmb|cny|usd|eur|dollars?|euros?)?"
)
_PADDED = re.compile(r"[-+]?0\d")  # 007 is a code
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?(?:[ t]\d{1,2}:\S*)?|月)?|年)?")
_FULL = len("2024-05-01")


@dataclass(frozen=True, slots=True)
class Read:
    """A value in every reading that it has.

    Attributes:
        text: as ``folded``.
        number: 1 and 0 of a truth value; None where it is none.
        truth: None where it is none.
        day: ``2024-05-01``, or as much of it as is said; empty where it is none.
    """

    text: str
    number: float | None
    truth: bool | None
    day: str

    @property
    def is_day(self) -> bool:
        """Whether it says year, month and day."""
        return len(self.day) == _FULL


@lru_cache(20_000, typed=True)
def read(value: Plain) -> Read:
    """A value in every reading that it has."""
    if isinstance(value, bool):
        return Read(folded(str(value)), float(value), value, "")
    if isinstance(value, int | float):
        truth = bool(value) if value in (0, 1) else None
        return Read(folded(str(value)), float(value), truth, "")
    text = folded(value)
    truth = True if text in _TRUE else False if text in _FALSE else None
    return Read(text, _number(text), truth, _day(text))


def folded(text: str) -> str:
    """A text without regard to case, width, space, and in which script Chinese is written."""
    if not text.isascii():
        text = simplified(unicodedata.normalize("NFKC", text))
    return " ".join(text.casefold().split())


def same(one: Plain, other: Plain) -> bool:
    """Whether two values are one, as what they evidently are."""
    first, second = read(one), read(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return first.truth is not None and first.truth is second.truth
    if not isinstance(one, str) or not isinstance(other, str):
        if first.number is None or second.number is None:  # 1 beside "yes"
            return first.truth is not None and first.truth is second.truth
        return first.number == second.number
    if first.text == second.text:
        return True
    if first.number is not None and first.number == second.number:
        return True
    if first.is_day and first.day == second.day:
        return True
    texts = {first.text, second.text}
    return first.truth is not None and first.truth is second.truth and not texts & _SHORT


def at_most(low: Plain, high: Plain) -> bool:
    """Whether one value is not above another: numbers by size, days by time, texts by the alphabet.

    A year or a month beside a day is all of it. A number and a text are no pair.
    """
    first, second = read(low), read(high)
    if first.is_day or second.is_day:
        one = first.day or _year(first.number, up=True)
        two = second.day or _year(second.number, up=False)
        size = min(len(one), len(two))
        return size > 0 and one[:size] <= two[:size]
    if first.number is not None and second.number is not None:
        return first.number <= second.number
    if first.number is not None or second.number is not None:
        return False
    return first.text <= second.text


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    if match is None or _PADDED.match(match[1]):
        return None
    number = float(match[1].replace(",", ""))
    return number if math.isfinite(number) else None


def _day(text: str) -> str:
    match = _DAY.fullmatch(text)
    if match is None:
        return ""
    year, month, day = match[1], int(match[2] or 1), int(match[3] or 1)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    parts = [year] + [f"{int(part):02}" for part in match.groups()[1:] if part]
    return "-".join(parts)


def _year(number: float | None, *, up: bool) -> str:
    """A number as the year that it bounds; "above 2024" begins with the next."""
    if number is None or not 1000 <= number <= 9999:
        return ""
    return str(math.ceil(number) if up else math.floor(number))


# A word in a text. Chinese, Japanese and Korean have no spaces, so there it may stand anywhere.

_LETTER = rf"[^\W_{CJK}]"
_WITHOUT = r"(?<!\bnon[-\s])(?<!\bno\s)(?<!\bwithout\s)(?<![无非免])(?<!不含)(?<!没有)"
_FREE = r"(?![-\s]free\b)"
_IRREGULAR = (
    ("child", "children"), ("person", "people"), ("man", "men"), ("woman", "women"),
    ("mouse", "mice"), ("foot", "feet"), ("tooth", "teeth"), ("goose", "geese"),
)  # fmt: skip
_SYMBOL = re.compile(r"[^\w\s'’-]")
_SHORTEST = 3  # letters of a word that has a plural


def says(text: str, words: str) -> bool:
    """Whether a text says the words: whole words, in the singular or the plural.

    Chinese words may stand anywhere in it. "Non-fiction", "sugar-free" and 无糖 do not say what
    they are without.
    """
    pattern = _pattern(words, _WITHOUT, _FREE)
    return pattern is not None and pattern.search(folded(text)) is not None


def names(text: str, words: str) -> bool:
    """The same for a text that wants or bans them: "no dice" names dice."""
    pattern = _pattern(words, "", "")
    return pattern is not None and pattern.search(folded(text)) is not None


@lru_cache(4_000)
def _pattern(words: str, without: str, free: str) -> re.Pattern[str] | None:
    text = folded(words)
    if not text:
        return None
    if IS_CJK.search(text):
        return re.compile(without + re.escape(text))
    if _SYMBOL.search(text):  # C++, R&B
        end = rf"(?!{_LETTER})" if text[-1].isalnum() else ""
        return re.compile(rf"(?<!{_LETTER}){re.escape(text)}{end}")
    *first, last = [part for part in re.split(r"[\W_]+", text) if part] or [text]
    gap = r"[\W_]*" if "-" in text else r"[\W_]+"
    body = gap.join([*map(re.escape, first), f"(?:{'|'.join(sorted(_forms(last)))})"])
    return re.compile(rf"(?<!{_LETTER}){without}{body}(?!{_LETTER}){free}")


def _forms(word: str) -> set[str]:
    """An English word in the singular and the plural, as patterns; another word as it is."""
    if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()):
        return {re.escape(word)}
    pair = next((set(pair) for pair in _IRREGULAR if word in pair), set[str]())
    singulars = {word, *_changed(word, _TO_SINGULAR)}
    return (
        singulars | pair | {plural for each in singulars for plural in _changed(each, _TO_PLURAL)}
    )


# What a word ends in, and what stands in its place.
_TO_SINGULAR = (
    (r"(?<=\w\w)ies", ("y",)), (r"(?<=s|x|z|h|o)es", ("",)), (r"ves", ("f", "fe")),
    (r"(?<![sui])s", ("",)),
)  # fmt: skip
_TO_PLURAL = (
    (r"$", ("s",)), (r"(?<=s|x|z|h|o)$", ("es",)), (r"y", ("ies",)), (r"fe?", ("ves",)),
)  # fmt: skip


def _changed(word: str, endings: tuple[tuple[str, tuple[str, ...]], ...]) -> set[str]:
    return {
        re.sub(rf"{ending}$", other, word, count=1)
        for ending, others in endings
        if re.search(rf"{ending}$", word)
        for other in others
    }
