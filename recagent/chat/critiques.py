"""A sentence to constraints, preferences and a wish, by code; what it cannot express it says.

It reads and decides nothing: what becomes of a critique is the agent's matter.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from dataclasses import dataclass

from recagent.chat import lexicon
from recagent.chat.bounds import beyond, bounds, plain_number
from recagent.chat.lexicon import CONCEPTS
from recagent.chat.named_bounds import named_bounds
from recagent.chat.polarity import Tone, joined, tone_of
from recagent.chat.quantities import Quantity, quantities
from recagent.chat.references import Reference
from recagent.chat.vocabulary import ValueMention, Vocabulary
from recagent.domain import Constraint, Item, Operator
from recagent.retrieval.words import ASIDE, singular

_RECENT = 0.75  # of a scene's items stay below what counts as new
_LITTLE = 0.25  # of them stay below what counts as short, cheap, old


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
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: tuple[Constraint, ...] = ()
    wish: str = ""
    unclear: tuple[Unclear, ...] = ()
    like: Item | None = None
    surprise: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing but a wish, or nothing at all, was read."""
        return not (
            self.constraints or self.preferences or self.unclear or self.like or self.surprise
        )


def read(text: str, *, vocabulary: Vocabulary, reference: Reference) -> Critique:
    """The critique in a sentence, for a scene with this vocabulary."""
    reading = _Reading(text, vocabulary, reference)
    for step in (
        reading.take_likeness, reading.take_named_bounds, reading.take_quantities,
        reading.take_phrases, reading.take_comparatives, reading.take_same,
        reading.take_shades, reading.take_values, reading.take_extremes, reading.take_concepts,
        reading.take_mentions,
    ):  # fmt: skip
        step()
    return reading.critique()


