"""Raw files become items, events and people; what cannot be used is said with file and row."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from examples import raw
from reading import read_events, read_items, read_users

from recagent.config.data_sections import AttributeSettings
from recagent.domain import Event, Item, User
from recagent.errors import DataError

ROWS = [
    {"item_id": "b1", "scene": "books", "title": "Dune", "text": "Sand, \u201cspice\u201d",
     "genres": "scifi|classic", "year": "1965", "score": "8.5"},
    {"item_id": "b2", "scene": "books", "title": "三体", "text": None,
     "genres": "scifi", "year": "2008", "score": "9"},
    {"item_id": "f1", "scene": "films", "title": "Alien", "text": None,
     "genres": None, "year": None, "score": "8.25"},
]  # fmt: skip
ITEMS = [
    Item(id="b1", scene="books", title="Dune", text="Sand, \u201cspice\u201d",
         attributes={"genres": ("scifi", "classic"), "year": 1965, "score": 8.5}),
    Item(id="b2", scene="books", title="三体",
         attributes={"genres": ("scifi",), "year": 2008, "score": 9.0}),
    Item(id="f1", scene="films", title="Alien", attributes={"score": 8.25}),
]  # fmt: skip
SUFFIXES = ["csv", "tsv", "csv.gz", "tsv.gz", "jsonl", "ndjson", "parquet"]


def table(path, rows):
    """Write ``rows`` in the format that the path's name asks for."""
    plain = path.name.removesuffix(".gz")
    if plain.endswith("parquet"):
        pl.DataFrame(rows).write_parquet(path)
        return path
    if plain.endswith(("jsonl", "ndjson")):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        lines = io.StringIO()
        delimiter = "\t" if plain.endswith("tsv") else ","
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        text = lines.getvalue()
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_the_same_items(tmp_path, suffix):
    assert read_items(raw(table(tmp_path / f"items.{suffix}", ROWS))) == ITEMS


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_native_lists_and_numbers_need_no_separator(tmp_path, suffix):
    row = {"item_id": 7, "scene": "books", "title": "Dune", "genres": ["a|b", "c"], "year": 1965}
    (item,) = read_items(raw(table(tmp_path / f"items.{suffix}", [row])))
    assert item.id == "7"
    assert item.attributes == {"genres": ("a|b", "c"), "year": 1965}


def test_a_column_map_and_one_scene_for_all_rows(tmp_path):
    path = table(tmp_path / "films.csv", [{"id": "f1", "name": "Alien", "mins": "117"}])
    items = read_items(raw(path, columns={"item_id": "id", "title": "name"}, scene="films"))
    assert items == [Item(id="f1", scene="films", title="Alien", attributes={"mins": 117})]


def test_a_mapped_column_wins_over_one_that_has_our_name(tmp_path):
    path = table(tmp_path / "items.csv", [{"item_id": "1", "title": "tt0078748", "name": "Alien"}])
    (item,) = read_items(raw(path, columns={"title": "name"}, scene="films"))
    assert item.title == "Alien"


def test_a_separator_of_your_own_splits_lists(tmp_path):
    path = table(tmp_path / "items.csv", [{"item_id": "1", "title": "Dune", "genres": "a; b;c|d"}])
    (item,) = read_items(raw(path, scene="books"), separator=";")
    assert item.attributes["genres"] == ("a", " b", "c|d")


def test_a_column_with_one_word_among_numbers_stays_text(tmp_path):
    rows = [{"item_id": str(at), "title": "t", "year": year} for at, year in enumerate(["1", "x"])]
    items = read_items(raw(table(tmp_path / "items.csv", rows), scene="books"))
    assert [item.attributes["year"] for item in items] == ["1", "x"]


