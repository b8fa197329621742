"""Several sources' proposals to one pool: weighted reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RRF_K = 60


def reciprocal_rank(
    proposals: Mapping[str, Sequence[tuple[str, float]]], *, weights: Mapping[str, float]
) -> dict[str, float]:
    """Fused score by item id, best first: the sum over sources of weight / (60 + rank).

    Ranks count from 1; a source without a weight counts 1, one of weight 0 is left out. Ties keep
    the order in which the items were first proposed.

    Source: Cormack, Clarke, Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
    rank learning methods", SIGIR 2009.
    """
    fused: dict[str, float] = {}
    for source, proposed in proposals.items():
        weight = weights.get(source, 1.0)
        if weight <= 0:
            continue
        for rank, (item_id, _) in enumerate(proposed, start=1):
            fused[item_id] = fused.get(item_id, 0.0) + weight / (RRF_K + rank)
    return {key: fused[key] for key in sorted(fused, key=fused.__getitem__, reverse=True)}
