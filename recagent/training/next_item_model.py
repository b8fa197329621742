"""The sequence model of a catalogue: events in, weights and item vectors by id out.

It is trained by item number in ``sequence_training``; ``fit`` decides whether it is kept.
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
from recagent.training.sequence_training import Epoch, SequenceSettings, principal_vectors, train

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


LARGE = 10_000  # items, from which on vectors are twice as wide
_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CatalogueTexts:
    """Holds ids by scene, and (n, m) unit rows that are vectors of the items' texts."""

    scenes: Mapping[str, Sequence[str]]
    vectors: Matrix

    @property
    def ids(self) -> list[str]:
        """(n,) in the order of the rows."""
        return [key for ids in self.scenes.values() for key in ids]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NextItemModel:
    """Is a trained model: its weights, and (n, d) unit rows that are the vectors of its items."""

    weights: SequenceWeights
    vectors: Matrix
    texts: CatalogueTexts

    def source(self) -> SequenceModel:
        """Returns the candidate source of the model, in memory."""
        vectors = FactorVectors(self.texts.ids, self.vectors, scenes=self.texts.scenes)
        return SequenceModel(vectors, lambda: self.weights)

    def scene_vectors(self, scene: str) -> tuple[list[str], Matrix]:
        """Returns ids and vectors of a scene's items."""
        rows = {key: row for row, key in enumerate(self.texts.ids)}
        ids = list(self.texts.scenes.get(scene, ()))
        return ids, self.vectors[[rows[key] for key in ids]]


async def load_catalogue_texts(index: ItemIndex) -> CatalogueTexts:
    """Loads ids and text vectors of all indexed items."""
    scenes = {name: list(await index.items(name)) for name in await index.scenes()}
    rows = [await index.vectors(name, ids=ids) for name, ids in scenes.items()]
    return CatalogueTexts(scenes=scenes, vectors=np.concatenate(rows))


def train_next_item_model(
    events: Sequence[Event],
    *,
    scale: RatingScale,
    texts: CatalogueTexts,
    progress: Callable[[Epoch], None],
) -> NextItemModel:
    """Trains a model of what people liked next, in all scenes together.

    Args:
        events: in order of time; those without a real time are left out.
        scale: of their ratings.
        texts: of the catalogue; training starts from their vectors.
        progress: called with each epoch.

    Raises:
        ConfigError: torch is not installed.
        DataError: nobody liked three items.
    """
    numbers = {key: number for number, key in enumerate(texts.ids)}
    liked: dict[str, dict[int, None]] = {}
    for event in events:
        if event.item_id in numbers and event.at >= EARLIEST_CLOCK and is_liked(event, scale):
            liked.setdefault(event.user_id, {})[numbers[event.item_id]] = None
    settings = SequenceSettings()
    if len(numbers) >= LARGE:
        wide = 2 * settings.dimension
        settings = replace(settings, dimension=wide, inner=wide)
    trained = train(
        [list(items) for items in liked.values()],
        items=len(numbers),
        settings=settings,
        seed=_SEED,
        progress=progress,
        start=principal_vectors(texts.vectors, dimension=settings.dimension),
    )
    return NextItemModel(weights=trained.weights, vectors=trained.vectors, texts=texts)
