"""Whether a sentence says what its evidence says: decided by code, in English and Chinese.

A sentence is supported if it is what its pieces of evidence say, one after the other, whatever
joining words and commas it puts between or leaves out, and with at least one of the values where a
piece lists several. Order counts, or "12 people who liked A" could take its number from B; an
attribute of the item that is no evidence does not count, or anything could be said to be shared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import chain, product

from recagent.domain import Evidence, Language, Scene
from recagent.domain.chinese_scripts import CJK
from recagent.explanations.templates import clause, display_facts
from recagent.prompts import one_line

# Titles stay whole, with what stands in their quotes; so do numbers, 8.5/10 and 62% among them.
# Chinese has no spaces: a token is a character, or a joining word.
_JOINING_ZH = (
    "推荐理由", "理由是", "推荐", "因为", "由于", "此外", "而且", "并且", "另外", "同时",
    "它", "这", "还", "也", "又",
)  # fmt: skip
_TOKEN = re.compile(
    r"“[^”]*”|\"[^\"]*\"|《[^》]*》|「[^」]*」|『[^』]*』"
    r"|\d+(?:[.,:/]\d+)*%?"
    rf"|{'|'.join(_JOINING_ZH)}|[{CJK}]"
    rf"|[^\W\d_{CJK}]+(?:['’][^\W\d_{CJK}]+)*"
    r"|\S"
)
# None of these words says anything of the item, the person or anybody else.
_JOINING: Mapping[Language, frozenset[str]] = {
    "en": frozenset(
        ["because", "since", "as", "and", "also", "plus", "besides", "moreover", "too", "well",
         "the", "a", "an", "it", "this", "that", "which", "we", "recommend", "recommended"]
    ),
    "zh": frozenset(_JOINING_ZH),
}  # fmt: skip
_SILENT = frozenset(",.;:!()，。；：、！（）")

# Facts that a sentence shows as they are.
_SHOWN = (
    "title", "other", "item", "without", "rating", "count", "base", "share", "rank", "other_rank",
    "among", "slate", "before", "after", "scene", "constraint", "attribute", "value", "part",
)  # fmt: skip
# Kinds that list values, and where these begin in the piece's references.
_LISTS = {"wish": 0, "tag": 0, "attribute": 1, "needs": 1, "earlier": 1}

Token = tuple[str, str]  # as it is compared, and as it is written
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Something that a clause says; ``listed``: number of the piece whose list it is of, or -1."""

    text: Phrase
    listed: int = -1


def unsupported_parts(
    text: str, evidence: Sequence[Evidence], *, scenes: Mapping[str, Scene], lang: Language
) -> tuple[str, ...]:
    """The parts of a sentence that its evidence does not support; none if it may be shown.

    Numbers, titles in quotes, values of attributes and names of scenes must be those of the
    evidence, and so must every other word that is no joining word. A sentence that leaves out what
    its evidence needs to be true is unsupported as a whole.

    Args:
        text: the sentence, without references.
        evidence: that it cites, in the order in which it does.
        scenes: for their labels.
        lang: of the sentence.
    """
    values = set(chain.from_iterable(_values(piece, scenes, lang) for piece in evidence))
    phrases = [*_grouped(_tokens(text), values, lang)]
    unsupported: list[tuple[str, ...]] = []
    for variant in product(*(_variants(piece) for piece in evidence)):
        units = [
            unit
            for number, piece in enumerate(variant)
            for unit in _units(piece, number, values, scenes, lang)
        ]
        unsupported.append(_unsupported(phrases, units, whole=text))
    return min(unsupported, key=len)


def _unsupported(
    phrases: Sequence[tuple[Phrase, str]], units: Sequence[_Unit], *, whole: str
) -> tuple[str, ...]:
    """Returns the phrases that are no unit at their place; the whole where a unit is missing."""
    words = [phrase for phrase, _ in phrases]
    if _says_all(words, units):
        return ()
    matcher = SequenceMatcher(None, words, [unit.text for unit in units], autojunk=False)
    blocks = matcher.get_matching_blocks()
    supported = {block.a + step for block in blocks for step in range(block.size)}
    parts = tuple(text for row, (_, text) in enumerate(phrases) if row not in supported)
    return parts or (whole,)


def _says_all(phrases: Sequence[Phrase], units: Sequence[_Unit]) -> bool:
    """Whether these are the units in their order, with at least one of each list."""
    row, used_lists = 0, set[int]()
    for phrase in phrases:
        while row < len(units) and units[row].text != phrase and units[row].listed >= 0:
            row += 1
        if row == len(units) or units[row].text != phrase:
            return False
        used_lists.add(units[row].listed)
        row += 1
    lists = {unit.listed for unit in units if unit.listed >= 0}
    return all(unit.listed >= 0 for unit in units[row:]) and lists <= used_lists


def _units(
    piece: Evidence,
    number: int,
    values: set[Phrase],
    scenes: Mapping[str, Scene],
    lang: Language,
) -> Iterator[_Unit]:
    """Yields what a piece says, in its order."""
    listed = {_phrase(value) for value in _listed(piece)}
    tokens = _tokens(clause(piece, scenes=scenes, lang=lang))
    for phrase, _ in _grouped(tokens, values, lang):
        yield _Unit(phrase, number if phrase in listed else -1)


def _variants(piece: Evidence) -> Iterator[Evidence]:
    """Yields the piece, and the same with fewer facts about the liked item that it names."""
    yield piece
    if piece.kind not in ("attribute", "people"):
        return
    facts = {name: fact for name, fact in piece.facts.items() if name != "scene"}
    if "scene" in piece.facts:
        yield replace(piece, facts=facts)
    if piece.kind == "people" and "rating" in facts:
        yield replace(piece, facts={n: fact for n, fact in facts.items() if n != "rating"} | _LIKED)


_LIKED = {"kind": "like"}  # a sentence about people has no kind without a rating


def _values(piece: Evidence, scenes: Mapping[str, Scene], lang: Language) -> Iterator[Phrase]:
    facts = display_facts(piece, scenes=scenes, lang=lang)
    for value in [*(facts[name] for name in _SHOWN if name in facts), *_listed(piece)]:
        phrase = _phrase(value)
        if phrase:
            yield phrase


def _listed(piece: Evidence) -> list[str]:
    if piece.kind not in _LISTS:
        return []
    return [one_line(ref) for ref in piece.refs[_LISTS[piece.kind] :]]


def _phrase(text: str) -> Phrase:
    return tuple(word for word, _ in _tokens(text))


def _tokens(text: str) -> list[Token]:
    """Words, numbers, titles and symbols."""
    tokens: list[Token] = []
    for written in _TOKEN.findall(text):
        word = written.casefold()
        if len(word) > 1 and word[0] in '“"《「『':
            word = f"“{word[1:-1]}”"
        if word not in _SILENT:
            tokens.append((word, written))
    return tokens


def _grouped(
    tokens: Sequence[Token], values: set[Phrase], lang: Language
) -> Iterator[tuple[Phrase, str]]:
    """Tokens, those together that make a value, the longest first; no joining words besides."""
    longest = max(map(len, values), default=1)
    start = 0
    while start < len(tokens):
        size = next(
            (
                size
                for size in range(min(longest, len(tokens) - start), 1, -1)
                if tuple(word for word, _ in tokens[start : start + size]) in values
            ),
            1,
        )
        group = tokens[start : start + size]
        phrase = tuple(word for word, _ in group)
        if phrase in values or phrase[0] not in _JOINING[lang]:
            yield phrase, " ".join(written for _, written in group)
        start += size
