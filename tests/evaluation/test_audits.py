"""Orders, memory and scenes: rankers whose faults are known, and what the audits say of them."""

import math
from hashlib import sha256
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import IDS, make_case, make_shelf
from scipy.stats import kendalltau

from recagent.evaluation.audits import (
    candidate_order,
    chance_values,
    generalisation,
    kendall_tau,
    memorisation,
    order_sensitivity,
    reordered_case,
)
from recagent.offline.measures import measure_named
from recagent.offline.results import Result
from recagent.offline.summaries import Generalisation

NDCG = measure_named("nDCG@10")
MRR = measure_named("MRR")
SHELF = make_shelf()
CASES = {f"c{at}": make_case(f"c{at}", IDS, IDS[at % 12]) for at in range(60)}


def falling(order):
    """Scores that rank items in this order."""
    return {item: -float(place) for place, item in enumerate(order)}


# Orders


def test_the_plain_variant_lists_candidates_as_the_case_does():
    case = make_case(item_ids="dbca")
    assert (
        candidate_order(case, "")
        == candidate_order(case, "masked")
        == candidate_order(case, "swapped")
        == tuple("dbca")
    )


def test_an_order_is_a_shuffle_that_never_changes():
    assert candidate_order(make_case(item_ids="abcdefgh"), "order-1") == tuple("haegcdfb")
    assert candidate_order(make_case(item_ids="hgfedcba"), "order-1") == tuple("haegcdfb")


def test_orders_differ_between_variants_and_cases():
    orders = {candidate_order(case, f"order-{at}") for case in CASES.values() for at in (1, 2)}
    assert len(orders) == 120
    assert all(sorted(order) == sorted(IDS) for order in orders)


def test_every_candidate_is_listed_everywhere():
    places = [
        candidate_order(make_case(f"x{at}", IDS), "order-1").index("a") for at in range(1_200)
    ]
    assert all(60 < places.count(place) < 140 for place in range(12))  # 100 are expected


def ask(system, ranker, variants, cases=CASES):
    return [
        Result(system=system, case=case.id, variant=variant,
               scores=falling(ranker(candidate_order(case, variant), case)))
        for case in cases.values() for variant in variants
    ]  # fmt: skip


ORDERS = ("", "order-1", "order-2")


def test_who_ranks_by_the_items_alone_does_not_depend_on_their_order():
    found = order_sensitivity(
        ask("steady", lambda order, _: sorted(order), ORDERS), CASES, measure=NDCG, catalogue=SHELF
    )
    assert (found.system, found.cases, found.orders) == ("steady", 60, 3)
    assert (found.tau, found.same_top, found.spread) == (1, 1, 0)
    assert sum(found.first) == pytest.approx(1)
    assert len(found.first) == 12


def test_who_ranks_in_the_listed_order_is_found_out():
    found = order_sensitivity(
        ask("lazy", lambda order, _: order, ORDERS), CASES, measure=NDCG, catalogue=SHELF
    )
    assert found.tau == pytest.approx(0, abs=0.05)
    assert found.same_top == pytest.approx(1 / 12, abs=0.07)
    assert found.first == (1,) + (0,) * 11
    assert found.spread > 0.1


def test_a_ranker_that_gives_equal_scores_ranks_in_the_listed_order():
    equal = [Result(system="flat", case=case, variant=variant, scores=dict.fromkeys(IDS, 0.0))
             for case in CASES for variant in ORDERS]  # fmt: skip
    lazy = ask("flat", lambda order, _: order, ORDERS)
    assert order_sensitivity(equal, CASES, measure=NDCG, catalogue=SHELF) == order_sensitivity(
        lazy, CASES, measure=NDCG, catalogue=SHELF
    )


