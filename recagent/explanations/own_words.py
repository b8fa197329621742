"""Whether a reason in a model's own words may be shown: decided by code, in English and Chinese.

``verification`` holds a sentence to the words of its clauses. Here a sentence may be put freely, as
long as each word of it is said by the evidence that it cites, by the catalogue of the item, or says
nothing by itself (``own_words.toml``). What binds is checked by where it stands: a rating belongs
to the title beside it, and beside the title of another item only what both have may be said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recagent.domain import Claim, Evidence, Item, Language, Scene
from recagent.domain.chinese_scripts import CJK
from recagent.explanations.said_words import (
    COMPARING,
    JOINING,
    LISTING,
    PARTING,
    PEOPLE,
    WISHING,
    Said,
    as_written,
    common,
    is_word_said,
    said,
)
from recagent.explanations.templates import clause, sentence
from recagent.prompts import caption, one_line
from recagent.retrieval.words import fold, stem

MOST = {"en": 260, "zh": 120}  # characters of a reason
_SENTENCES = 2
_WISHES = frozenset({"asked", "wish", "preference", "constraint", "tag", "interest"})  # kinds
_OPEN, _CLOSE = '“"《「『', '”"》」』'
_QUOTED = r"“[^”]*”|\"[^\"]*\"|《[^》]*》|「[^」]*」|『[^』]*』"
_TOKEN = re.compile(
    rf"(?P<quote>{_QUOTED})|(?P<number>\d+(?:[.,:/]\d+)*%?)|(?P<chinese>[{CJK}]+)"
    rf"|(?P<word>[^\W\d_{CJK}]+(?:['’-][^\W\d_{CJK}]+)*)"
    r"|(?P<break>[,.;:!?—–，。；：、！？])|(?P<other>\S)"
)
_ENDS = re.compile(r"[.!?](?:\s|$)|[。！？]")
_SILENT = frozenset("()（）-'’")
_CITED = re.compile(r"\s*\[[ep]\d+\]")
_YEAR = re.compile(r"\s*\(\d{4}\)$")
_REFERRING = frozenset({"which", "that", "who"})  # at the beginning: to the title before


@dataclass(frozen=True, slots=True)
class _Piece:
    """A cited piece: the title that it names, if any, and what it says besides."""

    evidence: Evidence
    title: str
    says: Said
    quotes: str  # of the person, which may be repeated in quotes
    about: Said  # what the catalogue says of the named item

    def tells(self, number: str, *, of_people: bool) -> bool:
        """Whether it says a number: one of people, or another; a rating also without its scale."""
        facts = self.evidence.facts
        if number == facts.get("count"):
            return of_people
        rating = facts.get("rating", "")
        is_short = number == rating.split("/")[0] and not of_people
        return number == rating or number in self.says.numbers or is_short


@dataclass(slots=True)
class _Segment:
    """What stands between two marks or parting words, as kinds and texts."""

    tokens: list[tuple[str, str]] = field(default_factory=list["tuple[str, str]"])
    titles: list[str] = field(default_factory=list[str])

    def tells(self, listed: Said) -> bool:
        """Whether it has one of these words."""
        return any(
            (kind == "word" and stem(fold(written)) in listed.words)
            or (kind == "chinese" and any(word in written for word in listed.chinese))
            for kind, written in self.tokens
        )

    @property
    def refers(self) -> bool:
        """Whether it says something of a title that stands elsewhere."""
        begins = self.tokens[0][1].casefold() if self.tokens else ""
        return begins in _REFERRING or self.tells(COMPARING)


def checked_claim(
    written: Claim,
    evidence: Sequence[Evidence],
    *,
    items: Sequence[Item],
    known: Mapping[str, Item],
    scenes: Mapping[str, Scene],
    lang: Language,
) -> Claim | None:
    """Returns what a model wrote, with the evidence that it uses; None if it may not be shown.

    Args:
        written: sentence, and the ids that it cites.
        evidence: that could be cited.
        items: the one that it is about, or those of a list: then at least half of them have to have
            what is said of them.
        known: items of the person's history, by id.
        scenes: for their labels.
        lang: of the sentence.
    """
    text = " ".join(_CITED.sub("", written.text).split())
    is_short = 0 < len(text) <= MOST[lang]
    if not is_short or len(_ENDS.findall(re.sub(_QUOTED, "", text) + " ")) > _SENTENCES:
        return None
    by_id = {piece.id: piece for piece in evidence}
    cited = [by_id[key] for key in dict.fromkeys(written.evidence) if key in by_id]
    labels = {name: scene.label(lang) for name, scene in scenes.items()}
    told = [said(f"{_catalogue(item)} {labels.get(item.scene, '')}").tamed() for item in items]
    check = _Check(
        [_piece(each, known, scenes, lang) for each in cited],
        titles={_title_key(caption(item)) for item in items},
        item=common(told, least=-(-len(told) // 2)),
        always=LISTING if len(told) > 1 else Said(),
        wish=said(" ".join(piece.facts["wish"] for piece in evidence if piece.kind == "asked")),
    )
    used = check.used(text)
    if not used:
        return None
    return Claim(text=sentence(text.strip(" .。"), lang=lang), evidence=tuple(used))


def _piece(
    evidence: Evidence, known: Mapping[str, Item], scenes: Mapping[str, Scene], lang: Language
) -> _Piece:
    facts = evidence.facts
    title = facts.get("title", "")
    quotes = {"asked": "wish", "about": "words"}.get(evidence.kind)
    text = "" if quotes else clause(evidence, scenes=scenes, lang=lang)
    says = said(text.replace(f"“{title}”", "") if title else text)
    if evidence.kind in _WISHES:
        says |= WISHING
    liked = known.get(evidence.refs[0]) if title and evidence.refs else None
    about = said(_catalogue(liked)) if liked else Said()
    return _Piece(evidence, _title_key(title), says, fold(facts[quotes]) if quotes else "", about)


def _title_key(title: str) -> str:
    return _YEAR.sub("", " ".join(fold(title).strip(_OPEN + _CLOSE).split()))


def _catalogue(item: Item) -> str:
    """All that the catalogue says of an item."""
    values = (
        f"{name} {' '.join(value) if isinstance(value, tuple) else one_line(value, 400)}"
        for name, value in item.attributes.items()
    )
    numbers = (f"{value:g}" for value in item.attributes.values() if isinstance(value, float))
    return " \n ".join([item.document(), *values, *numbers])


class _Check:
    """One sentence against the pieces that it cites and the items that it is about."""

    def __init__(
        self,
        pieces: Sequence[_Piece],
        *,
        titles: set[str],
        item: Said,
        wish: Said,
        always: Said,
    ) -> None:
        self._pieces = {piece.evidence.id: piece for piece in pieces}
        self._named: dict[str, list[_Piece]] = {}
        for piece in pieces:
            if piece.title:
                self._named.setdefault(piece.title, []).append(piece)
        self._loose = [piece for piece in pieces if not piece.title]
        self._titles, self._item, self._wish, self._always = titles, item, wish, always
        self._used: set[str] = set()

    def used(self, text: str) -> list[str]:
        """The ids of the pieces that the text uses; none where a part of it is not supported."""
        segments = [*self._segments(text)]
        for at, segment in enumerate(segments):
            if not self._is_supported(segment, segments, at):
                return []
        return [key for key in self._pieces if key in self._used]

    def _segments(self, text: str) -> Iterator[_Segment]:
        segment = _Segment()
        for match in _TOKEN.finditer(text):
            kind, written = str(match.lastgroup), match[0]
            if kind == "break" or written.casefold() in PARTING:
                yield segment
                segment = _Segment()
            elif kind == "quote" and (key := _title_key(written)) in self._named:
                segment.titles.append(key)
                segment.tokens.append(("title", key))
            elif not (kind == "other" and written in _SILENT):
                segment.tokens.append((kind, written))
        yield segment

    def _is_supported(self, segment: _Segment, segments: Sequence[_Segment], at: int) -> bool:
        titles = segment.titles or (_nearest_titles(segments, at) if segment.refers else [])
        pieces = [piece for title in titles for piece in self._named[title]]
        cited, shared = self._always, self._item
        for piece in (*pieces, *self._loose):
            cited |= piece.says
        for piece in pieces:
            shared = common([shared, piece.about], least=2)
        if segment.tells(WISHING):  # nothing that is not wished for
            shared = common([shared, self._wish], least=2)
        for row, (kind, written) in enumerate(segment.tokens):
            if kind == "title":
                self._used |= {piece.evidence.id for piece in self._named[written]}
                continue
            is_said = kind != "other" and (
                self._is_quotation(written)
                if kind == "quote"
                else self._is_number(written, segment, row, segments, at)
                if kind == "number"
                else is_word_said(written, cited, shared)
            )
            if not is_said:
                return False
        self._note_use(segment)
        return True

    def _is_quotation(self, written: str) -> bool:
        """Whether it is the item's title, or the person's own words."""
        key = _title_key(written)
        if key in self._titles:
            return True
        for piece in self._loose:
            if key and key in piece.quotes:
                self._used.add(piece.evidence.id)
                return True
        return False

    def _is_number(
        self, written: str, segment: _Segment, row: int, segments: Sequence[_Segment], at: int
    ) -> bool:
        before = [text for kind, text in segment.tokens[:row] if kind == "title"]
        after = [text for kind, text in segment.tokens[row + 1 :] if kind == "title"]
        if _leads_to_title(segment.tokens[row + 1 :]):
            before = []
        title = before[-1:] or after[:1] or _nearest_titles(segments, at)[-1:]
        has_people = segment.tells(PEOPLE)
        for piece in self._named[title[0]] if title else ():
            if written == piece.evidence.facts.get("base"):  # "19 of 62", "62 人中有 19 位"
                return _is_whole(segment, row)
            if _is_before_whole(segment, row, piece):
                return written == piece.evidence.facts["count"]
            goes_on = at > 0 and segments[at - 1].tells(PEOPLE)  # "of 62 who liked it, 19 …"
            is_part = goes_on and written == piece.evidence.facts.get("count")
            if is_part or piece.tells(written, of_people=has_people):
                return True
        for piece in self._loose:
            if piece.tells(written, of_people=has_people):
                self._used.add(piece.evidence.id)
                return True
        is_of_item = not (segment.titles or has_people or segment.tells(WISHING))
        return is_of_item and written in self._item.numbers

    def _note_use(self, segment: _Segment) -> None:
        """Notes the pieces without a title of which the segment has a word."""
        written = as_written(" ".join(text for kind, text in segment.tokens if kind != "title"))
        for piece in self._loose:
            facts = piece.evidence.facts
            told = as_written(" ".join(facts.get(name, "") for name in ("words", "wanted", "said")))
            has_words = bool((told.words - JOINING.words) & written.words)
            if has_words or any(part in run for run in written.chinese for part in told.chinese):
                self._used.add(piece.evidence.id)


def _is_whole(segment: _Segment, row: int) -> bool:
    """Whether a number is said to be all people of whom some did: "of 62", "62 人中"."""
    before = segment.tokens[row - 1][1].casefold() if row else ""
    after = segment.tokens[row + 1][1] if row + 1 < len(segment.tokens) else ""
    return before in ("of", "among") or after.startswith(("人中", "人里", "人当中"))


def _is_before_whole(segment: _Segment, row: int, piece: _Piece) -> bool:
    """Whether a number is said to be so many of all people: "19 of 62"."""
    after = [text.casefold() for _, text in segment.tokens[row + 1 : row + 3]]
    return "base" in piece.evidence.facts and after == ["of", piece.evidence.facts["base"]]


def _leads_to_title(tokens: Sequence[tuple[str, str]]) -> bool:
    """Whether a number belongs to what follows, as Chinese puts it: 打了 9/10 分的《A》."""
    if [kind for kind, _ in tokens[:2]] != ["chinese", "title"]:
        return False
    return tokens[0][1].endswith("的")


def _nearest_titles(segments: Sequence[_Segment], at: int) -> list[str]:
    """Titles of the last segment before that has some, else of the next one."""
    for segment in (*reversed(segments[:at]), *segments[at + 1 :]):
        if segment.titles:
            return segment.titles
    return []
