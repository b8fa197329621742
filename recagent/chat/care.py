"""What is said where recommending is not the answer, and what is told or deleted of a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recagent.chat.conversation import Asked
from recagent.chat.said import ReplyPart, Words
from recagent.chat.steps import Care, DeleteMyData
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed
from recagent.prompts import caption

DELETION = "deletion"
_LIKED = 0.25  # weight of what is called liked; a look weighs less
_TITLES = 3  # that are named of what is known


async def care(talk: TurnContext, step: Care) -> AsyncIterator[ReplyPart]:
    """In a crisis, for advice that a recommender cannot give, and for other people's data."""
    scene = (await talk.situation()).scene
    match step.concern:
        case "crisis":
            talk.conversation.has_cared = True
            talk.conversation.turns = talk.conversation.turns[:-1]  # it is not kept
            yield Words(text=scene.crisis.get(talk.lang) or talk.say("crisis"))
        case "advice":
            yield Words(text=talk.joined([talk.say("advice"), scene.notice(talk.lang)]))
        case "other people":
            yield Words(text=talk.say("other people"))


async def tell_my_data(talk: TurnContext) -> AsyncIterator[ReplyPart]:
    """How much is known of the person, the newest likes, what is declared, and what is in force."""
    profile = await talk.line.profile(talk.conversation.user_id)
    parts: list[str] = []
    if not profile.events and not profile.user.tags:
        parts.append(talk.say("nothing known"))
    if profile.events:
        liked = [caption(profile.items[key]) for key, weight in profile.liked.items()
                 if key in profile.items and weight >= _LIKED]  # fmt: skip
        parts.append(talk.say("events known", n=str(len(profile.events))))
        if liked:
            parts.append(talk.say("likes known", what=listed(liked[:_TITLES], lang=talk.lang)))
    if profile.user.tags:
        parts.append(talk.say("tags known", what=listed([*profile.user.tags], lang=talk.lang)))
    yield Words(text=talk.joined([*parts, talk.in_force(), talk.say("may delete")]))


async def delete_my_data(talk: TurnContext, step: DeleteMyData) -> AsyncIterator[ReplyPart]:
    """Delete what is stored of the person and what this conversation holds; ask before it."""
    if not step.is_confirmed:
        talk.conversation.waiting = Asked(about=DELETION, options=(talk.say("yes"), talk.say("no")))
        yield Words(text=talk.say("sure to delete"))
        return
    await talk.line.people.forget(talk.conversation.user_id)
    talk.conversation.forget()
    yield Words(text=talk.say("deleted"))
    yield talk.noted()
