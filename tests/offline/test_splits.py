"""Events are cut in two so that nothing that is asked about can be known."""

from dataclasses import replace
from datetime import timedelta

import pytest
from examples import NOON, SCALE, make_event
from hypothesis import given
from hypothesis import strategies as st
from made_data import ITEMS, likes, make_data

from recagent.errors import DataError
from recagent.offline.cases import make_cases
from recagent.offline.leaks import check_leaks
from recagent.offline.splits import grade, is_validation, split


def cut(events, **options):
    return split(make_data(events), people="all", **({"min_history": 2} | options))


def ids(events):
    return [event.item_id for event in events]


def test_the_last_liked_item_is_the_target_and_all_before_it_the_history():
    disliked = make_event("ann", "b9", kind="dislike", days=9)
    found = cut([*likes("ann", "b1", "f1", "b2", "f2"), disliked])
    (held,) = found.held_out
    assert (held.user_id, held.scene, held.judgments) == ("ann", "films", {"f2": 1})
    assert ids(held.history) == ["b2", "f1", "b1"]
    assert ids(found.training) == ["b1", "f1", "b2"]


def test_a_person_with_too_short_a_history_is_learnt_from_and_not_asked_about():
    found = cut(likes("ann", "b1", "b2", "b3"), min_history=3)
    assert not found.held_out
    assert ids(found.training) == ["b1", "b2", "b3"]


def test_events_at_the_moment_of_the_target_are_on_neither_side():
    events = likes("ann", "b1", "b2", "b3", "b4")
    together = replace(events[2], at=events[3].at)
    (held,) = cut([*events[:2], together, events[3]]).held_out
    assert ids(held.history) == ["b2", "b1"]


def test_what_was_met_before_is_no_target():
    again = make_event("ann", "b1", kind="purchase", days=9)
    (held,) = cut([*likes("ann", "b1", "b2", "b3", "b4"), again]).held_out
    assert held.judgments == {"b4": 1}


def test_what_is_not_in_the_catalogue_is_no_target():
    (held,) = cut(likes("ann", "b1", "b2", "b3", "b99")).held_out
    assert held.judgments == {"b3": 1}


def test_each_scene_can_have_its_own_last_item_and_training_ends_before_the_first():
    found = cut(likes("ann", "b1", "b2", "b3", "f1", "f2", "f3"), per_scene=True)
    assert {held.scene: held.judgments for held in found.held_out} == {
        "books": {"b3": 1},
        "films": {"f3": 1},
    }
    assert ids(found.held_out[1].history) == ["f2", "f1", "b3", "b2", "b1"]
    assert ids(found.training) == ["b1", "b2"]


def test_a_temporal_cut_asks_for_the_newest_share_of_likes_in_the_scene_of_the_first():
    events = likes("ann", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "f1", "b8", "f2")
    (held,) = cut(events, how="temporal", share=0.3).held_out
    assert (held.scene, held.judgments) == ("films", {"f1": 4, "f2": 4})
    assert len(held.history) == 7
    both = cut(events, how="temporal", share=0.3, per_scene=True)
    assert [held.scene for held in both.held_out] == ["films", "books"]
    assert len({held.cut for held in both.held_out}) == 1
    assert len(both.training) == 7


def test_a_global_cut_is_one_moment_for_everybody():
    events = [
        *likes("ann", "b1", "b2", "b3", "b4"),
        *likes("bob", "b1", "b2", start=8),
        *likes("cat", "b5", "b6", "b7", start=-5),
    ]
    found = cut(events, how="global", at=NOON + timedelta(days=2))
    (held,) = found.held_out
    assert (held.user_id, list(held.judgments)) == ("ann", ["b3", "b4"])
    assert sorted({event.user_id for event in found.training}) == ["ann", "cat"]
    assert all(event.at < NOON + timedelta(days=2) for event in found.training)


def test_a_global_cut_without_a_date_leaves_a_share_of_the_events_after_it():
    found = cut(likes("ann", *[f"b{n}" for n in range(10)]), how="global", share=0.3)
    assert len(found.training) == 7


def test_a_date_without_zone_is_utc():
    naive = (NOON + timedelta(days=2)).replace(tzinfo=None)
    assert len(cut(likes("ann", "b1", "b2", "b3"), how="global", at=naive).training) == 2


def test_a_global_cut_outside_the_events_is_refused():
    with pytest.raises(DataError, match=r"'2034-.*leaves one side empty.*'2024-05-01"):
        cut(likes("ann", "b1", "b2"), how="global", at=NOON + timedelta(days=3653))
    with pytest.raises(DataError, match="has none"):
        cut([], how="global")


def test_grades_are_quarters_of_the_preference():
    rated = {value: grade(make_event("ann", "b1", value=value), SCALE) for value in (7, 8, 9, 10)}
    assert rated == {7: 2, 8: 2, 9: 3, 10: 4}
    assert grade(make_event("ann", "b1", kind="view"), SCALE) == 1
    assert grade(make_event("ann", "b1", kind="purchase"), SCALE) == 4


def test_test_and_validation_people_are_two_halves_with_one_training():
    events = [event for n in range(20) for event in likes(f"u{n:04}", "b1", "b2", "b3", "f1")]
    data = make_data(events)
    test, validation = (split(data, people=half, min_history=2) for half in ("test", "validation"))
    halves = [{held.user_id for held in found.held_out} for found in (test, validation)]
    assert halves[0] | halves[1] == {f"u{n:04}" for n in range(20)}
    assert not halves[0] & halves[1]
    assert all(map(is_validation, halves[1]))
    assert test.training == validation.training


moments = st.integers(0, 12)
people = st.sampled_from(["ann", "bob", "cat"])
kinds = st.sampled_from(["like", "view", "dislike", "purchase", "skip"])
histories = st.lists(st.tuples(people, st.sampled_from(ITEMS), kinds, moments), max_size=40)


@given(
    rows=histories,
    how=st.sampled_from(["leave-one-out", "temporal", "global"]),
    per_scene=st.booleans(),
    share=st.sampled_from([0.2, 0.5]),
)
def test_no_cut_leaks(rows, how, per_scene, share):
    events = [
        make_event(user_id, item.id, scene=item.scene, kind=kind, days=day)
        for user_id, item, kind, day in rows
    ]
    data = make_data(events)
    try:
        found = split(data, how=how, people="all", per_scene=per_scene, min_history=1, share=share)
    except DataError:
        assert how == "global"
        return
    asked = make_cases(data, found, candidates="all")
    check_leaks(asked, data)
    assert len({case.id for case in asked.cases}) == len(asked.cases)
    if not per_scene:
        assert len({case.user_id for case in asked.cases}) == len(asked.cases)
