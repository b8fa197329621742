"""What accuracy does not see in one answer: sameness, obscurity and fame of the first k items.

Popularity is the number of people who liked an item in training; cases take no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from recagent.offline.data_set import CatalogueStatistics, SystemAnswer


def intra_list_diversity(answer: SystemAnswer, catalogue: CatalogueStatistics, k: int) -> float:
    """ILD@k: mean over all pairs of the first k items of 1 - cosine; in [0, 2], higher is better.

    Items without a vector are left out. Not defined for fewer than two.

    Source: Ziegler, McNee, Konstan and Lausen, "Improving recommendation lists through topic
    diversification", WWW 2005 (as a mean, and of distances: Smyth and McClave, ICCBR 2001).
    """
    known = [catalogue.vectors[item] for item in answer.ranking[:k] if item in catalogue.vectors]
    n = len(known)
    if n < 2:
        return math.nan
    vectors = np.asarray(known, dtype=np.float64)
    # Of unit vectors, the squared length of the sum is n and twice the cosines of all pairs; with
    # the true lengths in the place of n, rounding to float32 does no harm.
    total = vectors.sum(axis=0)
    cosines = (float(total @ total) - float((vectors * vectors).sum())) / (n * (n - 1))
    return 1.0 - cosines


def novelty(answer: SystemAnswer, catalogue: CatalogueStatistics, k: int) -> float:
    """novelty@k: mean self-information of the first k items, in bits; higher is better.

    It is -log2 of the share of training's people who liked the item. What nobody liked counts as
    liked by 1 of (people + 1), a little more novel than what one person liked.

    Source: Zhou, Kuscsik, Liu, Medo, Wakeling and Zhang, "Solving the apparent diversity-accuracy
    dilemma of recommender systems", PNAS 107(10), 2010.
    """
    bits = [
        _bits(catalogue.popularity.get(item, 0), catalogue.people) for item in answer.ranking[:k]
    ]
    return sum(bits) / len(bits) if bits else math.nan


def popularity(answer: SystemAnswer, catalogue: CatalogueStatistics, k: int) -> float:
    """popularity@k: mean share of training's people who liked the first k items; lower is better.

    Source: Yin, Cui, Li, Yao and Chen, "Challenging the long tail recommendation", PVLDB 5(9), 2012
    (average recommendation popularity, here as a share of people).
    """
    return _fame(answer.ranking[:k], catalogue) / catalogue.people if catalogue.people else math.nan


def popularity_lift(answer: SystemAnswer, catalogue: CatalogueStatistics, k: int) -> float:
    """popularity_lift@k: mean popularity of the first k items over that of the person's, minus 1.

    The bias towards what is popular: 0 shows what is as popular as what the person knows, 1 what is
    twice as popular; lower is better, down to -1. The person's items are the different ones of
    their history, in any scene. Not defined where nobody in training liked any of them.

    Source: Abdollahpouri, Mansoury, Burke and Mobasher, "The connection between popularity bias,
    calibration, and fairness in recommendation", RecSys 2020 (per person instead of per group).
    """
    usual = _fame({event.item_id for event in answer.case.history}, catalogue)
    return _fame(answer.ranking[:k], catalogue) / usual - 1.0 if usual > 0 else math.nan


def _bits(likes: int, people: int) -> float:
    return math.log2(people / likes) if likes else math.log2(people + 1)


def _fame(items: Iterable[str], catalogue: CatalogueStatistics) -> float:
    counts = [catalogue.popularity.get(item, 0) for item in items]
    return sum(counts) / len(counts) if counts else math.nan