class _Reading:
    """A sentence of which parts have been understood: these are blanked out."""

    def __init__(self, text: str, vocabulary: Vocabulary, reference: Reference) -> None:
        plain = unicodedata.normalize("NFKC", " ".join(text.split()))
        self._said = plain if len(plain.lower()) == len(plain) else plain.lower()
        self._whole = self._said.lower().replace("’", "'")
        self._left = self._whole
        self._vocabulary = vocabulary
        self._reference = reference
        self._constraints: list[Constraint] = []
        self._preferences: list[Constraint] = []
        self._unclear: list[Unclear] = []
        self._like: Item | None = None
        self._surprise = False

    def critique(self) -> Critique:
        return Critique(
            constraints=tuple(dict.fromkeys(self._constraints)),
            preferences=tuple(dict.fromkeys(self._preferences)),
            wish=lexicon.content(self._left),
            unclear=tuple(self._unclear),
            like=self._like,
            surprise=self._surprise,
        )

    # What follows takes one kind of words each, in the order of ``read``: the longer and surer
    # patterns come first, since their words may be others' too.

    def take_likeness(self) -> None:
        """Like the second, 像第二个那样的: its values are preferred."""
        for match in _LIKE.finditer(self._left):
            tail = self._said[match.end("like") :]
            pointed = self._reference.meant(tail.strip())
            at_front = [end for start, end, _ in self._reference.pointed(tail.lower()) if start < 3]
            if not pointed:
                continue
            self._like = pointed[0]
            end = match.end("like") + (at_front[0] if at_front else len(tail))
            self._prefer_values_of(pointed[0], words=self._said[match.start() : end].strip())
            self._blank(match.start(), end)
            return

    def take_named_bounds(self) -> None:
        for found in named_bounds(self._left, said=self._said, vocabulary=self._vocabulary):
            self._constraints += found.constraints
            self._blank(found.start, found.end)

    def take_quantities(self) -> None:
        for found in quantities(self._left):
            words = self._said[found.start : found.end].strip()
            attribute = self._attribute_of(found)
            if attribute is None:
                self._unclear.append(Unclear(words=words, concept=found.concept))
            else:
                self._constraints += bounds(attribute, found, words, self._vocabulary)
            self._blank(found.start, found.end)

    def take_phrases(self) -> None:
        for start, end in self._spans(lexicon.words("said", "surprise")):
            self._surprise = True
            self._blank(start, end)
        for start, end in self._spans(lexicon.words("child", "said")):
            self._for_a_child(self._said[start:end])
            self._blank(start, end)

    def take_comparatives(self) -> None:
        for name, concept in CONCEPTS.items():
            for start, end in self._spans(concept.more):
                self._compare(name, "at least", start, end)
            for start, end in self._spans(concept.less):
                self._compare(name, "at most", start, end)

    def take_same(self) -> None:
        """By the same director, 同一个导演: the value of the item that is spoken of."""
        for name, concept in CONCEPTS.items():
            names = "|".join(map(re.escape, concept.said))
            pattern = (
                rf"(?:by |with |from |of )?\b(?:the )?same (?:{names})\b"
                rf"|(?:同一个?|同样的?|一样的)(?:{names})"
            )
            for match in re.finditer(pattern, self._left):
                self._same(name, match.start(), match.end())

    def take_shades(self) -> None:
        for shade in lexicon.SHADES:
            for start, end in self._spans(shade.said):
                words = self._said[start:end]
                away = tone_of(self._whole, start, end).is_negative
                rather, not_so = (
                    (shade.not_so, shade.rather) if away else (shade.rather, shade.not_so)
                )
                if self._prefer(rather, "is", words) | self._prefer(not_so, "is not", words):
                    self._blank(start, end)

    def take_values(self) -> None:
        found = list(self._vocabulary.values_in(self._left))
        tones: list[Tone] = []
        groups: list[list[ValueMention]] = []
        for each in found:
            gap = self._whole[groups[-1][-1].end : each.start] if groups else None
            joint = None if gap is None else joined(gap, plural=_is_plural(self._whole, each))
            if joint is None:
                tones.append(tone_of(self._whole, each.start, each.end))
                groups.append([each])
            elif joint == "any" and groups[-1][-1].attribute == each.attribute:
                groups[-1].append(each)
            else:
                tones.append(tones[-1])
                groups.append([each])
        for group, tone in zip(groups, tones, strict=True):
            self._value(group, tone)

    def take_extremes(self) -> None:
        """The newest, short, cheap: a soft bound at the scene's quarters."""
        tables: tuple[tuple[tuple[str, ...], tuple[str, ...], Operator, float], ...] = (
            (lexicon.words("said", "newest"), ("year",), "at least", _RECENT),
            (lexicon.words("said", "oldest"), ("year",), "at most", _LITTLE),
            (lexicon.words("said", "cheapest"), ("price",), "at most", _LITTLE),
            (lexicon.words("said", "shortest"), ("length", "pages"), "at most", _LITTLE),
        )
        for said, concepts, operator, share in tables:
            attribute = next(filter(None, map(self._vocabulary.of_concept, concepts)), None)
            for start, end in self._spans(said) if attribute else ():
                value = plain_number(self._vocabulary.quantile(str(attribute), share))
                self._preferences.append(
                    Constraint(
                        attribute=str(attribute), operator=operator, value=value,
                        words=self._said[start:end],
                    )
                )  # fmt: skip
                self._blank(start, end)

    def take_concepts(self) -> None:
        """What is asked of something that no attribute tells, and by no value that one has."""
        for name, concept in CONCEPTS.items():
            for start, end in self._spans(concept.said):
                words = self._left[start:end]
                if self._vocabulary.of_concept(name) is None:
                    self._unclear.append(Unclear(words=self._said[start:end], concept=name))
                    self._blank(start, end)
                elif words == self._left.strip():
                    self._unclear.append(Unclear(words=self._said[start:end]))
                    self._blank(start, end)

    def take_mentions(self) -> None:
        """No zombies, 不要丧尸: what is no value is looked for in all that items say."""
        for match in _NOT.finditer(self._left):
            word = match["en"] or match["zh"]
            if not word or word in lexicon.FILLERS or lexicon.content(word) == "":
                continue
            said, _, last = lexicon.content(word).rpartition(" ")
            if not said or singular(last) not in ASIDE:  # "no dice games" is of all that has dice
                said = lexicon.content(word)
            self._constraints.append(
                Constraint(
                    attribute="", operator="does not mention", value=said,
                    words=self._said[match.start() : match.end()].strip(),
                )
            )  # fmt: skip
            self._blank(match.start(), match.end())

    def _blank(self, start: int, end: int) -> None:
        self._left = self._left[:start] + "\0" * (end - start) + self._left[end:]

    def _spans(self, phrases: tuple[str, ...]) -> list[tuple[int, int]]:
        """Where one of the phrases still stands, the longest first at each place."""
        ordered = sorted(phrases, key=lambda phrase: -len(phrase))
        pattern = "|".join(
            rf"\b{re.escape(each)}\b" if each.isascii() else re.escape(each) for each in ordered
        )
        return [match.span() for match in re.finditer(pattern, self._left)] if pattern else []

    def _attribute_of(self, found: Quantity) -> str | None:
        if found.concept:
            return self._vocabulary.of_concept(found.concept)
        return next(filter(None, map(self._vocabulary.of_concept, ("price", "length"))), None)

    def _for_a_child(self, words: str) -> None:
        fitting = self._vocabulary.having(lexicon.words("child", "values"))
        if fitting is None:
            self._unclear.append(Unclear(words=words, concept="age"))
            return
        self._constraints.append(_one_of(*fitting, "is", words))
        barred = self._vocabulary.having(lexicon.words("child", "never"))
        if barred is not None and barred[0] == fitting[0]:
            self._constraints.append(_one_of(*barred, "is not", words))

    def _compare(self, name: str, operator: Operator, start: int, end: int) -> None:
        words = self._said[start:end]
        attribute = self._vocabulary.of_concept(name)
        if attribute is None and name == "length":
            attribute = self._vocabulary.of_concept("pages")
        than = self._than(end)
        self._blank(start, max(end, than[0]))
        if attribute is None:
            self._unclear.append(Unclear(words=words, concept=name))
            return
        near = [than[1]] if than[1] else [self._reference.focus or None]
        known = [item for item in near if item] or list(self._reference.slate)
        numbers = [
            float(value) for item in known
            if isinstance(value := item.attributes.get(attribute), int | float)
        ]  # fmt: skip
        middle = (
            statistics.median(numbers) if numbers else self._vocabulary.quantile(attribute, 0.5)
        )
        value = beyond(middle, operator, whole=self._vocabulary.whole(attribute))
        self._constraints.append(
            Constraint(attribute=attribute, operator=operator, value=value, words=words)
        )

    def _than(self, at: int) -> tuple[int, Item | None]:
        """The item that "than the second" names after ``at``, and where those words end."""
        match = re.compile(r"\s*(?:than|比)\s*").match(self._left, at)
        if match is None:
            return at, None
        for start, end, item in self._reference.pointed(self._left[match.end() :]):
            if start < 2 and item is not None:
                return match.end() + end, item
        return at, None

    def _same(self, name: str, start: int, end: int) -> None:
        words = self._said[start:end].strip()
        item = self._reference.focus or next(iter(self._reference.slate), None)
        for other_start, _, pointed in self._reference.pointed(self._whole[end:]):
            if pointed is not None and other_start < len(" as with "):
                item = pointed
        attribute = self._vocabulary.of_concept(name)
        value = item.attributes.get(attribute) if item is not None and attribute else None
        self._blank(start, end)
        if attribute is None or value is None:
            self._unclear.append(Unclear(words=words, concept=name if attribute is None else ""))
            return
        self._constraints.append(
            Constraint(attribute=attribute, operator="is", value=value, words=words)
        )

    def _prefer(self, values: tuple[str, ...], operator: Operator, words: str) -> bool:
        found = self._vocabulary.having(values) if values else None
        if found is not None:
            self._preferences.append(_one_of(*found, operator, words))
        return found is not None

    def _prefer_values_of(self, item: Item, *, words: str) -> None:
        for attribute in self._vocabulary.categories:
            value = item.attributes.get(attribute, ())
            if not isinstance(value, str | tuple):
                continue
            for each in (value,) if isinstance(value, str) else value:
                self._preferences.append(
                    Constraint(attribute=attribute, operator="is", value=each, words=words)
                )

    def _value(self, group: list[ValueMention], tone: Tone) -> None:
        start, end = group[0].start, group[-1].end
        values = tuple(dict.fromkeys(value for each in group for value in each.values))
        operator: Operator = "is not" if tone.is_negative else "is"
        words = self._said[tone.start : end].strip(" ,，、")
        made = _one_of(group[0].attribute, values, operator, words)
        (self._preferences if tone.is_soft else self._constraints).append(made)
        self._blank(min(start, tone.start), max(end, tone.end))


_LIKE = re.compile(
    r"(?P<like>\b(?:(?:some(?:thing)?|more|others?|anything)\s+)?(?:like|similar to)\s+"
    r"|(?:更|再来)?(?:像|类似于?|跟)\s*)"
)
_NOT = re.compile(
    r"\b(?:no|without|not about|nothing (?:about|with)|avoid|except|exclude|don't want|hate)\s+"
    r"(?:any\s+|more\s+|the\s+)?"
    r"(?P<en>[^\W\d_][^\W_]*(?:[ -](?!or\b|and\b|but\b|please\b)[^\W\d_][^\W_]*)?)"
    r"|(?:不要有?|别有|不想要|不想看|讨厌|除了)(?P<zh>[\u3400-\u9fff]{1,6})"
)


def _one_of(attribute: str, values: tuple[str, ...], operator: Operator, words: str) -> Constraint:
    value = values[0] if len(values) == 1 else values
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _is_plural(text: str, found: ValueMention) -> bool:
    return text[found.start : found.end].endswith("s")
