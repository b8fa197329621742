"""Titles that somebody wrote from memory, looked up among a scene's items.

Not a search by meaning: a title is found where it is spelled alike, or it is not in the catalogue.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from recagent.domain import Item
from recagent.retrieval.query import YEARS
from recagent.retrieval.words import fold

YEARS_APART = 1  # of one film: its first showing and its release; for the very title alone
LEAST_ALIKE = 90.0  # of 100, in letters, where the year agrees
LEAST_ALIKE_WITHOUT_YEAR = 94.0  # where none is known

_YEAR = re.compile(r"^(.*?)[\s,]*[(（\[]\s*((?:1[89]|20)\d\d)\s*[)）\]]\s*$", re.DOTALL)
_NOT_SAID = re.compile(r"[^\w]+|_")
_ARTICLE = re.compile(r"^(?:the|an?) | (?:the|an?)$")
_SUBTITLE = re.compile(r"\s*:\s+|：|\s+[-–—]\s+")
_NUMERALS = re.compile(r"\b(?:\d+|[ivx]+|two|three|four|five|six|seven|eight|nine|ten)\b")
_SHORTEST = 5  # letters of a main title that may stand for the whole one

Keys = dict[str, list[str]]


class TitleIndex:
    """A scene's items by their titles.

    A title is looked up as it stands, then without its article or its subtitle, then by how much it
    is spelled alike. Numbers must agree ("Toy Story 2" is not "Toy Story 3"), and years where both
    are known. Of several items the one of the nearest year is meant, of equal ones the first of the
    catalogue.
    """

    def __init__(self, items: Mapping[str, Item], _: None = None) -> None:
        self._years = {key: _year_of(item) for key, item in items.items()}
        self._whole: Keys = {}
        self._bare: Keys = {}
        self._main: Keys = {}
        for key, item in items.items():
            whole, main = _plain(item.title), _plain(_SUBTITLE.split(item.title)[0])
            named = ((self._whole, whole), (self._bare, _bare(whole)), (self._main, _bare(main)))
            for keys, title in named:
                if title:
                    keys.setdefault(title, []).append(key)
        self._numerals = {title: _NUMERALS.findall(title) for title in self._bare}

    def find(self, written: str) -> str:
        """The id of the item that is meant by ``Title`` or ``Title (year)``; empty for none."""
        title, year = split_year(written)
        whole = _plain(title)
        if not whole:
            return ""
        for keys, apart in self._candidates(whole, _plain(_SUBTITLE.split(title)[0]), year):
            fitting = [key for key in keys if self._apart(key, year) <= apart]
            if fitting:
                return min(fitting, key=lambda key: self._apart(key, year))
        return ""

    def _candidates(
        self, whole: str, main: str, year: int | None
    ) -> Iterator[tuple[list[str], int]]:
        """Ids of items that may be meant, the surest first, and how far apart years may be."""
        bare, bare_main = _bare(whole), _bare(main)
        yield self._whole.get(whole, []), YEARS_APART
        yield self._bare.get(bare, []), 0
        if year is not None:  # without one "Alien" could be any film of the series
            if len(bare) >= _SHORTEST:
                yield self._main.get(bare, []), 0
            if len(bare_main) >= _SHORTEST:
                yield self._bare.get(bare_main, []), 0
        yield from ((keys, 0) for keys in self._alike(bare, year))

    def _alike(self, bare: str, year: int | None) -> Iterator[list[str]]:
        rapidfuzz: Any = import_module("rapidfuzz")  # no sooner than a title is not found whole
        near = rapidfuzz.process.extract(
            bare,
            self._bare.keys(),
            scorer=rapidfuzz.fuzz.ratio,
            score_cutoff=LEAST_ALIKE_WITHOUT_YEAR if year is None else LEAST_ALIKE,
            limit=10,
        )
        numerals = _NUMERALS.findall(bare)
        yield from (self._bare[title] for title, _, _ in near if self._numerals[title] == numerals)

    def _apart(self, key: str, year: int | None) -> float:
        """How many years apart; 0 where either is not known."""
        item_year = self._years[key]
        return 0.0 if item_year is None or year is None else abs(item_year - year)


def split_year(written: str) -> tuple[str, int | None]:
    """Returns a title and the year that stands in brackets behind it, where one does."""
    match = _YEAR.match(written)
    return (match[1].strip(), int(match[2])) if match else (written.strip(), None)


def _plain(title: str) -> str:
    """The letters and digits of a title: no case, accents, or punctuation."""
    letters = unicodedata.normalize("NFKD", fold(title).replace("&", " and "))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return _NOT_SAID.sub(" ", plain.replace("'", "")).strip()


def _bare(plain: str) -> str:
    """The same without the article that it begins or ends with ("Matrix, The")."""
    return _ARTICLE.sub("", plain) or plain


def _year_of(item: Item) -> float | None:
    for name in YEARS:
        value = item.attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None
