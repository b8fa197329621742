"""Scripted conversations on the bundled data, and the command that talks."""

import io
import os
import sys
from pathlib import Path

import orjson
import pytest
from command import Command
from examples import wait

from benchmarks.scripted import Script, opened, read_scripts, run_script
from recagent.chat import Agent
from recagent.errors import DataError

CASES = Path(__file__).parents[2] / "eval" / "cases" / "chat"
SCRIPTS = read_scripts(CASES)
ON_DEMO = pytest.mark.usefixtures("demo_cache")


@pytest.fixture
def demo_cache(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("RECAGENT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])


def outcomes(scripts, folder):
    """How scripts go, each catalogue and language on a line of its own."""

    async def main():
        lines, found = {}, []
        for script in scripts:
            key = (script.catalogue, script.lang)
            if key not in lines:
                place = folder / "-".join(key)
                place.mkdir()
                lines[key] = await opened(*key[:1], place, lang=script.lang)
            agent = Agent(lines[key], lang=script.lang)
            found.append(await run_script(script, line=lines[key], agent=agent))
        for line in lines.values():
            await line.close()
        return found

    return wait(main())


def test_there_are_enough_scripts_in_both_languages():
    assert len(SCRIPTS) >= 40
    assert {script.lang for script in SCRIPTS} == {"en", "zh"}
    assert {script.catalogue for script in SCRIPTS} == {"demo", "shop", "shop-zh"}


@ON_DEMO
@pytest.mark.slow
def test_every_script_goes_as_declared(tmp_path):
    found = outcomes(SCRIPTS, tmp_path)
    assert [failure for each in found for failure in each.failures] == []
    assert sum(each.entries for each in found) > 400
    assert sum(each.claims for each in found) > 400
    assert sum(each.broken + each.foreign + each.untrue for each in found) == 0


def test_a_script_that_is_not_met_says_where(tmp_path):
    shop = {"catalogue": "shop", "user": "ana", "scene": "kitchen"}
    turns = [
        {"say": "under 30 euros", "must": [["price", "at most", 20]], "says": ["nonsense"]},
        {"say": "cheaper", "shows": False, "asks": True, "rather": ["topics"], "scene": "books",
         "unclear": ["mood"], "gone": [["price", "at most", 1]]},
    ]  # fmt: skip
    script = Script.model_validate({"id": "wrong", "turns": turns, **shop})
    (found,) = outcomes([script], tmp_path)
    assert len(found.failures) == 7
    assert found.failures[0].startswith("wrong, turn 1: does not say 'nonsense' but 'From now on")
    assert found.broken > 0  # things between 20 and 30 euros, as the script would not have them


def test_a_file_that_is_no_script_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text("[[script]]\nid = 'x'\n")
    with pytest.raises(DataError, match=r"a\.toml' cannot be read"):
        read_scripts(tmp_path)
    twice = "[[script]]\nid = 'x'\nuser = 'u'\nturns = [{ say = 'hi' }]\n" * 2
    (tmp_path / "a.toml").write_text(twice)
    with pytest.raises(DataError, match="two conversations are called 'x'"):
        read_scripts(tmp_path)


@pytest.mark.usefixtures("shop")
def test_the_command_talks_over_a_pipe(recagent: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("no cooking\n\nlist\n/quit\nnever read\n"))
    done = recagent("chat", "--user", "ben", "--scene", "books")
    assert done.returncode == 0, done.stderr
    assert "From now on: topics: not cooking (“no cooking”)." in done.stdout
    assert " 1. Trains" in done.stdout
    assert "Bread" not in done.stdout
    assert "In force: 1. topics: not cooking" in done.stdout


@pytest.mark.usefixtures("shop")
def test_the_command_prints_json_lines_and_ends_with_its_input(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("what to read\nno travel\nwhy the first?\n"))
    done = recagent("chat", "--json", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    pieces = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert {key for piece in pieces for key in piece} >= {"words", "shown", "noted"}
    shown = next(piece["shown"] for piece in pieces if "shown" in piece)
    assert [entry["item_id"] for entry in shown["slate"]]


@pytest.mark.parametrize("typed", ["hello\n", ""])
@pytest.mark.usefixtures("shop")
def test_the_command_says_what_is_wrong(
    recagent: Command, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    done = recagent("chat", "--scene", "cellar")
    assert done.returncode == 1
    assert "unknown scene 'cellar'" in done.stderr
