"""Which items of a scene answer a wish, and how well: words, values and numbers of what they say.

Not taste: among items that answer a wish alike, the ranking decides.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Item, Value, WishMatch
from recagent.domain.chinese_scripts import IS_CJK, as_written
from recagent.domain.comparing import read as read_value
from recagent.domain.units import amount_for
from recagent.retrieval.query import ParsedQuery, Range, Term, parse_query
from recagent.retrieval.words import (
    CHINESE_ASIDE,
    EDGES,
    PARTICLES,
    SPELLINGS,
    clauses,
    fold,
    singular,
    stem,
)

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


IN_STEM = 0.8  # of what a word counts that has only the stem of the wish's: "training" for "trains"
IN_TEXT = 0.5  # of what a word counts in a title or a value: a description mentions many things
NEAR = 0.4  # the best grade of an item that is near in meaning and says none of the words
LEAST = 0.15  # of a wish's words, weighted by rarity, that an item must say to answer it
_WORD = re.compile(r"[^\W_]+(?:'s)?")
_BETWEEN = re.compile(rf"[\s{''.join(sorted(PARTICLES))}]+")
# What an item says that it is without it does not say: "sugar-free", "not too sweet", 无咖啡因.
_WITHOUT = re.compile(
    r"(?:\b(non|no|not|without|zero)(?: (?:too|very|so))?[ -]|(无|免|不含|没有|不带|不太))$"
)
_FREE = re.compile(r"[- ](free)\b")
_REACH = 16  # characters before a word in which that is said
_END = "\n\n"  # between two items, so that nothing is found across them


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """How the items of a scene answer a wish.

    Attributes:
        grades: in (0, 1] in tenths, by id of the items that answer it; -1 of those that it avoids.
        words: that an item answers, as the wish put them, by id.
        missing: words of the wish that no item says.
        asks: what is searched for beside words, by nearness of meaning; empty for nothing.
        proposed: items that a model named for the wish, best first; their grades are above 1.
    """

    grades: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...] = ()
    asks: str = ""
    proposed: tuple[str, ...] = ()

    def with_near(self, near: Mapping[str, float]) -> Matches:
        """The same with items whose meaning is near, behind those that say more than a little.

        ``near``: how near, in (0, 1], by id.
        """
        if not near:
            return self
        grades = dict(self.grades)
        for key, nearness in near.items():
            grade = math.ceil(10 * NEAR * nearness) / 10
            if 0 <= grades.get(key, 0.0) < grade:
                grades[key] = grade
        return replace(self, grades=grades)

    def led_by(self, proposed: Sequence[str]) -> Matches:
        """The same with items that a model named for the wish, best first, before all others.

        Not those of them that the wish avoids.
        """
        leading = [key for key in proposed if self.grades.get(key, 0.0) >= 0]
        if not leading:
            return self
        best = {key: 2.0 - at / len(leading) for at, key in enumerate(leading)}
        return replace(self, grades={**self.grades, **best}, proposed=tuple(leading))

    def counted(self, wish: str, *, exclude: AbstractSet[str]) -> WishMatch | None:
        """What the scene has for the wish, without what must not come; None if it asks nothing."""
        if not self.asks:
            return None
        answering = {key for key, grade in self.grades.items() if grade > 0}
        return WishMatch(
            wish=wish,
            matches=len(answering - exclude),
            left_out=len(answering & exclude),
            missing=self.missing,
        )


NO_MATCHES = Matches(grades={}, words={})


class SceneText:
    """All that a scene's items say, as one folded text that is searched through."""

    def __init__(self, items: Mapping[str, Item], _: None = None) -> None:
        self._items = list(items.values())
        parts: list[str] = []
        self._starts: list[int] = []
        self._texts: list[int] = []  # where the description begins, which counts less
        self._numbers: dict[tuple[tuple[str, ...], str], Floats] = {}
        at = 0
        for item in self._items:
            short = fold("\n".join([item.title, *_attribute_texts(item.attributes), ""]))
            long = fold(item.text) + _END
            self._starts.append(at)
            self._texts.append(at + len(short))
            parts += (short, long)
            at += len(short) + len(long)
        self._text = "".join(parts)

    def matches(self, wish: str) -> Matches:
        """The items that answer a wish, and those that it avoids."""
        query = self._known(parse_query(wish))
        if not (query.wanted or query.avoided):
            return NO_MATCHES
        every = " ".join(part for part, _ in clauses(fold(wish)))
        term_weights = [(term, self._prominences(term, every)) for term in query.wanted]
        known = [(term, weights) for term, weights in term_weights if weights.any()]
        grades = np.zeros(len(self._items))
        total = sum(rarities := [_rarity(weights) for _, weights in known])
        for rarity, (_, weights) in zip(rarities, known, strict=True):
            grades += rarity * weights / total
        grades = np.ceil(grades.round(6) * 10) / 10 * (grades >= LEAST)
        for term in query.avoided:
            grades[self._prominences(term, every) > 0] = -1.0
        at = np.flatnonzero(grades).tolist()
        ids = [item.id for item in self._items]
        return Matches(
            grades={ids[row]: float(grades[row]) for row in at},
            words={
                ids[row]: tuple(
                    as_written(term.text, wish) for term, weights in known if weights[row]
                )
                for row in at
                if grades[row] > 0
            },
            missing=tuple(
                as_written(term.text, wish)
                for term, weights in term_weights
                if not weights.any() and not (len(term_weights) > 1 and _is_crumb(term))
            ),
            asks=as_written(" ".join(term.text for term in query.wanted), wish),
        )

    def _known(self, wish: ParsedQuery) -> ParsedQuery:
        """The wish with runs of Chinese taken apart, and without what is beside the point."""
        wanted = [each for term in wish.wanted for each in self._apart(term)]
        avoided = [each for term in wish.avoided for each in self._apart(term)]
        main_terms = [term for term in wanted if not term.is_aside]
        return ParsedQuery(
            wanted=tuple(dict.fromkeys(main_terms or wanted)),
            avoided=tuple(term for term in avoided if not term.is_aside),
        )

    def _apart(self, term: Term) -> list[Term]:
        if term.ways or term.range:
            return [term]
        return [
            Term(text=word, ways=_ways(word), is_aside=aside) for word, aside in self._cut(term)
        ]

    def _cut(self, term: Term) -> Iterator[tuple[str, bool]]:
        """The words of a run of Chinese: pairs that the items have, and what is left of it."""
        run = term.text
        for aside in CHINESE_ASIDE:
            if aside in run:
                yield aside, True
                run = run.replace(aside, " ")
        for piece in _BETWEEN.split(run):
            yield from ((word, False) for word in self._words_of(piece))

    def _words_of(self, piece: str) -> Iterator[str]:
        pairs = [piece[at : at + 2] for at in range(len(piece) - 1)]
        is_known = [pair in self._text for pair in pairs]
        covered = [any(is_known[max(at - 1, 0) : at + 1]) for at in range(len(piece))]
        begin = 0
        while begin < len(piece):
            end = begin + 1
            while end < len(piece) and covered[end] == covered[begin]:
                end += 1
            if covered[begin]:
                yield from (pairs[at] for at in range(begin, end - 1) if is_known[at])
            else:
                yield from _rest(piece[begin:end])
            begin = end

    def _prominences(self, term: Term, wish: str) -> Floats:
        """(n,) how prominently each item says a term of a wish, 0 to 1."""
        weights = np.zeros(len(self._items))
        for way in term.ways:
            words = [self._word(word, wish) for word in way]
            weights = np.maximum(weights, np.minimum.reduce(words))
        if term.range is not None:
            weights = np.maximum(weights, self._within(term.range))
        return weights

    def _word(self, word: str, wish: str) -> Floats:
        weights = np.zeros(len(self._items))
        for at, weight in self._occurrences(word, wish):
            row = bisect_left(self._starts, at + 1) - 1
            here = weight if at < self._texts[row] else weight * IN_TEXT
            weights[row] = max(weights[row], here)
        return weights

    def _occurrences(self, word: str, wish: str) -> Iterator[tuple[int, float]]:
        """Where a word stands, and what it counts there; Chinese counts within words too.

        What an item is without counts only where the wish itself says so ("sugar-free").
        """
        is_chinese, stemmed = IS_CJK.match(word), stem(word)
        begin = word if is_chinese else stemmed.removesuffix("i")
        begin = begin[:-1] if begin.endswith("f") and len(begin) > 2 else begin  # "knives"
        at = self._text.find(begin)
        while at >= 0:
            if self._is_without(at, wish):
                pass
            elif is_chinese:
                yield at, 1.0
            elif at == 0 or not self._text[at - 1].isalnum():
                whole = _WORD.match(self._text, at)
                text_word = whole[0] if whole else ""
                if singular(text_word) == word:
                    yield at, 1.0
                elif stem(text_word) == stemmed:
                    yield at, IN_STEM
            at = self._text.find(begin, at + 1)

    def _is_without(self, at: int, wish: str) -> bool:
        """Whether an item says at this place what it is without, and the wish does not say so."""
        word, begin = _WORD.match(self._text, at), at
        while begin and self._text[begin - 1 : begin + 1] in wish and IS_CJK.match(self._text, at):
            begin -= 1  # the pairs of one word
        before = _WITHOUT.search(self._text[max(0, begin - _REACH) : begin])
        match = before or _FREE.match(self._text, word.end() if word else at)
        return match is not None and match[match.lastindex or 0] not in wish

    def _within(self, bound: Range) -> Floats:
        key = (bound.attributes, bound.unit)
        values = self._numbers.get(key)
        if values is None:
            values = np.asarray([_number(item, bound) for item in self._items])
            self._numbers[key] = values
        return ((values >= bound.low) & (values <= bound.high)).astype(np.float64)


