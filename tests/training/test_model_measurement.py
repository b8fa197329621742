"""A model is measured on past choices by the command that is offered; its say comes of that."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from command import Command
from stub_server import StubServer
from taste_shop import write_shop

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Case, Usage
from recagent.llm.failover import FailoverRanker
from recagent.offline.examples import Example
from recagent.pipeline import artifacts
from recagent.ports import LanguageScores
from recagent.ranking import FixedBlend, ModelRanker
from recagent.ranking.model_worth import ModelWorth
from recagent.training.language_part import ScoredPool
from recagent.training.model_measurement import model_worth

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def pools(*, base_rank, model_rank, number=60):
    """Choices among ten, of as many people; the model ranks what was chosen at ``model_rank``."""
    items = tuple(f"i{at}" for at in range(10))
    made = []
    for at in range(number):
        scores = -np.arange(10.0)
        said = np.zeros(10)
        said[base_rank] = 10.0 - model_rank
        others = [row for row in range(10) if row != base_rank]
        for place, row in enumerate(others):
            said[row] = 10.0 - (place if place < model_rank else place + 1)
        example = Example(
            case=f"c{at}", user_id=f"u{at}", scene="s", group="known", items=items,
            features=({},) * 10, chosen=base_rank,
        )  # fmt: skip
        case = Case(id=f"c{at}", user_id=f"u{at}", scene="s", item_ids=(), judgments={})
        made.append(
            ScoredPool(
                case=case, example=example, base=scores, model_scores=tuple(said), model="m",
                prompt="p",
            )
        )  # fmt: skip
    return made


def worth_of(found):
    return model_worth(found, engine="here m", scenes=["s"], items=10)


def test_a_model_that_knows_better_gets_half_of_the_say():
    worth = worth_of(pools(base_rank=5, model_rank=0))
    assert worth.low > 0
    assert worth.weight == 1 / 2
    assert (worth.cases, worth.base) == (60, pytest.approx(1 / np.log2(7)))


def test_a_model_that_knows_worse_gets_none():
    worth = worth_of(pools(base_rank=0, model_rank=9))
    assert worth.gain < 0
    assert worth.weight == 0


def test_a_gain_that_may_be_chance_keeps_the_third():
    few = [*pools(base_rank=5, model_rank=0, number=2), *pools(base_rank=0, model_rank=0)]
    people = [replace(pool, case=replace(pool.case, user_id=f"v{at}")) for at, pool in
              enumerate(few)]  # fmt: skip
    worth = worth_of(people)
    assert worth.gain > 0 >= worth.low
    assert worth.weight == 1 / 3


WORTH = ModelWorth(
    engine="http://127.0.0.1:9/v1  m", model="m", prompts=("p",), scenes=("books",), items=3,
    cases=60, base=0.3, gain=0.1, low=0.05, high=0.15, weight=0.5,
)  # fmt: skip


def said(*, model="m", prompt="p"):
    return LanguageScores(
        scores=(0.0, 1.0), model=model, mode="listwise", prompt=prompt, usage=Usage(), calls=1
    )


def test_the_say_is_of_one_model_prompt_and_scene():
    joint = FixedBlend(language_weight=1 / 3, temperature=1.0, worth=WORTH)
    base = np.asarray([0.0, 0.0])
    third, half = (
        FixedBlend(language_weight=weight, temperature=1.0).joined(
            base, said(), scene="books", cold=False
        )
        for weight in (1 / 3, 1 / 2)
    )
    assert joint.joined(base, said(), scene="books", cold=False) == pytest.approx(half)
    for other, scene in (
        (said(model="n"), "books"), (said(prompt="q"), "books"), (said(), "films")
    ):  # fmt: skip
        assert joint.joined(base, other, scene=scene, cold=False) == pytest.approx(third)
        assert not joint.has_measured(other, scene=scene)
    assert joint.has_measured(said(), scene="books")
    silent = replace(joint, worth=replace(WORTH, weight=0.0))
    assert not silent.asks(base, scene="books", cold=False)
    assert silent.asks(base, scene="films", cold=False)


def endpoint(tmp_path, **rank):
    model = {"base_url": "http://127.0.0.1:9/v1", "name": "m", "then": [{"kind": "embedded"}]}
    return Settings.model_validate({"data_dir": tmp_path, "model": model, "rank": rank})


def test_what_is_kept_is_of_an_address_and_a_name(tmp_path):
    known = endpoint(tmp_path)
    artifacts.save_worth(tmp_path, replace(WORTH, engine=bootstrap.engine_key(known)))
    assert bootstrap.worth(known) is not None
    elsewhere = known.model_copy(
        update={"model": known.model.model_copy(update={"base_url": "http://127.0.0.1:8/v1"})}
    )
    assert bootstrap.worth(elsewhere) is None
    assert bootstrap.is_unmeasured(elsewhere, model="m", prompt="p", scene="books")
    assert not bootstrap.is_unmeasured(known, model="m", prompt="p", scene="books")
    assert bootstrap.is_unmeasured(known, model="m", prompt="newer", scene="books")
    by_hand = endpoint(tmp_path, language_weight=0.2)
    assert bootstrap.worth(by_hand) is None
    assert not bootstrap.is_unmeasured(by_hand, model="x", prompt="p", scene="books")


def test_a_batch_measures_a_model_wherever_it_is_served_later(tmp_path):
    artifacts.save_worth(tmp_path, replace(WORTH, engine="m"))
    found = bootstrap.worth(endpoint(tmp_path))
    assert found is not None
    assert found.model == "m"


def test_an_embedded_model_in_the_next_place_has_not_the_say_of_the_first(tmp_path):
    parts = bootstrap.parts(endpoint(tmp_path))
    assert len(parts.models) == 2
    assert isinstance(parts.ranker, ModelRanker)  # the endpoint's alone is asked to rank
    by_hand = bootstrap.parts(endpoint(tmp_path, language_weight=0.2))
    assert isinstance(by_hand.ranker, FailoverRanker)


def clever(body):
    """Orders the candidates by how soon they come after the newest liked thing."""
    text = body["messages"][-1]["content"]
    *_, newest = re.findall(r"Thing (\d+): liked", text) or ["0"]
    things = re.findall(r"^([A-Z]) Thing (\d+)$", text, re.MULTILINE)
    ordered = sorted(things, key=lambda pair: (int(pair[1]) - int(newest)) % 40 or 40)
    return json.dumps(
        {"best": [letter for letter, number in ordered if int(number) % 2 == int(newest) % 2][:15]}
    )


def backwards(body):
    letters = re.findall(r"^([A-Z]) Thing \d+$", body["messages"][-1]["content"], re.MULTILINE)
    return json.dumps({"best": letters[::-1][:15]})


@pytest.fixture
def indexed(tmp_path, recagent: Command):
    """A folder with the shop indexed in it."""
    write_shop(tmp_path)
    assert recagent("index").returncode == 0
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("indexed")
def test_doctor_names_the_command_that_measures_and_the_command_sets_the_say(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    with StubServer(reply=clever) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("RECAGENT_MODEL__PRICE", "[2.0, 8.0]")
        before = recagent("doctor").stdout
        assert "recagent fit --model-only measures it: 60 requests, at most about" in before
        assert "0.55 by [model] price" in before  # 60 (4000 * 2 + 150 * 8) / 1e6
        assert "a million lists at the longest prompts: 9,200.00 by [model] price" in before
        notes = json.loads(recagent("recommend", "p1", "--json").stdout)["trace"]["notes"]
        assert any("'recagent fit --model-only' measures it (60 calls" in note for note in notes)
        asked = len(server.asked)
        done = recagent("fit", "--model-only", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["cases"] == 60
        assert found["gain"] > 0
        assert found["weight"] > 0
        assert len(server.asked) - asked <= 60
        assert not (tmp_path / "data" / "head.json").exists()
        after = recagent("doctor")
        assert f"language model stub, {found['cases']} past choices" in after.stdout
        assert "fit --model-only" not in after.stdout
        notes = json.loads(recagent("recommend", "p2", "--json").stdout)["trace"]["notes"]
        assert not any("not measured" in note for note in notes)
        again = recagent("fit", "--model-only", "--lang", "zh")
        assert "60 次过去的选择" in again.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("indexed")
def test_a_model_that_is_no_help_is_not_called_any_more(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    with StubServer(reply=backwards) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("RECAGENT_RETRIEVAL__PROPOSALS", "off")
        done = recagent("fit", "--model-only")
        assert "its say from now on: none, it is not called" in done.stdout, done.stderr
        asked = len(server.asked)
        slate = json.loads(recagent("recommend", "p1", "--json").stdout)
        assert slate["trace"]["calls"] == 0
        assert len(server.asked) == asked


@pytest.mark.usefixtures("indexed")
def test_a_model_is_measured_alone_by_a_batch_file(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    monkeypatch.setenv("RECAGENT_MODEL__NAME", "large")
    requests, replies = tmp_path / "requests.jsonl", tmp_path / "replies.jsonl"
    written = recagent("fit", "--model-only", "--requests", str(requests))
    assert "then: recagent fit --model-only --replies OUTPUT" in written.stderr
    lines = [json.loads(line) for line in requests.read_text().splitlines()]
    replies.write_text(
        "\n".join(
            json.dumps({"custom_id": line["custom_id"], "content": clever(line["body"])})
            for line in lines
        )
    )
    done = recagent("fit", "--model-only", "--replies", str(replies))
    assert "language model large, 60 past choices" in done.stdout, done.stderr
    (kept,) = artifacts.load_worths(tmp_path / "data")
    assert (kept.engine, kept.model) == ("large", "large")


def in_a_terminal(arguments, *, says, environment):
    """What a command prints that runs in a terminal where somebody answers its question."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "recagent", *arguments],
        stdin=follower, stdout=follower, stderr=follower, env=environment,
    )  # fmt: skip
    os.close(follower)
    os.write(leader, says)
    shown = b""
    with suppress(OSError):  # how a terminal ends on Linux
        while piece := os.read(leader, 4096):
            shown += piece
    os.close(leader)
    assert process.wait() == 0, shown.decode()
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).split())


@pytest.mark.slow
def test_in_a_terminal_the_measuring_is_offered_its_price_first(indexed):
    with StubServer(reply=clever) as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.url, "COLUMNS": "200"}
        recommend = partial(
            in_a_terminal, ["recommend", "p1"], says=b"n\n", environment=environment
        )
        refused = recommend()
        assert "60 requests, about 6,000 tokens and 60 in reply, at no price" in refused
        assert "Any time: recagent fit --model-only" in refused
        assert "Measure it now" not in recommend()  # a no is asked for once
        assert not artifacts.load_worths(indexed / "data")
        measured = in_a_terminal(["doctor"], says=b"y\n", environment=environment)
        assert "at most about 240,000 tokens" in measured
        assert "its say from now on: " in measured
        (worth,) = artifacts.load_worths(indexed / "data")
        assert worth.cases == 60
        once_more = in_a_terminal(["doctor"], says=b"", environment=environment)
        assert "Measure it now" not in once_more
        assert "60 past choices" in once_more
