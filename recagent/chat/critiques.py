"""A sentence to constraints, preferences and a wish, by code; what it cannot express it says.

It reads and decides nothing: what becomes of a critique is the agent's matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from recagent.chat import lexicon
from recagent.chat.bounds import bounds, plain_number
from recagent.chat.comparisons import take_comparatives, take_extremes, take_popularity
from recagent.chat.lexicon import CONCEPTS
from recagent.chat.likeness import take_likeness, take_same
from recagent.chat.named_bounds import named_bounds
from recagent.chat.polarity import Scope, Tone, joined
from recagent.chat.quantities import OTHER_BOUND, Quantity, number, quantities
from recagent.chat.reading import Reading, Unclear
from recagent.chat.references import Reference
from recagent.chat.vocabulary import ValueMention, Vocabulary
from recagent.domain import Constraint, Item, Operator
from recagent.domain.chinese_scripts import CJK
from recagent.retrieval.words import ASIDE, singular

_MOST_BANNED = 3  # words of one thing that is not wanted; more are a tale and no name


@dataclass(frozen=True, slots=True, kw_only=True)
class Critique:
    """What a sentence asks for.

    Attributes:
        constraints: hard.
        preferences: soft.
        wish: what is left of the words, for the search by text; empty if nothing is.
        unclear: what cannot be expressed.
        like: an item that others should be like.
        surprise: whether it should be unlike what the person usually likes.
        unknown: titles that others should be like, and that the catalogue has not.
        is_refusing: whether a sign of a refusal or a doubt stands there of which nothing was made.
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: tuple[Constraint, ...] = ()
    wish: str = ""
    unclear: tuple[Unclear, ...] = ()
    like: Item | None = None
    surprise: bool = False
    unknown: tuple[str, ...] = ()
    is_refusing: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing but a wish, or nothing at all, was read."""
        return not (
            self.constraints or self.preferences or self.unclear or self.like or self.surprise
        )


def read(
    text: str,
    *,
    vocabulary: Vocabulary,
    reference: Reference,
    in_force: Sequence[Constraint] = (),
    likes: Sequence[int] = (),
    likes_of: Mapping[str, int] | None = None,
) -> Critique:
    """The critique in a sentence, for a scene with this vocabulary.

    Args:
        text: the sentence.
        vocabulary: of the scene.
        reference: what it may point at.
        in_force: what "cheaper" may not make looser.
        likes: how many people like each item of the scene.
        likes_of: the same, by id.
    """
    reading = _Reading(text, vocabulary, reference, in_force, sorted(likes), likes_of or {})
    for step in (
        partial(take_likeness, reading), reading.take_children, reading.take_named_bounds,
        reading.take_quantities, reading.take_surprise, partial(take_comparatives, reading),
        partial(take_popularity, reading), partial(take_same, reading), reading.take_shades,
        reading.take_values, partial(take_extremes, reading), reading.take_concepts,
        reading.take_banned,
    ):  # fmt: skip
        step()
    return reading.critique()


class _Reading(Reading):
    """A sentence of which all that can be asked for is read."""

    def critique(self) -> Critique:
        return Critique(
            constraints=_tightest(self.constraints),
            preferences=tuple(dict.fromkeys(self.preferences)),
            wish=self._wish(),
            unclear=tuple(self.unclear),
            like=self.like,
            surprise=self.surprise,
            unknown=tuple(self.unknown),
            is_refusing=self.polarity.is_refusing(self.left),
        )

    # What follows takes one kind of words each, in the order of ``read``: the longer and surer
    # patterns come first, since their words may be others' too.

    def take_named_bounds(self) -> None:
        self._take_renewed()
        for found in named_bounds(self.left, said=self.said, vocabulary=self.vocabulary):
            self.constraints += found.constraints
            self.blank(found.start, found.end)

    def _take_renewed(self) -> None:
        """Raise it to 300, 加到三百: the last bound that holds, at another number."""
        for match in _RENEW.finditer(self.left):
            value, words = number(match["en"] or match["zh"]), self.said[slice(*match.span())]
            held = [each for each in self.in_force if each.operator in ("at least", "at most")]
            if value is None or not held:
                self.unclear.append(Unclear(words=words))
            else:
                self.constraints.append(replace(held[-1], value=plain_number(value), words=words))
            self.blank(*match.span())

    def take_quantities(self) -> None:
        every = quantities(self.left)
        for found in every:
            start = self._refused_from(found)
            budget = _BUDGET.search(self.left, 0, found.start)
            if budget and found.bound == "about":
                self.blank(*budget.span())
                found = replace(found, start=budget.start(), bound="at most")  # noqa: PLW2901
            words = self.said[found.start if start is None else start : found.end].strip()
            attribute = self._attribute_of(found)
            if start is not None:
                is_span = sum(each.start == found.start for each in every) > 1
                if is_span or found.bound == "about":  # "not from the 90s" is no one bound
                    self.unclear.append(Unclear(words=words))
                    self.blank(start, found.end)
                    continue
                found = replace(found, bound=OTHER_BOUND[found.bound])  # noqa: PLW2901
            if attribute is None:
                self.unclear.append(Unclear(words=words, concept=found.concept))
            else:
                self.constraints += bounds(attribute, found, words, self.vocabulary)
            self.blank(found.start, found.end)

    def _refused_from(self, found: Quantity) -> int | None:
        """Where the negation begins that a bound stands under: "nothing before 2000"."""
        for scope in self.polarity.scopes:
            if (
                scope.start <= found.start
                and scope.holds(found.start, found.end)
                and not scope.is_soft
            ):
                between = self.left[scope.start : found.start]
                return scope.cue if not lexicon.content(between) else None
        return None

    def take_surprise(self) -> None:
        for start, end in self.spans(lexicon.words("said", "surprise")):
            self.surprise = True
            self.blank(start, end)

    def take_children(self) -> None:
        for match in _CHILD.finditer(self.left):
            age = match["years"] or match["zh_years"] or match["zh_after"]
            if age and (int(age) > _CHILD_YEARS or self.vocabulary.of_concept("age")):
                continue
            if not self.tone(match.start(), match.end()).is_negative:
                self._for_a_child(self.said[match.start() : match.end()].strip(" ,，"))
                self.blank(match.start(), match.end())

    def take_shades(self) -> None:
        for shade in lexicon.SHADES:
            for start, end in self.spans(shade.said):
                tone = self.tone(start, end)
                words = self.said[tone.start : tone.end].strip(" ,，、~")
                rather, not_so = shade.rather, shade.not_so
                if tone.is_negative:
                    rather, not_so = not_so, rather
                if self._prefer(rather, "is", words) | self._prefer(not_so, "is not", words):
                    self.blank(start, end)

    def take_values(self) -> None:
        found = list(self.vocabulary.values_in(self.left))
        tones: list[Tone] = []
        groups: list[list[ValueMention]] = []
        for each in found:
            gap = self.whole[groups[-1][-1].end : each.start] if groups else None
            joint = None if gap is None else joined(gap, plural=_is_plural(self.whole, each))
            if gap and _REFUSED.search(gap) and not tones[-1].is_negative:
                joint = None  # "French or English, no Italian"
            if joint is None:
                tones.append(self.tone(each.start, each.end))
                groups.append([each])
            elif joint == "any" and groups[-1][-1].attribute == each.attribute:
                groups[-1].append(each)
            else:
                tones.append(tones[-1])
                groups.append([each])
        for group, tone in zip(groups, tones, strict=True):
            self._value(group, tone)

    def take_concepts(self) -> None:
        """What is asked of something that no attribute tells, and by no value that one has."""
        for name, concept in CONCEPTS.items():
            for start, end in self.spans(concept.said):
                words = self.left[start:end]
                attribute = self.vocabulary.of_concept(name)
                if name == "stock" and attribute and not self.tone(start, end).is_negative:
                    self.constraints.append(
                        Constraint(
                            attribute=attribute, operator="at least", value=1,
                            words=self.said[start:end],
                        )
                    )  # fmt: skip
                    self.blank(start, end)
                elif attribute is None:
                    self.unclear.append(Unclear(words=self.said[start:end], concept=name))
                    self.blank(start, end)
                elif words == self.left.strip():
                    self.unclear.append(Unclear(words=self.said[start:end]))
                    self.blank(start, end)

    def take_banned(self) -> None:
        """No zombies, 不要丧尸: what is no value is looked for in all that items say.

        Nothing that stands within a negation is left for the wish.
        """
        for scope in self.polarity.scopes:
            bans = [self._ban(*each, scope) for each in _elements(self.left, scope)]
            if all(bans):
                self.blank(scope.cue, max(scope.tail, scope.end))

    def _ban(self, start: int, end: int, scope: Scope) -> bool:
        """Whether it is clear what an element of a negation is; what no value is is banned."""
        said = lexicon.content(self.polarity.without_plain(self.left[start:end]))
        if not said:
            return True
        words = self.said[scope.cue : max(scope.tail, scope.end)].strip(" ,，、")
        first, _, last = said.rpartition(" ")
        if (
            first and {singular(last), last.removesuffix("s")} & _THINGS
        ):  # "no dice games" is of all that has dice
            said = first
        is_own = scope.tail > scope.end and words.startswith("我")  # 我手腕不行 is no ban of it
        if (
            scope.is_soft
            or is_own
            or not _is_name(said, self.left[start:end], self.said[start:end])
        ):
            return False
        self.constraints.append(
            Constraint(attribute="", operator="does not mention", value=said, words=words)
        )
        return True

    def _wish(self) -> str:
        """What is left and says something."""
        return lexicon.content(self.polarity.without_plain(self.left))

    def _attribute_of(self, found: Quantity) -> str | None:
        if found.concept:
            return self.vocabulary.of_concept(found.concept)
        usual = next(filter(None, map(self.vocabulary.of_concept, ("price", "length"))), None)
        only = self.vocabulary.numeric
        return usual or (only[0] if len(only) == 1 else None)

    def _for_a_child(self, words: str) -> None:
        fitting = self.vocabulary.having(lexicon.words("child", "values"))
        if fitting is None:
            self.unclear.append(Unclear(words=words, concept="age"))
            return
        self.constraints.append(_one_of(*fitting, "is", words))
        barred = self.vocabulary.having(lexicon.words("child", "never"))
        if barred is not None and barred[0] == fitting[0]:
            self.constraints.append(_one_of(*barred, "is not", words))

    def _prefer(self, values: tuple[str, ...], operator: Operator, words: str) -> bool:
        found = self.vocabulary.having(values) if values else None
        if found is not None:
            self.preferences.append(_one_of(*found, operator, words))
        return found is not None

    def _value(self, group: list[ValueMention], tone: Tone) -> None:
        start, end = group[0].start, group[-1].end
        if self.polarity.is_unsure(start, end):  # neither wanted nor banned: it is said
            stop = self.clause_end(end)
            self.unclear.append(Unclear(words=self.said[start:stop].strip()))
            self.blank(start, stop)
            return
        if tone.is_negative and self._is_narrower(start, end):
            return  # "hostels full of young people" is no ban of what is young
        values = tuple(dict.fromkeys(value for each in group for value in each.values))
        operator: Operator = "is not" if tone.is_negative else "is"
        words = self.said[tone.start : max(end, tone.end)].strip(" ,，、")
        made = _one_of(group[0].attribute, values, operator, words)
        (self.preferences if tone.is_soft else self.constraints).append(made)
        self.blank(min(start, tone.start), max(end, tone.end))

    def _is_narrower(self, start: int, end: int) -> bool:
        """Whether a negation is about something that a value at ``start:end`` says only in part."""
        scope = next((each for each in self.polarity.scopes if each.holds(start, end)), None)
        if scope is None:
            return False
        begin, stop = next(
            (own for own in _elements(self.whole, scope) if own[0] <= start < own[1]), (start, end)
        )
        around = self.left[begin:start] + " " + self.left[max(end, begin) : stop]
        for each in self.vocabulary.values_in(around):
            around = around[: each.start] + " " * (each.end - each.start) + around[each.end :]
        words = lexicon.content(self.polarity.without_plain(around)).split()
        return any(singular(word) not in _THINGS for word in words)


_CHILD = lexicon.pattern("child", "said")
_CHILD_YEARS = 12

_JOINING = re.compile(r"\b(?:or|and|nor)\b|[,/、]|和|或者?")
_LONGEST_BANNED = 40
_LONGEST_CHINESE = 6  # more, or what is left of a longer saying, is no name of one thing
_THINGS = ASIDE | frozenset(lexicon.words("said", "things"))
_RENEW = lexicon.pattern("said", "renew")
_BUDGET = re.compile(r"(?:\b(?:on a |a |my )?budget(?: (?:is|of))?|预算(?:是|在)?)[\s:：]*$")
_REFUSED = re.compile(r"\bno\b")


def _is_name(said: str, left: str, written: str) -> bool:
    """Whether words can be the name of one thing: they stand together, and are few."""
    if re.search(r"\d", said):
        return False
    if re.search(rf"[{CJK}]", said):
        plain = left.replace("\0", "").strip(" 的了吧啊呢哦~")
        return " " not in said and len(said) + (plain == said) > 1 and len(said) <= _LONGEST_CHINESE
    if len(said) > _LONGEST_BANNED or said not in " ".join(left.split()):
        return False
    words = said.split()
    at = written.lower().find(words[0])
    return len(words) < _MOST_BANNED or (
        len(words) == _MOST_BANNED and written[at : at + 1].isupper()
    )


def _elements(text: str, scope: Scope) -> list[tuple[int, int]]:
    """The parts of what a negation is about: "zombies" and "vampires" of both."""
    cuts = [match.span() for match in _JOINING.finditer(text, scope.start, scope.end)]
    starts = [scope.start, *(end for _, end in cuts)]
    return list(zip(starts, [*(start for start, _ in cuts), scope.end], strict=True))


def _tightest(constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """The constraints, each once, and of bounds on one side of a number the one that says most."""
    kept: list[Constraint] = []
    for each in constraints:
        if each not in kept and not any(_implies(old, each) for old in kept):
            kept = [*(old for old in kept if not _implies(each, old)), each]
    return tuple(kept)


def _implies(one: Constraint, other: Constraint) -> bool:
    """Whether a bound leaves nothing that another on the same side would keep out."""
    if (one.attribute, one.operator) != (other.attribute, other.operator):
        return False
    if not isinstance(one.value, int | float) or not isinstance(other.value, int | float):
        return False
    if one.operator == "at most":
        return one.value <= other.value
    return one.operator == "at least" and one.value >= other.value


def _one_of(attribute: str, values: tuple[str, ...], operator: Operator, words: str) -> Constraint:
    value = values[0] if len(values) == 1 else values
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _is_plural(text: str, found: ValueMention) -> bool:
    return text[found.start : found.end].endswith("s")
