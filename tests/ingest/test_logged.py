"""A log without a file of items: the items are made of what it names, and it is said."""

import json

import pytest
from command import Command

from recagent.cli.catalogue_report import report_json
from recagent.config.data_sections import CatalogSettings, FileSettings
from recagent.config.settings import Settings
from recagent.ingest import read_catalogue, settings_for_files

STEAM = (
    "151603712,The Elder Scrolls V Skyrim,purchase,1.0\n"
    "151603712,The Elder Scrolls V Skyrim,play,273.0\n"
    "151603712,Fallout 4,play,87.0\n"
    "5250,Fallout 4,purchase,1.0\n"
)
ORDERS = (
    "订单号,会员号,书号,书名,作者,数量,下单时间\n"
    "o1,m1,9787020002207,红楼梦,曹雪芹,1,2024/5/1 10:00\n"
    "o2,m2,9787020002207,红楼梦,曹雪芹,2,2024/5/2 10:00\n"
    "o3,m3,9787506365437,活着,余华,1,2024/5/3 10:00\n"
    "o4,m1,9787506365437,活着,余华,1,2024/5/3 11:00\n"
    "o5,m4,9787506365437,活着,余华,1,2024/5/4 11:00\n"
)


def logged(folder, text, *, columns=None, name="log.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    settings = settings_for_files(Settings(_env_file=None), [path], columns={"": columns or {}})
    return read_catalogue(settings, by_command=True)


def lines(catalog, lang="en"):
    return [each.line(lang) for each in catalog.report.notes.values()]


def test_names_in_a_log_are_items_and_it_is_said(tmp_path):
    columns = {"user_id": "1", "item_id": "2", "kind": "3", "weight": "4"}
    catalog = logged(tmp_path, STEAM, columns=columns)
    assert [(item.id, item.title, item.scene) for item in catalog.items] == [
        (name, name, "log") for name in ("The Elder Scrolls V Skyrim", "Fallout 4")
    ]
    assert [event.kind for event in catalog.events()] == ["purchase", "view", "view", "purchase"]
    assert not catalog.report.problems
    read = {each.holds: (each.rows, each.used) for each in catalog.report.files}
    assert read == {"items": (4, 2), "events": (4, 4)}
    (said,) = [line for line in lines(catalog) if "no file holds items" in line]
    assert "2 are made of what this log names in 'column_2', which stands as their titles" in said
    (said,) = [line for line in lines(catalog, "zh") if "没有商品文件" in line]
    assert "得到 2 个商品" in said


def test_a_log_names_titles_and_attributes_of_its_items(tmp_path):
    catalog = logged(tmp_path, ORDERS)
    assert [(item.id, item.title, dict(item.attributes)) for item in catalog.items] == [
        ("9787020002207", "红楼梦", {"作者": "曹雪芹"}),
        ("9787506365437", "活着", {"作者": "余华"}),
    ]
    assert [(event.user_id, event.scene) for event in catalog.events()][:2] == [
        ("m1", "log"), ("m2", "log"),
    ]  # fmt: skip
    said = lines(catalog)
    assert any("ids from '书号', titles from '书名'" in line for line in said)
    assert any("are its attributes: '作者'" in line for line in said)
    (unread,) = [line for line in said if "not read" in line]
    assert "'订单号'" in unread
    assert "书名" not in unread
    assert "作者" not in unread


def test_a_name_that_changes_on_an_item_is_the_persons_and_no_title(tmp_path):
    rows = "".join(f"u{at},n{at},b{at % 2},2024-05-0{at + 1}\n" for at in range(8))
    catalog = logged(tmp_path, "user_id,name,item_id,timestamp\n" + rows)
    assert [item.title for item in catalog.items] == ["b0", "b1"]
    assert any("names in 'item_id', which stands as" in line for line in lines(catalog))


def test_the_column_with_the_names_can_be_said(tmp_path):
    rows = "".join(f"u{at},b{at % 2},Game {at % 2},2024-05-0{at + 1}\n" for at in range(8))
    text = "user_id,item_id,label,timestamp\n" + rows
    assert [item.title for item in logged(tmp_path, text).items] == ["b0", "b1"]
    catalog = logged(tmp_path, text, columns={"title": "label"})
    assert [item.title for item in catalog.items] == ["Game 0", "Game 1"]


def test_several_logs_of_one_shop_are_one_scene(tmp_path):
    paths = []
    for name, rows in (("plays", "ann,b1\nbob,b2\n"), ("buys", "ann,b2\nbob,b3\n")):
        path = tmp_path / f"{name}.csv"
        path.write_text("user_id,item_id\n" + rows, encoding="utf-8")
        paths.append(FileSettings(path=path))
    catalog = read_catalogue(Settings(_env_file=None, catalog=CatalogSettings(events=tuple(paths))))
    assert [(item.id, item.scene) for item in catalog.items] == [
        ("b1", "plays"), ("b2", "plays"), ("b3", "plays"),
    ]  # fmt: skip
    assert {event.scene for event in catalog.events()} == {"plays"}
    assert report_json(catalog.report)["usable"]


def test_a_row_says_its_scene_and_a_bad_row_is_said_once(tmp_path):
    text = "user_id,item_id,scene,timestamp\nann,b1,books,5\nann,,books,6\nann,f1,films,7\n"
    catalog = logged(tmp_path, text)
    assert [(item.id, item.scene) for item in catalog.items] == [("b1", "books"), ("f1", "films")]
    (line,) = catalog.report.lines()
    assert "'item_id' is empty" in line


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_log_alone_is_indexed_and_recommended_from(
    recagent: Command, tmp_path, monkeypatch, lang
):
    rows = [(f"u{at}", f"Game {(at * step) % 7}") for at in range(9) for step in (1, 2, 3)]
    text = "".join(f"{user},{game},{at + 1}.5\n" for at, (user, game) in enumerate(rows))
    (tmp_path / "hours.csv").write_text("user,game,hours\n" + text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = recagent("index", "hours.csv", "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert {"en": "no file holds items", "zh": "没有商品文件"}[lang] in done.stdout
    found = json.loads(recagent("recommend", "u1", "--json").stdout)
    assert found["slate"]
    assert all(entry["title"].startswith("Game ") for entry in found["slate"])


def test_hours_that_look_like_ratings_are_said_to_be_mapped_as_amounts(tmp_path):
    rows = "".join(f"u{at},g{at % 5},{at * 7}.5\n" for at in range(120))
    catalog = logged(tmp_path, "user,game,value\n" + rows)
    (line,) = catalog.report.lines()
    assert "--map weight=value" in line
    assert "--map weight=value" in catalog.report.lines("zh")[0]
