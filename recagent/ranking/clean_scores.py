"""A model's scores of a pool, where it is not shown what promotes itself.

Neither among the candidates nor in the person's history: what one item says may be of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from recagent.domain import Candidate
from recagent.locale import LocalizedText
from recagent.ports import LanguageScores, Query, Ranker
from recagent.ranking.self_promotion import is_self_promotion


async def clean_scores(
    ranker: Ranker, query: Query, *, candidates: Sequence[Candidate]
) -> LanguageScores | None:
    """Returns the ranker's scores of the candidates; those that it is not shown have the mean.

    So they have no say of the model, for or against them. None where nothing is left to be shown.

    Raises:
        ModelError: no usable answer within the ranker's budget.
    """
    shown = [each for each in candidates if not is_self_promotion(each.item)]
    if not shown:
        return None
    known = without_self_promotion(query)
    scores = await ranker(known, candidates=shown)
    hidden = [each.item.id for each in candidates if is_self_promotion(each.item)]
    hidden += [key for key in query.profile.items if key not in known.profile.items]
    if not hidden:
        return scores
    values, mean = iter(scores.scores), fmean(scores.scores)
    note = LocalizedText(
        "not shown to the model, because its text speaks to the model or praises itself: {items}",
        items=", ".join(hidden),
    )
    return replace(
        scores,
        scores=tuple(mean if is_self_promotion(each.item) else next(values) for each in candidates),
        notes=(*scores.notes, note),
    )


def without_self_promotion(query: Query) -> Query:
    """Returns the query of a person whose history has no item that promotes itself."""
    profile = query.profile
    items = {key: item for key, item in profile.items.items() if not is_self_promotion(item)}
    if len(items) == len(profile.items):
        return query
    liked = {key: weight for key, weight in profile.liked.items() if key in items}
    return replace(query, profile=replace(profile, items=items, liked=liked))
