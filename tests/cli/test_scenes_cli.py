"""Scenes on the command line: what is declared, a task, a place, a constraint, a notice."""

import json
import tomllib
from pathlib import Path

import pytest
from command import Command

from recagent.cli.constraint_option import constraint
from recagent.cli.scenes import WORDS, _other_lines, rule_text
from recagent.config.data_sections import SceneSettings
from recagent.domain import Constraint
from recagent.errors import DataError

TRAVEL = "41.15,-8.61"


@pytest.fixture
def template(recagent: Command, monkeypatch):
    """Makes and indexes a template in this folder; no model is asked."""

    def make(name):
        monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
        for command in (("init", "--template", name), ("index",)):
            done = recagent(*command)
            assert done.returncode == 0, done.stderr

    return make


def test_a_slate_of_several_tasks_names_them_and_can_be_of_one(recagent: Command, template):
    template("travel")
    table = recagent("recommend", "nora", "--place", TRAVEL).stdout
    assert "p1 · item" in table
    assert "p3 · activity" in table
    told = " ".join(recagent("recommend", "nora").stdout.split())
    assert "distance ignored: the request gives no place" in told
    asked = recagent("recommend", "nora", "--place", TRAVEL, "--task", "item", "--json")
    slate = json.loads(asked.stdout)["slate"]
    assert [(entry["item_id"], entry["task"]) for entry in slate] == [
        ("p2", "item"), ("p1", "item"),
    ]  # fmt: skip
    only = ("--only", "themes is river", "--only", "title mentions walk")
    asked = recagent("recommend", "nora", "--place", TRAVEL, *only, "--json")
    assert [entry["item_id"] for entry in json.loads(asked.stdout)["slate"]] == ["p4"]
    nothing = recagent("recommend", "nora", "--place", "0,0").stdout
    said = "The scene's rules, or what else was asked for, leave nothing that you have not seen."
    assert said in nothing


@pytest.mark.slow
def test_a_notice_stands_under_slates_and_explanations_in_the_language(recagent: Command, template):
    template("finance")
    table = recagent("recommend", "lea", "--scene", "funds").stdout
    assert "For human review. Not investment advice." in table
    zh = recagent("recommend", "lea", "--scene", "funds", "--lang", "zh").stdout
    assert "须经人工审核。 不构成投资建议。" in zh
    why = json.loads(recagent("explain", "lea", "f2", "--phrase", "--json").stdout)
    assert why["notice"].startswith("Not investment advice.")
    slate = json.loads(recagent("recommend", "lea", "--scene", "funds", "--json").stdout)
    assert slate["notice"] == why["notice"]
    assert slate["trace"]["review"] is True


def test_what_is_declared_is_shown_in_both_languages_and_as_json(recagent: Command, monkeypatch):
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    assert "No scene is declared" in recagent("scenes").stdout
    recagent("init", "--template", "health")
    shown = recagent("scenes").stdout
    assert "Everyday habits" in shown
    assert "for human review" in shown
    assert "须经人工审核" in recagent("scenes", "--lang", "zh").stdout
    habits, gear = json.loads(recagent("scenes", "--json").stdout)
    assert (habits["name"], gear["learns_from"]) == ("habits", [])


def test_series_and_editions_are_said_where_they_are_declared():
    scene = SceneSettings(group="series", editions=False).scene("books")
    (rule,) = scene.rules
    assert rule_text(rule, "en") == (
        "at most 1 of each series, earlier parts first (by the number in the title)"
    )
    ordered = SceneSettings(group="系列", group_limit=2, group_order="卷").scene("books").rules[0]
    assert rule_text(ordered, "zh") == "每个 系列 最多 2 个，先推荐前面的部分（依据：卷）"
    assert _other_lines(scene, WORDS["en"]) == ["every edition is an item of its own"]


BOOKS = """item_id,scene,title,series
a,books,三体 第一部,三体
b,books,三体 第二部,三体
c,books,三体 第一部（典藏版）,三体
d,books,Dune,
"""


def test_a_newcomer_and_a_reader_get_the_part_that_is_next(recagent: Command, monkeypatch):
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    Path("items.csv").write_text(BOOKS, encoding="utf-8")
    rows = ["user_id,item_id,kind,timestamp", *(f"p{n},b,like,2024-05-0{n}" for n in range(1, 8))]
    rows += ["mei,a,view,2024-05-01", "p1,d,like,2024-05-01"]
    Path("events.csv").write_text("\n".join(rows), encoding="utf-8")
    Path("recagent.toml").write_text(
        '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'
        '[scenes.books]\ngroup = "series"\n',
        encoding="utf-8",
    )
    done = recagent("index")
    assert done.returncode == 0, done.stderr

    def slate(user):
        told = json.loads(recagent("recommend", user, "--json").stdout)["slate"]
        return [entry["item_id"] for entry in told]

    assert len(slate("new")) == 2
    assert {*slate("new")} & {"a", "c"}
    assert slate("mei") == ["b", "d"]
    told = " ".join(recagent("recommend", "mei", "--lang", "zh").stdout.split())
    assert "已接触过的作品的其他版本，不再推荐：1 个" in told
    why = recagent("explain", "new", "b", "--why-not", "--lang", "zh").stdout
    assert "前面还有您没接触过的部分" in why


@pytest.mark.parametrize(
    ("rule", "en", "zh"),
    [
        ("attribute = 'stock', operator = 'at least', value = 1",
         "stock at least 1", "stock 至少 1"),
        ("attribute = '', operator = 'mentions', value = ['a', 'b'], task = 'item'",
         "all that it says mentions a / b (of item)", "全部文字 提到 a / b（限 item）"),
        ("attribute = 'open', operator = 'is', value = true", "open is yes", "open 是 “是”"),
        ("attribute = 'a', operator = 'is', value = 1, words = 'one'", "one", "one"),
        ("attribute = 'id', operator = 'is not', person = 'blocked'",
         "id is not the person's blocked", "id 不是 用户的 blocked"),
        ("age = 'rated'", "rated at most the person's age", "rated 不超过用户的 age"),
        ("within_km = 2", "within 2 km of the request's place", "距请求地点 2 公里以内"),
        ("fresh_days = 3", "published in the last 3 days", "published 在最近 3 天内"),
        ("prerequisites = 'needs'", "after all of its needs", "排在它的 needs 之后"),
        ("repeat_days = 1", "what was liked again, after 1 days", "喜欢过的，1 天后可再次出现"),
    ],
)  # fmt: skip
def test_every_rule_can_be_said(rule, en, zh):
    settings = SceneSettings(**tomllib.loads(f"rules = [{{ {rule} }}]"))
    (read,) = settings.rules
    assert (rule_text(read, "en"), rule_text(read, "zh")) == (en, zh)


@pytest.mark.parametrize(
    ("text", "attribute", "operator", "value"),
    [
        ("price at most 20", "price", "at most", 20.0),
        ("topics is not sea food", "topics", "is not", "sea food"),
        ("open is yes", "open", "is", True),
        ("mentions rain", "", "mentions", "rain"),
        ("text does not mention rain", "text", "does not mention", "rain"),
        ("立减 at least 10", "立减", "at least", 10.0),
    ],
)
def test_only_is_a_constraint(text, attribute, operator, value):
    assert constraint(text) == Constraint(
        attribute=attribute, operator=operator, value=value, words=text
    )


@pytest.mark.parametrize("text", ["", "price", "price cheapest 20", "price is", "this at least"])
def test_what_is_no_constraint_is_named_with_the_operators(text):
    with pytest.raises(DataError, match="operators: is, is not, at least, at most"):
        constraint(text)