def test_order_sensitivity_of_a_worked_example():
    cases = {"c": make_case("c", "abc", "a")}
    results = [
        Result(system="s", case="c", scores=falling("abc")),
        Result(system="s", case="c", variant="order-1", scores=falling("acb")),
        Result(system="s", case="c", variant="order-2", scores=falling("bac")),
    ]
    found = order_sensitivity(results, cases, measure=MRR, catalogue=SHELF)
    assert found.tau == pytest.approx((1 / 3 + 1 / 3 - 1 / 3) / 3)
    assert found.same_top == pytest.approx(1 / 3)
    assert found.spread == pytest.approx(stdev([1, 1, 1 / 2]))
    places = [candidate_order(cases["c"], variant).index(top)
              for variant, top in zip(ORDERS, "aab", strict=True)]  # fmt: skip
    assert found.first == pytest.approx([places.count(place) / 3 for place in range(3)])


def test_only_cases_count_that_were_answered_in_several_orders():
    results = [
        Result(system="s", case="c0", scores=falling(IDS)),
        Result(system="s", case="c0", variant="order-1", error="timeout"),
        Result(system="s", case="c1", variant="order-1", scores=falling(IDS)),
        Result(system="s", case="c2", scores=falling(IDS)),
        Result(system="s", case="c2", variant="masked", scores=falling(IDS)),
    ]
    assert order_sensitivity(results, CASES, measure=NDCG, catalogue=SHELF) is None
    results.append(Result(system="s", case="c1", scores=falling(IDS)))
    found = order_sensitivity(results, CASES, measure=NDCG, catalogue=SHELF)
    assert (found.cases, found.orders) == (1, 2)


def test_a_whole_scene_has_no_order():
    whole = {"w": make_case("w", (), "a")}
    results = ask("s", lambda _, __: "ab", ORDERS, whole)
    assert order_sensitivity(results, whole, measure=NDCG, catalogue=SHELF) is None


@given(st.integers(2, 12).flatmap(lambda n: st.permutations(IDS[:n])))
def test_kendall_is_scipys(other):
    one = sorted(other)
    theirs = kendalltau(range(len(one)), [other.index(item) for item in one]).statistic
    assert kendall_tau(one, other) == pytest.approx(theirs)


# Memory


def hash_of(*parts):
    return sha256(repr(parts).encode()).digest()


def with_relevant_first(order, case):
    return sorted(order, key=lambda item: item not in case.judgments)


def test_who_knows_titles_by_heart_loses_without_them():
    results = [
        *ask("parrot", with_relevant_first, ("", "swapped")),
        *ask("parrot", lambda order, _: order, ("masked",)),
    ]
    found = memorisation(results, CASES, measure=NDCG, catalogue=SHELF)
    assert (found.system, found.cases, found.plain, found.swapped) == ("parrot", 60, 1, 1)
    assert found.kept_swapped == pytest.approx(1)
    assert found.masked == pytest.approx(found.random)  # each place of the list equally often
    assert found.kept_masked == pytest.approx(0)


