"""Language and retrieval scores become one probability, and probability is set against sameness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.ranking import blend, mmr_order, softmax
from recagent.ranking.blend import bounded_z_scores, z_scores

scores = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_z_scores_have_mean_zero_and_deviation_one():
    assert z_scores([1.0, 2.0, 3.0]) == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5])


def test_softmax_is_the_share_of_the_exponentials():
    assert softmax([np.log(1), np.log(3)]) == pytest.approx([0.25, 0.75])
    assert softmax([np.log(1), np.log(3)], temperature=0.5) == pytest.approx([0.1, 0.9])


def test_a_blend_weighs_the_z_scores_of_both():
    language, fused = [0.0, 10.0], [0.2, 0.1]  # z: (-1, 1) and (1, -1)
    bound = 3 * np.tanh(1 / 3)
    third = 0.7 - 0.3 * bound
    assert blend(language, fused, language_weight=0.3) == pytest.approx([third, -third])
    assert blend(language, fused, language_weight=1.0) == pytest.approx([-bound, bound])


@given(values=scores)
def test_a_models_scores_are_bounded_and_keep_their_order(values):
    bounded = bounded_z_scores(values)
    assert (np.abs(bounded) < 3).all()
    for higher, lower in zip(np.argsort(values)[1:], np.argsort(values), strict=False):
        assert bounded[higher] >= bounded[lower]


def test_an_empty_pool_has_empty_scores():
    assert z_scores([]).shape == (0,)
    assert softmax([]).shape == (0,)
    assert blend([], [], language_weight=0.3).shape == (0,)


@given(values=scores)
def test_z_scores_are_finite_standard_and_keep_the_order(values):
    z = z_scores(values)
    assert np.isfinite(z).all()
    assert z.mean() == pytest.approx(0, abs=1e-6)
    assert z.std() == pytest.approx(1, abs=1e-6) or not z.any()
    for higher, lower in zip(np.argsort(values)[1:], np.argsort(values), strict=False):
        assert z[higher] >= z[lower]


@given(value=st.floats(-1e9, 1e9), size=st.integers(1, 20))
def test_equal_scores_say_nothing(value, size):
    assert not z_scores([value] * size).any()


@given(values=scores, temperature=st.floats(0.01, 100), shift=st.floats(-1e3, 1e3))
def test_softmax_is_a_distribution_that_keeps_the_order(values, temperature, shift):
    p = softmax(values, temperature=temperature)
    assert p.sum() == pytest.approx(1)
    assert ((p >= 0) & (p <= 1)).all()
    assert p[int(np.argmax(values))] == p.max()
    moved = softmax([value + shift for value in values], temperature=temperature)
    assert moved == pytest.approx(p, abs=1e-4)


@given(values=st.lists(st.integers(-50, 50), min_size=1, max_size=20), data=st.data())
def test_a_blend_does_not_depend_on_the_scale_of_the_scores(values, data):
    fused = data.draw(st.lists(st.integers(0, 50), min_size=len(values), max_size=len(values)))
    weight = data.draw(st.floats(0, 1))
    joint = blend(values, fused, language_weight=weight)
    rescaled = blend([7.0 * v - 3 for v in values], [f / 60 for f in fused], language_weight=weight)
    assert rescaled == pytest.approx(joint, abs=1e-9)


def unit(rows):
    vectors = np.asarray(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_without_diversity_the_order_is_that_of_the_scores():
    vectors = unit([[1, 0], [1, 0], [0, 1]])
    assert mmr_order(np.array([1.0, 3.0, 2.0]), vectors, k=2, diversity=0.0) == [1, 2]


def test_diversity_puts_the_unlike_before_the_alike():
    values, vectors = np.array([3.0, 2.9, 1.5]), unit([[1, 0], [1, 0.01], [0, 1]])
    assert mmr_order(values, vectors, k=3, diversity=0.0) == [0, 1, 2]
    assert mmr_order(values, vectors, k=3, diversity=0.8) == [0, 2, 1]


@given(
    rows=st.lists(st.tuples(*[st.floats(-1, 1, width=32)] * 3), max_size=8),
    k=st.integers(1, 10),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    data=st.data(),
)
def test_min_k_n_different_positions_come_back(rows, k, diversity, data):
    values = data.draw(st.lists(st.floats(-9, 9), min_size=len(rows), max_size=len(rows)))
    vectors = np.asarray(rows, dtype=np.float32).reshape(len(rows), 3)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-3)
    found = mmr_order(np.asarray(values), vectors, k=k, diversity=diversity)
    assert len(found) == len(set(found)) == min(k, len(rows))
    assert set(found) <= set(range(len(rows)))
