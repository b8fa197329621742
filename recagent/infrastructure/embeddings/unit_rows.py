"""Vectors at length 1, as every embedder gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


def unit_rows(vectors: Any) -> Matrix:
    """(n, d) float32 with rows of length 1; a row without direction becomes zeros."""
    rows = np.nan_to_num(np.atleast_2d(np.asarray(vectors, dtype=np.float32)))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
