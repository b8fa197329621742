"""Which column is which field: as exports name them, in English and Chinese; the rest is listed."""

import json

import pytest
from reading import read_events, read_items, read_users
from test_survey import shop

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.domain.chinese_scripts import simplified
from recagent.domain.column_names import ALIASES
from recagent.errors import DataError
from recagent.ingest import read_catalogue, settings_for_files
from recagent.ingest.columns import recognised_fields
from recagent.ingest.event_kinds import _KINDS, known_kind, similar_kind

EVENTS = {
    "user,item,time": "ann,b1,2024-05-01",
    "userId,movieId,rating,timestamp": "ann,b1,4,1714521600",
    "User-ID,ISBN,Book-Rating,Date": "ann,b1,4,2024-05-01",
    "uid,product_id,score,ts": "ann,b1,4,1714521600",
    "reviewerID,asin,overall,unixReviewTime": "ann,b1,4,1714521600",
    "visitorid,itemid,event,timestamp": "ann,b1,like,1714521600",
    "customer,sku,action,created_at": "ann,b1,dislike,2024-05-01",
    "username,anime_id,my_score,when": "ann,b1,4,2024-05-01",
    "user_id,gmid,stars,date": "ann,b1,4,2024-05-01",
    "listener_id,episode_id,rating,played_at": "ann,b1,4,2024-05-01",
    "用户,商品编号,评分,播放时间": "ann,b1,4,2024-05-01",
    "用户,商品,评分,时间": "ann,b1,4,2024-05-01",
    "用户ID,商品编号,行为,日期": "ann,b1,不喜欢,2024-05-01",
    "会员编号,图书编号,行为类型,行为时间": "ann,b1,收藏,2024-05-01",
}  # fmt: skip
ITEMS = {
    "id,name": "b1,Dune",
    "movieId,title,genres": "b1,Dune,Drama",
    "ISBN,Book-Title,Book-Author": "b1,Dune,Herbert",
    "book_id,title,isbn": "b1,Dune,9780441172719",
    "ID,Title,isbn,书评": "b1,Dune,9780441172719,好",
    "anime_id,name,genre,type,rating": "b1,Dune,Drama,TV,8.1",
    "gmid,name,year": "b1,Dune,1965",
    "sku,product_name,description": "b1,Dune,Sand and spice",
    "商品编号,名称,类别": "b1,Dune,小说",
    "编号,标题,简介": "b1,Dune,沙与香料",
    "图书ID,书名,作者": "b1,Dune,赫伯特",
}


def rows(folder, header, row, name="rows.csv", **said):
    path = folder / name
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    return FileSettings(path=path, **said)


@pytest.mark.parametrize("header", EVENTS)
def test_events_under_the_names_that_exports_use(tmp_path, header):
    (event,) = read_events(rows(tmp_path, header, EVENTS[header], scene="books"))
    assert (event.user_id, event.item_id, event.at.year) == ("ann", "b1", 2024)
    said = EVENTS[header].split(",")[2]
    meant = {"4": "rating", "like": "like", "dislike": "dislike", "不喜欢": "dislike",
             "收藏": "like", "2024-05-01": "view"}  # fmt: skip
    assert event.kind == meant[said]
    assert event.value == (4.0 if said == "4" else None)


@pytest.mark.parametrize("header", ITEMS)
def test_items_under_the_names_that_exports_use(tmp_path, header):
    (item,) = read_items(rows(tmp_path, header, ITEMS[header], scene="books"))
    assert (item.id, item.title) == ("b1", "Dune")


@pytest.mark.parametrize(
    ("header", "row", "attributes", "text"),
    [
        ("sku,name,category,genre", "b1,Dune,fiction,space",
         {"category": "fiction", "genre": "space"}, ""),
        ("商品编号,名称,类别,简介", "b1,Dune,小说,沙", {"类别": "小说"}, "沙"),
        ("anime_id,name,type,rating", "b1,Dune,TV,8.1", {"type": "TV", "rating": 8.1}, ""),
        ("item_id,title,name", "b1,Dune,dune-1965", {"name": "dune-1965"}, ""),
    ],
)  # fmt: skip
def test_other_columns_of_items_are_attributes(tmp_path, header, row, attributes, text):
    (item,) = read_items(rows(tmp_path, header, row, scene="books"))
    assert (item.attributes, item.text) == (attributes, text)


@pytest.mark.parametrize("header", ["uid,interests,bio", "id,likes,about", "用户,兴趣,个人简介"])
def test_people_under_the_names_that_exports_use(tmp_path, header):
    (person,) = read_users(rows(tmp_path, header, "ann,tea|maps,Sails."))
    assert (person.id, person.tags, person.about) == ("ann", ("tea", "maps"), "Sails.")


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("user,item,date,time", "'date' and 'time' could both be 'timestamp'"),
        ("user,item,ts,rating,score", "'rating' and 'score' could both be 'value'"),
        ("user,item,ts,event,action", "'event' and 'action' could both be 'kind'"),
        ("user,customer,item,ts", "'user' and 'customer' could both be 'user_id'"),
        ("user,sku,asin,ts", "'sku' and 'asin' could both be 'item_id'"),
        ("用户,商品,时间,评分,打分", "'评分' and '打分' could both be 'value'"),
    ],
)
def test_two_columns_for_one_role_are_asked_about(tmp_path, header, asked):
    row = ",".join("1" for _ in header.split(","))
    with pytest.raises(DataError, match=asked):
        list(read_events(rows(tmp_path, header, row, scene="books")))


