"""How far a person is in a scene's series, and of which works they have met an edition.

What of it may come now, in what order, and how much of it on one list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from recagent.domain import Item, Scene, SeriesRule
from recagent.locale import LocalizedText
from recagent.scenes.rules.catalogue import SceneCatalogue
from recagent.scenes.rules.series import Work, alone


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLimits:
    """What one list has once, or a few times.

    Attributes:
        works: the work of an item, by its id; one of its editions is listed.
        series: the series of an item, by its id; of those that are in any.
        most: parts of a series on one list.
    """

    works: Mapping[str, str] = field(default_factory=dict[str, str])
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    most: int = 1


class Progress:
    """What of series and editions a person has been through, in a scene."""

    def __init__(self, catalogue: SceneCatalogue, *, scene: Scene, seen: frozenset[str]) -> None:
        """``seen``: ids of all that the person has any event on."""
        self.items = catalogue.items
        self._editions = catalogue.editions if scene.editions else alone
        rule = next((rule for rule in scene.rules if isinstance(rule, SeriesRule)), None)
        self._series = catalogue.series(rule, with_editions=scene.editions) if rule else None
        self._most = rule.limit if rule else 1
        self._seen = seen

    def with_editions(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Ids of these items and of all their editions."""
        return frozenset(chain.from_iterable(map(self._editions, item_ids)))

    def seen_edition(self, item_id: str) -> Item | None:
        """Another edition of an item, that the person has met; None where there is none."""
        others = (key for key in self._editions(item_id) if key in self._seen and key != item_id)
        return next((self.items[key] for key in others), None)

    @cached_property
    def waiting(self) -> frozenset[str]:
        """Ids of parts that have more unmet ones before them than a list takes of a series."""
        if self._series is None:
            return frozenset()
        waiting, met = self._series.waiting_for_strangers, self._met
        for name in self._series.begun(met):
            waiting -= frozenset(self._series.ids(name))
            waiting |= self._series.waiting(name, met)
        return waiting

    def earlier(self, item_id: str) -> list[Work]:
        """The works before an item in its series that the person has not met, the first first."""
        return [
            work
            for name in self._names(item_id)
            for work in self._parts(name, item_id)
            if self._met.isdisjoint(work.ids)
        ]

    def prerequisites(
        self, item_ids: Iterable[str], *, excluded: AbstractSet[str]
    ) -> dict[str, frozenset[str]]:
        """By id of an item, the parts that come before it; of those that wait for any.

        Args:
            item_ids: of the items.
            excluded: what cannot come; another edition takes its place.
        """
        needed: dict[str, frozenset[str]] = {}
        for key in item_ids if self._most > 1 else ():  # else what waits is left out
            works = [
                next((each for each in work.ids if each not in excluded), work.ids[0])
                for work in self.earlier(key)
            ]
            if works:
                needed[key] = frozenset(works)
        return needed

    def limits(self, item_ids: Iterable[str]) -> SeriesLimits:
        """What of these items one list has once, or a few times."""
        works: dict[str, str] = {}
        series: dict[str, tuple[str, ...]] = {}
        for key in item_ids:
            editions = self._editions(key)
            if len(editions) > 1:
                works[key] = editions[0]
            if names := self._names(key):
                series[key] = names
        return SeriesLimits(works=works, series=series, most=self._most)

    def alike(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Ids of all editions of these items, and of all that is in a series with one of them."""
        ids = frozenset(item_ids)
        names = {name for key in ids for name in self._names(key)}
        parts = chain.from_iterable(self._ids(name) for name in names)
        return self.with_editions(ids).union(parts)

    def notes(self, excluded: AbstractSet[str]) -> list[LocalizedText]:
        """What a reader should know; ``excluded``: ids of what rules and constraints keep away."""
        notes: list[LocalizedText] = []
        if others := len(self._met & self.items.keys() - self._seen):
            notes.append(
                LocalizedText(
                    "left out as other editions of what the person has met: {count}", count=others
                )
            )
        if self._series and excluded:
            stuck = self._series.stuck(self._met, excluded)
            if stuck:
                notes.append(
                    LocalizedText(
                        "series left out because their next part is kept away: {count}", count=stuck
                    )
                )
        return notes

    @cached_property
    def _met(self) -> frozenset[str]:
        return self.with_editions(self._seen)

    def _names(self, item_id: str) -> tuple[str, ...]:
        return self._series.names.get(item_id, ()) if self._series else ()

    def _parts(self, name: str, item_id: str) -> Sequence[Work]:
        return self._series.before(name, item_id) if self._series else ()

    def _ids(self, name: str) -> Sequence[str]:
        return self._series.ids(name) if self._series else ()
