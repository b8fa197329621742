"""Cases are frozen, leaks are errors, and a researcher's own cases are checked line by line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from examples import make_event, make_item
from made_data import likes, make_data

from recagent.domain import Case
from recagent.errors import DataError
from recagent.evaluation.declared_cases import declared_cases, load_cases
from recagent.evaluation.experiment import CasesSection
from recagent.offline.cases import given_cases, make_cases
from recagent.offline.data_set import Questions
from recagent.offline.leaks import check_leaks
from recagent.offline.perturbations import mask_titles, swap_histories
from recagent.offline.splits import split

MANY = [make_item(f"b{n}") for n in range(40)] + [
    make_item(f"f{n}", scene="films") for n in range(10)
]


def people(count=12):
    """Each likes six books, one after the other, of which the last is asked about."""
    return [
        event
        for n in range(count)
        for event in likes(f"u{n}", *[f"b{(3 * n + step) % 40}" for step in range(6)])
    ]


@pytest.fixture
def data():
    return make_data(people(), MANY)


def asked(data, **options):
    found = split(data, people="all")
    return make_cases(data, found, **({"scenes": ["books"], "candidates": 10} | options))


def test_a_case_lists_its_target_among_items_that_the_person_never_met(data):
    cases = asked(data).cases
    assert len(cases) == 12
    for case in cases:
        (target,) = case.judgments
        met = {event.item_id for event in data.events if event.user_id == case.user_id}
        assert len(set(case.item_ids)) == 10
        assert met & set(case.item_ids) == {target}
    places = {case.item_ids.index(next(iter(case.judgments))) for case in cases}
    assert len(places) > 3  # the target stands anywhere


def test_the_same_seed_gives_the_same_cases_and_another_one_others(data):
    first, again, other = (asked(data, seed=seed).cases for seed in (0, 0, 1))
    assert first == again
    assert [case.item_ids for case in first] != [case.item_ids for case in other]


def test_a_smaller_number_is_the_beginning_of_a_larger_one(data):
    assert asked(data, number=4).cases == asked(data, number=9).cases[:4]


def test_popular_negatives_are_those_that_somebody_had_and_the_popular_ones_come_more_often():
    fans = [event for n in range(30) for event in likes(f"fan{n}", "b30", start=-3)]
    data = make_data([*people(6), *fans], MANY)
    drawn = [
        item_id
        for seed in range(20)
        for case in asked(data, seed=seed, candidates=6).cases
        for item_id in case.item_ids
    ]
    trained = {event.item_id for event in data.events}
    assert set(drawn) <= trained
    assert drawn.count("b30") > 3 * drawn.count("b10")
    uniform = asked(data, candidates=20, negatives="uniform").cases
    assert {key for case in uniform for key in case.item_ids} - trained


def test_a_scene_with_too_few_items_is_named_with_their_number(data):
    with pytest.raises(DataError, match=r"'books' has only 3\d items to draw for 'u\d+', not 39"):
        asked(data, candidates=40)


def test_an_unknown_scene_and_one_with_nobody_are_named(data):
    with pytest.raises(DataError, match="no scene 'music'; known scenes: books, films"):
        asked(data, scenes=["music"])
    with pytest.raises(DataError, match="'films' has no people to evaluate"):
        asked(data, scenes=["films"])


def test_the_whole_scene_is_named_by_no_candidate(data):
    assert {case.item_ids for case in asked(data, candidates="all").cases} == {()}


def test_of_many_judged_items_half_a_list_stays():
    data = make_data([*people(), *likes("ann", *[f"b{n}" for n in range(20)])], MANY)
    found = split(data, how="temporal", people="all", share=0.5)
    cases = make_cases(data, found, candidates=6).cases
    (ann,) = [case for case in cases if case.user_id == "ann"]
    assert list(ann.judgments) == ["b10", "b11", "b12"]
    assert len(ann.item_ids) == 6


def test_drawn_cases_do_not_leak(data):
    for how in ("leave-one-out", "temporal", "global"):
        check_leaks(make_cases(data, split(data, how=how), candidates=8), data)


def leaking(data, **changes):
    """Questions whose first case, or whose training, was tampered with."""
    found = asked(data)
    case, training = found.cases[0], found.training
    if "training" in changes:
        training = [*training, changes.pop("training")(case)]
    changed = replace(case, **{name: change(case) for name, change in changes.items()})
    return Questions(cases=[changed, *found.cases[1:]], training=training)


def target_of(case):
    return next(iter(case.judgments))


LEAKS = {
    "an event that is not before the target": (
        {"history": lambda case: (make_event(case.user_id, "b39", days=99), *case.history)},
        r"'b39' in the history, at '2024-08-08T.*is not before the target at '2024-05-06T",
    ),
    "an event at the very time of the target": (
        {"history": lambda case: (make_event(case.user_id, "b39", days=5), *case.history)},
        "is not before the target",
    ),
    "the target in the history": (
        {"history": lambda case: (make_event(case.user_id, target_of(case)), *case.history)},
        r"the judged item 'b\d+' is in the history",
    ),
    "another person's event in the history": (
        {"history": lambda case: (make_event("eve", "b39"), *case.history)},
        "'b39' of another person, 'eve'",
    ),
    "the target in training": (
        {"training": lambda case: make_event(case.user_id, target_of(case), days=5)},
        r"the judged item 'b\d+' of 'u\d+' is in the training events",
    ),
    "the target long ago in training": (
        {"training": lambda case: make_event(case.user_id, target_of(case), days=-50)},
        "is in the training events",
    ),
    "a later event in training": (
        {"training": lambda case: make_event(case.user_id, "b39", days=7)},
        r"training events contain 'b39' of 'u\d+' at '2024-05-08T.*after their history",
    ),
    "a candidate of the history": (
        {"item_ids": lambda case: (*case.item_ids[:9], case.history[0].item_id)},
        r"'u\d+' has already seen the candidate 'b\d+'",
    ),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_is_found_and_said_with_case_and_item(data, kind):
    changes, says = LEAKS[kind]
    found = leaking(data, **dict(changes))
    with pytest.raises(DataError, match=f"case '{found.cases[0].id}': .*{says}"):
        check_leaks(found, data)


def test_published_candidates_stay_as_they_are(data):
    found = leaking(data, **dict(LEAKS["a candidate of the history"][0]))
    published = replace(data, case_sets={"theirs": found.cases})
    check_leaks(found, published)


def test_cases_that_come_with_the_data_are_taken_by_name_and_number(data):
    cases = asked(data).cases
    known = replace(data, case_sets={"theirs": cases})
    found = given_cases(known, "theirs", number=5)
    assert len(found.cases) == 5
    assert found.cases == given_cases(known, "theirs").cases[:5]
    assert found.training is data.events
    with pytest.raises(DataError, match="no cases 'ours'; known cases: theirs"):
        given_cases(known, "ours")
    with pytest.raises(DataError, match="'films' has no case"):
        given_cases(known, "theirs", scenes=["films"])


def test_a_section_of_an_experiment_says_it_all(data, tmp_path):
    section = CasesSection(people="all", scenes=("books",), candidates=10, number=3)
    assert declared_cases(data, section, folder=tmp_path).cases == asked(data, number=3).cases
    known = replace(data, case_sets={"theirs": asked(data).cases})
    given = CasesSection(given="theirs", number=2)
    assert len(declared_cases(known, given, folder=tmp_path).cases) == 2
    path = written(tmp_path, LINE)
    own = CasesSection(file=Path(path.name))
    assert declared_cases(data, own, folder=tmp_path).cases == load_cases(path, data).cases


LINE = {
    "user_id": "u0",
    "scene": "books",
    "item_ids": ["b20", "b5", "b21"],
    "judgments": {"b5": 1},
    "before": "2024-05-06T12:00:00",
}


def written(folder, *lines):
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_case_of_ones_own_has_the_events_before_its_time_as_history(data, tmp_path):
    found = load_cases(written(tmp_path, LINE), data)
    (case,) = found.cases
    assert (case.id, case.item_ids, case.judgments) == ("u0/books", ("b20", "b5", "b21"), {"b5": 1})
    assert [event.item_id for event in case.history] == ["b4", "b3", "b2", "b1", "b0"]
    own = [event.item_id for event in found.training if event.user_id == "u0"]
    assert own == ["b0", "b1", "b2", "b3", "b4"]
    assert len(found.training) == len(data.events) - 1
    check_leaks(found, data)


def test_a_case_without_time_and_candidates_takes_all_events_and_the_whole_scene(data, tmp_path):
    line = {"user_id": "u0", "scene": "films", "judgments": {"f1": 2, "f2": 1}}
    (case,) = load_cases(written(tmp_path, line), data).cases
    assert len(case.history) == 6
    assert case.item_ids == ()


BROKEN = {
    "unknown person 'nobody'": {"user_id": "nobody"},
    "unknown scene 'music'; known scenes: books, films": {"scene": "music"},
    "scene 'books' has no item 'b99'": {"item_ids": ["b5", "b99"]},
    "scene 'books' has no item 'f1'": {"judgments": {"f1": 1}},
    "candidate 'b20' is listed twice": {"item_ids": ["b20", "b5", "b20"]},
    "missing candidate: 'b22' is judged but not listed": {"judgments": {"b22": 1}},
    "no item is judged relevant": {"judgments": {"b5": 0}},
    "the judged item 'b5' is in the history": {"before": None},
    "'u0' has already seen the candidate 'b3'": {"item_ids": ["b5", "b3"]},
    "field 'judgments.b5' cannot be used: Input should be a valid integer": {
        "judgments": {"b5": "much"}
    },
    "field 'before' cannot be used: Input should be a valid datetime": {"before": "yesterday"},
    "field 'note' cannot be used: Extra inputs are not permitted": {"note": 1},
}


@pytest.mark.parametrize("says", BROKEN)
def test_a_bad_line_is_named_with_file_number_and_value(data, tmp_path, says):
    path = written(tmp_path, LINE, {**LINE, "user_id": "u1", "before": None} | BROKEN[says])
    if "user_id" not in BROKEN[says]:
        path = written(tmp_path, {**LINE, "scene": "films", "item_ids": [], "judgments": {"f1": 1}},
                       LINE | BROKEN[says])  # fmt: skip
    with pytest.raises(DataError) as raised:
        load_cases(path, data)
    assert str(raised.value).startswith(f"{str(path)!r}, line 2: {says}")


def test_what_is_no_json_twice_there_or_empty_is_refused(data, tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n{broken\n")
    with pytest.raises(DataError, match="line 2: not JSON"):
        load_cases(path, data)
    with pytest.raises(DataError, match="line 2: 'u0' occurs twice in 'books'"):
        load_cases(written(tmp_path, LINE, LINE), data)
    with pytest.raises(DataError, match="has no cases"):
        load_cases(written(tmp_path), data)
    with pytest.raises(DataError, match=r"cannot read .*missing"):
        load_cases(tmp_path / "missing.jsonl", data)


def test_masked_items_keep_genres_and_lose_what_names_them():
    film = make_item("b1", "Solaris", year=1972, genres=("Drama", "Sci-Fi"), imdb_id="tt0069293")
    film = replace(film, text="A psychologist is sent to a station.")
    first, second = mask_titles([film, make_item("b2")])
    assert (first.id, first.title, first.text) == ("b1", "Item 1", "")
    assert first.attributes == {"genres": ("Drama", "Sci-Fi")}
    assert second.title == "Item 2"


def test_everybody_gets_another_persons_history_without_their_own_candidates(data):
    cases = asked(data).cases
    swaps = swap_histories(cases, seed=0)
    assert swaps.keys() == {case.id for case in cases}
    assert swaps == swap_histories(cases, seed=0)
    assert swaps != swap_histories(cases, seed=1)
    for case in cases:
        donor = swaps[case.id]
        assert donor.user_id != case.user_id
        held = {event.item_id for event in donor.history}
        assert not held & {*case.item_ids, *case.judgments}


def test_where_every_history_has_a_candidate_its_events_are_left_out():
    cases = [
        Case(
            id=f"{user_id}/books",
            user_id=user_id,
            scene="books",
            item_ids=("b1", "b2"),
            judgments={"b1": 1},
            history=(make_event(user_id, "b2"), make_event(user_id, "b3")),
        )
        for user_id in ("ann", "bob")
    ]
    donor = swap_histories(cases, seed=0)["ann/books"]
    assert donor.user_id == "bob"
    assert [event.item_id for event in donor.history] == ["b3"]


def test_who_is_alone_in_a_scene_gets_a_history_from_another_and_alone_in_all_none(data):
    books = asked(data).cases
    alone = replace(books[0], id="ann/films", user_id="ann", scene="films")
    assert swap_histories([*books, alone], seed=0)["ann/films"].scene == "books"
    assert swap_histories([alone], seed=0) == {}
