"""A file that cannot be used gives a DataError that names file, row, value and the next step."""

import contextlib
import csv
import io
import json
import math

import pytest
from examples import raw
from hypothesis import given
from hypothesis import strategies as st
from reading import read_events, read_items, read_users

from recagent.errors import DataError

ITEM_ERRORS = {
    "duplicate id": ("a.csv", "item_id,title\n1,t\n1,u\n", ["row 2", "'1'", "keep one"]),
    "empty title": ("a.csv", "item_id,title\n1,t\n2,\n", ["row 2", "'title'", "fill it"]),
    "blank id": ("a.tsv", "item_id\ttitle\n \tt\n", ["row 1", "'item_id'", "fill it"]),
    "unknown task": ("a.csv", "item_id,title,task\n1,t,eat\n", ["row 1", "'eat'", "activity"]),
    "no such column": ("a.csv", "code,title\n1,t\n", ["'item_id'", "code, title", "columns ="]),
    "no rows": ("a.csv", "item_id,title\n", ["has no items", "at least one usable row"]),
    "unknown suffix": ("a.xlsx", "PK", ["unknown file type", ".parquet"]),
    "empty file": ("a.csv", "", ["cannot read", "empty", ";"]),
    "empty lines of JSON": ("a.jsonl", "", ["cannot read", ";"]),
    "broken JSON": (
        "a.jsonl",
        '{"item_id": "1", "title": "t"}\n{"item_id": \n',
        ["row 2", "not a JSON object", "correct the line"],
    ),
    "no line of JSON": ("a.jsonl", '{"item_id": \n', ["cannot read", "no line is a JSON object"]),
    "a row that is too long": (
        "a.csv",
        "item_id,title\n1,t,u\n",
        ["row 1", "3 fields, the header 2", "repair"],
    ),
    "not a Parquet file": ("a.parquet", "item_id,title", ["cannot read"]),
}
EVENT_ERRORS = {
    "unknown kind": ("1,1,5,eat,", ["row 1", "'eat'", "purchase"]),
    "bad time": ("1,1,yesterday,view,", ["row 1", "'yesterday'", "ISO 8601"]),
    "no time": ("1,1,,view,\n1,1,5,view,", ["row 1", "'timestamp'", "ISO 8601"]),
    "endless time": ("1,1,inf,view,", ["row 1", "'inf'", "ISO 8601"]),
    "far future": ("1,1,99999999999999999999,view,", ["row 1", "in the future", "unit"]),
    "bad number": ("1,1,5,rating,good", ["row 1", "'value'", "'good'", "not a number", ";"]),
    "not a number": ("1,1,5,rating,nan", ["row 1", "'value'", "'nan'"]),
    "endless number": ("1,1,5,rating,inf", ["row 1", "'value'", "'inf'"]),
    "nobody": (",1,5,view,", ["row 1", "'user_id'", "fill it"]),
}


@pytest.mark.parametrize("case", ITEM_ERRORS)
def test_an_item_file_that_cannot_be_used(tmp_path, case):
    name, text, said = ITEM_ERRORS[case]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_items(raw(path, scene="books"))
    for part in [name, *said]:
        assert part in str(caught.value)


@pytest.mark.parametrize("case", EVENT_ERRORS)
def test_an_event_that_cannot_be_used(tmp_path, case):
    row, said = EVENT_ERRORS[case]
    path = tmp_path / "events.csv"
    path.write_text(f"user_id,item_id,timestamp,kind,value\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(read_events(raw(path, scene="books")))
    for part in ["events.csv", *said]:
        assert part in str(caught.value)


def test_an_item_that_no_scene_has(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("user_id,item_id,timestamp\nann,b1,5\nann,x9,5\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 1: item 'b1' has no scene; add a 'scene' column"):
        list(read_events(raw(path)))


def test_events_and_people_need_their_columns(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("who,item_id\nann,b1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'user_id'; its columns are who, item_id\. Map them"):
        list(read_events(raw(path)))
    with pytest.raises(DataError, match="'user_id'"):
        read_users(raw(path))


def test_a_column_map_is_checked_on_both_sides(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title\n1,t\n", encoding="utf-8")
    with pytest.raises(DataError, match="column map: unknown field 'name'; use one of item_id"):
        read_items(raw(path, columns={"name": "title"}))
    with pytest.raises(DataError, match=r"no column 'caption' \(mapped to 'title'\); its columns"):
        read_items(raw(path, columns={"title": "caption"}))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv' does not exist"):
        read_items(raw(tmp_path / "nowhere.csv"))


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "items.csv"
    path.write_bytes("item_id,title\n1,Amélie\n".encode("latin-1"))
    with pytest.raises(
        DataError, match=r"items.csv', row 1: 'title' .* in cp1252 it reads 'Amélie'"
    ):
        read_items(raw(path, scene="films"))


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
words = cells.filter(str.strip)
ids = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12).filter(
    str.strip
)
tables = st.lists(
    st.fixed_dictionaries({"item_id": ids, "title": words, "note": st.just("n|") | cells}),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row["item_id"].strip(),
)


@given(rows=tables)
def test_any_table_goes_through_csv_and_json_lines_unchanged(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("tables")
    lines = io.StringIO()
    writer = csv.DictWriter(lines, fieldnames=["item_id", "title", "note"])
    writer.writeheader()
    writer.writerows(rows)
    (folder / "items.csv").write_bytes(lines.getvalue().encode())
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    wanted = [(row["item_id"].strip(), row["title"]) for row in rows]
    for name in ["items.csv", "items.jsonl"]:
        items = read_items(raw(folder / name, scene="books"))
        assert [(item.id, item.title) for item in items] == wanted


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=80)
    | st.lists(
        st.sampled_from(["item_id", "title", "user_id", "timestamp", "value", ",", "\n", "\t", '"',
                         "{", "}", ":", "[", "]", "|", "1", "1e400", "nan", "null", "x", "三"]),
        max_size=40,
    ).map("".join),
    suffix=st.sampled_from(["csv", "tsv", "jsonl", "parquet", "csv.gz"]),
)  # fmt: skip
def test_any_file_is_read_or_gives_a_data_error(tmp_path_factory, text, suffix):
    path = tmp_path_factory.mktemp("files") / f"any.{suffix}"
    path.write_bytes(text.encode())
    for read in (read_items, read_events):
        with contextlib.suppress(DataError):
            assert all(each.scene == "books" for each in read(raw(path, scene="books")))


@given(value=st.floats() | st.integers() | st.text(max_size=8))
def test_an_attribute_that_is_a_number_is_a_finite_one(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("numbers") / "items.jsonl"
    row = {"item_id": "1", "title": "t", "year": str(value)}
    path.write_text(json.dumps(row), encoding="utf-8")
    (item,) = read_items(raw(path, scene="books"))
    year = item.attributes.get("year", 0)
    assert isinstance(year, str | tuple) or math.isfinite(year)
