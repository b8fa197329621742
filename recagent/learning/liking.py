"""From judged events to a calibrated probability that a person will like an item.

Only for data in which people also say what they do not like; elsewhere there is nothing to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.ranking.liking import Liking, logit
from recagent.types import Rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 200  # judgments, and of either kind at least ``FEWEST_OF_A_KIND``
FEWEST_OF_A_KIND = 20
_STILL = 1e-9  # standard deviation of a column in which only rounding differs
_RIDGE = 1.0  # inverse, of scikit-learn's logistic regression on standardised columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """One item that a person judged, and what was known of both before.

    Attributes:
        features: scores of the sources, by name.
        item: judgments of others on the item.
        person: the person's earlier judgments.
    """

    user_id: str
    liked: bool
    features: Mapping[str, float]
    item: Rate
    person: Rate


def fit_liking(judgments: Sequence[Judgment], *, scales: Mapping[str, float]) -> Liking | None:
    """The regression; None where there are too few judgments of either kind.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999: a sigmoid fitted on
    held-out judgments, here of several scores at once.
    """
    liked = np.asarray([judgment.liked for judgment in judgments])
    if len(liked) < FEWEST or min(liked.sum(), (~liked).sum()) < FEWEST_OF_A_KIND:
        return None
    linear: Any = import_module("sklearn.linear_model")
    average = float(liked.mean())
    matrix = _columns(judgments, average, scales)
    spread = matrix.std(axis=0)
    spread[spread < _STILL] = 1.0  # a column that never changes may have some 1e-16
    found = linear.LogisticRegression(C=_RIDGE, max_iter=1000).fit(matrix / spread, liked)
    weights: list[float] = (found.coef_[0] / spread).tolist()
    return Liking(
        average=average,
        intercept=float(found.intercept_[0]),
        item=weights[0],
        person=weights[1],
        sources=dict(zip(scales, weights[2:], strict=True)),
        scales=scales,
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
