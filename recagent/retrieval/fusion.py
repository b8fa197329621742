"""Several sources' proposals to one pool: weighted reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from recagent.profiles import group_of
from recagent.protocols import Query
from recagent.types import Group

RRF_K = 60
ByGroup = Mapping[Group, Mapping[str, float]]
_NEWCOMER = {"neighbours": 2.0, "walks": 4.0, "popularity": 2.0,
             "text": 0.5, "transfer": 0.5, "lexical": 0.5}  # fmt: skip
# In place of the settings' own, as validation people of films, board games, books and games chose
# (docs/ranking.md): much behaviour needs hardly any text, and a single like few neighbours.
BY_GROUP: ByGroup = MappingProxyType(
    {
        "known": {"text": 0.1, "transfer": 0.1, "lexical": 0.1},
        "few likes": _NEWCOMER,
        "new here": _NEWCOMER,
    }
)


def weights_for(
    query: Query, weights: Mapping[str, float], *, by_group: ByGroup
) -> Mapping[str, float]:
    """The sources' weights for a request: those of the person's group in place of the others.

    With a wish they stay as they are, since it is words and text vectors that hear it.
    """
    if query.context.wish:
        return weights
    return {**weights, **by_group.get(group_of(query.profile, query.scene.name), {})}


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
