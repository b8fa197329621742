"""The EventStore seam: one contract for the fake, a SQLite file and a PostgreSQL server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from examples import NOON, make_event, wait

from recagent.adapters.sql import SqlEventStore
from recagent.errors import DataError
from recagent.fakes import MemoryStore
from recagent.types import Event, Impression, User

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
    wait(
        store.add_events(
            [make_event("ann", "b1"), make_event("ann", "b1"), make_event("bob", "b1")]
        )
    )
    assert wait(store.count()) == 2


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
