"""Answering about items: why one, why not one, two side by side, and what the catalogue has."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recagent.chat.conversation import ShownSlate
from recagent.chat.looking import differences, found_by
from recagent.chat.remarks import shown_want
from recagent.chat.said import Said, Words
from recagent.chat.talk import Talk
from recagent.chat.wording import listed
from recagent.constraints import satisfies
from recagent.prompts import caption
from recagent.types import Item

_FOUND = 5  # items that a search lists


async def explain(talk: Talk, item: Item) -> AsyncIterator[Said]:
    """Why an item would be recommended."""
    situation = await talk.situation()
    why = await talk.why(item, situation)
    talk.conversation.focus = item.id
    yield Words(
        text=talk.say("why", title=caption(item), reasons=talk.reasons(why)),
        explanations=(why,),
    )


async def compare(talk: Talk, first: Item, second: Item) -> AsyncIterator[Said]:
    """What two items share, where they differ, and what speaks for each."""
    situation = await talk.situation()
    parts = differences(first, second, lang=talk.lang)
    whys = [await talk.why(item, situation) for item in (first, second)]
    for item, why in zip((first, second), whys, strict=True):
        parts.append(talk.say("why", title=caption(item), reasons=talk.reasons(why)))
    yield Words(text=talk.joined(parts), explanations=tuple(whys))


async def why_not(talk: Talk, item: Item) -> AsyncIterator[Said]:
    """What keeps an item out; if nothing does, that others stand higher."""
    situation = await talk.situation()
    talk.conversation.focus = item.id
    title = caption(item)
    constraints = talk.context(situation).constraints
    broken = [each for each in constraints if not satisfies(item, each)]
    profile = await talk.line.profile(talk.conversation.user_id)
    if any(event.item_id == item.id for event in profile.events):
        yield Words(text=talk.say("why not seen", title=title))
    elif broken:
        what = listed([shown_want((each,), lang=talk.lang) for each in broken], lang=talk.lang)
        yield Words(text=talk.say("why not breaks", title=title, what=what))
    elif item.id in talk.conversation.shown_in(item.scene):
        yield Words(text=talk.say("why not shown", title=title))
    elif item.id in await talk.line.barred(profile.user.id, scene=item.scene):
        scene = situation.scenes[item.scene].label(talk.lang)
        yield Words(text=talk.say("why not rule", title=title, scene=scene))
    else:
        why = await talk.why(item, situation)
        reasons = talk.reasons(why)
        yield Words(
            text=talk.say("why not lower", title=title, reasons=reasons), explanations=(why,)
        )


async def search(talk: Talk, words: str) -> AsyncIterator[Said]:
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
