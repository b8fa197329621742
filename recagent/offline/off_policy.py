"""Off-policy estimates: what another order would have been worth, from the slates shown.

Pure: it reads no store. It judges orders of what was shown; of items that never were it says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recagent.domain import Event, Impression, RatingScale
from recagent.errors import DataError
from recagent.offline.resampling import ratio_interval
from recagent.profiles.building import is_liked
from recagent.ranking import examination_probability


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSlate:
    """A slate as it was shown, best first, and which of its items were liked in answer to it."""

    user_id: str
    item_ids: tuple[str, ...]
    liked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderValue:
    """Where an order puts what people like: the mean DCG gain of a liked item, in (0, 1].

    Attributes:
        mean: 1 if each stood first; NaN without any like.
        low: of the 95% interval over people; NaN for fewer than two of them.
        likes: that it rests on.
    """

    mean: float
    low: float
    high: float
    likes: int


def logged_slates(
    events: Iterable[Event], shown: Iterable[Impression], *, scale: RatingScale
) -> list[LoggedSlate]:
    """The slates with the likes that answer them; a like that names no such slate is left out."""
    liked: dict[str, set[str]] = {}
    for event in events:
        if event.impression and is_liked(event, scale):
            liked.setdefault(event.impression, set()).add(event.item_id)
    return [
        LoggedSlate(
            user_id=each.user_id,
            item_ids=each.item_ids,
            liked=frozenset(liked.get(each.id, ())) & frozenset(each.item_ids),
        )
        for each in shown
    ]


def order_value(slates: Sequence[LoggedSlate], orders: Sequence[Sequence[str]]) -> OrderValue:
    """What an order of each slate's items is worth, by self-normalised inverse propensities.

    Each like counts 1 / P(its place was looked at), since those further down were missed more
    often: the sum over likes of gain(rank in the order) times that weight, by the sum of the
    weights. The gain is 1 / log2(1 + rank), the propensity ``ranking.feedback_reward.examined``.

    Args:
        slates: as they were shown.
        orders: of the same items, best first, one for each slate.

    Raises:
        DataError: an order is not of its slate's items.

    Source: Joachims, Swaminathan and Schnabel, "Unbiased learning-to-rank with biased feedback",
    WSDM 2017; self-normalised: Swaminathan and Joachims, "The self-normalized estimator for
    counterfactual learning", NIPS 2015.
    """
    above, below = np.zeros(len(slates)), np.zeros(len(slates))
    for row, (slate, order) in enumerate(zip(slates, orders, strict=True)):
        if sorted(order) != sorted(slate.item_ids):
            raise DataError(
                "order {order!r} does not contain exactly the items that were shown, {shown!r}; "
                "this slate cannot judge other items",
                order=list(order),
                shown=list(slate.item_ids),
            )
        for item in slate.liked:
            weight = 1.0 / examination_probability(slate.item_ids.index(item) + 1)
            below[row] += weight
            above[row] += weight * dcg_gain(order.index(item) + 1)
    mean, low, high = ratio_interval(above, below, people=[slate.user_id for slate in slates])
    return OrderValue(
        mean=mean, low=low, high=high, likes=sum(len(slate.liked) for slate in slates)
    )


def dcg_gain(rank: int) -> float:
    """What a place is worth in DCG: 1 / log2(1 + rank)."""
    return float(1.0 / np.log2(1 + rank))
