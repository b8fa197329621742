"""The learned joint score: its columns, its gates, its like-probability, and what serves them."""

import numpy as np
import pytest
from examples import make_head
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import Candidate, Item, Rate, Usage
from recagent.ports import LanguageScores
from recagent.ranking import FixedBlend, Gate
from recagent.ranking.gate import entropy
from recagent.ranking.head import columns
from recagent.ranking.like_probability import LikeProbability


def candidate(name, **features):
    return Candidate(item=Item(id=name, scene="books", title=name), features=features)


def head(**changes):
    facts = {
        "name": "h",
        "sources": ("neighbours",),
        "shared": (1.0, 0.0, 1.0, 0.0),
        "scenes": {"films": (-1.0, 0.0, 0.0, 0.0)},
        "language_shared": (2.0, 1.0),
    }
    return make_head(**{**facts, **changes})


def language(*scores, model="m", prompt="p"):
    return LanguageScores(
        scores=scores, model=model, mode="listwise", prompt=prompt, usage=Usage(), calls=1
    )


OPEN = {scene: Gate(rule="always", cases=60, gain=0.1, low=0.05) for scene in ("books", "films")}
measured = head(gates=OPEN, model="m", prompts={"books": "p", "films": "p"})


POOL = [candidate("a", neighbours=0.0), candidate("b", neighbours=2.0), candidate("c")]


def test_a_scene_has_its_own_weights_and_others_share():
    z = np.asarray([-1, 2, -1]) / 2**0.5
    assert head().base(POOL, scene="books", cold=False) == pytest.approx(z)
    assert head().base(POOL, scene="films", cold=False) == pytest.approx(-z)


def test_a_source_may_count_more_where_a_person_is_new():
    known = head().base(POOL, scene="books", cold=False)
    assert head().base(POOL, scene="books", cold=True) == pytest.approx(2 * known)
    assert head().base(POOL, scene="films", cold=True) == pytest.approx(-known)


def test_the_model_counts_more_where_a_person_is_new_if_so_learned():
    base = np.zeros(3)
    warm = measured.joined(base, language(1.0, 2.0, 3.0), scene="books", cold=False)
    cold = measured.joined(base, language(1.0, 2.0, 3.0), scene="books", cold=True)
    assert cold == pytest.approx(1.5 * warm)
    assert list(np.argsort(-warm)) == [2, 1, 0]


def test_candidates_that_the_model_was_not_asked_about_keep_their_score():
    scores = measured.joined(
        np.asarray([1.0, 2.0, 3.0]), language(5.0, 1.0), scene="books", cold=False
    )
    assert scores[2] == 3.0


@given(
    scores=st.lists(st.just(0.0) | st.floats(1e-3, 1e6), min_size=1, max_size=30),
    factor=st.floats(0.01, 100),
)
def test_the_unit_of_a_sources_scores_does_not_matter(scores, factor):
    plain = columns([{"x": score} for score in scores], sources=("x",), cold=False)
    scaled = columns([{"x": score * factor} for score in scores], sources=("x",), cold=False)
    assert scaled == pytest.approx(plain, abs=1e-5)
    assert np.isfinite(plain).all()


BASE = np.asarray([4.0, 1.0, 1.0, 1.0])
CONTRARY = language(1.0, 2.0, 3.0, 4.0)


def order(scores):
    return np.argsort(-scores, kind="stable").tolist()


@pytest.mark.parametrize(
    ("gate", "verdict"),
    [
        (Gate(), "unknown"),
        (Gate(cases=19, forced=-0.2), "unknown"),
        (Gate(cases=60, forced=0.04), "unknown"),  # it gains, but not significantly
        (Gate(cases=60, forced=0.0), "does not help"),
        (Gate(cases=60, forced=-0.01), "does not help"),
        (Gate(rule="cold", cases=60, forced=-0.01), "helps"),
    ],
)
def test_what_is_known_of_a_model_in_a_scene(gate, verdict):
    assert gate.verdict == verdict


def test_a_model_that_was_not_measured_has_its_fixed_weight_beside_a_head():
    fitted = head(unmeasured=1 / 3)
    assert fitted.asks(BASE, scene="books", cold=False)
    assert fitted.weighs(CONTRARY, scene="books")
    third = fitted.joined(BASE, CONTRARY, scene="books", cold=False)
    before_a_fit = FixedBlend(language_weight=1 / 3, temperature=1.0)
    assert order(third) == order(before_a_fit.joined(BASE, CONTRARY, scene="books", cold=False))
    assert order(third) == [0, 3, 2, 1]  # it orders what the head leaves alike


