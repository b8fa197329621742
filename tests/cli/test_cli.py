"""The command line as people meet it: what it prints, where, and with which exit code."""

import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import anyio
import pytest
import typer
from command import EVENTS, ITEMS, Command
from examples import use_embedder

from recagent import __version__, bootstrap
from recagent.cli import doctor
from recagent.cli.app import COMMANDS, load_command
from recagent.config.settings import Settings
from recagent.testing import HashEmbedder, ScriptedModel

HEAVY = (
    "numpy",
    "chromadb",
    "aiohttp",
    "openai",
    "polars",
    "sqlalchemy",
    "xllamacpp",
    "pydantic",
    "rich",
)


def test_help_and_the_package_load_nothing_heavy() -> None:
    script = (
        "import sys, recagent, recagent.cli.app\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_help_lists_every_command(recagent: Command) -> None:
    done = recagent("--help")
    assert done.returncode == 0
    for command in ("demo", "recommend", "explain", "index", "events", "models", "doctor"):
        assert command in done.stdout


def test_help_says_of_each_command_what_the_command_says_of_itself() -> None:
    for name, line in COMMANDS.items():
        assert load_command(name).help.split("\n\n")[0] == line


def test_the_version_is_printed_without_a_command(recagent: Command) -> None:
    done = recagent("--version")
    assert (done.returncode, done.stdout) == (0, f"recagent {__version__}\n")


@pytest.mark.usefixtures("shop")
def test_a_second_indexing_run_changes_nothing(recagent: Command) -> None:
    done = json.loads(recagent("index", "--json").stdout)
    assert done.pop("report")["usable"]
    unchanged = {"written": 0, "unchanged": 2, "deleted": 0, "outdated": 0}
    events = {"events": 0, "earlier": 0, "replaced": 0}
    assert done == {**unchanged, **events, "people": 0, "pruned": 0}


def test_a_changed_catalogue_is_updated_not_doubled(shop: Path, recagent: Command) -> None:
    (shop / "items.csv").write_text(ITEMS.replace("b2,books,Bread", "b3,books,Cake"))
    done = recagent("index", "--json")
    counts = json.loads(done.stdout)
    assert [counts[name] for name in ("written", "unchanged", "deleted")] == [1, 1, 1]


@pytest.mark.usefixtures("shop")
def test_a_slate_is_a_table_or_one_json_object_on_stdout(recagent: Command) -> None:
    slate = json.loads(recagent("recommend", "ana", "--json").stdout)
    assert (slate["person"], slate["scene"]) == ("ana", "books")
    assert [entry["item_id"] for entry in slate["slate"]] == ["b2"]
    assert slate["trace"]["scene_from"] == "last event"
    table = recagent("recommend", "ana")
    assert "Bread" in table.stdout
    assert "the scene of their last event" in table.stdout
    assert table.stderr == ""


@pytest.mark.usefixtures("shop")
def test_a_stored_event_changes_the_next_slate(recagent: Command) -> None:
    assert "stored: ana like b2 in books" in recagent("events", "add", "ana", "b2").stdout
    listed = json.loads(recagent("events", "list", "ana", "--json").stdout)
    assert [event["item_id"] for event in listed] == ["b2", "b1"]
    assert "You have seen everything in this scene." in recagent("recommend", "ana").stdout


def test_without_an_id_somebody_new_is_answered_and_nothing_is_stored(
    recagent: Command, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nobody in ([], [""], ["guest"]):
        slate = json.loads(recagent("recommend", *nobody, "--json").stdout)
        assert slate["trace"]["cold"] == "fully"
    monkeypatch.setattr(sys, "stdin", io.StringIO("I like Bread\nrecommend something\n"))
    assert "Noted: you like" in recagent("chat").stdout
    with closing(sqlite3.connect(shop / ".recagent" / "store.db")) as store:
        assert store.execute("select count(*) from impressions").fetchone() == (0,)
        assert store.execute("select count(*) from events").fetchone() == (EVENTS.count("\n") - 1,)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["recommend", "ana", "--scene", "cars"], 1, "unknown scene 'cars'; indexed scenes: books"),
        (["recommend", "ana", "-k", "0"], 2, "-k"),
        (["explain", "ana"], 2, "ITEM"),
        (["events", "add", "guest", "b2"], 1, "'guest' is nobody in particular"),
        (["explain", "ana", "b9"], 1, "item 'b9' is not in the catalogue"),
        (["events", "add", "ana", "b9"], 1, "item 'b9' is not in the catalogue"),
        (
            ["events", "add", "ana", "b1", "--kind", "hug"],
            1,
            "unknown event kind 'hug'; use one of",
        ),
        (["events", "add", "ana", "b1", "--kind", "rating"], 1, "the value must be between"),
        (["index", "--config", "nowhere.toml"], 1, "'nowhere.toml' does not exist"),
        (["frobnicate"], 2, "frobnicate"),
        (["events", "add", "ana", "b1", "--scene", "cars"], 1, "unknown scene 'cars'"),
    ],
)
def test_bad_input_is_named_on_stderr_with_the_right_exit_code(
    recagent: Command, arguments: list[str], code: int, says: str
) -> None:
    done = recagent(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_catalogue_does_not_know_is_counted_and_said(
    shop: Path, recagent: Command
) -> None:
    (shop / "events.csv").write_text(EVENTS.replace("\n", ",scene\n", 1).replace(
        "20:00:00", "20:00:00,books") + "ana,b77,20260502,books\n")  # fmt: skip
    assert "notes: 1; see them with: recagent validate" in recagent("index").stdout
    seen = recagent("validate").stdout
    assert "item 'b77' is not in the catalogue's scene 'books'; the event is kept" in seen


@pytest.mark.parametrize(
    ("items", "events", "says"),
    [
        (ITEMS + "b1,films,Other,travel\n", EVENTS, "one id must be one thing"),
        (
            ITEMS,
            "user_id,item_id,timestamp,value\nana,b1,20260501,100\n",
            "every rating (1) is 100, so what it is out of cannot be told; set [ratings] low",
        ),
        (
            ITEMS,
            "user_id,item_id,timestamp,value\n"
            + "".join(f"ana,b1,{at},{1 + at % 10}\n" for at in range(100))
            + "ana,b1,20260501,100\n",
            "from 0 to 10, got '100'",
        ),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(
    shop: Path, recagent: Command, items: str, events: str, says: str
) -> None:
    (shop / "items.csv").write_text(items)
    (shop / "events.csv").write_text(events)
    done = recagent("index")
    assert done.returncode == 1
    assert says in done.stderr


def test_hostile_text_of_a_catalogue_stays_text(shop: Path, recagent: Command) -> None:
    rows = (
        "item_id,scene,title,topics\x1b[31m\nb1,[/x],Trains,travel\n"
        "b2\x1b[31m,[/x],[bold]Bread\x1b]0;owned,travel|\x1b[31mred\n"
    )
    (shop / "items.csv").write_text(rows)
    (shop / "events.csv").write_text(EVENTS)
    for command in ("index", "validate"):
        refused = recagent(command)
        assert refused.returncode == 1
        assert "holds a control character" in refused.stdout + refused.stderr
        assert "\x1b" not in refused.stdout + refused.stderr
    (shop / "items.csv").write_text(rows.replace("b2\x1b[31m", "b2"))
    assert recagent("index").returncode == 0
    for command in (["recommend", "ana", "--scene", "[/x]"], ["events", "list", "ana"]):
        done = recagent(*command)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
    assert "[bold]Bread" in recagent("recommend", "ana", "--scene", "[/x]").stdout


def test_without_a_catalogue_the_next_step_is_named(recagent: Command) -> None:
    done = recagent("index")
    assert done.returncode == 1
    assert "recagent demo" in done.stderr
    done = recagent("recommend", "ana")
    assert done.returncode == 1
    assert "run 'recagent index'" in done.stderr


@pytest.mark.usefixtures("shop")
def test_another_embedder_than_the_indexs_is_refused(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_EMBEDDER__KIND", "endpoint")
    monkeypatch.setenv("RECAGENT_EMBEDDER__NAME", "other")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = recagent("recommend", "ana")
    assert done.returncode == 1
    assert "was indexed with 'wordllama-l2-supercat-256'" in done.stderr


@pytest.mark.usefixtures("shop")
def test_another_embedder_indexes_beside_and_prune_deletes_the_old_index(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = bootstrap.embedder
    use_embedder(monkeypatch, lambda _: HashEmbedder())
    beside = recagent("index")
    assert "items: 2 indexed, 0 unchanged" in beside.stdout
    assert "1 scenes of other embedders, or not in the files, are still there" in beside.stdout
    assert "recagent index --prune" in beside.stdout
    assert "Bread" in recagent("recommend", "ana").stdout
    use_embedder(monkeypatch, old)
    assert "Bread" in recagent("recommend", "ana").stdout
    use_embedder(monkeypatch, lambda _: HashEmbedder())
    pruned = recagent("index", "--prune")
    assert "1 scenes deleted that are of other embedders" in pruned.stdout
    assert "still there" not in recagent("index").stdout
    use_embedder(monkeypatch, old)
    gone = recagent("recommend", "ana")
    assert gone.returncode == 1
    assert "was indexed with 'hash' '1', but the settings name 'wordllama" in gone.stderr


def test_a_scene_that_left_the_files_stays_until_it_is_pruned(
    shop: Path, recagent: Command
) -> None:
    (shop / "items.csv").write_text(ITEMS + "f1,films,Sleeper Car,travel\n")
    assert "1 indexed" in recagent("index").stdout
    (shop / "items.csv").write_text(ITEMS)
    assert "1 scenes of other embedders, or not in the files" in recagent("index").stdout
    assert "Sleeper Car" in recagent("recommend", "ana", "--scene", "films").stdout
    kept = {*(shop / ".recagent" / "kept").iterdir()}
    assert "1 scenes deleted" in recagent("index", "--prune").stdout
    assert {*(shop / ".recagent" / "kept").iterdir()} < kept
    assert "unknown scene 'films'" in recagent("recommend", "ana", "--scene", "films").stderr


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_index_on_a_server_needs_no_folder(
    shop: Path, recagent: Command, chroma_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_INDEX__URL", chroma_url)
    monkeypatch.setenv("RECAGENT_DATA_DIR", str(shop / "served"))
    assert "2 indexed" in recagent("index").stdout
    assert "Bread" in recagent("recommend", "ana").stdout
    assert not (shop / "served" / "chroma").exists()
    monkeypatch.setenv("RECAGENT_INDEX__URL", "127.0.0.1:9")
    wrong = recagent("recommend", "ana")
    assert wrong.returncode == 1
    assert "[index] url '127.0.0.1:9' must look like" in wrong.stderr


@pytest.mark.usefixtures("shop")
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_dead_endpoint_degrades_the_slate_and_says_so(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "endpoint")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = recagent("recommend", "ana")
    assert done.returncode == 0
    assert "Bread" in done.stdout
    assert "DEGRADED: retrieval order: no answer from" in done.stdout


@pytest.mark.usefixtures("shop")
def test_the_doctor_names_what_is_missing_and_what_mends_it(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = recagent("doctor")
    assert well.returncode == 0, well.stdout
    assert "2 items in 1 scenes: books" in well.stdout
    assert "nothing yet; 'recagent fit' learns from stored events" in well.stdout
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "embedded")
    monkeypatch.setenv("RECAGENT_MODEL__PATH", "nowhere.gguf")
    assert recagent("doctor").returncode == 0  # nobody asks it before a fit
    monkeypatch.setenv("RECAGENT_RANK__LANGUAGE_WEIGHT", "0.1")
    ill = recagent("doctor", "--json")
    assert ill.returncode == 1
    (model,) = [line for line in json.loads(ill.stdout) if line["name"] == "model"]
    assert not model["ok"]
    assert "recagent models pull" in model["says"]


@pytest.mark.slow
def test_ctrl_c_exits_with_130_and_the_next_run_goes_on(
    shop: Path, recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"x{number},books,Title {number},travel\n" for number in range(20_000))
    (shop / "items.csv").write_text(ITEMS + rows)
    monkeypatch.setenv("RECAGENT_DATA_DIR", str(shop / "fresh"))
    process = subprocess.Popen(
        [sys.executable, "-m", "recagent", "index"],
        cwd=shop,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    while not (shop / "fresh" / "chroma" / "chroma.sqlite3").exists():  # work has begun
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "recagent: stopped; what is written stays, run it again to go on" in said
    assert "Traceback" not in said
    (shop / "items.csv").write_text(ITEMS)
    assert recagent("index").returncode == 0
    assert "Bread" in recagent("recommend", "ana").stdout


def test_the_doctor_waits_while_the_demo_is_loaded_for_the_first_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loading(*_: object) -> Settings:
        anyio.run(anyio.sleep, 0)
        return Settings(data_dir=tmp_path, model={"kind": "none"})  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(doctor, "load_settings", loading)
    with pytest.raises(typer.Exit):
        doctor.doctor(demo=True, json=True)
    assert "no scene is indexed" in capsys.readouterr().out


@pytest.mark.usefixtures("shop")
def test_the_doctor_looks_at_every_model(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "embedded")
    monkeypatch.setenv("RECAGENT_MODEL__PATH", "nowhere.gguf")
    monkeypatch.setenv("RECAGENT_MODEL__THEN", '[{"kind": "embedded", "path": "gone.gguf"}]')
    found = json.loads(recagent("doctor", "--json").stdout)
    said = [line["says"] for line in found if line["name"] == "model"]
    assert ["nowhere.gguf" in said[0], "gone.gguf" in said[1]] == [True, True]


@pytest.mark.usefixtures("shop")
def test_kept_replies_are_forgotten_when_asked(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "embedded")
    monkeypatch.setenv("RECAGENT_RANK__LANGUAGE_WEIGHT", "0.1")
    model = ScriptedModel()
    monkeypatch.setattr(bootstrap, "models", lambda _: (model,))
    assert recagent("models", "forget").stdout == "0 replies forgotten\n"
    for _ in range(2):
        recagent("recommend", "ana")
    assert len(model.seen) == 1
    assert recagent("models", "forget").stdout == "1 replies forgotten\n"
    recagent("recommend", "ana")
    assert len(model.seen) == 2
