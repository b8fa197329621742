"""A scene's items by what rules read of them, so that a request looks at values and not at items.

It is made once for a catalogue, and holds nothing of a person or a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import (
    AgeRule,
    Constraint,
    DistanceRule,
    FreshRule,
    Item,
    PathRule,
    PersonRule,
    RepeatRule,
    Rule,
    SeriesRule,
    Task,
    Value,
)
from recagent.scenes.constraints import blocked, satisfies
from recagent.scenes.editions import Editions
from recagent.scenes.rules.series import Series, alone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recagent.domain.arrays import Flags, Floats


OWN = frozenset({"", "id", "title", "text"})  # what hardly two items share


class SceneCatalogue:
    """The items of a scene, by id, indexed by the values that its rules read."""

    def __init__(self, items: Mapping[str, Item], rules: Sequence[Rule]) -> None:
        """Nothing is read before it is asked for."""
        self.items = items
        self._rules = rules
        self._groups: dict[str, list[tuple[Item, list[str]]]] = {}
        self._numbers: dict[str, Floats] = {}
        self._series: dict[tuple[SeriesRule, bool], Series] = {}

    @cached_property
    def editions(self) -> Editions:
        """Which items are one work."""
        return Editions(self.items)

    def series(self, rule: SeriesRule, *, with_editions: bool) -> Series:
        """The series that a rule tells of; without editions every item is a work of its own."""
        key = (rule, with_editions)
        if key not in self._series:
            editions = self.editions if with_editions else alone
            self._series[key] = Series(self.items, rule, editions)
        return self._series[key]

    @cached_property
    def always_excluded(self) -> frozenset[str]:
        """Ids of what is kept away from everybody: it breaks a constraint of the scene."""
        return blocked(self.items, [rule for rule in self._rules if isinstance(rule, Constraint)])

    @cached_property
    def names(self) -> frozenset[str]:
        """What a constraint can be on: the attributes that an item has, and what all have."""
        return OWN.union(*(item.attributes for item in self.items.values()))

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """Attributes that the rules read and no item has: a name that is mistyped, most likely.

        Rules for a task that no item is of are left alone, and so are those of ``untold``.
        """
        tasks = {None, *self.tasks.tolist()}
        rules = [
            rule for rule in self._rules
            if getattr(rule, "task", None) in tasks and not _is_consent(rule)
        ]  # fmt: skip
        return self._missing(rules)

    @cached_property
    def untold(self) -> tuple[str, ...]:
        """What nobody says yet of those attributes by which people agree to be shown."""
        people = "person" in self.tasks
        return self._missing([rule for rule in self._rules if people and _is_consent(rule)])

    def _missing(self, rules: Sequence[Rule]) -> tuple[str, ...]:
        wanted = dict.fromkeys(chain.from_iterable(map(_read_by, rules)))
        return tuple(name for name in wanted if name not in self.names)

    @cached_property
    def tasks(self) -> NDArray[np.str_]:
        """(n,) the items' tasks."""
        return np.asarray([item.task for item in self.items.values()], dtype=np.str_)

    def numbers(self, attribute: str) -> Floats:
        """(n,) float64 of an attribute; NaN where an item has none, or no number."""
        if attribute not in self._numbers:
            values = (item.attributes.get(attribute) for item in self.items.values())
            self._numbers[attribute] = np.fromiter(map(number, values), np.float64)
        return self._numbers[attribute]

    def values(self, attribute: str) -> list[Item]:
        """An item for each value that the attribute has, in each task."""
        return [item for item, _ in self._by(attribute)]

    def breaking(self, constraint: Constraint) -> frozenset[str]:
        """Ids of the items that break a constraint."""
        return frozenset(
            chain.from_iterable(
                ids
                for item, ids in self._by(constraint.attribute)
                if not satisfies(item, constraint)
            )
        )

    def where(self, chosen: Flags) -> frozenset[str]:
        """Ids of the items that are chosen, (n,)."""
        ids = self._ids
        places: list[int] = np.flatnonzero(chosen).tolist()
        return frozenset(ids[at] for at in places)

    def of_other_tasks(self, tasks: Sequence[Task]) -> frozenset[str]:
        """Ids of the items of none of these tasks."""
        return self.where(~np.isin(self.tasks, tasks))

    @cached_property
    def _ids(self) -> list[str]:
        return list(self.items)

    def _by(self, attribute: str) -> list[tuple[Item, list[str]]]:
        """One of the items of each value and task, and the ids of all of them."""
        if attribute not in self._groups:
            groups: dict[object, tuple[Item, list[str]]] = {}
            for key, item in self.items.items():
                value = key if attribute in OWN else item.attributes.get(attribute)
                # 1, 1.0 and True are equal as keys, and not as texts.
                same = (item.task, type(value), value)
                groups.setdefault(same, (item, []))[1].append(key)
            self._groups[attribute] = list(groups.values())
        return self._groups[attribute]


def _is_consent(rule: Rule) -> bool:
    """Whether a rule is an ``opt_in``: in a new scene nobody has said yes, and nothing is wrong."""
    return isinstance(rule, Constraint) and rule.task == "person" and rule.value is True


def _read_by(rule: Rule) -> tuple[str, ...]:
    match rule:
        case Constraint() | PersonRule() | FreshRule():
            return (rule.attribute,)
        case AgeRule():
            return (rule.age,)
        case DistanceRule():
            return (rule.latitude, rule.longitude)
        case PathRule():
            return (rule.prerequisites,)
        case SeriesRule():
            return (rule.group, rule.order) if rule.order else (rule.group,)
        case RepeatRule():
            return ()


def number(value: Value | None) -> float:
    """A number, or a text that is one; NaN for another value."""
    try:
        return float(value) if isinstance(value, int | float | str) else np.nan
    except ValueError:
        return np.nan
