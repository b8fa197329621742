"""A catalogue's series: which part comes before which, by an attribute or by the titles.

How far a person has come in them is ``progress``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from recagent.domain import Item, SeriesRule, Value
from recagent.scenes.titles import Position, read_title, series_position

Editions = Callable[[str], tuple[str, ...]]  # from an item's id to those of all its editions

_FIRST: Position = (1.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A part of a series: its position there, and the ids of its editions."""

    position: Position
    ids: tuple[str, ...]


class Series:
    """The series of a scene, by name, and which items belong to them."""

    def __init__(
        self, items: Mapping[str, Item], rule: SeriesRule | None, editions: Editions
    ) -> None:
        """Takes items by id and the scene's rule; without a rule there is no series."""
        group, order, self.limit = (rule.group, rule.order, rule.limit) if rule else ("", "", 1)
        self._names: dict[str, tuple[str, ...]] = {}  # by id of an item
        members: dict[str, list[Item]] = {}
        for item in items.values() if group else ():
            names = _texts(item.attributes.get(group))
            if names:
                self._names[item.id] = names
            for name in names:
                members.setdefault(name, []).append(item)
        self._ids = {name: [item.id for item in parts] for name, parts in members.items()}
        self._works = {name: _works(parts, order, editions) for name, parts in members.items()}

    def names(self, *item_ids: str) -> tuple[str, ...]:
        """Returns the names of the series of some items."""
        names = chain.from_iterable(self._names.get(key, ()) for key in item_ids)
        return tuple(dict.fromkeys(names))

    def ids(self, name: str) -> list[str]:
        """Returns the ids of all items of a series."""
        return self._ids[name]

    def before(self, item_id: str) -> list[Work]:
        """Returns the works that come before an item in its series, the first first."""
        before: list[Work] = []
        for name in self.names(item_id):
            works = self._works[name]
            position = next((work.position for work in works if item_id in work.ids), None)
            if position is not None:
                before += works[: bisect_left(works, position, key=lambda work: work.position)]
        return before

    def waiting(self, name: str, seen: frozenset[str]) -> frozenset[str]:
        """Returns the ids of parts with at least ``limit`` unseen ones before them."""
        waiting: set[str] = set()
        unseen: list[Work] = []
        for work in self._works[name]:
            if len(unseen) >= self.limit and unseen[self.limit - 1].position < work.position:
                waiting.update(work.ids)
            if seen.isdisjoint(work.ids):
                unseen.append(work)
        return frozenset(waiting)

    def stuck(self, seen: frozenset[str], excluded: AbstractSet[str]) -> int:
        """Returns of how many series the next part is excluded and a later one is not."""
        count = 0
        for works in self._works.values():
            unseen = [work for work in works if seen.isdisjoint(work.ids)]
            later = chain.from_iterable(work.ids for work in unseen[1:])
            count += bool(unseen) and excluded >= {*unseen[0].ids} and not excluded >= {*later}
        return count

    @cached_property
    def waiting_for_newcomers(self) -> frozenset[str]:
        """The ids of parts that wait for a person who has seen nothing."""
        return frozenset[str]().union(*(self.waiting(name, frozenset()) for name in self._works))


def alone(item_id: str) -> tuple[str, ...]:
    """Returns the item alone: the editions of an item where none are looked for."""
    return (item_id,)


def _works(items: list[Item], order: str, editions: Editions) -> list[Work]:
    """Returns the works of a series whose position is known, the first first."""
    by_id = {item.id: _position(item, order) for item in items}
    if not order:
        by_id |= _first_parts(items, by_id)
    positions: dict[tuple[str, ...], Position] = {}
    ids: dict[tuple[str, ...], list[str]] = {}
    for item_id, position in by_id.items():
        if position is not None:
            work = editions(item_id)
            positions[work] = min(position, positions.get(work, position))
            ids.setdefault(work, []).append(item_id)
    ordered = sorted(positions, key=lambda work: positions[work])
    return [Work(position=positions[work], ids=tuple(ids[work])) for work in ordered]


def _position(item: Item, order: str) -> Position | None:
    if order:
        return series_position(item.attributes.get(order))
    return read_title(item.title).position or None


def _first_parts(
    items: list[Item], positions: Mapping[str, Position | None]
) -> dict[str, Position]:
    """Returns position 1 for items without a number that are called like a numbered part."""
    bases = {read_title(item.title).base for item in items if positions[item.id] is not None}
    return {
        item.id: _FIRST
        for item in items
        if positions[item.id] is None and read_title(item.title).base in bases
    }


def _texts(value: Value | None) -> tuple[str, ...]:
    values = value if isinstance(value, tuple) else () if value is None else (str(value),)
    return tuple(dict.fromkeys(text.strip() for text in values if text.strip()))
