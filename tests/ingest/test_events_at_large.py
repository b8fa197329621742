"""Events as strangers have them: without times, in several scenes, on items that are gone."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from examples import NOON, make_event, make_item, wait
from line import make_line
from test_survey import ITEMS, kept, left_out, shop

from recagent.config.data_sections import FileSettings
from recagent.domain import UNTIMED, RatingScale, Scene
from recagent.ingest import read_catalogue
from recagent.ingest.item_ids import CatalogueIds, alike_pairs
from recagent.offline.data_set import Data
from recagent.offline.splits import order_by_time, split
from recagent.profiles.building import recency

BOOKS = "item_id,scene,title\nb1,books,Dune\nb2,books,Emma\nb3,books,三体\nB9,books,Ulysses\n"


def notes(catalog):
    return {kind: found for (kind, _), found in catalog.report.notes.items()}


@pytest.mark.parametrize(
    "rows",
    [
        "user_id,item_id\nann,b2\nann,b1\nbob,b1\n",
        "user_id,item_id,timestamp\nann,b2,\nann,b1, \nbob,b1,\n",
        "user_id;item_id;rating\nann;b2;5\nann;b1;4\nbob;b1;1\n",
        "用户,商品编号\nann,b2\nann,b1\nbob,b1\n",
    ],
)
def test_events_without_a_time_keep_the_order_of_their_rows(tmp_path, rows):
    settings = shop(tmp_path, "user_id\n", items=BOOKS)
    settings.catalog.events[0].path.write_text(rows, encoding="utf-8")
    catalog = read_catalogue(settings)
    assert not catalog.report.problems
    assert [(event.user_id, event.item_id, event.at) for event in catalog.events()] == [
        ("ann", "b2", UNTIMED), ("ann", "b1", UNTIMED), ("bob", "b1", UNTIMED),
    ]  # fmt: skip
    assert str(notes(catalog)["no times"].examples[0]).endswith(
        "no row says when: the later a row stands, the newer it counts, and nothing grows old; map "
        'the column that says it, if there is one: columns = { timestamp = "..." }'
    )


def test_where_some_rows_have_a_time_one_without_is_a_fault(tmp_path):
    rows = "user_id,item_id,timestamp\nann,b1,\nann,b2,2024-05-01\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=BOOKS))
    assert left_out(catalog) == {"bad time": 1}
    assert "no times" not in notes(catalog)


def untimed(item_id, user_id="ann", at=UNTIMED):
    return replace(make_event(user_id, item_id), at=at)


def test_what_has_no_time_is_as_good_as_new_beside_what_has_one():
    month, new = timedelta(days=30), make_event("ann", "b2", days=30)
    assert recency(make_event("ann", "b1"), new, month) == 0.5
    assert recency(untimed("b3"), new, month) == 1.0
    assert recency(untimed("b3"), untimed("b1"), month) == 1.0


ONE_DAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("at", [UNTIMED, ONE_DAY])
@pytest.mark.parametrize("how", ["leave-one-out", "temporal", "global"])
def test_a_split_goes_by_the_order_of_events_that_have_no_time_or_all_the_same(at, how):
    items = [make_item(f"b{n}") for n in range(8)]
    events = [untimed(f"b{n}", user, at) for user in ("ann", "bob") for n in range(8)]
    data = Data(
        name="d", scenes={"books": Scene(name="books")}, items=items, events=order_by_time(events),
        users={}, scale=RatingScale(), fingerprint="",
    )  # fmt: skip
    found = split(data, how=how, people="all")
    assert {each.user_id for each in found.held_out} == {"ann", "bob"}
    for each in found.held_out:
        first = min(int(key[1:]) for key in each.judgments)
        assert [event.item_id for event in each.history] == [
            f"b{n}" for n in reversed(range(first))
        ]
    assert all(event.item_id not in found.held_out[0].judgments for event in found.training)


def test_times_that_differ_stay_as_they_are():
    events = [make_event("ann", "b1", days=1), make_event("ann", "b2"), make_event("ann", "b3")]
    assert [event.at for event in order_by_time(events)] == [NOON, NOON, NOON + timedelta(days=1)]


def test_people_without_times_are_not_busy(tmp_path):
    rows = "user_id,item_id\n" + "".join(f"ann,b{n}\n" for n in range(1, 4))
    catalog = read_catalogue(shop(tmp_path, rows, items=BOOKS, cleaning={"max_events_per_day": 2}))
    assert len(kept(catalog)) == 3


SHELVES = "item_id,scene,title\nb1,home,Dune\nb1,search,Dune\nb2,search,Emma\n"


def test_a_row_that_says_no_scene_counts_in_each_that_has_the_item(tmp_path):
    rows = "user_id,item_id,timestamp,scene\nann,b1,1e9,\nann,b1,2e8,home\nann,b2,1e9,\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=SHELVES))
    assert [(item, scene) for _, item, scene, _ in kept(catalog)] == [
        ("b1", "home"), ("b1", "search"), ("b1", "home"), ("b2", "search"),
    ]  # fmt: skip
    assert not catalog.report.problems
    note = notes(catalog)["several scenes"]
    assert (note.count, note.examples[0].row) == (1, 1)
    assert "(home, search)" in note.examples[0].says()


def test_a_copy_of_a_row_is_left_out_of_all_its_scenes_and_counted_once(tmp_path):
    rows = "user_id,item_id,timestamp\nann,b1,1e9\nann,b1,1e9\nann,b2,1e9\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=SHELVES))
    assert [(item, scene) for _, item, scene, _ in kept(catalog)] == [
        ("b1", "home"), ("b1", "search"), ("b2", "search"),
    ]  # fmt: skip
    assert left_out(catalog) == {"same event": 1}


def test_what_is_liked_in_several_scenes_is_taste_in_each():
    async def main():
        items = [make_item("b1", scene=scene) for scene in ("home", "search")]
        line, parts = await make_line([*items, make_item("b2", scene="search")])
        event = await line.record("ann", "b1")
        profile = await line.profile("ann")
        only = await line.record("bob", "b1", scene="search")
        return event, profile, only, await parts.store.events("bob", limit=9)

    event, profile, only, stored = wait(main())
    assert event.scene == "home"
    assert profile.taste.keys() == {"home", "search"}
    assert not profile.is_cold("search")
    assert stored == [only]


def test_what_left_the_catalogue_stops_nothing_and_is_left_out_or_kept_for_taste(tmp_path):
    rows = "user_id,item_id,timestamp\nann,b1,1e9\nann,x9,1e9\nbob,b2,1e9\nbob,b1,1e9\nann,x8,1e9\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=BOOKS))  # of one scene: it can only be that
    assert ("ann", "x9", "books", "view") in kept(catalog)
    assert notes(catalog)["orphan kept"].count == 2
    catalog = read_catalogue(shop(tmp_path, rows, items=ITEMS))
    assert left_out(catalog) == {"orphan": 2}
    assert not catalog.report.problems
    catalog.refuse_problems()


def test_what_was_liked_and_is_gone_still_finds_what_others_liked_with_it():
    events = [
        make_event("ann", "gone"),
        *[make_event(f"p{n}", item) for n in range(3) for item in ("gone", "b3")],
        *[make_event(f"q{n}", "b1") for n in range(9)],
    ]

    async def main(user):
        line, _ = await make_line([make_item(f"b{n}") for n in range(1, 5)], events=events)
        slate = await line.recommend(user, scene="books", k=2)
        return slate.entries[0].item.id, await line.profile(user)

    first, profile = wait(main("ann"))
    assert first == "b3"
    assert profile.gone == {"gone": 1.0}
    assert profile.liked == {}
    assert wait(main("stranger"))[0] == "b1"


def test_events_of_which_most_are_on_unknown_items_are_a_fault_that_names_the_column(tmp_path):
    rows = "user_id,item_id,asin,timestamp\n" + "".join(
        f"ann,row{n},b{n},1e9\n" for n in range(1, 4)
    )
    problem = read_catalogue(shop(tmp_path, rows, items=BOOKS)).report.examples()
    (said,) = [str(each) for each in problem]
    assert "3 of 3 events are on items that the catalogue does not have" in said
    assert 'read that one: columns = { item_id = "asin" }' in said


def test_the_column_may_be_one_of_the_items(tmp_path):
    items = "item_id,code,scene,title\n1,x1,books,Dune\n2,x2,books,Emma\n3,x3,books,三体\n"
    rows = "user_id,item_id,timestamp\nann,x1,1e9\nann,x2,1e9\nbob,x3,1e9\n"
    (said,) = map(str, read_catalogue(shop(tmp_path, rows, items=items)).report.examples())
    assert 'read that one: columns = { item_id = "code" } (' in said
    assert "items.csv)" in said


@pytest.mark.parametrize("orphans", ["keep", "drop"])
def test_a_wrong_column_is_a_fault_even_where_orphans_are_left_out(tmp_path, orphans):
    rows = "user_id,item_id,timestamp\n" + "".join(f"ann,y{n},1e9\n" for n in range(4))
    catalog = read_catalogue(shop(tmp_path, rows, items=BOOKS, cleaning={"orphans": orphans}))
    (said,) = map(str, catalog.report.examples())
    assert "its ids are like" in said
    assert "see that 'item_id' holds the same ids as the files of items" in said


def test_a_catalogue_of_a_part_may_leave_most_events_out(tmp_path):
    rows = "user_id,item_id,timestamp\nann,b1,1e9\n" + "".join(f"ann,y{n},1e9\n" for n in range(9))
    catalog = read_catalogue(shop(tmp_path, rows, items=BOOKS, cleaning={"orphans": "drop"}))
    assert not catalog.report.problems
    assert [
        kind for kind, _ in read_catalogue(shop(tmp_path, rows, items=BOOKS)).report.problems
    ] == ["unknown items"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [("B1", "b1"), ("12.0", "12"), ("0012", "12"), ("007", "7.0"), ("b1", "b1"), ("A", "A"),
     ("a", "a"), ("x", "x"), ("１", "１"), ("1.50", "1.50")],
)  # fmt: skip
def test_an_id_that_is_written_almost_so_means_the_one_of_the_catalogue(said, meant):
    ids = CatalogueIds(("s", each) for each in ["b1", "12", "7.0", "A", "a", "1.5"])
    found = said if said in ids.scenes else ids.meant(said)
    assert found == meant


def test_two_ids_that_are_almost_alike_stay_two():
    assert CatalogueIds([("s", "A1"), ("s", "a1")]).meant("a1 ".upper()) == "A1 "
    assert alike_pairs(["A1", "b", "a1", "12", "12.0", "三"]) == [("A1", "a1"), ("12", "12.0")]


def test_ids_of_another_writing_are_counted_and_alike_ones_are_said(tmp_path):
    items = "item_id,scene,title\n12,books,Dune\nA1,books,Emma\na1,books,Emma II\n７,books,三体\n"
    rows = "user_id,item_id,timestamp\nAnn,12.0,1e9\nann, 12 ,1e9\nann,a1,1e9\nbob,A1,1e9\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=items))
    assert [item for _, item, _, _ in kept(catalog)] == ["12", "12", "a1", "A1"]
    steps = {(step, field): change.count for (step, field, _), change in
             catalog.report.changes.items()}  # fmt: skip
    assert steps == {("id form", "item_id"): 1, ("trimmed", "item_id"): 1}
    assert "as 'A1' and 'a1'" in str(notes(catalog)["alike ids"].examples[0])
    assert "as 'Ann' and 'ann'" in str(notes(catalog)["alike people"].examples[0])


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_ids_of_a_column_of_floats_are_whole_numbers(tmp_path, suffix):
    rows = [{"user_id": 3.0, "item_id": 12.0, "timestamp": 1e9},
            {"user_id": 4.0, "item_id": 12.0, "timestamp": 1e9}]  # fmt: skip
    path = tmp_path / f"log.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    settings = shop(tmp_path, items="item_id,scene,title\n12,books,Dune\n")
    files = settings.catalog.model_copy(update={"events": (FileSettings(path=path),)})
    catalog = read_catalogue(settings.model_copy(update={"catalog": files}))
    assert [(user, item) for user, item, _, _ in kept(catalog)] == [("3", "12"), ("4", "12")]
