"""Rules and places of a scene that its items cannot meet are said when the catalogue is read."""

from pathlib import Path

import pytest
from command import Command

CONFIG = '[catalog]\nitems = [{{ path = "items.csv" }}]\n\n[scenes.books]\n{rules}\n'
ITEMS = "item_id,scene,title,price,页数\nb1,books,Dune,9,412\nb2,books,Emma,7,474\n"

# A declared rule, the attribute that no item has, and what it is near to.
RULES = [
    ('rules = [{ attribute = "prise", operator = "at most", value = 10 }]', "prise", "price"),
    ('rules = [{ attribute = "页码数", operator = "at least", value = 1 }]', "页码数", "页数"),
    ('rules = [{ age = "min_age" }]', "min_age", "price, 页数"),
    ('group = "系列"', "系列", "price, 页数"),
]


@pytest.fixture
def declared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(rules):
        Path("items.csv").write_text(ITEMS, encoding="utf-8")
        Path("recagent.toml").write_text(CONFIG.format(rules=rules), encoding="utf-8")

    return write


@pytest.mark.parametrize(("rules", "missing", "near"), RULES)
def test_a_rule_on_what_no_item_has_is_a_fault_with_the_nearest_name(
    declared, recagent: Command, rules, missing, near
):
    declared(rules)
    for command in ("validate", "index"):
        done = recagent(command)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 1
        assert f"a rule of scene 'books' reads {missing!r}, which no item" in said
        assert f"there are {near}" in said
    chinese = " ".join(recagent("validate", "--lang", "zh").stdout.split())
    assert "的规则读取" in chinese
    assert f"现有 {near}" in chinese


def test_rules_that_items_meet_and_scenes_without_items_are_no_fault(declared, recagent: Command):
    declared('rules = [{ attribute = "price", operator = "at most", value = 10 }]')
    with Path("recagent.toml").open("a", encoding="utf-8") as config:
        config.write('[scenes.later]\nrules = [{ attribute = "x", operator = "is", value = 1 }]\n')
    done = recagent("validate")
    assert done.returncode == 0, done.stdout


def test_places_for_what_no_item_is_are_said(declared, recagent: Command):
    declared("tasks = { item = 2, activity = 1 }")
    done = recagent("validate")
    assert done.returncode == 0
    assert "keeps places for 'activity', and no item" in " ".join(done.stdout.split())
    assert "留了位置" in recagent("validate", "--lang", "zh").stdout
