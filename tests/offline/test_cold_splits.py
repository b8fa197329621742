"""New people, new items and a new scene: training holds nothing of what is new."""

from datetime import timedelta

import pytest
from examples import NOON, SCALE, make_event, make_item

from recagent.domain import Scene
from recagent.errors import DataError
from recagent.evaluation.data import load_data
from recagent.offline.cases import make_cases
from recagent.offline.cold_splits import split_new_items, split_new_people, split_new_scene
from recagent.offline.data_set import Data, with_people
from recagent.offline.leaks import check_leaks

MADE = load_data("made")
MOMENT = NOON + timedelta(days=10)


def data_of(*events, timed=True):
    items = [make_item(f"b{n}") for n in range(9)]
    items += [make_item(f"f{n}", scene="films") for n in range(9)]
    return Data(
        name="small", scenes={name: Scene(name=name) for name in ("books", "films")}, items=items,
        events=sorted(events, key=lambda event: event.at), users={}, scale=SCALE, fingerprint="",
        timed=timed,
    )  # fmt: skip


OLD = [make_event("old", f"b{n}", days=n) for n in range(5)]


def test_a_new_person_is_asked_about_after_their_first_events_and_training_knows_nothing_of_them():
    late = [make_event("new", f"b{n}", days=11 + n) for n in range(5)]
    found = split_new_people(data_of(*OLD, *late), people="all", at=MOMENT, shown=3)
    (case,) = found.held_out
    assert [event.item_id for event in case.history] == ["b2", "b1", "b0"]
    assert set(case.judgments) == {"b3", "b4"}
    assert {event.user_id for event in found.training} == {"old"}
    assert found.cut == MOMENT


def test_what_others_did_later_is_not_known_when_a_new_person_is_asked_about():
    late = [make_event("new", f"b{n}", days=11 + n) for n in range(5)]
    crowd = [make_event("old", "f1", scene="films", days=12)]
    found = split_new_people(data_of(*OLD, *late, *crowd), people="all", at=MOMENT)
    assert all(event.at < MOMENT for event in found.training)


def test_without_times_a_share_of_the_people_is_new():
    events = [make_event(f"p{person}", f"b{n}", days=n) for person in range(40) for n in range(6)]
    found = split_new_people(data_of(*events, timed=False), people="all", share=0.3)
    new = {case.user_id for case in found.held_out}
    assert 4 < len(new) < 24
    assert not new & {event.user_id for event in found.training}


def test_a_new_item_has_no_event_in_training():
    late = [make_event("old", "b8", days=11), make_event("old", "b7", days=12)]
    known = make_event("other", "b7", days=2)
    found = split_new_items(data_of(*OLD, known, *late), people="all", min_history=2, at=MOMENT)
    (case,) = found.held_out
    assert case.judgments == {"b8": 4}


def test_without_times_a_share_of_the_items_is_new():
    events = [make_event(f"p{person}", f"b{n}", days=n) for person in range(9) for n in range(9)]
    found = split_new_items(data_of(*events, timed=False), people="all", min_history=2, share=0.4)
    judged = {item for case in found.held_out for item in case.judgments}
    assert judged
    assert not judged & {event.item_id for event in found.training}
    assert not judged & {event.item_id for case in found.held_out for event in case.history}


def test_a_new_scene_has_no_event_in_training_and_what_was_done_elsewhere_is_known():
    films = [make_event("old", f"f{n}", scene="films", days=6 + n) for n in range(2)]
    found = split_new_scene(data_of(*OLD, *films), ["films"], people="all", min_history=2)
    (case,) = found.held_out
    assert case.judgments == {"f1": 1}
    assert {event.scene for event in case.history} == {"books"}
    assert {event.scene for event in found.training} == {"books"}


@pytest.mark.parametrize("scenes", [(), ("books", "films")])
def test_a_new_scene_is_one_scene(scenes):
    with pytest.raises(DataError, match="a new scene is one scene"):
        split_new_scene(data_of(*OLD), scenes, min_history=1)


def test_the_only_scene_with_events_cannot_be_new():
    with pytest.raises(DataError, match="'books' is the only one with events"):
        split_new_scene(data_of(*OLD), ["books"], min_history=1)


@pytest.mark.parametrize(
    ("found", "negatives"),
    [(split_new_people(MADE, people="all"), "popular"),
     (split_new_items(MADE, people="all", min_history=3), "new"),
     (split_new_scene(MADE, ["films"], people="all", min_history=3), "uniform")],
)  # fmt: skip
def test_no_cold_split_of_made_data_leaks(found, negatives):
    questions = make_cases(MADE, found, candidates=10, negatives=negatives)
    assert questions.cases
    check_leaks(questions, MADE)


def test_candidates_that_are_new_have_no_event_in_training():
    questions = make_cases(
        MADE, split_new_items(MADE, people="all", min_history=3), candidates=10, negatives="new"
    )
    known = {event.item_id for event in questions.training}
    assert not known & {item for case in questions.cases for item in case.item_ids}


def test_a_sample_of_people_keeps_the_catalogue_and_says_so():
    few = with_people(MADE, 50)
    assert len({event.user_id for event in few.events}) == 50
    assert few.items == MADE.items
    assert few.note.endswith(" A sample: 50 of 394 people, by a hash of their ids.")
    assert few.fingerprint != MADE.fingerprint
    assert {e.user_id for e in with_people(MADE, 20).events} < {e.user_id for e in few.events}
    assert with_people(MADE, 1000) is MADE
