"""Items that a text may mean by a part of their title: "the sourdough jar".

Several may be meant, and none: for somebody to choose from who reads the text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from recagent.domain import Item
from recagent.domain.chinese_scripts import CJK
from recagent.retrieval.words import FILLERS, WORD, fold, stem

_RARE = 2  # titles in which a word stands that is enough by itself
_SHORTEST = 5  # letters of such a word
_CHINESE = re.compile(rf"[{CJK}]")


class TitleWords:
    """A scene's items by the words of their titles."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._parts = {key: frozenset(_parts(item.title)) for key, item in items.items()}
        self._keys: dict[str, list[str]] = defaultdict(list)
        for key, parts in self._parts.items():
            for part in parts:
                self._keys[part].append(key)

    def named_in(self, text: str) -> dict[str, float]:
        """Ids of items, the surest first, with how much of their title the text has.

        Two words of it or the whole, or one that few titles have.
        """
        said = frozenset(_parts(text))
        grades: dict[str, float] = {}
        for key in sorted({key for part in said for key in self._keys.get(part, ())}):
            shared = self._parts[key] & said
            is_whole = len(shared) == len(self._parts[key])
            if len(shared) > 1 or is_whole or any(map(self._is_telling, shared)):
                rarity = sum(1 / len(self._keys[part]) for part in shared)
                grades[key] = rarity * len(shared) / len(self._parts[key])
        return dict(sorted(grades.items(), key=lambda pair: -pair[1]))

    def _is_telling(self, part: str) -> bool:
        is_long = len(part) >= _SHORTEST or _CHINESE.match(part) is not None
        return is_long and len(self._keys[part]) <= _RARE


def _parts(text: str) -> Iterator[str]:
    """Words that tell something, and of Chinese every two letters."""
    for match in WORD.finditer(fold(text)):
        word = match[0]
        if _CHINESE.match(word):
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif word not in FILLERS and len(word) > 1:
            yield stem(word)
