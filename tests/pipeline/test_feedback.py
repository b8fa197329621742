"""What people do is stored only if it fits the catalogue; otherwise nothing is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from examples import NOON, make_item, wait
from line import make_line

from recagent.domain import Event
from recagent.errors import DataError

ITEMS = [
    make_item("b1"),
    make_item("f1", scene="films"),
    make_item("both", "a book"),
    make_item("both", "a film", scene="films"),
]

CHINA = timezone(timedelta(hours=8))


def record(user_id, item_id, **event):
    """The event that is returned, and all that the store holds of the person."""

    async def main():
        line, parts = await make_line(ITEMS)
        try:
            recorded = await line.record(user_id, item_id, **event)
        except DataError:
            assert await parts.store.events(user_id, limit=9) == []
            raise
        return recorded, await parts.store.events(user_id, limit=9)

    return wait(main())


def test_an_event_has_the_items_scene_and_the_time_that_is_given():
    recorded, stored = record("ann", "f1", at=NOON)
    assert recorded == Event(user_id="ann", item_id="f1", scene="films", kind="like", at=NOON)
    assert stored == [recorded]


def test_without_a_time_it_is_now_in_utc():
    before = datetime.now(tz=UTC)
    recorded, _ = record("ann", "b1", kind="view")
    assert before <= recorded.at <= datetime.now(tz=UTC)
    assert recorded.at.tzinfo == UTC


def test_a_clock_may_be_a_little_fast():
    at = datetime.now(tz=UTC) + timedelta(minutes=5)
    assert record("ann", "b1", at=at)[0].at == at


def test_an_event_of_year_1_is_refused_and_one_of_1970_is_stored():
    with pytest.raises(DataError, match="before 1970"):
        record("ann", "b1", at=datetime(1, 1, 1, tzinfo=UTC))
    at = datetime(1970, 1, 1, tzinfo=UTC)
    assert record("ann", "b1", at=at)[1][0].at == at


def test_any_zone_will_do():
    at = datetime(2024, 5, 1, 20, tzinfo=CHINA)
    recorded, _ = record("ann", "b1", at=at)
    assert recorded.at == NOON


def test_a_named_scene_tells_items_of_the_same_id_apart():
    assert record("ann", "both")[0].scene == "books"
    assert record("ann", "both", scene="films")[0].scene == "films"


@pytest.mark.parametrize("value", [0, 7.5, 10])
def test_a_rating_lies_on_the_scale(value):
    assert record("ann", "b1", kind="rating", value=value)[0].value == value


@pytest.mark.parametrize(
    ("user_id", "item_id", "event", "said"),
    [
        ("ann", "x9", {}, "item 'x9' is not in the catalogue"),
        ("ann", "f1", {"scene": "books"}, "item 'f1' is not in scene 'books'"),
        ("ann", "f1", {"scene": "cars"}, "'cars'"),
        ("ann", "b1", {"kind": "eat"}, "unknown event kind 'eat'; use one of view, click"),
        ("ann", "b1", {"kind": "rating"}, "the value must be between 0 and 10 .got None"),
        ("ann", "b1", {"kind": "rating", "value": 10.5}, "between 0 and 10 .got 10.5"),
        ("ann", "b1", {"kind": "rating", "value": float("nan")}, "between 0 and 10 .got nan"),
        ("ann", "b1", {"at": datetime(2024, 5, 1)}, "no time zone; add one"),
        ("ann", "b1", {"at": datetime(9999, 12, 31, tzinfo=UTC)}, "is in the future .it is now 2"),
        ("ann", "b1", {"at": datetime.now(tz=UTC) + timedelta(hours=9)}, "with its time zone"),
        ("ann", "b1", {"at": datetime(1, 1, 1, tzinfo=CHINA)}, "before year 1 or after year 9999"),
        ("", "b1", {}, "needs a user id"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(user_id, item_id, event, said):
    with pytest.raises(DataError, match=said):
        record(user_id, item_id, **event)


@pytest.mark.parametrize(("item_id", "scene"), [("x9", None), ("b1", "films"), ("b1", "cars")])
def test_an_explanation_of_an_unknown_item_or_scene_is_a_data_error(item_id, scene):
    async def main():
        line, _ = await make_line(ITEMS)
        await line.explain("ann", item_id, scene=scene)

    with pytest.raises(DataError, match=item_id if scene != "cars" else "cars"):
        wait(main())
