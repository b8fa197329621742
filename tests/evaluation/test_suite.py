"""A suite: many data sets and protocols in one command, programs as systems, leaks as errors."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from examples import wait
from progress import Quiet

from recagent.domain import Case
from recagent.errors import ConfigError, DataError
from recagent.evaluation import launch, preparation
from recagent.evaluation.data import load_data
from recagent.evaluation.declared_cases import declared_cases
from recagent.evaluation.experiment import CasesSection, load_experiment
from recagent.evaluation.programs import Programs, check_program, write_project
from recagent.evaluation.run_manifest import RunLimits
from recagent.evaluation.suite import load_suite, run_suite
from recagent.evaluation.suite_table import suite_table
from recagent.offline.data_set import Data
from recagent.offline.leaks import alter_later_events, check_leaks
from recagent.offline.splits import split

SYSTEMS = Path(__file__).parents[2] / "eval" / "systems"
GLOBAL = CasesSection(split="global", people="all", candidates="all", number=6)
MADE = load_data("made")
PROGRAM = """\
import json, sys
from pathlib import Path
if "--check" in sys.argv:
    sys.exit({check!r})
home = Path(sys.argv[-1])
rows = [json.loads(line) for line in (home / "cases.jsonl").read_text().splitlines()]
assert not any("judgments" in row for row in rows)
{fail}
with (home / "answers.jsonl").open("w") as file:
    for row in rows:
        file.write(json.dumps({{"case": row["case"], "scores": {{"b1": 2.0, "f1": 2.0}}}}) + "\\n")
(home / "about.json").write_text(json.dumps({{"version": "mine 1", "memory": 1 << 20}}))
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write_program(folder, name="mine.py", *, check="", fail=""):
    (folder / name).write_text(PROGRAM.format(check=check or 0, fail=fail))
    return f"{{python}} {{here}}/{name}"


def write_suite(folder, *, systems, data="", audits=""):
    path = folder / "small.toml"
    path.write_text(
        'name = "small"\nours = "popularity"\n[settings]\nmeasures = ["nDCG@10", "HR@10"]\n'
        f'reference = "popularity"\n{audits}\n[protocols.global]\nsplit = "global"\n'
        'people = "all"\ncandidates = "all"\nnumber = 6\n'
        f'[[data]]\nname = "made"\nsource = "made"\nprotocols = ["global"]\n{data}\n{systems}'
    )
    return path


BASELINES = '[[systems]]\nbaseline = ["popularity", "recent"]\n'


def run(path, folder, **options):
    suite = load_suite(path)
    return wait(_run(suite, folder, options))


async def _run(suite, folder, options):
    return await run_suite(suite, folder, data_folder=folder, progress=Quiet(), **options)


def test_data_that_are_not_there_are_named_with_their_recipe_and_left_out(tmp_path):
    more = '[[data]]\nname = "far"\npath = "far"\nrecipe = "Ask me."\nprotocols = ["global"]'
    done = run(write_suite(tmp_path, systems=BASELINES, data=more), tmp_path / "out")
    assert [each.manifest.name for each in done.runs] == ["made-global"]
    assert [each.name for each in done.missing] == ["far"]
    table = suite_table(done)
    assert "Data 'far' are not there and are left out. Ask me." in table
    assert "| made | global | 12 |" in table
    assert "Made data: they show that it runs, and nothing about people." in table
    assert "没有数据 'far'，已略过。Ask me." in suite_table(done, lang="zh")


def test_a_second_call_runs_nothing_that_is_finished(tmp_path):
    path = write_suite(tmp_path, systems=BASELINES)
    first = run(path, tmp_path / "out").runs[0].manifest
    assert run(path, tmp_path / "out").runs[0].manifest == first


def test_a_program_answers_from_files_and_its_cost_is_in_the_table(tmp_path):
    command = write_program(tmp_path)
    systems = f'{BASELINES}[[systems]]\nname = "mine"\ncommand = "{command}"\n'
    done = run(write_suite(tmp_path, systems=systems), tmp_path / "out")
    (only,) = done.runs
    answers = [result for result in only.results if result.system == "mine"]
    assert len(answers) == len(only.cases)
    assert all(result.scores == {"b1": 2.0, "f1": 2.0} for result in answers)
    assert only.programs["mine"].version == "mine 1"
    assert any(line.startswith("| c mine |") and line.endswith("| 0.0 | 0.0 | 1 |")
               for line in suite_table(done).splitlines())  # fmt: skip


