"""A catalogue's series: which part comes before which, as far as attributes or titles tell it.

It holds nothing of a person: how far one has come is ``progress``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from recagent.domain import Item, SeriesRule, Value
from recagent.scenes.editions import Place, place_of, read

Editions = Callable[[str], tuple[str, ...]]  # ids of all editions of a work, by that of one

_FIRST: Place = (1.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A part of a series: its place there, and the ids of its editions."""

    place: Place
    ids: tuple[str, ...]


class Series:
    """The series of a scene, by name, and which items belong to them."""

    def __init__(self, items: Mapping[str, Item], rule: SeriesRule, editions: Editions) -> None:
        """``editions``: of the items, which are one work."""
        self._limit = rule.limit
        self.names: dict[str, tuple[str, ...]] = {}  # by id of an item
        members: dict[str, list[Item]] = {}
        for item in items.values():
            names = _texts(item.attributes.get(rule.group))
            if names:
                self.names[item.id] = names
            for name in names:
                members.setdefault(name, []).append(item)
        self._members = {name: [item.id for item in own] for name, own in members.items()}
        self._works = {name: _works(own, rule.order, editions) for name, own in members.items()}

    def before(self, name: str, item_id: str) -> list[Work]:
        """The works that come before an item in a series of it, the first first."""
        works = self._works[name]
        place = next((work.place for work in works if item_id in work.ids), None)
        end = 0 if place is None else bisect_left(works, place, key=lambda work: work.place)
        return works[:end]

    def waiting(self, name: str, met: frozenset[str]) -> frozenset[str]:
        """Ids of a series' parts that have more unmet ones before them than a list has places."""
        found: set[str] = set()
        unmet: list[Work] = []
        for work in self._works[name]:
            if len(unmet) >= self._limit and unmet[self._limit - 1].place < work.place:
                found.update(work.ids)
            if met.isdisjoint(work.ids):
                unmet.append(work)
        return frozenset(found)

    def stuck(self, met: frozenset[str], excluded: AbstractSet[str]) -> int:
        """Of how many series the next part cannot come, and later ones could."""
        count = 0
        for works in self._works.values():
            left = [work for work in works if met.isdisjoint(work.ids)]
            later = chain.from_iterable(work.ids for work in left[1:])
            count += bool(left) and excluded >= {*left[0].ids} and not excluded >= {*later}
        return count

    def begun(self, met: frozenset[str]) -> set[str]:
        """Names of the series of some items."""
        return {name for key in met for name in self.names.get(key, ())}

    def ids(self, name: str) -> list[str]:
        """Of all items of a series."""
        return self._members[name]

    @cached_property
    def waiting_for_strangers(self) -> frozenset[str]:
        """Ids of what waits for somebody who has met nothing."""
        return frozenset[str]().union(*(self.waiting(name, frozenset()) for name in self._works))


def alone(item_id: str) -> tuple[str, ...]:
    """The editions of an item where none are looked for: itself."""
    return (item_id,)


def _works(items: list[Item], order: str, editions: Editions) -> list[Work]:
    """The works of a series whose place is told, the first first."""
    places: dict[tuple[str, ...], Place] = {}
    told = {item.id: _place(item, order) for item in items}
    if not order:
        told |= _unnumbered(items, told)
    ids: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        place, work = told[item.id], editions(item.id)
        if place is not None:
            places[work] = min(place, places.get(work, place))
            ids.setdefault(work, []).append(item.id)
    ordered = sorted(places, key=lambda work: places[work])
    return [Work(place=places[work], ids=tuple(ids[work])) for work in ordered]


def _place(item: Item, order: str) -> Place | None:
    return place_of(item.attributes.get(order)) if order else read(item.title).place or None


def _unnumbered(items: list[Item], told: Mapping[str, Place | None]) -> dict[str, Place]:
    """The first part where the others are numbered and have its name; no others are told."""
    bases = {read(item.title).base for item in items if told[item.id] is not None}
    return {
        item.id: _FIRST
        for item in items
        if told[item.id] is None and read(item.title).base in bases
    }


def _texts(value: Value | None) -> tuple[str, ...]:
    values = value if isinstance(value, tuple) else () if value is None else (str(value),)
    return tuple(dict.fromkeys(text.strip() for text in values if text.strip()))
