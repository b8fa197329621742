"""Every measure against an implementation of its own, in plain Python or by scikit-learn."""

import math
import statistics
import sys
import warnings
from itertools import combinations

import numpy as np
import pytest
from examples import make_event
from hypothesis import assume, given
from hypothesis import strategies as st
from judging import IDS, answers, make_answer, make_shelf
from sklearn import metrics

from recagent.errors import ConfigError
from recagent.offline.measures import (
    NAMES,
    CaseMeasure,
    JudgedMeasure,
    SetMeasure,
    case_values,
    measure_named,
    reliability,
)

SCENES = {"books": IDS, "films": "abcdef"}
SHELF = make_shelf(scenes=SCENES)


def of(name, answer, catalogue=SHELF):
    return measure_named(name).values([answer], catalogue)[0]


def of_all(name, answers_, catalogue=SHELF):
    return measure_named(name).value(answers_, catalogue)


# Ranked b a d c e; a and e are relevant, e twice as much.
WORKED = make_answer("badce", {"a": 1, "e": 2})


def test_names_are_published_ones_and_measures_print_as_them():
    for name in NAMES:
        asked = name.replace("@k", "@10")
        assert str(measure_named(asked)) == measure_named(asked).name == asked
        assert measure_named(asked) == measure_named(asked)
        assert len({measure_named(asked), measure_named(asked)}) == 1


@pytest.mark.parametrize(
    "name",
    ["ndcg@10", "nDCG", "nDCG@", "nDCG@0", "nDCG@-1", "nDCG@x", "nDCG@k", "nDCG@1²", "AUC@3",
     "MRR@10", "accuracy@1", "log_loss@2", "", "@", "nDCG@10 ", "nDCG@10@10"],
)  # fmt: skip
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name):
    with pytest.raises(ConfigError, match=r"unknown measure .*; use one of nDCG@k, .*, ECE"):
        measure_named(name)


def test_measures_know_whether_higher_is_better():
    lower = [name for name in NAMES if not measure_named(name.replace("@k", "@5")).higher_is_better]
    assert lower == [
        "popularity@k", "popularity_lift@k", "log_loss", "Gini@k", "ECE", "top1_ECE"
    ]  # fmt: skip


def test_measures_are_of_three_kinds():
    assert isinstance(measure_named("nDCG@3"), JudgedMeasure)
    assert isinstance(measure_named("ILD@3"), CaseMeasure)
    assert isinstance(measure_named("ECE"), SetMeasure)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nDCG@3", (1 / math.log2(3)) / (2 + 1 / math.log2(3))),
        ("nDCG@5", (1 / math.log2(3) + 2 / math.log2(6)) / (2 + 1 / math.log2(3))),
        ("precision@3", 1 / 3),
        ("precision@10", 2 / 10),
        ("recall@3", 1 / 2),
        ("F1@3", 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)),
        ("accuracy", 0),
        ("HR@1", 0),
        ("HR@2", 1),
        ("MRR", 1 / 2),
        ("MAP", (1 / 2 + 2 / 5) / 2),
        ("MAP@3", (1 / 2) / 2),
        ("AUC", 2 / 6),  # of (a, e) before (b, c, d): a before d and c
    ],
)
def test_accuracy_of_a_worked_example(name, value):
    assert of(name, WORKED) == pytest.approx(value)


# The same formulas again, from a ranking and grades, without libraries.


def plain_dcg(grades):
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def plain_ndcg(ranking, grades, k):
    best = sorted(grades.values(), reverse=True)[:k]
    return plain_dcg([grades.get(item, 0) for item in ranking[:k]]) / plain_dcg(best)


def plain_precision(ranking, grades, k):
    return sum(grades.get(item, 0) > 0 for item in ranking[:k]) / k


def plain_recall(ranking, grades, k):
    wanted = [item for item, grade in grades.items() if grade]
    return sum(item in ranking[:k] for item in wanted) / len(wanted)


def plain_f1(ranking, grades, k):
    p, r = plain_precision(ranking, grades, k), plain_recall(ranking, grades, k)
    return 2 * p * r / (p + r) if p + r else 0


def plain_hit(ranking, grades, k):
    return float(any(grades.get(item, 0) for item in ranking[:k]))


def plain_accuracy(ranking, grades, _):
    return float(bool(ranking) and grades.get(ranking[0], 0) > 0)


def plain_mrr(ranking, grades, _):
    return max((1 / (at + 1) for at, item in enumerate(ranking) if grades.get(item, 0)), default=0)


