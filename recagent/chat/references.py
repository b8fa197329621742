"""Which item somebody means: "the second", "第二个", "it", or a title of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from recagent.chat.quantities import number
from recagent.domain import Item
from recagent.domain.chinese_scripts import simplified

_ORDINALS = (
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
)  # fmt: skip
_ORDINAL = "|".join(_ORDINALS)
_NOUN = r"(?:one|film|movie|book|item|title|choice|option|suggestion|recommendation)"
_BY_NUMBER = re.compile(
    rf"\b(?:the\s+)(?P<word>{_ORDINAL}|last|final)\b(?:\s+{_NOUN}\b)?"
    rf"|\b(?P<word_one>{_ORDINAL}|last)\s+{_NOUN}\b"
    r"|(?:\bthe\s+)?\b(?P<nth>\d{1,2})(?:st|nd|rd|th)\b(?:\s+one\b)?"
    r"|(?:#|\bnumber\s+|\bno\.?\s+|\bitem\s+|\boption\s+)(?P<hash>\d{1,2}|one|two|three|four|five)\b"
    r"|第\s*(?P<zh>[一二三四五六七八九十]|\d{1,2})\s*(?:个|部|本|款|件|条|首|项|家|种|张|(?=$|[的，。？！、和跟与比]))"
    r"|(?P<zh_last>最后(?:一)?(?:个|部|本|款|件|条|首|项))"
)
_BY_FOCUS = re.compile(r"\b(?:it|that one|this one|that|this)\b|(?:这|那)(?:个|部|本|款|件|首)|它")
_QUOTED = re.compile(r"[\"“”《「『]([^\"“”《》「」『』]+)[\"“”》」』]")
_EDGES = " \t\n\"'“”‘’《》「」.,!?;:，。！？；：…"
_YEAR_AFTER = re.compile(r"\s*\((?:1[89]|20)\d\d\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What words such as "the second" can point at.

    Attributes:
        slate: the last slate, in order.
        focus: the item that was last spoken of.
        titles: all items by ``plain`` title; the ones of the present scene win.
    """

    slate: Sequence[Item] = ()
    focus: Item | None = None
    titles: Mapping[str, Item] = field(default_factory=dict[str, Item])

    def pointed(self, text: str) -> list[tuple[int, int, Item | None]]:
        """Spans of a casefolded text that point by number, with the item; None beyond the slate."""
        return [
            (match.start(), match.end(), self._at(match)) for match in _BY_NUMBER.finditer(text)
        ]

    def is_beyond(self, text: str) -> bool:
        """Whether a text points by number at what was not listed."""
        return any(item is None for _, _, item in self.pointed(text.lower()))

    def meant(self, text: str) -> list[Item]:
        """The items that a text means, in its order: by number, quoted title, or as a whole title.

        Where none of these is there, the one in focus if the text says "it".
        """
        lowered = text.lower()
        spans = [(start, item) for start, _, item in self.pointed(lowered) if item is not None]
        for match in _QUOTED.finditer(text):
            item = self.titles.get(plain(match[1]))
            if item is not None:
                spans.append((match.start(), item))
        found = list(dict.fromkeys(item.id for _, item in sorted(spans, key=lambda each: each[0])))
        by_id = {item.id: item for _, item in spans}
        if found:
            return [by_id[key] for key in found]
        whole = self.titles.get(plain(text))
        if whole is not None:
            return [whole]
        is_quoting = _QUOTED.search(text) is not None
        if self.focus is not None and not is_quoting and _BY_FOCUS.search(lowered):
            return [self.focus]
        return []

    def _at(self, match: re.Match[str]) -> Item | None:
        at = _place(match, len(self.slate))
        return self.slate[at - 1] if 1 <= at <= len(self.slate) else None


def plain(title: str) -> str:
    """A title as it is compared: casefolded, without quotes, stops, a year, or an article.

    Both scripts of Chinese are one.
    """
    text = simplified(_YEAR_AFTER.sub("", title.strip(_EDGES)).strip(_EDGES)).casefold()
    return text.removeprefix("the ") or text


def by_title(scenes: Iterable[Iterable[Item]]) -> dict[str, Item]:
    """Items by plain title; of equal titles that of the earlier scene, and in it the first."""
    titles: dict[str, Item] = {}
    for items in scenes:
        for item in items:
            titles.setdefault(plain(item.title), item)
    return titles


def _place(match: re.Match[str], size: int) -> int:
    word = match["word"] or match["word_one"]
    if match["zh_last"] or word in ("last", "final"):
        return size
    if word:
        return 1 + _ORDINALS.index(word)
    return int(number(match["nth"] or match["hash"] or match["zh"]) or 0)
