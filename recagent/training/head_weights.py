"""Weights of a head from examples: of the sources, and of a language model on top.

Weights are found in ``conditional_logit``; ``gates`` decides whether the language part is used.
"""

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
from recagent.training.conditional_logit import Weights, fit_logit, stack_pools

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FOLDS = 5
FEWEST = 50  # choices, below which weights would be noise
LEARNED: tuple[Group, ...] = ("known", "few likes", "new here")  # of others only the crowd is known


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


def fit_base_weights(examples: Sequence[Example], *, scales: Mapping[str, float]) -> HeadWeights:
    """Fits weights of the sources' scores.

    Raises:
        DataError: fewer than 50 examples whose choice is among the candidates.
    """
    features = [columns(example.features, scales=scales, cold=example.cold) for example in examples]
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
        at
        for at, example in enumerate(examples)
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
    names = sorted({example.scene for example in examples})
    places = {name: at for at, name in enumerate(names)}
    pools = stack_pools(
        [features[at] for at in learnable],
        [examples[at].chosen or 0 for at in learnable],
        groups=[places[examples[at].scene] for at in learnable],
        offset=[base[at] for at in learnable],
    )
    folds = np.asarray([fold_of(examples[at].user_id) for at in learnable])
    trained = fit_logit(pools, groups=len(names), folds=folds)
    held_out: list[Floats] = []
    for example, matrix, before in zip(examples, features, base, strict=True):
        weights = trained.without.get(fold_of(example.user_id), trained.weights)
        held_out.append(before + matrix @ weights.groups[places[example.scene]])
    return HeadWeights(
        shared=tuple(trained.weights.shared.tolist()),
        scenes=_by_scene(names, trained.weights),
        held_out=held_out,
        penalties=f"{trained.penalty.shared:g} shared, {trained.penalty.apart:g} apart",
    )


def _by_scene(names: Sequence[str], weights: Weights) -> dict[str, tuple[float, ...]]:
    return {name: tuple(row) for name, row in zip(names, weights.groups.tolist(), strict=True)}
