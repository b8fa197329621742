"""A small run from scores to summary: every number can be found again by its own function."""

import math
import time
from dataclasses import replace
from statistics import mean

import numpy as np
import pytest
from examples import make_event
from judging import IDS, make_case, make_shelf

from recagent.domain import Usage
from recagent.errors import ConfigError, DataError
from recagent.evaluation.audits import candidate_order
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.evaluation.summary import summarise
from recagent.offline.measures import NAMES, measure_named
from recagent.offline.resampling import interval
from recagent.offline.results import Result
from recagent.offline.summaries import Cost

SHELF = make_shelf(scenes={"books": IDS, "films": IDS})
CASES = [
    make_case(
        f"c{at}",
        IDS,
        IDS[at % 12],
        user_id=f"u{at % 15}",
        scene="books" if at % 2 else "films",
        history=[make_event("u", "a", scene="films")] if at % 3 else [],
    )
    for at in range(20)
]
MEASURES = ("nDCG@10", "MRR", "log_loss", "coverage@3", "ECE")


def scores(order):
    return {item: -float(place) for place, item in enumerate(order)}


def ask(system, ranker, *, variant="", cases=CASES, **took):
    return [
        Result(system=system, case=case.id, variant=variant,
               scores=scores(ranker(candidate_order(case, variant), case)), **took)
        for case in cases
    ]  # fmt: skip


def good(order, case):
    """The relevant one comes first in every second case, else second."""
    first = [item for item in order if item in case.judgments]
    rest = [item for item in order if item not in case.judgments]
    return first + rest if int(case.id[1:]) % 4 else rest[:1] + first + rest[1:]


def by_id(order, _):
    return sorted(order)


def summary_of(results, cases=CASES, *, catalogue=SHELF, measures=MEASURES, primary="nDCG@10",
               reference="base"):  # fmt: skip
    return summarise(
        cases, results, catalogue=catalogue, measures=measures, primary=primary, reference=reference
    )


RUN = [*ask("new", good), *ask("base", by_id)]


def test_a_run_from_scores_to_summary():
    values, found = summary_of(RUN)
    assert (found.systems, found.scenes, found.measures) == (
        ("new", "base"), ("films", "books"), MEASURES
    )  # fmt: skip
    assert (found.primary, found.reference, found.candidates, found.failed) == (
        "nDCG@10", "base", 12, 0
    )  # fmt: skip
    assert [(line.system, line.case) for line in values[:2]] == [("new", "c0"), ("new", "c1")]
    assert len(values) == 40
    assert set(values[0].values) == {"nDCG@10", "MRR", "log_loss"}
    assert values[0].values["MRR"] == 0.5
    assert {c.scene for c in found.comparisons} == {"", "films", "books"}
    assert {(c.base, c.new) for c in found.comparisons} == {("base", "new")}
    assert all(c.delta > 0 for c in found.comparisons)
    assert {line.system for line in found.reliability} == {"new", "base"}
    assert [line.scene for line in found.generalisation] == ["films", "books"]
    assert {line.system for line in found.generalisation} == {"new"}
    assert found.orders == found.memorisation == ()


def test_every_cell_is_the_mean_of_its_cases():
    values, found = summary_of(RUN)
    groups = {
        "": CASES,
        "films": [case for case in CASES if case.scene == "films"],
        "books": [case for case in CASES if case.scene == "books"],
        "(new here)": [c for c in CASES if c.scene == "books" or not c.history],
        "(known here)": [c for c in CASES if c.scene == "films" and c.history],
    }
    assert [(c.system, c.scene, c.measure) for c in found.cells] == [
        (system, scene, name) for system in ("new", "base") for scene in groups for name in MEASURES
    ]
    of = {(line.system, line.case): line.values for line in values}
    rankers = {"new": good, "base": by_id}
    for cell in found.cells:
        cases = groups[cell.scene]
        assert cell.cases == len(cases)
        if cell.measure in ("coverage@3", "ECE"):
            answers = [
                ranked_answer(case, scores(rankers[cell.system](IDS, case))) for case in cases
            ]
            assert cell.mean == pytest.approx(measure_named(cell.measure).value(answers, SHELF))
            assert cell.low is cell.high is None
        else:
            numbers = np.array([of[cell.system, case.id][cell.measure] for case in cases])
            ends = interval(numbers, people=[case.user_id for case in cases])
            assert (cell.mean, cell.low, cell.high) == pytest.approx(ends)


