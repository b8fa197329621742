"""The agent's tools: each carries out one kind of step and says what came of it.

Nothing here reads a person's words; steps have been typed and checked before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from recagent.chat import answering, keeping
from recagent.chat.recommending import recommend
from recagent.chat.said import ReplyPart, Words
from recagent.chat.steps import (
    Change,
    ChangeScene,
    Compare,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    Step,
    TakeBack,
    Tell,
    WhyNot,
)
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed


async def carry_out(step: Step, talk: TurnContext) -> AsyncIterator[ReplyPart]:
    """What a step says, in order."""
    async for each in _said(step, talk):
        yield each


def _said(step: Step, talk: TurnContext) -> AsyncIterator[ReplyPart]:  # noqa: C901 - one arm a tool
    match step:
        case Recommend():
            return recommend(talk, step)
        case Change():
            return keeping.change(talk, step)
        case Explain():
            return answering.explain(talk, step.item)
        case Compare():
            return answering.compare(talk, step.first, step.second)
        case WhyNot():
            return answering.why_not(talk, step.item)
        case Search():
            return answering.search(talk, step.words)
        case ChangeScene():
            return keeping.change_scene(talk, step.name)
        case Record():
            return keeping.record(talk, step)
        case Remember():
            return keeping.remember(talk, step.tag)
        case Forget():
            return keeping.forget(talk, step.words)
        case TakeBack():
            return keeping.take_back(talk)
        case ListWants():
            return _list(talk)
        case Tell():
            return _tell(talk, step)


async def _list(talk: TurnContext) -> AsyncIterator[ReplyPart]:
    yield Words(text=talk.in_force())
    yield talk.noted()


async def _tell(talk: TurnContext, step: Tell) -> AsyncIterator[ReplyPart]:
    facts = dict(step.facts)
    if step.key == "unknown scene":
        situation = await talk.situation()
        labels = [scene.label(talk.lang) for scene in situation.scenes.values()]
        facts["scenes"] = listed(labels, lang=talk.lang)
    yield Words(text=talk.say(step.key, **facts))
