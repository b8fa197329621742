"""Files become rows whatever their format and encoding; what is broken costs its own row only."""

import contextlib
import csv
import gzip
import io
import json
import sys
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import polars as pl
import pytest
from examples import raw
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recagent.config.data_sections import AttributeSettings, FileSettings
from recagent.errors import ConfigError, DataError
from recagent.ingest import Report, cell_values
from recagent.ingest.events import EventReader
from recagent.ingest.items import ItemReader
from recagent.ingest.report import Reading
from recagent.ingest.tables import open_table

CHINESE = "item_id,title\n1,三体\n2,活着\n"


def read(path, **settings):
    """All rows with their numbers, and the report."""
    report = Report()
    table = open_table(raw(path, **settings), holds="items", report=report)
    return list(table.rows), report


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults(report):
    """Every example as (kind, row, value)."""
    return [(each.kind, each.row, each.value) for each in report.examples()]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_the_header_tells_the_separator(tmp_path, separator):
    text = "item_id;title;note\n1;Dune;a, b\n".replace(";", separator)
    text = text.replace("a, b", '"a, b"') if separator == "," else text
    rows, _ = read(written(tmp_path / "items.csv", text))
    assert rows == [(1, {"item_id": "1", "title": "Dune", "note": "a, b"})]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("declared", ["", "same"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path, encoding, declared):
    path = written(tmp_path / "items.csv", CHINESE.encode(encoding))
    rows, report = read(path, encoding=encoding if declared else "")
    assert [row for _, row in rows] == [
        {"item_id": "1", "title": "三体"},
        {"item_id": "2", "title": "活着"},
    ]
    assert report.files[0].encoding == encoding.removesuffix("-sig")


def test_a_mark_does_not_hide_the_first_column_of_a_file_that_is_declared_utf_8(tmp_path):
    path = written(tmp_path / "items.csv", CHINESE.encode("utf-8-sig"))
    assert read(path, encoding="utf-8")[0][0] == (1, {"item_id": "1", "title": "三体"})


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16-le"])
def test_a_whole_file_in_the_declared_encoding(tmp_path, encoding):
    titles = ("三體", "活著") if encoding == "big5" else ("三体", "活着")
    text = f"item_id,title\n1,{titles[0]}\n2,{titles[1]}\n"
    rows, report = read(written(tmp_path / "items.csv", text.encode(encoding)), encoding=encoding)
    assert tuple(row["title"] for _, row in rows) == titles
    assert not report.problems


def test_single_values_in_another_encoding_are_read_by_the_fallback_and_counted(tmp_path):
    content = "item_id,title,text\n1,三体,".encode() + "Amélie".encode("cp1252") + b"\n2,B,b\n"
    path = written(tmp_path / "items.csv", content)
    rows, report = read(path, fallback="cp1252")
    assert rows[0] == (1, {"item_id": "1", "title": "三体", "text": "Amélie"})
    (change,) = report.changes.items()
    assert change[0] == ("fallback", "text", str(path))
    assert (change[1].count, change[1].before, change[1].after) == (1, "Am\\xe9lie", "Amélie")


def test_a_fallback_works_on_a_file_with_a_byte_order_mark(tmp_path):
    content = "item_id,title\n1,".encode("utf-8-sig") + "Amélie".encode("cp1252") + b"\n"
    rows, _ = read(written(tmp_path / "items.csv", content), fallback="cp1252")
    assert rows == [(1, {"item_id": "1", "title": "Amélie"})]


def test_a_fallback_of_json_lines_mends_the_value_and_not_its_neighbours(tmp_path):
    line = (
        '{"item_id": "1", "title": "三体", "text": "'.encode() + "活着".encode("gb18030") + b'"}\n'
    )
    rows, _ = read(written(tmp_path / "items.jsonl", line), fallback="gb18030")
    assert rows == [(1, {"item_id": "1", "title": "三体", "text": "活着"})]


@pytest.mark.parametrize(
    ("value", "encoding"),
    [("活着就好", "gb18030"), ("三體小說", "big5"), ("Amélie", "cp1252"), ("It’s", "cp1252"),
     ("Béla", "cp1252"), ("Æon Flux", "cp1252"), ("5 € – 9", "cp1252"), ("“Curly”", "cp1252")],
)  # fmt: skip
def test_without_a_fallback_each_row_is_left_out_with_a_guess_of_its_own(tmp_path, value, encoding):
    content = b"item_id,title\n1,%b\n2,ok\n3,x%b\n" % ((value.encode(encoding),) * 2)
    rows, report = read(written(tmp_path / "items.csv", content))
    assert [number for number, _ in rows] == [2]
    first, second = report.examples()
    assert (first.row, second.row) == (1, 3)
    assert f"is not utf-8; in {encoding} it reads {value!r}" in str(first)
    assert f"in {encoding} it reads {'x' + value!r}" in str(second)


WESTERN = "“Don’t” – 5 € Š Ÿ Amélie"


@pytest.mark.parametrize("name", ["latin-1", "iso-8859-1", "cp1252", "windows-1252"])
@pytest.mark.parametrize("setting", ["encoding", "fallback"])
def test_what_is_called_latin_1_has_the_quotes_and_the_euro_of_cp1252(tmp_path, name, setting):
    content = b"item_id,title\n1,%b\n" % WESTERN.encode("cp1252")
    path = written(tmp_path / "items.csv", content)
    rows, report = read(path, **{setting: name})
    assert rows == [(1, {"item_id": "1", "title": WESTERN})]
    assert not report.problems
    assert report.files[0].encoding == ("cp1252" if setting == "encoding" else "utf-8")


@pytest.mark.parametrize("setting", ["encoding", "fallback"])
def test_a_byte_that_cp1252_does_not_have_costs_no_row_of_latin_1(tmp_path, setting):
    path = written(tmp_path / "items.csv", b"item_id,title\n1,\x93A\x81\xe9\n")
    rows, _ = read(path, **{setting: "latin-1"})
    assert rows == [(1, {"item_id": "1", "title": "“A\x81é"})]


def test_a_header_in_another_encoding_names_one_to_set(tmp_path):
    path = written(tmp_path / "items.csv", "商品编号,名称\n1,a\n".encode("gb18030"))
    with pytest.raises(DataError, match=r'reads .商品编号 名称.: .* encoding = "gb18030"'):
        read(path)


def test_a_file_in_utf_16_without_a_mark_is_refused_on_one_line(tmp_path):
    path = written(tmp_path / "items.csv", CHINESE.encode("utf-16-le"))
    with pytest.raises(DataError, match=r"items\.csv") as caught:
        ItemReader(Report()).read(raw(path, scene="books"))
    assert str(caught.value).isprintable()


def test_an_unclosed_quote_costs_its_own_row_and_not_the_ones_after_it(tmp_path):
    text = 'item_id,title\n1,"Dune\n2,Emma\n3,"5"" disk"\n4,"a"b\n5,"two\nlines"\n6,z\n'
    rows, report = read(written(tmp_path / "items.csv", text))
    assert [(row["item_id"], row["title"]) for _, row in rows] == [
        ("2", "Emma"), ("3", '5" disk'), ("5", "two\nlines"), ("6", "z"),
    ]  # fmt: skip
    assert [(kind, row) for kind, row, _ in faults(report)] == [
        ("bad quotes", 1),
        ("bad quotes", 4),
    ]
    assert (report.files[0].rows, report.files[0].used) == (6, 4)


def test_quotes_in_a_file_with_tabs_are_letters(tmp_path):
    rows, report = read(written(tmp_path / "items.tsv", 'item_id\ttitle\n1\t"Dune\n2\t5" disk\n'))
    assert [row["title"] for _, row in rows] == ['"Dune', '5" disk']
    assert not report.problems


def test_rows_that_are_too_long_or_too_short_are_left_out(tmp_path):
    rows, report = read(written(tmp_path / "items.csv", "item_id,title\n1\n2,b\n3,c,d\n"))
    assert [row["item_id"] for _, row in rows] == ["2"]
    assert faults(report) == [("ragged", 1, "1"), ("ragged", 3, "3")]


@pytest.mark.parametrize("name", ["items.csv", "movies.dat"])
def test_blank_lines_are_no_rows(tmp_path, name):
    separator = "," if name == "items.csv" else "::"
    header = "\nitem_id,title,genres\n" if name == "items.csv" else ""
    lines = f"{header}1,a,x\n\n\r\n2,b,y\n".replace(",", separator)
    rows, report = read(written(tmp_path / name, lines))
    assert [row["item_id"] for _, row in rows] == ["1", "2"]
    assert report.files[0].rows == 2
    assert not report.problems


def test_columns_without_a_name_get_one_and_double_ones_are_refused(tmp_path):
    rows, _ = read(written(tmp_path / "items.csv", "item_id, ,title,\n1,a,b,c\n"))
    assert rows == [(1, {"item_id": "1", "column_2": "a", "title": "b", "column_4": "c"})]
    for name, text in [
        ("b.csv", "item_id, a,a\n1,2,3\n"),
        ("c.item", "item_id:token\titem_id:x\n"),
    ]:
        with pytest.raises(DataError, match=r"has two columns named '(a|item_id)'; rename one"):
            read(written(tmp_path / name, text))


def test_a_header_alone_has_no_rows_and_one_with_broken_quotes_is_refused(tmp_path):
    assert read(written(tmp_path / "items.csv", "item_id,title\n"))[0] == []
    with pytest.raises(DataError, match="the header has unbalanced quotes"):
        read(written(tmp_path / "b.csv", '"item_id"x,title\n1,2\n'))


def test_control_characters_of_a_header_do_not_reach_the_terminal(tmp_path):
    path = written(tmp_path / "items.csv", "id\x1b[31m,title\n1,2\n")
    with pytest.raises(DataError, match="has no column 'item_id'") as caught:
        ItemReader(Report()).read(raw(path, scene="books"))
    assert str(caught.value).isprintable()


def test_a_field_of_five_megabytes_is_read(tmp_path):
    rows, _ = read(written(tmp_path / "items.csv", f"item_id,title\n1,{'长' * 1_700_000}\n"))
    assert len(rows[0][1]["title"]) == 1_700_000


def test_nul_bytes_stay_in_texts_and_cost_an_id(tmp_path):
    path = written(tmp_path / "items.csv", "item_id,title\n1,a\0b\n2\0,c\n")
    report = Report()
    (item,) = ItemReader(report).read(raw(path, scene="books"))
    assert item.title == "a\0b"
    assert faults(report) == [("control", 2, "2\\x00")]


@pytest.mark.parametrize("damage", ["cut short", "broken inside", "not gzip"])
def test_a_damaged_gz_file_is_named(tmp_path, damage):
    rng = "".join(f"{at},{at * 7919 % 104729}\n" for at in range(20_000))
    packed = bytearray(gzip.compress(f"item_id,title\n{rng}".encode()))
    if damage == "cut short":
        packed = packed[: len(packed) // 2]
    elif damage == "broken inside":
        packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    else:
        packed = bytearray(b"item_id,title\n")
    path = written(tmp_path / "items.csv.gz", bytes(packed))
    with pytest.raises(DataError, match=r"cannot read '.*items.csv.gz' .*; give the complete file"):
        read(path)


def test_parquet_values_keep_their_types(tmp_path):
    path = tmp_path / "items.parquet"
    pl.DataFrame(
        {
            "item_id": [1], "title": [b"Dune"], "price": [Decimal("8.50")],
            "out": [date(1965, 8, 1)], "seen": [datetime(2024, 5, 1, 12)],
            "tags": [["a", None, "b"]],
            "sold": [True], "nothing": [None], "rate": [float("nan")], "many": [2**63],
        },
        schema_overrides={"many": pl.UInt64},
    ).write_parquet(path)  # fmt: skip
    (item,) = ItemReader(Report()).read(raw(path, scene="books"))
    assert (item.id, item.title) == ("1", "Dune")
    assert item.attributes == {
        "price": 8.5, "out": "1965-08-01", "seen": "2024-05-01 12:00:00", "tags": ("a", "b"),
        "sold": True, "many": str(2**63),
    }  # fmt: skip


def test_a_parquet_file_that_ends_too_early_is_named(tmp_path):
    path = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": ["1"] * 1000, "title": ["a"] * 1000}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"cannot read .*items.parquet'"):
        read(path)


def test_a_parquet_file_without_polars_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "items.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ConfigError, match=r"parquet' needs 'polars'; .*recagent\[parquet") as error:
        read(path)
    assert error.value.in_language("zh").startswith("读取 '")


def test_json_lines_may_have_differing_keys(tmp_path):
    lines = [{"item_id": "1", "title": "a"}, {"item_id": "2", "title": "b", "price": 3}]
    path = written(tmp_path / "items.jsonl", "\n".join(map(json.dumps, lines)))
    items = ItemReader(Report()).read(raw(path, scene="books", columns={"text": "price"}))
    assert [item.text for item in items] == ["", "3"]
    items = ItemReader(Report()).read(raw(path, scene="books"))
    assert [dict(item.attributes) for item in items] == [{}, {"price": 3}]


def test_a_key_that_first_comes_late_is_read_too(tmp_path):
    lines = [json.dumps({"item_id": str(at), "title": "t"}) for at in range(1_100)]
    lines.append('{"item_id": "x", "title": "t", "text": "late", "price": 3}')
    path = written(tmp_path / "items.jsonl", "\n".join(lines))
    last = ItemReader(Report()).read(raw(path, scene="books"))[-1]
    assert (last.text, last.attributes) == ("late", {"price": 3})


def test_lines_that_are_no_json_objects_are_left_out(tmp_path):
    text = '{"item_id": "1", "title": "a"}\n\n[1]\n{"item_id": \n"x"\n'
    rows, report = read(written(tmp_path / "items.jsonl", text))
    assert len(rows) == 1
    assert [(kind, row) for kind, row, _ in faults(report)] == [
        ("bad json", 3), ("bad json", 4), ("bad json", 5),
    ]  # fmt: skip
    assert report.files[0].left_out == Counter({"bad json": 3})
    with pytest.raises(DataError, match="no line is a JSON object"):
        read(written(tmp_path / "none.jsonl", "[1]\n2\n"))


def test_a_column_is_one_thing(tmp_path):
    path = written(tmp_path / "items.csv", "item_id,name\n1,a\n")
    with pytest.raises(DataError, match="'title' and 'text' are both mapped to 'name'"):
        read(path, columns={"title": "name", "text": "name"})


def test_a_column_that_gives_way_to_a_mapped_one_is_said(tmp_path):
    path = written(tmp_path / "items.csv", "item_id,title,name\n1,tt0078748,Alien\n")
    rows, report = read(path, columns={"title": "name"})
    assert rows == [(1, {"item_id": "1", "title": "Alien"})]
    assert [kind for kind, _ in report.notes] == ["hidden column"]


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("12", "number", 12.0), ("1e3", "integer", 1000),
        ("9007199254740993", "integer", 2**53 + 1), ("12.5", "integer", ValueError),
        ("1_000", "number", ValueError), ("1_0", "integer", ValueError),
        ("1e400", "number", ValueError), ("inf", "integer", ValueError),
        ("1e30", "integer", ValueError),
        ("yes", "boolean", True), ("否", "boolean", False), ("2", "boolean", ValueError),
        ("2024-05-01T12:00", "date", "2024-05-01"), ("20240501", "date", "2024-05-01"),
        ("1714564800", "date", "2024-05-01"), ("2008", "date", ValueError),
        (date(999, 1, 2), "date", "0999-01-02"), ("a|b", "list", ("a", "b")), ("N/A", "text", None),
        ("n/a", "number", None), ("", "integer", None), (" - ", "date", None), (None, "list", None),
        (["a", "b"], "text", "a b"), ("007", "text", "007"),
    ],
)  # fmt: skip
def test_a_cell_of_a_declared_type(cell, kind, value):
    if value is ValueError:
        with pytest.raises(ValueError, match=r".*"):
            cell_values.attribute(cell, kind, "|")
    else:
        assert cell_values.attribute(cell, kind, "|") == value


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "", "3"], [1, None, 3]),
        (["1", " ", "3.5"], [1.0, None, 3.5]),
        (["007", "12"], ["007", "12"]),
        (["0", "0.5"], [0.0, 0.5]),
        (["1_000", "2"], ["1_000", "2"]),
        (["a|b", "c"], [("a", "b"), ("c",)]),
        ([["a", None, ""], "c|d", None], [("a",), ("c", "d"), None]),
        ([str(2**63), "1"], [str(2**63), "1"]),
    ],
)
def test_an_undeclared_column_is_what_all_its_cells_are(cells, values):
    assert cell_values.column(cells, "|") == values


