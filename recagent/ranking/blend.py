"""Language and retrieval scores to one score and one probability per candidate.

The weight is fixed (docs/quality.md says how it was chosen) until the head is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]


def blend(
    language: Sequence[float] | None, fused: Sequence[float], *, language_weight: float
) -> Scores:
    """Joint score, (n,) float64: w z(language) + (1 - w) z(fused), or z(fused) without language."""
    if language is None:
        return z_scores(fused)
    return language_weight * z_scores(language) + (1.0 - language_weight) * z_scores(fused)


def z_scores(scores: Sequence[float]) -> Scores:
    """Scores with mean 0 and standard deviation 1, (n,) float64; zeros where all are equal."""
    values = np.asarray(scores, dtype=np.float64)
    spread = values.std() if values.size else 0.0
    centred = values - values.mean() if values.size else values
    return (
        centred / spread if spread > 1e-12 * max(1.0, float(np.abs(values).max())) else 0 * values
    )


def softmax(scores: Sequence[float] | Scores, *, temperature: float = 1.0) -> Scores:
    """exp(score / T) over their sum, (n,) float64 that sums to 1."""
    values = np.asarray(scores, dtype=np.float64) / temperature
    powers = np.exp(values - values.max()) if values.size else values
    return powers / powers.sum() if powers.size else powers
