"""From what a model wrote of a turn to steps: pure, and nothing in them that is not there.

Every attribute and value must be one of the catalogue's, every item one of its items, every number
one of a condition in force. What is not is said to be unknown, and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from recagent.chat.checked_conditions import MOST_WORDS, ConditionChecker
from recagent.chat.checked_questions import answers_to
from recagent.chat.conversation import SCENE, Conversation, Wants, renewed
from recagent.chat.lexicon import pattern
from recagent.chat.plain_answers import Told, checked_answer
from recagent.chat.remarks import values_of
from recagent.chat.situation import Situation
from recagent.chat.steps import (
    Answer,
    AskBack,
    Care,
    Change,
    ChangeScene,
    Compare,
    Concern,
    DeleteMyData,
    Describe,
    Feedback,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Sort,
    StartOver,
    Step,
    TakeBack,
    Tell,
    TellMyData,
)
from recagent.chat.turn_reply import Act, ActReply, TurnReply
from recagent.chat.wording import listed, say
from recagent.domain import Constraint, Item, Language
from recagent.prompts import caption, one_line
from recagent.ranking.scoring.label import LABELS

_WHOM = 60  # characters that are kept of whom it is for
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
_ANSWERED = frozenset({"thanks", "chat", "help", "ask the seller", "which two"})  # by a sentence
_SHOWING = frozenset(
    {"recommend", "more", "similar", "want", "wish", "drop", "start_over", "undo", "scene",
     "dislike", "seen", "owned", "leave_out", "for"}
)  # fmt: skip


def shown_labels(situation: Situation) -> dict[str, Item]:
    """The lists that were shown, the newest first, by the letters that a model is told of them."""
    reference = situation.reference
    return dict(zip(LABELS, (*reference.slate, *reference.earlier), strict=False))


def steps_of_reply(
    reply: TurnReply,
    *,
    told: Told,
    situation: Situation,
    conversation: Conversation,
    lang: Language,
) -> tuple[Step, ...]:
    """The steps of a turn: first what is stored and changed, then what is asked, then a list.

    ``told``: what its sentence may say.
    """
    if not reply.acts:
        question = one_line(reply.question, MOST_WORDS)
        if question:
            return (AskBack(question=question),)
        said = checked_answer(reply.say, told)
        return (Answer(text=said),) if said else (Tell(key="help"),)
    for act in reply.acts:
        if act.act == "crisis":
            return (Care(concern="crisis"),)
    reading = _Checked(
        checker=ConditionChecker(situation=situation, lang=lang),
        conversation=conversation,
        wants=conversation.wants,
        whom=conversation.wants.whom,
    )
    for act in reply.acts:  # what is wanted in the same breath is for them
        if act.act == "for":
            reading.take_whom(act)
    for act in reply.acts:
        reading.take(act)
    reading.take_titles(tuple(one_line(each, MOST_WORDS) for each in reply.titles))
    asked = tuple({item.id: item for item in reading.asked}.values())
    said = checked_answer(reply.say, replace(told, about=asked))
    return _begun_with(said, asked, reading.steps())


def _words(act: ActReply) -> str:
    return one_line(act.words, MOST_WORDS)


def _begun_with(said: str, asked: tuple[Item, ...], steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps behind a sentence that answers, without those that would answer the same."""
    if not said:
        return steps
    left = [
        step for step in steps
        if not isinstance(step, Describe | Compare)
        and not (isinstance(step, Sort) and step.items)
        and not (isinstance(step, Tell) and step.key in _ANSWERED)
    ]  # fmt: skip
    return (Answer(text=said, items=asked), *left)


