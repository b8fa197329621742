"""The source of random walks: from what the person liked, over people and back to items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.collaborative import CollaborativeSource

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


class RandomWalk(CollaborativeSource):
    """Items at the end of walks from what the person liked, over people and back, in any scene."""

    name = "walks"

    def scores(self, interactions: Interactions, *, liked: Mapping[str, float]) -> Floats:
        return interactions.walks(liked)
