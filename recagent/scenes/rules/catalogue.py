"""A scene's items, indexed by the values that rules and constraints read.

It is made once for a catalogue, so that a request compares values and not items; it holds nothing
of a person or a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    ModelRule,
    PathRule,
    PersonRule,
    RepeatRule,
    Rule,
    SeriesRule,
    Task,
    Value,
)
from recagent.domain.scenes import described_conditions
from recagent.scenes.constraints import blocked, satisfies
from recagent.scenes.editions import Editions
from recagent.scenes.rules.series import Series, alone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recagent.domain.arrays import Flags, Floats


OWN = frozenset({"", "id", "title", "text"})  # what every item has, and hardly two share


class SceneCatalogue:
    """The items of a scene, by id, indexed by the values that its rules read."""

    def __init__(self, items: Mapping[str, Item], rules: Sequence[Rule]) -> None:
        """Takes items by id and the scene's rules; everything is computed when it is first used."""
        self.items = items
        self.model_conditions = described_conditions(rules)
        self._rules = rules
        self._groups: dict[str, list[tuple[Item, list[str]]]] = {}
        self._numbers: dict[tuple[str, bool], Floats] = {}
        self._series: dict[tuple[SeriesRule | None, bool], Series] = {}

    @cached_property
    def editions(self) -> Editions:
        """The editions of each item."""
        return Editions(self.items)

    def series(self, rule: SeriesRule | None, *, with_editions: bool) -> Series:
        """Returns the series of a rule; without editions every item is a work by itself."""
        key = (rule, with_editions)
        if key not in self._series:
            editions = self.editions if with_editions else alone
            self._series[key] = Series(self.items, rule, editions)
        return self._series[key]

    @cached_property
    def always_excluded(self) -> frozenset[str]:
        """The ids of the items that break a constraint of the scene, whoever asks."""
        constraints = [rule for rule in self._rules if isinstance(rule, Constraint)]
        return blocked(self.items, constraints, by_model=self.model_conditions)

    @cached_property
    def for_preferences(self) -> SceneCatalogue:
        """The same items, of which preferences read all that a model's descriptions say."""
        names = frozenset[str]().union(*(item.model_attributes for item in self.items.values()))
        if names <= self.model_conditions:
            return self
        rule = ModelRule(attributes=tuple(sorted(names)))
        return SceneCatalogue(self.items, (rule,))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that a constraint can be on: all attributes, and what every item has."""
        described = frozenset[str]()
        if self.model_conditions:
            described = described.union(*(item.model_attributes for item in self.items.values()))
        in_data = OWN.union(*(item.attributes for item in self.items.values()))
        return in_data | (described & self.model_conditions)

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """Attributes that the rules read and no item has: most likely a mistyped name.

        Rules for a task without items do not count, nor do those of ``missing_consent``.
        """
        tasks = {None, *self.tasks.tolist()}
        return self._missing(
            rule
            for rule in self._rules
            if getattr(rule, "task", None) in tasks and not _is_consent(rule)
        )

    @cached_property
    def missing_consent(self) -> tuple[str, ...]:
        """Attributes by which people agree to be shown, where nobody has said anything yet."""
        people = "person" in self.tasks
        return self._missing(rule for rule in self._rules if people and _is_consent(rule))

    def _missing(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        names = dict.fromkeys(chain.from_iterable(map(_attributes_of, rules)))
        return tuple(name for name in names if name not in self.names)

    @cached_property
    def tasks(self) -> NDArray[np.str_]:
        """The items' tasks, (n,) str."""
        return np.asarray([item.task for item in self.items.values()], dtype=np.str_)

    def numbers(self, attribute: str, *, filled: bool = False) -> Floats:
        """Returns the values of an attribute, (n,) float64; NaN where an item has no number.

        With ``filled`` also those that cleaning filled in, which must only exclude.
        """
        if (attribute, filled) not in self._numbers:
            values = (
                item.attributes.get(
                    attribute, item.filled_attributes.get(attribute) if filled else None
                )
                for item in self.items.values()
            )
            self._numbers[attribute, filled] = np.fromiter(map(number, values), np.float64)
        return self._numbers[attribute, filled]

    def value(self, item: Item, attribute: str) -> Value | None:
        """Returns what constraints read: the data's value, or a model's where that may count."""
        described = attribute in self.model_conditions
        other = item.model_attributes.get(attribute) if described else None
        return item.attributes.get(attribute, other)

    def values(self, attribute: str) -> list[Item]:
        """Returns one item for each value of the attribute in each task."""
        return [item for item, _ in self._by(attribute)]

    def breaking(self, constraint: Constraint) -> frozenset[str]:
        """Returns the ids of the items that break a constraint."""
        groups = self._by(constraint.attribute)
        broken = (ids for item, ids in groups if not self.satisfies(item, constraint))
        return frozenset(chain.from_iterable(broken))

    def satisfies(self, item: Item, constraint: Constraint) -> bool:
        """Whether an item satisfies a constraint, as far as the scene lets it."""
        return satisfies(item, constraint, by_model=self.model_conditions)

    def ids_where(self, mask: Flags) -> frozenset[str]:
        """Returns the ids of the items where a mask, (n,) bool, is true."""
        rows: list[int] = np.flatnonzero(mask).tolist()
        return frozenset(self._ids[row] for row in rows)

    def of_other_tasks(self, tasks: Sequence[Task]) -> frozenset[str]:
        """Returns the ids of the items of none of these tasks."""
        return self.ids_where(~np.isin(self.tasks, tasks))

    @cached_property
    def _ids(self) -> list[str]:
        return list(self.items)

    def _by(self, attribute: str) -> list[tuple[Item, list[str]]]:
        """Returns one item of each value and task, and the ids of all items with these."""
        if attribute not in self._groups:
            groups: dict[object, tuple[Item, list[str]]] = {}
            for key, item in self.items.items():
                value = key if attribute in OWN else self.value(item, attribute)
                # 1, 1.0 and True are equal as keys, and not as texts.
                group = (item.task, type(value), value)
                groups.setdefault(group, (item, []))[1].append(key)
            self._groups[attribute] = list(groups.values())
        return self._groups[attribute]


def _is_consent(rule: Rule) -> bool:
    """Whether a rule is an ``opt_in``; in a new scene it is right that nobody has said yes."""
    return isinstance(rule, Constraint) and rule.task == "person" and rule.value is True


def _attributes_of(rule: Rule) -> tuple[str, ...]:
    """Returns the attributes of items that a rule reads."""
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
        case ModelRule():
            return rule.attributes
        case RepeatRule():
            return ()


def number(value: Value | None) -> float:
    """Returns a number, also one written as text; NaN for another value."""
    try:
        return float(value) if isinstance(value, int | float | str) else np.nan
    except ValueError:
        return np.nan
