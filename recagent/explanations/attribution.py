"""What a joint score weighs: how much of it each part of what is known makes up.

Computed, not estimated: a joint score is a sum, so a part is what is missing without it.
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


# Sources by what they go by; one that is not named here is a part of its own.
_PART = {
    "neighbours": "crowd", "walks": "crowd", "factors": "crowd",
    "popularity": "popular", "recent": "popular", "lexical_here": "lexical",
    "following": "next", "sequence": "next",
}  # fmt: skip
PREFERENCE = "preference"  # what the request had rather


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Scores as sums.

    Attributes:
        parts: names, keys of ``templates.PARTS``.
        values: (n, parts) that add up to the scores, each column with mean 0 over what was scored
            together; 0 is the average candidate.
    """

    parts: tuple[str, ...]
    values: Floats

    def of(self, row: int) -> dict[str, float]:
        """What the parts add for one candidate."""
        return dict(zip(self.parts, self.values[row].tolist(), strict=True))

    def lead(self, row: int, other: int) -> dict[str, float]:
        """What the parts add for one candidate more than for another."""
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
    """The scores without a language model, by part.

    Args:
        candidates: all that are scored together.
        joint: that scores them.
        scene: where.
        cold: whether the person is new there.
        weights: of the sources in the fusion.
        groups: (n,) which candidates were looked for together.
    """
    if isinstance(joint, PreferenceBoost):
        inner = joint.inner
        found = attribute_scores(
            candidates, joint=inner, scene=scene, cold=cold, weights=weights, groups=groups
        )
        raised = joint.base(candidates, scene=scene, cold=cold)
        raised = raised - inner.base(candidates, scene=scene, cold=cold)
        return Attribution(
            parts=(*found.parts, PREFERENCE),
            values=np.column_stack([found.values, raised - raised.mean()]),
        )
    base, answered = joint.base(candidates, scene=scene, cold=cold), rewards(candidates)
    columns = {REWARD: answered - answered.mean()} if answered.any() else dict[str, "Floats"]()
    if isinstance(joint, FixedBlend):
        columns |= _fused(candidates, base - answered, weights=weights, groups=groups)
        return _weighed(columns, len(base))
    for source in _sources(candidates):
        without = [_without(each, source) for each in candidates]
        added = base - joint.base(without, scene=scene, cold=cold)
        part = _PART.get(source, source)
        columns[part] = columns.get(part, np.zeros(len(base))) + added
    return _weighed(columns, len(base))


def with_language_part(found: Attribution, scores: Floats, said: Floats) -> Attribution:
    """The parts of a pool's scores once a model's joined in.

    Args:
        found: of the same candidates, without it.
        scores: (n,) joint.
        said: (n,) what the model added to them.
    """
    base, rest = found.values.sum(axis=1), scores - said
    spread = float(base.std())
    scale = float(rest.std()) / spread if spread > 0 else 1.0
    return Attribution(
        parts=(*found.parts, "language"),
        values=np.column_stack([found.values * scale, said]),
    )


def shares(parts: Mapping[str, float], *, least: float, most: int) -> list[tuple[str, str]]:
    """The parts above zero and their share of what all of those make up, in percent.

    The largest first, at most ``most``, none with a share below ``least``.
    """
    above = {name: value for name, value in parts.items() if value > 0}
    total = sum(above.values())
    largest = sorted(above.items(), key=lambda pair: -pair[1])[:most]
    return [(name, f"{value / total:.0%}") for name, value in largest if value >= least * total]


def _weighed(columns: Mapping[str, Floats], n: int) -> Attribution:
    values = np.stack([*columns.values()], axis=1) if columns else np.zeros((n, 0))
    return Attribution(parts=tuple(columns), values=values)


def _sources(candidates: Sequence[Candidate]) -> list[str]:
    found = {name for each in candidates for name in each.features}
    return sorted(found - {"fused", REWARD})


def _without(candidate: Candidate, source: str) -> Candidate:
    rest = {name: score for name, score in candidate.features.items() if name != source}
    return replace(candidate, features=rest)


def _fused(
    candidates: Sequence[Candidate],
    base: Floats,
    *,
    weights: Mapping[str, float],
    groups: Sequence[str],
) -> dict[str, Floats]:
    """The parts of a score that goes by the fusion: what each source's rank gives.

    What a source scored alike is taken in the order of the fusion.
    """
    fused = np.asarray([each.features["fused"] for each in candidates])
    spread = float(fused.std())
    scale = float(base.std()) / spread if spread > 0 else 0.0
    columns: dict[str, Floats] = {}
    for source in _sources(candidates):
        given: dict[str, float] = {}
        for group in {*groups}:
            here = [
                (each.item.id, each.features[source])
                for each, own in zip(candidates, groups, strict=True)
                if own == group and source in each.features
            ]
            proposed = sorted(here, key=lambda pair: -pair[1])
            given |= reciprocal_rank({source: proposed}, weights=weights)
        added = np.asarray([given.get(each.item.id, 0.0) for each in candidates])
        part = _PART.get(source, source)
        columns[part] = columns.get(part, np.zeros(len(base))) + scale * (added - added.mean())
    return columns
