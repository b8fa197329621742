"""A turn as a language model reads it: one call that is told all that a person would need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from recagent import prompts
from recagent.chat.checking import shown_labels, steps_of_reply
from recagent.chat.conversation import Conversation, Wants
from recagent.chat.named_items import items_named
from recagent.chat.plain_answers import Told
from recagent.chat.remarks import shown_want
from recagent.chat.situation import Situation
from recagent.chat.steps import Step
from recagent.chat.turn_reply import SCHEMA, TurnReply
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Item, Language, Profile
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ask_structured
from recagent.ports import ChatModel
from recagent.prompts import caption
from recagent.prompts.words import full_caption

_TURNS = 6  # of the conversation that are told
_MOST_VALUES = 40  # of an attribute
_LIKES = 6  # of the person
_MOST_TITLES = 200  # of a catalogue that is told
_CATALOGUE = 1_300  # characters of it


async def read_turn(
    turn: str,
    *,
    conversation: Conversation,
    situation: Situation,
    profile: Profile,
    model: ChatModel,
    knowledge: bool,
    lang: Language,
    budget: RetryBudget,
) -> Sequence[Step]:
    """The steps of a turn, each checked against the catalogue and what is in force.

    ``knowledge``: whether the model may answer from its own what no item tells.

    Raises:
        ModelError: no usable answer within the budget.
    """
    prompt = prompts.load("chat", "turn", lang=lang)
    focus = situation.reference.focus
    wants = conversation.wants.listed
    said_before = conversation.turns[:-1][-_TURNS:]
    resting = (conversation.wants.own or Wants()).listed
    labelled = [*shown_labels(situation).items()][: len(situation.reference.slate)]
    named = items_named(
        [each.text for each in conversation.turns if each.role == "user"], situation
    )
    catalogue, told_in_full = _catalogue(situation, [*situation.reference.slate, *named])
    attributes = _attributes(situation, lang)
    in_force = [shown_want(each, lang=lang) for each in wants]
    messages = prompt.chat(
        scene=situation.scene.label(lang),
        scenes=[(name, scene.label(lang)) for name, scene in situation.scenes.items()],
        attributes=attributes,
        person=_person(profile),
        dialogue=[(each.role, each.text) for each in said_before],
        shown=labelled,
        named=named,
        before=[caption(item) for item in situation.reference.earlier if item not in named],
        catalogue=catalogue,
        whom=conversation.wants.whom,
        focus=caption(focus) if focus else "",
        in_force=in_force,
        set_aside=[shown_want(each, lang=lang) for each in resting],
        knowledge=knowledge,
        turn=turn,
    )
    reply = await ask_structured(
        model,
        messages,
        TurnReply,
        max_tokens=prompt.front.max_tokens,
        budget=budget,
        unusable=partial(_unusable, model),
        schema=SCHEMA,
    )
    facts = [f"{name}: {values}" for name, values in attributes]
    parts = [scene.label(lang) for scene in situation.scenes.values()]
    told = Told(
        items=[*situation.reference.slate, *named, *told_in_full],
        in_force=in_force,
        others=[conversation.wants.whom, *facts, *parts],
        turn=turn,
    )
    return steps_of_reply(
        reply.form, told=told, situation=situation, conversation=conversation, lang=lang
    )


def _attributes(situation: Situation, lang: Language) -> list[tuple[str, str]]:
    """Each attribute with its range or its most frequent values; of other scenes with their label.

    So what no item of the present scene tells can still be asked for where it is told.
    """
    told = dict(_values(situation.vocabulary))
    for name, scene in situation.scenes.items():
        for attribute, values in _values(situation.vocabulary_of(name)):
            if attribute not in told:
                told[attribute] = f"[{scene.label(lang)}] {values}"
    return [*told.items()]


def _catalogue(situation: Situation, told: Sequence[Item]) -> tuple[list[str], list[Item]]:
    """What a small catalogue has beside what is told: with all that it says of it, else by title.

    Nothing of a catalogue of which not even the titles are few. Also the items that are told whole.
    """
    shown = {item.id for item in told}
    items = [item for own in situation.items.values() for item in own.values()
             if item.id not in shown]  # fmt: skip
    if len(items) > _MOST_TITLES:
        return [], []
    in_full = [" – ".join(filter(None, (full_caption(item), item.text))) for item in items]
    if sum(map(len, in_full)) <= _CATALOGUE:
        return in_full, items
    titles = [item.title for item in items]
    return (titles if sum(map(len, titles)) <= _CATALOGUE else []), []


def _values(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    for name in vocabulary.attributes:
        if vocabulary.is_truth(name):
            yield name, "true, false"
        elif vocabulary.is_day(name):
            days = sorted(vocabulary.categories[name])
            yield name, f"{days[0]}-{days[-1]}"
        elif vocabulary.is_number(name):
            low, high = vocabulary.quantile(name, 0.0), vocabulary.quantile(name, 1.0)
            yield name, f"{low:g}-{high:g}"
        else:
            values = [value for value, _ in vocabulary.categories[name].most_common(_MOST_VALUES)]
            yield name, ", ".join(values)


def _person(profile: Profile) -> str:
    """What is known of a person in a line: what they declare, and what they liked last."""
    liked = [caption(profile.items[key]) for key in profile.liked if key in profile.items]
    return "; ".join([*profile.user.tags, *liked[:_LIKES]])


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} did not write what a turn means: {text!r}",
        model=model.name,
        text=text[:80],
        reply=text,
    )
