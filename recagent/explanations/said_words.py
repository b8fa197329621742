"""What a text says, as it is compared: stems of its words, runs of Chinese, numbers.

Lists of words that say nothing by themselves are in ``own_words.toml``. Whether a sentence may be
shown is decided in ``own_words``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
NAME = re.compile(r"\b[A-Z][^\W\d_]+")  # a word with a capital letter


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
        runs = (part for run in self.chinese for part in _TURNING_ZH.split(run))
        refused = REFUSED.words | NEGATING
        return Said(self.words - refused, tuple(filter(None, runs)), self.numbers)


def _listed(name: str) -> Said:
    listed = _DATA[name]
    return Said(_stems(listed["english"]), tuple(listed.get("chinese", ())))


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORDS.findall(fold(text)))


JOINING, COMPARING, REFUSED = _listed("joining"), _listed("comparing"), _listed("refused")
COMPARING_ZH = re.compile(_DATA["comparing"]["pattern"])
WISHING, PEOPLE = _listed("wishing"), _listed("people")
MOST, ALL = _listed("listing"), _listed("all")
LIKING, ADDRESSING = _listed("liking"), _listed("addressing")
PARTING = frozenset(_DATA["parting"]["english"].split())
SEQUENCE = _stems(_DATA["sequence"]["english"])
KNOWING = _stems(_DATA["knowing"]["english"])
NEGATING = _stems(_DATA["negating"]["english"])
COMPARED: Sequence[Mapping[str, Any]] = _DATA["compared"]
ACTIONS: Mapping[str, str] = _DATA["actions"]
FRACTIONS: Mapping[str, float] = _DATA["fractions"]
LIMITS: Mapping[str, Sequence[str]] = _DATA["limits"]
ALL_UNITS = frozenset(unit for units in _DATA["units"].values() for unit in units.split())
UNITS = {name: unit for names, unit in _DATA["units"].items() for name in names.split()}
# By their first year; those that were twice are not called by name alone.
DECADES: Mapping[int, str] = {int(year): name for year, name in _DATA["decades"].items()}
_NEGATING_ZH = _DATA["negating"]["chinese"]
_REFUSED_ZH = re.compile("|".join(REFUSED.chinese))
_TURNING_ZH = re.compile("|".join([*REFUSED.chinese, _NEGATING_ZH]))
_NEGATED_ZH = re.compile(_NEGATING_ZH)
_JOINING_ZH = frozenset(JOINING.chinese)
_SAME: tuple[Sequence[str], ...] = (*SPELLINGS, *_DATA["same"]["groups"])
_ENDINGS = re.compile(r"(?:i|li|ness)$")  # of stems: sporty, slowly, softness


def with_decades(text: str) -> str:
    """A text with decades in words: 1990s and 90s are the nineties, 90年代 is 九十年代."""
    for year, names in DECADES.items():
        english, chinese = names.split()
        text = re.sub(rf"\b(?:{year}|['’]?{year % 100})['’]?s\b", english, text)
        text = re.sub(rf"(?<!\d)(?:{year}|{year % 100}) ?年代", chinese, text)
    return text


def as_written(text: str) -> Said:
    """What a text says in its own words."""
    plain = fold(text)
    return Said(_stems(plain), tuple(_RUNS.findall(plain)), frozenset(_NUMBERS.findall(plain)))


def said(text: str) -> Said:
    """What a text says, also in the other words and the other language for the same."""
    plain = as_written(text)
    words, runs = plain.words, plain.chinese
    for group in _SAME:
        if any(is_named(each, words, runs) for each in group):
            others = " ".join(group)
            words |= _stems(others)
            runs += tuple(_RUNS.findall(others))
    return Said(words, runs, plain.numbers)


def is_a_kind(word: str) -> bool:
    """Whether a word says what something is, by itself or in a longer one: War, Love."""
    return any(stem(fold(word)) in _stems(each) for group in _SAME for each in group)


def spellings(value: str) -> set[str]:
    """The ways to name a value: as it stands, and the other words for exactly that."""
    plain = fold(value)
    return {plain, *(each for group in _SAME if plain in group for each in group)}


def is_named(spelling: str, words: frozenset[str], runs: Sequence[str]) -> bool:
    """Whether these words or runs of Chinese name a thing in one spelling."""
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


def common_of(texts: Sequence[Said]) -> Said:
    """What all of the texts say."""
    return common(texts, least=len(texts))


def _parts(run: str) -> Iterator[str]:
    """A run of one letter, and the parts of two to six letters of a longer one."""
    if len(run) == 1:
        yield run
    for size in range(2, min(len(run), _LONGEST) + 1):
        for at in range(len(run) - size + 1):
            yield run[at : at + size]


def is_word_said(written: str, cited: Said, shared: Said, *, nearby: str = "") -> bool:
    """Whether a word or run of Chinese is in what is cited or shared, or says nothing itself.

    Args:
        written: the word, or the run.
        cited: what evidence says, also praise and negations.
        shared: what the catalogue says.
        nearby: the catalogue's own text, in which a negation may stand as it is written.
    """
    plain = fold(written)
    if _RUNS.match(plain):
        return _is_covered(plain, cited.chinese, shared.chinese, nearby)
    said = cited.words | shared.words
    parts = [stem(part) for part in plain.replace("’", "'").split("-")]
    known = (_is_known(part, said) for part in parts)
    return all(known) or stem(plain) in JOINING.words | said


def _is_known(word: str, said: frozenset[str]) -> bool:
    if word in JOINING.words or word in said:
        return True
    root = _ENDINGS.sub("", word)
    return len(root) > 3 and root != word and root in said


def _is_covered(run: str, cited: Sequence[str], shared: Sequence[str], nearby: str) -> bool:
    """Whether joining words and pieces of what is said make up a run of Chinese.

    Praise is only taken within four letters of the evidence itself, a negation within three of
    evidence or catalogue. A single letter of what is said may stand alone, but no two make a word.
    """
    ends = {0: True}  # where parts may end, and whether another single letter may follow
    for end in range(1, len(run) + 1):
        for start in range(end):
            if start not in ends or (ends.get(end) is True):
                continue
            part = run[start:end]
            if _is_part(part, cited, shared, nearby):
                ends[end] = True
            elif len(part) == 1 and ends[start] and _is_letter(part, (*cited, *shared)):
                ends.setdefault(end, False)
    return len(run) in ends


def _is_letter(letter: str, said: Sequence[str]) -> bool:
    return not _TURNING_ZH.search(letter) and any(letter in each for each in said)


def _is_part(part: str, cited: Sequence[str], shared: Sequence[str], nearby: str) -> bool:
    if part in _JOINING_ZH:
        return True
    if _REFUSED_ZH.search(part):
        return len(part) > 3 and any(part in each for each in cited)
    if _NEGATED_ZH.search(part):
        return len(part) > 2 and (part in nearby or any(part in each for each in cited))
    if len(part) == 1:
        return part in cited or part in shared
    if len(part) == 2 and part[0] == part[1] and _is_letter(part[0], (*cited, *shared)):
        return True  # 小小, 慢慢
    return any(part in each for each in (*cited, *shared))
