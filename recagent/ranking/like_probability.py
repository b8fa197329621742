"""The probability that a person will like an item: calibrated, and not a share of the pool.

Fitting is ``training.like_probability``. It looks at no pool, so that it means the same on every
slate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from recagent.domain import Group, Rate

SHRINKAGE = 5.0  # judgments of the average that every rate begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeProbability:
    """A logistic regression on how often the item and the person are content, and on the sources.

    Attributes:
        average: share of likes among all judgments, above 0 and below 1.
        intercept: of the log odds.
        item: weight of the item's ``logit``.
        person: weight of the person's.
        sources: weight of ``log(1 + score / scale)`` of each source.
        scales: of the sources.
        groups: of people, for whom it is told: on held-out judgments of such people it is better
            than always saying ``average``.
    """

    average: float
    intercept: float
    item: float
    person: float
    sources: Mapping[str, float]
    scales: Mapping[str, float]
    groups: tuple[Group, ...]

    def probability(self, features: Mapping[str, float], *, item: Rate, person: Rate) -> float:
        """Between 0 and 1; a source without a score counts as 0."""
        odds = self.intercept + self.item * logit(item, self.average)
        odds += self.person * logit(person, self.average)
        for name, weight in self.sources.items():
            odds += weight * math.log1p(max(0.0, features.get(name, 0.0)) / self.scales[name])
        return 1.0 / (1.0 + math.exp(-odds))


def logit(rate: Rate, average: float) -> float:
    """Log odds of the share of likes, drawn towards the average."""
    share = (rate.likes + SHRINKAGE * average) / (rate.judged + SHRINKAGE)
    return math.log(share / (1.0 - share))
