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
    "CHINESE_FILLERS", "CONCEPTS", "EVERYDAY", "FILLERS", "SHADES", "SPELLINGS", "Concept", "Shade",
    "acts", "content", "pattern", "words",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Something that an attribute may tell.

    Attributes:
        names: that the attribute or a part of its name may have, casefolded.
        more: words for more of it than what was shown.
        less: words for less of it.
        said: words that name it, for saying that nothing tells it.
        numeric: whether numbers tell it.
    """

    names: frozenset[str]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
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


def pattern(section: str, name: str) -> re.Pattern[str]:
    """A list of patterns as one, whatever the case."""
    return re.compile("|".join(_data()[section][name]), re.IGNORECASE)


def acts() -> Mapping[str, re.Pattern[str]]:
    """The acts and their patterns, in the order in which they are tried."""
    return {name: pattern("acts", name) for name in _data()["acts"]}


def content(left: str) -> str:
    """The words that say something, once what was understood and what says nothing is out."""
    text = left.replace("\0", " ")
    for filler in CHINESE_FILLERS:
        text = text.replace(filler, " ")
    words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text)
    kept = [word for word in words if word not in FILLERS and not word.isdigit()]
    return " ".join(kept)


def _concept(table: Mapping[str, Any]) -> Concept:
    return Concept(
        names=frozenset(table["names"]),
        more=tuple(table.get("more", ())),
        less=tuple(table.get("less", ())),
        said=tuple(table["said"]),
        numeric=table.get("numeric", True),
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


CONCEPTS: Mapping[str, Concept] = {
    name: _concept(table) for name, table in _data()["concepts"].items()
}
SHADES: tuple[Shade, ...] = tuple(
    Shade(**{name: tuple(values) for name, values in table.items()}) for table in _data()["shades"]
)
EVERYDAY = frozenset(words("fillers", "everyday"))
