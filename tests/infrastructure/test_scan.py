"""The scan in memory: two passes find what one finds, and score it the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recagent.infrastructure.vectors.scan import Scan

VALUES = st.integers(-8, 8).map(lambda value: value / 8)


def exact(matrix, query, *, limit, without=()):
    """Rows and inner products by sorting all of them."""
    scores = matrix @ query
    best = [row for row in np.argsort(-scores, kind="stable") if row not in without][:limit]
    return best, scores[best]


def made(count, width, *, decay, seed=0):
    """(count, width) float32 unit rows; the axes' lengths fall off as those of real texts do."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(width, width)))[0]
    rows = (random.standard_t(5, size=(count, width)) * np.arange(1, width + 1) ** -decay) @ turn
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def tastes(matrix, count):
    chosen = np.random.default_rng(1).integers(0, len(matrix), (count, 5))
    rows = matrix[chosen].mean(axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_one_pass_gives_the_best_rows_with_their_scores():
    matrix = np.asarray([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], dtype=np.float32)
    (rows, scores), (others, _) = Scan(matrix, exact_below=4).best(
        np.asarray([[0, 1], [1, 0]], dtype=np.float32), limit=3, without=[[], [0]]
    )
    assert rows.tolist() == [1, 2, 0]
    np.testing.assert_allclose(scores, [1, 0.8, 0])
    assert others.tolist() == [2, 1, 3]


@given(st.data(), st.integers(1, 12), st.integers(1, 5), st.integers(1, 14), st.integers(1, 3))
def test_two_passes_agree_with_sorting_all_rows(data, count, width, limit, queries):
    matrix = data.draw(arrays(np.float32, (count, width), elements=VALUES))
    asked = data.draw(arrays(np.float32, (queries, width), elements=VALUES))
    left_out = st.lists(st.integers(0, count - 1), unique=True)
    without = [data.draw(left_out) for _ in range(queries)]
    for exact_below in (0, count):
        scan = Scan(matrix, exact_below=exact_below)
        found = scan.best(asked, limit=limit, without=without)
        for query, gone, (rows, scores) in zip(asked, without, found, strict=True):
            _, best = exact(matrix, query, limit=limit, without=gone)
            np.testing.assert_allclose(scores, best, atol=1e-4)
            np.testing.assert_allclose(scores, matrix[rows] @ query, atol=1e-4)
            assert len(set(rows.tolist())) == len(rows)
            assert not set(rows.tolist()) & set(gone)
        np.testing.assert_allclose(scan.rows(range(count)), matrix, atol=1e-5)


def test_rows_that_are_equally_good_come_in_the_order_given():
    matrix = np.ones((300, 4), dtype=np.float32)
    rows, _ = Scan(matrix, exact_below=300).best(matrix[:1], limit=5, without=[[0, 3]])[0]
    assert rows.tolist() == [1, 2, 4, 5, 6]


@pytest.mark.parametrize("decay", [0.0, 0.6])  # all axes alike, which helps nothing, and as texts
def test_two_passes_over_many_rows_miss_less_than_one_in_a_hundred(decay):
    matrix = made(12_000, 64, decay=decay)
    scan = Scan(matrix, exact_below=10_000)
    assert not scan.is_exact
    hits = 0
    queries = tastes(matrix, 100)
    gone = list(range(0, 12_000, 3))
    for query in queries:
        rows, scores = scan.best(query[None], limit=50, without=[gone])[0]
        assert not set(rows.tolist()) & set(gone)
        assert np.all(np.diff(scores) <= 0)
        hits += len(set(rows.tolist()) & set(exact(matrix, query, limit=50, without=set(gone))[0]))
    assert hits / (50 * len(queries)) >= 0.99


def test_a_query_alone_finds_what_it_finds_among_others():
    matrix = made(500, 16, decay=0.6)
    scan = Scan(matrix, exact_below=100)
    queries = tastes(matrix, 8)
    together = scan.best(queries, limit=5, without=[[]] * 8)
    for query, (rows, scores) in zip(queries, together, strict=True):
        alone, its_scores = scan.best(query[None], limit=5, without=[[]])[0]
        assert alone.tolist() == rows.tolist()
        np.testing.assert_allclose(its_scores, scores, atol=1e-6)
