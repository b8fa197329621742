"""The source of item-kNN: what people liked who also liked what the person liked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.collaborative import CollaborativeSource

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


class ItemKNN(CollaborativeSource):
    """Items liked by people who liked what the person liked, in any scene."""

    name = "neighbours"

    def scores(self, interactions: Interactions, *, liked: Mapping[str, float]) -> Floats:
        return interactions.neighbours(liked)