def _rest(piece: str) -> list[str]:
    """What is left of a piece once its ends that say nothing are off; one character is a word."""
    while piece and piece[0] in EDGES:
        piece = piece[1:]
    while piece and piece[-1] in EDGES:
        piece = piece[:-1]
    if len(piece) == 2 and piece[1] in "子儿":
        piece = piece[0]
    return [piece] if piece else []


@lru_cache(1_000)
def _ways(word: str) -> tuple[tuple[str, ...], ...]:
    """A Chinese word, with the other ways to say it."""
    ways = {(word,): None}
    for group in SPELLINGS:
        if word in group:
            ways |= {
                (each,) if IS_CJK.match(each) else tuple(map(singular, each.split())): None
                for each in group
            }
    return tuple(ways)


def _rarity(weights: Floats) -> float:
    """The weight of a term by how few items say it, above 0."""
    count = float(np.count_nonzero(weights))
    return max(0.1, float(np.log((len(weights) + 1) / (count + 0.5))))


def _attribute_texts(attributes: Mapping[str, Value]) -> Iterator[str]:
    """Texts and whole numbers, each alone; prices are no words, and of a yes the name is."""
    for name, value in attributes.items():
        if isinstance(value, str | bool) and read_value(value).truth:
            yield name.replace("_", " ")
        elif isinstance(value, tuple):
            yield from value
        elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            yield str(value)


