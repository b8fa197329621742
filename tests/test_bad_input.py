"""Every kind of bad input ends with a message that names the thing and the next step, exit code 1,
no traceback, and nothing written halfway: what was there before still answers as it did.

A second process, a read-only folder and a full disk are in test_index_folder.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import postgres
import pytest
from command import CONFIG, EVENTS, ITEMS, Command

from recagent import bootstrap, prompts
from recagent.infrastructure.storage import SqlEventStore
from recagent.testing import ScriptedModel

TYPED = '[attributes.price]\ntype = "number"\n'


def write(name: str, text: str | bytes) -> Callable[[Path], None]:
    def prepare(shop: Path) -> None:
        content = text.encode() if isinstance(text, str) else text
        (shop / name).write_bytes(content)

    return prepare


def priced(shop: Path) -> None:
    write("items.csv", "item_id,scene,title,price\nb1,books,Trains,cheap\n")(shop)
    write("recagent.toml", CONFIG + TYPED + '[model]\nkind = "none"\n')(shop)


BAD = {
    "missing column": (
        write("items.csv", ITEMS.replace("item_id", "stuff_no")),
        ["'items.csv' has no column 'item_id'; its columns are stuff", 'columns = { item_id = "'],
    ),
    "wrong type": (
        priced,
        ["'items.csv', row 1: 'price' 'cheap' is not of type number", "correct it, empty it"],
    ),
    "empty catalogue": (
        write("items.csv", "item_id,scene,title\n"),
        ["'items.csv' has no items", "give a file with at least one usable row"],
    ),
    "broken UTF-8": (
        write("items.csv", "item_id,scene,title\nb1,books,Amélie\n".encode("latin-1")),
        ["row 1: 'title' 'Am\\xe9lie' is not utf-8", "it reads 'Amélie'", "save the file as UTF-8"],
    ),
    "duplicate id": (
        write("items.csv", ITEMS + "b1,books,Other trains,travel\n"),
        ["row 3: item id 'b1' is in scene 'books' twice", "keep one"],
    ),
    "impossible time": (
        write("events.csv", EVENTS + "ana,b2,soon\n"),
        ["'events.csv', row 2: 'timestamp' 'soon' is no time", "use seconds since 1970"],
    ),
    "broken quotes": (
        write("items.csv", ITEMS + 'b3,books,"Bread,travel\n'),
        ["row 3: the quotes are broken", "close every quote"],
    ),
    "a file that is not there": (
        lambda shop: (shop / "events.csv").unlink(),
        ["'events.csv' does not exist", "correct the path"],
    ),
    "broken TOML": (
        write("recagent.toml", "[catalog\n"),
        ["config file 'recagent.toml' is not valid TOML", "line 1"],
    ),
    "unknown key": (
        write("recagent.toml", CONFIG + "[cleaning]\nunusabel = 1\n"),
        ["setting 'cleaning.unusabel'", "from recagent.toml"],
    ),
    "a catalogue with more trouble than fits": (
        write("items.csv", "item_id,scene,title\n" + "b1,books,\n" * 9),
        ["9 × 'items.csv', row 1: 'title' is empty; fill it or drop the row", "recagent validate"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_catalogue_that_cannot_be_used_changes_nothing(
    shop: Path, recagent: Command, case: str
) -> None:
    before = slate(recagent)
    names = ("items.csv", "events.csv", "recagent.toml")
    kept = {name: (shop / name).read_bytes() for name in names}
    prepare, says = BAD[case]
    prepare(shop)
    done = recagent("index")
    assert (done.returncode, done.stdout) == (1, "")
    for part in says:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    for name, content in kept.items():
        (shop / name).write_bytes(content)
    assert slate(recagent) == before


@pytest.mark.parametrize("case", BAD)
def test_nothing_is_made_of_a_catalogue_that_cannot_be_used(
    tmp_path: Path, recagent: Command, case: str
) -> None:
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "recagent.toml").write_text(CONFIG)
    BAD[case][0](tmp_path)
    assert recagent("index").returncode == 1
    assert not (tmp_path / ".recagent").exists()


def test_what_is_wrong_is_said_in_chinese_too(shop: Path, recagent: Command) -> None:
    BAD["duplicate id"][0](shop)
    said = recagent("index", "--lang", "zh").stderr
    assert "目录有错误，没有保存任何数据" in said
    assert "'items.csv' 第 3 行：商品编号 'b1' 在场景 'books' 中出现两次；请只保留一个" in said
    (shop / "recagent.toml").write_text("[catalog\n")
    said = recagent("index", "--lang", "zh").stderr
    assert "配置文件 'recagent.toml' 不是有效的 TOML" in said


@pytest.mark.usefixtures("shop")
def test_a_prompt_that_uses_what_it_does_not_declare_is_named(
    recagent: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "prompts"
    shutil.copytree(prompts.folder(), folder)
    path = folder / "rerank" / "label.v1.j2"
    path.write_text(path.read_text(encoding="utf-8") + "{{ weather }}\n", encoding="utf-8")
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "embedded")
    monkeypatch.setenv("RECAGENT_RANK__LANGUAGE_WEIGHT", "0.1")
    monkeypatch.setattr(bootstrap, "models", lambda _: (ScriptedModel(modes={"label"}),))
    with monkeypatch.context() as patched:
        patched.setattr(prompts, "folder", lambda: folder)
        prompts.load.cache_clear()
        done = recagent("recommend", "ana")
    prompts.load.cache_clear()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"prompt {str(path)!r} declares the inputs" in done.stderr
    assert "'weather'" in done.stderr
    assert "make them match" in done.stderr


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.usefixtures("shop")
def test_an_embeddings_endpoint_that_is_down_leaves_the_old_index(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = slate(recagent)
    with monkeypatch.context() as down:
        down.setenv("RECAGENT_EMBEDDER__KIND", "endpoint")
        down.setenv("RECAGENT_EMBEDDER__NAME", "other")
        down.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        done = recagent("index")
        assert done.returncode == 1
        assert "embedder 'other': no answer from 'http://127.0.0.1:9/v1'" in done.stderr
        assert "Traceback" not in done.stderr
    assert slate(recagent) == before


@pytest.mark.usefixtures("shop")
def test_missing_weights_degrade_the_slate_and_name_the_command(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (bootstrap, bootstrap.language_models):
        monkeypatch.setattr(module, "find_weights", lambda: None)
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "embedded")
    monkeypatch.setenv("RECAGENT_RANK__LANGUAGE_WEIGHT", "0.1")
    done = recagent("recommend", "ana")
    assert done.returncode == 0
    assert "DEGRADED" in done.stdout
    assert "recagent models pull" in " ".join(done.stdout.split())
    path = recagent("models", "path")
    assert path.returncode == 1
    assert "run 'recagent models pull'" in path.stderr


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_database_that_goes_in_mid_load_is_named_and_a_later_run_finishes(
    shop: Path,
    recagent: Command,
    monkeypatch: pytest.MonkeyPatch,
    own_server: postgres.Server,
) -> None:
    rows = "".join(f"ana,b1,{number}\n" for number in range(1_700_000_000, 1_700_000_010))
    (shop / "events.csv").write_text("user_id,item_id,timestamp\n" + rows)
    monkeypatch.setenv("RECAGENT_STORE_URL", own_server.create())
    monkeypatch.setattr("recagent.ingest.loading._BATCH", 3)
    add, calls = SqlEventStore.add_events, []

    async def going(store, events, **kwargs):
        calls.append(None)
        if len(calls) == 2:
            own_server.kill()
        return await add(store, events, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(SqlEventStore, "add_events", going)
        done = recagent("index")
    assert done.returncode == 1
    assert "event store 'postgresql://recagent:***@127.0.0.1" in done.stderr
    assert "check that the database is running" in done.stderr
    assert "Traceback" not in done.stderr
    refused = recagent("index")
    assert refused.returncode == 1
    assert "cannot open event store" in refused.stderr
    own_server.start()
    again = json.loads(recagent("index", "--json").stdout)
    assert again["events"] == 7
    assert "10 events" in recagent("doctor").stdout


def slate(recagent: Command) -> object:
    done = recagent("recommend", "ana", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["slate"]
