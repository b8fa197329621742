"""Which of the ranked items make the slate, where a scene mixes tasks or has prerequisites.

Pure functions over what has been scored; what may not come at all has been excluded before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import TYPE_CHECKING

from recagent.domain import Item, Task
from recagent.scenes.rules import SeriesLimits

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


Prerequisites = Mapping[str, AbstractSet[str]]

NO_QUOTAS: Mapping[Task, int] = MappingProxyType({})
_NO_PREREQUISITES: Prerequisites = MappingProxyType({})
_NO_LIMITS = SeriesLimits()


def apportion(quotas: Mapping[Task, int], *, size: int) -> dict[Task, int]:
    """Returns how many of ``size`` places each task has, by largest remainder; sums to ``size``.

    Of equal remainders the one that is declared first gets the place.

    Source: the method of Hamilton, as in Balinski, Young, "Fair representation", 1982.
    """
    total = sum(quotas.values())
    exact: dict[Task, float] = {task: size * share / total for task, share in quotas.items()}
    places: dict[Task, int] = {task: math.floor(number) for task, number in exact.items()}
    left = size - sum(places.values())
    for task in sorted(exact, key=lambda task: places[task] - exact[task])[:left]:
        places[task] += 1
    return places


def arrange(
    order: Sequence[int],
    items: Sequence[Item],
    *,
    k: int,
    quotas: Mapping[Task, int] = NO_QUOTAS,
    prerequisites: Prerequisites = _NO_PREREQUISITES,
    limits: SeriesLimits = _NO_LIMITS,
    lead: Sequence[float] | Floats = (),
) -> list[int]:
    """Returns up to ``k`` of the positions in ``order``, as they are to be shown.

    The best come first. Each task gets its places, and what one cannot fill goes to the best that
    are left. What an item needs comes before it, and an item of which something is not among
    ``items``, or does not fit any more, is left out. So is what is one too many of its series, or
    another edition of what is there.

    Args:
        order: positions in ``items``, best first.
        items: what was ranked.
        k: at most so many.
        quotas: shares of the tasks; all are alike without any.
        prerequisites: ids that an item needs before it; of those that need any.
        limits: what there may be once, or a few times.
        lead: of the items, by position: those above zero answer a wish, and no share of a task
            puts them behind the others.
    """
    slate = _SlateFiller(order, items, k=k, prerequisites=prerequisites, limits=limits)
    answering = [at for at in order if len(lead) and lead[at] > 0]
    for part in (answering, order):
        if quotas:
            slate.take(part, shares=apportion(quotas, size=k))
        slate.take(part, shares=None)
    return slate.chosen


class _SlateFiller:
    """A slate that is being filled."""

    def __init__(
        self,
        order: Sequence[int],
        items: Sequence[Item],
        *,
        k: int,
        prerequisites: Prerequisites,
        limits: SeriesLimits,
    ) -> None:
        self._items = items
        self._limits = limits
        self._works: set[str] = set()
        self._series: Counter[str] = Counter()
        self._k = k
        self._prerequisites = prerequisites
        self._at = {items[at].id: at for at in order}
        self.chosen: list[int] = []

    def take(self, order: Sequence[int], *, shares: Mapping[Task, int] | None) -> None:
        """Go through the order once and take what fits, each with all that it needs."""
        for at in order:
            if len(self.chosen) == self._k:
                return
            if at in self.chosen:
                continue
            steps = self._steps(at, above=())
            if steps is None:
                continue
            steps = self._within_limits(steps[: self._k - len(self.chosen)])
            if shares is None or self._has_room(steps, shares):
                self._choose(steps)

    def _has_room(self, steps: Sequence[int], shares: Mapping[Task, int]) -> bool:
        tasks: list[Task] = [self._items[at].task for at in (*self.chosen, *steps)]
        # Of another task there may be more than its share, by the wish.
        added: set[Task] = {self._items[at].task for at in steps}
        return all(tasks.count(task) <= shares.get(task, 0) for task in added)

    def _choose(self, steps: Sequence[int]) -> None:
        self.chosen += steps
        for at in steps:
            key = self._items[at].id
            self._series.update(self._limits.series.get(key, ()))
            if key in self._limits.works:
                self._works.add(self._limits.works[key])

    def _within_limits(self, steps: Sequence[int]) -> list[int]:
        """The first of the steps, up to one of which there is enough already."""
        limits, works, series = self._limits, set(self._works), self._series.copy()
        for done, at in enumerate(steps):
            key = self._items[at].id
            series.update(limits.series.get(key, ()))
            is_over = any(series[name] > limits.most for name in limits.series.get(key, ()))
            if is_over or limits.works.get(key) in works:
                return [*steps[:done]]
            if key in limits.works:
                works.add(limits.works[key])
        return [*steps]

    def _steps(self, at: int, *, above: tuple[int, ...]) -> list[int] | None:
        """The position with all before it that it needs and that is not chosen yet.

        None where something is not there, or needs itself.
        """
        if at in above:
            return None
        steps: list[int] = []
        wanted = self._prerequisites.get(self._items[at].id, ())
        for key in sorted(wanted, key=lambda key: self._at.get(key, -1)):
            if self._limits.works.get(key) in self._works:  # another edition is there already
                continue
            if key not in self._at:
                return None
            before = self._steps(self._at[key], above=(*above, at))
            if before is None:
                return None
            steps += [step for step in before if step not in steps]
        return [step for step in (*steps, at) if step not in self.chosen]
