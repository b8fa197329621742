"""Words as they are compared: folded, without plurals and endings; and what they say of an item.

``words.toml`` has those that say nothing, turn the next ones into their opposite, or mean the same.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from recagent.domain.chinese_scripts import CJK, simplified

_DATA: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
)
_ODD = {
    "children": "child", "feet": "foot", "geese": "goose", "knives": "knife", "leaves": "leaf",
    "lives": "life", "loaves": "loaf", "men": "man", "mice": "mouse", "people": "person",
    "shelves": "shelf", "teeth": "tooth", "thieves": "thief", "wives": "wife", "wolves": "wolf",
    "women": "woman",
}  # fmt: skip
_SAME = frozenset(["news", "series", "species", "chess", "always", "perhaps", "chaos"])


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


SPELLINGS: tuple[tuple[str, ...], ...] = tuple(map(tuple, _DATA["spellings"]["groups"]))
FILLERS = frozenset[str](_DATA["fillers"]["english"])
CHINESE_FILLERS = _longest_first(_DATA["fillers"]["chinese"])
ASIDE = frozenset[str](_DATA["aside"]["english"])
CHINESE_ASIDE = _longest_first(_DATA["aside"]["chinese"])
PUT = _longest_first(word for word in (*_DATA["put"]["chinese"], *CHINESE_FILLERS) if len(word) > 1)
PARTICLES = frozenset[str](_DATA["put"]["particles"])
EDGES = frozenset[str](_DATA["put"]["edges"])
ASKED, NEGATION, ENDS = (_any_of(_DATA["negation"][name]) for name in ("asked", "before", "ends"))
WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:'[^\W_{CJK}]+)*")

# Latin letters without their accents; no other script is taken apart.
_PLAIN = {
    code: base
    for code in range(0xC0, 0x250)
    if (base := unicodedata.normalize("NFKD", chr(code))[0].lower()).isascii()
}


def fold(text: str) -> str:
    """A text in lower case, without accents, in simplified Chinese.

    Apostrophes and wide letters are as their plain ones.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'").translate(_PLAIN)
        text = simplified(text)
    return text.lower()


@lru_cache(10_000)
def singular(word: str) -> str:
    """An English word without its plural: "knives" and "knife" are one; "news" stays."""
    word = word.removesuffix("'s").replace("'", "")
    word = _ODD.get(word, word)
    if len(word) < 4 or word in _SAME:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(?:s|x|z|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(10_000)
def stem(word: str) -> str:
    """A word without plural, -ing or -ed, for comparison: "baking", "bakes", "bake" are one.

    Simple rules, no dictionary.
    """
    word = singular(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and re.search("[aeiouy]", rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    if len(word) > 5 and word.endswith("ll"):  # "travelling"
        return word[:-1]
    if len(word) > 3 and word.endswith("e"):
        return word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


_RATHER_THAN = re.compile(
    r"\b(?:rather than|instead of)(?:\s+(?:an?|the|too|so|very))*(?:\s+[^\W_]+){1,2}", re.IGNORECASE
)


def without_negated(wish: str) -> str:
    """A wish without what it does not want, in its own words: what may be searched for."""
    return " ".join(part for part, wanted in clauses(wish) if wanted).strip()


def clauses(text: str) -> list[tuple[str, bool]]:
    """The parts of a text, and whether each is wanted: what follows a negation is not.

    What something is wanted rather than is neither: "funny rather than scary" bans nothing.
    """
    text = _RATHER_THAN.sub(" ", text)
    parts: list[tuple[str, bool]] = []
    for clause in re.split(r"[,.;:!?，。；：！？、\n]+(?!\d)", text):
        begin, at, wanted = 0, 0, True
        plain = ASKED.sub(lambda match: " " * len(match[0]), clause.lower())
        while begin < len(clause):
            turn = (NEGATION if wanted else ENDS).search(plain, at)
            end = turn.start() if turn else len(clause)
            parts.append((clause[begin:end], wanted))
            if turn is None:
                break
            begin = at = turn.end()
            wanted = not wanted
    return [(part.strip(), wanted) for part, wanted in parts if part.strip()]
