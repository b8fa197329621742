"""Numbers with their units and bounds in a sentence: "under two hours", "90分钟以内", "the 90s".

Which attribute a bound is on is decided where the scene's vocabulary is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Bound = Literal["below", "at most", "above", "at least", "about"]
OTHER_BOUND: dict[Bound, Bound] = {
    "below": "at least", "at least": "below", "above": "at most", "at most": "above",
}  # fmt: skip

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = dict(zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
                 range(20, 100, 10), strict=True))  # fmt: skip
_WORDED = {
    **{word: float(number) for number, word in enumerate(_ONES)},
    **{word: float(number) for word, number in _TENS.items()},
    "a": 1.0, "an": 1.0, "half an": 0.5, "half a": 0.5, "a hundred": 100.0, "hundred": 100.0,
    "a couple of": 2.0, "a dozen": 12.0,
}  # fmt: skip
_CHINESE_DIGITS = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}

_EN_NUMBER = (
    r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|"
    + "|".join(sorted(map(re.escape, _WORDED), key=lambda word: -len(word)))
)  # fmt: skip
_ZH_NUMBER = r"\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百半]+"

# Unit, what it measures, and how many of the base unit (minutes, pages, years, none) it is.
_EN_UNITS: tuple[tuple[str, str, float], ...] = (
    (r"hours?|hrs?|h", "length", 60.0),
    (r"minutes?|mins?|min", "length", 1.0),
    (r"pages?", "pages", 1.0),
    (r"dollars?|bucks|quid|usd|euros?|eur|pounds?|gbp|yuan|rmb|cny", "price", 1.0),
    (r"years?[ -]olds?|years? of age", "age", 1.0),
    (r"stars?|points?", "rating", 1.0),
)
_ZH_UNITS: tuple[tuple[str, str, float], ...] = (
    (r"个半小时|个半钟头?|个小时|小时|个钟头|钟头", "length", 60.0),
    (r"分钟", "length", 1.0),
    (r"页", "pages", 1.0),
    (r"块钱|块(?!儿)|元|人民币|美元|欧元", "price", 1.0),
    (r"岁", "age", 1.0),
    (r"分|星", "rating", 1.0),
    (r"年", "year", 1.0),
)
_EN_BOUNDS: tuple[tuple[str, Bound], ...] = (
    (r"(?:don't|do not|can't|won't) (?:want to )?(?:spend|pay|go) (?:more than|over|above)|"
     r"no more than|not more than|at most|up to|maximum of|max(?:imum)?|within|no longer than|"
     r"not longer than|not over|in", "at most"),
    (r"no less than|not less than|at least|minimum of|min(?:imum)?|from|no shorter than",
     "at least"),
    (r"under|below|less than|fewer than|shorter than|cheaper than|before|older than", "below"),
    (r"over|above|more than|longer than|after|newer than|exceeding", "above"),
    (r"about|around|roughly|approximately", "about"),
)  # fmt: skip
_ZH_BEFORE: tuple[tuple[str, Bound], ...] = (
    (r"(?:不(?:要|想|能)?|别)(?:再)?花?超过|不多于|最多花?|至多|顶多", "at most"),
    (r"不少于|不低于|至少|最少|起码", "at least"),
    (r"不到|少于|低于|小于|短于|早于", "below"),
    (r"超过|多于|高于|大于|长于|晚于", "above"),
    (r"大约|大概|差不多", "about"),
)
_ZH_AFTER: tuple[tuple[str, Bound], ...] = (
    (r"以内|之内|以下|往下|内|封顶", "at most"),
    (r"以上|起|或以上", "at least"),
    (r"左右|上下", "about"),
)
_DECADES = dict(
    zip(
        ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties",
         "nineties"],
        range(20, 100, 10),
        strict=True,
    )
)  # fmt: skip
_ZH_DECADES = dict(zip("二三四五六七八九", range(20, 100, 10), strict=True))
_YEAR = r"(?:1[89]\d\d|20\d\d)"
_OURS = 30  # "the 20s" are of this century, "the 30s" are not


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A bound in a sentence.

    Attributes:
        start: where its words begin.
        end: where they end.
        concept: what the unit measures, a key of ``lexicon.CONCEPTS``; empty where no unit stands.
        bound: which side.
        number: in minutes, pages, years, or as it stands.
    """

    start: int
    end: int
    concept: str
    bound: Bound
    number: float


def quantities(text: str) -> list[Quantity]:
    """The bounds of a casefolded sentence; no two overlap but those of one span of years."""
    found: list[Quantity] = []
    for reader in (_decades, _spans, _years, _english, _money, _chinese, _bare):
        taken = [(each.start, each.end) for each in found]
        found += [
            each
            for each in reader(text)
            if all(each.end <= start or end <= each.start for start, end in taken)
        ]
    return found