def plain_map(ranking, grades, k):
    hits = [place for place in range(1, len(ranking[:k]) + 1) if grades.get(ranking[place - 1], 0)]
    total = sum(grade > 0 for grade in grades.values())
    return sum(plain_precision(ranking, grades, place) for place in hits) / total


PLAIN = {
    "nDCG@k": plain_ndcg,
    "precision@k": plain_precision,
    "recall@k": plain_recall,
    "F1@k": plain_f1,
    "HR@k": plain_hit,
    "accuracy": plain_accuracy,
    "MRR": plain_mrr,
    "MAP": plain_map,
    "MAP@k": plain_map,
}


@pytest.mark.parametrize("name", PLAIN)
@given(answer=answers(), k=st.integers(1, 14), missed=st.integers(0, 3))
def test_accuracy_is_what_plain_python_says(name, answer, k, missed):
    """Also where relevant items are no candidates, as where the whole scene is ranked."""
    grades = {**answer.case.judgments, **{f"missed-{n}": 1 for n in range(missed)}}
    answer = make_answer(answer.ranking, grades, whole_scene=True)
    found = of(name.replace("@k", f"@{k}"), answer)
    if any(grades.values()):
        plain = PLAIN[name](answer.ranking, grades, k if "@" in name else None)
        assert found == pytest.approx(plain, abs=1e-6)
    else:
        assert math.isnan(found)


@given(answer=answers(), k=st.integers(1, 14))
def test_ndcg_and_average_precision_are_what_scikit_learn_says(answer, k):
    grades = [answer.case.judgments[item] for item in answer.ranking]
    assume(any(grades) and len(grades) > 1)
    scores = [-place for place in range(len(grades))]
    assert of(f"nDCG@{k}", answer) == pytest.approx(metrics.ndcg_score([grades], [scores], k=k))
    wanted = [grade > 0 for grade in grades]
    assert of("MAP", answer) == pytest.approx(metrics.average_precision_score(wanted, scores))


@given(answer=answers())
def test_auc_is_what_scikit_learn_says(answer):
    wanted = [answer.case.judgments[item] > 0 for item in answer.ranking]
    if all(wanted) or not any(wanted):
        assert math.isnan(of("AUC", answer))
    else:
        scores = [-place for place in range(len(wanted))]
        assert of("AUC", answer) == pytest.approx(metrics.roc_auc_score(wanted, scores))


def test_auc_is_not_defined_where_the_whole_scene_is_ranked():
    assert math.isnan(of("AUC", make_answer("abc", "b", whole_scene=True)))


@pytest.mark.parametrize("name", ["nDCG@5", "precision@5", "recall@5", "HR@5", "MRR", "MAP"])
def test_who_names_nothing_finds_nothing(name):
    assert of(name, make_answer("", "b", whole_scene=True)) == 0


def test_one_call_for_all_answers_keeps_them_apart():
    """The same case twice, one that says nothing, and two names of one number."""
    several = [make_answer("ab", "a"), make_answer("ba", "a"), make_answer("ab", "")]
    names = ["accuracy", "precision@1", "MRR", "AUC", "F1@1"]
    found = case_values([measure_named(name) for name in names], several, catalogue=SHELF)
    assert [str(key) for key in found] == names
    for values, second in zip(found.values(), [0, 0, 0.5, 0, 0], strict=True):
        assert values[:2] == pytest.approx([1, second])
        assert math.isnan(values[2])


def test_no_answers_have_no_values():
    assert case_values([measure_named("nDCG@10"), measure_named("AUC")], [], catalogue=SHELF)[
        measure_named("AUC")
    ].shape == (0,)


def test_without_ir_measures_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(
        ConfigError, match=r"'ir_measures' is not installed; run: .*'recagent\[eval"
    ):
        of("nDCG@10", WORKED)


# Beyond accuracy


def test_diversity_of_a_worked_example():
    vectors = {"a": [1, 0], "b": [0, 1], "c": [1, 0], "d": [-1, 0]}
    catalogue = make_shelf(vectors={key: np.array(row, np.float32) for key, row in vectors.items()})
    assert of("ILD@2", make_answer("abcd", "a"), catalogue) == pytest.approx(1)
    assert of("ILD@2", make_answer("acbd", "a"), catalogue) == pytest.approx(0)
    assert of("ILD@2", make_answer("adbc", "a"), catalogue) == pytest.approx(2)
    assert of("ILD@3", make_answer("acbd", "a"), catalogue) == pytest.approx((0 + 1 + 1) / 3)
    assert math.isnan(of("ILD@1", make_answer("acbd", "a"), catalogue))
    assert math.isnan(of("ILD@2", make_answer("azbd", "a"), catalogue))  # of z there is no vector


