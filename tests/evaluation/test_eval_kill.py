"""A run is killed twenty times at random moments: no finished case is lost, none is there twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from eval_shop import write_experiment, write_shop
from stub_server import StubServer

from recagent.evaluation.run_folder import load_run, read_lines
from recagent.offline.results import Result

KILLS = 20

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]


def keys(path):
    """The questions of the whole lines that are there, torn ones left out."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [tuple(json.loads(line)[name] for name in ("system", "case", "variant"))
            for line in whole.splitlines()]  # fmt: skip


def test_twenty_kills_lose_no_finished_case_and_double_none(tmp_path, environment):
    rng = random.Random(11)  # noqa: S311
    shop, run = write_shop(tmp_path), tmp_path / "out"
    results = run / "results.jsonl"
    environment = {**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    systems = '[[systems]]\nbaseline = ["popularity"]\n[[systems]]\nprompt = "label.v1"\n'
    # Slow enough that no run ends before it is killed.
    with StubServer(delay=0.15) as server:
        audits = "[audits]\norders = 3\nmemorisation = true\ncases = 24\n"
        path = write_experiment(
            shop, url=server.url, systems=systems + audits, more="concurrency=4"
        )
        finished, kills = set(), 0
        while kills < KILLS:
            resumed = (run / "run.json").exists()
            command = ["--resume", run] if resumed else [path, "--out", run]
            process = subprocess.Popen(
                [sys.executable, "-m", "recagent", "eval", "run", *map(str, command)],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=tmp_path,
            )
            before, end = len(finished), time.monotonic() + 60
            while process.poll() is None and len(keys(results)) <= before:
                assert time.monotonic() < end, "no result within a minute"
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 0.3))
            assert process.poll() is None, "the run ended before it was killed"
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=30)
            kills += 1
            found = keys(results)
            assert len(set(found)) == len(found)
            assert finished <= set(found)
            finished = set(found)
        done = subprocess.run(
            [sys.executable, "-m", "recagent", "eval", "run", "--resume", str(run)],
            env=environment,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = [(result.system, result.case, result.variant) for result in read_lines(Result, results)]
    assert len(set(found)) == len(found)
    assert finished <= set(found)
    cases = len(load_run(run).cases)
    assert len(found) == 2 * cases + 5 * cases


def test_ctrl_c_keeps_what_is_answered_and_tells_how_to_go_on(tmp_path, environment):
    shop, run = write_shop(tmp_path), tmp_path / "out"
    environment = {**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with StubServer(delay=0.15) as server:
        path = write_experiment(
            shop, url=server.url, systems='[[systems]]\nprompt = "label.v1"\n', more="concurrency=1"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "recagent", "eval", "run", str(path), "--out", str(run)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        end = time.monotonic() + 60
        while not keys(run / "results.jsonl"):
            assert time.monotonic() < end, "no result within a minute"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    kept = len(keys(run / "results.jsonl"))
    assert f"{kept} results are kept; go on with: recagent eval run --resume {run}" in said
