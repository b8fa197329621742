"""Whether something is wanted or not, firmly or rather, by the words around it in its clause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from recagent.chat.lexicon import pattern

_CLAUSE = re.compile(r"[,.;!?，。；！？]")
_NEGATIVE = pattern("tone", "negative")
_POSITIVE = pattern("tone", "positive")
_SOFT = pattern("tone", "soft")
_SOFT_NEGATIVE = pattern("tone", "soft_negative")
_AFTER_NEGATIVE = pattern("tone", "after_negative")
_AFTER_SOFT = pattern("tone", "after_soft")
_AFTER_LESS = pattern("tone", "after_less")
_ANY = re.compile(r"\s*(?:,\s*)?(?:\bor\b|\bnor\b|,|/|、|或者|或|还是)\s*(?:any\s+|an?\s+|no\s+)?")
_ALL = re.compile(r"\s*(?:,\s*)?(?:\band\b|&|\+|和|与|加)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How something is meant; ``start`` to ``end`` are the words that say so, and itself."""

    is_negative: bool
    is_soft: bool
    start: int
    end: int


def tone_of(text: str, start: int, end: int) -> Tone:
    """The tone of ``text[start:end]`` in a casefolded sentence."""
    begins = max((match.end() for match in _CLAUSE.finditer(text, 0, start)), default=0)
    before = text[begins:start]
    next_word = end + len(text[end:]) - len(text[end:].lstrip())
    softer = _last(_SOFT_NEGATIVE, before)
    negative, positive = _last(_NEGATIVE, before), _last(_POSITIVE, before)
    soft = _last(_SOFT, before)
    trailing = _AFTER_NEGATIVE.match(text, next_word)
    less, rather = _AFTER_LESS.match(text, next_word), _AFTER_SOFT.match(text, next_word)
    is_negative = bool(less or trailing or (softer and _is_later(softer, positive)))
    is_negative = is_negative or bool(negative and _is_later(negative, positive))
    is_soft = bool(softer or less or rather or soft) and not trailing
    cues = [match for match in (softer, negative if is_negative else None, soft) if match]
    tails = [match for match in (trailing, less, rather) if match]
    return Tone(
        is_negative=is_negative,
        is_soft=is_soft,
        start=min([begins + match.start() for match in cues], default=start),
        end=max([match.end() for match in tails], default=end),
    )


def joined(between: str, *, plural: bool) -> Literal["any", "all"] | None:
    """How two values with this text between them belong together; None where they do not.

    "romantic comedy" and "crime and drama" mean both, "comedies and thrillers" either.
    """
    if _ANY.fullmatch(between):
        return "any"
    if not _ALL.fullmatch(between):
        return None
    return "any" if plural and between.strip() else "all"


def _last(cue: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for match in cue.finditer(text):
        found = match
    return found


def _is_later(match: re.Match[str], other: re.Match[str] | None) -> bool:
    """Whether it stands after the other, which may be a part of it ("anything but")."""
    return other is None or match.end() >= other.end()
