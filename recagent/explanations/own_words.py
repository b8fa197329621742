"""Whether a reason in a model's own words may be shown: decided by code, in English and Chinese.

``verification`` holds a sentence to the words of its clauses. Here a sentence may be put freely, as
long as each word that claims something is said by the evidence that it cites or by the catalogue of
the item; other words only join (``own_words.toml``). What binds is checked by where it stands: a
rating belongs to the title beside it, a count to its people, a liking to what the person is known
to like, and what another item is said to have too has to be said of both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from recagent.domain import Claim, Evidence, Item, Language, Scene
from recagent.explanations.own_comparisons import without_comparisons
from recagent.explanations.own_evidence import WISHES, Piece, Subject, read_piece, read_subject
from recagent.explanations.own_figures import Figures
from recagent.explanations.own_quantities import without_counts, without_shared_values
from recagent.explanations.said_words import (
    ADDRESSING,
    ALL,
    ALL_UNITS,
    FRACTIONS,
    JOINING,
    KNOWING,
    LIKING,
    LIMITS,
    MOST,
    NEGATING,
    PEOPLE,
    SEQUENCE,
    WISHING,
    Said,
    as_written,
    common_of,
    is_word_said,
    said,
    with_decades,
)
from recagent.explanations.segments import QUOTED, Segment, nearest_titles, segments, title_key
from recagent.explanations.templates import sentence
from recagent.retrieval.words import fold, stem, without_negated

LONGEST = {"en": 260, "zh": 120}  # characters of a reason
_SENTENCES = 2
# Kinds of evidence: what a person says of their taste; people who are counted.
_TASTES = frozenset({"preference", "tag", "interest", "about"})
_COUNTS = frozenset({"people", "popularity"})
_LIKES = frozenset({"like", "rating"})  # what a person did with an item that they like
_ENDS = re.compile(r"[.!?](?:\s|$)|[。！？]")
_CITED = re.compile(r"\s*\[[ep]\d+\]")
_FIXED = re.compile(r"\bon top\b(?: of (?:it|that)\b)?", re.IGNORECASE)
_BOTH = re.compile(r"\bboth\b|^同是", re.IGNORECASE)
_ASKED = re.compile(r"\b(?:asks?|asked|asking|request)\b|[所您]要|所求|愿望", re.IGNORECASE)
_YOUR_LIKES = re.compile(r"\byour (?:likes|favou?rites)$|您的(?:喜好|偏好)$", re.IGNORECASE)
_TWO_ZH = re.compile("[这那]?两[部本首件个者款](?=都是|都有|都属|都讲|都带)")
# The bare verb at the beginning tells the person what to do; what is made for them is a promise.
_ORDERS = re.compile(
    r"(?:(?:so|then|just|now)\s+)?(?:try|get|grab|take|watch|read|listen|give|go|see|look|choose"
    r"|pick|start|enjoy|add|keep|have|put|make|open)(?!\s+of\b)\b", re.IGNORECASE,
)  # fmt: skip
_FOR_YOU = re.compile(
    r"\b(?:right|made|cut out|meant) for you\b|\byour (?:street|alley)\b", re.IGNORECASE
)


def checked_claim(
    written: Claim,
    evidence: Sequence[Evidence],
    *,
    items: Sequence[Item],
    known: Mapping[str, Item],
    scenes: Mapping[str, Scene],
    lang: Language,
    candidates: Sequence[Item] = (),
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
        candidates: that the model has seen, and with which it may compare a single item.
    """
    text = " ".join(_CITED.sub("", written.text).split())
    is_short = 0 < len(text) <= LONGEST[lang]
    if not is_short or len(_ENDS.findall(re.sub(QUOTED, "", text) + " ")) > _SENTENCES:
        return None
    left = _looked_up(text, items, candidates=candidates, known=known)
    if left is None:
        return None
    by_id = {piece.id: piece for piece in evidence}
    cited = [by_id[key] for key in dict.fromkeys(written.evidence) if key in by_id]
    check = _Check(
        [read_piece(each, known, scenes, lang) for each in cited],
        subject=read_subject(items, scenes, lang),
        always=MOST | ALL if len(items) > 1 else Said(),
        wish=" ".join(piece.facts["wish"] for piece in evidence if piece.kind == "asked"),
    )
    used = check.used(_TWO_ZH.sub("同", with_decades(left)))
    if not used:
        return None
    return Claim(text=sentence(text.strip(" .。"), lang=lang), evidence=tuple(used))


