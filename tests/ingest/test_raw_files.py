"""Files as they come: without a header, with separators at line ends, with written lists, with
kinds of their own."""

import pytest
from reading import read_events, read_items
from test_survey import ITEMS, shop

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.errors import DataError
from recagent.ingest import read_catalogue, settings_for_files
from recagent.ingest.report import PROBLEMS, Problem

HEADLESS = {
    "taobao.csv": ("1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n",
                   {"user_id": "1", "item_id": "2", "kind": "4", "timestamp": "5"}),
    "u.tsv": ("196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
              {"user_id": "1", "item_id": "2", "value": "3", "timestamp": "4"}),
    "ratings.txt": ("ann::b1::5::2024-05-01\nbob::b2::3::2024-05-02\n",
                    {"user_id": "1", "item_id": "2", "value": "3", "timestamp": "4"}),
    "log.csv": ("2024-05-01 10:00,小安,b1,购买\n2024-05-02 11:00,小李,b2,收藏\n",
                {"timestamp": "1", "user_id": "2", "item_id": "3", "kind": "4"}),
}  # fmt: skip


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HEADLESS)
def test_a_file_without_a_header_is_read_whole_by_the_numbers_of_its_columns(tmp_path, name):
    text, columns = HEADLESS[name]
    path = written(tmp_path, name, text)
    events = list(read_events(FileSettings(path=path, columns=columns, scene="books")))
    assert len(events) == 2
    assert (events[0].user_id, events[0].item_id) in [
        ("1", "2268318"), ("196", "242"), ("ann", "b1"), ("小安", "b1"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", HEADLESS)
def test_without_a_map_it_says_so_and_what_its_columns_may_be(tmp_path, name):
    text, columns = HEADLESS[name]
    path = written(tmp_path, name, text)
    with pytest.raises(DataError, match="has no header") as caught:
        list(read_events(FileSettings(path=path, scene="books")))
    said = str(caught.value)
    assert all(f'{field} = "{column}"' in said for field, column in columns.items()), said
    with pytest.raises(DataError, match="has no header") as caught:
        settings_for_files(Settings(_env_file=None), [path], columns={})
    said = str(caught.value)
    assert all(f"{field}={column}" in said for field, column in columns.items()), said


@pytest.mark.parametrize("text", ["1\t258\n1\t268\n", "2\t51\t13883\n2\t52\t11690\n"])
def test_rows_of_numbers_alone_are_taken_for_a_log_and_the_advice_is_for_their_file(tmp_path, text):
    path = written(tmp_path, "plays.tsv", text)
    with pytest.raises(DataError, match="has no header") as caught:
        settings_for_files(Settings(_env_file=None), [path], columns={})
    assert str(caught.value).endswith("plays.tsv:user_id=1,item_id=2")


@pytest.mark.parametrize(
    "text",
    [
        "b1,The Quiet Orchard,books\nb2,Night Trains,books\n",
        "1,安静的果园,图书\n2,欧洲夜车,图书\n",
        "978-7-02-000220-7,红楼梦,小说\n978-7-02-000872-9,西游记,小说\n",
    ],
)
def test_items_without_a_header(tmp_path, text):
    path = written(tmp_path, "goods.csv", text)
    items = read_items(FileSettings(path=path, columns={"item_id": "1", "title": "2"}))
    assert [item.title for item in items] == [line.split(",")[1] for line in text.splitlines()]
    assert items[0].scene == "goods"


@pytest.mark.parametrize(
    "header", ["0,1,2", "item_id,title,2019", "sku,name,Top 10", "code,caption,7days"]
)
def test_a_header_with_numbers_in_it_is_one(tmp_path, header):
    first, second, _ = header.split(",")
    path = written(tmp_path, "goods.csv", f"{header}\nb1,Dune,3\nb2,Emma,4\n")
    items = read_items(FileSettings(path=path, columns={"item_id": first, "title": second}))
    assert [item.id for item in items] == ["b1", "b2"]


@pytest.mark.parametrize(("header", "count"), [(False, 2), (True, 1)])
def test_whether_there_is_a_header_can_be_declared(tmp_path, header, count):
    path = written(tmp_path, "goods.csv", "red,Dune\nblue,Emma\n")
    columns = {"item_id": "1", "title": "2"} if not header else {"item_id": "red", "title": "Dune"}
    assert len(read_items(FileSettings(path=path, header=header, columns=columns))) == count


def test_one_scene_need_not_be_named(tmp_path):
    settings = shop(tmp_path, "user_id,item_id,timestamp\nann,b1,5\n", items="id,name\nb1,Dune\n")
    catalog = read_catalogue(settings)
    assert [item.scene for item in catalog.items] == ["items"]
    assert [event.scene for event in catalog.events()] == ["items"]
    notes = [str(problem) for each in catalog.report.notes.values() for problem in each.examples]
    assert any("all items are in scene 'items'" in note for note in notes)


@pytest.mark.parametrize(
    "text",
    [
        "item_id,title,year\nb1,Dune,1965,\nb2,Emma,1815,\n",
        "item_id,title,year,\nb1,Dune,1965\nb2,Emma,1815\n",
        "item_id,title,year,\nb1,Dune,1965,\nb2,Emma,1815,\n",
        "item_id;title;year;;\nb1;Dune;1965;;\nb2;Emma;1815;;\n",
    ],
)
def test_separators_at_the_end_of_lines_are_no_fields(tmp_path, text):
    items = read_items(FileSettings(path=written(tmp_path, "goods.csv", text)))
    assert [(item.title, item.attributes) for item in items] == [
        ("Dune", {"year": 1965}), ("Emma", {"year": 1815}),
    ]  # fmt: skip


def test_a_field_too_many_with_something_in_it_stays_a_fault(tmp_path):
    path = written(tmp_path, "goods.csv", "item_id,title\nb1,Dune,1965\nb2,Emma,\n")
    with pytest.raises(DataError, match="the row has 3 fields, the header 2"):
        read_items(FileSettings(path=path))


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("\"['space', 'sand']\"", ("space", "sand")),
        ('"[""space"", ""sand""]"', ("space", "sand")),
        ("\"['科幻', '沙漠']\"", ("科幻", "沙漠")),
        ("\"[{'id': 16, 'name': 'space'}, {'id': 35, 'name': 'sand'}]\"", ("space", "sand")),
        ('"[{""id"": 16, ""name"": ""space""}]"', ("space",)),
        ("['space']", ("space",)),
        ('"[1, 2]"', ("1", "2")),
    ],
)
def test_lists_as_python_and_json_write_them_are_lists(tmp_path, cell, values):
    path = written(tmp_path, "goods.csv", f"item_id,title,tags\nb1,Dune,{cell}\nb2,Emma,[]\n")
    one, two = read_items(FileSettings(path=path))
    assert (one.attributes, two.attributes) == ({"tags": values}, {})


