"""Which item somebody describes without its title: "the matcha thing", 那个汤锅, half a title.

A description means an item if what it says is said by no other: first of those that are shown,
then of all titles, then of all that items say. Where several fit, none is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

from recagent.chat.lexicon import content, words
from recagent.domain import Item
from recagent.domain.chinese_scripts import CJK
from recagent.retrieval.words import fold, stem

_GENERIC = frozenset(words("described", "generic"))
_WORD = re.compile(r"[a-z0-9]+(?:'(?!s\b)[a-z]+)?%?")
_CHINESE = re.compile(rf"[{CJK}]+")
_ZH_NOUN = "(?:个|部|本|篇|首|款|件|条|家|种|张|门|节|只|支)"
_THE = re.compile(r"\b(?:the|that|this|those|these)\s+")
_STOP = re.compile(r"[,.;!?，。；！？]|\s(?:and|or|but|vs|versus)\s")
_ZH_BEHIND = re.compile(rf"(?P<said>[{CJK}a-z0-9% ]{{1,10}}?)(?:的)?(?P<the>[那这]{_ZH_NOUN})")
_ZH_BEFORE = re.compile(rf"(?P<the>[那这]{_ZH_NOUN}?)(?P<said>[{CJK}]{{2,8}})")
_MOST = 5  # words of a description
_MANY = 300  # titles from which one word of a title is too little to mean it
_SHORT, _LONG = 5, 8  # letters from which one may be wrong, and two
_HEAD = 3  # letters of a word that is cut short, as "veg" is


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Where a description stands in a text, and the item that it means.

    ``is_sure``: whether it says that it means one thing, or has more than a word of the title.
    """

    start: int
    end: int
    item: Item
    is_sure: bool = True


