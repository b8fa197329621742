"""What of a sentence is not wanted, or only rather: found once, before anything is read of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from recagent.chat.lexicon import content, pattern

_CLAUSE = re.compile(r"(?:[,.;!?，。；！？]|--)(?!\d)")
_PLAIN = pattern("tone", "no_negation")
_NEGATIVE = pattern("tone", "negative")
_POSITIVE = pattern("tone", "positive")
_SCOPE_ENDS = pattern("tone", "scope_ends")
_SIGN = pattern("tone", "sign")
_SOFT = pattern("tone", "soft")
_SOFT_NEGATIVE = pattern("tone", "soft_negative")
_AFTER_NEGATIVE = pattern("tone", "after_negative")
_AFTER_SOFT = pattern("tone", "after_soft")
_AFTER_LESS = pattern("tone", "after_less")
_BEHIND = re.compile(
    rf"(?:\s*(?:的|类|那种|stuff|things?|movies?|films?|ones?))?\s*(?:{_AFTER_NEGATIVE.pattern})",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\s*(?:(?:,\s*)?(?:\bor\b|\bnor\b|/|或者|或|还是)\s*(?:any\s+|an?\s+|no\s+)?"
    r"|(?:,|、)\s*(?:any\s+|no\s+)?)"
)
_RATHER_THAN = re.compile(r"\b(?:rather|prefer|sooner)\b.*?\b(?P<than>than)\b")
# A negation behind something, in words that no pattern knows: 烘焙我也不碰, "X isn't my thing".
_REFUSED_BEHIND = re.compile(
    r"(?!.*(.)[不没]\1)(?!.*[但而])(?:片|类|的)?[\u3400-\u9fff]{0,4}?(?:不|没有?)[\u3400-\u9fff]{1,4}[\s了吧啊呢哦~]*"
    r"|\s*(?:movies?|films?|books?|stuff|things?)?\s*(?:i|we|he|she|they|is|are|was|were)?\s*"
    r"(?:really|just|do|does|did|ca|is|are|was|were|would)?\s*(?:n't|not|never)\s+"
    r"(?:really\s+)?(?:my|for|stand|into|do|like|want|work|a fan|touch|need)\b.*"
)
_LAST = re.compile(r"[\s了吧啊呢哦~]*")
_ALL = re.compile(r"\s*(?:,\s*)?(?:\band\b|&|\+|和|与|加)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How something is meant; ``start`` to ``end`` are the words that say so, and itself."""

    is_negative: bool
    is_soft: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a negation is about.

    Attributes:
        cue: where the negation begins.
        start: where what it is about begins.
        end: where that ends.
        tail: where the negation ends, if it stands after what it is about.
        is_soft: whether less of it is wanted, and not none.
    """

    cue: int
    start: int
    end: int
    tail: int
    is_soft: bool

    def holds(self, start: int, end: int) -> bool:
        """Whether a span lies within it, or begins with its negation's last words."""
        return (self.start <= start or self.cue < start) and end <= self.end