def _is_crumb(term: Term) -> bool:
    """Whether a term is one character of Chinese, which is no word that anybody would miss."""
    return len(term.text) == 1 and IS_CJK.match(term.text) is not None


def _number(item: Item, bound: Range) -> float:
    """The item's number that a bound is on; NaN without any."""
    if not bound.unit:
        return _first(item, bound.attributes)
    for name, value in item.attributes.items():
        size = _unit_of(name, bound.unit)
        if size and isinstance(value, int | float):
            return value / size
    return float("nan")


@lru_cache(1_000)
def _unit_of(name: str, unit: str) -> float | None:
    """How much of an attribute one of a unit is; None where its name says no such measure."""
    return amount_for(name, f"1 {unit}")


def _first(item: Item, attributes: Sequence[str]) -> float:
    """The number of the first of the attributes that the item has; NaN without any."""
    for name in attributes:
        value = item.attributes.get(name)
        if isinstance(value, str):  # "1999-05-01" is of 1999
            year = re.match(r"\s*(\d{4})(?:\D|$)", value)
            value = float(year[1]) if year else None
        if isinstance(value, (int, float)):
            return float(value)
    return float("nan")


def best_first(grades: Mapping[str, float]) -> list[Sequence[str]]:
    """Ids of the items that answer a wish, alike ones together, the best first."""
    tiers: dict[float, list[str]] = {}
    for key, grade in grades.items():
        if grade > 0:
            tiers.setdefault(grade, []).append(key)
    return [tiers[grade] for grade in sorted(tiers, reverse=True)]
