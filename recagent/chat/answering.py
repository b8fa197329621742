"""Answering about items: why one, why not one, two side by side, and what the catalogue has."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recagent.chat.conversation import ShownSlate
from recagent.chat.looking import differences, found_by
from recagent.chat.said import ReplyPart, Words
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed
from recagent.domain import Item
from recagent.prompts import caption

_FOUND = 5  # items that a search lists


async def explain(talk: TurnContext, item: Item) -> AsyncIterator[ReplyPart]:
    """Why an item would be recommended."""
    situation = await talk.situation()
    why = await talk.why(item, situation)
    talk.conversation.focus = item.id
    yield Words(
        text=talk.say("why", title=caption(item), reasons=talk.reasons(why)),
        explanations=(why,),
    )


async def compare(talk: TurnContext, first: Item, second: Item) -> AsyncIterator[ReplyPart]:
    """What two items share, where they differ, and which comes first, by what."""
    situation = await talk.situation()
    parts = differences(first, second, lang=talk.lang)
    if first.scene != second.scene:
        yield Words(text=talk.joined([*parts, talk.say("two scenes")]))
        return
    answer = await talk.line.compare(
        talk.conversation.user_id,
        first.id,
        versus=second.id,
        scene=first.scene,
        context=talk.asked(situation),
        k=talk.k,
    )
    yield Words(text=talk.joined([*parts, talk.told(answer)]), answers=(answer,))


async def why_not(talk: TurnContext, item: Item) -> AsyncIterator[ReplyPart]:
    """What keeps an item out, or what stands before it."""
    situation = await talk.situation()
    talk.conversation.focus = item.id
    answer = await talk.line.why_not(
        talk.conversation.user_id,
        item.id,
        scene=item.scene,
        context=talk.asked(situation),
        k=talk.k,
    )
    if answer.ranks and item.id in talk.conversation.shown_in(item.scene):
        yield Words(text=talk.say("why not shown", title=caption(item)))
        return
    yield Words(text=talk.told(answer), answers=(answer,))


async def search(talk: TurnContext, words: str) -> AsyncIterator[ReplyPart]:
    """The items that say all of the words and keep to what is in force."""
    situation = await talk.situation()
    kept, others = found_by(
        words, situation=situation, constraints=talk.context(situation).constraints
    )
    parts: list[str] = []
    if kept:
        named = [f"{at}. {caption(item)}" for at, item in enumerate(kept[:_FOUND], start=1)]
        ids = tuple(item.id for item in kept[:_FOUND])
        talk.conversation.remember_slate(
            ShownSlate(scene=situation.scene.name, impression="", item_ids=ids)
        )
        parts.append(talk.say("found", what=listed(named, lang=talk.lang)))
    if others:
        key = "left out" if kept else "all left out"
        parts.append(talk.say(key, n=str(others), words=words))
    yield Words(text=talk.joined(parts or [talk.say("not found", words=words)]))