@given(answer=answers(), k=st.integers(1, 14))
def test_diversity_is_the_mean_over_pairs(answer, k):
    pairs = list(combinations([SHELF.vectors[item] for item in answer.ranking[:k]], 2))
    found = of(f"ILD@{k}", answer)
    if pairs:
        distances = [1 - sum(float(x) * float(y) for x, y in zip(a, b, strict=True))
                     for a, b in pairs]  # fmt: skip
        assert found == pytest.approx(statistics.mean(distances), abs=1e-6)
    else:
        assert math.isnan(found)


def test_novelty_popularity_and_lift_of_a_worked_example():
    catalogue = make_shelf({"a": 4, "b": 2, "c": 1}, people=8)
    history = [make_event("u", "b"), make_event("u", "b"), make_event("u", "z")]
    answer = make_answer("abcd", "a", history=history)
    assert of("novelty@3", answer, catalogue) == pytest.approx((1 + 2 + 3) / 3)
    assert of("novelty@4", answer, catalogue) == pytest.approx((1 + 2 + 3 + math.log2(9)) / 4)
    assert of("popularity@2", answer, catalogue) == pytest.approx((4 / 8 + 2 / 8) / 2)
    assert of("popularity_lift@2", answer, catalogue) == pytest.approx(3 / ((2 + 0) / 2) - 1)


def test_popularity_is_not_defined_without_people_nor_lift_without_a_known_history():
    nobody = make_shelf({}, people=0)
    assert of("novelty@2", make_answer("ab", "a"), nobody) == 0
    assert math.isnan(of("popularity@2", make_answer("ab", "a"), nobody))
    assert math.isnan(of("popularity_lift@2", make_answer("ab", "a")))
    strangers = make_answer("ab", "a", history=[make_event("u", "z")])
    assert math.isnan(of("popularity_lift@2", strangers))


@given(answer=answers(), k=st.integers(1, 14))
def test_novelty_popularity_and_lift_are_what_plain_python_says(answer, k):
    likes = [SHELF.popularity.get(item, 0) for item in answer.ranking[:k]]
    bits = [-math.log2(like / 8) if like else -math.log2(1 / 9) for like in likes]
    assert of(f"novelty@{k}", answer) == pytest.approx(statistics.mean(bits))
    assert of(f"popularity@{k}", answer) == pytest.approx(statistics.mean(likes) / 8)
    usual = [SHELF.popularity.get(item, 0) for item in {e.item_id for e in answer.case.history}]
    lift = of(f"popularity_lift@{k}", answer)
    if sum(usual):
        mean = statistics.mean(usual)
        assert lift == pytest.approx((statistics.mean(likes) - mean) / mean)
    else:
        assert math.isnan(lift)


# Of a set of answers


