"""What a system shows of the catalogue when all of its answers are taken together.

Frozen candidates bound it: what is no candidate of any case cannot be shown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from recagent.offline.data_set import CatalogueStatistics, SystemAnswer


def coverage(answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics, k: int) -> float:
    """coverage@k: share of the scenes' items that stand in somebody's first k; higher is better.

    The scenes are those of the answers; an item that stands in two scenes is two.

    Source: Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender systems by
    coverage and serendipity", RecSys 2010.
    """
    counts = _counts(answers, catalogue, k)
    return sum(count > 0 for count in counts) / len(counts) if counts else math.nan


def gini(answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics, k: int) -> float:
    """Gini@k: how unevenly the scenes' items share the first k places; in [0, 1], lower is better.

    With x the number of times each of n items is shown, in rising order, it is the sum over i of
    (2i - n - 1) x_i, over n times the sum of x: 0 where all are shown equally often.

    Source: Fleder and Hosanagar, "Blockbuster culture's next rise or fall: the impact of
    recommender systems on sales diversity", Management Science 55(5), 2009.
    """
    shown = np.sort(np.array(_counts(answers, catalogue, k), dtype=np.float64))
    n, total = len(shown), float(shown.sum())
    if total <= 0:
        return math.nan
    places = np.arange(1, n + 1)
    return float(((2 * places - n - 1) * shown).sum() / (n * total))


def _counts(answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics, k: int) -> list[int]:
    """How often each item of each scene of the answers is shown; 0 for those that never are."""
    counts: Counter[tuple[str, str]] = Counter()
    for answer in answers:
        counts.update((answer.case.scene, item) for item in answer.ranking[:k])
    scenes = sorted({answer.case.scene for answer in answers})
    return [
        counts[scene, item] for scene in scenes for item in catalogue.scene_items.get(scene, ())
    ]
