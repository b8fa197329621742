"""Another order of what was shown is judged by the likes that came, each by its place's chance."""

from dataclasses import replace

import numpy as np
import pytest
from examples import NOON, SCALE, make_event

from recagent.domain import Impression
from recagent.errors import DataError
from recagent.offline.off_policy import LoggedSlate, dcg_gain, logged_slates, order_value
from recagent.ranking import examination_probability

SHOWN = Impression(
    id="i1",
    user_id="ann",
    scene="books",
    at=NOON,
    item_ids=("b1", "b2"),
    probabilities=(0.6, 0.4),
    trace="{}",
)


def slate(user_id="ann", ids="abc", liked=""):
    return LoggedSlate(user_id=user_id, item_ids=tuple(ids), liked=frozenset(liked))


def test_a_like_further_down_stands_for_those_that_were_missed_there():
    found = order_value([slate(liked="a"), slate("bob", liked="c")], ["bac", "cab"])
    assert found.likes == 2
    assert found.mean == pytest.approx((1 * dcg_gain(2) + 3 * dcg_gain(1)) / (1 + 3))


def test_an_order_that_puts_every_like_first_is_worth_1():
    slates = [slate(f"p{n}", liked="b") for n in range(9)]
    found = order_value(slates, ["bac"] * 9)
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)


def test_without_likes_nothing_can_be_said():
    assert np.isnan(order_value([slate()], ["abc"]).mean)


def test_an_order_of_other_items_is_refused():
    with pytest.raises(DataError, match="not contain exactly the items that were shown"):
        order_value([slate()], ["abd"])


def test_the_truth_lies_in_the_interval_where_people_look_as_is_assumed():
    chance = np.random.default_rng(1)
    slates, truth = [], []
    for person in range(2_000):
        liked = {item for item in "abcdef" if chance.random() < (0.6 if item in "ef" else 0.2)}
        seen = {
            item
            for rank, item in enumerate("abcdef", 1)
            if chance.random() < examination_probability(rank)
        }
        slates.append(slate(f"p{person}", ids="abcdef", liked=liked & seen))
        truth += [dcg_gain("fedcba".index(item) + 1) for item in liked]
    found = order_value(slates, ["fedcba"] * len(slates))
    assert found.low < np.mean(truth) < found.high
    seen_only = [dcg_gain("fedcba".index(item) + 1) for each in slates for item in each.liked]
    assert np.mean(seen_only) < found.low


def test_likes_are_joined_to_the_slate_that_they_name():
    events = [
        replace(make_event("ann", "b2"), impression="i1"),
        replace(make_event("ann", "b1", kind="dislike"), impression="i1"),
        replace(make_event("ann", "b9"), impression="i1"),
        make_event("ann", "b1"),
    ]
    (found,) = logged_slates(events, [SHOWN], scale=SCALE)
    assert found == LoggedSlate(user_id="ann", item_ids=("b1", "b2"), liked=frozenset({"b2"}))
