"""Fusion of several sources' proposals into one pool: weighted reciprocal ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from recagent.domain import Group
from recagent.ports import Query
from recagent.profiles.building import group_of

RRF_K = 60
ByGroup = Mapping[Group, Mapping[str, float]]
_NEWCOMER = {"neighbours": 2.0, "walks": 4.0, "popularity": 2.0,
             "text": 0.5, "transfer": 0.5, "lexical": 0.5}  # fmt: skip
# In place of the settings' own, as validation people of six data sets chose
# (docs/research/before-a-fit.md): the more a person liked, the more do texts dilute what similar
# people liked; and a single like has so few neighbours that walks, which reach further, are worth
# more.
BY_GROUP: ByGroup = MappingProxyType(
    {
        "known": {"text": 1.0, "transfer": 1.0, "lexical": 1.0},  # each divided by the likes
        "few likes": _NEWCOMER,
        "new here": _NEWCOMER,
    }
)


def weights_for(
    query: Query, weights: Mapping[str, float], *, by_group: ByGroup
) -> Mapping[str, float]:
    """Returns the sources' weights for a request: those of the person's group replace the others.

    Those of known people are divided by how many items they liked. With a wish they stay as they
    are, since words and text vectors are what follows it.
    """
    if query.context.wish:
        return weights
    group = group_of(query.profile, query.scene.name)
    likes = len(query.profile.liked) if group == "known" else 1
    group_weights = by_group.get(group, {})
    return {**weights, **{name: weight / likes for name, weight in group_weights.items()}}


def reciprocal_rank(
    proposals: Mapping[str, Sequence[tuple[str, float]]], *, weights: Mapping[str, float]
) -> dict[str, float]:
    """Returns fused scores by item id, best first: the sum over sources of weight / (60 + rank).

    Ranks count from 1; a source without a weight counts 1, one of weight 0 is left out. A source
    that scores all with 0, as popularity does where nobody liked anything yet, has no vote beside
    others. Ties keep the order in which the items were first proposed.

    Source: Cormack, Clarke, Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
    rank learning methods", SIGIR 2009.
    """
    counted = {name: weights.get(name, 1.0) for name in proposals if weights.get(name, 1.0) > 0}
    telling = {name for name in counted if any(score for _, score in proposals[name])}
    fused: dict[str, float] = {}
    for source, weight in counted.items():
        vote = weight if source in telling or not telling else 0.0
        for rank, (item_id, _) in enumerate(proposals[source], start=1):
            fused[item_id] = fused.get(item_id, 0.0) + vote / (RRF_K + rank)
    return {key: fused[key] for key in sorted(fused, key=fused.__getitem__, reverse=True)}
