"""Showing a slate: what comes next, why nothing does, and the one question that would help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from recagent.chat.conversation import ShownSlate
from recagent.chat.questions import best_question
from recagent.chat.said import Question, ReplyPart, Shown, Words
from recagent.chat.scarcity import relaxations
from recagent.chat.situation import Situation
from recagent.chat.steps import Recommend
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed, told
from recagent.domain import Constraint, Context, Slate
from recagent.explanations import wish_note
from recagent.scenes.constraints import satisfies

_SCENES = 3  # that are named
_EVEN = 1.05  # the first of a slate is so much more probable than the last, or the slate is even


async def recommend(talk: TurnContext, step: Recommend) -> AsyncIterator[ReplyPart]:
    """A slate that keeps to what is in force, or why there is none."""
    situation = await talk.situation()
    slate, again = await _slate(talk, situation)
    if not slate.entries:
        yield Words(text=await _scarce(talk, situation, slate.user_id))
        return
    remarks: list[str] = [slate.sentence] if slate.sentence else []
    if again:
        remarks.append(talk.say("shown before"))
    elif len(slate.entries) < talk.k:
        remarks.append(talk.say("few left", n=str(len(slate.entries))))
    if about_wish := wish_note(slate, lang=talk.lang):
        remarks.append(about_wish)
    if remarks:
        yield Words(text=talk.joined(remarks))
    explanations = tuple(await talk.line.reasons(slate))
    ids = tuple(entry.item.id for entry in slate.entries)
    talk.conversation.scene = slate.scene.name
    talk.conversation.remember_slate(
        ShownSlate(scene=slate.scene.name, impression=slate.trace.id, item_ids=ids)
    )
    yield Shown(slate=slate, explanations=explanations)
    if step.asking and _is_worth_asking(slate):
        question = await _question(talk, situation)
        if question is not None:
            yield question


async def _slate(talk: TurnContext, situation: Situation) -> tuple[Slate, bool]:
    """The next slate, and whether it had to begin again with what was shown before."""
    context = talk.context(situation)
    shown = talk.conversation.shown_in(situation.scene.name)
    fresh = Constraint(attribute="id", operator="is not", value=shown)
    slate = await _recommended(
        talk, situation, replace(context, constraints=(*context.constraints, fresh))
    )
    if slate.entries or not shown:
        return slate, False
    return await _recommended(talk, situation, context), True


async def _recommended(talk: TurnContext, situation: Situation, context: Context) -> Slate:
    return await talk.line.recommend(
        talk.conversation.user_id,
        scene=situation.scene.name,
        k=talk.k,
        context=context,
        with_reasons=True,
    )


async def _scarce(talk: TurnContext, situation: Situation, user_id: str) -> str:
    """Why nothing is left, and what taken back would help."""
    constraints = talk.context(situation).constraints
    scene = situation.scene.label(talk.lang)
    if not constraints:
        return talk.say("none unseen", scene=scene)
    barred = await talk.line.blocked(user_id, scene=situation.scene.name)
    able = [item for key, item in situation.here.items() if key not in barred]
    found = relaxations(able, constraints)
    parts = [talk.say("nothing left", scene=scene)]
    for constraint, count in found:
        what = constraint.words or told(constraint, lang=talk.lang)
        parts.append(talk.say("take back", what=what, n=str(count)))
    parts += [] if found else [talk.say("take back all")]
    parts += _elsewhere(talk, situation, constraints)
    return talk.joined(parts)


def _elsewhere(
    talk: TurnContext, situation: Situation, constraints: tuple[Constraint, ...]
) -> list[str]:
    """Scenes that have what no item of this one has."""
    parts: list[str] = []
    for each in constraints:
        if each.operator != "is" or any(satisfies(item, each) for item in situation.here.values()):
            continue
        held = {
            name: sum(satisfies(item, each) for item in items.values())
            for name, items in situation.items.items()
        }
        most_first = sorted(filter(held.get, held), key=lambda name: -held[name])
        scenes = [situation.scenes[name].label(talk.lang) for name in most_first]
        if scenes:
            what = told(each, lang=talk.lang)
            names = listed(scenes[:_SCENES], lang=talk.lang)
            parts.append(talk.say("elsewhere", what=what, scenes=names))
    return parts


async def _question(talk: TurnContext, situation: Situation) -> Question | None:
    wants, name = talk.conversation.wants, situation.scene.name
    barred = await talk.line.blocked(
        talk.conversation.user_id, scene=name, context=talk.context(situation)
    )
    items = [item for key, item in situation.here.items() if key not in barred]
    asked = {key.split("/", 1)[1] for key in talk.conversation.asked if key.startswith(f"{name}/")}
    if asked:
        return None  # one good question a scene; more would be a form to fill in
    settled = {each.attribute for each in (*wants.constraints, *wants.preferences)}
    behaviour = await talk.line.parts.behaviour()
    question = best_question(
        items, likes=behaviour.likes, vocabulary=situation.vocabulary, not_about=settled
    )
    if question is None:
        return None
    talk.conversation.waiting = question
    talk.conversation.asked = (*talk.conversation.asked, f"{name}/{question.attribute}")
    attribute = question.attribute.replace("_", " ")
    return Question(text=talk.say("ask", attribute=attribute), options=question.options)


def _is_worth_asking(slate: Slate) -> bool:
    """Whether nothing is known of the person, or the slate is nearly even."""
    first, last = slate.entries[0].probability, slate.entries[-1].probability
    return slate.trace.cold == "fully" or first < _EVEN * last
