"""Comparisons of an item with the other candidates in a model's own sentence, decided by code.

"The only comedy here", "the oldest of these", 这里最便宜的: what compares is looked up in the
candidates, and taken out of the sentence where it holds; what is left is checked as any other. A
candidate that does not tell what is compared supports no comparison with it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property

from recagent.domain import Item
from recagent.explanations.comparison_words import (
    ALONE,
    AND,
    AND_ZH,
    BREAK,
    BY_SO_MUCH,
    COUNTS,
    HALT,
    HIDDEN,
    KIND,
    KIND_BEFORE_ZH,
    MEASURES,
    NO_OTHER,
    OF_OTHERS,
    OR,
    OTHERS,
    SCOPE,
    TURNED,
    TURNED_BEHIND,
    WIDER,
    Measure,
)
from recagent.explanations.kinds import ItemKinds, Kinds, blanked, is_of, kinds_in, may_be
from recagent.explanations.own_evidence import catalogue_text
from recagent.explanations.said_words import Said, is_word_said, said
from recagent.explanations.segments import QUOTED, title_key
from recagent.retrieval.words import fold

Span = tuple[int, int]


def without_comparisons(
    text: str, item: Item, *, candidates: Sequence[Item], known: Mapping[str, Item]
) -> str | None:
    """Returns a text without its comparisons of an item with others; None where one is wrong.

    Args:
        text: of a sentence.
        item: that it is about.
        candidates: that it may be compared with, the item itself among them or not.
        known: items of the person's history, with one of which it may be compared by its title.
    """
    others = [each for each in candidates if each.id != item.id]
    titled: dict[str, list[Item]] = {}
    for each in (*others, *known.values()):
        titled.setdefault(title_key(each.title), []).append(each)
    in_history = {title_key(each.title) for each in known.values()}
    return _Sentence(text, item, others=others, titled=titled).stripped(in_history)


class _Sentence:
    """A sentence that may compare its item with others."""

    def __init__(
        self, text: str, item: Item, *, others: Sequence[Item], titled: Mapping[str, Sequence[Item]]
    ) -> None:
        self._text, self._titled = text, titled
        self._compared = (item, others)
        self._plain = re.sub(QUOTED, lambda match: HIDDEN * len(match[0]), text)
        self._rest = self._plain  # without what compares and what it says of the others

    def stripped(self, in_history: Container[str]) -> str | None:
        """The text without what compares; None where a comparison does not hold.

        Args:
            in_history: keys of titles that stay, to be checked like other titles.
        """
        best = self._by_span([(each, each.best) for each in MEASURES])
        more = self._by_span([(each, each.more) for each in MEASURES])
        alone = [match.span() for match in ALONE.finditer(self._plain)]
        titles = {span: self._title_in(span) for span in more}
        scoped = [*best, *alone, *(span for span in more if not titles[span])]
        if not (scoped or more):
            return None if OF_OTHERS.search(self._plain) else self._text
        if not self._others:
            return None
        compared = [*best, *more, *alone]
        scope = [match for match in SCOPE.finditer(self._plain) if _is_apart(match, compared)]
        is_of_candidates = scope or OTHERS.search(self._plain)
        if scoped and not (is_of_candidates and all(map(self._is_of_all, scope))):
            return None
        hidden = [*compared, *(match.span() for match in scope)]
        self._rest = blanked(self._plain, hidden)
        is_vague = WIDER.search(self._plain) or OF_OTHERS.search(self._rest)
        if is_vague or not all(
            [
                *(self._is_own(span) for span in compared),
                *(self._is_best(span, measures) for span, measures in best.items()),
                *(self._is_more(span, measures, titles[span]) for span, measures in more.items()),
                *(self._is_alone(span) for span in alone),
            ]
        ):
            return None
        stays = {span: title for span, title in titles.items() if title in in_history}
        text = blanked(self._text, [span for span in hidden if span not in stays])
        for span in stays:
            start = self._plain.index(HIDDEN, span[0])
            text = blanked(text, [(span[0], start)])
        return text

    @cached_property
    def _item(self) -> ItemKinds:
        return ItemKinds.of(self._compared[0])

    @cached_property
    def _others(self) -> list[ItemKinds]:
        return [ItemKinds.of(each) for each in self._compared[1]]

    def _by_span(
        self, patterns: Sequence[tuple[Measure, re.Pattern[str]]]
    ) -> dict[Span, list[Measure]]:
        """The measures of which the sentence has words, by where."""
        by_span: dict[Span, list[Measure]] = {}
        for measure, pattern in patterns:
            for match in pattern.finditer(self._plain):
                by_span.setdefault(match.span(), []).append(measure)
        return by_span

    def _title_in(self, span: Span) -> str:
        """The key of the title with which a comparison is made; empty if with all others."""
        hidden = re.search(f"{HIDDEN}+", self._plain[slice(*span)])
        return title_key(self._text[slice(*span)][slice(*hidden.span())]) if hidden else ""

    def _is_of_all(self, scope: re.Match[str]) -> bool:
        """Whether the candidates are so many, and all of them what they are called."""
        groups = scope.groupdict()
        count, kind = groups["count"] or groups["count_zh"], groups["kind"] or ""
        every = [self._item, *self._others]
        return COUNTS.get((count or "").lower(), len(every)) == len(every) and all(
            is_word_said(word, Said(), said(catalogue_text(each.item)))
            for word in kind.split()
            for each in every
        )

    def _clause(self, span: Span) -> tuple[str, str]:
        """What stands before and behind a comparison up to the next mark."""
        before, behind = self._rest[: span[0]], self._rest[span[1] :]
        marks = [match.end() for match in BREAK.finditer(before)]
        end = BREAK.search(behind)
        return before[marks[-1] if marks else 0 :], behind[: end.start()] if end else behind

    def _is_own(self, span: Span) -> bool:
        """Whether a comparison is of the item, and of nothing that is named beside it."""
        before, behind = self._clause(span)
        earlier = self._rest[: span[0] - len(before)]
        is_apposition = not before.strip() and earlier.rstrip().endswith((",", "，"))
        last = BREAK.split(earlier.rstrip(" ,，"))[-1].strip()
        is_of_title = last.endswith(HIDDEN) or last.lower().startswith(("which ", "who ", "that "))
        return not (
            HIDDEN in before + behind
            or (is_apposition and is_of_title)
            or TURNED.search(before)
            or TURNED_BEHIND.match(behind)
        )

    def _is_best(self, span: Span, measures: Sequence[Measure]) -> bool:
        if self._are_beaten(self._others, measures):
            return True
        kinds = self._kinds_beside(span)
        return bool(kinds) and self._are_beaten(
            [each for each in self._others if self._may_be(each, kinds)], measures
        )

    def _is_more(self, span: Span, measures: Sequence[Measure], title: str) -> bool:
        if BY_SO_MUCH.search(self._clause(span)[0]):
            return False
        if not title:
            return self._are_beaten(self._others, measures)
        named = [ItemKinds.of(each) for each in self._titled.get(title, ())]
        return bool(named) and self._are_beaten(named, measures)

    def _are_beaten(self, others: Sequence[ItemKinds], measures: Sequence[Measure]) -> bool:
        """Whether the item has more, or less, than each of these by the measures that it tells."""
        measured = [
            (each, own) for each in measures if (own := _number(self._item, each)) is not None
        ]
        numbers = [
            (measure.sign * own, measure.sign * number)
            if (number := _number(other, measure)) is not None
            else (0.0, 0.0)
            for measure, own in measured
            for other in others
        ]
        return bool(numbers) and all(own > number for own, number in numbers)

    def _is_alone(self, span: Span) -> bool:
        """Whether no other candidate has what is said to be in this one alone, and all tell it."""
        before, behind = self._clause(span)
        statement = next(filter(str.strip, HALT.split(behind)), "")
        if NO_OTHER.fullmatch(self._plain[slice(*span)]) or OR.search(statement):
            kinds = self._kinds_in(statement + self._listed_behind(span, behind))
            each_alone = [[alternatives] for alternatives in kinds]
        else:
            kinds = self._joined_kinds(statement) or self._kinds_in(HALT.split(before)[-1])
            each_alone = [kinds] if kinds else []
        return (
            bool(each_alone)
            and all(is_of(self._item, kinds) for kinds in each_alone)
            and not any(
                self._may_be(other, kinds) for kinds in each_alone for other in self._others
            )
        )

    def _listed_behind(self, span: Span, clause: str) -> str:
        """The clauses behind that one that begin with a kind too: "no other has drama, horror"."""
        listed = ""
        for part in BREAK.split(self._rest[span[1] + len(clause) + 1 :]):
            if not self._begins_with_kind(part):
                break
            listed += f" {part}"
        return listed

    def _joined_kinds(self, statement: str) -> Kinds:
        """Kinds that one item has together: "one with comedy and war", not "comedy and a war"."""
        first, *more = AND.split(statement)
        is_noun = first.isascii() and self._begins_with_kind(first)
        if is_noun or statement.startswith("的"):
            return self._kinds_in(AND_ZH.split(first)[0])
        joined = first
        for part in more:
            if not self._begins_with_kind(part):
                break
            joined += f" {part}"
        return self._kinds_in(joined)

    def _begins_with_kind(self, text: str) -> bool:
        return bool(self._kinds_in(next(iter(text.split()), "")))

    def _kinds_beside(self, span: Span) -> Kinds:
        """The kinds of the item among which it is said to be the first: "the oldest comedy"."""
        before, behind = self._clause(span)
        behind_it, ahead = KIND.match(behind), KIND_BEFORE_ZH.search(before)
        return self._kinds_in(f"{behind_it[1] if behind_it else ''} {ahead[1] if ahead else ''}")

    def _kinds_in(self, text: str) -> Kinds:
        return kinds_in(text, self._attributes)

    def _may_be(self, other: ItemKinds, kinds: Kinds) -> bool:
        return may_be(other, kinds, self._attributes)

    @cached_property
    def _attributes(self) -> dict[str, str]:
        """The attribute of each kind that one of the candidates is."""
        every = (*self._others, self._item)
        return {kind: name for each in every for kind, name in each.kinds.items()}


def _is_apart(match: re.Match[str], spans: Iterable[Span]) -> bool:
    return all(match.end() <= start or end <= match.start() for start, end in spans)


def _number(of: ItemKinds, measure: Measure) -> float | None:
    """By which an item is compared; None where it does not tell."""
    for name, value in of.item.attributes.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if fold(name) in measure.names:
            return float(value)
    return None