def test_coverage_and_gini_of_a_worked_example():
    catalogue = make_shelf(scenes={"books": "abcd", "films": "efgh"})
    shown = [make_answer("abc", "a"), make_answer("acb", "a")]  # a twice, b once, c once, d never
    assert of_all("coverage@2", shown, catalogue) == 3 / 4
    assert of_all("Gini@2", shown, catalogue) == pytest.approx(
        (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / 16
    )
    both = [*shown, make_answer("efg", "e", scene="films")]
    assert of_all("coverage@2", both, catalogue) == 5 / 8


def test_gini_is_0_where_all_share_equally_and_near_1_where_one_has_all():
    even = [make_answer(IDS, "a")]
    assert of_all("Gini@12", even) == 0
    assert of_all("Gini@1", even) == pytest.approx(1 - 1 / len(IDS))


def test_nothing_shown_has_no_coverage():
    assert math.isnan(of_all("coverage@5", []))
    assert math.isnan(of_all("Gini@5", []))
    assert math.isnan(of_all("Gini@5", [make_answer("", "a", whole_scene=True)]))
    assert of_all("coverage@5", [make_answer("", "a", whole_scene=True)]) == 0


@given(several=st.lists(answers(), min_size=1, max_size=6), k=st.integers(1, 14))
def test_coverage_and_gini_are_what_plain_python_says(several, k):
    places = [(scene, item) for scene in {answer.case.scene for answer in several}
              for item in SCENES[scene]]  # fmt: skip
    shown = [(answer.case.scene, item) for answer in several for item in answer.ranking[:k]]
    counts = [shown.count(place) for place in places]
    assert of_all(f"coverage@{k}", several) == pytest.approx(
        sum(count > 0 for count in counts) / len(counts)
    )
    found = of_all(f"Gini@{k}", several)
    if sum(counts):  # mean absolute difference over twice the mean: Gini's own definition
        apart = statistics.mean(abs(x - y) for x in counts for y in counts)
        assert found == pytest.approx(apart / (2 * statistics.mean(counts)), abs=1e-9)
    else:
        assert math.isnan(found)


# Calibration


def test_log_loss_of_a_worked_example():
    answer = make_answer("abc", "bc", probabilities=[0.5, 0.3, 0.2])
    assert of("log_loss", answer) == pytest.approx(-math.log(0.5))
    assert math.isnan(of("log_loss", make_answer("abc", "z")))
    assert math.isnan(of("log_loss", make_answer("abc", "a", whole_scene=True)))
    assert math.isfinite(of("log_loss", make_answer("ab", "b", probabilities=[1.0, 0.0])))


@given(answer=answers(highest=0), data=st.data())
def test_log_loss_of_one_relevant_item_is_what_scikit_learn_says(answer, data):
    assume(len(answer.ranking) > 1)
    wanted = data.draw(st.sampled_from(answer.ranking))
    chances = list(answer.probabilities.values())
    labels = list(range(len(chances)))
    judged = make_answer(answer.ranking, wanted, probabilities=chances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it minds sums of 1 + 1e-16
        theirs = metrics.log_loss([answer.ranking.index(wanted)], [chances], labels=labels)
    assert of("log_loss", judged) == pytest.approx(theirs)


def plain_ece(pairs):
    """Bins by the middle of the places that equal probabilities take up."""
    bins = {}
    for chance, wanted in pairs:
        below = sum(other < chance for other, _ in pairs)
        same = sum(other == chance for other, _ in pairs)
        place = min(9, int(10 * (below + same / 2) / len(pairs)))
        bins.setdefault(place, []).append((chance, wanted))
    gaps = [abs(sum(c for c, _ in held) - sum(w for _, w in held)) for held in bins.values()]
    return sum(gaps) / len(pairs)


def test_ece_of_a_worked_example():
    several = [
        make_answer("abcd", "a", probabilities=[0.4, 0.3, 0.2, 0.1]),
        make_answer("abcd", "c", probabilities=[0.4, 0.3, 0.2, 0.1]),
    ]
    # Four bins of two: said .1 .2 .3 .4, seen 0 .5 0 .5
    assert of_all("ECE", several) == pytest.approx((0.1 + 0.3 + 0.3 + 0.1) / 4)
    assert of_all("top1_ECE", several) == pytest.approx(0.1)


def test_who_says_nothing_is_calibrated():
    """Equal probabilities are one bin, whatever their order."""
    several = [make_answer(IDS, IDS[at]) for at in range(len(IDS))]
    assert of_all("ECE", several) == pytest.approx(0, abs=1e-9)


def test_probabilities_that_all_differ_fill_ten_bins_of_equal_mass():
    chances = [(50 - place) / 1275 for place in range(50)]
    ranking = [f"i{place}" for place in range(50)]
    bins = reliability("new", [make_answer(ranking, ["i0"], probabilities=chances)])
    assert [line.candidates for line in bins] == [5] * 10
    assert [line.probability for line in bins] == sorted(line.probability for line in bins)
    assert bins[-1].probability == pytest.approx(statistics.mean(chances[:5]))
    assert bins[-1].observed == pytest.approx(1 / 5)
    assert {line.system for line in bins} == {"new"}


def test_answers_to_a_whole_scene_have_no_calibration():
    whole = [make_answer("abc", "a", whole_scene=True)]
    assert reliability("new", whole) == ()
    assert math.isnan(of_all("ECE", whole))
    assert math.isnan(of_all("top1_ECE", []))


@given(several=st.lists(answers(), min_size=1, max_size=6))
def test_calibration_is_what_plain_python_says(several):
    pairs = [(answer.probabilities[item], answer.case.judgments[item] > 0)
             for answer in several for item in answer.ranking]  # fmt: skip
    first = [(answer.probabilities[answer.ranking[0]], answer.case.judgments[answer.ranking[0]] > 0)
             for answer in several]  # fmt: skip
    assert of_all("ECE", several) == pytest.approx(plain_ece(pairs), abs=1e-9)
    assert of_all("top1_ECE", several) == pytest.approx(plain_ece(first), abs=1e-9)
    bins = reliability("new", several)
    assert sum(line.candidates for line in bins) == len(pairs)
    gaps = sum(abs(line.probability - line.observed) * line.candidates for line in bins)
    assert gaps / len(pairs) == pytest.approx(plain_ece(pairs), abs=1e-9)