def test_a_bad_number_of_a_declared_column_costs_the_value_and_not_the_row(tmp_path):
    path = written(tmp_path / "items.csv", "item_id,title,price\n1,a,12\n2,b,cheap\n3,c,NULL\n")
    report = Report()
    declared = {"price": AttributeSettings(type="number")}
    items = ItemReader(report, attributes=declared).read(raw(path, scene="books"))
    assert [item.attributes.get("price") for item in items] == [12.0, None, None]
    assert faults(report) == [("bad type", 2, "cheap")]
    assert [(step, change.count) for (step, _, _), change in report.changes.items()] == [
        ("null", 1)
    ]
    assert report.files[0].used == 3


def test_a_column_with_a_few_words_among_numbers_is_said(tmp_path):
    path = written(tmp_path / "items.csv", "item_id,title,price\n1,a,1\n2,b,2\n3,c,cheap\n")
    report = Report()
    ItemReader(report).read(raw(path, scene="books"))
    (found,) = report.notes.values()
    assert "a number in 2 rows and text in 1, as 'cheap'" in found.examples[0].says()


class Told:
    """A value that counts how often it is made into text."""

    times = 0

    def __str__(self):
        self.times += 1
        return "value"


def test_of_millions_of_notes_only_the_examples_are_worded():
    report, value = Report(examples=2), Told()
    reading = Reading(report=report, file="a.csv", holds="events", layout="CSV")
    for row in range(1_000):
        reading.note(row, "early time", field="timestamp", value=value)
    (found,) = report.notes.values()
    assert (found.count, len(found.examples), value.times) == (1_000, 2, 2)