def number(text: str) -> float | None:
    """A number in digits, English or Chinese words; None where it is none."""
    text = text.strip()
    if re.fullmatch(r"\d+(?:,\d{3})*(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    if text in _WORDED:
        return _WORDED[text]
    return _chinese_number(text)


def _chinese_number(text: str) -> float | None:
    if text == "半":
        return 0.5
    if not re.fullmatch(r"[零〇一二两三四五六七八九十百]+", text):
        return None
    total, digit = 0, 0
    for char in text:
        if char in "十百":
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            digit = _CHINESE_DIGITS[char]
    return float(total + digit)


def _of(match: re.Match[str], concept: str, bound: Bound, value: float) -> Quantity:
    return Quantity(
        start=match.start(), end=match.end(), concept=concept, bound=bound, number=value
    )


_DECADE = re.compile(
    r"(?:(?:from|in|of)\s+)?(?:the\s+)?(?:\b(?P<full>(?:1[89]|20)\d0)'?s\b|(?<![\w$])'?(?P<two>\d0)'?s\b|"
    rf"\b(?P<word>{'|'.join(_DECADES)})\b)"
    r"|(?P<zh>(?:1[89]|20)\d0|\d0|[二三四五六七八九]十)年代"
)


_TO_DECADE = re.compile(r"\s*(?:or|and|to|-|–|/|或者?|和|到|至|、)\s*(?:the\s*)?'?")
_DECADE_AFTER = re.compile(
    r"\s*(?:(?P<before>以前|之前|前)|(?P<since>以后|之后|后|or (?:later|newer)|on(?:wards?)?\b))的?"
)
_DECADE_BEFORE = re.compile(
    r"\b(?:(?P<below>before|pre-?|older than|earlier than)|(?P<above>after|post-?|newer than)"
    r"|(?P<since>since|starting (?:in|from)))\s*(?:the\s*)?$"
)


def _decades(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    for match in _DECADE.finditer(text):
        year = _decade(match)
        before = (
            _DECADE_BEFORE.search(
                text, 0, match.start("full" if match["full"] else "two" if match["two"] else "word")
            )
            if not match["zh"]
            else None
        )
        after = _DECADE_AFTER.match(text, match.end())
        side: Bound | None = None
        if before:
            side = "below" if before["below"] else "above" if before["above"] else "at least"
        elif after:
            side = "below" if after["before"] else "at least"
        if side:
            start, end = (before or match).start(), (after if after and not before else match).end()
            found.append(
                Quantity(
                    start=start, end=end, concept="year", bound=side,
                    number=year + 9 if side == "above" else year,
                )
            )  # fmt: skip
            continue
        since, until = (
            _of(match, "year", "at least", year), _of(match, "year", "at most", year + 9)
        )  # fmt: skip
        if len(found) > 1 and _TO_DECADE.fullmatch(text, found[-1].end, since.start):
            until = replace(until, start=found[-2].start)  # "40s or 50s" is one span
            last = replace(found[-2], end=until.end)
            since, found = (last if last.number < year else replace(last, number=year)), found[:-2]
            since, until = (
                replace(each, start=last.start, end=until.end) for each in (since, until)
            )
        found += [since, until]
    return found


def _decade(match: re.Match[str]) -> float:
    if match["full"]:
        return float(match["full"])
    if match["word"]:
        return 1900.0 + _DECADES[match["word"]]
    digits = match["two"] or match["zh"]
    if len(digits) == len("1990"):
        return float(digits)
    short = _ZH_DECADES.get(digits[0]) or int(digits)
    return float(short + (2000 if short < _OURS else 1900))


_SPAN = re.compile(rf"(?:between\s+)?\b({_YEAR})\s*年?\s*(?:and|to|-|–|到|至)\s*({_YEAR})年?")


def _spans(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    for match in _SPAN.finditer(text):
        found.append(_of(match, "year", "at least", float(match[1])))
        found.append(_of(match, "year", "at most", float(match[2])))
    return found


_MADE = r"(?:(?:released|made|published)\s+)?"
_YEAR_SIDES: tuple[tuple[re.Pattern[str], Bound], ...] = (
    (re.compile(rf"{_MADE}\b(?:before|older than|earlier than|pre-)\s*({_YEAR})"), "below"),
    (re.compile(rf"{_MADE}\b(?:after|newer than|later than|post-)\s*({_YEAR})"), "above"),
    (re.compile(rf"{_MADE}\b(?:since|from)\s+({_YEAR})(?:\s+(?:on|onwards?))?"), "at least"),
    (re.compile(rf"{_MADE}\b(?:until|up to|by)\s+({_YEAR})"), "at most"),
    (re.compile(rf"({_YEAR})\s*年?(?:以后|之后|后)的?"), "at least"),
    (re.compile(rf"({_YEAR})\s*年?(?:以前|之前|前)的?"), "below"),
)


_BOTH: tuple[Bound, ...] = ("at least", "at most")
_VERY_YEAR = re.compile(rf"\b(?:in|of)\s+({_YEAR})\b|({_YEAR})\s*年的")


def _years(text: str) -> list[Quantity]:
    exact = [
        _of(match, "year", bound, float(match[1] or match[2]))
        for match in _VERY_YEAR.finditer(text)
        for bound in _BOTH
    ]
    return exact + [
        _of(match, "year", bound, float(match[1]))
        for pattern, bound in _YEAR_SIDES
        for match in pattern.finditer(text)
    ]


_UNITS = "|".join(f"(?P<u{at}>{unit})" for at, (unit, _, _) in enumerate(_EN_UNITS))
_BOUNDS = "|".join(f"(?P<b{at}>{words})" for at, (words, _) in enumerate(_EN_BOUNDS))
_ENGLISH = re.compile(
    rf"\b(?:(?:{_BOUNDS})\s+)?(?P<n>{_EN_NUMBER})(?P<half>\s+and\s+a\s+half)?[\s-]*(?:{_UNITS})\b"
    r"(?P<half_after>\s+and\s+a\s+half)?(?:\s*(?:and\s+)?(?P<more>\d+)\s*(?:minutes?|mins?|m)\b)?"
    r"(?:\s+(?P<less>or\s+(?:less|under|shorter|fewer)|max(?:imum)?|tops|at\s+most)"
    r"|\s+(?P<up>or\s+(?:more|over|longer)|minimum|at\s+least))?"
)
_TIME_LEFT = re.compile(r"\b(?:have|got|only)\s*$")


def _english(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    for match in _ENGLISH.finditer(text):
        value = number(match["n"])
        if value is None:
            continue
        at = next(at for at in range(len(_EN_UNITS)) if match[f"u{at}"])
        _, concept, size = _EN_UNITS[at]
        half = 0.5 if match["half"] or match["half_after"] else 0.0
        value = (value + half) * size + float(match["more"] or 0)
        found.append(_of(match, concept, _bound_of(match, text), value))
    return found


def _bound_of(match: re.Match[str], text: str) -> Bound:
    if match["less"]:
        return "at most"
    if match["up"]:
        return "at least"
    left = _TIME_LEFT.search(text[: match.start()])
    return _side(match) or ("at most" if left else "about")


def _side(match: re.Match[str]) -> Bound | None:
    for at, (_, bound) in enumerate(_EN_BOUNDS):
        if match[f"b{at}"]:
            return bound
    return None


_MONEY = re.compile(rf"(?:\b(?:{_BOUNDS})\s+)?[$€£¥￥]\s*(?P<n>\d+(?:\.\d+)?)")


def _money(text: str) -> list[Quantity]:
    return [
        _of(match, "price", _side(match) or "about", float(match["n"]))
        for match in _MONEY.finditer(text)
    ]


_ZH_UNIT = "|".join(f"(?P<u{at}>{unit})" for at, (unit, _, _) in enumerate(_ZH_UNITS))
_ZH_LEFT = "|".join(f"(?P<b{at}>{words})" for at, (words, _) in enumerate(_ZH_BEFORE))
_ZH_RIGHT = "|".join(f"(?P<a{at}>{words})" for at, (words, _) in enumerate(_ZH_AFTER))
_CHINESE = re.compile(
    rf"(?:{_ZH_LEFT})?\s*(?P<n>{_ZH_NUMBER})\s*(?:{_ZH_UNIT})(?P<half>半)?\s*(?:钟)?(?:{_ZH_RIGHT})?"
)


def _chinese(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    for match in _CHINESE.finditer(text):
        value = number(match["n"])
        at = next(at for at in range(len(_ZH_UNITS)) if match[f"u{at}"])
        _, concept, size = _ZH_UNITS[at]
        bound = _chinese_bound(match)
        if value is None or (bound is None and concept in ("year", "rating", "age")):
            continue
        if match["half"] or match[f"u{at}"].startswith("个半"):
            value += 0.5
        found.append(_of(match, concept, bound or "about", value * size))
    return found


def _chinese_bound(match: re.Match[str]) -> Bound | None:
    for prefix, table in (("b", _ZH_BEFORE), ("a", _ZH_AFTER)):
        for at, (_, bound) in enumerate(table):
            if match[f"{prefix}{at}"]:
                return bound
    return None


_BARE = re.compile(rf"\b(?:{_BOUNDS})\s+(?P<n>\d+(?:\.\d+)?)(?![\w%])")


_ZH_BARE = re.compile(
    r"(?P<n>\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百]{2,})\s*(?:以内|之内|以下|往下|封顶)"
    r"|(?:(?:不(?:要|想|能)?|别)花?超过|最多花?|顶多花?)\s*(?P<most>\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百]{2,})(?![\d.])"
)


def _bare(text: str) -> list[Quantity]:
    """A bound without a unit: the scene tells what it must be on."""
    found = [
        _of(match, "", _side(match) or "about", float(match["n"])) for match in _BARE.finditer(text)
    ]
    return found + [
        _of(match, "", "at most", number(match["n"] or match["most"]) or 0.0)
        for match in _ZH_BARE.finditer(text)
    ]
