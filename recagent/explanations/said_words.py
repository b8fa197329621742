"""What a text says, as it is compared: stems of its words, runs of Chinese, numbers.

Lists of words that say nothing by themselves are in ``own_words.toml``. Whether a sentence may be
shown is decided in ``own_words``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent.domain.chinese_scripts import CJK
from recagent.retrieval.words import SPELLINGS, fold, stem

_LONGEST = 6  # letters of a Chinese word that is compared
_WORDS = re.compile(rf"[^\W\d_{CJK}]+(?:['’][^\W\d_{CJK}]+)*")
_NUMBERS = re.compile(r"\d+(?:[.,:/]\d+)*%?")
_RUNS = re.compile(rf"[{CJK}]+")
_DATA: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "own_words.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says."""

    words: frozenset[str] = frozenset()
    chinese: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()

    def __or__(self, other: Said) -> Said:
        return Said(
            self.words | other.words, self.chinese + other.chinese, self.numbers | other.numbers
        )

    def tamed(self) -> Said:
        """The same without praise, commands and negations, which nobody has checked."""
        runs = (part for run in self.chinese for part in _REFUSED_ZH.split(run))
        return Said(self.words - REFUSED.words, tuple(filter(None, runs)), self.numbers)


def _listed(name: str) -> Said:
    listed = _DATA[name]
    return Said(_stems(listed["english"]), tuple(listed.get("chinese", ())))


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORDS.findall(fold(text)))


JOINING, COMPARING, REFUSED = _listed("joining"), _listed("comparing"), _listed("refused")
WISHING, LISTING, PEOPLE = _listed("wishing"), _listed("listing"), _listed("people")
PARTING = frozenset(_DATA["parting"]["english"].split())
_REFUSED_ZH = re.compile("|".join(REFUSED.chinese))
_JOINING_ZH = frozenset(JOINING.chinese)


def as_written(text: str) -> Said:
    """What a text says in its own words."""
    plain = fold(text)
    return Said(_stems(plain), tuple(_RUNS.findall(plain)), frozenset(_NUMBERS.findall(plain)))


def said(text: str) -> Said:
    """What a text says, also in the other words and the other language for the same."""
    plain = as_written(text)
    words, runs = plain.words, plain.chinese
    for group in SPELLINGS:
        if any(_names(each, words, runs) for each in group):
            others = " ".join(group)
            words |= _stems(others)
            runs += tuple(_RUNS.findall(others))
    return Said(words, runs, plain.numbers)


def _names(spelling: str, words: frozenset[str], runs: Sequence[str]) -> bool:
    if _RUNS.search(spelling):
        return any(spelling in run for run in runs)
    return _stems(spelling) <= words


def common(texts: Sequence[Said], *, least: int) -> Said:
    """What at least so many of the texts say."""
    if least <= 1 and len(texts) == 1:
        return texts[0]

    def often(sets: Iterable[Iterable[str]]) -> list[str]:
        counts: dict[str, int] = {}
        for each in sets:
            for word in set(each):
                counts[word] = counts.get(word, 0) + 1
        return [word for word, count in counts.items() if count >= least]

    parts = [{part for run in each.chinese for part in _parts(run)} for each in texts]
    return Said(
        frozenset(often(each.words for each in texts)),
        tuple(often(parts)),
        frozenset(often(each.numbers for each in texts)),
    )


def _parts(run: str) -> Iterator[str]:
    """A run of one letter, and the parts of two to six letters of a longer one."""
    if len(run) == 1:
        yield run
    for size in range(2, min(len(run), _LONGEST) + 1):
        for at in range(len(run) - size + 1):
            yield run[at : at + size]


def is_word_said(written: str, cited: Said, shared: Said) -> bool:
    """Whether a word or run of Chinese is in what is cited or shared, or says nothing itself."""
    plain = fold(written)
    if _RUNS.match(plain):
        return _is_covered(plain, cited.chinese, shared.chinese)
    allowed = JOINING.words | cited.words | shared.words
    parts = [stem(part) for part in plain.replace("’", "'").split("-")]
    return all(part in allowed for part in parts) or stem(plain) in allowed


def _is_covered(run: str, cited: Sequence[str], shared: Sequence[str]) -> bool:
    """Whether joining words and pieces of what is said make up a run of Chinese.

    A negation or praise is only taken within four letters of the evidence itself.
    """
    reach = [True] + [False] * len(run)
    for end in range(1, len(run) + 1):
        reach[end] = any(
            reach[start] and _is_part(run[start:end], cited, shared) for start in range(end)
        )
    return reach[-1]


def _is_part(part: str, cited: Sequence[str], shared: Sequence[str]) -> bool:
    if part in _JOINING_ZH:
        return True
    if _REFUSED_ZH.search(part):
        return len(part) > 3 and any(part in each for each in cited)
    if len(part) == 1:
        return part in cited or part in shared
    return any(part in each for each in (*cited, *shared))
