"""What a wish asks for, as terms that items can be searched for.

Not a parser of conditions: what must hold is a ``Constraint``, and ``chat`` reads those.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from recagent.domain.chinese_scripts import IS_CJK
from recagent.domain.units import UNITS
from recagent.retrieval.words import (
    ASIDE,
    FILLERS,
    PUT,
    SPELLINGS,
    WORD,
    clauses,
    fold,
    singular,
)

YEARS = ("year", "released", "published", "年份", "年代", "上映", "出版")
PRICES = ("price", "cost", "价格", "售价", "单价")

_TENS = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70,
    "eighties": 80, "nineties": 90,
    "二十": 20, "三十": 30, "四十": 40, "五十": 50, "六十": 60, "七十": 70, "八十": 80, "九十": 90,
}  # fmt: skip
_ENGLISH_TENS, _CHINESE_TENS = "|".join([*_TENS][:8]), "|".join([*_TENS][8:])
_DECADE = re.compile(
    rf"\b(\d\d(?:\d0|00)|\d0)'?s\b|(\d?\d?\d0)年代|\b({_ENGLISH_TENS})\b|({_CHINESE_TENS})年代"
)
_MONEY = r"(?:[$€£¥]|eur(?:os?)?\b|usd\b|dollars?\b|pounds?\b|yuan\b|bucks\b|块钱?|元)"
_UNIT = (  # of what is no price
    r"\s*(?:min(?:ute)?s?|h(?:ou)?rs?|pages?|people|persons?|years?|km|kg|g|ml|cm|l)\b"
    r"|\s*(?:分钟|小时|页|岁|人|公里|年)"
)
_AMOUNT = rf"{_MONEY}?\s*(\d+(?:\.\d+)?)(?![\d.])(?!{_UNIT})\s*{_MONEY}?"
_MEASURED = rf"(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})(?![a-z\d])"
_AMOUNTS: tuple[tuple[str, bool], ...] = (  # whether the number is the least
    (r"\b(?:under|below|(?<!no )(?<!not )less than|shorter than|at most|up to|within|in|"
     rf"not? (?:more|longer) than)\s*{_MEASURED}", False),
    (rf"(?:不超过|不高于|不多于|(?<!不)低于|(?<!不)少于|不到)\s*{_MEASURED}", False),
    (rf"{_MEASURED}(?:以下|以内|之内)", False),
    (rf"\b(?:over|above|more than|longer than|at least|not? less than)\s*{_MEASURED}", True),
    (rf"(?:(?<!不)超过|(?<!不)高于|不低于|不少于|至少)\s*{_MEASURED}", True),
    (rf"{_MEASURED}以上", True),
)  # fmt: skip
_YEAR = r"((?:1[89]|20)\d\d)"
_NUMBERS: tuple[tuple[str, tuple[str, ...], bool, bool], ...] = (
    # pattern, attributes, whether its number is the least, whether it is the most
    (rf"\b(?:since|after|newer than)\s*{_YEAR}\b", YEARS, True, False),
    (rf"{_YEAR}年?(?:以后|之后|以来)", YEARS, True, False),
    (rf"\b(?:before|until|older than)\s*{_YEAR}\b", YEARS, False, True),
    (rf"{_YEAR}年?(?:以前|之前)", YEARS, False, True),
    (
        rf"\b(?:under|below|(?<!no )(?<!not )less than|at most|up to|not? more than)\s*{_AMOUNT}",
        PRICES,
        False,
        True,
    ),
    (rf"(?:不超过|不高于|(?<!不)低于|(?<!不)少于)\s*{_AMOUNT}", PRICES, False, True),
    (rf"{_AMOUNT}(?:以下|以内|之内)", PRICES, False, True),
    (rf"\b(?:over|above|more than|at least|not? less than)\s*{_AMOUNT}", PRICES, True, False),
    (rf"(?:(?<!不)超过|(?<!不)高于|不低于|不少于|至少)\s*{_AMOUNT}", PRICES, True, False),
    (rf"{_AMOUNT}以上", PRICES, True, False),
    (rf"(?<!\d){_YEAR}(?!\d)年?(?!代)", YEARS, True, True),
)
_BOUNDS = [
    (re.compile(pattern), attributes, is_least, is_most)
    for pattern, attributes, is_least, is_most in _NUMBERS
]
_STRICT = re.compile(
    r"\b(?<!no )(?<!not )(?:under|below|less|shorter|over|above|more|longer)\b"
    r"|(?<!不)(?:低于|少于|超过|高于)|不到"
)
_MEASURES = [(re.compile(pattern), is_least) for pattern, is_least in _AMOUNTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers from ``low`` to ``high``, both included, of the first attribute that items have.

    Those of a ``unit`` are of attributes whose names say one of the same measure.
    """

    attributes: tuple[str, ...] = ()
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One thing that a wish names.

    Attributes:
        text: as the wish put it, folded: lower case, simplified Chinese.
        ways: spellings of it; of one the words are all needed. Words are singular, or Chinese.
            None of a run of Chinese, which only the items' texts can take apart.
        range: numbers that answer it as well.
        is_aside: whether it tells whom or what the wish is for, and counts where nothing else does.
    """

    text: str
    ways: tuple[tuple[str, ...], ...] = ()
    range: Range | None = None
    is_aside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedQuery:
    """The terms that are wanted, and those that are to be avoided."""

    wanted: tuple[Term, ...] = ()
    avoided: tuple[Term, ...] = ()


def parse_query(text: str) -> ParsedQuery:
    """The terms of a wish; none where its words say nothing of an item ("something nice")."""
    wanted: dict[Term, None] = {}
    avoided: dict[Term, None] = {}
    for part, is_wanted in clauses(fold(text)):
        (wanted if is_wanted else avoided).update(dict.fromkeys(_terms(part)))
    return ParsedQuery(
        wanted=tuple(wanted),
        avoided=tuple(term for term in avoided if not term.is_aside),
    )


def _terms(part: str) -> list[Term]:
    """The terms of a folded clause: numbers, then spellings that are known, then its words."""
    terms: list[Term] = []

    def take(match: re.Match[str], term: Term) -> None:
        nonlocal part
        terms.append(term)
        part = part[: match.start()] + " | " + part[match.end() :]

    while match := _DECADE.search(part):
        take(match, _decade(match))
    for pattern, is_least in _MEASURES:
        while match := pattern.search(part):
            number, unit = _bounded(match, is_least=is_least), match[2]
            bound = Range(unit=unit, low=number) if is_least else Range(unit=unit, high=number)
            take(match, Term(text=match[0].strip(), range=bound))
    for pattern, attributes, is_least, is_most in _BOUNDS:
        while match := pattern.search(part):
            is_price = attributes is PRICES
            number = _bounded(match, is_least=is_least) if is_price else float(match[1])
            bound = Range(
                attributes=attributes,
                low=number if is_least else -math.inf,
                high=number if is_most else math.inf,
            )
            ways = ((match[1],),) if is_least and is_most else ()  # a title may be "1984"
            take(match, Term(text=match[0].strip(), ways=ways, range=bound))
    for spelling, ways in _PHRASES:
        while match := spelling.search(part):
            take(match, Term(text=match[0], ways=ways))
    return terms + _words(part)


def _bounded(match: re.Match[str], *, is_least: bool) -> float:
    """The number of a bound, or the one beside it: what costs 20 is not "under 20"."""
    number = float(match[1])
    if not _STRICT.search(match[0]):
        return number
    return math.nextafter(number, math.inf if is_least else -math.inf)


def _decade(match: re.Match[str]) -> Term:
    digits = match[1] or match[2]
    first = int(digits) if digits else _TENS[match[3] or match[4]]
    if first < 100:
        first += 2000 if first < 20 else 1900
    return Term(text=match[0], range=Range(attributes=YEARS, low=first, high=first + 9))


def _words(part: str) -> list[Term]:
    """Each word that says something; two in a row may be one ("tea pot")."""
    for put in PUT:
        part = part.replace(put, " ")
    runs = WORD.findall(part)
    content_words = [
        run
        for run in runs
        if not {run, singular(run)} & FILLERS and (len(run) > 1 or IS_CJK.match(run))
    ]
    joined = {pair: singular("".join(pair)) for pair in pairwise(content_words)}
    terms: list[Term] = []
    for at, run in enumerate(content_words):
        if IS_CJK.match(run):
            terms.append(Term(text=run))
            continue
        beside = [content_words[max(at - 1, 0) : at + 1], content_words[at : at + 2]]
        both = [joined[pair] for pair in map(tuple, beside) if len(pair) == 2]
        word = singular(run)
        ways = dict.fromkeys([(word,), *((compound,) for compound in both), *_SINGLE.get(word, ())])
        is_aside = word in ASIDE or run.isdigit()
        terms.append(Term(text=run, ways=tuple(ways), is_aside=is_aside))
    return terms


Ways = tuple[tuple[str, ...], ...]


def _spelled() -> tuple[list[tuple[re.Pattern[str], Ways]], dict[str, Ways]]:
    """All ways to say what a spelling says: by pattern, the longest first, and by single word."""
    phrases: list[tuple[str, Ways]] = []
    words: dict[str, Ways] = {}
    for group in SPELLINGS:
        ways = tuple(
            (each,) if IS_CJK.match(each) else tuple(map(singular, re.findall(r"\w+", each)))
            for each in group
        )
        for each in group:
            if each.isascii() and each.isalpha():
                words[singular(each)] = ways
            elif len(each) > 1:  # one Chinese character may be part of any word
                phrases.append((each, ways))
    phrases.sort(key=lambda pair: -len(pair[0]))
    return [(_pattern(each), ways) for each, ways in phrases], words


def _pattern(spelling: str) -> re.Pattern[str]:
    if IS_CJK.match(spelling):
        return re.compile(spelling)
    plural = "(?:y|ies)" if spelling.endswith("y") else "(?:s|es)?"
    return re.compile(rf"\b{re.escape(spelling.removesuffix('y'))}{plural}\b")


_PHRASES, _SINGLE = _spelled()
