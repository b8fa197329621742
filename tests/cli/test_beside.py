"""What is kept of people is read and changed while another process has the index open."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import Command

from recagent.config.settings import load

HOLD = (
    "import sys; from filelock import FileLock\n"
    "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def served(shop: Path):
    """Another process has the index folder open, as ``recagent serve`` does."""
    lock = load(shop / "recagent.toml").data_dir / "chroma" / "recagent.lock"
    assert lock.parent.is_dir()
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


@pytest.mark.usefixtures("served")
def test_profiles_are_shown_changed_exported_and_deleted_beside_a_server(recagent: Command):
    edited = recagent("profile", "edit", "ana", "--tag", "茶", "--about", "新来的")
    assert edited.returncode == 0, edited.stderr
    shown = recagent("profile", "show", "ana", "--json")
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert (found["tags"], found["about"], found["events"]) == ({"茶": 1.0}, "新来的", 1)
    assert "another process has the index open" in shown.stderr
    assert "另一个进程正打开着索引" in recagent("profile", "show", "ana", "--lang", "zh").stderr
    assert "茶" in recagent("profile", "export", "ana").stdout
    assert recagent("events", "list", "ana").returncode == 0
    gone = recagent("profile", "delete", "ana", "--yes", "--json")
    assert gone.returncode == 0, gone.stderr
    assert json.loads(gone.stdout)["events"] == 1


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("arguments", "scene"),
    [(["bob", "b1"], "books"), (["小明", "b9", "--scene", "books", "--kind", "view"], "books")],
)
def test_events_are_added_beside_a_server(recagent: Command, arguments, scene):
    added = recagent("events", "add", *arguments, "--json")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["scene"] == scene
    assert "was not looked up in the catalogue" in added.stderr
    shown = json.loads(recagent("profile", "show", arguments[0], "--json").stdout)
    assert shown["events"] == 1


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bob", "b2"], "no earlier event shows the scene of item 'b2'; name it with --scene"),
        (["bob", "b1", "--kind", "loves"], "loves"),
        (["bob", "b1", "--kind", "rating", "--value", "70"], "the value must be between"),
        (["bob", "b1", "--at", "2999-01-01T00:00:00"], "is in the future"),
    ],
)
def test_what_cannot_be_is_refused_beside_a_server_too(recagent: Command, arguments, says):
    added = recagent("events", "add", *arguments)
    assert (added.returncode, added.stdout) == (1, "")
    assert says in added.stderr


def test_doctor_says_that_no_config_was_found_and_what_it_looks_at(
    tmp_path: Path, monkeypatch, recagent: Command
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    said = recagent("doctor").stdout
    assert "ok    config    none found: there is no recagent.toml here" in said
    assert "data in " in said


def test_doctor_takes_a_model_that_no_slate_asks_for_no_fault(
    shop: Path, monkeypatch, recagent: Command
):
    monkeypatch.chdir(shop)
    config = shop / "recagent.toml"
    here = 'kind = "embedded"\npath = "none.gguf"'
    config.write_text(config.read_text().replace('kind = "none"', here))
    done = recagent("doctor")
    assert "ok    model     not asked here, so it is no fault" in done.stdout
    assert "config" not in done.stdout.replace("recagent.toml", "")
    assert done.returncode == 0
    config.write_text(config.read_text() + "\n[rank]\nlanguage_weight = 0.2\n")
    asked = recagent("doctor")
    assert "FAIL  model" in asked.stdout
    assert asked.returncode == 1
