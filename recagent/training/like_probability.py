"""From judged events to a calibrated probability that a person will like an item.

Only for data in which people also say what they do not like; elsewhere there is nothing to learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.domain import Group, Rate
from recagent.ranking.like_probability import LikeProbability, logit
from recagent.training.head_weights import fold_of

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats


FEWEST = 200  # judgments, and of either kind at least ``FEWEST_OF_A_KIND``
FEWEST_OF_A_KIND = 20
FEWEST_OF_A_GROUP = 50  # held-out judgments of people of one group
_STILL = 1e-9  # standard deviation of a column in which only rounding differs
_RIDGE = 1.0  # inverse, of scikit-learn's logistic regression on standardised columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """Is one item that a person judged, with what was known of both before.

    Attributes:
        features: scores of the sources, by name.
        item: judgments of others on the item.
        person: the person's earlier judgments.
        group: of people, that the person was of.
    """

    user_id: str
    liked: bool
    features: Mapping[str, float]
    item: Rate
    person: Rate
    group: Group = "known"


def fit_like_probability(
    judgments: Sequence[Judgment], *, scales: Mapping[str, float]
) -> LikeProbability | None:
    """Fits the regression; None where there are too few judgments of either kind.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999: a sigmoid fitted on
    held-out judgments, here of several scores at once.
    """
    liked = np.asarray([judgment.liked for judgment in judgments])
    if len(liked) < FEWEST or min(liked.sum(), (~liked).sum()) < FEWEST_OF_A_KIND:
        return None
    average = float(liked.mean())
    matrix = _columns(judgments, average, scales)
    spread = matrix.std(axis=0)
    spread[spread < _STILL] = 1.0  # a column that never changes may have some 1e-16
    regression = _regression(matrix / spread, liked)
    weights: list[float] = (regression.coef_[0] / spread).tolist()
    return LikeProbability(
        average=average,
        intercept=float(regression.intercept_[0]),
        item=weights[0],
        person=weights[1],
        sources=dict(zip(scales, weights[2:], strict=True)),
        scales=scales,
        groups=_groups(judgments, matrix / spread, liked),
    )


def _regression(matrix: Floats, liked: Flags) -> Any:
    linear: Any = import_module("sklearn.linear_model")
    return linear.LogisticRegression(C=_RIDGE, max_iter=1000).fit(matrix, liked)


def _groups(judgments: Sequence[Judgment], matrix: Floats, liked: Flags) -> tuple[Group, ...]:
    """Returns groups whose held-out judgments the regression predicts better than the average.

    A group needs 50 of them; the regressions never saw the person.
    """
    folds = np.asarray([fold_of(judgment.user_id) for judgment in judgments])
    gains = np.full(len(liked), np.nan)
    average = float(liked.mean())
    before = np.log(np.where(liked, average, 1.0 - average))
    for here in (folds == number for number in np.unique(folds)):
        if 0 < liked[~here].sum() < (~here).sum():
            predicted = _regression(matrix[~here], liked[~here]).predict_proba(matrix[here])
            gains[here] = np.log(predicted[np.arange(here.sum()), liked[here].astype(int)])
    gains -= before
    by_group: dict[Group, list[float]] = {}
    for judgment, gain in zip(judgments, gains.tolist(), strict=True):
        if not math.isnan(gain):
            by_group.setdefault(judgment.group, []).append(gain)
    return tuple(
        group
        for group, group_gains in by_group.items()
        if len(group_gains) >= FEWEST_OF_A_GROUP and math.fsum(group_gains) > 0
    )


def _columns(judgments: Sequence[Judgment], average: float, scales: Mapping[str, float]) -> Floats:
    rows = [
        [
            logit(judgment.item, average),
            logit(judgment.person, average),
            *(
                np.log1p(max(0.0, judgment.features.get(name, 0.0)) / scale)
                for name, scale in scales.items()
            ),
        ]
        for judgment in judgments
    ]
    return np.asarray(rows, dtype=np.float64)
