"""From scores to an answer: who comes first, how equal scores are told apart, and probabilities."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import IDS, make_case

from recagent.errors import DataError
from recagent.evaluation.ranked_answers import ranked_answer


def test_the_best_score_comes_first():
    found = ranked_answer(make_case(item_ids="abc"), {"a": 0.1, "b": 3.0, "c": -2.0})
    assert found.ranking == ("b", "a", "c")


def test_probabilities_are_those_of_a_slate():
    found = ranked_answer(make_case(item_ids="ab"), {"a": 7.0, "b": 9.0}, temperature=2.0)
    odds = math.exp(1 / 2) / math.exp(-1 / 2)  # z-scores of two are 1 and -1
    assert found.probabilities["b"] / found.probabilities["a"] == pytest.approx(odds)


def test_equal_scores_keep_the_order_in_which_candidates_are_listed():
    found = ranked_answer(make_case(item_ids="dbca"), {"a": 1.0, "b": 1.0, "c": 2.0, "d": 1.0})
    assert found.ranking == ("c", "d", "b", "a")


def test_candidates_without_a_score_come_last_with_the_lowest_probability():
    found = ranked_answer(make_case(item_ids="dbca"), {"a": -4.0, "b": 1.0})
    assert found.ranking == ("b", "a", "d", "c")
    assert found.probabilities["d"] == found.probabilities["c"] == found.probabilities["a"]


def test_without_any_score_all_are_equally_probable():
    found = ranked_answer(make_case(item_ids="dbca"), {})
    assert found.ranking == ("d", "b", "c", "a")
    assert set(found.probabilities.values()) == {0.25}


def test_where_the_whole_scene_is_ranked_the_ranking_is_what_has_a_score():
    found = ranked_answer(make_case(item_ids="", relevant="x"), {"a": 1.0, "b": 2.0})
    assert found.ranking == ("b", "a")
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert ranked_answer(make_case(item_ids=""), {}).ranking == ()


def test_scores_of_items_that_are_no_candidates_are_left_out():
    assert ranked_answer(make_case(item_ids="ab"), {"a": 1.0, "z": 9.0}).ranking == ("a", "b")


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_is_an_error(score):
    with pytest.raises(DataError, match=r"case 'c1': the score of item 'b' is .*finite"):
        ranked_answer(make_case(item_ids="ab"), {"a": 1.0, "b": score})


@given(
    listed=st.permutations(IDS),
    scores=st.dictionaries(st.sampled_from(IDS), st.integers(-5, 5)),
)
def test_every_candidate_is_ranked_once_and_no_less_probable_than_the_next(listed, scores):
    found = ranked_answer(make_case(item_ids=listed), scores)
    assert sorted(found.ranking) == sorted(listed)
    chances = [found.probabilities[item] for item in found.ranking]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1)
