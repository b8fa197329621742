"""From what a model wrote of a turn to steps: pure, and nothing in them that is not there.

Every attribute and value must be one of the catalogue's, every item one of its items, every number
one of a condition in force. What is not is said to be unknown, and never guessed.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from recagent.chat.bounds import beyond, plain_number
from recagent.chat.conversation import Conversation, Wants, renewed
from recagent.chat.lexicon import pattern
from recagent.chat.remarks import values_of
from recagent.chat.situation import Situation
from recagent.chat.steps import (
    AskBack,
    Care,
    Change,
    ChangeScene,
    Compare,
    Concern,
    DeleteMyData,
    Describe,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    StartOver,
    Step,
    TakeBack,
    Tell,
    TellMyData,
    WhatIf,
    WhyNot,
)
from recagent.chat.turn_reply import Act, ActReply, TurnReply
from recagent.chat.vocabulary import Vocabulary
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint, Item, Operator
from recagent.domain.chinese_scripts import simplified
from recagent.prompts import caption, one_line
from recagent.ranking.scoring.label import LABELS

_WORDS = 200  # characters that are kept of a person's words
_CONCERNS: Mapping[Act, Concern] = {
    "crisis": "crisis", "advice": "advice", "other_people": "other people",
}  # fmt: skip
_SENTENCES: Mapping[Act, str] = {
    "about": "about", "greet": "hello", "thanks": "thanks", "chat": "chat",
    "complaint": "complaint", "order": "cannot order",
}  # fmt: skip
_NEAR = pattern("said", "near")
_IT = frozenset({"it", "this", "that", "它", "这个", "那个"})
_HELLO = Tell(key="hello")
_SHOWING = frozenset(
    {"recommend", "more", "similar", "want", "wish", "drop", "start_over", "undo", "scene",
     "dislike", "seen", "owned"}
)  # fmt: skip


def shown_labels(situation: Situation) -> dict[str, Item]:
    """The list that was shown last, by the letters that a model is told of it."""
    return dict(zip(LABELS, situation.reference.slate, strict=False))


def steps_of_reply(
    reply: TurnReply, *, situation: Situation, conversation: Conversation
) -> tuple[Step, ...]:
    """The steps of a turn: first what is stored and changed, then what is asked, then a list."""
    if not reply.acts:
        question = one_line(reply.question, _WORDS)
        return (AskBack(question=question),) if question else (Tell(key="help"),)
    for act in reply.acts:
        if act.act == "crisis":
            return (Care(concern="crisis"),)
    reading = _Checked(situation=situation, conversation=conversation, wants=conversation.wants)
    for act in reply.acts:
        reading.take(act)
    reading.take_titles(tuple(one_line(each, _WORDS) for each in reply.titles))
    return reading.steps()


@dataclass(slots=True, kw_only=True)
class _Checked:
    """The acts of a turn so far, as steps of each kind and the wants that they come to."""

    situation: Situation
    conversation: Conversation
    wants: Wants
    unclear: list[str] = field(default_factory=list[str])
    first: list[Step] = field(default_factory=list[Step])
    answers: list[Step] = field(default_factory=list[Step])
    is_shown: bool = False
    is_undone: bool = False
    has_new_wish: bool = False

    @property
    def has_list(self) -> bool:
        """Whether a list has been shown."""
        return bool(self.conversation.shown)

    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        changed = self.wants != self.conversation.wants or self.unclear
        unclear = tuple((words, "") for words in self.unclear)
        change = [Change(wants=self.wants, unclear=unclear)] if changed else []
        before = self.conversation.list_before if self.is_undone else ()
        shown = [Recommend(only=before)] if self.is_shown else []
        if shown:  # a list is introduced by itself
            self.first = [Tell(key="hi") if each == _HELLO else each for each in self.first]
        answers = [step for at, step in enumerate(self.answers) if step not in self.answers[:at]]
        return (*self.first, *change, *answers, *shown) or (Tell(key="help"),)

    def take_titles(self, titles: tuple[str, ...]) -> None:
        """What the model names for what is wanted; what it named before goes with its wish."""
        if titles or self.has_new_wish or self.wants.titles is None:
            self.wants = replace(self.wants, titles=titles)

    def take(self, act: ActReply) -> None:  # noqa: C901 - one arm a kind of act
        """One act more."""
        self.is_shown = self.is_shown or act.act in _SHOWING
        match act.act:
            case "want" | "wish" | "cannot" | "drop" | "start_over" | "undo" | "similar":
                self._take_change(act)
            case "like" | "dislike" | "seen" | "owned":
                for item in self._items(act):
                    self.first.append(Record(item=item, kind=act.act))
                self.is_shown = self.is_shown or not self.has_list
            case "ask" | "explain" | "compare" | "why_not" | "what_if":
                self._take_question(act)
            case "scene":
                self._take_scene(act.scene)
            case "remember" | "forget":
                words = one_line(act.words, _WORDS)
                if words:
                    made = Remember(tag=words) if act.act == "remember" else Forget(words=words)
                    self.first.append(made)
            case "search":
                self.answers.append(Search(words=one_line(act.words, _WORDS)))
            case "list":
                self.answers.append(ListWants())
            case "my_data":
                self.answers.append(TellMyData())
            case "delete_my_data":
                self.answers.append(DeleteMyData())
            case "crisis" | "advice" | "other_people":
                words = one_line(act.words, _WORDS)
                self.answers.append(Care(concern=_CONCERNS[act.act], words=words))
            case "about" | "greet" | "thanks" | "chat" | "complaint" | "order":
                self.first.append(Tell(key=_SENTENCES[act.act]))
                self.is_shown = self.is_shown or (act.act == "greet" and not self.has_list)
            case "recommend" | "more":
                pass

    def _take_change(self, act: ActReply) -> None:
        match act.act:
            case "want":
                self._take_want(act)
            case "wish":
                self._take_wish(one_line(act.words, _WORDS))
            case "cannot":
                self._take_unclear(one_line(act.words, _WORDS))
            case "drop":
                listed = self.conversation.wants.listed
                for number in act.numbers:
                    if 1 <= number <= len(listed):
                        self.wants = self.wants.without(listed[number - 1])
            case "start_over":
                self.first.append(StartOver())
                self.wants = Wants(titles=())
            case "undo":
                self.first.append(TakeBack())
                self.is_undone = True
            case _:
                for item in self._items(act):
                    self._take_likeness(item, one_line(act.words, _WORDS))

    def _take_unclear(self, words: str) -> None:
        """What cannot be checked; "near me" is answered with the question where that is."""
        if _NEAR.search(words.casefold()):
            self.answers.append(Tell(key="no place"))
        else:
            self.unclear.append(words)

    def _take_wish(self, words: str) -> None:
        """A wish stands in place of those of earlier turns."""
        earlier = self.wants.wishes if self.has_new_wish else ()
        self.wants = replace(self.wants, wishes=tuple(dict.fromkeys((*earlier, words))))
        self.has_new_wish = True

    def _take_want(self, act: ActReply) -> None:
        """A condition or a preference; what no item can be asked for is a ban of words, or unclear.

        A bound never makes looser what is in force on the same side.
        """
        words = one_line(act.words, _WORDS)
        made = self._constraint(act, words)
        if made is None:
            self.unclear.append(words or one_line(" ".join(map(str, act.values)), _WORDS))
        elif act.firm:
            self.wants = renewed(self.wants, constraints=(made,))
        else:
            preferences = dict.fromkeys((*self.wants.preferences, made))
            self.wants = replace(self.wants, preferences=tuple(preferences))

    def _constraint(self, act: ActReply, words: str) -> Constraint | None:
        operator, attribute = act.operator, self._attribute(act.attribute)
        if operator in ("less", "more"):
            return self._compared(act, attribute, words)
        values = tuple(filter(None, (one_line(each, _WORDS) for each in act.values)))
        if not values:
            return None
        if operator in ("mentions", "does not mention"):
            return _of(values, "", operator, words)
        if attribute and self._vocabulary(attribute).is_number(attribute):
            return _of_number(values, attribute, operator, words)
        if attribute and self._vocabulary(attribute).is_truth(attribute):
            is_true = values[0].casefold() == "true"
            return Constraint(attribute=attribute, operator="is", value=is_true, words=words)
        known = self._known(attribute, values) if attribute else ()
        if known and operator in ("is", "is not"):
            return _of(known, attribute, operator, words)
        if operator == "is not":
            return _of(values, "", "does not mention", words)
        if operator == "is" and attribute:
            self._take_wish(" ".join(values))
        return None

    def _compared(self, act: ActReply, attribute: str, words: str) -> Constraint | None:
        """Less or more of a number than what is shown has, and never looser than what holds."""
        situation = self.situation
        items = self._items(act) or list(situation.reference.slate)
        if attribute == POPULARITY:
            numbers = [float(situation.likes.get(item.id, 0)) for item in items]
            everywhere = sorted(float(situation.likes.get(key, 0)) for key in situation.here)
        elif attribute and self._vocabulary(attribute).is_number(attribute):
            numbers = [
                float(value) for item in items
                if isinstance(value := item.attributes.get(attribute), int | float)
            ]  # fmt: skip
            everywhere = [self._vocabulary(attribute).quantile(attribute, 0.5)]
        else:
            return None
        if len(items) == 1 and numbers:  # an item that is named is the measure, and is said
            facts = {"title": caption(items[0]), "attribute": attribute.replace("_", " "),
                     "value": f"{numbers[0]:g}"}  # fmt: skip
            self.first.append(Tell(key="measured by", facts=facts))
        middle = statistics.median(numbers or everywhere)
        side: Operator = "at most" if act.operator == "less" else "at least"
        is_whole = attribute == POPULARITY or self._vocabulary(attribute).whole(attribute)
        bound = max(0.0, beyond(middle, side, whole=is_whole))
        tighter = min if side == "at most" else max
        for held in self.wants.constraints:
            if (held.attribute, held.operator) == (attribute, side) and isinstance(
                held.value, int | float
            ):
                bound = tighter(bound, held.value)
        return Constraint(
            attribute=attribute, operator=side, value=plain_number(bound), words=words
        )

    def _take_likeness(self, item: Item, words: str) -> None:
        """What an item has is preferred, and the item itself does not come."""
        preferred = [
            Constraint(attribute=attribute, operator="is", value=value, words=words or item.title)
            for attribute in self.situation.vocabulary.categories
            for value in values_of(item, attribute)
        ]
        itself = Constraint(attribute="id", operator="is not", value=item.id, words=item.title)
        wants = renewed(self.wants, constraints=(itself,))
        self.wants = replace(
            wants, preferences=tuple(dict.fromkeys((*wants.preferences, *preferred)))
        )

    def _take_question(self, act: ActReply) -> None:
        items = self._items(act)
        match act.act:
            case "ask":
                self.answers += [self._description(act, item) for item in items[:1]] or [
                    Tell(key="ask the seller")
                ]
            case "explain":
                asked = items or list(self.situation.reference.slate)
                self.answers += [Explain(item=item) for item in asked] or [Tell(key="which")]
            case "compare":
                pairs = [Compare(first=one, second=other) for one, other in pairwise(items)]
                self.answers += pairs or [Tell(key="which two")]
            case "why_not":
                self.answers += [WhyNot(item=item) for item in items]
            case _:
                self.answers += [WhatIf(item=item) for item in items]

    def _description(self, act: ActReply, item: Item) -> Describe:
        attribute = "" if act.attribute in ("", "text") else self._attribute(act.attribute)
        return Describe(
            item=item,
            attribute=attribute,
            words=one_line(act.words, _WORDS),
            is_known=bool(attribute) or act.attribute == "text",
            answer=one_line(act.answer, 2 * _WORDS),
        )

    def _topic(self) -> Sequence[Item]:
        reference = self.situation.reference
        return [reference.focus] if reference.focus else list(reference.slate[:1])

    def _take_scene(self, name: str) -> None:
        known = self.situation.scene_named(name) if name else ""
        if known is None:
            self.answers.append(Tell(key="unknown scene", facts={"words": one_line(name)}))
        else:
            self.first.append(ChangeScene(name=known))

    def _items(self, act: ActReply) -> list[Item]:
        """The items that an act names; a title that the catalogue does not have is said."""
        items: dict[str, Item] = {}
        for name in act.items:
            item = self._item(one_line(name, _WORDS))
            if item is not None:
                items[item.id] = item
            elif name.casefold() not in _IT:
                facts = {"words": one_line(name, _WORDS)}
                self.answers.append(Tell(key="no such title", facts=facts))
        return [*items.values()]

    def _item(self, name: str) -> Item | None:
        bare = name.strip(" []().").upper()
        if bare in (labels := shown_labels(self.situation)):
            return labels[bare]
        if name.casefold() in _IT:
            return next(iter(self._topic()), None)
        return next(iter(self.situation.reference.meant(name)), None) or self.situation.titled(name)

    def _attribute(self, name: str) -> str:
        """The attribute of a name in any scene, whatever its case; empty for none."""
        folded = simplified(name.strip()).casefold().replace(" ", "_")
        scenes = (*self.situation.scenes, self.situation.scene.name)  # the present one wins
        known = [each for one in scenes for each in self.situation.vocabulary_of(one).attributes]
        spelled = {simplified(each).casefold().replace(" ", "_"): each for each in known}
        return {**spelled, POPULARITY: POPULARITY}.get(folded, "")

    def _vocabulary(self, attribute: str) -> Vocabulary:
        """That of the present scene if its items have the attribute, else of one whose have it."""
        here = self.situation.vocabulary
        others = map(self.situation.vocabulary_of, self.situation.scenes)
        return next((each for each in (here, *others) if attribute in each.attributes), here)

    def _known(self, attribute: str, values: Sequence[str]) -> tuple[str, ...]:
        """Those of the values that the attribute has, as the catalogue spells them."""
        known: list[str] = []
        for value in values:
            text = simplified(value).casefold()
            for each in self._vocabulary(attribute).values_in(text):
                if each.attribute == attribute and (each.start, each.end) == (0, len(text)):
                    known += each.values
        return tuple(dict.fromkeys(known))


def _of(values: tuple[str, ...], attribute: str, operator: Operator, words: str) -> Constraint:
    value = values[0] if len(values) == 1 else values
    return Constraint(attribute=attribute, operator=operator, value=value, words=words)


def _of_number(
    values: tuple[str, ...], attribute: str, operator: Operator, words: str
) -> Constraint | None:
    try:
        number = float(values[0])
    except ValueError:
        return None
    return Constraint(
        attribute=attribute, operator=operator, value=plain_number(number), words=words
    )
