"""In which scripts a catalogue is written, and how much of it the default embedder can read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from recagent.domain import Item

_LETTER = re.compile("[A-Za-z]")
_OTHERS_HAN = re.compile("[\u3040-\u30ff\uac00-\ud7af]")  # Japanese and Korean have Han too
# The word pieces of WordLlama are Latin and Cyrillic; of other scripts it has single characters.
_READABLE = re.compile("[A-Za-z\u00c0-\u024f\u0400-\u052f\u1e00-\u1eff]+")
_BY_CHARACTER = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_CHARACTERS_A_WORD = 2  # Chinese, Japanese and Korean words have about two


def script(title: str) -> str:
    """``Chinese`` for Han characters without kana or hangul, else ``Latin`` or ``other``."""
    if title.isascii():
        return "Latin" if _LETTER.search(title) else "other"
    if _OTHERS_HAN.search(title):
        return "other"
    if any("\u3400" <= char <= "\u9fff" for char in title):
        return "Chinese"
    return "Latin" if any(char.isascii() and char.isalpha() for char in title) else "other"


def is_ascii(item: Item) -> bool:
    """Whether all words of an item are of ASCII characters."""
    return (
        item.title.isascii()
        and item.text.isascii()
        and all(str(value).isascii() for value in item.attributes.values())
    )


def readable_share(items: Iterable[Item]) -> float:
    """Share of the words of items' documents that the default embedder, wordllama, can read.

    It reads what is written in Latin or Cyrillic letters, and no Chinese, Japanese, Korean, Arabic,
    Greek or Thai, of which it has single characters at most. 1 where there are no words.
    """
    read = words = 0.0
    for item in items:
        text = item.document()
        if text.isascii():
            found = len(_READABLE.findall(text))
            read, words = read + found, words + found
            continue
        characters = len(_BY_CHARACTER.findall(text))
        rest = _BY_CHARACTER.sub(" ", text)
        readable = len(_READABLE.findall(rest))
        others = len(_LETTERS.findall(_READABLE.sub(" ", rest)))
        read += readable
        words += readable + others + characters / _CHARACTERS_A_WORD
    return read / words if words else 1.0