def test_a_text_in_brackets_among_others_stays_a_text(tmp_path):
    text = "item_id,title,note\nb1,Dune,[sic]\nb2,Emma,fine\nb3,Kim,[out of print]\n"
    items = read_items(FileSettings(path=written(tmp_path, "goods.csv", text)))
    assert [item.attributes["note"] for item in items] == ["[sic]", "fine", "[out of print]"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [("buy", "purchase"), ("PV", "view"), ("fav", "like"), ("Thumbs-Down", "dislike"),
     ("watched", "finish"), ("看过", "finish"), ("点赞", "like"), ("踩", "dislike"),
     ("transaction", "purchase"), ("下单", "purchase")],
)  # fmt: skip
def test_kinds_as_many_call_them(tmp_path, said, kind):
    path = written(tmp_path, "log.csv", f"user_id,item_id,timestamp,event\nann,b1,5,{said}\n")
    (event,) = read_events(FileSettings(path=path, scene="books"))
    assert event.kind == kind


def test_a_file_says_what_its_kinds_mean(tmp_path):
    text = "user_id,item_id,timestamp,event\nann,b1,5,ATC\nann,b1,6,扫码\nann,b1,7,buy\n"
    path = written(tmp_path, "log.csv", text)
    kinds = {"atc": "click", "扫码": "view", "buy": "finish"}
    events = read_events(FileSettings(path=path, scene="books", kinds=kinds))
    assert [event.kind for event in events] == ["click", "view", "finish"]


def test_all_events_of_a_file_may_be_of_one_kind(tmp_path):
    text = "user_id,item_id,timestamp,receipt\nann,b1,5,3\n"
    path = written(tmp_path, "orders.csv", text)
    (event,) = read_events(FileSettings(path=path, scene="books", kind="purchase"))
    assert (event.kind, event.value) == ("purchase", None)


def test_a_kind_that_is_unknown_asks_what_it_means(tmp_path):
    path = written(tmp_path, "log.csv", "user_id,item_id,timestamp,event\nann,b1,5,scan\n")
    with pytest.raises(DataError, match=r"event kind 'scan' .* kinds = { \"scan\" = \"view\" }"):
        list(read_events(FileSettings(path=path, scene="books")))


