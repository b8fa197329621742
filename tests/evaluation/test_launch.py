"""Runs from the command line, on a small shop and a server that counts what it is asked."""

import json
import re
import shutil
from pathlib import Path

import pytest
from eval_shop import PROMPTS, write_experiment, write_shop
from filelock import FileLock
from stub_server import PROBES, StubServer

from recagent import prompts
from recagent.evaluation.run_folder import load_run, read_lines
from recagent.offline.results import Result

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def server():
    with StubServer() as running:
        yield running


@pytest.fixture
def shop(tmp_path, monkeypatch, recagent):  # noqa: ARG001 - it clears the environment first
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return write_shop(tmp_path / "shop")


def ran(recagent, path, *more):
    done = recagent("eval", "run", str(path), "--out", "out", *more)
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_answers_every_case_by_every_system(shop, recagent, server):
    done = ran(recagent, write_experiment(shop, url=server.url, systems=PROMPTS))
    assert "label.v1" in done.stdout
    assert "cases show differences from about" in done.stdout
    run = load_run(shop / "out")
    assert {(r.system, r.case) for r in run.results} == {
        (system, case) for system in ("popularity", "knn", "label.v1") for case in run.cases
    }
    assert len(run.results) == 3 * len(run.cases)
    assert run.manifest.finished
    assert run.manifest.kinds == {"popularity": "baseline", "knn": "baseline", "label.v1": "label"}
    assert run.manifest.prompts["label.v1"] == prompts.load("rerank", "label").id
    assert len(run.conversations) == 2 * len(run.summary.scenes)
    assert not Path(run.manifest.folder).is_absolute()


