"""A turn as a language model reads it: one call that is told all that a person would need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from recagent import prompts
from recagent.chat.checking import shown_labels, steps_of_reply
from recagent.chat.conversation import Conversation
from recagent.chat.remarks import shown_want
from recagent.chat.situation import Situation
from recagent.chat.steps import Step
from recagent.chat.turn_reply import SCHEMA, TurnReply
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Language, Profile
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ask_structured
from recagent.ports import ChatModel
from recagent.prompts import caption
from recagent.prompts.words import full_caption

_TURNS = 8  # of the conversation that are told
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
    lang: Language,
    budget: RetryBudget,
) -> Sequence[Step]:
    """The steps of a turn, each checked against the catalogue and what is in force.

    Raises:
        ModelError: no usable answer within the budget.
    """
    prompt = prompts.load("chat", "turn", lang=lang)
    focus = situation.reference.focus
    wants = conversation.wants.listed
    said_before = conversation.turns[:-1][-_TURNS:]
    labelled = [*shown_labels(situation).items()]
    messages = prompt.chat(
        scene=situation.scene.label(lang),
        scenes=[(name, scene.label(lang)) for name, scene in situation.scenes.items()],
        attributes=_attributes(situation, lang),
        person=_person(profile),
        dialogue=[(each.role, each.text) for each in said_before],
        shown=labelled[: len(situation.reference.slate)],
        earlier=[
            (label, caption(item)) for label, item in labelled[len(situation.reference.slate) :]
        ],
        catalogue=_catalogue(situation),
        whom=conversation.wants.whom,
        focus=caption(focus) if focus else "",
        in_force=[shown_want(each, lang=lang) for each in wants],
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
    return steps_of_reply(reply.form, situation=situation, conversation=conversation, lang=lang)


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


def _catalogue(situation: Situation) -> list[str]:
    """What a small catalogue has beside what is shown: with all that is told of it, else by title.

    Nothing of a catalogue of which not even the titles are few.
    """
    shown = {item.id for item in situation.reference.slate}
    items = [item for own in situation.items.values() for item in own.values()
             if item.id not in shown]  # fmt: skip
    if len(items) > _MOST_TITLES:
        return []
    in_full = [" – ".join(filter(None, (full_caption(item), item.text))) for item in items]
    for told in (in_full, [item.title for item in items]):
        if sum(map(len, told)) <= _CATALOGUE:
            return told
    return []


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
