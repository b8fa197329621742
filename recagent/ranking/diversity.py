"""Probability against redundancy: maximal marginal relevance over the pool, through pyversity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Matrix


def mmr_order(scores: Floats, vectors: Matrix, *, k: int, diversity: float) -> list[int]:
    """Returns the rows of the ``k`` items to show, best first; in score order at ``diversity`` 0.

    Args:
        scores: (n,), higher is better.
        vectors: (n, d) unit rows.
        k: at most n come back.
        diversity: 0 to 1, the weight of being unlike what is already on the slate.

    Source: Carbonell, Goldstein, "The use of MMR, diversity-based reranking", SIGIR 1998.
    """
    if diversity == 0 or len(scores) < 2:
        return [int(row) for row in np.argsort(-scores, kind="stable")[:k]]
    from pyversity import Strategy, diversify  # noqa: PLC0415

    spread = float(scores.max() - scores.min())
    relevance = (scores - scores.min()) / spread if spread > 0 else np.ones_like(scores)
    chosen = diversify(
        embeddings=vectors,
        scores=relevance,
        k=min(k, len(scores)),
        strategy=Strategy.MMR,
        diversity=diversity,
    )
    return [int(row) for row in chosen.indices]