class Polarity:
    """A casefolded sentence with the scopes of its negations."""

    def __init__(self, text: str) -> None:
        self._text = text
        # What looks like a negation and is none must not open a scope; places stay as they are.
        self._plain = _PLAIN.sub(lambda match: "~" * len(match[0]), text)
        ends = [match.start() for match in _CLAUSE.finditer(text)]
        starts = [0, *(match.end() for match in _CLAUSE.finditer(text))]
        self._clauses = list(zip(starts, [*ends, len(text)], strict=True))
        self.scopes = [scope for own in self._clauses for scope in self._scopes(*own)]

    def tone(self, start: int, end: int) -> Tone:
        """How the words at ``start:end`` are meant."""
        begins, stops = next((own for own in self._clauses if own[0] <= start < own[1]), (0, end))
        scope = next((each for each in self.scopes if each.holds(start, end)), None)
        follows = end + len(self._text[end:stops]) - len(self._text[end:stops].lstrip())
        tails = [
            match for cue in (_AFTER_SOFT, _AFTER_LESS) if (match := cue.match(self._text, follows))
        ]
        softer = [
            match for match in _SOFT.finditer(self._plain, begins, start)
            if not any(each.cue <= match.start() < each.start for each in self.scopes)
        ]  # fmt: skip
        less = _AFTER_LESS.match(self._text, follows)
        is_soft = bool(tails or softer or (scope and scope.is_soft))
        if scope is not None and not scope.is_soft and scope.tail > scope.end:
            is_soft = False  # "最好别的 X 就不要了": what is refused in the end is refused
        return Tone(
            is_negative=bool(scope or less),
            is_soft=is_soft,
            start=min([start, *([scope.cue] if scope else []), *(m.start() for m in softer)]),
            end=max([end, *([scope.tail] if scope and scope.tail > scope.end else []),
                     *(match.end() for match in tails)]),
        )  # fmt: skip

    def is_unsure(self, start: int, end: int) -> bool:
        """Whether what stands at ``start:end`` may be what a negation behind it refuses."""
        stops = next((own[1] for own in self._clauses if own[0] <= start < own[1]), end)
        if any(each.holds(start, end) for each in self.scopes):
            return False
        return _REFUSED_BEHIND.fullmatch(self._plain, end, stops) is not None

    def is_refusing(self, left: str) -> bool:
        """Whether words that nothing was made of hold any sign of a refusal or a doubt."""
        return _SIGN.search(self.without_plain(left)) is not None

    def without_plain(self, left: str) -> str:
        """Words without what looks like a negation and is none; places stay as they are."""
        return _PLAIN.sub(lambda match: "~" * len(match[0]), left)

    def clause_end(self, at: int) -> int:
        """Where the clause ends in which ``at`` is, or that ends there."""
        return next((stop for start, stop in self._clauses if start <= at <= stop), at)

    def _scopes(self, begin: int, end: int) -> list[Scope]:
        """The scopes of a clause, from left to right; a wish after one ends it."""
        found = [*self._behind(begin, end), *self._compared(begin, end)]
        end = min((each.cue for each in found), default=end)
        at = begin
        while cue := self._next(at, end):
            wish = _POSITIVE.search(self._plain, cue.end(), end)
            at = stop = wish.start() if wish else end
            further = self._next(cue.end(), stop)
            if further is not None:
                if not self._plain[cue.end() : further.start()].strip():
                    at = further.end()  # two negations of one thing: neither is sure
                    continue
                at = stop = further.start()
            for other in _SCOPE_ENDS.finditer(self._text, cue.end(), stop):
                if content(self._plain[cue.end() : other.start()]):
                    at = stop = other.start()
                    break
            found.append(
                Scope(
                    cue=cue.start(), start=cue.end(), end=stop, tail=stop,
                    is_soft=cue.re is _SOFT_NEGATIVE,
                )
            )  # fmt: skip
        return found

    def _behind(self, begin: int, end: int) -> list[Scope]:
        """What a negation at the end of a clause is about: "horror is out", 恐怖片不要了."""
        for match in _BEHIND.finditer(self._plain, begin, end):
            wishes = _POSITIVE.finditer(self._plain, begin, match.start())
            start = max([begin, *(wish.end() for wish in wishes)])
            is_last = _LAST.fullmatch(self._plain, match.end(), end)
            if is_last and self._plain[start : match.start()].strip():
                tail = match.end()
                return [Scope(cue=start, start=start, end=match.start(), tail=tail, is_soft=False)]
        return []

    def _compared(self, begin: int, end: int) -> list[Scope]:
        """What something else is preferred to: "rather a comedy than a drama"."""
        match = _RATHER_THAN.search(self._plain, begin, end)
        if match is None:
            return []
        cue, start = match.span("than")
        return [Scope(cue=cue, start=start, end=end, tail=end, is_soft=True)]

    def _next(self, at: int, end: int) -> re.Match[str] | None:
        """The next negation, the softer of two at one place."""
        cues = [cue.search(self._plain, at, end) for cue in (_SOFT_NEGATIVE, _NEGATIVE)]
        return min(filter(None, cues), key=lambda match: match.start(), default=None)


def is_behind(text: str) -> bool:
    """Whether words only say that what stands before them is not wanted: 不要了, 不看."""
    match = _AFTER_NEGATIVE.match(text) or _AFTER_LESS.match(text) or _AFTER_SOFT.match(text)
    return match is not None and _LAST.fullmatch(text, match.end()) is not None


def joined(between: str, *, plural: bool) -> Literal["any", "all"] | None:
    """How two values with this text between them belong together; None where they do not.

    "romantic comedy" and "crime and drama" mean both, "comedies and thrillers" either.
    """
    if _ANY.fullmatch(between):
        return "any"
    if not _ALL.fullmatch(between):
        return None
    return "any" if plural and between.strip() else "all"
