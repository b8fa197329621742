"""What ties an item to what a person liked, and which of these ties are told.

A tie is a liked item that shares values with an item, or whose people liked it too. How much it
says is in nats: of values by how rare they are, of people by how many more there are than of two
items that have nothing to do with each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import attrgetter

from recagent.domain import Item
from recagent.profiles.informative_values import Trait
from recagent.retrieval.interactions import Interactions

FEW_PEOPLE = 5  # below this, people in common are chance, and a count would tell of single ones
_MAX_VALUES = 2  # shared values in one reason
_COMMON = math.log(20)  # weight of a value that a twentieth of a scene's items have
_SECOND = 0.5  # of what a second value weighs: those of an attribute often come together
_LEAST_LIFT = 1.1  # times as many people in common as by chance, less one standard error
_LEAST_SHARE = 0.1  # of the people of a liked item; fewer say little, however rare the item


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A liked item that speaks for an item.

    Attributes:
        liked: the liked item.
        nats: how much it says.
        on_lists: the same where a person reads a list: one value that many items have counts half,
            and people in common count for more where the two items share values too.
        attribute: of which both have the values; empty of people in common.
        values: one or two.
        count: people who liked both.
    """

    liked: Item
    nats: float
    on_lists: float
    attribute: str = ""
    values: tuple[str, ...] = ()
    count: int = 0


Choice = Callable[[Sequence[Sequence[Tie]], AbstractSet[int], Mapping[str, float]], list[list[Tie]]]


def alike(
    item: Item,
    liked: Iterable[tuple[Item, AbstractSet[Trait]]],
    *,
    traits: Mapping[Trait, float],
    least: float,
) -> Iterator[Tie]:
    """Yields the liked items that share values with an item.

    One or two values of the same attribute count, where together they weigh more than ``least``.

    Args:
        item: the item.
        liked: items with all their values, newest first.
        traits: the item's values that may be told, with their weights.
        least: nats.
    """
    for other, theirs in liked:
        if other.id == item.id or (rarest := _rarest(theirs, traits, least)) is None:
            continue
        attribute, values = rarest
        nats = _weight([traits[attribute, value] for value in values])
        is_common = len(values) == 1 and nats <= _COMMON
        yield Tie(
            liked=other, nats=nats, on_lists=nats / 2 if is_common else nats,
            attribute=attribute, values=values,
        )  # fmt: skip


def liked_by_the_same(
    item: Item,
    liked: Iterable[tuple[Item, AbstractSet[Trait]]],
    *,
    traits: Mapping[Trait, float],
    crowd: Iterable[int],
    behaviour: Interactions,
) -> Iterator[Tie]:
    """Yields the liked items whose people liked an item above chance.

    Args:
        item: the item.
        liked: as for ``alike``.
        traits: as for ``alike``.
        crowd: for each liked item, how many people liked both.
        behaviour: counts of likes.
    """
    for (other, theirs), count in zip(liked, crowd, strict=True):
        base = behaviour.likes.get(other.id, 0)
        if count < max(FEW_PEOPLE, _LEAST_SHARE * base) or other.id == item.id:
            continue
        by_chance = base * behaviour.likes[item.id] / behaviour.people
        lift = (count - math.sqrt(count)) / by_chance
        if lift < _LEAST_LIFT:
            continue
        nats, shared = math.log(lift), _rarest(theirs, traits, 0.0)
        added = _weight([traits[shared[0], value] for value in shared[1]]) if shared else 0.0
        yield Tie(liked=other, nats=nats, on_lists=nats + _SECOND * added, count=count)


def in_order(
    ties: Sequence[Sequence[Tie]], rows: AbstractSet[int], weights: Mapping[str, float]
) -> list[list[Tie]]:
    """Returns the strongest tie of each kind for every item, one item after the other.

    A liked item counts less that was the main reason for an item before.

    Args:
        ties: of each item.
        rows: items whose main reason is a tie.
        weights: of the liked items, 0 to 1, by id.
    """
    cited: Counter[str] = Counter()
    worth = _worth(attrgetter("nats"), weights, cited)
    chosen: list[list[Tie]] = []
    for row, own in enumerate(ties):
        best = _strongest(own, worth)
        cited.update(tie.liked.id for tie in best[:1] if row in rows)
        chosen.append(best)
    return chosen


def together(
    ties: Sequence[Sequence[Tie]], rows: AbstractSet[int], weights: Mapping[str, float]
) -> list[list[Tie]]:
    """Returns the same for a list that a person reads: its main reasons are chosen together.

    Items that would lose most by another liked item choose first. A liked item that is a main
    reason counts less as the second one of its item too.
    """
    cited: Counter[str] = Counter()
    worth = _worth(attrgetter("on_lists"), weights, cited)

    def loss(row: int) -> float:
        best: dict[str, float] = {}
        for tie in ties[row]:
            best[tie.liked.id] = max(worth(tie), best.get(tie.liked.id, 0.0))
        first, second, *_ = sorted([*best.values(), 0.0, 0.0], reverse=True)
        return first - second

    chosen: list[list[Tie]] = [[] for _ in ties]
    for row in sorted(range(len(ties)), key=loss, reverse=True):
        best = _strongest(ties[row], worth)
        cited.update(tie.liked.id for tie in best[:1] if row in rows)
        others = [tie for tie in ties[row] if bool(tie.values) != bool(best[0].values)]
        chosen[row] = [*best[:1], *([max(others, key=worth)] if others else [])]
    return chosen


def _worth(
    nats: Callable[[Tie], float], weights: Mapping[str, float], cited: Counter[str]
) -> Callable[[Tie], float]:
    """Returns what a tie is worth: less of an old or weak like, and when cited."""
    return lambda tie: nats(tie) * (1 + weights[tie.liked.id]) / 2 / (1 + cited[tie.liked.id])


def _strongest(ties: Sequence[Tie], worth: Callable[[Tie], float]) -> list[Tie]:
    """Returns the best tie by values and the best by people, the better first."""
    kinds = ([tie for tie in ties if tie.values], [tie for tie in ties if not tie.values])
    best = [max(kind, key=worth) for kind in kinds if kind]
    return sorted(best, key=worth, reverse=True)


def _rarest(
    theirs: AbstractSet[Trait], traits: Mapping[Trait, float], least: float
) -> tuple[str, tuple[str, ...]] | None:
    """Returns the attribute and its one or two shared values that fewest items have."""
    by_name: dict[str, list[Trait]] = {}
    for trait in traits:
        if trait in theirs:
            by_name.setdefault(trait[0], []).append(trait)
    best: tuple[str, tuple[str, ...]] | None = None
    most = least
    for name, shared in by_name.items():
        rare = sorted(shared, key=lambda trait: -traits[trait])[:_MAX_VALUES]
        weight = sum(traits[trait] for trait in rare)
        if weight > most:
            best, most = (name, tuple(text for _, text in shared if (name, text) in rare)), weight
    return best


def _weight(weights: Sequence[float]) -> float:
    """Of one or two shared values."""
    rarest, *others = sorted(weights, reverse=True)
    return rarest + _SECOND * sum(others)