def test_a_program_that_cannot_run_here_is_named_and_left_out(tmp_path):
    command = write_program(tmp_path, check="torch is not installed")
    systems = f'{BASELINES}[[systems]]\nname = "mine"\ncommand = "{command}"\n'
    done = run(write_suite(tmp_path, systems=systems), tmp_path / "out")
    assert "torch is not installed" in done.unavailable["mine"]
    assert "mine" not in done.runs[0].summary.systems
    assert "mine is left out, as it cannot run here" in suite_table(done)


def test_a_program_that_fails_has_failed_and_the_others_have_their_numbers(tmp_path):
    command = write_program(tmp_path, fail="sys.exit('out of memory')")
    systems = f'{BASELINES}[[systems]]\nname = "mine"\ncommand = "{command}"\n'
    done = run(write_suite(tmp_path, systems=systems), tmp_path / "out")
    (only,) = done.runs
    assert only.summary.failed == len(only.cases)
    errors = {result.error for result in only.results if result.system == "mine"}
    (error,) = errors
    assert error.endswith("'mine.py' ended with 1: out of memory")
    assert "| c mine | failed |" in suite_table(done)


@pytest.mark.parametrize(
    ("text", "says"),
    [('[[systems]]\nbaseline = "knn"\n', 'unknown protocol "far"'.replace('"', "'")),
     ("", "systems: Field required")],
)  # fmt: skip
def test_a_broken_suite_is_refused_by_name(tmp_path, text, says):
    more = '[[data]]\nname = "x"\nprotocols = ["far"]' if text else ""
    path = write_suite(tmp_path, systems=text, data=more)
    with pytest.raises(ConfigError, match=f"small.toml.*{says}"):
        load_suite(path)


def test_only_names_a_data_set_of_the_suite(tmp_path):
    path = write_suite(tmp_path, systems=BASELINES)
    with pytest.raises(ConfigError, match="unknown name 'books'; the suite has: global, made"):
        run(path, tmp_path / "out", only=["books"])


# Leaks of what happened later


def leaking_baselines(experiment, settings, data: Data, questions, *rest):
    """Baselines that count all events: what a careless experiment does."""
    return ORIGINAL(experiment, settings, data, replace(questions, training=data.events), *rest)


ORIGINAL = preparation._baselines
AUDITS = "audits = { later = true, cases = 3 }"


@pytest.mark.parametrize("leaks", [False, True])
def test_a_baseline_that_knows_later_popularity_is_an_error(tmp_path, monkeypatch, leaks):
    if leaks:
        monkeypatch.setattr(preparation, "_baselines", leaking_baselines)
    path = write_suite(tmp_path, systems=BASELINES, audits=AUDITS)
    caught = pytest.raises(DataError, match=r"'popularity' answers case .* it knows what happened")
    with caught if leaks else nullcontext():
        done = run(path, tmp_path / "out")
        variants = {result.variant for result in done.runs[0].results}
        assert variants == {"", "later"}
        assert {value.variant for value in done.runs[0].values} == {""}


def test_training_of_the_moment_of_a_global_split_or_later_is_a_leak():
    questions = declared_cases(MADE, GLOBAL, folder=Path())
    check_leaks(questions, MADE)
    asked = {case.user_id for case in questions.cases}
    late = [e for e in MADE.events if e.at >= questions.cut and e.user_id not in asked][:1]
    leaking = replace(questions, training=[*questions.training, *late])
    with pytest.raises(DataError, match="not before the moment of the split"):
        check_leaks(leaking, MADE)


def test_altered_later_events_are_others_and_nothing_before_them_changes():
    questions = declared_cases(MADE, GLOBAL, folder=Path())
    altered = alter_later_events(MADE, questions)
    pairs = list(zip(MADE.events, altered.events, strict=True))
    assert all(one == other for one, other in pairs if one.at < questions.cut)
    assert all(one.item_id != other.item_id for one, other in pairs if one.at >= questions.cut)
    assert all(one.scene == other.scene for one, other in pairs)
    with pytest.raises(DataError, match="only a global split has a moment"):
        alter_later_events(MADE, replace(questions, cut=None))


