"""How much each source of knowledge adds to a joint score.

It is computed, not estimated: a joint score is a sum, so a part is what is missing without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Candidate
from recagent.ranking import REWARD, FixedBlend, JointScorer, PreferenceBoost, rewards
from recagent.retrieval import reciprocal_rank

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


# Parts that several sources make up; another source is a part of its own.
_PART = {
    "neighbours": "crowd", "walks": "crowd", "factors": "crowd",
    "popularity": "popular", "recent": "popular", "lexical_here": "lexical",
    "following": "next", "sequence": "next",
}  # fmt: skip
PREFERENCE = "preference"  # the preferences of the request


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Scores as sums of parts.

    Attributes:
        parts: names, keys of ``templates.PARTS``.
        values: (n, parts) float64, rows add up to the scores; each column has mean 0 over the
            candidates, so that 0 is the average candidate.
    """

    parts: tuple[str, ...]
    values: Floats

    def of(self, row: int) -> dict[str, float]:
        """Returns what each part adds for one candidate."""
        return dict(zip(self.parts, self.values[row].tolist(), strict=True))

    def lead(self, row: int, other: int) -> dict[str, float]:
        """Returns how much more each part adds for one candidate than for another."""
        return dict(zip(self.parts, (self.values[row] - self.values[other]).tolist(), strict=True))


def attribute_scores(
    candidates: Sequence[Candidate],
    *,
    joint: JointScorer,
    scene: str,
    cold: bool,
    weights: Mapping[str, float],
    groups: Sequence[str],
) -> Attribution:
    """Returns the scores without a language model, by part.

    Args:
        candidates: all candidates that are scored together.
        joint: what scores them.
        scene: the target scene.
        cold: whether the person is new there.
        weights: weights of the sources in the fusion.
        groups: (n,) names; candidates of one group were retrieved together.
    """
    if isinstance(joint, PreferenceBoost):
        inner = joint.inner
        attribution = attribute_scores(
            candidates, joint=inner, scene=scene, cold=cold, weights=weights, groups=groups
        )
        boost = joint.base(candidates, scene=scene, cold=cold)
        boost = boost - inner.base(candidates, scene=scene, cold=cold)
        return _with_column(attribution, PREFERENCE, boost - boost.mean())
    base, reward = joint.base(candidates, scene=scene, cold=cold), rewards(candidates)
    columns = {REWARD: reward - reward.mean()} if reward.any() else dict[str, "Floats"]()
    if isinstance(joint, FixedBlend):
        columns |= _fusion_columns(candidates, base - reward, weights=weights, groups=groups)
    else:
        for source in _sources(candidates):
            without = [_without(candidate, source) for candidate in candidates]
            added = base - joint.base(without, scene=scene, cold=cold)
            part = _PART.get(source, source)
            columns[part] = columns.get(part, np.zeros(len(base))) + added
    values = np.stack([*columns.values()], axis=1) if columns else np.zeros((len(base), 0))
    return Attribution(parts=tuple(columns), values=values)


def with_language_part(attribution: Attribution, scores: Floats, added: Floats) -> Attribution:
    """Returns the parts of a pool's scores with a language model's.

    Args:
        attribution: of the same candidates, without the model.
        scores: (n,) joint scores with the model.
        added: (n,) what the model added to them.
    """
    base, rest = attribution.values.sum(axis=1), scores - added
    spread = float(base.std())
    scale = float(rest.std()) / spread if spread > 0 else 1.0
    scaled = replace(attribution, values=attribution.values * scale)
    return _with_column(scaled, "language", added)


def shares(parts: Mapping[str, float], *, least: float, most: int) -> list[tuple[str, str]]:
    """Returns the positive parts and each one's share of their sum, in percent.

    The largest come first: at most ``most``, none with a share below ``least``.
    """
    positive = {name: value for name, value in parts.items() if value > 0}
    total = sum(positive.values())
    largest = sorted(positive.items(), key=lambda pair: -pair[1])[:most]
    return [(name, f"{value / total:.0%}") for name, value in largest if value >= least * total]


def _with_column(attribution: Attribution, part: str, column: Floats) -> Attribution:
    values = np.column_stack([attribution.values, column])
    return Attribution(parts=(*attribution.parts, part), values=values)


def _sources(candidates: Sequence[Candidate]) -> list[str]:
    names = {name for candidate in candidates for name in candidate.features}
    return sorted(names - {"fused", REWARD})


def _without(candidate: Candidate, source: str) -> Candidate:
    rest = {name: score for name, score in candidate.features.items() if name != source}
    return replace(candidate, features=rest)


def _fusion_columns(
    candidates: Sequence[Candidate],
    base: Floats,
    *,
    weights: Mapping[str, float],
    groups: Sequence[str],
) -> dict[str, Floats]:
    """Returns the parts of a fused score: what each source's ranks give.

    Candidates with equal scores of a source are taken in the order of the fusion.
    """
    fused = np.asarray([candidate.features["fused"] for candidate in candidates])
    spread = float(fused.std())
    scale = float(base.std()) / spread if spread > 0 else 0.0
    columns: dict[str, Floats] = {}
    for source in _sources(candidates):
        added_by_id: dict[str, float] = {}
        for group in {*groups}:
            scored = [
                (candidate.item.id, candidate.features[source])
                for candidate, its_group in zip(candidates, groups, strict=True)
                if its_group == group and source in candidate.features
            ]
            ranked = sorted(scored, key=lambda pair: -pair[1])
            added_by_id |= reciprocal_rank({source: ranked}, weights=weights)
        added = np.asarray([added_by_id.get(each.item.id, 0.0) for each in candidates])
        part = _PART.get(source, source)
        columns[part] = columns.get(part, np.zeros(len(base))) + scale * (added - added.mean())
    return columns
