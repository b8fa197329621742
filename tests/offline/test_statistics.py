"""Intervals and tests against scipy's, Holm by hand, and what they promise, by simulation."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import make_case
from scipy import stats

from recagent.errors import DataError
from recagent.offline import resampling
from recagent.offline.resampling import interval, intervals
from recagent.offline.significance import (
    compare,
    compare_all,
    detectable_difference,
    differences,
    holm,
    promotion_gate,
)

NAN = math.nan


def floats(values):
    return np.array(values, dtype=np.float64)


def people(n):
    return [f"u{number}" for number in range(n)]


def noise(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


# Intervals


def test_an_interval_is_scipys_percentile_bootstrap():
    values = noise(40)
    mean, low, high = interval(values, people=people(40))
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=resampling.RESAMPLES,
        batch=resampling.BATCH,
        method="percentile",
        confidence_level=1 - resampling.expanded_level(0.05, n=40),
        rng=np.random.default_rng(resampling.SEED),
    ).confidence_interval
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((theirs.low, theirs.high))


def test_persons_are_drawn_with_all_of_their_cases():
    """Against scipy's bootstrap of a ratio: sums of values over numbers of cases."""
    owners = [f"u{at % 25}" for at in range(60)]  # some have three cases, some two
    values = noise(60)
    found = interval(values, people=owners)
    sums = floats([sum(values[at::25]) for at in range(25)])
    counts = floats([len(values[at::25]) for at in range(25)])
    theirs = stats.bootstrap(
        (sums, counts),
        lambda x, n, axis: x.sum(axis) / n.sum(axis),
        paired=True,
        n_resamples=resampling.RESAMPLES,
        batch=resampling.BATCH,
        method="percentile",
        confidence_level=1 - resampling.expanded_level(0.05, n=25),
        rng=np.random.default_rng(resampling.SEED),
    ).confidence_interval
    assert found == pytest.approx((values.mean(), theirs.low, theirs.high))


def test_equal_values_have_no_width():
    assert interval(floats([0.25] * 9), people=people(9)) == (0.25, 0.25, 0.25)


def test_one_person_has_a_mean_and_no_interval():
    mean, low, high = interval(floats([1, 2, 6]), people=["u", "u", "u"])
    assert mean == 3
    assert math.isnan(low)
    assert math.isnan(high)


def test_without_values_there_is_no_mean():
    assert all(math.isnan(end) for end in interval(floats([NAN, NAN]), people=people(2)))
    assert all(math.isnan(end) for end in interval(floats([]), people=[]))


def test_a_lower_level_is_a_wider_interval():
    _, low, high = interval(noise(40), people=people(40))
    _, lower, higher = interval(noise(40), people=people(40), level=0.01)
    assert lower < low < high < higher


@given(
    columns=st.lists(
        st.lists(st.one_of(st.just(NAN), st.floats(-9, 9)), min_size=6, max_size=6),
        min_size=1,
        max_size=4,
    ),
    owners=st.lists(st.sampled_from("uvwxyz"), min_size=6, max_size=6),
)
def test_columns_have_the_interval_that_each_would_have_alone(columns, owners):
    together = intervals(floats(columns).T, people=owners)
    for at, column in enumerate(columns):
        kept = [row for row, value in enumerate(column) if not math.isnan(value)]
        alone = interval(floats(column)[kept], people=[owners[row] for row in kept])
        assert [ends[at] for ends in together] == pytest.approx(alone, nan_ok=True, abs=1e-9)
        mean, low, high = alone
        if len({owners[row] for row in kept}) > 1:
            assert low - 1e-9 <= mean <= high + 1e-9


@pytest.mark.parametrize("n", [2, 8, 60, 6_000])
def test_percentiles_are_expanded_as_hesterberg_says(n):
    z = -math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)
    assert resampling.expanded_level(0.05, n=n) == pytest.approx(2 * stats.norm.cdf(z))


def test_thousands_of_people_take_little_memory():
    assert resampling.BATCH * 6_000 * 8 < 2e7
    mean, low, high = interval(noise(6_000), people=people(6_000))
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(6_000), rel=0.1)
    assert low < mean < high


