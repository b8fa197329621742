"""Which scene a list is of, where nobody named one: the one that has most of what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from recagent.chat.conversation import Wants
from recagent.chat.situation import Situation
from recagent.chat.talk import TurnContext
from recagent.domain import Constraint, Context, Item
from recagent.retrieval.query_matching import SceneText
from recagent.scenes.constraints import satisfies

_STAYING = 0.9  # of what the best scene has is enough to stay
_BESIDE = 0.5  # of what a scene has is worth naming another that has so much
_FITTING = 0.5  # grade of an item from which it answers a wish


def fitting_items(situation: Situation, context: Context, *, scene: str) -> frozenset[str]:
    """Ids of a scene's items that meet every constraint and answer the wish, where there is one."""
    answering = grades(situation.texts(scene), context.wish)
    return frozenset(
        key for key, item in situation.items[scene].items()
        if (key in answering or not context.wish) and _meets(item, context.constraints)
    )  # fmt: skip


def scenes_by_fit(situation: Situation, context: Context, *, k: int) -> dict[str, float]:
    """How much each scene has of what is wanted; the most first.

    That is up to ``k`` items that meet every constraint, each by how well it answers the wish,
    times the share of the scene's items that have what is wanted of them: comedies are looked for
    where most things are comedies, though other scenes have some. Titles that a model named for
    the wish count before its words.
    """
    if named := _named_by_model(situation, context):
        return dict(sorted(named.items(), key=lambda pair: -pair[1]))
    fits: dict[str, float] = {}
    for name, items in situation.items.items():
        able = [item for item in items.values() if _meets(item, context.constraints)]
        answering = grades(situation.texts(name), context.wish)
        worth = sorted((answering.get(item.id, 0.0) for item in able), reverse=True)[:k]
        enough = sum(worth) if context.wish else min(len(able), k)
        fits[name] = enough * _share(items, context)
    return dict(sorted(fits.items(), key=lambda pair: -pair[1]))


def _named_by_model(situation: Situation, context: Context) -> dict[str, float]:
    """How many of the titles that a model named each scene has; empty where none has any."""
    counts: dict[str, float] = {}
    for name, items in situation.items.items():
        found = {situation.titles(name).find(title) for title in context.titles or ()} - {""}
        counts[name] = sum(_meets(items[key], context.constraints) for key in found)
    return counts if any(counts.values()) else {}


def scenes_beside(situation: Situation, context: Context, *, k: int) -> list[str]:
    """Other scenes that have as much of what is wanted as this one, or nearly, the most first.

    None where nothing is wanted that items have or have not: then every scene has everything.
    """
    if not (context.wish or any(each.operator == "is" for each in context.constraints)):
        return []
    fits = scenes_by_fit(situation, context, k=k)
    here = fits.pop(situation.scene.name)
    return [name for name, fit in fits.items() if fit > 0 and fit >= _BESIDE * here]


def best_scene(
    situation: Situation, context: Context, *, k: int, barred: AbstractSet[str] = frozenset()
) -> str:
    """The scene for what is wanted: where the talk is, unless another has clearly more of it.

    Never one that is barred.
    """
    here = situation.scene.name
    if not (context.constraints or context.preferences or context.wish or here in barred):
        return here
    fits = scenes_by_fit(situation, context, k=k)
    allowed = [name for name in fits if name not in barred]
    best = allowed[0] if allowed else here
    return here if here not in barred and fits[here] >= _STAYING * fits[best] else best


def liked_scene(situation: Situation, liked: Iterable[str]) -> str | None:
    """The scene that has most of what somebody likes, the newest first; None of nothing."""
    items = filter(None, map(situation.item, reversed(tuple(liked))))
    most = Counter(item.scene for item in items).most_common(1)
    return most[0][0] if most else None


def _share(items: Mapping[str, Item], context: Context) -> float:
    """The share of items that have what is wanted of them, over all such values; 1 if none is."""
    wanted = [
        *(each for each in context.constraints if each.operator == "is"),
        *(each for each in context.preferences if each.operator in ("is", "at least", "at most")),
    ]
    wanted = [each for each in wanted if each.attribute != "id"]
    if not wanted:
        return 1.0
    met = sum(satisfies(item, each) for each in wanted for item in items.values())
    return met / (len(wanted) * max(1, len(items)))


async def suiting_situation(talk: TurnContext) -> Situation:
    """The situation in the scene that the person named, or else in the one that suits best."""
    situation, barred = await talk.situation(), talk.conversation.wants.barred_scenes
    if talk.conversation.named_scene is not None and talk.conversation.named_scene not in barred:
        return situation
    context = talk.context(situation, tells=lambda _: True)
    here = situation.scene.name
    if here not in barred and is_narrowed(talk) and fitting_items(situation, context, scene=here):
        return situation
    best = best_scene(situation, context, k=talk.k, barred=barred)
    is_first = not (talk.conversation.shown or talk.conversation.wants.listed)
    if is_first:  # nothing else says yet where it is to be looked
        best = liked_scene(situation, talk.conversation.liked) or best
    if best == situation.scene.name:
        return situation
    talk.conversation.scene = best
    return await talk.situation()


def is_narrowed(talk: TurnContext) -> bool:
    """Whether what is looked for is as it was when the last list was shown, but for limits."""
    before, now = talk.conversation.listed_wants, talk.conversation.wants
    return before is not None and _looked_for(before) == _looked_for(now) != ((), (), "")


def _looked_for(wants: Wants) -> tuple[tuple[Constraint, ...], tuple[str, ...], str]:
    return (
        tuple(each for each in wants.constraints if each.operator in ("is", "mentions")),
        wants.wishes,
        wants.whom,
    )


def _meets(item: Item, constraints: Sequence[Constraint]) -> bool:
    return all(satisfies(item, each) for each in constraints)


def grades(text: SceneText, wish: str) -> dict[str, float]:
    """How well the items that answer a wish do so, by id."""
    graded: Mapping[str, float] = text.matches(wish).grades if wish else {}
    return {key: grade for key, grade in graded.items() if grade >= _FITTING}
