"""A sentence in segments: what stands between two marks or parting words, as tokens.

A segment knows whom or what it is about by its words: people who are counted, the person who is
spoken to, a liked item beside whose title it stands.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from recagent.domain.chinese_scripts import CJK
from recagent.explanations.said_words import (
    ACTIONS,
    ADDRESSING,
    COMPARING,
    COMPARING_ZH,
    FRACTIONS,
    JOINING,
    LIKING,
    PARTING,
    PEOPLE,
    WISHING,
    Said,
    is_word_said,
)
from recagent.retrieval.words import fold, stem

QUOTED = r"“[^”]*”|\"[^\"]*\"|《[^》]*》|「[^」]*」|『[^』]*』"
OPEN, CLOSE = '“"《「『', '”"》」』'
_DONE = frozenset(stem(word) for words in ACTIONS.values() for word in words.split())
Token = tuple[str, str]  # kind and text; the text of a title is its key

_TOKEN = re.compile(
    rf"(?P<quote>{QUOTED})|(?P<number>\d+(?:[.,:/]\d+)*%?)|(?P<chinese>[{CJK}]+)"
    rf"|(?P<word>[^\W\d_{CJK}]+(?:['’-][^\W\d_{CJK}]+)*)"
    r"|(?P<break>[,.;:!?—–，。；：、！？])|(?P<other>\S)"
)
_SILENT = frozenset("()（）-'’·")
_YEAR = re.compile(r"\s*\(\d{4}\)$")
_REFERRING = frozenset({"which", "that", "who"})  # at the beginning: to the title before
# The title before, in other words, or where it is from.
_NAMING = frozenset({"a", "an", "the", "another", "your", "from", "of"})
_OF_TITLE = frozenset({"of", "in", "as", "like", "from"})  # what stands before it is the title's
_LIKERS = frozenset({"you", "who", "they", "also", "to", "people", "others", "i"})
_PEOPLE_ZH = re.compile(
    r"\d ?个?[人位名](?![声物])|(?:喜欢|爱看|看好|[买看听读]过).*的人|[些多少]人|人里|人中|人当中"
)
_IS = frozenset({"is", "are", "was", "were", "has", "have", "had", "does"})
# What stands behind a title is the title's: 《…》的奇幻, 《…》里, 《…》是; but not 《…》的人.
_OF_TITLE_ZH = re.compile(
    r"的(?!(?:观众|读者|顾客|用户|同好|那|这)?[\d人位名])|那样|这样|一样|里|中|是|有|讲|式"
)


@dataclass(slots=True)
class Segment:
    """What stands between two marks or parting words.

    Attributes:
        at: which of the sentence's segments it is.
        tokens: kinds and texts.
        titles: keys of the liked items that it names.
        follows_title: whether the segment before ends with a title.
        follows_people: whether the same sentence has been about people who are counted.
    """

    at: int
    tokens: list[Token] = field(default_factory=list["Token"])
    titles: list[str] = field(default_factory=list[str])
    follows_title: bool = False
    follows_people: bool = False

    def tells(self, listed: Said) -> bool:
        """Whether it has one of these words."""
        return any(
            (kind == "word" and stem(fold(written)) in listed.words)
            or (kind == "chinese" and any(word in _kindless(written) for word in listed.chinese))
            for kind, written in self.tokens
        )

    def word(self, at: int) -> str:
        """The text of a token in lower case; empty outside the segment."""
        return self.tokens[at][1].casefold() if 0 <= at < len(self.tokens) else ""

    def has_title(self, at: int) -> bool:
        """Whether a token is a title."""
        return 0 <= at < len(self.tokens) and self.tokens[at][0] == "title"

    @property
    def written(self) -> str:
        """Its tokens as one text."""
        return " ".join(text for _, text in self.tokens)

    @property
    def is_of_people(self) -> bool:
        """Whether it is about people who are counted."""
        if self.tells(PEOPLE) or _PEOPLE_ZH.search(self.written):
            return True
        counted = self.follows_people or any(
            kind == "number" or written.casefold() in ("who", *FRACTIONS)
            for kind, written in self.tokens
        )
        return counted and self._has_liking and not self.tells(ADDRESSING)

    @property
    def _has_liking(self) -> bool:
        """Whether somebody likes something; "like" alone may compare."""
        return any(
            written.casefold() != "like" or self.word(at - 1) in _LIKERS
            for at, (kind, written) in enumerate(self.tokens)
            if (kind == "word" and stem(fold(written)) in LIKING.words)
            or (kind == "chinese" and any(word in _kindless(written) for word in LIKING.chinese))
        )

    @property
    def compares(self) -> bool:
        """Whether it says that two things have something in common."""
        return self._has_comparing and not self.is_of_people

    @property
    def _has_comparing(self) -> bool:
        return self.tells(COMPARING) or COMPARING_ZH.search(self.written) is not None

    @property
    def refers(self) -> bool:
        """Whether it says something of a title that stands elsewhere."""
        begins = self.word(0)
        named = self.follows_title and begins in _NAMING
        return begins in _REFERRING or named or self._has_comparing

    @property
    def likens(self) -> bool:
        """Whether it is only a likeness to a title: "like “A”", 和《A》一样."""
        begins, is_alike = self.word(0), "一样" in self.written or "那样" in self.written
        leads = begins in ("like", "as") or (
            is_alike and begins[:1] in ("和", "与", "跟", "同", "像")
        )
        return bool(self.titles) and leads and not self.has_content

    @property
    def is_of_title(self) -> bool:
        """Whether its words are said of the title that it names: as its own, or what it is."""
        return any(
            self._is_bound(at) for at, (kind, _) in enumerate(self.tokens) if kind == "title"
        )

    def _is_bound(self, at: int) -> bool:
        before, after = at - 1, f"{self.word(at + 1)}{self.word(at + 2)}"
        while self.word(before) in ("the", "your", "that"):
            before -= 1
        return (
            self.word(before) in _OF_TITLE
            or self.word(at + 1) in _IS
            or after.startswith("'s")
            or _OF_TITLE_ZH.match(after) is not None
            or self._names_title(before)
        )

    def _names_title(self, before: int) -> bool:
        """Whether what stands before a title says what it is: "the thriller “A”"."""
        if before < 0:
            return False
        kind, written = self.tokens[before]
        if kind == "chinese":
            return not any(written.endswith(each) for each in JOINING.chinese)
        return kind == "word" and stem(fold(written)) not in JOINING.words | _DONE

    @property
    def likes(self) -> bool:
        """Whether it says what the person likes."""
        return self.tells(ADDRESSING) and self._has_liking and not self.is_of_people

    @property
    def begins_with_pronoun(self) -> bool:
        """Whether it goes on about a title: "which you liked"."""
        return self.word(0) in _REFERRING

    @property
    def begins_with_person(self) -> bool:
        """Whether the person is its subject."""
        begins = self.word(0)
        return begins in ("you", "you're", "you’re", "you've") or begins[:1] in ("您", "你")

    @property
    def has_content(self) -> bool:
        """Whether it says more than joining words and words of wishing and liking."""
        return any(
            kind == "quote"
            or (kind in ("word", "chinese") and not is_word_said(written, WISHING | LIKING, Said()))
            for kind, written in self.tokens
        )

    @property
    def wishes(self) -> bool:
        """Whether it is about what the person asks for."""
        return self.tells(WISHING) or "looking for" in self.written.casefold()


def _kindless(written: str) -> str:
    """Chinese without the kinds that have a word for liking in their name: 爱情片."""
    return re.sub("爱情|恋爱|可爱", " ", written)


def segments(text: str, titles: Container[str]) -> list[Segment]:
    """Returns the segments of a text; quotations of these titles are titles."""
    parts = [Segment(at=0)]
    for match in _TOKEN.finditer(text):
        kind, written, segment = str(match.lastgroup), match[0], parts[-1]
        if kind == "break" or (written.casefold() in PARTING and segment.tokens):
            is_people = segment.is_of_people or segment.follows_people
            parts.append(
                Segment(
                    at=len(parts),
                    follows_title=segment.has_title(len(segment.tokens) - 1),
                    follows_people=is_people and written not in ".!?。！？",
                )
            )
        elif kind == "quote" and (key := title_key(written)) in titles:
            segment.titles.append(key)
            segment.tokens.append(("title", key))
        elif not (kind == "other" and written in _SILENT):
            segment.tokens.append((kind, written))
    return parts


def title_key(title: str) -> str:
    """A title as it is compared: without quotes and year."""
    return _YEAR.sub("", " ".join(fold(title).strip(OPEN + CLOSE).split()))


def nearest_titles(parts: Sequence[Segment], at: int) -> list[str]:
    """Titles of the last segment before that has some, else of the next one."""
    for segment in (*reversed(parts[:at]), *parts[at + 1 :]):
        if segment.titles:
            return segment.titles
    return []
