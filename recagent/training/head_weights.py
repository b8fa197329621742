"""Fits the weights of a head on examples: of the sources, and of a language model on top."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Group
from recagent.errors import DataError
from recagent.offline.examples import Example
from recagent.ranking.head import columns, language_columns
from recagent.training.conditional_logit import fit_logit, stack_pools

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FOLDS = 5
FEWEST = 50  # choices, below which weights would be noise
# Of others nothing personal is known.
LEARNED: tuple[Group, ...] = ("known", "few likes", "new here")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadWeights:
    """Are the weights of a conditional logit of examples.

    Attributes:
        shared: weights for a scene without its own.
        scenes: weights by scene.
        held_out: of each example (n,) scores by weights that never saw its person.
        penalties: the penalties that held-out choices selected, in words.
    """

    shared: tuple[float, ...]
    scenes: Mapping[str, tuple[float, ...]]
    held_out: Sequence[Floats]
    penalties: str


def source_scales(examples: Sequence[Example], *, sources: Sequence[str]) -> dict[str, float]:
    """Returns the median of each source's scores above zero; 1 for a source without any."""
    scales: dict[str, float] = {}
    for source in sources:
        scores = [
            features.get(source, 0.0) for example in examples for features in example.features
        ]
        above = [score for score in scores if score > 0]
        scales[source] = float(np.median(above)) if above else 1.0
    return scales


def fit_base_weights(examples: Sequence[Example], *, sources: Sequence[str]) -> HeadWeights:
    """Fits weights of the sources' scores.

    Raises:
        DataError: fewer than 50 examples whose choice is among the candidates.
    """
    features = [
        columns(example.features, sources=sources, cold=example.cold) for example in examples
    ]
    return _fit(examples, features, [np.zeros(len(matrix)) for matrix in features])


def fit_language_weights(
    examples: Sequence[Example], base: Sequence[Floats], model_scores: Sequence[Sequence[float]]
) -> HeadWeights:
    """Fits weights of a model's scores, on top of the base scores.

    Args:
        examples: those that a model was asked about.
        base: (n,) held-out scores of each without the model.
        model_scores: (n,) scores of the model.

    Raises:
        DataError: fewer than 50 examples.
    """
    features = [
        language_columns(scores, cold=example.cold)
        for example, scores in zip(examples, model_scores, strict=True)
    ]
    return _fit(examples, features, base)


def fold_of(user_id: str) -> int:
    """Returns the fold of a person, always the same."""
    return hashlib.sha256(f"fold {user_id}".encode()).digest()[0] % FOLDS


def _fit(
    examples: Sequence[Example], features: Sequence[Floats], base: Sequence[Floats]
) -> HeadWeights:
    learnable = [
        row
        for row, example in enumerate(examples)
        if example.chosen is not None and example.group in LEARNED
    ]
    if len(learnable) < FEWEST:
        raise DataError(
            "{count} past choices are too few to learn from (at least {fewest} are needed); a "
            "choice is a liked item that was new to the person and came after at least five "
            "events",
            count=len(learnable),
            fewest=FEWEST,
        )
    scenes = sorted({example.scene for example in examples})
    group_of_scene = {scene: group for group, scene in enumerate(scenes)}
    pools = stack_pools(
        [features[row] for row in learnable],
        [examples[row].chosen or 0 for row in learnable],
        groups=[group_of_scene[examples[row].scene] for row in learnable],
        offset=[base[row] for row in learnable],
    )
    folds = np.asarray([fold_of(examples[row].user_id) for row in learnable])
    trained = fit_logit(pools, groups=len(scenes), folds=folds)
    held_out: list[Floats] = []
    for example, matrix, scores in zip(examples, features, base, strict=True):
        unseen = trained.without.get(fold_of(example.user_id), trained.weights)
        held_out.append(scores + matrix @ unseen.groups[group_of_scene[example.scene]])
    weights: list[list[float]] = trained.weights.groups.tolist()
    return HeadWeights(
        shared=tuple(trained.weights.shared.tolist()),
        scenes={scene: tuple(row) for scene, row in zip(scenes, weights, strict=True)},
        held_out=held_out,
        penalties=f"{trained.penalty.shared:g} shared, {trained.penalty.apart:g} apart",
    )
