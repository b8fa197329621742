"""Which items somebody means: "the second", "第二个", "it", or a title of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from recagent.chat.descriptions import Descriptions
from recagent.chat.lexicon import content
from recagent.chat.quantities import number
from recagent.domain import Item
from recagent.domain.chinese_scripts import CJK, simplified
from recagent.retrieval.words import FILLERS

_ORDINALS = (
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
)  # fmt: skip
_ORDINAL = "|".join(_ORDINALS)
_NOUN = r"(?:one|film|movie|book|item|title|choice|option|suggestion|recommendation)"
_ZH_NOUN = "(?:个|部|本|款|件|条|首|项|家|种|张)"
# What may follow 那个 where it stands alone.
_ALONE = "是讲说有好多怎能会要在我你吗呢吧啊呀的了啥什贵便长短几合适看听读买演导可值也还就咋吓"
_CJK_NOUN = f"(?![{_ALONE}])[{CJK}]"
_BY_NUMBER = re.compile(
    rf"\b(?:the\s+)(?P<word>{_ORDINAL}|last|final)\b(?!\s+(?:two|three|four|five)\b)(?:\s+{_NOUN}\b)?"
    rf"|\b(?P<word_one>{_ORDINAL}|last)\s+{_NOUN}\b"
    r"|(?:\bthe\s+)?\b(?P<nth>\d{1,2})(?:st|nd|rd|th)\b(?:\s+one\b)?"
    r"|(?:#|\bnumber\s+|\bno\.?\s+|\bitem\s+|\boption\s+)(?P<hash>\d{1,2}|one|two|three|four|five)\b"
    rf"|第\s*(?P<zh>[一二三四五六七八九十]|\d{{1,2}})\s*(?:{_ZH_NOUN}|(?=$|[的，。？！、和跟与比]))"
    rf"|(?P<zh_last>最后(?:一)?{_ZH_NOUN})"
)
_FIRST_FEW = re.compile(
    rf"\b(?:the\s+)?first\s+(?P<en>two|three|four|five)\b|前(?P<zh>[两二三四五])\s*{_ZH_NOUN}"
    r"|\b(?P<both>both(?: of (?:them|these))?|these two)\b"
    rf"|(?P<both_zh>[这那]俩|[这那]两{_ZH_NOUN})"
    r"|(?P<all>\ball of (?:them|these)\b|这些都|全都)"
)
# "that" and 那个 point alone; before a noun they describe something that is looked for by it.
POINTER = re.compile(
    r"\b(?:it|its|that one|this one|there)\b"
    r"|\b(?:that|this)\b(?=\s*(?:$|[,.;?!])|\s+(?:is|was|has|had|in|any|about|for|from|on|too|again"
    r"|home|come|goes?|costs?|takes?|available|ok|okay|please|then|already|one|film|movie|book)\b)"
    rf"|(?:这|那)(?:一?{_ZH_NOUN}的?(?!{_CJK_NOUN})|(?=是|讲|说|有|好|多))|它|^(?:这|那)$"
)
_THINGS = re.compile(
    rf"\b(?:the|that|this|those|your)\s+(?!same\b|other\b|one\b)(?P<en>[a-z]+)|(?:那|这){_ZH_NOUN}(?P<zh>[{CJK}]{{2,}})"
)
_OTHER = re.compile(r"\b(?:the )?other(?: one)?\b|另(?:外)?一?(?:个|部|本|款|件)")
_NEIGHBOUR = re.compile(
    rf"(?P<up>上面的?那?一?{_ZH_NOUN}|\bthe one (?:above|before)(?: (?:it|that|this))?)"
    rf"|下面的?那?一?{_ZH_NOUN}|\bthe one (?:below|after)(?: (?:it|that|this))?"
)
_QUOTED = re.compile(r"[\"“”《「『]([^\"“”《》「」『』]+)[\"“”》」』]")
_EDGES = " \t\n\"'“”‘’《》「」.,!?;:，。！？；：…"
_YEAR_AFTER = re.compile(r"\s*\((?:1[89]|20)\d\d\)$")
_WORD = re.compile(rf"[{CJK}]|[^\W_{CJK}]+(?:['’.:&-]+[^\W_{CJK}]+)*")
_BETWEEN = re.compile(
    r"\s*(?:,|，|、|;|&|\band\b|\bor\b|和|跟|还有|以及)+\s*(?:also\s+|the film\s+)?"
)
_ONE = re.compile(
    r"\b(?:the|that|those)\s+(?!other|same|right|only|good|best|kind|most|least|\w+est\b)(?:[a-z'%-]+\s+){1,3}(?:one|thing)\b(?!\s+(?:with|that|about))"
    r"|\b(?:the|that) one (?:about|with|on|by|from)\b"
)
_MOST_WORDS = 12  # of a title
_NEARLY = 90  # of 100, from which a misspelt title is taken for one
_SHORTEST = 3  # characters of a part of a title
_LONG = 6  # letters from which a title may be misspelt


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Where a title stands in a text, and its item; None for a title of nothing here.

    ``is_sure``: whether no more is meant by the words than by one that only a title has.
    """

    start: int
    end: int
    item: Item | None
    is_sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What words such as "the second" can point at.

    Attributes:
        slate: the last slate, in order.
        focus: the item that was last spoken of.
        titles: all items by ``plain`` title; the ones of the present scene win.
        earlier: the items of the lists before, the newest list first.
        descriptions: of all items, for what is described and not named.
        values: words that say a kind of thing and no title.
    """

    slate: Sequence[Item] = ()
    focus: Item | None = None
    titles: Mapping[str, Item] = field(default_factory=dict[str, Item])
    earlier: Sequence[Item] = ()
    descriptions: Descriptions = field(default_factory=Descriptions)
    values: AbstractSet[str] = frozenset()

    @property
    def spoken_of(self) -> Item | None:
        """What "it" is: the item that was last spoken of, else the first of the slate."""
        return self.focus or next(iter(self.slate), None)

    def pointed(self, text: str) -> list[tuple[int, int, Item | None]]:
        """Spans of a casefolded text that point by number, with the item; None beyond the slate."""
        found: list[tuple[int, int, Item | None]] = [
            (match.start(), match.end(), self._at(match)) for match in _BY_NUMBER.finditer(text)
        ]
        found += [(match.start(), match.end(), self._beside(match)) for match in
                  _NEIGHBOUR.finditer(text)]  # fmt: skip
        for match in _FIRST_FEW.finditer(text):
            size = len(self.slate) if match["all"] else 2
            if match["en"] or match["zh"]:
                size = int(number((match["en"] or match["zh"]).replace("二", "两")) or 0)
            found += [(match.start(), match.end(), item) for item in self.slate[:size]]
        return found

    def is_beyond(self, text: str) -> bool:
        """Whether a text points by number at what was not listed."""
        return any(item is None for _, _, item in self.pointed(text.lower()))

    def is_unknown(self, text: str) -> bool:
        """Whether a text describes one thing, "the cake tin" or 那个汤锅, that nothing here is."""
        if re.search(r"\bit\b|它", text.lower()):
            return False
        for match in _THINGS.finditer(text.lower()):
            if content(match["en"] or match["zh"]) and not self.mentioned(text):
                return True
        return False

    def is_one_of(self, text: str) -> bool:
        """Whether a text means one thing that it does not make out: "the flying one" of two."""
        return _ONE.search(text.lower()) is not None and not self.mentioned(text)

    def is_other(self, text: str) -> bool:
        """Whether a text points at "the other", which a list of more than two does not tell."""
        return len(self.slate) > 2 and _OTHER.search(text.lower()) is not None

    def points(self, text: str) -> bool:
        """Whether a text says "it", "that one", 这个, and no words before it that say which."""
        match = POINTER.search(text.lower())
        if match is None:
            return False
        return match[0].isascii() or not content(text[: match.start()].lower())

    def meant(self, text: str) -> list[Item]:
        """The items that a text means, in its order: by number, title, half a title, description.

        Where none of these is there, the one that was spoken of if the text says "it".
        """
        is_quoting = _QUOTED.search(text) is not None
        found = self.mentioned(text)
        if found:
            return list({each.item.id: each.item for each in found if each.item}.values())
        if not is_quoting and self.spoken_of is not None and self.points(text):
            return [self.spoken_of]
        return []

    def mentioned(self, text: str) -> list[Named]:
        """Where a text names or describes items of the catalogue, in its order; no two overlap."""
        spans = [
            Named(start=start, end=end, item=item)
            for start, end, item in self.pointed(text.lower()) if item is not None
        ]  # fmt: skip
        spans += [each for each in self.named(text) if each.item is not None]
        if _QUOTED.search(text) is None:
            others = [
                *self.descriptions.phrases(text, slate=self.slate, values=self.values),
                *self.descriptions.halves(text, slate=self.slate, values=self.values),
            ]
            for each in others:
                if all(each.end <= old.start or old.end <= each.start for old in spans):
                    named = Named(
                        start=each.start, end=each.end, item=each.item, is_sure=each.is_sure
                    )
                    spans.append(named)
        return sorted(spans, key=lambda each: each.start)

    def partly(self, text: str) -> list[Item]:
        """The one item whose title ends with these words; none where several do."""
        own = plain(text).removesuffix("我")
        found = [item for title, item in self.titles.items() if title.endswith(own)]
        return found if len(found) == 1 and len(own) >= _SHORTEST else []

    def named(self, text: str) -> list[Named]:
        """Titles in a text, those in quotes first; nothing else is looked for where these are.

        A title of one word counts if it is all that is there, or is written as a title is.
        """
        quoted = [
            Named(start=match.start(), end=match.end(), item=self.titles.get(plain(match[1])))
            for match in _QUOTED.finditer(text)
        ]
        if quoted:
            return quoted
        whole = self.titled(text)
        if whole is not None and not _is_pronoun(text):
            return [Named(start=0, end=len(text), item=whole)]
        found: list[Named] = []
        words = list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            last = self._longest(text, words, at)
            if last is None:
                at += 1
                continue
            start, end = words[at].start(), words[last].end()
            found.append(Named(start=start, end=end, item=self.titles.get(plain(text[start:end]))))
            at = last + 1
        return found

    def enumerated(self, text: str, *, firmly: bool = True) -> tuple[list[Named], int]:
        """The titles and numbers with which a text begins, as a list, and where that ends.

        What stands in the list as a title does and is none is there without an item; "the crock" is
        one unless it is to be said ``firmly`` which.
        """
        found: list[Named] = []
        at = end = 0
        while at < len(text):
            piece = self._piece(text, at, firmly=firmly)
            if not piece:
                break
            found += piece
            end = max(each.end for each in piece)
            between = _BETWEEN.match(text, end)
            if between is None or between.end() == end:
                break
            at = between.end()
        return found, end

    def _piece(self, text: str, at: int, *, firmly: bool) -> list[Named]:
        """What stands at a place of a list; nothing where no item could be meant."""
        rest = text[at:]
        lead = len(rest) - len(rest.lstrip())
        at, rest = at + lead, rest.lstrip()
        pointed = [each for each in self.pointed(rest.lower()) if each[0] == 0]
        if pointed:
            return [Named(start=at, end=at + end, item=item) for _, end, item in pointed]
        quoted = _QUOTED.match(rest)
        if quoted:
            item = self.titles.get(plain(quoted[1]))
            return [Named(start=at, end=at + quoted.end(), item=item)]
        words = list(_WORD.finditer(rest))
        for last in range(min(len(words), _MOST_WORDS) - 1, -1, -1):
            end = words[last].end()
            item = self.titles.get(plain(rest[:end]))
            if item is not None and not _is_pronoun(rest[:end]) and words[0].start() == 0:
                return [Named(start=at, end=at + end, item=item)]
        pronoun = POINTER.match(rest.lower())
        if pronoun:
            end = at + pronoun.end()
            return [Named(start=at, end=end, item=self.focus)] if self.focus else []
        phrases = [
            *self.descriptions.phrases(rest, slate=self.slate, values=self.values, in_text=False)
        ]
        halves = self.descriptions.halves(rest, slate=self.slate, values=self.values)
        for each in (*phrases, *halves):
            if each.start == 0 and (each.is_sure or (each in phrases and not firmly)):
                return [Named(start=at, end=at + each.end, item=each.item)]
        stop = re.compile(r"[.!?;。！？；]|\bbut\b|但").search(rest)
        element = _BETWEEN.split(rest[: stop.start()] if stop else rest)[0].rstrip()
        if not element[:1].isupper() and not element[:1].isdigit():
            return []
        nearly = self.titled(element)
        return [Named(start=at, end=at + len(element), item=nearly)]

    def _longest(self, text: str, words: Sequence[re.Match[str]], at: int) -> int | None:
        """The last word of the longest title that begins at a word; None without one."""
        for last in range(min(len(words), at + _MOST_WORDS) - 1, at - 1, -1):
            own = text[words[at].start() : words[last].end()]
            if plain(own) in self.titles and _is_title(own, at=words[at].start()):
                return last
        return None

    def titled(self, text: str) -> Item | None:
        """The item that the whole text is the title of, also misspelt."""
        wanted = plain(text)
        if wanted in self.titles or len(wanted) < _LONG:
            return self.titles.get(wanted)
        near = process.extractOne(
            wanted, self.titles.keys(), scorer=fuzz.ratio, score_cutoff=_NEARLY
        )
        return self.titles[near[0]] if near else None

    def _beside(self, match: re.Match[str]) -> Item | None:
        """The item above or below the one that was spoken of."""
        ids = [item.id for item in self.slate]
        if self.spoken_of is None or self.spoken_of.id not in ids:
            return None
        at = ids.index(self.spoken_of.id) + (-1 if match["up"] else 1)
        return self.slate[at] if 0 <= at < len(ids) else None

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


def _is_pronoun(text: str) -> bool:
    own = plain(text)
    return own in FILLERS or POINTER.fullmatch(own) is not None


def _is_title(text: str, *, at: int) -> bool:
    """Whether words that are a title are meant as one, within other words that begin before it."""
    words = [match[0] for match in _WORD.finditer(text)]
    if re.search(rf"[{CJK}]", text):
        return len(words) > 1
    telling = [word for word in words if word.casefold() not in FILLERS]
    if len(words) > 1 and telling:
        return len(telling) > 1 or any(word[:1].isupper() for word in telling)
    return bool(telling) and text[:1].isupper() and len(text) > 2 and at > 0


def _place(match: re.Match[str], size: int) -> int:
    word = match["word"] or match["word_one"]
    if match["zh_last"] or word in ("last", "final"):
        return size
    if word:
        return 1 + _ORDINALS.index(word)
    return int(number(match["nth"] or match["hash"] or match["zh"]) or 0)
