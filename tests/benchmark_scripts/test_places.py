"""What the place in a list does to scores, and scores without it."""

import numpy as np
import pytest

from benchmarks.places import (
    Listed,
    over_orders,
    place_bias,
    place_matrix,
    without_places,
)

N = 6
BIAS = np.asarray([3.0, 1.0, 0.0, -1.0, -1.0, -2.0])


def asked(number, *, sway, seed=0):
    """Answers of a system that knows what each item is worth, and leans to some places."""
    chance = np.random.default_rng(seed)
    worth = {f"i{at}": float(at) for at in range(N)}
    found = []
    for at in range(number):
        items = tuple(chance.permutation(sorted(worth)).tolist())
        scores = np.asarray([worth[item] for item in items]) / 5 + sway * BIAS
        found.append(Listed(user_id=f"p{at}", case=f"c{at}", items=items, scores=scores))
    return found


def test_the_bias_of_places_is_found():
    assert place_bias(asked(4000, sway=1.0)) == pytest.approx(BIAS - BIAS.mean(), abs=0.05)


def test_a_system_that_places_do_not_sway_has_a_flat_matrix():
    flat = place_matrix(asked(4000, sway=0.0))
    assert flat == pytest.approx(np.full((N, N), 1 / N), abs=0.03)
    assert place_matrix(asked(200, sway=9.0))[0, 0] == pytest.approx(1.0)
    assert flat.sum(axis=0) == pytest.approx(np.ones(N))


def test_without_the_places_the_right_item_comes_first():
    swayed = asked(300, sway=2.0)
    found = without_places(swayed)
    right = [each.items[int(np.argmax(own))] for each, own in zip(swayed, found, strict=True)]
    assert right.count("i5") > 290
    raw = [each.items[int(np.argmax(each.scores))] for each in swayed]
    assert raw.count("i5") < 100


def test_a_persons_own_answers_do_not_calibrate_them():
    one, *others = asked(60, sway=1.0)
    strange = Listed(user_id="p0", case="c0", items=one.items, scores=one.scores + 50 * BIAS)
    assert without_places([one, *others])[0] - one.scores == pytest.approx(
        without_places([strange, *others])[0] - strange.scores
    )


def test_scores_over_orders_are_means_by_item():
    one = Listed(user_id="p", case="c", items=("a", "b"), scores=np.asarray([1.0, 3.0]))
    other = Listed(user_id="p", case="c", items=("b", "a"), scores=np.asarray([5.0, 2.0]))
    assert over_orders([one, other], [one.scores, other.scores]) == {"c": {"a": 1.5, "b": 4.0}}