def test_without_both_kinds_of_people_there_are_no_slices():
    cases = [replace(case, history=()) for case in CASES]
    _, found = summary_of([*ask("new", good, cases=cases)], cases)
    assert {cell.scene for cell in found.cells} == {"", "films", "books"}


def test_the_reference_is_the_base_and_others_stay_in_their_order():
    run = [*ask("x", good), *ask("y", by_id), *ask("z", by_id)]
    _, found = summary_of(run, reference="z")
    assert [(c.base, c.new) for c in found.comparisons if c.scene == ""] == [
        ("z", "x"), ("z", "y"), ("x", "y")
    ]  # fmt: skip
    assert found.systems == ("x", "y", "z")


def test_failed_results_are_counted_and_left_out():
    broken = [replace(result, scores={}, error="timeout") for result in RUN[:3]]
    values, found = summary_of([*broken, *RUN[3:]])
    assert (found.failed, found.costs[0].failed, found.costs[1].failed) == (3, 3, 0)
    assert len(values) == 37
    cell = next(c for c in found.cells if (c.system, c.scene, c.measure) == ("new", "", "MRR"))
    assert cell.cases == 17
    assert next(c for c in found.comparisons if c.scene == "").cases == 17


def test_a_failed_result_that_was_asked_again_has_not_failed():
    broken = [replace(result, scores={}, error="timeout") for result in RUN[:3]]
    assert summary_of([*broken, *RUN])[1] == summary_of(RUN)[1]


def test_a_system_that_always_failed_has_only_costs():
    broken = [replace(result, scores={}, error="timeout") for result in RUN[:20]]
    _, found = summary_of([*broken, *RUN[20:]])
    assert found.systems == ("new", "base")
    assert {cell.system for cell in found.cells} == {"base"}
    assert found.comparisons == ()
    assert [(cost.system, cost.failed) for cost in found.costs] == [("new", 20), ("base", 0)]


def test_costs_are_sums_and_seconds_are_of_what_did_not_fail():
    took = [
        Result(system="s", case=f"c{at}", scores={"a": 1.0}, calls=2, cached=at % 2,
               usage=Usage(prompt=100, completion=10), cost=0.25, repairs=1, invalid=at % 2,
               seconds=float(at + 1))
        for at in range(20)
    ]  # fmt: skip
    took.append(Result(system="s", case="c0", variant="masked", scores={}, calls=2, cached=2))
    took.append(Result(system="s", case="c1", variant="masked", error="timeout", calls=1,
                       seconds=99.0))  # fmt: skip
    assert summary_of(took)[1].costs == (
        Cost(
            system="s", results=22, failed=1, calls=43, cached=12,
            usage=Usage(prompt=2_000, completion=200), cost=5.0, repairs=20, invalid=10,
            seconds_median=10.0, seconds_p95=19.0,
        ),
    )  # fmt: skip


def test_baselines_make_no_calls_and_have_their_seconds():
    _, found = summary_of(ask("base", by_id, seconds=0.5))
    assert (found.costs[0].calls, found.costs[0].seconds_p95) == (0, 0.5)


def test_variants_are_audited_and_kept_out_of_the_means():
    variants = [
        result
        for variant in ("order-1", "order-2", "masked", "swapped")
        for result in ask("new", good, variant=variant, cases=CASES[:6])
    ]
    values, found = summary_of([*RUN, *variants])
    plain_values, plain = summary_of(RUN)
    assert found.cells == plain.cells
    assert found.comparisons == plain.comparisons
    assert len(values) == len(plain_values) + 24
    assert [(line.system, line.cases, line.orders) for line in found.orders] == [("new", 6, 3)]
    assert [(line.system, line.cases) for line in found.memorisation] == [("new", 6)]
    of = [line.values["nDCG@10"] for line in values if line.system == "new" and not line.variant]
    assert found.memorisation[0].plain == pytest.approx(mean(of[:6]))