def _looked_up(
    text: str, items: Sequence[Item], *, candidates: Sequence[Item], known: Mapping[str, Item]
) -> str | None:
    """What is left of a text when its comparisons and counts hold; None where one does not."""
    is_list = len(items) > 1
    if is_list:
        left = without_counts(text, items)
    else:
        left = without_shared_values(text, items[0], known=known)
    others = () if is_list else candidates
    return left and without_comparisons(left, items[0], candidates=others, known=known)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a segment may say: what is cited, and what the catalogue says of whom it is about."""

    cited: Said
    shared: Said
    named: Sequence[Piece]


class _Check:
    """One sentence against the pieces that it cites and the items that it is about."""

    def __init__(
        self, pieces: Sequence[Piece], *, subject: Subject, wish: str, always: Said
    ) -> None:
        self._pieces = {piece.evidence.id: piece for piece in pieces}
        self._named: dict[str, list[Piece]] = {}
        for piece in pieces:
            if piece.title:
                self._named.setdefault(piece.title, []).append(piece)
        self._loose = [piece for piece in pieces if not piece.title]
        self._subject, self._always = subject, always
        self._wish = said(without_negated(wish))
        self._used: set[str] = set()
        self._answers = False  # whether the wish itself is answered, in other words than its own

    def used(self, text: str) -> list[str]:
        """The ids of the pieces that the text uses; none where a part of it is not supported."""
        self._segments = segments(_FIXED.sub(" ", text), self._named)
        self._figures = Figures(
            self._segments, named=self._named, loose=self._loose, subject=self._subject,
            limits=self._wish.numbers,
        )  # fmt: skip
        if not all(self._is_supported(segment) for segment in self._segments):
            return []
        used = self._used | self._figures.used
        if not used and self._answers:
            used = {key for key, piece in self._pieces.items() if piece.evidence.kind == "asked"}
        return [key for key in self._pieces if key in used]

    def _is_supported(self, segment: Segment) -> bool:
        scope = self._scope(segment)
        if scope is None or _ORDERS.match(segment.written) or _FOR_YOU.search(segment.written):
            return False
        for row, (kind, written) in enumerate(segment.tokens):
            match kind:
                case "title":
                    self._used |= {piece.evidence.id for piece in self._named[written]}
                    is_said = True
                case "quote":
                    is_said = self._is_quotation(written)
                case "number":
                    is_said = self._figures.is_number(written, segment, row)
                case "chinese":
                    is_said = self._is_chinese(written, segment, row, scope)
                case "word":
                    is_said = self._is_word(written, segment, row, scope)
                case _:
                    is_said = False
            if not is_said:
                return False
        self._note_use(segment)
        return self._answers_wish(segment) if segment.wishes else True

    def _scope(self, segment: Segment) -> _Scope | None:
        """What a segment may say; None where it says of people or liking what nothing supports."""
        named = self._told_of(segment)
        pieces = [*named, *self._loose]
        spoken, own = self._always, self._own(segment)
        # What is cited of a person is said of no list, nor of what two things have in common.
        is_shared = self._is_shared(segment)
        is_of_things = is_shared or (self._always.words and not segment.tells(ADDRESSING))
        for piece in named if is_of_things and not segment.wishes else pieces:
            spoken |= piece.says
        scope: _Scope | None = _Scope(spoken, own, named)
        if segment.is_of_people:
            has_count = any(piece.evidence.kind in _COUNTS for piece in pieces)
            liked = Said(LIKING.words | PEOPLE.words, (*LIKING.chinese, *PEOPLE.chinese))
            scope = _Scope(spoken | liked, own, named) if has_count else None
        elif segment.likes or (segment.begins_with_person and not named):
            scope = self._of_person(segment, spoken, named)
        if scope is not None and is_shared:
            return _Scope(
                scope.cited, common_of([scope.shared, *(piece.about for piece in named)]), named
            )
        return scope

    def _own(self, segment: Segment) -> Said:
        """What the catalogue says of the item, or of as many items of a list as are told of."""
        if segment.tells(ALL):
            return self._subject.of_all
        return self._subject.of_most if segment.tells(MOST) else self._subject.says

    def _told_of(self, segment: Segment) -> list[Piece]:
        """The pieces of the liked items that a segment names, or refers to."""
        refers = segment.refers and (segment.begins_with_pronoun or not segment.likes)
        refers = refers or (segment.is_of_people and segment.follows_people)
        refers = refers or self._is_likened(segment)
        elsewhere = nearest_titles(self._segments, segment.at) if refers else []
        return [*chain.from_iterable(self._named[key] for key in segment.titles or elsewhere)]

    def _is_shared(self, segment: Segment) -> bool:
        """Whether what a segment says is to hold of the named items too."""
        if segment.titles:
            return segment.is_of_title or segment.compares
        return (segment.refers or self._is_likened(segment)) and not segment.is_of_people

    def _is_likened(self, segment: Segment) -> bool:
        """Whether a segment beside it says that it holds of two: "both are", "like “A”"."""
        if segment.tells(ADDRESSING):
            return False
        before = self._segments[segment.at - 1] if segment.at else None
        after = self._segments[segment.at + 1] if segment.at + 1 < len(self._segments) else None
        is_both = before is not None and not before.titles and not before.has_content
        goes_on = is_both and before is not None and _BOTH.search(before.written) is not None
        return goes_on or (after is not None and after.likens)

    def _of_person(self, segment: Segment, spoken: Said, named: Sequence[Piece]) -> _Scope | None:
        """What may be said of what a person likes, or of the person; None for a guess."""
        if named:
            done = {piece.evidence.facts.get("kind") for piece in named}
            liked = Said(LIKING.words, LIKING.chinese)
            return _Scope(spoken | liked, self._own(segment), named) if done & _LIKES else None
        if segment.likes:  # not "you like it", but "your likes: “A” and “B”"
            rest = takewhile(lambda part: part.titles, self._segments[segment.at + 1 :])
            after = [piece for part in rest for key in part.titles for piece in self._named[key]]
            if after and _YOUR_LIKES.search(segment.written):
                done = [piece.evidence.facts.get("kind") in _LIKES for piece in after]
                return self._of_person(segment, spoken, after) if all(done) else None
            return _Scope(self._tastes(_TASTES), Said(), named) if segment.has_content else None
        counted = any(kind == "number" for kind, _ in segment.tokens)
        is_guess = not (segment.has_content or segment.wishes or counted)
        if is_guess and len(segment.tokens) > 1:  # "you may know it"
            return None
        shared = common_of([self._own(segment), self._wish])
        return _Scope(self._tastes(_TASTES | {"wish"}), shared, named)

    def _tastes(self, kinds: frozenset[str]) -> Said:
        """What pieces of such kinds say that the person likes."""
        told = Said(LIKING.words, LIKING.chinese)
        for piece in self._loose:
            if piece.evidence.kind in kinds:
                told |= piece.says
        return told

    def _is_quotation(self, written: str) -> bool:
        """Whether it is the item's title, or the person's own words."""
        key = title_key(written)
        if key in self._subject.titles:
            return True
        for piece in self._loose:
            if key and key in piece.quotes:
                self._used.add(piece.evidence.id)
                return True
        return False

    def _is_word(self, written: str, segment: Segment, row: int, scope: _Scope) -> bool:
        word, stems = written.casefold(), {stem(part) for part in fold(written).split("-")}
        if word in LIMITS["budget"]:
            return self._figures.keeps_budget(segment, row)
        if word in FRACTIONS and segment.is_of_people:
            return self._figures.is_share(word, scope.named)
        if stems <= self._always.words:
            return True
        if stems & NEGATING:
            return f"{word} {segment.word(row + 1)}" in self._subject.text
        is_guess = stems & KNOWING and segment.tells(ADDRESSING) and not segment.titles
        is_series = stems & SEQUENCE and scope.named and not stems <= self._subject.says.words
        if is_guess or is_series:
            return False
        if word in ALL_UNITS and not self._figures.is_counted_in(word, segment, row):
            return False
        is_name = written[0].isupper() and stems <= self._subject.names
        return is_name or is_word_said(written, scope.cited, scope.shared)

    def _is_chinese(self, written: str, segment: Segment, row: int, scope: _Scope) -> bool:
        run = self._figures.without_figures(fold(written), segment, row, scope.named)
        if run is None:
            return False
        own, _, both = run.partition("也")
        parts = [(run, scope.shared)]
        if both and segment.compares and not segment.titles:  # 这口陶锅也是日式料理
            parts = [(own, self._own(segment)), (both, scope.shared)]
        return all(
            is_word_said(part, scope.cited, shared, nearby=self._subject.text)
            for text, shared in parts
            for part in text.split()
        )

    def _answers_wish(self, segment: Segment) -> bool:
        """Whether what is said to be asked for, here or just before, is what the person wants."""
        at = segment.at
        near = [segment, *reversed(self._segments[:at]), *self._segments[at + 1 :]]
        told = next((each for each in near if each.has_content), segment)
        wanted = common_of([self._own(segment), self._wish])
        is_asked = _ASKED.search(segment.written)
        for piece in self._loose:
            kind = piece.evidence.kind
            if kind in WISHES and not (is_asked and kind in _TASTES):
                wanted |= piece.says
        words = wanted.words - JOINING.words - WISHING.words
        runs = [part for part in wanted.chinese if not is_word_said(part, WISHING, Said())]
        answers = any(
            kind == "quote"
            or (kind == "word" and stem(fold(written)) in words)
            or (kind == "chinese" and any(part in written for part in runs))
            for kind, written in told.tokens
        )
        self._answers |= answers
        return answers

    def _note_use(self, segment: Segment) -> None:
        """Notes the pieces without a title of which the segment has a word."""
        written = as_written(" ".join(text for kind, text in segment.tokens if kind != "title"))
        for piece in self._loose:
            facts = piece.evidence.facts
            told = as_written(" ".join(facts.get(name, "") for name in ("words", "wanted", "said")))
            has_words = bool((told.words - JOINING.words) & written.words)
            if has_words or any(part in run for run in written.chinese for part in told.chinese):
                self._used.add(piece.evidence.id)
