"""What a request would rather have, as a part of the score; what it must have is elsewhere.

Not fitted: a preference is of one request, so no past choice tells its weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Candidate, Constraint
from recagent.ports import LanguageScores
from recagent.ranking.head import JointScorer
from recagent.scenes.constraints import satisfies

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


STRENGTH = 2.0  # standard deviations of the scores, for an item that keeps to all preferences


def preference_boost(joint: JointScorer, preferences: Sequence[Constraint]) -> JointScorer:
    """The same joint score, raised for items that keep to the preferences; itself without any."""
    return PreferenceBoost(inner=joint, preferences=tuple(preferences)) if preferences else joint


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceBoost:
    """A ``JointScorer`` that adds an item's share of satisfied preferences to another's scores."""

    inner: JointScorer
    preferences: tuple[Constraint, ...]

    @property
    def name(self) -> str:
        return self.inner.name

    def width(self, *, pool: int, limit: int) -> int:
        """All that may be had: what the person would rather have may stand low without it."""
        return max(limit, self.inner.width(pool=pool, limit=limit))

    def base(self, candidates: Sequence[Candidate], *, scene: str, cold: bool) -> Floats:
        scores = self.inner.base(candidates, scene=scene, cold=cold)
        shares = [self._share(candidate) for candidate in candidates]
        spread = float(scores.std()) if scores.size else 0.0
        return scores + STRENGTH * (spread or 1.0) * np.asarray(shares, dtype=np.float64)

    def asks(self, base: Floats, *, scene: str, cold: bool) -> bool:
        return self.inner.asks(base, scene=scene, cold=cold)

    def is_measured(self, scene: str) -> bool:
        return self.inner.is_measured(scene)

    def weighs(self, scores: LanguageScores, *, scene: str) -> bool:
        return self.inner.weighs(scores, scene=scene)

    def has_measured(self, scores: LanguageScores, *, scene: str) -> bool:
        return self.inner.has_measured(scores, scene=scene)

    def joined(self, base: Floats, scores: LanguageScores, *, scene: str, cold: bool) -> Floats:
        return self.inner.joined(base, scores, scene=scene, cold=cold)

    def probabilities(self, scores: Floats) -> Floats:
        return self.inner.probabilities(scores)

    def _share(self, candidate: Candidate) -> float:
        item = candidate.item
        satisfied = sum(
            satisfies(item, preference, by_model=item.model_attributes)
            for preference in self.preferences
        )
        return satisfied / len(self.preferences)
