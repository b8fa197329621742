"""Whether a figure in a model's own sentence is the one that its place calls for.

A rating belongs to the title beside it, a count and its base to people, a limit to the wish, and
everything else to the item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from recagent.explanations.own_evidence import NUMBER, Piece, Subject, plain
from recagent.explanations.said_words import ALL_UNITS, FRACTIONS, LIKING, LIMITS
from recagent.explanations.segments import Segment, Token, nearest_titles

_NEAR = 0.03  # by which a share may miss the fraction that it is called
_BETWEEN = ("the", "those", "these", "all", "your", "a", "just", "well")
_BASE_ZH = re.compile(r"人?(?:中|里|当中|之中)|[个位人名]?(?:喜欢|爱看|买过|看过|听过|读过)")
_PEOPLE_ZH = re.compile("^个?[人位名]|^个")
_FULL = "满分"
_LIMITS_ZH = tuple(
    word for side in ("most", "least") for word in LIMITS[side] if not word.isascii()
)


class Figures:
    """The figures of one sentence: numbers, shares, limits and units.

    Args:
        parts: the sentence's segments.
        named: cited pieces by the title that they name.
        loose: cited pieces without a title.
        subject: what the sentence is about.
        limits: numbers of the wish.
    """

    def __init__(
        self,
        parts: Sequence[Segment],
        *,
        named: Mapping[str, Sequence[Piece]],
        loose: Sequence[Piece],
        subject: Subject,
        limits: Iterable[str],
    ) -> None:
        self._parts, self._named, self._loose = parts, named, loose
        self._subject, self._limits = subject, frozenset(limits)
        self.used: set[str] = set()

    def is_number(self, written: str, segment: Segment, row: int) -> bool:
        """Whether a number is that of the title, the people, the wish or the item of its place."""
        side = _limit_side(segment, row)
        if side and written in self._limits:
            return self._keeps(side, written)
        for piece in self._named.get(self._title_beside(segment, row), ()):
            verdict = self._is_of_title(written, piece, segment, row)
            if verdict is not None:
                return verdict
        for piece in self._loose:
            facts, of_people = piece.evidence.facts, segment.is_of_people
            is_count = of_people and written == facts.get("count") and self._is_done(piece, segment)
            is_other = "count" not in facts and written in piece.says.numbers and not of_people
            if is_count or is_other:
                self.used.add(piece.evidence.id)
                return True
        return self._is_of_item(plain(written), segment)

    def is_share(self, word: str, pieces: Iterable[Piece]) -> bool:
        """Whether so large a share of the people of a liked item liked this one: "a third"."""
        return any(
            abs(int(facts["count"]) / int(facts["base"]) - FRACTIONS[word]) < _NEAR
            for facts in (piece.evidence.facts for piece in pieces)
            if "base" in facts
        )

    def keeps_budget(self, segment: Segment, row: int) -> bool:
        """Whether the item's price is on the side of the person's limit that is told."""
        side = _limit_side(segment, row) or "most"
        return any(self._keeps(side, limit) for limit in self._limits)

    def is_counted_in(self, unit: str, segment: Segment, row: int) -> bool:
        """Whether a unit behind a number is the one that its attribute is counted in."""
        number = plain(segment.word(row - 1))
        units = self._subject.numbers.get(number)
        return not units or unit in units or f"{number}{unit}" in self._subject.text

    def without_figures(
        self, run: str, segment: Segment, row: int, pieces: Sequence[Piece]
    ) -> str | None:
        """A run of Chinese without units, limits and shares; None where one of them is not so."""
        if row and segment.tokens[row - 1][0] == "number":
            run = _PEOPLE_ZH.sub(" ", run) if segment.is_of_people else run
            unit = next((each for each in ALL_UNITS if run.startswith(each)), "")
            if unit and not self.is_counted_in(unit, segment, row):
                return None
            run = f" {run.removeprefix(unit)}" if unit else run
        figures = {word: self.is_share(word, pieces) for word in FRACTIONS if word in run}
        figures |= {
            word: self.keeps_budget(segment, row) for word in LIMITS["budget"] if word in run
        }
        if _FULL in run:
            figures[_FULL] = self._is_full_rating(segment)
        around = [kind for kind, _ in segment.tokens[max(row - 1, 0) : row + 2]]
        if "number" in around:
            figures |= dict.fromkeys(_LIMITS_ZH, True)
        for word in figures:
            run = run.replace(word, " ")
        return run if all(figures.values()) else None

    def _is_of_title(self, written: str, piece: Piece, segment: Segment, row: int) -> bool | None:
        """Whether a number is the title's; None where its piece has no such number."""
        facts, whole = piece.evidence.facts, _part_of(segment, row)
        base, count = facts.get("base"), facts.get("count")
        if base and written == base:
            return _is_base(segment, row)
        if base and whole == base:
            return written == count and self._is_done(piece, segment)
        if written == count:
            before = self._parts[segment.at - 1] if segment.at else None
            goes_on = before is not None and before.is_of_people  # "of 62 who liked it, 19 …"
            is_of_people = segment.is_of_people or goes_on
            return self._is_done(piece, segment) if is_of_people else None
        rating = facts.get("rating", "")
        is_short = written == rating.split("/")[0] and not segment.is_of_people
        return written == rating or is_short or written in piece.says.numbers or None

    def _is_of_item(self, number: str, segment: Segment) -> bool:
        """Whether a number is one of the item's; beside titles and people only its year."""
        own = self._subject.numbers
        if segment.is_of_people or segment.titles or segment.wishes:
            return "年" in own.get(number, ()) and not (segment.is_of_title or segment.wishes)
        return number in own or number in self._subject.says.numbers

    def _is_full_rating(self, segment: Segment) -> bool:
        """Whether a title here, or the nearest, has the highest rating of its scale."""
        titles = segment.titles or nearest_titles(self._parts, segment.at)
        pieces = chain.from_iterable(self._named[title] for title in titles)
        marks = (piece.evidence.facts.get("rating", "").split("/") for piece in pieces)
        return any(len(mark) > 1 and mark[0] == mark[1] for mark in marks)

    def _title_beside(self, segment: Segment, row: int) -> str:
        before = [text for kind, text in segment.tokens[:row] if kind == "title"]
        after = [text for kind, text in segment.tokens[row + 1 :] if kind == "title"]
        if _leads_to_title(segment.tokens[row + 1 :]):
            before = []
        title = before[-1:] or after[:1] or nearest_titles(self._parts, segment.at)[-1:]
        return title[0] if title else ""

    def _is_done(self, piece: Piece, segment: Segment) -> bool:
        """Whether people who are counted did what is said of them: some only bought or looked."""
        around = self._parts[max(segment.at - 1, 0) : segment.at + 1]
        return piece.evidence.facts.get("did") != "had" or not any(
            each.tells(LIKING) for each in around
        )

    def _keeps(self, side: str, limit: str) -> bool:
        """Whether a number of the item that the sentence names, or its price, keeps a limit."""
        own = self._subject.numbers
        written = {
            plain(text) for part in self._parts for kind, text in part.tokens if kind == "number"
        }
        prices = {number for number, units in own.items() if "元" in units}
        values = [*map(float, (written & own.keys()) - {plain(limit)} or prices)]
        if NUMBER.fullmatch(limit) is None:
            return False
        most = float(limit)
        return any(value <= most if side == "most" else value >= most for value in values)