def test_a_global_split_of_data_without_times_is_refused():
    with pytest.raises(DataError, match="data 'made' has an order and no times"):
        split(replace(MADE, timed=False), how="global")


# What programs are given


def test_a_project_for_programs_holds_the_catalogue_and_what_may_be_learnt_from(tmp_path):
    questions = declared_cases(MADE, GLOBAL, folder=Path())
    write_project(tmp_path, MADE, questions.training)
    data = load_data("config", path=tmp_path)
    assert list(data.items) == list(MADE.items)
    assert [(e.user_id, e.item_id, e.at) for e in data.events] == [
        (e.user_id, e.item_id, e.at) for e in questions.training
    ]
    assert data.timed


def test_the_programs_of_the_suites_read_the_same_likes_and_candidates(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SYSTEMS))
    import files

    questions = declared_cases(MADE, GLOBAL, folder=Path())
    programs = Programs(data=MADE, questions=questions, here=tmp_path)
    problem = files.read_problem(programs._project())
    programs.close()
    assert len(problem.likes) == len(questions.training)
    first, asked = problem.cases[0], questions.cases[0]
    assert first.liked == tuple(event.item_id for event in reversed(asked.history))
    assert not set(first.candidates) & set(first.liked)
    scene = {item.id for item in MADE.items if item.scene == asked.scene}
    assert set(first.candidates) == scene - set(first.liked)
    assert problem.matrix().shape == (len({user for user, _ in problem.likes}), 240)


def test_settings_are_chosen_by_held_out_likes_of_training(monkeypatch):
    monkeypatch.syspath_prepend(str(SYSTEMS))
    import files
    import numpy as np

    likes = [(f"p{n}", item) for n in range(9) for item in ("a", "b", "c")]
    problem = files.Problem(likes=likes, rows={"a": 0, "b": 1, "c": 2, "d": 3}, cases=())
    learned = []

    def learn(some, setting):
        learned.append((setting, len(some.likes)))
        return lambda _: np.asarray([0, 0, setting, 1.0])

    files.chosen(problem, (0.5, 2.0), learn)
    assert learned == [(0.5, 18), (2.0, 18), (2.0, 27)]


def test_a_command_that_is_not_there_says_so(tmp_path):
    assert check_program(f"{sys.executable} -c pass", tmp_path) == ""
    assert "cannot run 'no-such-program'" in check_program("no-such-program", tmp_path)


@pytest.mark.parametrize(
    ("system", "says"),
    [('command = "x"', "a command needs a name"),
     ('name = "x"\ncommand = "x"\nbaseline = "knn"', "a system is one of"),
     ('name = "x"\ncommand = "x"\njoin = 0.5', "takes no model and no join")],
)  # fmt: skip
def test_a_command_is_a_system_of_its_own(tmp_path, system, says):
    path = tmp_path / "one.toml"
    path.write_text(f'name = "one"\n[[systems]]\n{system}\n')
    with pytest.raises(ConfigError, match=says):
        load_experiment(path)


def test_a_run_keeps_a_program_apart_from_the_candidates_that_it_was_not_asked_about(tmp_path):
    case = Case(id="c", user_id="u", scene="books", item_ids=("b1", "b2"), judgments={"b2": 1})
    questions = replace(declared_cases(MADE, GLOBAL, folder=Path()), cases=[case])
    programs = Programs(data=MADE, questions=questions, here=tmp_path)
    scores, _ = wait(programs.scores("mine", write_program(tmp_path), case))
    programs.close()
    assert scores == {"b1": 2.0}


def test_data_may_be_a_sample_of_people(tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(
        'name = "few"\n[data]\nsource = "made"\npeople = 60\n[cases]\npeople = "all"\n'
        f'candidates = "all"\nnumber = 3\n{BASELINES}'
    )
    done = wait(
        launch.start_run(path, tmp_path / "out", limits=RunLimits(concurrency=1), progress=Quiet())
    )
    assert "60 of 394 people" in done.manifest.data["note"]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["data"]["events"] < 2000