@pytest.mark.parametrize("name", ["hex", "rot13", "klingon"])
def test_what_is_no_encoding_of_text_is_refused_by_the_settings(name):
    with pytest.raises(ValidationError, match="should be an encoding that Python knows"):
        FileSettings(path="items.csv", encoding=name)


texts = st.text(st.characters(codec="utf-8"), max_size=12)
cells = texts | st.sampled_from(
    ["1", "b1", "books", "2024-05-01", "1e9", '"', "a\nb", "\ufeff", "<b>"]
)
tables = st.lists(
    st.builds(
        lambda needed, others: {**others, **needed},
        st.fixed_dictionaries(
            dict.fromkeys(("item_id", "title", "user_id", "timestamp"), cells),
            optional=dict.fromkeys(("scene", "value", "kind", "text"), cells),
        ),
        st.dictionaries(texts.filter(str.strip), cells, max_size=3),
    ),
    min_size=1,
    max_size=6,
)


def dumped(rows, suffix):
    """A table in the format of its suffix; JSON lines keep their differing keys."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if suffix == "jsonl":
        return b"\n".join(map(orjson.dumps, rows))
    if suffix == "parquet":
        out = io.BytesIO()
        pl.DataFrame([{name: row.get(name) for name in columns} for row in rows]).write_parquet(out)
        return out.getvalue()
    lines = io.StringIO()
    writer = csv.DictWriter(lines, columns, delimiter="\t" if suffix == "tsv" else ",")
    writer.writeheader()
    writer.writerows(rows)
    text = lines.getvalue().encode("utf-16" if suffix == "utf16.csv" else "utf-8")
    return gzip.compress(text) if suffix == "csv.gz" else text


@given(
    rows=tables,
    suffix=st.sampled_from(["csv", "tsv", "csv.gz", "utf16.csv", "jsonl", "parquet", "inter"]),
    kind=st.sampled_from(["auto", "number", "integer", "boolean", "list", "date", "text"]),
)
def test_any_table_is_read_row_by_row_or_refused(tmp_path_factory, rows, suffix, kind):
    path = tmp_path_factory.mktemp("any") / f"any.{suffix}"
    path.write_bytes(dumped(rows, suffix))
    file = raw(path, scene="books")
    declared = {name: AttributeSettings(type=kind) for row in rows for name in row}
    with contextlib.suppress(DataError):
        report = Report()
        items = ItemReader(report, attributes=declared).read(file)
        assert report.files[0].used == len(items)
        assert all(problem.line().isprintable() for problem in report.examples())
    with contextlib.suppress(DataError):
        report = Report()
        events = list(EventReader(report).read(file))
        assert report.files[0].used == len(events)
        assert all(event.at.tzinfo is not None for _, _, event in events)


@given(
    content=st.binary(max_size=60),
    head=st.sampled_from([b"", b"item_id,title\n", b"\xff\xfe", b"PAR1"]),
    suffix=st.sampled_from(["csv", "tsv", "jsonl", "parquet", "dat", "item"]),
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, head, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"movies.{suffix}"
    path.write_bytes(head + content)
    for fallback in ("", "cp1252"):
        with contextlib.suppress(DataError):
            report = Report()
            items = ItemReader(report).read(raw(path, scene="books", fallback=fallback))
            assert report.files[0].used == len(items)


@given(cell=st.floats() | st.integers() | texts | st.datetimes() | st.none() | st.lists(texts))
def test_a_time_is_an_instant_with_a_zone_or_a_value_error(cell):
    with contextlib.suppress(ValueError):
        at = cell_values.time(cell)
        assert at.utcoffset() is not None
        assert at.astimezone(UTC) == at
