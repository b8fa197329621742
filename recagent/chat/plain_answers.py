"""Whether the sentence with which a language model answers a turn may be shown.

Each word that claims something has to stand in what the catalogue tells of the items that the
sentence is about; the person's own words may be taken up where a sentence names such a fact beside
them, or says that it is not known. Numbers have to be told, or be a count, a sum or a difference of
what is told. What does not pass is not shown. Reasons, which claim more, are ``own_words``'s.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from recagent.domain import Item
from recagent.domain.chinese_scripts import CJK
from recagent.explanations.said_words import (
    ALL_UNITS,
    JOINING,
    LIKING,
    WISHING,
    Said,
    is_word_said,
    said,
)
from recagent.prompts.words import caption, full_caption, one_line
from recagent.retrieval.words import fold, stem

MOST = 320  # characters
_SENTENCES = 2
_DATA: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "plain_words.toml").read_text(encoding="utf-8")
)
_PLAIN = frozenset(map(stem, _DATA["plain"]["english"].split()))
_PLAIN_ZH = frozenset((*_DATA["plain"]["chinese"], *JOINING.chinese, *WISHING.chinese))
_PROMISES = frozenset(map(stem, _DATA["promises"]["english"].split()))
_ALLOWED = _PLAIN | _PROMISES | JOINING.words | LIKING.words
_PROMISES_ZH = re.compile("|".join(_DATA["promises"]["chinese"]))
_UNKNOWN = frozenset(map(stem, _DATA["unknown"]["english"].split()))
_UNKNOWN_ZH = re.compile(_DATA["unknown"]["chinese"])
_DENIED = re.compile(r"\b(?:no|not|nobody|nothing|never|cannot|none)\b|n't\b|[不没无别勿未]")
_ENDS = re.compile(r"[.!?](?=\s|$)|[。！？]")
_PARTS = re.compile(r"[.!?](?=\s|$)|[;:。！？；：]|\s[–—]\s|\b(?:but|though)\b|但|不过|只是")
_TOKEN = re.compile(
    rf"(?P<number>\d+(?:[.,]\d+)*)|(?P<zh>[{CJK}]+)|(?P<word>[^\W\d_{CJK}]+(?:['’-][^\W\d_{CJK}]+)*)"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HOURS = re.compile(
    r"(\d+)\s*(?:hours?|hrs?|h|个?小时)\s*(?:and\s*)?(\d+)\s*(?:minutes?|mins?|m\b|分钟?)"
)
_YES_OR_NO = re.compile(r"(?:yes|no|yep|nope|sure)\b|是|不|能|可以|有|没有|行|对", re.IGNORECASE)
_OF_ITSELF = re.compile(r"\bI\b|我")
_NUMERALS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
}  # fmt: skip
_COMPARING = re.compile(
    r"\b(?:than|against|versus|vs|compared|both|together|total)\b|[比而]|一共|总共|加起来"
)
_LONGEST = 8  # letters of a part of Chinese
_ADDED = 5  # items whose numbers are added up
_HOUR = 60  # minutes
_TIMES = 12  # of one thing that somebody takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a model was told of a turn.

    Attributes:
        items: of which it was told what the catalogue says.
        in_force: conditions.
        others: the rest, such as attributes and parts of the catalogue.
        turn: what the person said.
        about: items that the turn is about; all where that is none.
    """

    items: Sequence[Item]
    in_force: Sequence[str]
    others: Sequence[str]
    turn: str
    about: Sequence[Item] = ()


def checked_answer(text: str, told: Told) -> str:
    """The text as it may be shown; empty where a part of it is not supported."""
    text = one_line(text, MOST + 1)
    if not text or len(text) > MOST or len(_ENDS.findall(text)) > _SENTENCES:
        return ""
    about = list(told.about) or list(told.items)
    compared = [*told.about, *_without_titles(text, told.items)[1]]
    is_grounded = _YES_OR_NO.match(text) is None or _OF_ITSELF.search(text) is not None
    for part in filter(None, map(str.strip, _PARTS.split(_hours_as_minutes(text)))):
        rest, named = _without_titles(part, told.items)
        about = named or about
        measured = [*about, *compared] if _COMPARING.search(rest) else about
        check = _Check(about, told, measured=measured)
        if not check.allows(rest):
            return ""
        is_grounded = is_grounded or check.has_ground
    return text if is_grounded else ""  # no bare yes or no