def _is_base(segment: Segment, row: int) -> bool:
    """Whether a number is said to be all people of whom some did: "of the 62", "62 人中"."""
    before = row - 1
    while segment.word(before) in _BETWEEN:
        before -= 1
    if segment.word(before) in ("of", "among"):
        return True
    after = segment.word(row + 1)
    is_named = segment.has_title(row + 2) and segment.word(row + 3).startswith("的人")
    return _BASE_ZH.match(after) is not None and (is_named or "人" in after[:2])


def _part_of(segment: Segment, row: int) -> str:
    """All people, where a number is said to be so many of them: "62" of "19 out of the 62"."""
    after = [text.casefold() for _, text in segment.tokens[row + 1 : row + 6]]
    words = [text for text in after if text not in (*_BETWEEN, "out", "people")]
    return words[1] if len(words) > 1 and words[0] == "of" else ""


def _leads_to_title(tokens: Sequence[Token]) -> bool:
    """Whether a number belongs to what follows, as Chinese puts it: 打了 9/10 分的《A》."""
    if [kind for kind, _ in tokens[:2]] != ["chinese", "title"]:
        return False
    return tokens[0][1].endswith("的")


def _limit_side(segment: Segment, row: int) -> str:
    """``most`` or ``least`` where a number is called a limit ("under your 40"), else nothing."""
    before = row - 1
    while segment.word(before) in ("your", "the", "a"):
        before -= 1
    word, after = segment.word(before), segment.word(row + 1)
    for side in ("most", "least"):
        if word and any(word.endswith(each) for each in LIMITS[side]):
            return side
        if any(after.startswith(each) for each in LIMITS[side] if not each.isascii()):
            return side
    return ""