def test_maps_of_single_files_win_over_the_one_for_all(tmp_path):
    goods = written(tmp_path, "goods.csv", "code,label,alias\nb1,Dune,x\n")
    log = written(tmp_path, "log.csv", "who,code,moment\nann,b1,5\n")
    columns = {
        "": {"item_id": "code", "title": "label"},
        "goods.csv": {"title": "alias"},
        str(log): {"user_id": "who", "timestamp": "moment"},
    }
    found = settings_for_files(Settings(_env_file=None), [goods, log], columns=columns)
    assert found.catalog.items[0].columns == {"item_id": "code", "title": "alias"}
    assert found.catalog.events[0].columns == {
        "item_id": "code", "user_id": "who", "timestamp": "moment",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"nowhere.csv": {"title": "label"}}, "there is no file 'nowhere.csv'"),
        ({"goods.csv": {"title": "caption"}}, "no file has a column 'caption' for 'title'"),
    ],
)
def test_a_map_that_fits_no_file_is_refused(tmp_path, columns, said):
    goods = written(tmp_path, "goods.csv", "item_id,label\nb1,Dune\n")
    with pytest.raises(DataError, match=said):
        settings_for_files(Settings(_env_file=None), [goods], columns=columns)


def test_a_kind_of_fault_is_one_line_with_a_count_and_in_the_files_own_words(tmp_path):
    rows = "customer,sku,when\n" + "".join(f"ann,b1,day {at}\n" for at in range(7))
    path = written(tmp_path, "log.csv", rows)
    settings = shop(tmp_path, items=ITEMS)
    columns = {"user_id": "customer", "item_id": "sku", "timestamp": "when"}
    events = (FileSettings(path=path, columns=columns),)
    catalog = settings.catalog.model_copy(update={"events": events})
    report = read_catalogue(settings.model_copy(update={"catalog": catalog}), examples=2).report
    (line,) = report.lines()
    assert line.startswith("7 × ")
    assert "row 1: 'when' 'day 0' is no time" in line
    assert line.endswith("(also row 2 'day 1')")
    (chinese,) = report.lines("zh")
    assert chinese.endswith("（还有第 2 行 'day 1'）")


# What can be said only where a config file declares something.
DECLARED = {"unused attribute", "not filled", "near duplicates", "undeclared scene"}


@pytest.mark.parametrize("kind", sorted(PROBLEMS["en"].keys() - DECLARED))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_advice_for_named_files_is_none_for_a_config_file(kind, lang):
    class Facts(dict):
        def __missing__(self, key):
            return key

    said = PROBLEMS[lang][kind][-1].format_map(Facts())
    for word in ("[cleaning]", "[attributes", "[ratings]", "[embedder]", "toml", "columns ="):
        assert word not in said


def test_named_files_are_spoken_of_in_the_words_of_the_command_line():
    problem = Problem(kind="one rating", facts={"count": "3", "only": "5"}, by_command=True)
    assert problem.fix() == "say it: --ratings 1..5"


BOOKS = "书号,书名,分类\nB1,边城,小说\nB2,围城,小说\n"
SALES = "会员号,书号,下单时间\nm1,B1,2026/1/5 9:05\nm2,B2,2026/1/6 9:05\n"


@pytest.mark.parametrize(
    ("books", "sales", "said"),
    [
        ("gbk", "gbk", {"": "gb18030"}),
        ("gbk", "utf-8", {"books.csv": "gb18030"}),
        ("utf-8", "big5", {"sales.csv": "big5"}),
        ("big5", "gbk", {"": "gb18030", "books.csv": "big5"}),
    ],
)
def test_the_encoding_of_named_files_is_said_beside_them(tmp_path, books, sales, said):
    (tmp_path / "books.csv").write_bytes(_in(books, BOOKS).encode(books))
    (tmp_path / "sales.csv").write_bytes(_in(sales, SALES).encode(sales))
    paths = [tmp_path / "books.csv", tmp_path / "sales.csv"]
    settings = settings_for_files(Settings(_env_file=None), paths, columns={}, encodings=said)
    catalog = read_catalogue(settings)
    assert not catalog.report.problems
    titles = [_in(books, title) for title in ("边城", "围城")]
    assert [item.title for item in catalog.items] == titles
    assert [event.user_id for event in catalog.events()] == ["m1", "m2"]
    with pytest.raises(DataError, match=r"there is no file 'log.csv'; correct --encoding"):
        settings_for_files(
            Settings(_env_file=None), paths, columns={}, encodings={"log.csv": "big5"}
        )


def _in(encoding, text):
    """The text in the script that the encoding has."""
    traditional = str.maketrans("书边围说会员号单时间类", "書邊圍說會員號單時間類")
    return text.translate(traditional) if encoding == "big5" else text