def test_what_is_kept_of_a_worked_example():
    cases = {name: make_case(name, "abcd", "a") for name in "xy"}
    orders = {"": "abcd", "masked": "bacd", "swapped": "bcda"}
    results = [
        Result(system="s", case=name, variant=variant, scores=falling(order))
        for name in cases
        for variant, order in orders.items()
    ]
    found = memorisation(results, cases, measure=MRR, catalogue=SHELF)
    random = (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    assert (found.plain, found.masked, found.swapped) == (1, 1 / 2, 1 / 4)
    assert found.random == pytest.approx(random)
    assert found.kept_masked == pytest.approx((1 / 2 - random) / (1 - random))
    assert found.kept_swapped == pytest.approx((1 / 4 - random) / (1 - random))


def test_who_does_not_beat_chance_has_nothing_to_keep():
    ways = ("", "masked", "swapped")
    results = ask("bad", lambda order, case: with_relevant_first(order, case)[::-1], ways)
    found = memorisation(results, CASES, measure=NDCG, catalogue=SHELF)
    assert found.kept_masked is found.kept_swapped is None


def test_a_lift_that_may_be_none_is_not_divided_by():
    results = [
        *ask("lucky", lambda order, case: sorted(order, key=lambda i: hash_of(case.id, i)),
             ("", "masked", "swapped")),
    ]  # fmt: skip
    found = memorisation(results, CASES, measure=NDCG, catalogue=SHELF)
    assert abs(found.plain - found.random) < 0.1
    assert found.kept_masked is found.kept_swapped is None


def test_where_lower_is_better_beating_chance_is_being_lower():
    results = ask("good", with_relevant_first, ("", "masked", "swapped"))
    found = memorisation(results, CASES, measure=measure_named("log_loss"), catalogue=SHELF)
    assert found.random == pytest.approx(math.log(12))
    assert found.plain < found.random
    assert found.kept_masked == pytest.approx(1)


def test_only_cases_count_that_were_asked_in_all_three_ways():
    results = [
        Result(system="s", case="c0", scores=falling(IDS)),
        Result(system="s", case="c0", variant="masked", scores=falling(IDS)),
        Result(system="s", case="c0", variant="swapped", error="timeout"),
    ]
    assert memorisation(results, CASES, measure=NDCG, catalogue=SHELF) is None


@given(relevant=st.sets(st.sampled_from(IDS), min_size=1), k=st.integers(1, 12))
def test_what_chance_reaches_is_exact_for_sums_over_places(relevant, k):
    case = make_case("c", IDS, relevant)
    of = {name: chance_values([case], measure=measure_named(name), catalogue=SHELF)[0]
          for name in (f"precision@{k}", f"recall@{k}", f"nDCG@{k}")}  # fmt: skip
    assert of[f"precision@{k}"] == pytest.approx(len(relevant) / 12)
    assert of[f"recall@{k}"] == pytest.approx(k / 12)
    discounts = [1 / math.log2(place + 1) for place in range(1, k + 1)]
    expected = len(relevant) / 12 * sum(discounts) / sum(discounts[: len(relevant)])
    assert of[f"nDCG@{k}"] == pytest.approx(expected)


def test_what_chance_reaches_with_one_relevant_item_is_exact():
    found = chance_values([make_case("c", IDS, "e"), make_case("d", "ab", "b")], measure=MRR,
                      catalogue=SHELF)  # fmt: skip
    assert found == pytest.approx([mean(1 / place for place in range(1, 13)), 3 / 4])


def test_what_chance_reaches_where_a_whole_scene_is_ranked_is_not_known():
    found = chance_values([make_case("w", (), "a"), make_case("d", "ab", "b")], measure=MRR,
                      catalogue=SHELF)  # fmt: skip
    assert math.isnan(found[0])
    assert found[1] == 3 / 4


def test_results_speak_of_the_case_as_it_was_listed():
    case = make_case(item_ids="abcdefgh")
    assert reordered_case(case, "order-1").item_ids == candidate_order(case, "order-1")
    assert reordered_case(case, "order-1").judgments == case.judgments


# Scenes left out


def test_the_choice_of_the_other_scenes_is_set_against_the_best():
    means = {
        "v1": {"books": 0.5, "films": 0.1, "games": 0.4},
        "v2": {"books": 0.2, "films": 0.6, "games": 0.5},
    }
    assert generalisation(means) == (
        Generalisation(scene="books", system="v2", best="v1", gap=pytest.approx(0.3)),
        Generalisation(scene="films", system="v1", best="v2", gap=pytest.approx(0.5)),
        Generalisation(scene="games", system="v2", best="v2", gap=0),
    )


def test_where_lower_is_better_the_lowest_is_the_best():
    means = {"v1": {"books": 1.0, "films": 2.0}, "v2": {"books": 3.0, "films": 1.5}}
    found = generalisation(means, higher_is_better=False)
    assert found == (
        Generalisation(scene="books", system="v2", best="v1", gap=2.0),
        Generalisation(scene="films", system="v1", best="v2", gap=0.5),
    )


def test_systems_that_miss_a_scene_take_no_part():
    means = {"v1": {"books": 1.0, "films": 1.0}, "v2": {"books": 3.0}}
    assert {line.best for line in generalisation(means)} == {"v1"}


def test_one_scene_cannot_be_left_out():
    assert generalisation({"v1": {"books": 1.0}}) == ()
    assert generalisation({}) == ()


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_gap_is_never_negative(rows, higher):
    means = {f"s{at}": dict(zip("abc", row, strict=True)) for at, row in enumerate(rows)}
    assert all(line.gap >= 0 for line in generalisation(means, higher_is_better=higher))