def test_a_second_run_asks_nothing_again(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    ran(recagent, path)
    asked = len(server.asked)
    shutil.rmtree(shop / "out")
    ran(recagent, path)
    run = load_run(shop / "out")
    assert len(server.asked) - asked <= PROBES  # what the model can do is tried anew
    (cost,) = (cost for cost in run.summary.costs if cost.system == "label.v1")
    assert cost.calls == cost.cached > 0


def test_a_whole_run_is_summed_up_anew_without_its_server(shop, recagent):
    with StubServer() as server:
        ran(recagent, write_experiment(shop, url=server.url, systems=PROMPTS))
    (shop / "out" / "summary.json").unlink()
    assert recagent("eval", "export", "out").returncode == 1
    again = recagent("eval", "run", "--resume", "out")
    assert again.returncode == 0, again.stderr
    assert load_run(shop / "out").summary.failed == 0


def own_prompt(shop, name, words):
    """A prompt file of one's own, made of the shipped one."""
    text = (prompts.folder() / "rerank" / "label.v1.j2").read_text(encoding="utf-8")
    text = text.replace("name: label", f"name: {name}").replace("You pick", words)
    (shop / f"{name}.v1.j2").write_text(text, encoding="utf-8")
    return f"{name}.v1.j2"


def test_one_changed_prompt_of_five_asks_a_fifth(shop, recagent, server):
    names = [own_prompt(shop, f"mine_{letter}", f"Please ({letter}) pick") for letter in "abcde"]
    path = write_experiment(
        shop, url=server.url, systems=f"[[systems]]\nprompt = {json.dumps(names)}\n"
    )
    ran(recagent, path)
    first = len(server.asked)
    shutil.rmtree(shop / "out")
    own_prompt(shop, "mine_c", "Kindly pick")
    ran(recagent, path)
    again = len(server.asked) - first
    cases = len(load_run(shop / "out").cases)
    assert 0 < again - cases <= PROBES or again == cases  # one prompt for each case, and the probes
    assert again - PROBES <= first / 5


def test_a_prompt_can_tell_what_people_of_the_same_taste_liked(shop, recagent, server):
    mine = shop / own_prompt(shop, "near", "You pick")
    text = mine.read_text().replace("[scene, ", "[scene, similar, ")
    near = "People with the same taste liked: {{ similar | join(', ', attribute='title') }}"
    mine.write_text(text.replace("Letter of the best", near + "\nLetter of the best"))
    systems = '[[systems]]\nprompt = "near.v1.j2"\n'
    ran(recagent, write_experiment(shop, url=server.url, systems=systems))
    run = load_run(shop / "out")
    told = set()
    for talk in run.conversations:
        _, _, listed = str(talk.exchanges[0].prompt).partition("People with the same taste liked:")
        told.add(frozenset(re.findall("(Trains|Gardens) (?:books|films)", listed)))
    # Of people of either taste; neighbours may have found none of a case's few candidates.
    assert told - {frozenset()} == {frozenset({"Trains"}), frozenset({"Gardens"})}


def test_a_dry_run_counts_what_would_be_asked_and_asks_nobody(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    done = recagent("eval", "run", str(path), "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert server.asked == []
    (estimate,) = json.loads(done.stdout)["systems"]
    ran(recagent, path)
    assert estimate["calls"] == len(load_run(shop / "out").cases)
    assert estimate["cost"] == 0
    shown = recagent("eval", "run", str(path), "--dry-run")
    assert "label.v1" in shown.stdout


def test_failures_are_counted_and_can_be_tried_again(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS, more="concurrency = 1")
    ran(recagent, path, "--limit", "3")
    shutil.rmtree(shop / "out")
    recagent("eval", "forget")
    good = server._server.RequestHandlerClass.do_POST
    seen = []

    def sometimes(handler):
        seen.append(1)
        server.fail = 400 if 3 <= len(seen) < 6 else 0  # not retried: the request is to blame
        good(handler)

    server._server.RequestHandlerClass.do_POST = sometimes
    done = recagent("eval", "run", str(path), "--out", "out", "--limit", "3")
    assert done.returncode == 1
    failed = load_run(shop / "out").summary.failed
    assert 0 < failed <= 3
    assert f"{failed} questions FAILED" in done.stdout
    compared = recagent("eval", "compare", "out:popularity", "out:label.v1")
    assert compared.returncode == 1
    assert "--retry-failed" in compared.stderr
    server._server.RequestHandlerClass.do_POST = good
    server.fail = 0
    again = recagent("eval", "run", "--resume", "out", "--retry-failed")
    assert again.returncode == 0, again.stderr
    assert load_run(shop / "out").summary.failed == 0
    results = read_lines(Result, shop / "out" / "results.jsonl")
    assert len({(r.system, r.case, r.variant) for r in results}) == len(results)


def test_a_server_that_goes_away_stops_the_run_and_keeps_what_it_has(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS, more="concurrency = 1")
    good = server._server.RequestHandlerClass.do_POST
    seen = []

    def until(handler):
        seen.append(1)
        server.fail = 400 if len(seen) > 10 else 0
        good(handler)

    server._server.RequestHandlerClass.do_POST = until
    done = recagent("eval", "run", str(path), "--out", "out")
    assert done.returncode == 1
    assert "10 requests in a row to 'label.v1' failed" in done.stderr
    assert "--resume out" in done.stderr
    server._server.RequestHandlerClass.do_POST = good
    server.fail = 0
    again = recagent("eval", "run", "--resume", "out", "--retry-failed")
    assert again.returncode == 0, again.stderr


def test_a_server_that_is_down_is_told_before_anything_is_kept(shop, recagent):
    with StubServer() as gone:
        url = gone.url
    done = recagent(
        "eval", "run", str(write_experiment(shop, url=url, systems=PROMPTS)), "--out", "out"
    )
    assert done.returncode == 1
    assert "is the server running?" in done.stderr
    assert not (shop / "out" / "run.json").exists()


def test_a_budget_stops_the_run_before_it_is_passed(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS, more="concurrency = 1")
    text = path.read_text().replace("[models.stub]\n", "[models.stub]\nprice = [1000.0, 1000.0]\n")
    path.write_text(text)
    dry = json.loads(recagent("eval", "run", str(path), "--dry-run", "--json").stdout)
    whole = dry["systems"][0]["cost"]
    assert whole > 0
    done = recagent("eval", "run", str(path), "--out", "out", "--max-cost", "1.5")
    assert done.returncode == 1
    assert "budget of 1.5" in done.stderr
    kept = [r for r in read_lines(Result, shop / "out" / "results.jsonl") if r.cost]
    assert 0 < sum(r.cost for r in kept) <= 1.5
    assert recagent("eval", "run", "--resume", "out").returncode == 0


def test_a_budget_for_a_model_of_unknown_price_is_refused(shop, recagent):
    path = write_experiment(shop, url="http://models.invalid/v1", systems=PROMPTS)
    path.write_text(path.read_text().replace("[models.stub]\n", '[models.stub]\nname = "mine"\n'))
    done = recagent("eval", "run", str(path), "--out", "out", "--max-cost", "1", "--dry-run")
    assert done.returncode in (0, 1)
    assert "unknown" in done.stdout or "price" in done.stderr


def test_a_used_folder_is_not_written_over(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    ran(recagent, path)
    before = (shop / "out" / "results.jsonl").read_bytes()
    done = recagent("eval", "run", str(path), "--out", "out")
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (shop / "out" / "results.jsonl").read_bytes() == before


def test_what_a_run_left_that_was_killed_at_its_very_beginning_is_no_hindrance(
    shop, recagent, server
):
    (shop / "out").mkdir()
    (shop / "out" / ".lock").touch()
    (shop / "out" / "cases.jsonl").write_text("torn")
    systems = '[[systems]]\nbaseline = "popularity"\n'
    ran(recagent, write_experiment(shop, url=server.url, systems=systems))


@pytest.mark.slow
def test_another_run_on_the_same_data_goes_on_beside_this_one(shop, recagent, server, tmp_path):
    systems = '[[systems]]\nbaseline = "text"\n'
    path = write_experiment(shop, url=server.url, systems=systems)
    ran(recagent, path)
    first = load_run(shop / "out")
    (index,) = (tmp_path / "cache").glob("recagent/evaluation/*/chroma")
    with FileLock(index / "recagent.lock"):
        assert recagent("eval", "run", str(path), "--out", "beside").returncode == 0
    assert [r.scores for r in load_run(shop / "beside").results] == [
        r.scores for r in first.results
    ]


def test_a_run_is_not_resumed_with_other_data_or_prompts(shop, recagent, server):
    name = own_prompt(shop, "mine", "Please pick")
    path = write_experiment(shop, url=server.url, systems=f'[[systems]]\nprompt = "{name}"\n')
    ran(recagent, path)
    own_prompt(shop, "mine", "Kindly pick")
    done = recagent("eval", "run", "--resume", "out")
    assert done.returncode == 1
    assert "the prompt of 'mine.v1' was" in done.stderr
    own_prompt(shop, "mine", "Please pick")
    with (shop / "events.csv").open("a") as events:
        events.write("p00,b1,2026-06-01T12:00:00,view\n")
    done = recagent("eval", "run", "--resume", "out")
    assert "the data of run 'small' has changed" in done.stderr


def test_audits_ask_in_other_orders_without_titles_and_with_another_history(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    path.write_text(path.read_text() + "[audits]\norders = 2\nmemorisation = true\ncases = 3\n")
    ran(recagent, path)
    summary = load_run(shop / "out").summary
    (orders,) = summary.orders
    assert (orders.system, orders.cases, orders.orders) == ("label.v1", 6, 3)
    assert orders.first[0] == 1  # this model always takes the first that is listed
    (memory,) = summary.memorisation
    assert memory.plain == memory.masked  # and reads no titles
    asked = "\n".join(server.asked)
    assert re.search(r"^A Item 1$", asked, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give an experiment FILE, or --resume RUN"),
        (["x.toml", "--resume", "out"], "give an experiment FILE"),
        (["x.toml", "--retry-failed"], "goes with --resume"),
        (["--resume", "out", "--limit", "3"], "keeps its folder and cases"),
    ],
)
def test_options_that_do_not_go_together_are_told(recagent, arguments, says):
    done = recagent("eval", "run", *arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())


def test_a_gate_decides_by_the_lower_bound(shop, recagent, server):
    systems = '[[systems]]\nbaseline = ["random", "text", "knn"]\n'
    ran(recagent, write_experiment(shop, url=server.url, systems=systems))
    good = recagent("eval", "compare", "out:random", "out:text", "--min-delta", "nDCG@10=0")
    assert good.returncode == 0, good.stdout
    assert "ok " in good.stdout
    bad = recagent("eval", "compare", "out:text", "out:random", "--min-delta", "nDCG@10=-0.01")
    assert bad.returncode == 100
    assert "FAIL" in bad.stdout
    shown = recagent("eval", "compare", "out:text", "out:random", "--json")
    assert json.loads(shown.stdout)["comparisons"][0]["delta"] < 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["out:random", "out:luck"], "has no system 'luck'"),
        (["out", "out"], "do not say which systems"),
        (["nowhere", "out"], "nowhere"),
        (["out:random", "out:text", "--min-delta", "luck@3=0"], "luck@3"),
        (["out:random", "out:text", "--min-delta", "ECE=0"], "describes a whole run"),
        (["out:random", "out:text", "--measure", "AUC"], "did not measure 'AUC'"),
    ],
)
def test_what_cannot_be_compared_is_told(shop, recagent, server, arguments, says):
    systems = '[[systems]]\nbaseline = ["random", "text"]\n'
    ran(recagent, write_experiment(shop, url=server.url, systems=systems))
    done = recagent("eval", "compare", *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    wrong = recagent("eval", "compare", "out", "out", "--min-delta", "nDCG@10")
    assert wrong.returncode == 2


def test_runs_of_other_cases_are_not_compared(shop, recagent, server):
    systems = '[[systems]]\nbaseline = ["random", "text"]\n'
    path = write_experiment(shop, url=server.url, systems=systems)
    ran(recagent, path)
    path.write_text(path.read_text().replace("candidates = 8", "candidates = 9"))
    assert recagent("eval", "run", str(path), "--out", "other").returncode == 0
    done = recagent("eval", "compare", "out", "other")
    assert done.returncode == 1
    assert "has different candidates" in done.stderr


GOOD_LINE = '{"user_id": "p00", "scene": "books", "item_ids": ["b1", "b2"], "judgments": {"b2": 1}}'


@pytest.mark.parametrize(
    ("files", "change", "says"),
    [
        (
            {},
            ("per_scene = true", 'scenes = ["books", "boks"]'),
            r"small\.toml', line 10: cases.scenes: unknown scene 'boks'",
        ),
        (
            {},
            ("per_scene = true", "per_scene = = true"),
            r"small\.toml' is not valid TOML.*line 10",
        ),
        ({}, ('"label.v1"', '"lable.v1"'), r"small\.toml', line 21: systems.1.prompt: .*lable"),
        ({}, ('"label.v1"', '"label.v7"'), r"small\.toml', line 21: systems.1.prompt: .*label"),
        (
            {"bad.v1.j2": ("{% if wish %}", "{% if wish ?? %}")},
            ('"label.v1"', '"bad.v1.j2"'),
            r"bad\.v1\.j2', line 22: ",
        ),
        (
            {"bad.v1.j2": ("Looking for: {{ wish", "Looking for: {{ wish.there.is.none")},
            ('"label.v1"', '"bad.v1.j2"'),
            None,  # nobody wishes anything here: the branch is never taken
        ),
        (
            {"bad.v1.j2": ("{{ scene | line(32) }}", "{{ scene.colour | line(32) }}")},
            ('"label.v1"', '"bad.v1.j2"'),
            r"bad\.v1\.j2', line 25, cannot be rendered: ",
        ),
        (
            {
                "mine.jsonl": GOOD_LINE
                + "\n"
                + GOOD_LINE.replace("p00", "p02").replace('b2"]', 'b4"]')
            },
            ('split = "leave-one-out"', 'file = "mine.jsonl"'),
            r"mine\.jsonl', line 2: missing candidate: 'b2'",
        ),
        (
            {"mine.jsonl": GOOD_LINE.replace("p00", "nobody")},
            ('split = "leave-one-out"', 'file = "mine.jsonl"'),
            r"mine\.jsonl', line 1: unknown person 'nobody'",
        ),
    ],
)
def test_bad_input_is_told_with_file_and_line_before_anybody_is_asked(
    shop, recagent, server, files, change, says
):
    for name, content in files.items():
        if name.endswith(".j2"):
            own_prompt(shop, "bad", "You pick")
            old, new = content
            text = (shop / name).read_text(encoding="utf-8")
            assert old in text
            (shop / name).write_text(text.replace(old, new), encoding="utf-8")
        else:
            (shop / name).write_text(content, encoding="utf-8")
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    done = recagent("eval", "run", str(path), "--out", "out")
    if says is None:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1
    assert re.search(says, done.stderr), done.stderr
    assert server.asked == []
    assert not (shop / "out").exists()


def test_the_whole_scene_is_ranked_and_the_retriever_is_measured_too(shop, recagent, server):
    path = write_experiment(shop, url=server.url, systems=PROMPTS)
    text = path.read_text().replace("candidates = 8", 'candidates = "all"')
    path.write_text(text + 'retriever = "knn"\npool = 5\n')
    ran(recagent, path)
    run = load_run(shop / "out")
    assert all(not case.item_ids for case in run.cases.values())
    asked = [r for r in run.results if r.system == "label.v1"]
    found = {r.case: r.scores for r in run.results if r.system == "knn"}
    for result in asked:
        assert set(result.scores) == set(list(found[result.case])[:5])
        history = {event.item_id for event in run.cases[result.case].history}
        assert not history & result.scores.keys()
    assert any(len(result.scores) == 5 for result in asked)
