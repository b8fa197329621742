"""Answering about items: why one, why not one, two side by side, and what the catalogue has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np

from recagent.chat.conversation import ShownSlate
from recagent.chat.looking import COORDINATES, differences, found_by
from recagent.chat.remarks import texts
from recagent.chat.said import ReplyPart, Words
from recagent.chat.steps import Describe, Explain, Search
from recagent.chat.talk import TurnContext
from recagent.chat.wording import clauses, listed, value_text
from recagent.domain import Item, PathRule, Value
from recagent.domain.addresses import is_address
from recagent.prompts import caption
from recagent.scenes.constraints import satisfies
from recagent.scenes.rules.exclusions import kilometres

_FOUND = 5  # items that a search lists


async def explain(talk: TurnContext, step: Explain) -> AsyncIterator[ReplyPart]:
    """Why an item would be recommended."""
    item, situation = step.item, await talk.situation()
    why = await talk.why(item, situation)
    why = replace(why, claims=why.claims[:1]) if step.is_brief else why
    talk.conversation.focus = item.id
    yield Words(
        text=talk.say("why", title=caption(item), reasons=talk.reasons(why)),
        explanations=(why,),
    )


async def describe(talk: TurnContext, step: Describe) -> AsyncIterator[ReplyPart]:
    """What the catalogue tells of an item, or that it does not say."""
    item = step.item
    talk.conversation.focus = item.id
    title = caption(item)
    if not step.is_known or (step.attribute and step.attribute not in item.attributes):
        parts = [talk.say("not told", title=title, words=step.words or step.attribute)]
        if item.text and not step.attribute:
            parts.append(talk.say("describes", title=title, what=item.text.rstrip(".。")))
        if step.answer and talk.line.parts.knowledge:
            parts.append(talk.say("by knowledge", answer=step.answer))
        yield Words(text=talk.joined(parts))
        return
    if step.attribute:
        asked = COORDINATES if step.attribute in COORDINATES else (step.attribute,)
        said = [
            talk.say("told", title=title, attribute=name.replace("_", " "),
                     value=value_text(await _named(talk, item.attributes[name]), lang=talk.lang))
            for name in asked if name in item.attributes
        ]  # fmt: skip
        said += await _further(talk, item, step.attribute)
        is_place = step.attribute in COORDINATES
        yield Words(text=talk.joined([*said, *([talk.say("no more told")] if is_place else [])]))
        return
    facts = [
        f"{name.replace('_', ' ')}: {value_text(await _named(talk, value), lang=talk.lang)}"
        for name, value in item.attributes.items()
        if value not in ("", ()) and not is_address(str(value))
    ]
    said = clauses([*([item.text] if item.text else []), *facts], lang=talk.lang)
    if said:
        parts = [talk.say("describes", title=title, what=said), talk.say("no more told")]
        yield Words(text=talk.joined(parts))
    else:
        yield Words(text=talk.say("not told", title=title, words=step.words))


async def _named(talk: TurnContext, value: Value) -> Value:
    """A value with titles in place of ids: what has to come before a course is other courses."""
    situation = await talk.situation()
    texts = value if isinstance(value, tuple) else (value,)
    items = [situation.item(text) if isinstance(text, str) else None for text in texts]
    if not any(items):
        return value
    return tuple(caption(item) if item else str(text)
                 for item, text in zip(items, texts, strict=True))  # fmt: skip


async def _further(talk: TurnContext, item: Item, name: str) -> list[str]:
    """What has to come before what an item asks for, over all levels."""
    situation = await talk.situation()
    rules = situation.scenes[item.scene].rules
    if not any(isinstance(rule, PathRule) and rule.prerequisites == name for rule in rules):
        return []
    items, direct = situation.items[item.scene], texts(item.attributes[name])
    needed = [key for key in direct if key in items]
    for key in needed:  # grows as deeper levels are met
        deeper = texts(items[key].attributes.get(name, ()))
        needed += [one for one in deeper if one in items and one not in {item.id, *needed}]
    further = [talk.say("title", title=caption(items[key])) for key in needed if key not in direct]
    if not further:
        return []
    return [talk.say("needed before", titles=listed(further, lang=talk.lang))]


async def what_if(talk: TurnContext, item: Item) -> AsyncIterator[ReplyPart]:
    """What would move an item."""
    situation = await talk.situation()
    talk.conversation.focus = item.id
    answer = await talk.answerer.what_if(
        talk.conversation.user_id,
        item.id,
        scene=item.scene,
        context=talk.asked(situation, scene=item.scene),
        k=talk.k,
    )
    yield Words(text=talk.told(answer), answers=(answer,))


async def compare(talk: TurnContext, first: Item, second: Item) -> AsyncIterator[ReplyPart]:
    """What two items share, where they differ, and which comes first, by what."""
    situation = await talk.situation()
    parts = [*_apart(talk, first, second), *differences(first, second, lang=talk.lang)]
    if first.scene != second.scene:
        yield Words(text=talk.joined([*parts, talk.say("two scenes")]))
        return
    answer = await talk.answerer.compare(
        talk.conversation.user_id,
        first.id,
        versus=second.id,
        scene=first.scene,
        context=talk.asked(situation, scene=first.scene),
        k=talk.k,
    )
    yield Words(text=talk.joined([*parts, talk.told(answer)]), answers=(answer,))


def _apart(talk: TurnContext, first: Item, second: Item) -> list[str]:
    """How far two items are from each other, where the catalogue has the coordinates of both."""
    places = [tuple(item.attributes.get(name) for name in COORDINATES) for item in (first, second)]
    numbers = [float(each) for place in places for each in place if isinstance(each, int | float)]
    if len(numbers) != 2 * len(COORDINATES):
        return []
    north, east, other_north, other_east = numbers
    away = kilometres((north, east), np.array([other_north]), np.array([other_east]))
    return [talk.say("apart", n=f"{away[0]:.2g}" if away[0] < 1 else f"{away[0]:.0f}")]


async def why_not(talk: TurnContext, item: Item) -> AsyncIterator[ReplyPart]:
    """What keeps an item out, or what stands before it."""
    situation = await talk.situation()
    talk.conversation.focus = item.id
    answer = await talk.answerer.why_not(
        talk.conversation.user_id,
        item.id,
        scene=item.scene,
        context=talk.asked(situation, scene=item.scene),
        k=talk.k,
    )
    if answer.ranks and item.id in talk.conversation.shown_in(item.scene):
        yield Words(text=talk.say("why not shown", title=caption(item)))
        return
    if item.id in answer.ranks and answer.ranks[item.id] <= talk.k:
        yield Words(text=talk.say("why not next", title=caption(item)))
        return
    yield Words(text=talk.told(answer), answers=(answer,))


async def search(talk: TurnContext, step: Search) -> AsyncIterator[ReplyPart]:
    """The items that are meant, or that say all of the words, and keep to what is in force."""
    situation = await talk.situation()
    constraints = talk.context(situation).constraints
    kept, others = found_by(step.words, situation=situation, constraints=constraints)
    if step.items:
        kept = [each for each in step.items if all(satisfies(each, one) for one in constraints)]
        others = len(step.items) - len(kept)
    words = step.words or listed([each.title for each in step.items], lang=talk.lang)
    parts: list[str] = []
    if kept:
        named = [f"{at}. {caption(item)}" for at, item in enumerate(kept[:_FOUND], start=1)]
        ids = tuple(item.id for item in kept[:_FOUND])
        talk.conversation.remember_slate(
            ShownSlate(scene=situation.scene.name, impression="", item_ids=ids)
        )
        talk.conversation.focus = kept[0].id
        parts.append(talk.say("found", what=listed(named, lang=talk.lang)))
    if others:
        key = "left out" if kept else "all left out"
        parts.append(talk.say(key, n=str(others), words=words))
    yield Words(text=talk.joined(parts or [talk.say("not found", words=words)]))
