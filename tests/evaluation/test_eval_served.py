"""What would be served as a baseline, strangers, wishes, the main comparison, scenes too small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import Command  # noqa: TC002
from eval_shop import write_shop
from examples import make_event, make_item

from recagent.cli.evaluation_progress import watching
from recagent.domain import Case, RatingScale, Scene
from recagent.errors import ConfigError, DataError
from recagent.evaluation.declared_cases import load_cases
from recagent.evaluation.experiment import load_experiment
from recagent.offline.cases import hide_histories, make_cases
from recagent.offline.data_set import Data
from recagent.offline.significance import compare_all
from recagent.offline.splits import split


def data_of(items, events):
    scenes = {item.scene: Scene(name=item.scene) for item in items}
    return Data(
        name="made", scenes=scenes, items=items, events=events, users={},
        scale=RatingScale(low=0, high=10), fingerprint="",
    )  # fmt: skip


ITEMS = [make_item(f"b{n}") for n in range(30)]
ITEMS += [make_item(f"f{n}", scene="films") for n in range(4)]
EVENTS = [make_event(f"p{n % 6}", f"b{n}", days=n) for n in range(30)]
EVENTS += [make_event("q1", f"f{n}", scene="films", days=n) for n in range(4)]


def test_a_scene_with_fewer_items_than_candidates_is_left_out_and_the_others_are_asked():
    data = data_of(ITEMS, EVENTS)
    held = split(data, people="all", min_history=1)
    asked = make_cases(data, held, candidates=10, negatives="uniform")
    assert {case.scene for case in asked.cases} == {"books"}
    assert asked.left_out == ("films",)
    with pytest.raises(DataError, match=r"scene 'films' has only 0 items to draw for 'q1', not 9"):
        make_cases(data, held, candidates=10, negatives="uniform", scenes=["films"])


def test_of_a_stranger_nothing_is_known_and_the_same_is_asked():
    data = data_of(ITEMS, EVENTS)
    asked = make_cases(data, split(data, people="all", min_history=1), candidates="all")
    hidden = hide_histories(asked)
    assert all(case.history for case in asked.cases)
    assert all(case.history == () and case.user is None for case in hidden.cases)
    assert [case.judgments for case in hidden.cases] == [case.judgments for case in asked.cases]
    assert hidden.training is asked.training


def test_a_case_may_have_a_wish_and_be_of_nobody_that_is_known(tmp_path):
    data, path = data_of(ITEMS, EVENTS), tmp_path / "cases.jsonl"
    rows = [
        {"user_id": "new", "scene": "books", "judgments": {"b1": 1}, "wish": "a teapot"},
        {"user_id": "new", "scene": "books", "judgments": {"b2": 1}, "wish": "一把刀"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    asked = load_cases(path, data)
    assert [case.wish for case in asked.cases] == ["a teapot", "一把刀"]
    assert len({case.id for case in asked.cases}) == 2
    path.write_text(json.dumps({**rows[0], "wish": ""}), encoding="utf-8")
    with pytest.raises(DataError, match="unknown person 'new'"):
        load_cases(path, data)


def test_the_main_comparison_is_tested_at_the_full_level_and_the_others_among_themselves():
    rng = np.random.default_rng(1)
    cases = [Case(id=f"c{n}", user_id=f"u{n}", scene="s", item_ids=(), judgments={})
             for n in range(60)]  # fmt: skip
    base = rng.normal(size=60)
    values = {"old": base, "new": base + rng.normal(0.3, 1, 60), "other": base + 0.01}
    plain = {(pair.base, pair.new): pair for pair in compare_all(values, cases, measure="MRR")}
    found = compare_all(values, cases, measure="MRR", main=("new", "old"))
    mains = [pair for pair in found if pair.is_main]
    assert {(pair.base, pair.new) for pair in mains} == {("old", "new")}
    assert all(pair.p_holm == pair.p for pair in mains)
    assert mains[0].detectable < plain["old", "new"].detectable
    rest = [pair for pair in found if not pair.is_main and pair.scene == ""]
    assert [pair.p_holm for pair in rest] <= [plain[p.base, p.new].p_holm for p in rest]
    reversed_ = compare_all(values, cases, measure="MRR", main=("old", "new"))
    assert next(pair for pair in reversed_ if pair.is_main).delta == -mains[0].delta


def test_without_a_terminal_a_line_says_how_far_it_is_and_the_table_comes_at_the_end(
    monkeypatch, capsys
):
    monkeypatch.setattr("recagent.cli.progress.EVERY", 0.0)
    with watching() as watch:
        watch.stage("choices", 30, 96)
        said = capsys.readouterr().err
        assert said.split()[-5:] == ["s", "choices:", "30", "of", "96"]
    assert "30/96" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "says"),
    [('["served", "nothing"]', "unknown system 'nothing'"),
     ('["served", "served"]', "choose two different systems to compare")],
)  # fmt: skip
def test_a_main_comparison_is_of_two_systems_that_there_are(tmp_path, main, says):
    path = tmp_path / "one.toml"
    path.write_text(f'name = "one"\nmain = {main}\n[[systems]]\nbaseline = ["served", "knn"]\n')
    with pytest.raises(ConfigError, match=says):
        load_experiment(path)


@pytest.mark.slow
def test_what_is_served_is_compared_in_one_command(recagent: Command):
    write_shop(Path())
    done = recagent("eval", "served", "--out", "first", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert "主要比较：served - popularity" in done.stdout
    assert "（主要）" in done.stdout  # in the table, where the others' p is Holm's
    found = json.loads(Path("first/summary.json").read_text(encoding="utf-8"))
    assert found["systems"] == ["popularity", "knn", "served", "head"]
    means = {cell["system"]: cell["mean"] for cell in found["cells"]
             if cell["measure"] == "nDCG@10" and cell["scene"] == ""}  # fmt: skip
    assert means["served"] > means["popularity"] + 0.05  # tastes are odd or even things
    (main,) = [pair for pair in found["comparisons"] if pair["is_main"] and pair["scene"] == ""]
    assert (main["new"], main["base"]) == ("served", "popularity")
    done = recagent("eval", "served", "--strangers", "--out", "second", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["summary"]["cells"]
    hidden = {cell["system"]: cell["mean"] for cell in told
              if cell["measure"] == "nDCG@10" and cell["scene"] == ""}  # fmt: skip
    assert hidden["served"] == pytest.approx(hidden["popularity"], abs=0.06)
    assert hidden["served"] < means["served"]
