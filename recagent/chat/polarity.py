"""Whether something is wanted or not, firmly or rather, by the words around it in its clause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_CLAUSE = re.compile(r"[,.;!?，。；！？]")
_NEGATIVE = (
    r"\bnothing (?:with|about|too)\b|\banything but\b|\bno more\b|\bnot\b|\bno\b|\bwithout\b"
    r"|\b(?:do not|don't|dont|didn't|never|won't)\b(?: (?:really|want|like|show|give|need|feel|care))*"
    r"|\bavoid\b|\bexcept(?: for)?\b|\bexclude\b|\bexcluding\b|\bhate\b|\bskip\b|\bisn't\b"
    r"|\btired of\b|\bsick of\b|\benough\b|\bno longer\b|\bother than\b"
    r"|不要有?|不想看?|别|(?<!有)没有|除了|讨厌|不看|不喜欢|排除|去掉|不带|拒绝|不是"
)
_POSITIVE = (
    r"\bnothing but\b|\bbut\b|\bjust\b|\bonly\b|\binstead\b|\byes\b"
    r"|但是|但|而是|只要|只看|改看|改成|换成|就要"
)
_SOFT = (
    r"\bmore(?! than)\b|\bmaybe\b|\bperhaps\b|\bpreferably\b|\bprefer\b|\brather\b|\bideally\b"
    r"|\bi (?:really |also )?(?:like|love|enjoy)\b|我(?:很|挺|最)?喜欢|我爱看"
    r"|\bif possible\b|\bmostly\b|\ba bit\b|\ba little\b|更|多一点|多点|最好|稍微|尽量|偏"
)
_SOFT_NEGATIVE = (
    r"\bless\b|\bfewer\b|\bnot (?:too|so)(?: much)?\b|\btoo much\b|\bnothing too\b"
    r"|少一点|少一些|少点|少来|别太|不要太"
)
_AFTER_NEGATIVE = re.compile(r"\s*(?:就?不要了?|就算了|不看|除外|免了|\bis out\b|\bexcluded\b)")
_AFTER_SOFT = re.compile(r"\s*(?:if possible|preferably|ideally|多一点|多点|更好|优先)")
_AFTER_LESS = re.compile(r"\s*(?:少一点|少一些|少点)")
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
    after = text[end:]
    softer = _last(_SOFT_NEGATIVE, before)
    negative, positive = _last(_NEGATIVE, before), _last(_POSITIVE, before)
    soft = _last(_SOFT, before)
    trailing = _AFTER_NEGATIVE.match(after)
    less, rather = _AFTER_LESS.match(after), _AFTER_SOFT.match(after)
    is_negative = bool(less or trailing or (softer and _is_later(softer, positive)))
    is_negative = is_negative or bool(negative and _is_later(negative, positive))
    is_soft = bool(softer or less or rather or soft) and not trailing
    cues = [match for match in (softer, negative if is_negative else None, soft) if match]
    tails = [match for match in (trailing, less, rather) if match]
    return Tone(
        is_negative=is_negative,
        is_soft=is_soft,
        start=min([begins + match.start() for match in cues], default=start),
        end=end + max([match.end() for match in tails], default=0),
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


def _last(pattern: str, text: str) -> re.Match[str] | None:
    found = None
    for match in re.finditer(pattern, text):
        found = match
    return found


def _is_later(match: re.Match[str], other: re.Match[str] | None) -> bool:
    """Whether it stands after the other, which may be a part of it ("anything but")."""
    return other is None or match.end() >= other.end()
