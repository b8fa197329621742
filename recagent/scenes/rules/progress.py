"""How far a person is in a scene's series, and which editions of an item they have seen.

It says which parts may come now, in what order, and how many of a series on one list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """How many editions of a work and parts of a series one list may have.

    Attributes:
        works: the work of an item, by its id; a list has one edition of it.
        series: the names of an item's series, by its id; only of items in a series.
        most: the largest number of parts of a series on one list.
    """

    works: Mapping[str, str] = field(default_factory=dict[str, str])
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    most: int = 1


class Progress:
    """How far a person is in the series of a scene, and which works they have seen."""

    def __init__(self, catalogue: SceneCatalogue, *, scene: Scene, seen: frozenset[str]) -> None:
        """Takes the scene's catalogue and the ids of all that the person has an event on."""
        self.items = catalogue.items
        self._editions = catalogue.editions if scene.editions else alone
        rule = next((rule for rule in scene.rules if isinstance(rule, SeriesRule)), None)
        self._series = catalogue.series(rule, with_editions=scene.editions)
        self._seen = seen

    def with_editions(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Returns the ids of these items and of all their editions."""
        return frozenset(chain.from_iterable(map(self._editions, item_ids)))

    def seen_edition(self, item_id: str) -> Item | None:
        """Returns another edition of an item that the person has seen, if there is one."""
        others = (key for key in self._editions(item_id) if key in self._seen and key != item_id)
        return next((self.items[key] for key in others), None)

    @cached_property
    def waiting(self) -> frozenset[str]:
        """The ids of parts that have more unseen ones before them than a list has of a series."""
        waiting = self._series.waiting_for_newcomers
        for name in self._series.names(*self._seen_works):
            waiting -= frozenset(self._series.ids(name))
            waiting |= self._series.waiting(name, self._seen_works)
        return waiting

    def earlier(self, item_id: str) -> list[Work]:
        """Returns the unseen works before an item in its series, the first first."""
        before = self._series.before(item_id)
        return [work for work in before if self._seen_works.isdisjoint(work.ids)]

    def prerequisites(
        self, item_ids: Iterable[str], *, excluded: AbstractSet[str]
    ) -> dict[str, frozenset[str]]:
        """Returns the parts that must come before an item, by its id; only of items that wait.

        Args:
            item_ids: ids of the items.
            excluded: ids of what cannot come; another edition takes its place.
        """
        needed: dict[str, frozenset[str]] = {}
        for key in item_ids if self._series.limit > 1 else ():  # else what waits is left out
            if works := self.earlier(key):
                needed[key] = frozenset(
                    next((each for each in work.ids if each not in excluded), work.ids[0])
                    for work in works
                )
        return needed

    def limits(self, item_ids: Iterable[str]) -> SeriesLimits:
        """Returns how many of these items one list may have of a work and of a series."""
        ids = list(item_ids)
        editions = {key: self._editions(key) for key in ids}
        return SeriesLimits(
            works={key: works[0] for key, works in editions.items() if len(works) > 1},
            series={key: names for key in ids if (names := self._series.names(key))},
            most=self._series.limit,
        )

    def alike(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Returns the ids of all editions of these items, and of all parts of their series."""
        ids = frozenset(item_ids)
        parts = chain.from_iterable(map(self._series.ids, self._series.names(*ids)))
        return self.with_editions(ids).union(parts)

    def notes(self, excluded: AbstractSet[str]) -> list[LocalizedText]:
        """Returns what a reader should know; ``excluded``: ids that rules or constraints ban."""
        others = len(self._seen_works & self.items.keys() - self._seen)
        stuck = self._series.stuck(self._seen_works, excluded) if excluded else 0
        notes = [
            LocalizedText("other editions of items already seen, left out: {count}", count=others),
            LocalizedText(
                "series left out because their next part is not allowed: {count}", count=stuck
            ),
        ]
        return [note for note, count in zip(notes, (others, stuck), strict=True) if count]

    @cached_property
    def _seen_works(self) -> frozenset[str]:
        return self.with_editions(self._seen)
