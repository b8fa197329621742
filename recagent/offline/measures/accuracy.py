"""How well the relevant items are ranked: names for ir-measures, and what it does not have.

Relevant is what has a judgment above 0. All are in [0, 1], and higher is better.
"""

from __future__ import annotations

import math

from recagent.offline.data_set import CatalogueStatistics, SystemAnswer
from recagent.offline.measures.kinds import relevant


def ndcg(k: int) -> str:
    """nDCG@k: sum over the first k places of grade / log2(1 + place), over the best such sum.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM
    Transactions on Information Systems 20(4), 2002 (log2(1 + place) as in trec_eval, linear gain).
    """
    return f"nDCG@{k}"


def precision(k: int) -> str:
    """precision@k: relevant items in the first k places, over k, also where fewer are ranked.

    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapter 8.
    """
    return f"P@{k}"


def recall(k: int) -> str:
    """recall@k: relevant items in the first k places, over all relevant items.

    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapter 8.
    """
    return f"R@{k}"


def accuracy(_: int) -> str:
    """accuracy: 1 where the first item is relevant (precision@1).

    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapter 8.
    """
    return "P@1"


def hit_rate(k: int) -> str:
    """HR@k: 1 where a relevant item is in the first k places.

    Source: Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM Transactions on
    Information Systems 22(1), 2004.
    """
    return f"Success@{k}"


def reciprocal_rank(_: int) -> str:
    """MRR: 1 over the place of the first relevant item, 0 where none is ranked.

    Source: Voorhees, "The TREC-8 question answering track report", 1999.
    """
    return "RR"


def average_precision(k: int) -> str:
    """MAP, MAP@k: sum of the precisions at the places of relevant items, over all relevant items.

    With k, only over the first k places; the divisor stays the number of all relevant items.

    Source: Buckley and Voorhees, "Evaluating evaluation measure stability", SIGIR 2000.
    """
    return f"AP@{k}" if k else "AP"


def f1(answer: SystemAnswer, _: CatalogueStatistics, k: int) -> float:
    """F1@k: harmonic mean of precision@k and recall@k, which is 2 hits / (k + relevant items).

    Source: van Rijsbergen, "Information Retrieval", second edition, 1979, chapter 7.
    """
    wanted = relevant(answer)
    if not wanted:
        return math.nan
    return 2 * len(wanted.intersection(answer.ranking[:k])) / (k + len(wanted))


def auc(answer: SystemAnswer, _catalogue: CatalogueStatistics, _k: int) -> float:
    """AUC: share of pairs of a relevant and an irrelevant candidate that are in the right order.

    The ranking has no ties. Not defined without such a pair, nor where the whole scene is ranked,
    of which an answer holds only the best.

    Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143(1), 1982.
    """
    wanted = relevant(answer)
    right = irrelevant = 0
    for item in reversed(answer.ranking):
        if item in wanted:
            right += irrelevant
        else:
            irrelevant += 1
    pairs = irrelevant * (len(answer.ranking) - irrelevant)
    return right / pairs if pairs and answer.case.item_ids else math.nan