# The paired randomisation test


def scipys_p(deltas, flips=resampling.FLIPS):
    return stats.permutation_test(
        (deltas,),
        lambda x, axis: x.sum(axis),
        permutation_type="samples",
        n_resamples=flips,
        vectorized=True,
        rng=np.random.default_rng(5),
    ).pvalue


@given(st.lists(st.integers(-6, 6), min_size=2, max_size=9))
def test_for_few_people_p_is_exact_and_scipys(deltas):
    deltas = floats(deltas) / 7
    found = compare(np.zeros(len(deltas)), deltas, people=people(len(deltas)))
    assert found.p == pytest.approx(scipys_p(deltas))


@pytest.mark.parametrize("shift", [0.0, 0.15, 0.25, 0.35, 0.5])
def test_for_many_people_p_is_scipys_but_for_chance(shift):
    deltas = noise(60) + shift
    p = compare(np.zeros(60), deltas, people=people(60)).p
    theirs = scipys_p(deltas)
    chance = math.sqrt(2 * max(theirs, 1e-4) * (1 - theirs) / resampling.FLIPS)
    assert p == pytest.approx(theirs, abs=4 * chance + 2e-4)


def test_a_p_of_flips_that_are_drawn_is_never_0():
    assert compare(np.zeros(60), np.ones(60), people=people(60)).p == 1 / 10_000


def test_equal_answers_do_not_differ():
    values = noise(30)
    found = compare(values, values, people=people(30))
    assert (found.delta, found.low, found.high, found.p, found.deviation) == (0, 0, 0, 1, 0)


def test_differences_are_per_person():
    """Two cases of one person that cancel are one difference of 0."""
    found = compare(floats([0, 0, 0]), floats([1, -1, 3]), people=["u", "u", "v"])
    assert (found.cases, found.people, found.delta) == (3, 2, 1)
    assert found.p == 1.0  # the signs of 0 and 3: |sum| is 3 for all four


def test_only_cases_that_both_answered_count():
    found = compare(floats([1, NAN, 0, 5]), floats([2, 7, NAN, 7]), people=people(4))
    assert (found.cases, found.people, found.delta) == (2, 2, 1.5)


def test_nothing_in_common_has_no_difference():
    found = compare(floats([1, NAN]), floats([NAN, 1]), people=people(2))
    assert (found.cases, found.people, found.p) == (0, 0, 1)
    assert math.isnan(found.delta)


def test_the_deviation_is_that_of_peoples_differences():
    deltas = noise(30)
    found = compare(np.zeros(30), deltas, people=people(30))
    assert found.deviation == pytest.approx(deltas.std(ddof=1))


def test_the_deviation_counts_a_persons_cases_together():
    """It predicts the bootstrap's own spread of the mean where people have several cases."""
    owners = [f"u{at % 50}" for at in range(130)]
    deltas = noise(130) + noise(50, seed=2)[[at % 50 for at in range(130)]]
    found = compare(np.zeros(130), deltas, people=owners)
    assert found.high - found.low == pytest.approx(
        2 * 1.96 * found.deviation / math.sqrt(50), rel=0.1
    )


# Holm, and what can be detected


def test_holm_by_hand():
    # Rising: .01 .02 .03 .04 times 4 3 2 1 is .04 .06 .06 .04, and no smaller than before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni_and_keeps_the_order(ps):
    adjusted = holm(ps)
    for p, q in zip(ps, adjusted, strict=True):
        assert p <= q <= min(1.0, len(ps) * p) or q == pytest.approx(p)
    for (p, q), (r, s) in combinations(zip(ps, adjusted, strict=True), 2):
        assert (p - r) * (q - s) >= 0


def test_what_can_be_detected_by_hand():
    # z of .975 is 1.95996, and z of .8 is 0.84162; the standard error is 0.05
    assert detectable_difference(0.5, n=100) == pytest.approx(0.140079, abs=1e-6)
    assert detectable_difference(0.5, n=100, alpha=0.05 / 10) > detectable_difference(0.5, n=100)
    assert detectable_difference(0.0, n=100) == 0