def test_a_fit_that_did_not_ask_the_model_does_not_silence_it():
    fitted = head(unmeasured=1 / 3, gates={"films": Gate(cases=60, forced=-0.1)})
    assert fitted.closed == {"films"}
    assert not fitted.asks(BASE, scene="films", cold=False)
    assert fitted.asks(BASE, scene="books", cold=False)


def test_the_worth_of_one_model_is_not_given_to_another():
    fitted = head(gates=OPEN, model="m", prompts={"books": "p"}, unmeasured=1 / 3)
    for other in (
        language(1.0, 2.0, 3.0, 4.0, model="n"),
        language(1.0, 2.0, 3.0, 4.0, prompt="q"),
    ):
        assert not fitted.has_measured(other, scene="books")
        unknown = head(unmeasured=1 / 3).joined(BASE, other, scene="books", cold=False)
        assert fitted.joined(BASE, other, scene="books", cold=False) == pytest.approx(unknown)
    assert fitted.has_measured(CONTRARY, scene="books")


def test_one_score_out_of_line_does_not_outvote_everything():
    shouting = language(*[0.0] * 19, 1e9)
    base = np.linspace(4.0, -4.0, 20)
    joined = FixedBlend(language_weight=1 / 3, temperature=1.0).joined(
        base, shouting, scene="books", cold=False
    )
    assert order(joined)[0] == 0
    assert head(gates=OPEN, model="m").joined(base, shouting, scene="books", cold=False)[
        19
    ] == pytest.approx(base[19] + 2 * 3 * np.tanh(19**0.5 / 3))


def test_without_a_gate_the_model_is_not_asked():
    assert not head().asks(np.zeros(3), scene="books", cold=False)
    opened = head(gates={"books": Gate(rule="always")})
    assert opened.asks(np.zeros(3), scene="books", cold=False)
    assert not opened.asks(np.zeros(3), scene="films", cold=False)


@pytest.mark.parametrize(
    ("rule", "cold", "opens"),
    [
        ("never", True, False), ("always", False, True), ("warm", False, True),
        ("warm", True, False), ("cold", True, True), ("cold", False, False),
    ],
)  # fmt: skip
def test_a_gate_keeps_to_its_rule(rule, cold, opens):
    assert Gate(rule=rule).opens(np.zeros(2), cold=cold) is opens


def test_an_unsure_gate_opens_where_the_ranking_is_not_sure():
    gate = Gate(rule="unsure", entropy=0.5)
    assert gate.opens(np.asarray([0.1, 0.0, 0.0]), cold=False)
    assert not gate.opens(np.asarray([9.0, 0.0, 0.0]), cold=False)


def test_entropy_is_one_where_all_are_alike():
    assert entropy(np.zeros(7)) == pytest.approx(1.0)
    assert entropy(np.asarray([100.0, 0.0])) == pytest.approx(0.0, abs=1e-9)
    assert entropy(np.zeros(1)) == 1.0


def test_before_a_fit_retrieval_and_the_model_are_blended_as_set():
    fixed = FixedBlend(language_weight=0.5, temperature=1.0)
    pool = [candidate("a", fused=1.0), candidate("b", fused=3.0)]
    base = fixed.base(pool, scene="books", cold=False)
    assert base == pytest.approx([-1, 1])
    assert fixed.asks(base, scene="books", cold=True)
    joined = fixed.joined(base, language(4.0, 2.0), scene="books", cold=False)
    bound = 3 * np.tanh(1 / 3)  # of a z-score of 1
    assert joined == pytest.approx([(bound - 1) / 2, (1 - bound) / 2])
    assert fixed.width(pool=20, limit=100) == 20
    assert head().width(pool=20, limit=100) == 100


LIKING = LikeProbability(
    average=0.5,
    intercept=0.0,
    item=1.0,
    person=1.0,
    sources={"x": 0.5},
    scales={"x": 2.0},
    groups=("known",),
)


def test_unknown_item_and_person_have_the_average_probability():
    assert LIKING.probability({}, item=Rate(), person=Rate()) == pytest.approx(0.5)


def test_a_well_liked_item_a_content_person_and_a_source_each_raise_the_probability():
    plain = LIKING.probability({}, item=Rate(), person=Rate())
    good = Rate(likes=9, judged=10)
    assert LIKING.probability({}, item=good, person=Rate()) > plain
    assert LIKING.probability({}, item=Rate(), person=good) > plain
    assert LIKING.probability({"x": 3.0}, item=Rate(), person=Rate()) > plain
