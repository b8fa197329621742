"""Whether probabilities mean what they say; lower is better for all of these.

Only for frozen candidates: an answer to a whole scene holds no probability of what it leaves out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.measures.kinds import relevant
from recagent.offline.models import Reliability, Shelf, SystemAnswer

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


BINS = 10


def log_loss(answer: SystemAnswer, _shelf: Shelf, _k: int) -> float:
    """log_loss: -log of the probability that the relevant candidates have together, in nats.

    Not defined where none of the candidates is relevant.

    Source: Good, "Rational decisions", Journal of the Royal Statistical Society B 14(1), 1952.
    """
    mass = [answer.probabilities[item] for item in relevant(answer) & answer.probabilities.keys()]
    if not mass or not answer.case.item_ids:
        return math.nan
    return -math.log(min(1.0, max(sum(mass), sys.float_info.min)))


def calibration_error(answers: Sequence[SystemAnswer], _shelf: Shelf, _k: int) -> float:
    """ECE: mean distance between a candidate's probability and the share that is relevant.

    Candidates of all cases go by their probability into ten bins of equal mass; the distance is
    that between the means of each bin, weighted by its candidates. Equal probabilities share a bin.

    Source: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015; bins of equal mass: Nguyen and O'Connor, "Posterior calibration and
    exploratory analysis for natural language processing models", EMNLP 2015.
    """
    return _error(_pairs(answers))


def top_calibration_error(answers: Sequence[SystemAnswer], _shelf: Shelf, _k: int) -> float:
    """top1_ECE: like ECE, of the first item of each answer only.

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017;
    bins of equal mass as in ECE.
    """
    return _error(_pairs(answers, first=1))


def reliability(system: str, answers: Sequence[SystemAnswer]) -> tuple[Reliability, ...]:
    """The bins of ECE that hold candidates, at most ten, by rising probability."""
    return tuple(
        Reliability(system=system, probability=said, observed=seen, candidates=count)
        for said, seen, count in _bins(_pairs(answers))
    )


def _pairs(answers: Iterable[SystemAnswer], first: int | None = None) -> Floats:
    """Probability, and 1 for relevant or 0, of every candidate, (n, 2) float64."""
    pairs: list[tuple[float, float]] = []
    for answer in answers:
        if answer.case.item_ids:
            wanted = relevant(answer)
            pairs += [(answer.probabilities[item], float(item in wanted))
                      for item in answer.ranking[:first]]  # fmt: skip
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _bins(pairs: Floats) -> list[tuple[float, float, int]]:
    """Mean probability, share of relevant ones, and number of candidates of each bin."""
    if not len(pairs):
        return []
    _, group, sizes = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    # Equal probabilities lie together around the middle of the places that they take up: cut
    # apart, they would be two bins of one prediction, in an order that means nothing.
    middles = np.cumsum(sizes) - sizes / 2
    bins = np.minimum(BINS - 1, (BINS * middles / len(pairs)).astype(np.int64))[group]
    counts = np.bincount(bins, minlength=BINS)
    said = np.bincount(bins, weights=pairs[:, 0], minlength=BINS)
    seen = np.bincount(bins, weights=pairs[:, 1], minlength=BINS)
    held = np.flatnonzero(counts)
    said, seen = said[held] / counts[held], seen[held] / counts[held]
    return list(zip(said.tolist(), seen.tolist(), counts[held].tolist(), strict=True))


def _error(pairs: Floats) -> float:
    bins = _bins(pairs)
    if not bins:
        return math.nan
    return float(sum(abs(said - seen) * count for said, seen, count in bins) / len(pairs))