@pytest.mark.parametrize(
    "time",
    ["1714564800", "1714564800000", "2024-05-01T12:00:00", "2024-05-01 12:00:00Z",
     "2024-05-01T20:00:00+08:00"],
)  # fmt: skip
def test_seconds_milliseconds_and_iso_times_are_the_same_instant(tmp_path, time):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": time}
    (event,) = read_events(raw(table(tmp_path / "events.csv", [row])))
    assert event == Event(
        user_id="ann",
        item_id="b1",
        scene="books",
        kind="view",
        at=datetime(2024, 5, 1, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("seconds", [0, 1714564800])
def test_numeric_times_are_read_alike_from_every_format(tmp_path, suffix, seconds):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": seconds}
    (event,) = read_events(raw(table(tmp_path / f"events.{suffix}", [row])))
    assert event.at == datetime.fromtimestamp(seconds, tz=UTC)


def test_a_row_without_kind_is_a_rating_if_it_has_a_value_and_a_view_otherwise(tmp_path):
    rows = [
        {"user_id": "ann", "item_id": "b1", "timestamp": "1", "kind": kind, "value": value}
        for kind, value in [("", "8.5"), ("", ""), ("purchase", ""), ("comment", "2")]
    ]
    events = list(read_events(raw(table(tmp_path / "events.tsv", rows), scene="books")))
    assert [(event.kind, event.value) for event in events] == [
        ("rating", 8.5),
        ("view", None),
        ("purchase", None),
        ("comment", 2.0),
    ]


def test_an_events_scene_is_the_arguments_then_the_columns_then_the_catalogues(tmp_path):
    rows = [
        {"user_id": "ann", "item_id": item_id, "timestamp": "1", "scene": scene}
        for item_id, scene in [("b1", "books"), ("f1", "")]
    ]
    path = table(tmp_path / "events.csv", rows)
    known = {"b1": "films", "f1": "films"}
    assert [event.scene for event in read_events(raw(path), scenes=known)] == ["books", "films"]
    assert [event.scene for event in read_events(raw(path, scene="radio"))] == ["radio", "radio"]


def test_people_have_tags_words_and_attributes(tmp_path):
    row = {"user_id": "ann", "tags": "sea|sailing", "about": "New here.", "age": "30"}
    assert read_users(raw(table(tmp_path / "users.csv", [row]))) == [
        User(id="ann", tags=("sea", "sailing"), about="New here.", attributes={"age": 30})
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_native_lists_of_tags_are_tags(tmp_path, suffix):
    row = {"user_id": "ann", "tags": ["sea", "sailing"]}
    (user,) = read_users(raw(table(tmp_path / f"users.{suffix}", [row])))
    assert user.tags == ("sea", "sailing")


def test_a_declared_date_is_the_day_as_it_is_written(tmp_path):
    row = {"item_id": "1", "title": "t", "out": "2024-05-01T23:00:00-05:00"}
    declared = {"out": AttributeSettings(type="date")}
    path = table(tmp_path / "items.csv", [row])
    (item,) = read_items(raw(path, scene="books"), attributes=declared)
    assert item.attributes == {"out": "2024-05-01"}


@pytest.mark.parametrize(
    "time", ["2024/5/1 12:00", "2024-5-1 12:00:00", "2024年5月1日 12:00", "2024.05.01 12:00"]
)
def test_times_as_spreadsheets_and_chinese_exports_write_them(tmp_path, time):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": time}
    (event,) = read_events(raw(table(tmp_path / "events.csv", [row])))
    assert event.at == datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("time", ["2024/13/1", "2024年5月", "2024/5/1 25:00"])
def test_times_that_are_none_are_refused(tmp_path, time):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": time}
    with pytest.raises(DataError, match="is no time"):
        list(read_events(raw(table(tmp_path / "events.csv", [row]))))


def test_a_day_and_a_month_that_could_be_either_are_asked_about(tmp_path):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": "5/1/2024"}
    with pytest.raises(DataError, match="day or month comes first, as '5/1/2024'"):
        list(read_events(raw(table(tmp_path / "events.csv", [row]))))


@pytest.mark.parametrize(
    ("said", "price"),
    [("¥19.90", 19.9), ("¥1,299.00", 1299.0), ("￥93.5元", 93.5), ("１２．５", 12.5), ("$5", 5.0),
     ("-3", -3.0)],
)  # fmt: skip
def test_prices_are_numbers_where_that_is_declared(tmp_path, said, price):
    path = table(tmp_path / "items.csv", [{"item_id": "1", "title": "t", "price": said}])
    declared = {"price": AttributeSettings(type="number")}
    (item,) = read_items(raw(path, scene="books"), attributes=declared)
    assert item.attributes == {"price": price}


@pytest.mark.parametrize("said", ["1.299,00", "12,9", "about 5", "¥", "1,2,3"])
def test_what_is_no_plain_number_stays_a_fault(tmp_path, said):
    path = table(tmp_path / "items.csv", [{"item_id": "1", "title": "t", "price": said}])
    declared = {"price": AttributeSettings(type="number")}
    with pytest.raises(DataError, match="is not of type number"):
        read_items(raw(path, scene="books"), attributes=declared)


@pytest.mark.parametrize(
    ("said", "kind"), [("收藏", "like"), ("Purchase ", "purchase"), ("浏览", "view")]
)
def test_kinds_may_be_in_capitals_or_in_chinese(tmp_path, said, kind):
    row = {"user_id": "ann", "item_id": "b1", "scene": "books", "timestamp": "5", "kind": said}
    (event,) = read_events(raw(table(tmp_path / "events.csv", [row])))
    assert event.kind == kind


@pytest.mark.parametrize("field", ["item_id", "title", "scene"])
def test_a_list_or_an_object_is_no_id_scene_or_title(tmp_path, field):
    row = {"item_id": "1", "title": "t", "scene": "books"} | {field: ["a", "b"]}
    with pytest.raises(DataError, match=f"'{field}' .* is a list or an object; give one plain"):
        read_items(raw(table(tmp_path / "items.jsonl", [row])))
