"""Whether a model agrees with itself: the same candidates in another order, and what follows.

A model that goes by where a candidate stands in the list, or by chance, gives two orders of the
same candidates that have little to do with each other. Its say shrinks by that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ENOUGH = 0.6  # rank correlation from which on a model has its whole say


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns Spearman's correlation of two lists of scores, -1 to 1; 0 where one is flat.

    Equal scores share the mean of their ranks.

    Source: Spearman, "The proof and measurement of association between two things", American
    Journal of Psychology 15, 1904.
    """
    ranks = [_ranks(np.asarray(scores, dtype=np.float64)) for scores in (first, second)]
    centred = [each - each.mean() for each in ranks]
    length = float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))
    return float(centred[0] @ centred[1]) / length if length else 0.0


def say(weight: float, agreement: float | None) -> float:
    """Returns what is left of a weight: ``weight min(1, max(0, agreement) / ENOUGH)``.

    All of it where the agreement was not measured (None).
    """
    if agreement is None:
        return weight
    return weight * min(1.0, max(0.0, agreement) / ENOUGH)


def _ranks(scores: np.ndarray) -> np.ndarray:
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means = ends - (counts - 1) / 2
    return means[inverse] if len(values) else scores
