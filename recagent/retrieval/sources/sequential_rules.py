"""The source of sequential rules: what people went on to like next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.collaborative import CollaborativeSource

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


class SequentialRules(CollaborativeSource):
    """Items that people went on to like after what the person liked last, in any scene."""

    name = "following"

    def scores(self, interactions: Interactions, *, liked: Mapping[str, float]) -> Floats:
        return interactions.following(list(liked))