class _Check:
    """A part of a sentence against the items that it is about."""

    def __init__(self, about: Sequence[Item], told: Told, *, measured: Sequence[Item]) -> None:
        facts = [_facts(item) for item in about]
        self._facts = said(" ".join((*facts, *told.in_force, *told.others)))
        self._asked = said(told.turn)
        measured = list({item.id: item for item in measured}.values())
        self._numbers = _numbers(measured, [*told.in_force, told.turn])
        self._most = max(len(told.items), len(about))

    def allows(self, part: str) -> bool:
        """Whether all words are told, and what is only asked stands beside a fact or is open."""
        self._is_denied = _DENIED.search(part.casefold()) is not None
        if _PROMISES_ZH.search(part) and not self._is_denied:
            return False
        has_fact = is_asked = False
        is_open = _UNKNOWN_ZH.search(part) is not None
        self.has_ground = False
        for token in _TOKEN.finditer(part):
            used = self._used(token.lastgroup or "", token[0])
            if used is None:
                return False
            has_fact, is_asked = has_fact or used[0], is_asked or used[1]
            is_open = is_open or stem(fold(token[0])) in _UNKNOWN
        self.has_ground = has_fact or is_open
        return self.has_ground or not is_asked

    def _used(self, kind: str, written: str) -> tuple[bool, bool] | None:
        """Whether a token tells a fact, and whether it is only asked; None if it is neither."""
        if kind == "number":
            return (True, False) if self._has_number(_value(written)) else None
        if kind == "zh":
            return self._zh(fold(written))
        word = fold(written)
        root = stem(word)
        if root in _PROMISES and not self._is_denied:
            return None
        if word in _NUMERALS:
            return (False, False) if self._has_number(_NUMERALS[word]) else None
        if root in _ALLOWED or word in ALL_UNITS:
            return False, False
        if is_word_said(written, self._facts, Said()):
            return True, False
        return (False, True) if is_word_said(written, self._asked, Said()) else None

    def _zh(self, run: str) -> tuple[bool, bool] | None:
        """Whether a run of Chinese has a fact, and what is only asked; None if it has neither."""
        ways: dict[int, tuple[bool, bool]] = {0: (False, False)}
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - _LONGEST), end):
                if start not in ways:
                    continue
                part, (has_fact, is_asked) = run[start:end], ways[start]
                if part in _PLAIN_ZH or _PROMISES_ZH.fullmatch(part):
                    way = (has_fact, is_asked)
                elif len(part) > 1 and any(part in each for each in self._facts.chinese):
                    way = (True, is_asked)
                elif any(part in each for each in self._asked.chinese):
                    way = (has_fact, True)
                elif part in "二两三四五六七八九十" or part in self._facts.chinese:
                    way = (has_fact, is_asked)
                else:
                    continue
                held = ways.get(end)
                ways[end] = (
                    way if held is None or (way[0], not way[1]) > (held[0], not held[1]) else held
                )
        return ways.get(len(run))

    def _has_number(self, value: float) -> bool:
        is_whole = value == int(value)
        return (is_whole and value <= self._most) or any(
            abs(value - each) < (0.5 if is_whole else 0.006) for each in self._numbers
        )


def _numbers(about: Sequence[Item], asked: Sequence[str]) -> set[float]:
    """Numbers that may be said: of these items, of what is asked, and what they come to.

    That are sums and differences of what items have of an attribute, so many times it, and how far
    either is from a limit.
    """
    limits = {_value(each) for text in asked for each in _NUMBER.findall(text)}
    limits |= {count for word, count in _NUMERALS.items() for text in asked
               if word in fold(text).split()}  # fmt: skip
    found = {_value(each) for item in about for each in _NUMBER.findall(_facts(item))}
    made: set[float] = set()
    for name in {name for item in about for name in item.attributes}:
        values = [float(value) for item in about[:_ADDED]
                  if isinstance(value := item.attributes.get(name), int | float)]  # fmt: skip
        sums = {sum(some) for size in range(1, len(values) + 1)
                for some in combinations(values, size)}  # fmt: skip
        made |= sums | {each / _HOUR for each in sums if each % (_HOUR / 2) == 0}
        made |= {abs(one - other) for one, other in combinations(values, 2)}
        made |= {abs(limit - each) for limit in limits for each in sums}
        made |= {value * count for value in values for count in limits if count <= _TIMES}
    return found | made | limits


def _facts(item: Item) -> str:
    return f"{full_caption(item)} {item.text}"


def _hours_as_minutes(text: str) -> str:
    return _HOURS.sub(lambda match: f"{60 * int(match[1]) + int(match[2])} min ", text)


def _value(written: str) -> float:
    plain = re.sub(r",(?=\d{3}\b)", "", written).replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return float(plain.split(".")[0])


def _without_titles(part: str, items: Sequence[Item]) -> tuple[str, list[Item]]:
    """The part without the titles of items, and these."""
    named: list[Item] = []
    for item in sorted(items, key=lambda each: -len(each.title)):
        for written in _spellings(item):
            at = part.casefold().find(written.casefold())
            while at >= 0:
                named.append(item)
                part = f"{part[:at]} , {part[at + len(written) :]}"
                at = part.casefold().find(written.casefold())
    return part, list({item.id: item for item in named}.values())


def _spellings(item: Item) -> Iterator[str]:
    yield caption(item)
    if len(item.title) > 1:
        yield one_line(item.title)