def test_equal_scores_of_a_variant_are_ranked_as_it_lists_the_candidates():
    flat = [Result(system="s", case=case.id, variant=variant, scores=dict.fromkeys(IDS, 0.0))
            for case in CASES for variant in ("", "order-1")]  # fmt: skip
    values, found = summary_of(flat)
    assert found.orders[0].first[0] == 1
    place = candidate_order(CASES[3], "order-1").index(IDS[3]) + 1
    of = {(line.case, line.variant): line.values for line in values}
    assert of["c3", "order-1"]["MRR"] == pytest.approx(1 / place)
    assert of["c3", ""]["MRR"] == pytest.approx(1 / 4)


def test_the_primary_measure_is_always_measured():
    _, found = summary_of(RUN, measures=("ECE",), primary="MRR")
    assert found.measures == ("ECE", "MRR")
    assert {c.measure for c in found.comparisons} == {"MRR"}


def test_where_lower_is_better_the_lowest_generalises():
    _, found = summary_of(RUN, primary="log_loss")
    assert {line.best for line in found.generalisation} == {"new"}
    assert all(c.delta < 0 for c in found.comparisons)


def test_every_measure_can_be_asked_for():
    names = [name.replace("@k", "@5") for name in NAMES]
    values, found = summary_of(RUN, measures=names)
    assert found.measures == (*names, "nDCG@10")
    assert {cell.measure for cell in found.cells} == {*names, "nDCG@10"}
    assert all(math.isfinite(cell.mean) for cell in found.cells)
    undefined = [line.values["popularity_lift@5"] for line in values if line.case == "c0"]
    assert undefined == [None, None]  # of a person without a history


def test_where_the_whole_scene_is_ranked_there_are_no_candidates():
    cases = [replace(case, item_ids=()) for case in CASES]
    _, found = summary_of([Result(system="s", case=case.id, scores=scores(IDS[:3]))
                           for case in cases], cases, measures=("HR@3", "AUC", "ECE"))  # fmt: skip
    assert found.candidates == 0
    assert {cell.measure for cell in found.cells} == {"HR@3", "nDCG@10"}
    assert found.reliability == ()


def test_one_case_has_means_without_intervals_and_no_comparison():
    _, found = summary_of([RUN[0], RUN[20]], CASES[:1])
    assert found.comparisons == ()
    assert {cell.low for cell in found.cells} == {None}


def test_nothing_asked_is_nothing_said():
    values, found = summary_of([])
    assert values == []
    assert (found.systems, found.cells, found.comparisons) == ((), (), ())
    assert (
        summarise([], [], catalogue=SHELF, measures=(), primary="MRR", reference="")[1].scenes == ()
    )


def test_a_measure_of_a_set_cannot_decide():
    with pytest.raises(ConfigError, match="'ECE' has no value per case"):
        summary_of(RUN, primary="ECE")


def test_a_result_of_another_run_is_an_error():
    with pytest.raises(DataError, match="'new' is for 'c9999', which is not among the 20 cases"):
        summary_of([Result(system="new", case="c9999")])


@pytest.mark.slow
def test_two_thousand_cases_of_eight_systems_take_seconds():
    rng = np.random.default_rng(3)
    ids = [f"i{at}" for at in range(500)]
    vectors = rng.normal(size=(500, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    catalogue = make_shelf(
        {item: int(n) for item, n in zip(ids, rng.integers(1, 900, 500), strict=True)},
        people=6_000,
        scenes=dict.fromkeys(("books", "films", "games"), ids),
        vectors=dict(zip(ids, vectors, strict=True)),
    )
    cases = []
    for at in range(2_000):
        pool = [ids[place] for place in rng.integers(0, 500, 40)]
        pool = list(dict.fromkeys(pool))[:20]
        cases.append(make_case(f"c{at}", pool, pool[at % 20], scene=["books", "films"][at % 2],
                               history=[make_event("u", ids[at % 500])]))  # fmt: skip
    results = [
        Result(system=f"s{system}", case=case.id,
               scores=dict(zip(case.item_ids, rng.random(20).tolist(), strict=True)))
        for system in range(8) for case in cases
    ]  # fmt: skip
    names = [*MEASURES, "nDCG@5", "precision@10", "recall@10", "F1@10", "accuracy", "HR@10", "MAP",
             "AUC", "ILD@10", "novelty@10", "popularity@10", "popularity_lift@10", "Gini@10",
             "top1_ECE"]  # fmt: skip
    began = time.perf_counter()
    _, found = summary_of(results, cases, catalogue=catalogue, measures=names)
    assert time.perf_counter() - began < 30
    assert len(found.comparisons) == 28 * 3
