"""How far a model's say may lift an item above its rank by all else.

A text that makes a model put an item first lifts it by no more than that. How heavily the model
counts is another matter (``blend``).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Item
from recagent.ranking.self_promotion import is_self_promotion

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Indices

MOST_PLACES = 5  # chosen on validation (docs/reference/ranking.md)
_SELF_PROMOTION = 2  # places that an item rises at most as others sink past it


def places_to_rise(items: Sequence[Item], grades: Floats) -> Floats:
    """Returns how many places each item may rise by a model's say, (n,).

    There is no limit for an item that answers the wish, as code sees it: its grade is above 0. One
    that promotes itself has no say for it, whatever it answers.
    """
    most = np.where(grades > 0, np.inf, float(MOST_PLACES))
    most[[is_self_promotion(item) for item in items]] = _SELF_PROMOTION
    return most


def limit_rises(joined: Floats, base: Floats, *, most: Floats, grades: Floats) -> Floats:
    """Returns joint scores by which no item stands more than its places above its rank by ``base``.

    An item that would stand higher comes down to just below those that it may not pass; all other
    scores stay.

    Args:
        joined: (n,) scores with the model.
        base: (n,) scores without it.
        most: (n,) places that each item may rise.
        grades: (n,) that come before any score, so that only equal ones are compared.
    """
    limited = joined.astype(np.float64)
    for grade in np.unique(grades):
        rows = np.flatnonzero(grades == grade)
        limited[rows] = _limited(limited[rows], _ranks(base[rows]) - most[rows])
    return limited


def limit_without_wish(joined: Floats, base: Floats, *, places: float = MOST_PLACES) -> Floats:
    """Returns ``limit_rises`` of items none of which promotes itself, where nothing is wished for.

    Args:
        joined: (n,) scores with the model.
        base: (n,) scores without it.
        places: that each item may rise.
    """
    most = np.full(len(joined), places, dtype=np.float64)
    return limit_rises(joined, base, most=most, grades=np.zeros(len(joined)))


def scores_of_order(order: Sequence[int]) -> Floats:
    """Returns scores of rows by which they are in this order, (n,)."""
    scores = np.empty(len(order))
    scores[np.asarray(order, dtype=np.intp)] = -np.arange(len(order))
    return scores


def _limited(scores: Floats, highest: Floats) -> Floats:
    """(n,) scores by which no row ranks above its highest rank, where 0 is the best."""
    limited = scores.copy()
    waiting = sorted(range(len(scores)), key=lambda row: -highest[row])
    eligible: list[tuple[float, int]] = []
    above, last = np.inf, -1
    for rank in range(len(scores)):
        while waiting and highest[waiting[-1]] <= rank:
            row = waiting.pop()
            heapq.heappush(eligible, (-scores[row], row))
        _, row = heapq.heappop(eligible)  # never empty: some row is not lower by the base
        if limited[row] > above or (limited[row] == above and row < last):
            limited[row] = np.nextafter(above, -np.inf)
        above, last = limited[row], row
    return limited


def _ranks(scores: Floats) -> Indices:
    """(n,) ranks from 0, the best; equal scores keep their order."""
    ranks = np.empty(len(scores), dtype=np.intp)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return ranks
