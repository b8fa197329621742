"""Which items have all that the person would rather have, and answer the wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recagent.chat.conversation import Wants
from recagent.chat.scene_choice import grades
from recagent.chat.situation import Situation
from recagent.domain import Constraint, Context, Item
from recagent.scenes.constraints import satisfies

_SEVERAL = 4  # values said in the same words, beyond which each is enough: they are of one kind
_MOST = 500  # items that a list is chosen from


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What is asked of items softly, and how much of it each has.

    Attributes:
        soft: what would rather be; what was said in the same words is one thing.
        answering: how well items answer the wish, by id; None without one.
        likes: how many people like an item, by id.
    """

    soft: tuple[tuple[Constraint, ...], ...]
    answering: Mapping[str, float] | None
    likes: Mapping[str, int]

    @classmethod
    def of(cls, situation: Situation, context: Context, wants: Wants) -> Fitting:
        """What is asked in a situation."""
        groups: dict[str, list[Constraint]] = {}
        for each in context.preferences:
            groups.setdefault(each.words or repr(each), []).append(each)
        answering = None
        if wants.wishes:
            titles = situation.titles(situation.scene.name)
            named = {titles.find(title): 1.0 for title in wants.titles or ()}
            answering = {**grades(situation.texts(situation.scene.name), context.wish), **named}
        return cls(
            soft=tuple(map(tuple, groups.values())), answering=answering, likes=situation.likes
        )

    @property
    def total(self) -> int:
        """How many things are asked."""
        return len(self.soft) + (self.answering is not None)

    def met(self, item: Item) -> int:
        """How many of them an item has."""
        return sum(_has(item, group) for group in self.soft) + (item.id in (self.answering or ()))

    def best(self, items: Sequence[Item], *, k: int) -> tuple[str, ...]:
        """Ids of the ``k`` or more items that have most of it, of those that have any.

        Empty where that leaves no choice.
        """
        met = {item.id: self.met(item) for item in items}
        least = max([1, *sorted(met.values(), reverse=True)[:k][-1:]])
        chosen = [key for key, count in met.items() if count >= least]
        if len(chosen) == len(items):
            return ()
        answering = self.answering or {}
        chosen.sort(key=lambda key: (-met[key], -answering.get(key, 0), -self.likes.get(key, 0)))
        return tuple(chosen[:_MOST])


def _has(item: Item, group: Sequence[Constraint]) -> bool:
    """Whether an item has what was said in the same words; of several values one is enough."""
    met = [satisfies(item, each, by_model=item.model_attributes) for each in group]
    is_either = len(group) > _SEVERAL or all(each.operator in ("is", "mentions") for each in group)
    return any(met) if is_either else all(met)
