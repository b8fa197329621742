"""A sentence while it is read: what has been read of it, and which of its words are left."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recagent.chat import lexicon
from recagent.chat.polarity import Polarity, Tone
from recagent.chat.references import Reference
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint, Item

_ASIDE = lexicon.pattern("said", "aside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Words that cannot be expressed here.

    Attributes:
        words: the person's.
        concept: what no attribute tells, a key of ``lexicon.CONCEPTS``; empty where it is another
            reason.
    """

    words: str
    concept: str = ""


class Reading:
    """A sentence of which parts have been understood: these are blanked out.

    ``said`` is as the person wrote it, ``whole`` in lower case, ``left`` what is not understood
    yet; places are the same in all three.
    """

    def __init__(
        self,
        text: str,
        vocabulary: Vocabulary,
        reference: Reference,
        in_force: Sequence[Constraint],
        likes: Sequence[int],
        likes_of: Mapping[str, int],
    ) -> None:
        plain = unicodedata.normalize("NFKC", " ".join(text.split()))
        self.said = plain if len(plain.lower()) == len(plain) else plain.lower()
        self.whole = self.said.lower().replace("’", "'")
        self.polarity = Polarity(self.whole)
        self.left = _ASIDE.sub(lambda match: "\0" * len(match[0]), self.whole)
        self.vocabulary = vocabulary
        self.reference = reference
        self.in_force = in_force
        self.likes = likes
        self.likes_of = likes_of
        self.constraints: list[Constraint] = []
        self.preferences: list[Constraint] = []
        self.unclear: list[Unclear] = []
        self.like: Item | None = None
        self.surprise = False
        self.unknown: list[str] = []
        self.than_before: Item | None = None

    def blank(self, start: int, end: int) -> None:
        """These words have been understood."""
        self.left = self.left[:start] + "\0" * (end - start) + self.left[end:]

    def clause_end(self, at: int) -> int:
        """Where the clause ends in which ``at`` is."""
        return self.polarity.clause_end(at)

    def spans(self, phrases: tuple[str, ...]) -> list[tuple[int, int]]:
        """Where one of the phrases still stands, the longest first at each place."""
        ordered = sorted(phrases, key=lambda phrase: -len(phrase))
        pattern = "|".join(
            rf"\b{re.escape(each)}\b" if each.isascii() else re.escape(each) for each in ordered
        )
        return [match.span() for match in re.finditer(pattern, self.left)] if pattern else []

    def tone(self, start: int, end: int) -> Tone:
        """How the words at ``start:end`` are meant."""
        return self.polarity.tone(start, end)
