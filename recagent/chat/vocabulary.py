"""What can be said of a scene's items: its attributes, their values, and how these are spelled.

Made from the items alone, so that nothing can be asked for that no item tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from recagent.chat.lexicon import CONCEPTS, EVERYDAY, FILLERS, SPELLINGS, TRANSLATIONS
from recagent.domain import Item, Value
from recagent.domain.chinese_scripts import simplified
from recagent.domain.comparing import read
from recagent.retrieval.words import stem

_MOST_WORDS = 4  # of a value that is looked for within a sentence
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_NAME_PARTS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMention:
    """A value that was found in a text: where, how it was put, and what the catalogue calls it."""

    start: int
    end: int
    attribute: str
    values: tuple[str, ...]


class Vocabulary:
    """The attributes of a scene's items: numbers, and texts or lists with their values."""

    def __init__(self, items: Iterable[Item], *, elsewhere: Iterable[Item] = ()) -> None:
        """Of a scene's items; ``elsewhere`` adds values that the same attributes have there.

        So "no horror" is understood where there is none, and "horror" can be said to be missing.
        """
        self._numbers: dict[str, list[float]] = {}
        self._values: dict[str, Counter[str]] = {}
        self._truths: set[str] = set()
        for item in items:
            for name, value in item.attributes.items():
                self._take(name, value)
        for item in elsewhere:
            for name, value in item.attributes.items():
                for text in _texts(value) if name in self._values else ():
                    self._values[name][text] += 0

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that can be asked for, by name."""
        return tuple(sorted({*self._numbers, *self._values, *self._truths}))

    @property
    def categories(self) -> Mapping[str, Counter[str]]:
        """The attributes with texts or lists, and how many items have each value."""
        return self._values

    @property
    def numeric(self) -> tuple[str, ...]:
        """The attributes that hold numbers."""
        return tuple(self._numbers)

    def is_truth(self, attribute: str) -> bool:
        """Whether the attribute is true or false of an item."""
        return attribute in self._truths

    def is_number(self, attribute: str) -> bool:
        """Whether the attribute holds numbers."""
        return attribute in self._numbers

    def is_day(self, attribute: str) -> bool:
        """Whether all that the attribute says are days."""
        said = self._values.get(attribute, ())
        return bool(said) and all(read(value).is_day for value in said)

    def whole(self, attribute: str) -> bool:
        """Whether all of an attribute's numbers are whole."""
        return all(number.is_integer() for number in self._numbers[attribute])

    def quantile(self, attribute: str, share: float) -> float:
        """The number that ``share`` of the items stay at or below."""
        ordered = sorted(self._numbers[attribute])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def of_concept(self, concept: str) -> str | None:
        """The attribute that tells of a concept (``length``, ``year``...); None if none does."""
        names = CONCEPTS[concept].names
        held = CONCEPTS[concept].numeric
        for attribute in self._numbers if held else {**self._values, **self._numbers}:
            folded = simplified(attribute).casefold()
            if names & {folded, *_NAME_PARTS.split(folded)}:
                return attribute
        return None

    def values_in(self, text: str) -> Iterator[ValueMention]:
        """The values that a casefolded, simplified text names, the longest at each place.

        None lies within another.

        English values by whole words, also in the plural; Chinese ones wherever they stand.
        """
        at = 0
        while at < len(text):
            found = self._at(text, at)
            if found is None:
                at += 1
                continue
            yield found
            at = found.end

    @cached_property
    def words(self) -> frozenset[str]:
        """The English words that values are named by."""
        return frozenset(
            word for each in self._spelled for word in each.split()
            if word.isascii() and word.isalpha()
        )  # fmt: skip

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The words that values are named by: stems of English ones, and Chinese ones whole."""
        return frozenset((*map(stem, self.words), *self._chinese))

    def having(self, values: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
        """The attribute that has most of these values, and those that it has; None without any."""
        wanted = {simplified(value).casefold() for value in values}
        best: tuple[str, tuple[str, ...]] | None = None
        for attribute, counted in self._values.items():
            held = tuple(value for value in counted if simplified(value).casefold() in wanted)
            if held and (best is None or len(held) > len(best[1])):
                best = attribute, held
        return best

    def _take(self, name: str, value: Value) -> None:
        if isinstance(value, bool):
            self._truths.add(name)
            return
        if isinstance(value, int | float):
            self._numbers.setdefault(name, []).append(float(value))
            return
        self._values.setdefault(name, Counter()).update(_texts(value))

    @cached_property
    def _spelled(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Attribute and values by every spelling that names them, casefolded and simplified."""
        spelled: dict[str, tuple[str, tuple[str, ...]]] = {}
        for attribute, counted in self._values.items():
            own = {simplified(value).casefold(): value for value in counted}
            for folded, value in own.items():
                spelled.setdefault(folded, (attribute, (value,)))
            for group in (*SPELLINGS, *TRANSLATIONS):
                held = tuple(own[each] for each in group if each in own)
                for each in group if held else ():
                    spelled.setdefault(each, (attribute, held))
        return {each: found for each, found in spelled.items() if each not in EVERYDAY}

    @cached_property
    def _by_stem(self) -> dict[str, str]:
        """Spellings of one English word by their stems: "she bakes" says "baking"."""
        words = (each for each in self._spelled if each.isascii() and each.isalpha())
        return {stem(each): each for each in words if each.endswith("ing")}

    @cached_property
    def _chinese(self) -> list[str]:
        """Spellings with Chinese in them, the longest first."""
        return sorted(filter(_CJK.search, self._spelled), key=lambda each: (-len(each), each))

    def _at(self, text: str, at: int) -> ValueMention | None:
        if _CJK.match(text[at]):
            for each in self._chinese:
                if text.startswith(each, at):
                    return self._found(each, at, at + len(each))
            return None
        if not text[at].isalnum() or (at and _is_word(text[at - 1])):
            return None
        ends = [match.end() for match in _words_from(text, at)]
        for end in reversed(ends):
            for spelling in _singular(text[at:end]):
                if spelling in self._spelled:
                    return self._found(spelling, at, end)
        word = text[at : ends[0]] if ends else ""
        alike = None if word in FILLERS or word in EVERYDAY else self._by_stem.get(stem(word))
        return self._found(alike, at, ends[0]) if alike else None

    def _found(self, spelling: str, start: int, end: int) -> ValueMention:
        attribute, values = self._spelled[spelling]
        return ValueMention(start=start, end=end, attribute=attribute, values=values)


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return value if isinstance(value, tuple) else ()


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*", re.ASCII)


def _words_from(text: str, at: int) -> list[re.Match[str]]:
    """Up to four words from ``at`` on with nothing but one space or hyphen between them."""
    words: list[re.Match[str]] = []
    while len(words) < _MOST_WORDS and (match := _WORD.match(text, at)):
        words.append(match)
        at = match.end() + 1
        if text[match.end() : at] not in (" ", "-"):
            break
    return words


def _singular(text: str) -> Iterator[str]:
    """The text, then as it would read in the singular."""
    yield text
    if text.endswith("ies"):
        yield text[:-3] + "y"
    if text.endswith("es"):
        yield text[:-2]
    if text.endswith("s"):
        yield text[:-1]
