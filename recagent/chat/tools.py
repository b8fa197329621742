"""The agent's tools: each carries out one kind of step and says what came of it.

Nothing here reads a person's words; steps have been typed and checked before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import groupby

from recagent.chat import answering, care, catalogue_questions, keeping
from recagent.chat.helping import HELPING, help_of
from recagent.chat.recommending import recommend
from recagent.chat.said import ReplyPart, Words
from recagent.chat.steps import (
    Answer,
    AskBack,
    Care,
    Change,
    ChangeScene,
    Compare,
    Count,
    DeleteMyData,
    Describe,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    Sort,
    StartOver,
    Step,
    TakeBack,
    Tell,
    TellMyData,
    WhatIf,
    WhyNot,
)
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed
from recagent.prompts import one_line

_FIRST = {"hello", "hi"}
_QUESTION = 200  # characters of a question that a language model wrote


async def carry_out(steps: Sequence[Step], talk: TurnContext) -> AsyncIterator[ReplyPart]:
    """What steps say, in order; what is recorded of several items at once in one sentence.

    That an item is known is not said of one that is said to be liked or disliked besides.
    """
    felt = {step.item.id for step in steps
            if isinstance(step, Record) and step.kind in ("like", "dislike")}  # fmt: skip
    for kind, group in groupby(steps, key=_record_kind):
        same = list(group)
        records = [step for step in same if isinstance(step, Record)]
        is_told = kind != "seen" or not felt.issuperset(step.item.id for step in records)
        replies = [keeping.record(talk, records)] if kind else [_said(each, talk) for each in same]
        for reply in replies:
            async for part in reply:
                if is_told:
                    yield part


def _record_kind(step: Step) -> str:
    return step.kind if isinstance(step, Record) else ""


def _said(step: Step, talk: TurnContext) -> AsyncIterator[ReplyPart]:  # noqa: C901 - one arm a tool
    match step:
        case Recommend():
            return recommend(talk, step)
        case Change():
            return keeping.change(talk, step)
        case Explain():
            return answering.explain(talk, step)
        case Describe():
            return answering.describe(talk, step)
        case WhatIf():
            return answering.what_if(talk, step.item)
        case Compare():
            return answering.compare(talk, step.first, step.second)
        case WhyNot():
            return answering.why_not(talk, step.item)
        case Search():
            return answering.search(talk, step)
        case Sort():
            return catalogue_questions.sort(talk, step)
        case Count():
            return catalogue_questions.count(talk, step)
        case ChangeScene():
            return keeping.change_scene(talk, step.name)
        case Record():
            return keeping.record(talk, [step])
        case Remember():
            return keeping.remember(talk, step.tag)
        case Forget():
            return keeping.forget(talk, step.words)
        case TakeBack():
            return keeping.take_back(talk)
        case StartOver():
            return keeping.start_over(talk, step)
        case TellMyData():
            return care.tell_my_data(talk)
        case DeleteMyData():
            return care.delete_my_data(talk, step)
        case Care():
            return care.care(talk, step)
        case AskBack():
            return _ask_back(step)
        case Answer():
            return _answer(talk, step)
        case ListWants():
            return _list(talk)
        case Tell():
            return _tell(talk, step)


async def _list(talk: TurnContext) -> AsyncIterator[ReplyPart]:
    yield Words(text=talk.in_force())
    yield talk.noted()


async def _tell(talk: TurnContext, step: Tell) -> AsyncIterator[ReplyPart]:
    facts, situation = dict(step.facts), await talk.situation()
    if step.key == "unknown words":
        facts["scene"] = situation.scene.label(talk.lang)
    if step.key in HELPING:
        facts["help"] = help_of(situation, talk.lang)
    if step.key == "unknown scene":
        labels = [scene.label(talk.lang) for scene in situation.scenes.values()]
        facts["scenes"] = listed(labels, lang=talk.lang)
    yield Words(text=talk.say(step.key, **facts), is_first=step.key in _FIRST)


async def _answer(talk: TurnContext, step: Answer) -> AsyncIterator[ReplyPart]:
    if step.items:
        talk.conversation.focus = step.items[0].id
    yield Words(text=step.text, is_first=True)


async def _ask_back(step: AskBack) -> AsyncIterator[ReplyPart]:
    yield Words(text=one_line(step.question, _QUESTION))