@dataclass(slots=True, kw_only=True)
class _Checked:
    """The acts of a turn so far, as steps of each kind and the wants that they come to."""

    checker: ConditionChecker
    conversation: Conversation
    wants: Wants
    whom: str  # for whom it is at this place of the turn
    unclear: list[str] = field(default_factory=list[str])
    first: list[Step] = field(default_factory=list[Step])
    answers: list[Step] = field(default_factory=list[Step])
    asked: list[Item] = field(default_factory=list[Item])  # items that a question is about
    is_shown: bool = False
    is_undone: bool = False
    is_more: bool = False
    has_new_wish: bool = False
    base: Wants | None = None  # what is in force after an undo or a new start

    @property
    def situation(self) -> Situation:
        """Where the talk is."""
        return self.checker.situation

    @property
    def has_list(self) -> bool:
        """Whether a list has been shown."""
        return bool(self.conversation.shown)

    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        unclear = tuple((words, "") for words in self.unclear)
        anew = StartOver(wants=self.wants, unclear=unclear)
        is_anew = StartOver() in self.first
        self.first = [anew if each == StartOver() else each for each in self.first]
        base = self.conversation.wants if self.base is None else self.base
        is_changed = not is_anew and (self.wants != base or bool(unclear))
        change = [Change(wants=self.wants, unclear=unclear)] if is_changed else []
        before = self.conversation.list_before if self.is_undone else ()
        is_sorted = any(isinstance(each, Sort) and not each.items for each in self.answers)
        shown = [Recommend(only=before, is_more=self.is_more)]
        if not self.is_shown or is_sorted:
            shown = []
        else:  # a list is introduced by itself
            self.first = [Tell(key="hi") if each == _HELLO else each for each in self.first]
        answers = [step for at, step in enumerate(self.answers) if step not in self.answers[:at]]
        return (*self.first, *change, *answers, *shown) or (Tell(key="help"),)

    def take_titles(self, titles: tuple[str, ...]) -> None:
        """What the model names for what is wanted; what it named before goes with its wish."""
        if titles or self.has_new_wish or self.wants.titles is None:
            self.wants = replace(self.wants, titles=titles)

    def take_whom(self, act: ActReply) -> None:
        """Somebody else for whom it is, or the person again."""
        listed = self.wants.listed
        also = [listed[number - 1] for number in act.numbers if 1 <= number <= len(listed)]
        self.wants = self.wants.looking_for(one_line(act.words, _WHOM), also=also)

    def take(self, act: ActReply) -> None:  # noqa: C901 - one arm a kind of act
        """One act more."""
        self.is_shown = self.is_shown or act.act in _SHOWING
        match act.act:
            case ("want" | "wish" | "cannot" | "leave_out" | "drop" | "start_over" | "undo"
                  | "similar"):  # fmt: skip
                self._take_change(act)
            case "for":
                self.whom = one_line(act.words, _WHOM)
            case "like" | "dislike" | "seen" | "owned":
                for item in self._items(act):
                    self._take_feedback(item, act.act)
                self.is_shown = self.is_shown or not self.has_list
            case ("ask" | "explain" | "compare" | "why_not" | "what_if" | "sort" | "count"
                  | "search"):  # fmt: skip
                items = self._items(act)
                self.asked += items
                self.answers += answers_to(act, items, checker=self.checker)
            case "choose":
                self._take_choice(act)
            case "scene":
                self._take_scene(act.scene)
            case "remember" | "forget":
                if words := _words(act):
                    made = Remember(tag=words) if act.act == "remember" else Forget(words=words)
                    self.first.append(made)
            case "list":
                self.answers.append(ListWants())
            case "my_data":
                self.answers.append(TellMyData())
            case "delete_my_data":
                self.answers.append(DeleteMyData())
            case "crisis" | "advice" | "other_people":
                self.answers.append(Care(concern=_CONCERNS[act.act], words=_words(act)))
            case "about" | "greet" | "thanks" | "chat" | "complaint" | "order":
                self.first.append(Tell(key=_SENTENCES[act.act]))
                self.is_shown = self.is_shown or (act.act == "greet" and not self.has_list)
            case "recommend":
                pass
            case "more":
                self.is_more = True

    def _take_change(self, act: ActReply) -> None:
        match act.act:
            case "want":
                self._take_want(act)
            case "wish":
                self._take_wish(_words(act))
            case "cannot":
                self._take_unclear(_words(act))
            case "drop":
                self._drop(act.numbers)
            case "start_over":
                self.first.append(StartOver())
                self.base = self.wants = Wants(titles=())
            case "undo":
                self.first.append(TakeBack())
                self.is_undone = True
                self.base = self.wants = (self.wants, *self.conversation.before)[-1]
            case "leave_out":
                for item in self._items(act):
                    self._take_out(item)
            case _:
                for item in self._items(act):
                    self._take_likeness(item, _words(act))

    def _drop(self, numbers: Sequence[int]) -> None:
        """What is in force, or set aside while it is for somebody else, by number."""
        before = self.conversation.wants
        resting = before.own or Wants()
        numbered = (*before.listed, *resting.listed)
        for number in numbers:
            if not 1 <= number <= len(numbered):
                continue
            if number > len(before.listed) and self.wants.own is not None:
                own = self.wants.own.without(numbered[number - 1])
                self.wants = replace(self.wants, own=own)
            else:
                self.wants = self.wants.without(numbered[number - 1])

    def _take_choice(self, act: ActReply) -> None:
        """What the person settles on is confirmed; the list stays, and nothing is ordered."""
        items = self._items(act) or self._topic()
        if items:
            lang = self.checker.lang
            titles = listed([say("title", lang, title=caption(each)) for each in items], lang=lang)
            chosen = say("chosen", lang, titles=titles)
            self.answers.append(Answer(text=chosen, items=tuple(items)))

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
        if act.attribute.casefold() == SCENE:
            self._take_scenes(act)
            return
        made = self._constraint(act)
        if made is not None:
            self._add(made, firm=act.firm)
            return
        values = one_line(" ".join(map(str, act.values)), MOST_WORDS)
        if act.operator == "is" and act.values and self.checker.attribute(act.attribute):
            self._take_wish(values)
        self.unclear.append(_words(act) or values)

    def _constraint(self, act: ActReply) -> Constraint | None:
        if act.operator not in ("less", "more"):
            return self.checker.constraint(act)
        items = self._items(act) or list(self.situation.reference.slate)
        made = self.checker.compared(act, items, held=self.wants.constraints)
        if made is not None and len(items) == 1:  # an item that is named is the measure, and said
            value = self.checker.value(items[0], made.attribute)
            facts = {"title": caption(items[0]), "attribute": made.attribute.replace("_", " "),
                     "value": value if isinstance(value, str) else f"{value or 0:g}"}  # fmt: skip
            self.first += [Tell(key="measured by", facts=facts)] if value is not None else []
        return made

    def _add(self, made: Constraint, *, firm: bool) -> None:
        """A bound stands in place of one on the same side that was only preferred."""
        softer = [
            each for each in self.wants.preferences
            if (each.attribute, each.operator) != (made.attribute, made.operator)
            or made.operator not in ("at least", "at most")
        ]  # fmt: skip
        if firm:
            wants = replace(self.wants, preferences=tuple(softer))
            self.wants = renewed(wants, constraints=(made,))
        else:
            preferences = tuple(dict.fromkeys((*softer, made)))
            self.wants = replace(self.wants, preferences=preferences)

    def _take_scenes(self, act: ActReply) -> None:
        """Parts of the catalogue that must not come; one that is wanted is gone to."""
        if act.operator == "is" and act.values:
            self._take_scene(str(act.values[0]))
            return
        bans = self.checker.barred_scenes(act)
        left = set(self.situation.scenes) - self.wants.barred_scenes - {e.value for e in bans}
        if bans and left:
            self.wants = renewed(self.wants, constraints=tuple(bans))
        else:
            self.unclear.append(_words(act))

    def _take_likeness(self, item: Item, words: str) -> None:
        """What an item has is preferred, and the item itself does not come."""
        preferred = [
            Constraint(attribute=attribute, operator="is", value=value, words=words or item.title)
            for attribute in self.situation.vocabulary.categories
            for value in values_of(item, attribute)
        ]
        self._take_out(item)
        preferences = dict.fromkeys((*self.wants.preferences, *preferred))
        self.wants = replace(self.wants, preferences=tuple(preferences))

    def _take_out(self, item: Item) -> None:
        itself = Constraint(attribute="id", operator="is not", value=item.id, words=item.title)
        self.wants = renewed(self.wants, constraints=(itself,))

    def _take_feedback(self, item: Item, kind: Feedback) -> None:
        """What the person says of an item; what somebody else likes is not stored as theirs."""
        if not self.whom or kind != "like":
            self.first.append(Record(item=item, kind=kind))
        else:
            facts = {"title": caption(item), "whom": self.whom}
            self.first.append(Tell(key="picked", facts=facts))

    def _topic(self) -> Sequence[Item]:
        reference = self.situation.reference
        return [reference.focus] if reference.focus else list(reference.slate[:1])

    def _take_scene(self, name: str) -> None:
        known = self.situation.scene_named(name) if name else ""
        if known is None:
            self.answers.append(Tell(key="unknown scene", facts={"words": one_line(name)}))
        else:
            self.first.append(ChangeScene(name=known))
            left = tuple(
                each for each in self.wants.constraints
                if each.attribute != SCENE or known not in ("", each.value)
            )  # fmt: skip
            self.wants = replace(self.wants, constraints=left)

    def _items(self, act: ActReply) -> list[Item]:
        """The items that an act names; a title that the catalogue does not have is said."""
        items: dict[str, Item] = {}
        for name in act.items:
            item = self._item(one_line(name, MOST_WORDS))
            if item is not None:
                items[item.id] = item
            elif name.casefold() not in _IT:
                facts = {"words": one_line(name, MOST_WORDS)}
                self.answers.append(Tell(key="no such title", facts=facts))
        return [*items.values()]

    def _item(self, name: str) -> Item | None:
        bare = name.strip(" []().").upper()
        if bare in (labels := shown_labels(self.situation)):
            return labels[bare]
        if name.casefold() in _IT:
            return next(iter(self._topic()), None)
        pointed = [item for _, _, item in self.situation.reference.pointed(name.lower())]
        return self.situation.titled(name) or next(iter(pointed), None)
