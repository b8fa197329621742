"""The sequence model of a catalogue's events: ids and events in, vectors by id out.

How it is trained is ``sequence``, with item numbers; whether it is kept is ``fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import EARLIEST_CLOCK, Event, RatingScale
from recagent.ports import ItemIndex
from recagent.profiles.building import is_liked
from recagent.retrieval import FactorVectors, SequenceModel, SequenceWeights
from recagent.training.sequence import Epoch, SequenceSettings, narrowed, train

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


LARGE = 10_000  # items, from which on vectors are twice as wide
_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Titles:
    """The catalogue as training sees it: ids by scene, and (n, m) unit rows of their texts."""

    scenes: Mapping[str, Sequence[str]]
    vectors: Matrix

    @property
    def ids(self) -> list[str]:
        """(n,) in the order of the rows."""
        return [key for own in self.scenes.values() for key in own]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NextItemModel:
    """A trained model: ``weights``, and (n, d) unit rows ``vectors`` of the items of ``titles``."""

    weights: SequenceWeights
    vectors: Matrix
    titles: Titles

    def source(self) -> SequenceModel:
        """The source that it makes, held in memory."""
        held = FactorVectors(self.titles.ids, self.vectors, scenes=self.titles.scenes)
        return SequenceModel(held, lambda: self.weights)

    def of(self, scene: str) -> tuple[list[str], Matrix]:
        """Ids and vectors of a scene's items."""
        rows = {key: row for row, key in enumerate(self.titles.ids)}
        ids = list(self.titles.scenes.get(scene, ()))
        return ids, self.vectors[[rows[key] for key in ids]]


async def titles_of(index: ItemIndex) -> Titles:
    """All that is indexed."""
    scenes = {name: list(await index.items(name)) for name in await index.scenes()}
    rows = [await index.vectors(name, ids=ids) for name, ids in scenes.items()]
    return Titles(scenes=scenes, vectors=np.concatenate(rows))


def trained(
    events: Sequence[Event],
    *,
    scale: RatingScale,
    titles: Titles,
    progress: Callable[[Epoch], None],
) -> NextItemModel:
    """A model of what everybody liked next, in all scenes together.

    Args:
        events: in order of time; those whose time is no clock's teach no order.
        scale: of their ratings.
        titles: of the catalogue; vectors begin near those of the texts.
        progress: told of each epoch.

    Raises:
        ConfigError: torch is not installed.
        DataError: nobody liked three items.
    """
    numbers = {key: number for number, key in enumerate(titles.ids)}
    liked: dict[str, dict[int, None]] = {}
    for event in events:
        if event.item_id in numbers and event.at >= EARLIEST_CLOCK and is_liked(event, scale):
            liked.setdefault(event.user_id, {})[numbers[event.item_id]] = None
    settings = SequenceSettings()
    if len(numbers) >= LARGE:
        wide = 2 * settings.dimension
        settings = replace(settings, dimension=wide, inner=wide)
    found = train(
        [list(own) for own in liked.values()],
        items=len(numbers),
        settings=settings,
        seed=_SEED,
        progress=progress,
        start=narrowed(titles.vectors, dimension=settings.dimension),
    )
    return NextItemModel(weights=found.weights, vectors=found.vectors, titles=titles)
