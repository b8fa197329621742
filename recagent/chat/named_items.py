"""The items that the last turns name, also by a part of their title: a model is told of them."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.chat.situation import Situation
from recagent.domain import Item

MOST_NAMED = 6
_TURNS = 2  # of the person before this one


def items_named(turns: Sequence[str], situation: Situation) -> list[Item]:
    """The items of any scene that turns name, those of the last turn first, of it the surest.

    Not those of the list that was shown last.
    """
    shown = {item.id for item in situation.reference.slate}
    found: dict[str, Item] = {}
    for turn in reversed(turns[-1 - _TURNS :]):
        exact = [each.item for each in situation.reference.named(turn) if each.item is not None]
        for item in (*exact, *_partly(turn, situation)):
            if item.id not in shown:
                found.setdefault(item.id, item)
    return list(found.values())[:MOST_NAMED]


def _partly(turn: str, situation: Situation) -> list[Item]:
    graded = [
        (grade, situation.items[name][key])
        for name in dict.fromkeys((situation.scene.name, *situation.items))
        for key, grade in situation.title_words(name).named_in(turn).items()
    ]
    return [item for _, item in sorted(graded, key=lambda pair: -pair[0])[:MOST_NAMED]]
