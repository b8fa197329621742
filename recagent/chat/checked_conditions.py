"""From a want that a model wrote to a constraint that code can check, or to nothing.

The attribute must be one of the catalogue's, and so must the values; numbers and days are compared.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from recagent.chat.bounds import beyond, plain_number
from recagent.chat.conversation import SCENE
from recagent.chat.situation import Situation
from recagent.chat.turn_reply import ActReply
from recagent.chat.vocabulary import Vocabulary
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint, Item, Language, Operator
from recagent.domain.chinese_scripts import simplified
from recagent.domain.comparing import read
from recagent.prompts import one_line

MOST_WORDS = 200  # characters that are kept of a person's words


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionChecker:
    """Makes constraints on what the catalogue tells.

    Attributes:
        situation: where the talk is.
        lang: of the talk.
    """

    situation: Situation
    lang: Language

    def attribute(self, name: str) -> str:
        """The attribute of a name in any scene, whatever its case; empty for none."""
        folded = _folded(name.strip())
        scenes = (*self.situation.scenes, self.situation.scene.name)  # the present one wins
        known = [each for one in scenes for each in self.situation.vocabulary_of(one).attributes]
        return {**{_folded(each): each for each in known}, POPULARITY: POPULARITY}.get(folded, "")

    def vocabulary(self, attribute: str) -> Vocabulary:
        """That of the present scene if its items have the attribute, else of one whose have it."""
        here = self.situation.vocabulary
        others = map(self.situation.vocabulary_of, self.situation.scenes)
        return next((each for each in (here, *others) if attribute in each.attributes), here)

    def is_compared(self, attribute: str) -> bool:
        """Whether the attribute has a more and a less: numbers, days, and popularity."""
        vocabulary = self.vocabulary(attribute)
        is_known = bool(attribute) and (
            vocabulary.is_number(attribute) or vocabulary.is_day(attribute)
        )
        return is_known or attribute == POPULARITY

    def constraint(self, act: ActReply) -> Constraint | None:
        """A condition with an operator other than less and more; None if nothing here tells it."""
        attribute, operator = self.attribute(act.attribute), act.operator
        words = one_line(act.words, MOST_WORDS)
        values = tuple(filter(None, (one_line(each, MOST_WORDS) for each in act.values)))
        if not values or operator in ("less", "more"):
            return None
        if operator in ("mentions", "does not mention"):
            return _of(values, "", operator, words)
        first, *others = values
        if self.is_compared(attribute):
            if others and operator in ("is", "is not"):
                return _of(values, attribute, operator, words)
            is_day = attribute != POPULARITY and self.vocabulary(attribute).is_day(attribute)
            bound = _bound(first, is_day=is_day)
            if bound is None:
                return None
            return Constraint(attribute=attribute, operator=operator, value=bound, words=words)
        if attribute and self.vocabulary(attribute).is_truth(attribute):
            truth = read(first).truth
            if truth is None:
                return None
            told = truth if operator != "is not" else not truth
            return Constraint(attribute=attribute, operator="is", value=told, words=words)
        known = self._known(attribute, values) if attribute else ()
        if known and operator in ("is", "is not"):
            return _of(known, attribute, operator, words)
        return _of(values, "", "does not mention", words) if operator == "is not" else None

    def barred_scenes(self, act: ActReply) -> list[Constraint]:
        """A ban of each scene that is named; none of what names no scene."""
        scenes = self.situation.scenes
        names = [self.situation.scene_named(one_line(each, MOST_WORDS)) for each in act.values]
        return [
            Constraint(
                attribute=SCENE, operator="is not", value=name, words=scenes[name].label(self.lang)
            )
            for name in filter(None, names)
        ]

    def compared(
        self, act: ActReply, items: Sequence[Item], *, held: Sequence[Constraint]
    ) -> Constraint | None:
        """Less or more than the items have in the middle, and never looser than what is held.

        Where none of them tells the attribute, than items of the scene have.
        """
        attribute = self.attribute(act.attribute)
        if not self.is_compared(attribute):
            return None
        side: Operator = "at most" if act.operator == "less" else "at least"
        words = one_line(act.words, MOST_WORDS)
        told = [each for item in items if (each := self.value(item, attribute)) is not None]
        everywhere = self.situation.here.values()
        told = told or [e for item in everywhere if (e := self.value(item, attribute)) is not None]
        days = sorted(each for each in told if isinstance(each, str))
        numbers = [each for each in told if not isinstance(each, str)]
        if days:
            middle = days[len(days) // 2]
            return Constraint(attribute=attribute, operator=side, value=middle, words=words)
        if not numbers:
            return None
        is_whole = attribute == POPULARITY or self.vocabulary(attribute).whole(attribute)
        bound = max(0.0, beyond(statistics.median(numbers), side, whole=is_whole))
        tighter = min if side == "at most" else max
        for each in held:
            if (each.attribute, each.operator) == (attribute, side) and isinstance(
                each.value, int | float
            ):
                bound = tighter(bound, each.value)
        return Constraint(
            attribute=attribute, operator=side, value=plain_number(bound), words=words
        )

    def value(self, item: Item, attribute: str) -> float | str | None:
        """What an item has of an attribute with a more and a less; None if it is not told."""
        if attribute == POPULARITY:
            return float(self.situation.likes.get(item.id, 0))
        value = item.attributes.get(attribute)
        if isinstance(value, str):
            return read(value).day or None
        return float(value) if isinstance(value, int | float) else None

    def _known(self, attribute: str, values: Sequence[str]) -> tuple[str, ...]:
        """Those of the values that the attribute has, as the catalogue spells them."""
        known: list[str] = []
        for value in values:
            text = simplified(value).casefold()
            for each in self.vocabulary(attribute).values_in(text):
                if each.attribute == attribute and (each.start, each.end) == (0, len(text)):
                    known += each.values
        return tuple(dict.fromkeys(known))


def _folded(name: str) -> str:
    return simplified(name).casefold().replace(" ", "_")


def _of(values: tuple[str, ...], attribute: str, operator: Operator, words: str) -> Constraint:
    value = values[0] if len(values) == 1 else values
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _bound(text: str, *, is_day: bool) -> float | str | None:
    """A number, or a day where days are compared; None if it is none."""
    if is_day:
        return read(text).day or None
    try:
        return plain_number(float(text))
    except ValueError:
        return None
