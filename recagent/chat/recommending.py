"""Showing a slate: what comes next, why nothing does, and the one question that would help."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from recagent.chat.conversation import Asked, Offer, ShownSlate, Wants
from recagent.chat.fitting import Fitting
from recagent.chat.list_notes import fit_note, missing_note, order_note
from recagent.chat.questions import best_question
from recagent.chat.remarks import texts
from recagent.chat.said import Question, ReplyPart, Shown, Words
from recagent.chat.scarcity import relaxations
from recagent.chat.scene_choice import fitting_items, scenes_beside, suiting_situation
from recagent.chat.situation import Situation
from recagent.chat.steps import Recommend
from recagent.chat.talk import TurnContext
from recagent.chat.wording import told
from recagent.domain import Constraint, Context, Explanation, PathRule, Slate
from recagent.explanations import wish_note
from recagent.scenes.constraints import satisfies

_SCENES = 2  # that are offered
_OPTIONS = 4
_FEW = 2  # entries of a slate with which goes what could be dropped
_EVEN = 1.05  # the first of a slate is so much more probable than the last, or the slate is even


async def recommend(talk: TurnContext, step: Recommend) -> AsyncIterator[ReplyPart]:
    """A slate that keeps to what is in force, from the scene that suits, or why there is none."""
    situation = await _suiting(talk, step)
    slate, again = await _slate(talk, situation, step)
    if not slate.entries:
        async for part in _scarce(talk, situation, slate.user_id):
            yield part
        return
    # What a model says of the list is the one human sentence that a reply begins with.
    fitting = Fitting.of(situation, talk.context(situation), talk.conversation.wants)
    fit = "" if again else fit_note(talk, fitting, slate)
    has_some = any(fitting.met(entry.item) for entry in slate.entries)
    is_cut = has_some and not (again or step.only) and len(slate.entries) < talk.k
    lead = _lead(talk, slate, again=again, fit=fit, is_cut=is_cut)
    profile = await talk.line.profile(talk.conversation.user_id)
    lead.append(await missing_note(talk, situation, slate, fitting))
    lead.append(order_note(talk, situation, slate, profile))
    yield Words(text=talk.joined(lead), is_first=bool(slate.sentence))
    said_above = {"constraint"} if talk.conversation.wants.wishes else {"constraint", "wish"}
    explanations = tuple(_without(said_above, why) for why in await talk.chooser.reasons(slate))
    ids = tuple(entry.item.id for entry in slate.entries)
    talk.conversation.scene = slate.scene.name
    talk.conversation.remember_slate(
        ShownSlate(scene=slate.scene.name, impression=slate.trace.id, item_ids=ids)
    )
    yield Shown(slate=slate, explanations=explanations)
    near = {talk.say("others near"): Offer(wants=talk.conversation.wants)} if is_cut else {}
    offers = {**near, **await _offers(talk, situation, slate)}
    if offers:
        yield _offered(talk, offers, key="also" if len(slate.entries) > _FEW else "what instead")
    elif step.asking and _is_worth_asking(slate):
        question = await _question(talk, situation)
        if question is not None:
            yield question


async def _suiting(talk: TurnContext, step: Recommend) -> Situation:
    """The situation in the scene of the list that is wanted again, or in the one that suits."""
    if not step.only:
        return await suiting_situation(talk)
    situation = await talk.situation()
    first = situation.item(step.only[0])
    if first is not None:
        talk.conversation.scene = first.scene
    return await talk.situation()


async def _slate(talk: TurnContext, situation: Situation, step: Recommend) -> tuple[Slate, bool]:
    """The next slate, and whether it had to begin again with what was shown before.

    What was shown does not come again, unless something else is demanded or wished for now; what
    the person knows or dislikes never does.
    """
    context = talk.context(situation)
    if step.only:
        chosen = Constraint(attribute="id", operator="is", value=step.only)
        return await _recommended(talk, situation, _with(context, chosen)), False
    before = talk.conversation.listed_wants or Wants()
    now = talk.conversation.wants
    is_more = step.is_more or _looked_for(before) == _looked_for(now)
    shown = talk.conversation.shown_in(situation.scene.name) if is_more else ()
    barred = (*talk.conversation.known, *talk.conversation.disliked, *step.without)
    fresh = Constraint(attribute="id", operator="is not", value=(*barred, *shown))
    slate = await _fitting(talk, situation, _with(context, fresh))
    if slate.entries or not shown:
        return slate, False
    return await _fitting(talk, situation, _with(context, replace(fresh, value=barred))), True


async def _fitting(talk: TurnContext, situation: Situation, context: Context) -> Slate:
    """A slate of what has the most of what is asked, and nothing that has none of it."""
    fitting = Fitting.of(situation, context, talk.conversation.wants)
    if fitting.total:
        barred = await talk.chooser.blocked(
            talk.conversation.user_id, scene=situation.scene.name, context=context
        )
        able = [item for key, item in situation.here.items() if key not in barred]
        if best := fitting.best(able, k=talk.k):
            chosen = Constraint(attribute="id", operator="is", value=best)
            slate = await _recommended(talk, situation, _with(context, chosen))
            if slate.entries:  # none where all of it comes after something else
                return slate
    return await _recommended(talk, situation, context)


def _looked_for(wants: Wants) -> tuple[object, ...]:
    return wants.constraints, wants.preferences, wants.wishes, wants.titles or (), wants.whom


def _with(context: Context, constraint: Constraint) -> Context:
    return replace(context, constraints=(*context.constraints, constraint))


async def _recommended(talk: TurnContext, situation: Situation, context: Context) -> Slate:
    return await talk.chooser.recommend(
        talk.conversation.user_id,
        scene=situation.scene.name,
        k=talk.k,
        context=context,
        with_reasons=True,
    )


def _lead(talk: TurnContext, slate: Slate, *, again: bool, fit: str, is_cut: bool) -> list[str]:
    """What is said before a slate: where it is from, by what it was chosen, and how far it fits."""
    wants, scene = talk.conversation.wants, slate.scene.label(talk.lang)
    if again:
        return [talk.say("shown before")]
    about_wish = wish_note(slate, lang=talk.lang)
    has_some = slate.trace.wish is not None and slate.trace.wish.matches > 0
    if slate.sentence:
        parts = [slate.sentence, fit]
    elif fit and not (wants.wishes and has_some):
        parts = [fit]
    elif about_wish:
        parts = [about_wish]
    else:
        parts = [_by_what(talk, slate, scene=scene)]
    if is_cut:
        parts.append(talk.say("only these", scene=scene))
    elif len(slate.entries) < talk.k:
        parts.append(talk.say("few left", n=str(len(slate.entries))))
    return parts


def _by_what(talk: TurnContext, slate: Slate, *, scene: str) -> str:
    """By what a slate was chosen."""
    wants = talk.conversation.wants
    if wants.wishes:
        return talk.say("list wish", scene=scene, wish=" ".join(wants.wishes))
    if wants.constraints or wants.preferences:
        return talk.say("list fitting", scene=scene)
    if wants.whom:
        return talk.say("list for", scene=scene, whom=wants.whom)
    return talk.say("list cold" if slate.trace.cold == "fully" else "list known", scene=scene)


def _without(kinds: AbstractSet[str], why: Explanation) -> Explanation:
    """The same without what is said once above the list, unless nothing else supports it."""
    said_above = {piece.id for piece in why.evidence if piece.kind in kinds}
    claims = [claim for claim in why.claims if not said_above.issuperset(claim.evidence)]
    return replace(why, claims=tuple(claims)) if claims else why


async def _scarce(
    talk: TurnContext, situation: Situation, user_id: str
) -> AsyncIterator[ReplyPart]:
    """Why nothing is left, and what would help, as options that can be taken."""
    context = talk.context(situation)
    key = "nothing left" if context.constraints or context.wish else "none unseen"
    yield Words(text=talk.say(key, scene=situation.scene.label(talk.lang)))
    offers = {**await _relaxed(talk, situation, user_id), **await _elsewhere(talk, situation)}
    if not offers and talk.conversation.wants.listed:
        offers = {talk.say("drop all"): Offer(wants=Wants())}
    if offers:
        yield _offered(talk, offers, key="what instead")


async def _offers(talk: TurnContext, situation: Situation, slate: Slate) -> dict[str, Offer]:
    """Options after a slate: other scenes with as much; with little left also what to drop."""
    if len(slate.entries) <= min(_FEW, talk.k - 1):
        relaxed = await _relaxed(talk, situation, slate.user_id)
        return {**relaxed, **await _elsewhere(talk, situation)}
    context = talk.context(situation, tells=lambda _: True)
    beside = scenes_beside(situation, context, k=talk.k)
    counts = await _counts_elsewhere(talk, situation)
    named = {name: counts[name] for name in beside if counts.get(name)}
    return _scene_offers(talk, situation, named)


def _offered(talk: TurnContext, offers: Mapping[str, Offer], *, key: str) -> Question:
    """The question which of the offers is taken; any other turn is one too."""
    chosen = dict(list(offers.items())[:_OPTIONS])
    talk.conversation.waiting = Asked(
        about="scarcity", options=tuple(chosen), offers=tuple(chosen.values())
    )
    return Question(text=talk.say(key), options=tuple(chosen))


async def _relaxed(talk: TurnContext, situation: Situation, user_id: str) -> dict[str, Offer]:
    """What could be dropped, with how many items that would leave."""
    constraints = talk.context(situation).constraints
    barred = await talk.chooser.blocked(user_id, scene=situation.scene.name)
    barred |= {*talk.conversation.known, *talk.conversation.disliked}
    able = [item for key, item in situation.here.items() if key not in barred]
    options: dict[str, Offer] = {}
    for constraint, count in relaxations(able, constraints):
        what = constraint.words or told(constraint, lang=talk.lang)
        dropped = [want for want in talk.conversation.wants.listed
                   if not isinstance(want, str) and want[0].words == constraint.words]  # fmt: skip
        if dropped:
            wants, key = talk.conversation.wants.without(dropped[0]), "drop it"
            if wished := _waiting(situation, constraint):
                wants, key = replace(wants, wishes=(wished,), titles=()), "lead to"
            options[talk.say(key, what=what, n=str(count))] = Offer(wants=wants)
    return options


def _waiting(situation: Situation, constraint: Constraint) -> str:
    """What is wished for where all that has it comes after something else; empty otherwise."""
    needs = [rule.prerequisites for rule in situation.scene.rules
             if isinstance(rule, PathRule)]  # fmt: skip
    items = [item for item in situation.here.values() if satisfies(item, constraint)]
    is_waiting = bool(needs and items) and all(
        any(item.attributes.get(name) for name in needs) for item in items
    )
    return " ".join(texts(constraint.value)) if is_waiting and constraint.operator == "is" else ""


async def _elsewhere(talk: TurnContext, situation: Situation) -> dict[str, Offer]:
    """Other scenes that have items which keep to all that is wanted, with how many."""
    counts = await _counts_elsewhere(talk, situation)
    most_first = sorted(filter(counts.get, counts), key=lambda name: -counts[name])
    return _scene_offers(talk, situation, {name: counts[name] for name in most_first})


def _scene_offers(
    talk: TurnContext, situation: Situation, counts: Mapping[str, int]
) -> dict[str, Offer]:
    return {
        talk.say("look there", scene=situation.scenes[name].label(talk.lang), n=str(count)): Offer(
            wants=talk.conversation.wants, scene=name
        )
        for name, count in list(counts.items())[:_SCENES]
    }


async def _counts_elsewhere(talk: TurnContext, situation: Situation) -> dict[str, int]:
    """How many items of each other scene could be shown, and answer all that is wanted."""
    context = talk.context(situation, tells=lambda _: True)
    met = {*talk.conversation.known, *talk.conversation.disliked}
    counts: dict[str, int] = {}
    for name in situation.items.keys() - {
        situation.scene.name,
        *talk.conversation.wants.barred_scenes,
    }:
        if fitting := fitting_items(situation, context, scene=name) - met:
            counts[name] = len(
                fitting - await talk.chooser.blocked(talk.conversation.user_id, scene=name)
            )
    return counts


async def _question(talk: TurnContext, situation: Situation) -> Question | None:
    wants, name = talk.conversation.wants, situation.scene.name
    barred = await talk.chooser.blocked(
        talk.conversation.user_id, scene=name, context=talk.context(situation)
    )
    items = [item for key, item in situation.here.items() if key not in barred]
    asked = {key.split("/", 1)[1] for key in talk.conversation.asked if key.startswith(f"{name}/")}
    if asked:
        return None  # one good question a scene; more would be a form to fill in
    behaviour = await talk.line.parts.behaviour()
    question = best_question(
        items, likes=behaviour.likes, vocabulary=situation.vocabulary, wants=wants
    )
    if question is None:
        return None
    talk.conversation.waiting = question
    talk.conversation.asked = (*talk.conversation.asked, f"{name}/{question.about}")
    attribute = question.about.replace("_", " ")
    return Question(text=talk.say("ask", attribute=attribute), options=question.options)


def _is_worth_asking(slate: Slate) -> bool:
    """Whether nothing is known of the person, or the slate is nearly even."""
    first, last = slate.entries[0].probability, slate.entries[-1].probability
    return slate.trace.cold == "fully" or first < _EVEN * last