# Every pair, everywhere


def cases_of(scenes, owners=None):
    owners = owners or people(len(scenes))
    return [make_case(f"c{at}", scene=scene, user_id=owner)
            for at, (scene, owner) in enumerate(zip(scenes, owners, strict=True))]  # fmt: skip


def test_every_pair_is_compared_in_every_scene_and_over_all_with_one_correction():
    cases = cases_of(["books", "films"] * 20)
    values = {"a": noise(40), "b": noise(40, 2), "c": noise(40, 3) + 2}
    found = compare_all(values, cases, measure="nDCG@10")
    assert [(c.scene, c.base, c.new) for c in found] == [
        (scene, *pair) for scene in ["", "books", "films"] for pair in ["ab", "ac", "bc"]
    ]
    assert [c.p_holm for c in found] == pytest.approx(holm([c.p for c in found]))
    for c in found:
        rows = [at for at, case in enumerate(cases) if c.scene in ("", case.scene)]
        alone = compare(
            values[c.base][rows], values[c.new][rows], people=[cases[at].user_id for at in rows]
        )
        assert (c.cases, c.people, c.measure) == (alone.cases, alone.people, "nDCG@10")
        assert (c.delta, c.low, c.high, c.p) == pytest.approx(
            (alone.delta, alone.low, alone.high, alone.p)
        )
        assert c.detectable == pytest.approx(
            detectable_difference(alone.deviation, n=alone.people, alpha=0.05 / 9)
        )


def test_a_single_scene_is_not_corrected_for_twice():
    found = compare_all(
        {"a": noise(20), "b": noise(20, 2)}, cases_of(["books"] * 20), measure="MRR"
    )
    over_all, books = found
    assert (over_all.scene, books.scene) == ("", "books")
    assert books.p_holm == over_all.p_holm == over_all.p


def test_what_fewer_than_two_people_answered_is_left_out():
    cases = cases_of(["books", "books", "films"], owners="uvu")
    found = compare_all({"a": floats([1, 2, 3]), "b": floats([1, NAN, 4])}, cases, measure="MRR")
    assert found == ()
    found = compare_all({"a": floats([1, 2, 3]), "b": floats([1, 5, 4])}, cases, measure="MRR")
    assert [c.scene for c in found] == ["", "books"]


def test_one_system_has_nothing_to_be_compared_with():
    assert compare_all({"a": noise(2)}, cases_of(["books"] * 2), measure="MRR") == ()
    assert compare_all({"a": noise(0), "b": noise(0)}, [], measure="MRR") == ()


@pytest.mark.slow
def test_very_many_comparisons_can_still_be_significant():
    """Drawn flips bound p from below: there are more of them where more is corrected."""
    cases = cases_of([f"s{at % 4}" for at in range(80)])
    values = {f"m{at}": np.full(80, float(at)) for at in range(16)}
    found = compare_all(values, cases, measure="MRR")
    assert len(found) == 600
    assert max(c.p_holm for c in found) < 0.05


# Gates


def test_a_gate_passes_where_the_interval_reaches_what_is_asked():
    base, new = noise(60), noise(60) + 0.1 * noise(60, 2) + 0.2
    _, low, _ = interval(new - base, people=people(60))
    passed = promotion_gate(base, new, people=people(60), min_delta=0.0)
    assert passed.passed
    assert passed.bound == pytest.approx(low)
    assert passed.improvement == pytest.approx((new - base).mean())
    assert not promotion_gate(base, new, people=people(60), min_delta=low + 1e-6).passed
    assert not promotion_gate(new, base, people=people(60), min_delta=0.0).passed


def test_a_little_worse_passes_where_a_little_worse_is_allowed():
    base = noise(60)
    new = base - 0.01 + 0.001 * noise(60, 2)
    assert not promotion_gate(base, new, people=people(60), min_delta=0.0).passed
    assert promotion_gate(base, new, people=people(60), min_delta=-0.02).passed


