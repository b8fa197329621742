"""A run whose model answers by batch files, from the first question to the report."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from eval_shop import write_experiment, write_shop

from recagent.evaluation.run_folder import load_run, read_lines
from recagent.offline.results import Result

PAGE = Path(__file__).parents[2] / "docs/reference/evaluation.md"
BEST = '[[systems]]\nbaseline = "popularity"\n[[systems]]\nprompt = "best"\n'


@pytest.fixture
def shop(tmp_path, monkeypatch, recagent):  # noqa: ARG001 - it clears the environment first
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return write_shop(tmp_path / "shop")


def named(folder, systems=BEST, more=""):
    path = write_experiment(folder, url="http://127.0.0.1:1/v1", systems=systems, more=more)
    path.write_text(path.read_text().replace('kind = "endpoint"', 'kind = "endpoint"\nname = "m"'))
    return path


def letters(body):
    return re.findall(r"^([A-Z]) ", body["messages"][-1]["content"], re.MULTILINE)


def answered(requests, *, of=None):
    """The output of a batch: all candidates from the last to the first, of ``of`` questions."""
    lines = [json.loads(line) for line in requests.read_text().splitlines()][:of]
    return "\n".join(json.dumps(output_line(line)) for line in lines)


def output_line(line):
    content = json.dumps({"best": letters(line["body"])[::-1]})
    body = {
        "choices": [{"message": {"content": content}}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 20},
    }
    return {"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}}


def test_questions_go_to_a_file_and_answers_come_from_one(shop, recagent):
    path, requests, replies = named(shop), shop / "requests.jsonl", shop / "replies.jsonl"
    asked = recagent("eval", "run", str(path), "--out", "out", "--requests", str(requests))
    assert asked.returncode == 0, asked.stderr
    assert "then: recagent eval run --resume out --replies OUTPUT" in asked.stderr
    lines = [json.loads(line) for line in requests.read_text().splitlines()]
    prompts = [[turn["content"] for turn in line["body"]["messages"]] for line in lines]
    assert prompts == sorted(prompts)  # those that begin alike stand beside each other
    waiting = recagent("eval", "report", "out")
    assert "is not finished" in waiting.stderr
    answers = read_lines(Result, shop / "out" / "results.jsonl")
    assert {result.system for result in answers} == {"popularity"}  # what needs no model is done
    replies.write_text(answered(requests))
    done = recagent("eval", "run", "--resume", "out", "--replies", str(replies))
    assert done.returncode == 0, done.stderr
    run = load_run(shop / "out")
    of_model = [result for result in run.results if result.system == "best"]
    assert len(of_model) == len(run.cases)
    first = of_model[0]
    shown = list(run.cases[first.case].item_ids)
    assert max(first.scores, key=first.scores.__getitem__) == shown[-1]
    assert (first.usage.prompt, first.error) == (200, None)


def test_what_has_no_reply_is_written_again_and_a_run_is_replayed_from_its_recordings(
    shop, recagent
):
    path, requests, replies = named(shop), shop / "requests.jsonl", shop / "replies.jsonl"
    recagent("eval", "run", str(path), "--out", "out", "--requests", str(requests))
    every = len(requests.read_text().splitlines())
    replies.write_text(answered(requests, of=3))
    silent = recagent("eval", "run", "--resume", "out", "--replies", str(replies))
    assert silent.returncode == 1
    assert f"{every - 3} questions have no reply in these files" in silent.stderr
    rest = shop / "rest.jsonl"
    recagent("eval", "run", "--resume", "out", "--requests", str(rest))
    assert len(rest.read_text().splitlines()) == every - 3  # three are kept in the run's folder
    replies.write_text(answered(rest))
    done = recagent("eval", "run", "--resume", "out", "--replies", str(replies))
    assert done.returncode == 0, done.stderr
    again = recagent("eval", "run", str(path), "--out", "two", "--replies", "out/recordings.jsonl")
    assert again.returncode == 0, again.stderr
    one, two = (load_run(shop / name) for name in ("out", "two"))
    assert {(r.system, r.case): r.scores for r in one.results} == {
        (r.system, r.case): r.scores for r in two.results
    }


def test_a_recorded_list_stands_whatever_retrieval_finds_later(
    shop, recagent, monkeypatch: pytest.MonkeyPatch
):
    path = named(shop, systems='[[systems]]\nprompt = "best"\nretriever = "popularity"\npool = 5\n')
    path.write_text(path.read_text().replace("candidates = 8", 'candidates = "all"'))
    requests, replies = shop / "requests.jsonl", shop / "replies.jsonl"
    recagent("eval", "run", str(path), "--out", "out", "--requests", str(requests))
    replies.write_text(answered(requests))

    async def others(*_: object) -> dict[str, float]:
        raise AssertionError("retrieval is not asked again")

    monkeypatch.setattr("recagent.evaluation.system_runner.SystemRunner._baseline_scores", others)
    done = recagent("eval", "run", "--resume", "out", "--replies", str(replies))
    assert done.returncode == 0, done.stderr
    assert all(len(result.scores) == 5 for result in load_run(shop / "out").results)


def test_a_prompt_that_needs_log_probabilities_is_refused(shop, recagent):
    path = named(shop, systems='[[systems]]\nprompt = "label"\n')
    refused = recagent("eval", "run", str(path), "--out", "out", "--requests", "r.jsonl")
    assert refused.returncode == 1
    assert "can only score by listwise" in refused.stderr


def test_a_batch_asks_one_model_and_wants_its_name(shop, recagent):
    nameless = write_experiment(shop, url="http://127.0.0.1:1/v1", systems=BEST)
    refused = recagent("eval", "run", str(nameless), "--out", "out", "--requests", "r.jsonl")
    assert "set [model] name" in refused.stderr
    path = named(shop)
    other = '[models.other]\nkind = "endpoint"\nname = "n"\nbase_url = "http://127.0.0.1:1/v1"\n'
    path.write_text(path.read_text().replace("[models.stub]", other + "[models.stub]"))
    refused = recagent("eval", "run", str(path), "--out", "two", "--requests", "r.jsonl")
    assert "a batch asks one model" in refused.stderr


@pytest.mark.slow
def test_the_round_of_the_page_runs_as_it_is_written(shop, environment):
    """The page's commands, with a script in the place of the program that answers batches."""
    (block,) = re.findall(r"```bash\n([^`]*run-batch[^`]*)```", PAGE.read_text(encoding="utf-8"))
    named(shop).rename(shop / "mine.toml")
    tools = shop / "bin"
    tools.mkdir()
    fake = tools / "vllm"
    fake.write_text(
        "#!/usr/bin/env python3\nimport sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[1] / 'support')!r})\n"
        "from pathlib import Path\nfrom test_batch_runs import answered\n"
        "given = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
        "Path(given['-o']).write_text(answered(Path(given['-i'])))\n"
    )
    fake.chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=shop, env={**environment, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (shop / "report.html").is_file()
    assert load_run(shop / "runs" / "mine").summary.failed == 0