class Descriptions:
    """Items by what they say, for finding the one that is described."""

    def __init__(self, scenes: Iterable[Iterable[Item]] = ()) -> None:
        """Of the scenes' items; those of the earlier scene come first."""
        self._items = list(
            {fold(item.title): item for items in [*scenes][::-1] for item in items}.values()
        )

    def phrases(
        self,
        text: str,
        *,
        slate: Sequence[Item],
        values: AbstractSet[str] = frozenset(),
        in_text: bool = True,
    ) -> Iterator[Described]:
        """The descriptions in a text that say so: "the fox one", "that cake tin", 汤锅那个.

        ``values``: words that say a kind; "the sea" alone means no book on it. ``in_text``: whether
        what items say counts beside their titles.
        """
        lowered = text.lower()
        for match in _THE.finditer(lowered):
            stop = _STOP.search(lowered, match.end())
            ends = [
                word.end()
                for word in _WORD.finditer(
                    lowered, match.end(), stop.start() if stop else len(lowered)
                )
            ][:_MOST]
            for end in reversed(ends):
                words = lowered[match.end() : end].split()
                is_named = words[-1] in _GENERIC or words[0] in _GENERIC
                if not is_named and all(stem(word) in values for word in words if content(word)):
                    continue
                item = self.item(" ".join(words), slate=slate, in_text=is_named and in_text)
                if item is not None:
                    is_sure = is_named or match[0].startswith("that") or len(words) > 1
                    yield Described(start=match.start(), end=end, item=item, is_sure=is_sure)
                    break
        for pattern in (_ZH_BEHIND, _ZH_BEFORE):
            for match in pattern.finditer(lowered):
                start, end = match.span("said")
                parts = (
                    [(at, end) for at in range(start, end)] if pattern is _ZH_BEHIND
                    else [(start, at) for at in range(end, start + 1, -1)]
                )  # fmt: skip
                for begin, stops in parts:
                    item = self.item(lowered[begin:stops], slate=slate, in_text=in_text)
                    if item is not None:
                        yield Described(
                            start=min(match.start("the"), begin),
                            end=max(match.end("the"), stops),
                            item=item,
                        )
                        break

    def item(self, words: str, *, slate: Sequence[Item] = (), in_text: bool = True) -> Item | None:
        """The one item that all of these words describe; None if there is none, or are several.

        ``in_text``: whether what items say counts beside their titles.
        """
        tokens = self._tokens(words)
        if not tokens:
            return None
        shown = {item.id for item in slate}
        for by_word in (self._titled, self._said) if in_text else (self._titled,):
            found = self._all_of(tokens, by_word)
            here = [at for at in found if self._items[at].id in shown]
            if len(here) != 1 and len(tokens) == 1 and len(self._items) > _MANY:
                return None  # one word of many titles is too little
            if len(here) == 1 or len(found) == 1:
                return self._items[(here if len(here) == 1 else list(found))[0]]
            if found:
                return None
        return None

    def halves(
        self, text: str, *, slate: Sequence[Item], values: AbstractSet[str] = frozenset()
    ) -> list[Described]:
        """Parts of titles in a text, each of which only one item has: "winter pilots", 汤锅.

        ``values``: words that say a kind and no title.
        """
        lowered = text.lower()
        found = [
            *self._english_halves(lowered, slate, values),
            *self._chinese_halves(lowered, slate, values),
        ]
        return sorted(found, key=lambda each: each.start)

    def _english_halves(
        self, text: str, slate: Sequence[Item], values: AbstractSet[str]
    ) -> Iterator[Described]:
        shown = {item.id for item in slate}
        spans = [(match.start(), match.end(), match[0]) for match in _WORD.finditer(text)]
        at = 0
        while at < len(spans):
            own: AbstractSet[int] = frozenset()
            told: list[str] = []
            last = at
            for after in range(at, len(spans)):
                word = spans[after][2]
                if not content(word) and told and after - last < 3:
                    continue  # "house without windows", "otter and oak"
                having = self._having(word, self._titled) if content(word) else frozenset[int]()
                both = own & having if told else having
                if not both or (
                    told and re.search(r"[,.;!?]", text[spans[last][1] : spans[after][0]])
                ):
                    break
                own, last = both, after
                told.append(word)
            chosen = {a for a in own if self._items[a].id in shown} if len(own) > 1 else own
            is_telling = len(told) > 1 or (
                len(told) == 1
                and len(self._items) < _MANY
                and len(told[0]) >= 4
                and stem(told[0]) not in values
                and self._is_whole(told[0])
            )
            if len(chosen) == 1 and is_telling:
                yield Described(
                    start=spans[at][0], end=spans[last][1],
                    item=self._items[next(iter(chosen))], is_sure=len(told) > 1,
                )  # fmt: skip
                at = last + 1
            else:
                at += 1

    def _is_whole(self, word: str) -> bool:
        """Whether a word is not cut short, as "keep" of "keeper" would be."""
        return stem(word) in self._titled or len(word) > _SHORT

    def _chinese_halves(
        self, text: str, slate: Sequence[Item], values: AbstractSet[str]
    ) -> Iterator[Described]:
        shown = {item.id for item in slate}
        for run in _CHINESE.finditer(text):
            at = run.start()
            while at < run.end() - 1:
                for end in range(run.end(), at + 1, -1):
                    part = text[at:end]
                    own = [a for a, title in self._chinese_titles if part in title]
                    here = [a for a in own if self._items[a].id in shown] if len(own) > 1 else own
                    if len(here) == 1 and part not in values and content(part):
                        yield Described(
                            start=at, end=end, item=self._items[here[0]], is_sure=end - at > _HEAD
                        )
                        at = end - 1
                        break
                at += 1

    def _tokens(self, text: str) -> list[str]:
        lowered = fold(text)
        chinese = [
            part for run in _CHINESE.findall(lowered) for part in content(run).split()
            if part not in _GENERIC
        ]  # fmt: skip
        english = [word for word in _WORD.findall(lowered) if content(word) or "%" in word]
        return [*chinese, *(word for word in english if word not in _GENERIC)]

    def _all_of(self, tokens: Sequence[str], by_word: dict[str, set[int]]) -> AbstractSet[int]:
        found: AbstractSet[int] | None = None
        for token in tokens:
            if _CHINESE.match(token):
                titles = self._chinese_titles if by_word is self._titled else self._chinese_texts
                own: AbstractSet[int] = {at for at, text in titles if token in text}
            else:
                own = self._having(token, by_word)
            found = own if found is None else found & own
        return found or frozenset()

    def _having(self, word: str, by_word: dict[str, set[int]]) -> AbstractSet[int]:
        """The items that say a word, also misspelt or cut short."""
        own = stem(word)
        if own in by_word:
            return by_word[own]
        if len(own) < _SHORT or len(by_word) > 20 * _MANY:
            heads = [other for other in by_word if len(own) >= _HEAD and other.startswith(own)]
            return by_word[heads[0]] if len(heads) == 1 else frozenset()
        near = [other for other in by_word if other[:1] == own[:1] and len(other) >= _SHORT]
        most = 2 if len(own) >= _LONG else 1
        found = process.extractOne(own, near, scorer=OSA.distance, score_cutoff=most)
        return by_word[found[0]] if found else frozenset()

    @cached_property
    def _titled(self) -> dict[str, set[int]]:
        return self._words_of([item.title for item in self._items])

    @cached_property
    def _said(self) -> dict[str, set[int]]:
        return self._words_of([item.document() for item in self._items])

    @cached_property
    def _chinese_titles(self) -> list[tuple[int, str]]:
        folded = [(at, fold(item.title)) for at, item in enumerate(self._items)]
        return [(at, title) for at, title in folded if _CHINESE.search(title)]

    @cached_property
    def _chinese_texts(self) -> list[tuple[int, str]]:
        folded = [(at, fold(item.document())) for at, item in enumerate(self._items)]
        return [(at, text) for at, text in folded if _CHINESE.search(text)]

    @staticmethod
    def _words_of(texts: Sequence[str]) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for at, text in enumerate(texts):
            for word in _WORD.findall(fold(text)):
                found.setdefault(stem(word), set()).add(at)
        return found