def test_equal_answers_pass_a_gate_at_0():
    assert promotion_gate(noise(9), noise(9), people=people(9), min_delta=0.0).passed


def test_where_lower_is_better_a_gate_asks_for_less():
    base, new = noise(60), noise(60) - 0.2 + 0.1 * noise(60, 2)
    found = promotion_gate(base, new, people=people(60), min_delta=0.1, higher_is_better=False)
    assert found.passed
    assert found.improvement == pytest.approx((base - new).mean())
    assert not promotion_gate(
        new, base, people=people(60), min_delta=-0.1, higher_is_better=False
    ).passed


def test_several_gates_are_stricter_than_one():
    base, new = noise(60), noise(60) + noise(60, 2) + 0.3
    alone = promotion_gate(base, new, people=people(60), min_delta=0.0)
    together = promotion_gate(base, new, people=people(60), min_delta=0.0, gates=5)
    assert together.bound < alone.bound
    assert together.improvement == alone.improvement


def test_a_gate_needs_eight_people():
    with pytest.raises(DataError, match=r"at least 8 people .* there are 7; run more cases"):
        promotion_gate(np.zeros(8), np.ones(8), people=[*people(7), "u0"], min_delta=0.0)


# What is promised, by simulation: noisy rankers of 20 candidates, of which one is relevant.


def ndcg_of_noisy_rankers(rng, size):
    """nDCG@10 (*size) of rankers that see the relevant one among 20 through noise."""
    signal = rng.normal(1.0, 1.0, size=size)  # how well it can be seen differs between cases
    ahead = (rng.normal(size=(*size, 19)) > (signal + rng.normal(size=size))[..., None]).sum(-1)
    return np.where(ahead < 10, 1 / np.log2(ahead + 2), 0.0)


@pytest.mark.parametrize("n", [8, 20, 60])
def test_of_systems_that_do_not_differ_at_most_one_in_twenty_is_promoted_by_the_gate(n):
    """A/A: 2,000 experiments, base and new exchangeable; 2.5% are expected."""
    rng = np.random.default_rng(7)
    base, new = (ndcg_of_noisy_rankers(rng, (n, 2_000)) for _ in range(2))
    _, lows, _ = intervals(new - base, people=people(n))
    assert np.mean(lows >= 0) <= 0.05
    for at in range(0, 2_000, 400):  # the gate itself says the same as the columns
        alone = promotion_gate(base[:, at], new[:, at], people=people(n), min_delta=0.0)
        assert alone.passed is bool(lows[at] >= 0)


def test_of_systems_that_do_not_differ_one_in_twenty_has_a_p_below_05():
    rng = np.random.default_rng(6)
    base, new = (ndcg_of_noisy_rankers(rng, (60, 2_000)) for _ in range(2))
    share = np.mean([d.p <= 0.05 for d in differences(new - base, people=people(60))])
    assert share == pytest.approx(0.05, abs=0.015)  # neither shy nor bold


@pytest.mark.slow
def test_of_several_systems_that_do_not_differ_one_in_twenty_runs_finds_a_difference():
    """A/A: 400 runs of four systems in two scenes, 18 comparisons each, corrected together."""
    rng = np.random.default_rng(8)
    cases = cases_of(["books", "films"] * 30)
    promoted = different = 0
    for _ in range(400):
        values = dict(zip("abcd", ndcg_of_noisy_rankers(rng, (4, 60)), strict=True))
        found = [c for c in compare_all(values, cases, measure="nDCG@10") if c.p_holm < 0.05]
        different += bool(found)
        promoted += any(c.delta > 0 for c in found)
    assert promoted / 400 <= different / 400 <= 0.05


@pytest.mark.slow
def test_a_true_difference_of_the_detectable_size_is_found_in_80_of_100_experiments():
    rng = np.random.default_rng(9)
    truth = detectable_difference(0.3, n=60)
    deltas = rng.normal(truth, 0.3, size=(60, 2_000))
    share = np.mean([d.p < 0.05 for d in differences(deltas, people=people(60))])
    assert 0.7 < share < 0.9
