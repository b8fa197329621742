"""Questions on the catalogue as a whole: what is the most of a number, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cmp_to_key

from recagent.chat.conversation import ShownSlate
from recagent.chat.remarks import texts
from recagent.chat.said import ReplyPart, Words
from recagent.chat.scene_choice import fitting_items, is_narrowed
from recagent.chat.situation import Situation
from recagent.chat.steps import Count, Sort
from recagent.chat.talk import TurnContext
from recagent.chat.wording import POPULARITY, listed, told
from recagent.domain import Item
from recagent.domain.comparing import at_most, read
from recagent.prompts import caption
from recagent.scenes.constraints import satisfies

_SORTED = 5  # items that are named in order
_VALUES = 12  # that are told with how many items have them


async def sort(talk: TurnContext, step: Sort) -> AsyncIterator[ReplyPart]:
    """Items in the order of a number or a day, each with it; what does not tell it is named last.

    Without items it is a list that the next turn can point at.
    """
    situation = await talk.situation()
    items, is_known = list(step.items), False
    if not items:
        items, is_known = await _fitting(talk, situation, step.attribute)
    values = {item.id: _value(item, step.attribute, situation) for item in items}
    able = [item for item in items if values[item.id] is not None]
    able.sort(key=cmp_to_key(lambda one, other: _compared(values[one.id], values[other.id])))
    if step.side == "more":
        able.reverse()
    attribute = step.attribute.replace("_", " ")
    if not able:
        yield Words(text=talk.say("none to sort", attribute=attribute))
        return
    shown = able[:_SORTED]
    named = [
        f"{at}. {caption(item)}: {_shown(values[item.id])}"
        for at, item in enumerate(shown, start=1)
    ]
    parts = [talk.say("known already")] if is_known else []
    parts += [
        talk.say(f"sorted {step.side}", attribute=attribute, what=listed(named, lang=talk.lang))
    ]
    untold = [caption(item) for item in step.items if values[item.id] is None]
    if untold:
        facts = {"attribute": attribute, "what": listed(untold, lang=talk.lang)}
        parts.append(talk.say("not sorted", **facts))
    if not step.items:
        talk.conversation.scene = shown[0].scene
        talk.conversation.remember_slate(
            ShownSlate(scene=shown[0].scene, impression="", item_ids=tuple(e.id for e in shown))
        )
    talk.conversation.focus = shown[0].id
    yield Words(text=talk.joined(parts))


async def count(talk: TurnContext, step: Count) -> AsyncIterator[ReplyPart]:
    """How many items there are: of each value of an attribute, or in each scene."""
    situation = await talk.situation()
    if step.attribute and step.constraint is None:
        yield Words(text=_kinds(talk, situation, step.attribute))
        return
    counts = {
        name: sum(step.constraint is None or satisfies(item, step.constraint)
                  for item in items.values())
        for name, items in situation.items.items()
    }  # fmt: skip
    by_scene = [f"{situation.scenes[name].label(talk.lang)} {n}" for name, n in counts.items() if n]
    what = told(step.constraint, lang=talk.lang) if step.constraint else ""
    facts = {"n": str(sum(counts.values())), "what": what, "by": listed(by_scene, lang=talk.lang)}
    key = "counted none" if not by_scene else "counted such" if what else "counted"
    parts = [talk.say(key, **facts)]
    context = talk.context(situation, tells=lambda _: True)
    if not what and (context.constraints or context.wish):
        kept = sum(len(fitting_items(situation, context, scene=name)) for name in situation.items)
        parts.append(talk.say("of these fit", n=str(kept)))
    yield Words(text=talk.joined(parts))


def _kinds(talk: TurnContext, situation: Situation, attribute: str) -> str:
    """The values of an attribute with how many items have each, or its least and its most."""
    scenes = [situation.here, *situation.items.values()]
    items = next((each for each in scenes if _tells(each.values(), attribute)), situation.here)
    values = [_value(item, attribute, situation) for item in items.values()]
    ordered = sorted(filter(None, values), key=cmp_to_key(_compared))
    name = attribute.replace("_", " ")
    if ordered:
        facts = {"low": _shown(ordered[0]), "high": _shown(ordered[-1]), "attribute": name}
        return talk.say("ranges", **facts)
    counted = Counter(
        text for item in items.values() for text in texts(item.attributes.get(attribute, ()))
    )
    most = [f"{value} {n}" for value, n in counted.most_common(_VALUES)]
    return talk.say("kinds", attribute=name, what=listed(most, lang=talk.lang))


async def _fitting(
    talk: TurnContext, situation: Situation, attribute: str
) -> tuple[list[Item], bool]:
    """The items that keep to what is in force, tell the attribute, and may be shown.

    They are of the present scene where a list of it is narrowed down or somebody named it and it
    has some; else of all scenes. Where there are none, those that the person knows, and True.
    """
    here = situation.scene.name
    is_here = is_narrowed(talk) or talk.conversation.named_scene == here
    rest = [name for name in situation.items if name != here]
    barred = talk.conversation.wants.barred_scenes
    known: list[Item] = []
    for names in ([here], rest) if is_here else ([here, *rest],):
        fresh, others = await _telling(talk, situation, attribute, set(names) - barred)
        if fresh:
            return fresh, False
        known += others
    return known, bool(known)


async def _telling(
    talk: TurnContext, situation: Situation, attribute: str, names: AbstractSet[str]
) -> tuple[list[Item], list[Item]]:
    """The items of scenes that keep to what is in force and tell an attribute: new and known ones.

    What nothing answers of a wish does not count.
    """
    context = talk.context(situation, tells=lambda _: True)
    fresh: list[Item] = []
    known: list[Item] = []
    for name in [each for each in situation.items if each in names]:
        fitting = fitting_items(situation, context, scene=name) or fitting_items(
            situation, replace(context, wish=""), scene=name
        )
        met = await talk.chooser.blocked(talk.conversation.user_id, scene=name)
        met |= {*talk.conversation.known, *talk.conversation.disliked}
        for item in (situation.items[name][key] for key in sorted(fitting)):
            if attribute == POPULARITY or attribute in item.attributes:
                (known if item.id in met else fresh).append(item)
    return fresh, known


def _tells(items: Iterable[Item], attribute: str) -> bool:
    return any(attribute in item.attributes for item in items)


def _value(item: Item, attribute: str, situation: Situation) -> float | str | None:
    """A number or a day; None of what is neither."""
    if attribute == POPULARITY:
        return float(situation.likes.get(item.id, 0))
    value = item.attributes.get(attribute)
    if isinstance(value, bool) or value is None or isinstance(value, tuple):
        return None
    return value if not isinstance(value, str) else read(value).day or None


def _compared(one: float | str | None, other: float | str | None) -> int:
    if one is None or other is None or one == other:
        return 0
    return -1 if at_most(one, other) else 1


def _shown(value: float | str | None) -> str:
    return value if isinstance(value, str) else f"{value or 0:g}"
