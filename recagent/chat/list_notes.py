"""How far a list fits what was asked, and what fits but is not on it: one plain clause each."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.chat.fitting import Fitting
from recagent.chat.remarks import texts
from recagent.chat.situation import Situation
from recagent.chat.talk import TurnContext
from recagent.chat.wording import listed, value_text
from recagent.domain import AgeRule, Constraint, Item, PathRule, PersonRule, Profile, Slate
from recagent.prompts import caption
from recagent.scenes.constraints import satisfies

_NAMED = 2  # titles of those that fit


def fit_note(talk: TurnContext, fitting: Fitting, slate: Slate) -> str:
    """How many entries have all that is asked; empty where all have it or nothing is asked."""
    items = [entry.item for entry in slate.entries]
    whole = [item for item in items if fitting.met(item) == fitting.total]
    facts = {
        "scene": slate.scene.label(talk.lang),
        "n": str(len(whole)),
        "titles": _titles(talk, whole),
    }
    if len(whole) == len(items):
        return ""
    if not whole and not fitting.soft and talk.conversation.wants.wishes:
        wish = " ".join(talk.conversation.wants.wishes)
        return talk.say("wish none", scene=facts["scene"], wish=wish)
    few = "named" if len(whole) <= _NAMED else "some"
    return talk.say(f"fit {few}" if whole else "fit none", **facts)


async def missing_note(
    talk: TurnContext, situation: Situation, slate: Slate, fitting: Fitting
) -> str:
    """An item that would fit, had the catalogue more to tell of it or were it to be had.

    Only where the list is short. An item that a rule may hide from the person is not named.
    """
    constraints = talk.context(situation).constraints
    if len(slate.entries) >= talk.k or not constraints:
        return ""
    shown = {entry.item.id for entry in slate.entries}
    rules = [rule for rule in situation.scene.rules if isinstance(rule, Constraint)]
    may_hide = any(isinstance(rule, PersonRule | AgeRule) for rule in situation.scene.rules)
    blocked = await talk.chooser.blocked(talk.conversation.user_id, scene=situation.scene.name)
    met = {*talk.conversation.known, *talk.conversation.disliked,
           *talk.conversation.shown_in(situation.scene.name)}  # fmt: skip
    popular = sorted(situation.here.values(), key=lambda item: -situation.likes.get(item.id, 0))
    left = [
        item for item in popular
        if item.id not in shown | met and fitting.met(item) == fitting.total
    ]  # fmt: skip
    for item in left:
        broken = [each for each in constraints if not satisfies(item, each)]
        barred = [rule for rule in rules if not satisfies(item, rule)]
        if len(broken) + len(barred) != 1:
            continue
        (one,) = broken or barred
        name = one.attribute.replace("_", " ")
        if (
            item.id not in blocked
            and broken
            and one.operator in ("at least", "at most")
            and one.attribute not in ("id", *item.attributes)
        ):
            return talk.say("fits but untold", title=caption(item), attribute=name)
        value = item.attributes.get(one.attribute)
        # A least number is a stock's; what is not to be seen, or too old for them, has another.
        if barred and one.operator == "at least" and value is not None and not may_hide:
            number = value_text(value, lang=talk.lang)
            return talk.say("fits but barred", title=caption(item), attribute=name, value=number)
    return ""


def order_note(talk: TurnContext, situation: Situation, slate: Slate, profile: Profile) -> str:
    """What an entry comes after, where the person has told nothing of having done that."""
    needs = [rule.prerequisites for rule in slate.scene.rules if isinstance(rule, PathRule)]
    met = {*talk.conversation.known, *(event.item_id for event in profile.events)}
    for entry in slate.entries:
        for name in needs:
            before = [situation.item(key) for key in texts(entry.item.attributes.get(name, ()))]
            open_ = [item for item in before if item is not None and item.id not in met]
            if open_:
                return talk.say(
                    "comes after", title=caption(entry.item), titles=_titles(talk, open_)
                )
    return ""


def _titles(talk: TurnContext, items: Sequence[Item]) -> str:
    said = [talk.say("title", title=caption(item)) for item in items]
    return listed(said, lang=talk.lang)
