"""Changing what the conversation or the store holds: wants, feedback, interests, the scene."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from recagent.chat.conversation import Wants
from recagent.chat.remarks import forgotten, no_longer, remarks_on, set_aside, usual
from recagent.chat.said import ReplyPart, Words
from recagent.chat.scene_choice import suiting_situation
from recagent.chat.steps import Change, Feedback, Record, StartOver
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed, told
from recagent.domain import Edits, EventKind
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
    situation = await suiting_situation(talk)
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
    """Go on in another scene, or in whichever suits; what is not told there rests."""
    situation = await talk.situation()
    talk.conversation.named_scene = name or None
    talk.conversation.has_said_scene = True
    if not name:
        yield Words(text=talk.say("any scene"))
        return
    label = situation.scenes[name].label(talk.lang)
    if name == situation.scene.name:
        yield Words(text=talk.say("same scene", scene=label))
        return
    talk.conversation.scene = name
    talk.conversation.waiting = None
    there = await talk.situation()
    resting = set_aside(talk.conversation.wants, situation=there, lang=talk.lang)
    yield Words(text=talk.joined([talk.say("scene", scene=label), *resting]))


_KINDS: Mapping[Feedback, EventKind] = {
    "like": "like", "dislike": "dislike", "seen": "view", "owned": "purchase",
}  # fmt: skip

_KNOWN = 0.05  # of a look: that something is known is no sign of liking it


async def record(talk: TurnContext, steps: Sequence[Record]) -> AsyncIterator[ReplyPart]:
    """Store what the person thinks of items or that they know them, with the slate of each.

    ``steps``: all of one kind.
    """
    conversation = talk.conversation
    for step in steps:
        item_id = step.item.id
        shown = reversed(conversation.shown)
        slate = next((each for each in shown if item_id in each.item_ids), None)
        await talk.line.record(
            conversation.user_id,
            item_id,
            kind=_KINDS[step.kind],
            value=_KNOWN if step.kind == "seen" else None,
            scene=step.item.scene,
            impression=slate.impression if slate else "",
        )
        conversation.focus = item_id
    ids = tuple(step.item.id for step in steps)
    had_gone = not set(ids).isdisjoint(conversation.disliked)
    match steps[0].kind:
        case "like":
            conversation.liked = (*conversation.liked, *ids)
            conversation.disliked = _without(conversation.disliked, ids)
        case "dislike":
            conversation.disliked = (*conversation.disliked, *ids)
            conversation.liked = _without(conversation.liked, ids)
        case "seen" | "owned":
            conversation.known = (*conversation.known, *ids)
    titles = [talk.say("title", title=caption(step.item)) for step in steps]
    is_after_all = steps[0].kind == "like" and had_gone
    key = "noted like after all" if is_after_all else f"noted {steps[0].kind}"
    yield Words(text=talk.say(key, titles=listed(titles, lang=talk.lang)))


def _without(kept: Sequence[str], ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in kept if each not in ids)


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
    before = talk.conversation.wants
    if talk.conversation.take_back():
        gone = no_longer(before, talk.conversation.wants, lang=talk.lang)
        yield Words(text=talk.joined([talk.say("undone"), *gone, talk.in_force()]))
        yield talk.noted()
    else:
        yield Words(text=talk.say("nothing to undo"))


async def start_over(talk: TurnContext, step: StartOver) -> AsyncIterator[ReplyPart]:
    """Let all wants go; what is wanted instead is one change with it."""
    conversation = talk.conversation
    had_wants = bool(conversation.wants.listed)
    conversation.start_over(step.wants)
    said = [talk.say("started over" if had_wants or step.wants.listed else "nothing in force")]
    if conversation.liked or conversation.disliked or conversation.known:
        said.append(talk.say("still stored"))
    situation = await suiting_situation(talk)
    said += remarks_on(
        Wants(), step.wants, situation=situation, unclear=step.unclear, lang=talk.lang
    )
    yield Words(text=talk.joined(said))
    yield talk.noted(tuple(words for words, _ in step.unclear))
