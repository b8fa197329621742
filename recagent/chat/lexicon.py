"""``words.toml`` as values: the words of conversations in English and Chinese."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recagent.retrieval.words import CHINESE_FILLERS, FILLERS, SPELLINGS

__all__ = [
    "CHINESE_FILLERS", "CONCEPTS", "EVERYDAY", "FILLERS", "SHADES", "SPELLINGS", "TRANSLATIONS",
    "Concept", "Shade", "content", "names_in", "pattern", "typed", "words",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Something that an attribute may tell.

    Attributes:
        names: that the attribute or a part of its name may have, casefolded.
        more: words for more of it than what was shown.
        less: words for less of it.
        said: words that name it, for saying that nothing tells it.
        any: words for that how much of it there is does not matter.
        numeric: whether numbers tell it.
    """

    names: frozenset[str]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    numeric: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A soft wish: the words that it is put in, values that fit it, and values that do not."""

    said: tuple[str, ...]
    rather: tuple[str, ...] = ()
    not_so: tuple[str, ...] = ()


def words(section: str, name: str) -> tuple[str, ...]:
    """A list of words or patterns of ``words.toml``."""
    return tuple(_data()[section][name])


def pattern(section: str, name: str, *more: str) -> re.Pattern[str]:
    """A pattern, or a list of them as one, whatever the case."""
    own: Any = _data()[section][name]
    for part in more:
        own = own[part]
    return re.compile(own if isinstance(own, str) else "|".join(own), re.IGNORECASE)


def names_in(section: str, name: str = "") -> tuple[str, ...]:
    """The names of a table of ``words.toml``."""
    return tuple(_data()[section][name] if name else _data()[section])


def typed() -> Mapping[str, str]:
    """Words as they are typed, and how they are spelled."""
    return _data()["spelling"]["forms"]


def content(left: str) -> str:
    """The words that say something, once what was understood and what says nothing is out."""
    text = left.replace("\0", " ").replace("~", " ")
    for filler in _CHINESE:
        text = text.replace(filler, " ")
    words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text)
    kept = [
        word for word in words
        if word not in _ENGLISH and not word.isdigit() and not _SHORTENED.search(word)
    ]  # fmt: skip
    return " ".join(kept)


def _concept(table: Mapping[str, Any]) -> Concept:
    return Concept(
        names=frozenset(table["names"]),
        more=tuple(table.get("more", ())),
        less=tuple(table.get("less", ())),
        said=tuple(table["said"]),
        any=tuple(table.get("any", ())),
        numeric=table.get("numeric", True),
    )


def whole() -> str:
    """All of ``words.toml``, as it is written."""
    return (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(whole())


CONCEPTS: Mapping[str, Concept] = {
    name: _concept(table) for name, table in _data()["concepts"].items()
}
SHADES: tuple[Shade, ...] = tuple(
    Shade(**{name: tuple(values) for name, values in table.items()}) for table in _data()["shades"]
)
TRANSLATIONS: tuple[tuple[str, ...], ...] = tuple(map(tuple, _data()["spelling"]["translations"]))
EVERYDAY = frozenset(words("fillers", "everyday"))
_SHORTENED = re.compile(r"(?:n't|'(?:ve|m|ll|re|d)|^(?:it|what|that|there|who|let|here|she|he)'s)$")
_ENGLISH = FILLERS | frozenset(words("fillers", "talk"))
_CHINESE = sorted(
    (*CHINESE_FILLERS, *words("fillers", "talk_chinese")), key=lambda each: -len(each)
)
