"""How much a system's scores owe to the place at which a candidate is listed, and without that.

Whether an answer changes with the order at all is ``audits.order_sensitivity``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.order import stable_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listed:
    """One answer: ids of the candidates as they were listed, and their scores, (n,)."""

    user_id: str
    case: str
    items: tuple[str, ...]
    scores: Floats


def place_matrix(answers: Sequence[Listed]) -> Floats:
    """(n, n) share of answers in which what stood at a place (row) came at a rank (column).

    Of a system that places do not sway all are 1/n, where candidates are listed by chance. Equal
    scores rank as they are listed. All answers have n candidates.

    Source: Ma, Cheng, Zhu and Xiong, "Large language models are not stable recommender systems",
    2023, arXiv 2312.15746 (a matrix of places, measured on probes, corrects answers).
    """
    n = len(answers[0].items)
    found = np.zeros((n, n))
    for each in answers:
        found[np.argsort(-each.scores, kind="stable"), np.arange(n)] += 1 / len(answers)
    return found


def place_bias(answers: Sequence[Listed]) -> Floats:
    """(n,) mean of what the scores at each place are above the mean of their answer.

    What is listed where must be by chance: then it is the place that speaks, not what stands there.
    """
    return np.mean([each.scores - each.scores.mean() for each in answers], axis=0)


def without_places(answers: Sequence[Listed]) -> list[Floats]:
    """Scores less the bias of their places, which is measured on other people's answers.

    Source: Zhao, Wallace, Feng, Klein and Singh, "Calibrate before use: improving few-shot
    performance of language models", ICML 2021 (a model's leaning is measured and taken off; there
    with an input that says nothing, here with other people's).
    """
    folds = np.asarray([stable_hash("places", 0, each.user_id) % FOLDS for each in answers])
    biases: dict[int, Floats] = {}
    for fold in set(folds.tolist()):
        others = [each for each, own in zip(answers, folds, strict=True) if own != fold]
        biases[fold] = place_bias(others) if others else np.zeros(len(answers[0].items))
    return [each.scores - biases[fold] for each, fold in zip(answers, folds.tolist(), strict=True)]


def over_orders(answers: Sequence[Listed], scores: Sequence[Floats]) -> dict[str, dict[str, float]]:
    """By case, the mean of each candidate's scores over the orders in which it was asked about."""
    found: dict[str, dict[str, list[float]]] = {}
    for each, own in zip(answers, scores, strict=True):
        kept = found.setdefault(each.case, {})
        for item, score in zip(each.items, own.tolist(), strict=True):
            kept.setdefault(item, []).append(score)
    return {
        case: {item: float(np.mean(values)) for item, values in own.items()}
        for case, own in found.items()
    }
