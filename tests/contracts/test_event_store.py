"""The EventStore seam: one contract for the fake, a SQLite file and a PostgreSQL server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from examples import NOON, make_event, wait

from recagent.domain import Edits, Event, Forgotten, Impression, Note, RatingScale, User
from recagent.errors import DataError
from recagent.infrastructure.storage import SqlEventStore
from recagent.testing import MemoryStore

ANN = User(
    id="ann",
    attributes={"age": 30, "langs": ("en", "zh"), "vip": True, "height": 1.7, "city": "上海"},
    tags=("sea", "sailing"),
    about="New here.",
)
SHOWN = Impression(
    id="i1",
    user_id="ann",
    scene="图书",
    at=NOON + timedelta(microseconds=7),
    item_ids=("b1", "b2"),
    probabilities=(0.7, 0.1 + 0.2),
    trace='{"mode": "label"}',
    wish="想看 something light 🙂",
)


BOBS = [make_event("bob", "b1"), make_event("bob", "b2")]


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.allow_hosts(["127.0.0.1"])),
    ]
)
def store(request, tmp_path):
    if request.param == "memory":
        opened = MemoryStore()
    elif request.param == "sqlite":
        opened = SqlEventStore(f"sqlite:///{tmp_path / 'kept' / 'store.db'}")
    else:
        opened = SqlEventStore(request.getfixturevalue("postgres_server").create())
    yield opened
    wait(opened.close())


async def everything(store):
    return [event async for batch in store.all_events() for event in batch]


def test_an_event_comes_back_as_it_was_stored(store):
    event = Event(
        user_id="安",
        item_id="b1",
        scene="books",
        kind="rating",
        at=datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
        value=8.5,
        text="好看 🙂",
        device="phone",
        place="train",
    )
    assert wait(store.add_events([event])) == 1
    assert wait(store.events("安", limit=10)) == [event]
    assert wait(everything(store)) == [event]


def test_what_ratings_are_out_of_is_kept_and_replaced(store):
    assert store.scale is None
    for scale in (RatingScale(low=1, high=5), RatingScale(low=0, high=10, unrated=(-1, 0.5))):
        wait(store.keep_scale(scale))
        assert store.scale == scale


def test_the_same_event_is_kept_once(store):
    event = make_event("ann", "b1")
    assert wait(store.add_events([event, event])) == 1
    assert wait(store.add_events([replace(event, text="again")])) == 0
    others = [
        replace(event, user_id="bob"),
        replace(event, item_id="b2"),
        replace(event, scene="films"),
        replace(event, kind="view"),
        replace(event, at=NOON + timedelta(microseconds=1)),
    ]
    assert wait(store.add_events([event, *others])) == len(others)
    assert wait(everything(store)) == [event, *others]


def test_events_are_counted_once_each(store):
    assert wait(store.count()) == 0
    assert wait(store.is_empty())
    wait(
        store.add_events(
            [make_event("ann", "b1"), make_event("ann", "b1"), make_event("bob", "b1")]
        )
    )
    assert wait(store.count()) == 2
    assert not wait(store.is_empty())


def test_newest_come_first_and_of_equals_the_last_stored(store):
    events = [make_event("ann", item_id, days=days)
              for item_id, days in [("b1", 0), ("b2", 2), ("b3", 1), ("b4", 1)]]  # fmt: skip
    wait(store.add_events([*events, make_event("bob", "b9", days=5)]))
    newest = wait(store.events("ann", limit=10))
    assert [event.item_id for event in newest] == ["b2", "b4", "b3", "b1"]
    assert [event.item_id for event in wait(store.events("ann", limit=2))] == ["b2", "b4"]


def test_all_events_come_in_the_order_in_which_they_were_stored(store):
    events = [make_event("ann", f"b{number}", days=-number) for number in range(6)]
    wait(store.add_events(events[:3]))
    wait(store.add_events(iter(events)))
    assert wait(everything(store)) == events


def test_a_time_without_a_zone_is_refused_and_nothing_is_stored(store):
    naive = replace(make_event("ann", "b1"), at=datetime(2024, 5, 1, 12))
    with pytest.raises(DataError, match="'ann' on 'b1': 'at' has no time zone"):
        wait(store.add_events([make_event("ann", "b0"), naive]))
    assert wait(everything(store)) == []


def test_an_event_with_text_that_no_database_keeps_is_refused_whole(store):
    for field in ["user_id", "item_id", "scene", "text", "device", "place", "impression"]:
        for text in ["a\0b", "half of a pair: \ud83d", "\udc00"]:
            broken = replace(make_event("ann", "b1"), **{field: text})
            with pytest.raises(DataError) as refused:
                wait(store.add_events([make_event("ann", "b0"), broken]))
            assert f"event of {broken.user_id!r} on {broken.item_id!r}" in str(refused.value)
            assert "remove it" in str(refused.value)
    assert wait(everything(store)) == []


def test_a_person_with_text_that_no_database_keeps_is_refused_and_nobody_is_stored(store):
    for broken in [
        User(id="b\0b"),
        User(id="bob", about="\ud83d"),
        User(id="bob", tags=("sea", "\0")),
        User(id="bob", attributes={"\0": 1}),
        User(id="bob", attributes={"city": "\udfff"}),
        User(id="bob", attributes={"langs": ("en", "\0")}),
    ]:
        with pytest.raises(DataError) as refused:
            wait(store.add_users([ANN, broken]))
        assert f"person {broken.id!r}" in str(refused.value)
    assert wait(store.user("ann")) is None


def test_an_impression_with_text_that_no_database_keeps_is_refused(store):
    with pytest.raises(DataError, match=r"impression 'i1' of 'ann'.*remove it"):
        wait(store.add_impression(replace(SHOWN, wish="sea\0side")))
    assert wait(store.impression("i1")) is None


def test_times_come_back_to_the_microsecond(store):
    events = [
        replace(make_event("ann", "b1"), at=datetime(year, 12, 31, 23, 59, 59, us, tzinfo=UTC))
        for year in [1970, 1999, 2024, 2038, 2199]
        for us in [1, 7, 123456, 499999, 500000, 999999]
    ]
    wait(store.add_events(events))
    assert wait(everything(store)) == events


def test_a_batch_that_fails_midway_leaves_nothing(store):
    def batch():
        yield make_event("ann", "b1")
        raise DataError("row 2 is broken")

    with pytest.raises(DataError, match="row 2"):
        wait(store.add_events(batch()))
    assert wait(everything(store)) == []


def test_people_come_back_as_they_were_declared_and_are_replaced(store):
    assert wait(store.add_users([ANN, User(id="bob")])) == 2
    assert wait(store.user("ann")) == ANN
    assert wait(store.user("bob")) == User(id="bob")
    assert wait(store.add_users([User(id="ann", tags=("hills",))])) == 1
    assert wait(store.user("ann")) == User(id="ann", tags=("hills",))


def test_a_person_listed_twice_counts_once_and_the_last_one_stays(store):
    assert wait(store.add_users([User(id="ann"), ANN])) == 1
    assert wait(store.user("ann")) == ANN


def test_an_impression_comes_back_as_it_was_shown(store):
    wait(store.add_impression(SHOWN))
    assert wait(store.impression("i1")) == SHOWN


def test_an_impression_that_is_kept_again_stays_as_it_was(store):
    wait(store.add_impression(SHOWN))
    wait(store.add_impression(replace(SHOWN, wish="another")))
    assert wait(store.impression("i1")) == SHOWN


def test_impressions_come_together_and_unknown_ids_bring_nothing(store):
    other = replace(SHOWN, id="i2")
    for shown in (SHOWN, other, replace(SHOWN, id="i3")):
        wait(store.add_impression(shown))
    found = wait(store.impressions(["i2", "", "i1", "nothing", "i2"]))
    assert sorted(found, key=lambda each: each.id) == [SHOWN, other]
    assert [*wait(store.impressions([]))] == []


def test_more_impressions_are_asked_for_than_a_statement_may_name(store):
    wait(store.add_impression(SHOWN))
    ids = [SHOWN.id, *(f"nothing {at}" for at in range(260_000))]
    assert [*wait(store.impressions(ids))] == [SHOWN]


def test_a_person_comes_with_their_newest_events(store):
    wait(store.add_users([ANN]))
    wait(store.add_events([make_event("ann", "b1"), make_event("ann", "b2", days=1)]))
    newest = wait(store.events("ann", limit=1))
    assert wait(store.person("ann", limit=1)) == (ANN, newest)


def test_what_nobody_stored_is_none_or_empty(store):
    assert wait(store.user("nobody")) is None
    assert wait(store.person("nobody", limit=5)) == (None, [])
    assert wait(store.impression("nothing")) is None
    assert wait(store.events("nobody", limit=5)) == []
    assert wait(everything(store)) == []
    assert wait(store.add_events([])) == 0
    assert wait(store.add_users([])) == 0


def test_times_come_back_in_utc(store):
    wait(store.add_events([make_event("ann", "b1")]))
    (event,) = wait(store.events("ann", limit=1))
    assert event.at.tzinfo == UTC


EDITS = Edits(
    tags={"sea": 0.0, "群山": 0.5, "hills": None},
    attributes={"age": None, "langs": ("en",)},
    about="Here 🙂",
)
NOTE = Note(scene="books", text="Long voyages.", model="m", made_from="f1")


def test_what_a_person_changed_comes_back_and_outlives_loading_people_anew(store):
    wait(store.edit("ann", Edits(about="old")))
    wait(store.edit("ann", EDITS))
    assert wait(store.user("ann")) == User(id="ann", edits=EDITS)
    wait(store.add_users([ANN]))
    assert wait(store.user("ann")) == replace(ANN, edits=EDITS)
    wait(store.edit("ann", Edits()))
    assert wait(store.user("ann")) == ANN


def test_an_edit_with_text_that_no_database_keeps_is_refused(store):
    for broken in [Edits(tags={"\0": 1.0}), Edits(about="\ud83d"), Edits(attributes={"a": "\0"})]:
        with pytest.raises(DataError, match="person 'ann'"):
            wait(store.edit("ann", broken))
    assert wait(store.user("ann")) is None


def test_linked_ids_are_one_person_whichever_is_asked_for(store):
    wait(store.add_events([make_event("phone", "b1"), make_event("bob", "b9")]))
    wait(store.add_events([make_event("web", "b2", days=1), make_event("tv", "b3", days=2)]))
    wait(store.link("web", other="phone"))
    wait(store.link("tv", other="phone"))
    for name in ("phone", "web", "tv"):
        assert wait(store.ids(name)) == ("tv", "phone", "web")
        events = wait(store.events(name, limit=10))
        assert [(event.user_id, event.item_id) for event in events] == [
            ("tv", "b3"), ("tv", "b2"), ("tv", "b1"),
        ]  # fmt: skip
        assert wait(store.seen(name)) == {"b1", "b2", "b3"}
        assert wait(store.person(name, limit=1)) == (User(id="tv"), events[:1])
    assert {event.user_id for event in wait(everything(store))} == {"tv", "bob"}
    assert wait(store.ids("bob")) == ("bob",)
    wait(store.add_events([make_event("phone", "b4", days=3)]))
    assert wait(store.events("web", limit=1))[0].item_id == "b4"


def test_linked_people_become_one_description_of_which_the_first_counts(store):
    wait(store.add_users([User(id="web", tags=("hills",), about="Old."), ANN]))
    wait(store.edit("web", EDITS))
    wait(store.link("ann", other="web"))
    both = replace(ANN, tags=("sea", "sailing", "hills"), edits=EDITS)
    assert wait(store.user("web")) == wait(store.user("ann")) == both
    wait(store.link("web", other="ann"))
    assert wait(store.ids("web")) == ("ann", "web")
    wait(store.add_users([User(id="ann", about="First."), User(id="web", about="Other.")]))
    assert wait(store.user("web")) == User(id="ann", about="First.", edits=EDITS)
    wait(store.edit("web", Edits()))
    assert wait(store.user("ann")) == User(id="ann", about="First.")


def test_a_link_needs_two_ids_that_can_be_kept(store):
    for one, two in [("", "ann"), ("ann", "")]:
        with pytest.raises(DataError, match="one is empty"):
            wait(store.link(one, other=two))
    with pytest.raises(DataError, match="remove it"):
        wait(store.link("ann", other="\0"))
    wait(store.link("ann", other="ann"))
    assert wait(store.ids("ann")) == ("ann",)


def test_a_forgotten_person_leaves_nothing_and_others_stay(store):
    wait(store.add_users([ANN, User(id="bob")]))
    wait(store.add_events([make_event("ann", "b1"), make_event("web", "b2"), *BOBS]))
    wait(store.add_impression(SHOWN))
    wait(store.add_impression(replace(SHOWN, id="i2", user_id="bob")))
    wait(store.link("ann", other="web"))
    wait(store.add_note("web", NOTE))
    gone = wait(store.forget("web"))
    assert gone == Forgotten(ids=("ann", "web"), events=2, impressions=1)
    for name in ("ann", "web"):
        assert wait(store.ids(name)) == (name,)
        assert wait(store.person(name, limit=5)) == (None, [])
        assert wait(store.notes(name)) == []
    assert wait(store.impression("i1")) is None
    assert wait(everything(store)) == BOBS
    assert wait(store.user("bob")) == User(id="bob")
    assert wait(store.impression("i2")) is not None
    assert wait(store.forget("nobody")) == Forgotten(ids=("nobody",), events=0, impressions=0)


def test_how_often_somebody_was_forgotten_is_counted_for_those_who_hold_something(store):
    assert wait(store.forgettings()) == 0
    for name in ("ann", "nobody"):
        wait(store.forget(name))
    assert wait(store.forgettings()) == 2


def test_a_note_is_kept_for_each_scene_and_replaced(store):
    films = replace(NOTE, scene="films")
    wait(store.add_note("ann", films))
    wait(store.add_note("ann", NOTE))
    wait(store.add_note("ann", replace(NOTE, text="Short ones.", made_from="f2")))
    wait(store.add_note("bob", NOTE))
    assert wait(store.notes("ann")) == [replace(NOTE, text="Short ones.", made_from="f2"), films]
    with pytest.raises(DataError, match="note on 'ann'"):
        wait(store.add_note("ann", replace(NOTE, text="\0")))


def test_what_a_reading_of_files_gave_is_replaced_and_deleted_apart_from_what_was_recorded(store):
    recorded, read, other = (
        make_event("ann", "b1"),
        make_event("ann", "b2"),
        make_event("bob", "b1"),
    )
    wait(store.add_events([recorded]))
    assert wait(store.origins()) == {}
    assert wait(store.add_events([replace(recorded, text="read"), read, other], origin="1")) == 2
    assert wait(store.origins()) == {"1": 2}
    again = replace(read, text="otherwise", value=3.0)
    assert wait(store.add_events([again, make_event("cem", "b1")], origin="2")) == 1
    assert wait(store.add_events([replace(again, text="the same reading")], origin="2")) == 0
    assert wait(store.add_events([replace(again, text="recorded")])) == 0
    assert wait(store.origins()) == {"1": 1, "2": 2}
    assert wait(store.events("ann", limit=9)) == [again, recorded]
    assert wait(store.remove_events(["1", ""])) == 1
    assert wait(store.remove_events([])) == 0
    assert wait(store.events("bob", limit=9)) == []
    assert wait(store.events("ann", limit=9)) == [again, recorded]


def test_who_is_forgotten_is_in_no_reading(store):
    wait(store.add_events([make_event("ann", "b1"), make_event("bob", "b1")], origin="1"))
    wait(store.forget("ann"))
    assert wait(store.origins()) == {"1": 1}
