"""The blend: language and retrieval scores to one score and one probability per candidate.

The weight is fixed until the head is learned (docs/research/before-a-fit.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


# A model's score of one candidate weighs no more than three standard deviations.
_MOST = 3.0


def blend(
    language: Sequence[float], fused: Sequence[float] | Floats, *, language_weight: float
) -> Floats:
    """Returns the joint score, (n,) float64: w z(language) + (1 - w) z(fused).

    ``language`` may cover the first candidates only; for the others its z is 0.
    """
    language_z = np.pad(bounded_z_scores(language), (0, len(fused) - len(language)))
    return language_weight * language_z + (1.0 - language_weight) * z_scores(fused)


def z_scores(scores: Sequence[float] | Floats) -> Floats:
    """Returns scores with mean 0 and standard deviation 1, float64; zeros where all are equal.

    (n,), or (n, m), each column by itself.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0:
        return values
    flat = np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)
    deviation = np.where(flat, np.inf, values.std(axis=0))
    return (values - values.mean(axis=0)) / deviation


def bounded_z_scores(scores: Sequence[float] | Floats) -> Floats:
    """Returns a model's scores as z-scores, (n,), of which none outvotes everything else.

    ``3 tanh(z / 3)`` keeps the order, and all but leaves what is within a standard deviation.
    """
    return _MOST * np.tanh(z_scores(scores) / _MOST)


def softmax(scores: Sequence[float] | Floats, *, temperature: float = 1.0) -> Floats:
    """Returns exp(score / T) over their sum, (n,) float64 that sums to 1."""
    values = np.asarray(scores, dtype=np.float64) / temperature
    if values.size == 0:
        return values
    powers = np.exp(values - values.max())
    return powers / powers.sum()