def test_a_map_settles_which_of_two_columns_is_meant(tmp_path):
    file = rows(tmp_path, "user,item,date,time", "ann,b1,2024-05-01,noon", scene="books",
                columns={"timestamp": "date"})  # fmt: skip
    (event,) = read_events(file)
    assert event.at.day == 1


def test_our_own_name_wins_over_another_for_the_same_role(tmp_path):
    file = rows(tmp_path, "user_id,item_id,timestamp,date", "ann,b1,1714521600,x", scene="books")
    (event,) = read_events(file)
    assert event.at.year == 2024


def notes(settings):
    report = read_catalogue(settings).report
    return [line for found in report.notes.values() for line in map(str, found.examples)]


def test_columns_that_are_not_read_are_listed_with_what_may_be_meant(tmp_path):
    events = "user_id,item_id,timestamp,evnet_type,shop,category\nann,b1,5,like,x,y\n"
    said = [line for line in notes(shop(tmp_path, events)) if "not read" in line]
    assert len(said) == 1
    assert "'evnet_type', 'shop', 'category'" in said[0]
    assert 'did you mean columns = { kind = "evnet_type", scene = "category" }?' in said[0]


def test_a_column_of_items_that_is_nearly_a_field_is_said(tmp_path):
    items = "item_id,scene,title,discription,price\nb1,books,Dune,Sand,3\n"
    said = [line for line in notes(shop(tmp_path, items=items)) if "discription" in line]
    assert len(said) == 1
    assert 'did you mean columns = { text = "discription" }?' in said[0]


def test_what_a_column_is_read_as_is_said(tmp_path):
    items = "sku,scene,name\nb1,books,Dune\n"
    (said,) = [line for line in notes(shop(tmp_path, items=items)) if "known by" in line]
    assert "'sku' → item_id, 'name' → title" in said


@pytest.mark.parametrize("kind", ["rating", "event_type", "action", "行为"])
def test_an_explicit_dislike_is_no_view(tmp_path, kind):
    events = f"user_id,item_id,timestamp,{kind}\nann,b1,5,dislike\n"
    if kind == "rating":
        events = "user_id,item_id,timestamp,rating\nann,b1,5,1\nann,b2,6,5\n"
    found = [event.kind for event in read_catalogue(shop(tmp_path, events)).events()]
    assert found == (["rating", "rating"] if kind == "rating" else ["dislike"])


@pytest.mark.parametrize(
    ("header", "holds"),
    [("userId,movieId,rating,timestamp", "events"), ("id,name,price", "items"),
     ("uid,interests", "users"), ("用户,商品,评分,时间", "events"), ("编号,标题", "items")],
)  # fmt: skip
def test_what_a_named_file_holds_is_told_by_its_columns(tmp_path, header, holds):
    file = rows(tmp_path, header, ",".join("1" for _ in header.split(",")))
    found = settings_for_files(Settings(_env_file=None), [file.path], columns={})
    assert [each.path for each in getattr(found.catalog, holds)] == [file.path]


def test_keys_of_json_lines_are_known_by_the_same_names(tmp_path):
    path = tmp_path / "log.jsonl"
    row = {"userId": "ann", "itemId": "b1", "ts": 1714521600, "event": "like"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (event,) = read_events(FileSettings(path=path, scene="books"))
    assert (event.user_id, event.kind) == ("ann", "like")


@pytest.mark.parametrize(
    ("holds", "columns"),
    [
        ("items", {"item_id": "書號", "title": "書名"}),
        ("items", {"item_id": "商品編號", "title": "標題"}),
        (
            "events",
            {"user_id": "用戶", "item_id": "商品編號", "value": "評分", "timestamp": "時間"},
        ),
        ("events", {"user_id": "會員號", "item_id": "書號", "kind": "行為"}),
    ],
)
def test_columns_in_traditional_characters_are_known_as_in_simplified_ones(holds, columns):
    assert {*columns} <= recognised_fields([*columns.values()], holds=holds)
    assert not recognised_fields(["樹"], holds=holds)


def test_the_words_of_events_are_known_in_both_scripts():
    assert known_kind("購買") == known_kind("购买") == "purchase"
    assert known_kind("不喜歡") == "dislike"
    assert similar_kind("已經看過了") == similar_kind("已经看过了") == "finish"


def test_every_known_word_is_in_the_script_in_which_it_is_looked_for():
    words = [word for each in ALIASES.values() for tiers in each.values()
             for tier in tiers for word in tier.split()]  # fmt: skip
    words += _KINDS
    assert [word for word in words if simplified(word) != word] == []


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Rating (1-5)", "value"), ("评分（满分5）", "value"), ("thumbs", "value"),
        ("喜欢", "value"),
        ("verb", "kind"), ("operation", "kind"), ("feedback", "kind"), ("反馈", "kind"),
        ("Time [UTC]", "timestamp"),
    ],
)  # fmt: skip
def test_a_column_of_a_log_that_is_nearly_a_field_is_not_dropped_in_silence(
    tmp_path, column, field
):
    catalog = read_catalogue(shop(tmp_path, f"user_id,item_id,{column}\nann,b1,1\nbob,b2,1\n"))
    notes = [str(problem) for each in catalog.report.notes.values() for problem in each.examples]
    assert any(f'did you mean columns = {{ {field} = "{column}" }}?' in each for each in notes)
