"""From a system's scores to its answer: a ranking, and a probability for each candidate.

Not a judgment of the answer: that is ``measures``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from recagent.domain import Case
from recagent.errors import DataError
from recagent.offline.data_set import SystemAnswer
from recagent.ranking import softmax
from recagent.ranking.blend import z_scores


def ranked_answer(
    case: Case, scores: Mapping[str, float], *, temperature: float = 1.5
) -> SystemAnswer:
    """Ranks the candidates by score, best first, with the probabilities that a slate would show.

    Equal scores keep the order in which the case lists the candidates, and candidates without a
    score come last, with the probability of the lowest score given. Scores of other items say
    nothing of the case and are left out. Where the whole scene is to be ranked, the ranking is the
    items that have a score.

    Raises:
        DataError: a score is no finite number.
    """
    for item_id, score in scores.items():
        if not math.isfinite(score):
            raise DataError(
                "case {case!r}: the score of item {item_id!r} is {score}; a system must return "
                "finite numbers",
                case=case.id,
                item_id=item_id,
                score=score,
            )
    candidates = case.item_ids or tuple(scores)
    given = [scores[item_id] for item_id in candidates if item_id in scores]
    lowest = min(given, default=0.0)
    # Python's sort is stable: what is equal stays in the order of the case.
    ranking = sorted(candidates, key=lambda item: (item not in scores, -scores.get(item, lowest)))
    values = z_scores([scores.get(item_id, lowest) for item_id in ranking])
    probabilities = softmax(values, temperature=temperature)
    return SystemAnswer(
        case=case,
        ranking=tuple(ranking),
        probabilities=dict(zip(ranking, probabilities.tolist(), strict=True)),
    )
