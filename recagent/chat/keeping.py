"""Changing what the conversation or the store holds: wants, feedback, interests, the scene."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from recagent.chat.remarks import forgotten, remarks_on, set_aside, usual
from recagent.chat.said import ReplyPart, Words
from recagent.chat.steps import Change, Record
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed, told
from recagent.domain import Edits
from recagent.domain.chinese_scripts import simplified
from recagent.prompts import caption


async def change(talk: TurnContext, step: Change) -> AsyncIterator[ReplyPart]:
    """Put wants in force, and say what changed and what cannot be expressed."""
    situation = await talk.situation()
    wants, before = step.wants, talk.conversation.wants
    remarks: list[str] = []
    if step.surprise:
        away = usual(await talk.line.profile(talk.conversation.user_id), situation)
        remarks.append(
            talk.say("unusual", what=told(away, lang=talk.lang)) if away
            else talk.say("no usual")
        )  # fmt: skip
        if away:
            wants = replace(wants, preferences=(away,), wishes=())
    talk.conversation.want(wants)
    remarks = [
        *remarks_on(
            before,
            step.wants,
            situation=situation,
            unclear=step.unclear,
            lang=talk.lang,
        ),
        *remarks,
    ]
    if remarks:
        yield Words(text=talk.joined(remarks))
    yield talk.noted(tuple(words for words, _ in step.unclear))


async def change_scene(talk: TurnContext, name: str) -> AsyncIterator[ReplyPart]:
    """Go on in another scene; what is not told there rests."""
    situation = await talk.situation()
    label = situation.scenes[name].label(talk.lang)
    if name == situation.scene.name:
        yield Words(text=talk.say("same scene", scene=label))
        return
    talk.conversation.scene = name
    talk.conversation.waiting = None
    there = await talk.situation()
    resting = set_aside(talk.conversation.wants, situation=there, lang=talk.lang)
    yield Words(text=talk.joined([talk.say("scene", scene=label), *resting]))


async def record(talk: TurnContext, step: Record) -> AsyncIterator[ReplyPart]:
    """Store what the person thinks of an item, with the slate that it answers."""
    slate = next(
        (each for each in reversed(talk.conversation.shown) if step.item.id in each.item_ids),
        None,
    )
    await talk.line.record(
        talk.conversation.user_id,
        step.item.id,
        kind=step.kind,
        scene=step.item.scene,
        impression=slate.impression if slate else "",
    )
    talk.conversation.focus = step.item.id
    if step.kind == "like":
        talk.conversation.liked = (*talk.conversation.liked, step.item.id)
        yield Words(text=talk.say("liked", title=caption(step.item)))
    else:
        talk.conversation.disliked = (*talk.conversation.disliked, step.item.id)
        yield Words(text=talk.say("disliked", title=caption(step.item)))


async def remember(talk: TurnContext, tag: str) -> AsyncIterator[ReplyPart]:
    """Add an interest to the person's profile."""
    await talk.line.people.edit(talk.conversation.user_id, Edits(tags={tag: 1.0}))
    yield Words(text=talk.say("remembered", what=tag))


async def forget(talk: TurnContext, words: str) -> AsyncIterator[ReplyPart]:
    """Take back a want, or an interest of the person's profile."""
    user_id, wants = talk.conversation.user_id, talk.conversation.wants
    situation, said = await talk.situation(), words.casefold()
    kept = forgotten(words, wants, situation=situation)
    declared = (await talk.line.profile(user_id)).user.tags
    named = {simplified(value).casefold() for each in situation.vocabulary.values_in(said)
             for value in each.values}  # fmt: skip
    tags = [tag for tag in declared if simplified(tag).casefold() in {said, *named}]
    if kept != wants:
        talk.conversation.want(kept)
        yield Words(text=talk.say("forgotten", now=talk.in_force()))
        yield talk.noted()
    elif tags:
        await talk.line.people.edit(user_id, Edits(tags=dict.fromkeys(tags)))
        yield Words(text=talk.say("forgotten tag", what=listed(tags, lang=talk.lang)))
    else:
        yield Words(text=talk.say("not in force", words=words, now=talk.in_force()))


async def take_back(talk: TurnContext) -> AsyncIterator[ReplyPart]:
    """Bring back what was in force before the last change."""
    if talk.conversation.take_back():
        yield Words(text=talk.say("undone", now=talk.in_force()))
        yield talk.noted()
    else:
        yield Words(text=talk.say("nothing to undo"))
