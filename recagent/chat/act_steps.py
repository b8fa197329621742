"""What an act of a turn comes to: its steps, once its words have been looked up."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from recagent.chat.acts import Heard, clauses
from recagent.chat.conversation import Conversation, Wants
from recagent.chat.critiques import Critique, read
from recagent.chat.lexicon import words
from recagent.chat.references import Reference
from recagent.chat.remarks import meant, values_of
from recagent.chat.situation import Situation
from recagent.chat.steps import (
    ChangeScene,
    Compare,
    DeleteMyData,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Remember,
    Search,
    StartOver,
    Step,
    TakeBack,
    Tell,
    TellMyData,
    WhyNot,
)
from recagent.chat.wanting import are_bans, changed, scene_asked_for
from recagent.domain import Item

_TRAILING = re.compile(
    r"\s*\b(?:on|in|among|from) (?:the|your|my|this) (?:list|suggestions|recommendations)\b.*$"
    r"|\s*\b(?:there|here|shown|included|missing|listed)$|(?:不在|没在|没有?出现).*$",
    re.IGNORECASE,
)
_COMMANDS = ("/list", "/undo", "/more", "/scene", "/help")


def steps_of(  # noqa: C901 - one arm an act
    heard: Heard, *, situation: Situation, conversation: Conversation
) -> tuple[Step, ...]:
    """The steps of an act; none where its words turn out to be for something else."""
    reference, wants = situation.reference, conversation.wants
    if reference.is_beyond(heard.rest):
        return (Tell(key="beyond"),)
    match heard.act:
        case "help":
            return (Tell(key="help"),)
        case "command":
            facts = {"words": heard.rest, "commands": ", ".join(_COMMANDS)}
            return (Tell(key="unknown command", facts=facts),)
        case "hello":
            return (Tell(key="hello"),)
        case "about" | "thanks" | "complaint":
            return (Tell(key=heard.act),)
        case "my_data":
            return (TellMyData(),)
        case "delete":
            return (DeleteMyData(),)
        case "list":
            return (ListWants(),)
        case "start_over":
            return (StartOver(),)
        case "undo" | "back":
            return (TakeBack(), Recommend(asking=False, only=conversation.list_before))
        case "forget":
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "allow" if are_bans(meant(heard.rest, wants)):
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "recommend" | "more":
            return (Recommend(),)
        case "explain":
            return _explained(heard, situation)
        case "compare":
            return _compared(heard, reference)
        case "why_not":
            return _not_shown(heard, situation)
        case "scene":
            return _moved(heard, situation)
        case "remember":
            return _remembered(heard, situation, wants)
        case "search":
            return _searched(heard, situation, wants)
        case "allow" | "filler":
            return ()


def critique_in(text: str, situation: Situation, wants: Wants) -> Critique:
    """What a text asks for here."""
    return read(
        text,
        vocabulary=situation.vocabulary,
        reference=situation.reference,
        in_force=wants.constraints,
        likes=[situation.likes.get(key, 0) for key in situation.here],
        likes_of=situation.likes,
    )


def _explained(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    reference = situation.reference
    items = reference.meant(heard.rest)
    if heard.rest.casefold() in words("said", "these"):
        items = list(reference.slate)
    if not heard.rest and reference.spoken_of:
        items = [reference.focus] if reference.focus else list(reference.slate)
    if not items:  # "why do you keep showing me thrillers"
        named = {
            (each.attribute, value) for each in situation.vocabulary.values_in(heard.rest.lower())
            for value in each.values
        }  # fmt: skip
        items = [
            item for item in reference.slate
            if any(value in values_of(item, name) for name, value in named)
        ][:1]  # fmt: skip
    if items:
        return tuple(Explain(item=item) for item in items)
    return (Tell(key="which"),) if len(heard.rest.split()) <= 3 else ()


def _compared(heard: Heard, reference: Reference) -> tuple[Step, ...]:
    items: list[Item] = reference.meant(heard.rest)
    if len(items) == 1 and reference.focus and reference.focus.id != items[0].id:
        items = [reference.focus, *items]
    if len(items) < 2 and heard.rest.casefold() in ("", *words("said", "these")):
        items = list(reference.slate[:2])
    pairs = tuple(Compare(first=one, second=other) for one, other in pairwise(items))
    return pairs or (Tell(key="which two"),)


def _not_shown(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    rest = _TRAILING.sub("", clauses(heard.rest)[0].text if heard.rest else "").strip()
    items = situation.reference.meant(rest)
    if items:
        return (WhyNot(item=items[0]),)
    is_kind = any(situation.vocabulary.values_in(rest.lower())) or rest in words("said", "these")
    if len(rest) > 1 and not is_kind:
        return (Tell(key="no such title", facts={"words": rest.strip('"“”《》「」')}),)
    return (Tell(key="which"),)


def _searched(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    """A search of the catalogue, unless the words ask for what can be checked."""
    is_of_one = bool(critique_in(heard.rest, situation, wants).is_empty)
    is_scene = scene_asked_for(heard.rest, situation)[1] is not None
    return (Search(words=heard.rest),) if is_of_one and not is_scene else ()


def _moved(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    name = situation.scene_named(heard.rest)
    if name is None:
        return (Tell(key="unknown scene", facts={"words": heard.rest}),)
    return (ChangeScene(name=name), Recommend())


def _remembered(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    critique = critique_in(heard.rest, situation, wants)
    liked = [each for each in (*critique.constraints, *critique.preferences)
             if each.operator in ("is", "mentions")]  # fmt: skip
    tags: list[str] = []
    for each in liked:
        tags += each.value if isinstance(each.value, tuple) else [str(each.value)]
    if not liked and critique.wish:
        tags = [critique.wish]
    rest = replace(
        critique,
        constraints=tuple(each for each in critique.constraints if each not in liked),
        preferences=tuple(each for each in critique.preferences if each not in liked),
        wish="",
    )
    change = changed(rest, wants=wants, situation=situation)
    kept = tuple(Remember(tag=tag) for tag in dict.fromkeys(tags))
    return (*kept, *change, *([Tell(key="for now")] if change else [])) or (Tell(key="empty"),)
