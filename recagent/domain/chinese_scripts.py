"""The scripts of Chinese: which letters are of them, and both as one for comparing.

Not a translation: each character alone is put in its simplified form, so that a text keeps its
length and a word is found within a longer one. What people read stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

# Letters of Chinese, Japanese and Korean, as the inside of a regular expression's brackets.
CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
IS_CJK = re.compile(f"[{CJK}]")
_FIRST, _LAST = 0x3400, 0x9FFF
_HAN = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


def simplified(text: str) -> str:
    """A text with simplified characters for traditional ones, as long as it was: 戰爭 is 战争."""
    if text.isascii() or not _HAN.search(text):
        return text
    table = _table()
    return text if table.keys().isdisjoint(map(ord, text)) else text.translate(table)


def as_written(text: str, original: str) -> str:
    """A simplified text in the characters in which ``original``, where it is from, has it."""
    if original.isascii():
        return text
    spellings = {plain: char for char in original if (plain := simplified(char)) != char}
    return text.translate(str.maketrans(spellings)) if spellings else text


@cache
def _table() -> Mapping[int, str]:
    """Simplified characters by the code of the traditional one.

    Source: OpenCC, dictionary TSCharacters.
    """
    opencc: Any = import_module("opencc")
    chars = [chr(code) for code in range(_FIRST, _LAST + 1)]
    plain: str = opencc.OpenCC("t2s").convert("\n".join(chars))
    pairs = zip(chars, plain.split("\n"), strict=True)
    return {ord(char): other for char, other in pairs if char != other and len(other) == 1}
