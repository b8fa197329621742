"""Whether probabilities mean what they say; lower is better for all of these.

Only for frozen candidates: an answer to a whole scene holds no probability of what it leaves out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.data_set import CatalogueStatistics, SystemAnswer
from recagent.offline.measures.kinds import relevant
from recagent.offline.summaries import Reliability

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


BINS = 10


def log_loss(answer: SystemAnswer, _catalogue: CatalogueStatistics, _k: int) -> float:
    """log_loss: -log of the probability that the relevant candidates have together, in nats.

    Not defined where none of the candidates is relevant.

    Source: Good, "Rational decisions", Journal of the Royal Statistical Society B 14(1), 1952.
    """
    mass = [answer.probabilities[item] for item in relevant(answer) & answer.probabilities.keys()]
    if not mass or not answer.case.item_ids:
        return math.nan
    return -math.log(min(1.0, max(sum(mass), sys.float_info.min)))


def calibration_error(
    answers: Sequence[SystemAnswer], _catalogue: CatalogueStatistics, _k: int
) -> float:
    """ECE: mean distance between a candidate's probability and the share that is relevant.

    Candidates of all cases go by their probability into ten bins of equal mass; the distance is
    that between the means of each bin, weighted by its candidates. Equal probabilities share a bin.

    Source: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015; bins of equal mass: Nguyen and O'Connor, "Posterior calibration and
    exploratory analysis for natural language processing models", EMNLP 2015.
    """
    return _error(_pairs(answers))


def top_calibration_error(
    answers: Sequence[SystemAnswer], _catalogue: CatalogueStatistics, _k: int
) -> float:
    """top1_ECE: like ECE, of the first item of each answer only.

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017;
    bins of equal mass as in ECE.
    """
    return _error(_pairs(answers, first=1))


def reliability(system: str, answers: Sequence[SystemAnswer]) -> tuple[Reliability, ...]:
    """Returns the bins of ECE that hold candidates, at most ten, by rising probability."""
    return tuple(
        Reliability(system=system, probability=predicted, observed=observed, candidates=count)
        for predicted, observed, count in _bins(_pairs(answers))
    )


def _pairs(answers: Iterable[SystemAnswer], first: int | None = None) -> Floats:
    """Returns probability and relevance (0 or 1) of every candidate, (n, 2) float64."""
    pairs: list[tuple[float, float]] = []
    for answer in answers:
        if answer.case.item_ids:
            wanted = relevant(answer)
            pairs += [(answer.probabilities[item], float(item in wanted))
                      for item in answer.ranking[:first]]  # fmt: skip
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _bins(pairs: Floats) -> list[tuple[float, float, int]]:
    """Returns mean probability, share of relevant ones, and size of each bin."""
    if not len(pairs):
        return []
    _, group, sizes = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    # Equal probabilities stay together, around the middle of their ranks: cut apart, they would be
    # two bins of one prediction, in an arbitrary order.
    middles = np.cumsum(sizes) - sizes / 2
    bins = np.minimum(BINS - 1, (BINS * middles / len(pairs)).astype(np.int64))[group]
    counts = np.bincount(bins, minlength=BINS)
    predicted = np.bincount(bins, weights=pairs[:, 0], minlength=BINS)
    observed = np.bincount(bins, weights=pairs[:, 1], minlength=BINS)
    filled = np.flatnonzero(counts)
    predicted, observed = predicted[filled] / counts[filled], observed[filled] / counts[filled]
    return list(zip(predicted.tolist(), observed.tolist(), counts[filled].tolist(), strict=True))


def _error(pairs: Floats) -> float:
    bins = _bins(pairs)
    if not bins:
        return math.nan
    return float(
        sum(abs(predicted - observed) * count for predicted, observed, count in bins) / len(pairs)
    )
