"""A folder has one owner at a time, and one that cannot be written says so."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from examples import make_item, wait

from recagent import Recommender
from recagent.errors import RetrievalError
from recagent.infrastructure.vectors import ChromaFolder, ChromaIndex

CONFIG = '[catalog]\nitems = [{ path = "items.csv" }]\n[model]\nkind = "none"\n'
BOOKS = [make_item(f"b{number}") for number in range(4)]
ROWS = np.eye(4, dtype=np.float32)
# Owns the folder until its input ends; each line that comes in is an item to add.
OWNER = """
import sys, anyio
from pathlib import Path
import numpy as np
from recagent.infrastructure.vectors import ChromaFolder, ChromaIndex
from recagent.domain import Item

async def main():
    index = ChromaIndex(ChromaFolder(Path(sys.argv[1])), embedder="hash", version="1")
    await index.fingerprints("books")
    print("open", flush=True)
    for line in sys.stdin:
        item = Item(id=line.strip(), scene="books", title="Title")
        await index.upsert("books", items=[item], vectors=np.full((1, 4), 0.5, np.float32))
        print("added", flush=True)
    await index.close()

anyio.run(main)
"""

THREE_COMMANDS = """
import sys
from recagent.cli import main

for command in (["index"], ["recommend", "ana"], ["doctor"]):
    sys.argv = ["recagent", *command]
    try:
        main()
    except SystemExit as left:
        print("exit code", left.code)
"""

Owner = subprocess.Popen[str]


def open_index(folder: Path) -> ChromaIndex:
    return ChromaIndex(ChromaFolder(folder), embedder="hash", version="1")


def fill(index: ChromaIndex) -> None:
    wait(index.upsert("books", items=BOOKS, vectors=ROWS))
    wait(index.publish())


@pytest.fixture
def own() -> Iterator[Callable[[Path], Owner]]:
    """Starts another process that owns a folder."""
    started: list[Owner] = []

    def start(folder: Path) -> Owner:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], **pipes)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a small catalogue that is not indexed yet."""
    (tmp_path / "items.csv").write_text("item_id,scene,title\nb1,books,Trains\n")
    (tmp_path / "recagent.toml").write_text(CONFIG)
    return tmp_path


def recagent(shop: Path, *arguments: str, disk: int | None = None) -> tuple[int, str, str]:
    """The command line in a process that can write files of up to ``disk`` bytes."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (disk or -1, -1))

    done = subprocess.run(
        [sys.executable, "-m", "recagent", *arguments],
        cwd=shop, env=nobodys(), capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=limited,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def nobodys() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("RECAGENT_", "OPENAI_"))}


@pytest.mark.slow
def test_a_second_process_is_told_who_owns_the_folder_and_what_to_do(
    tmp_path: Path, own: Callable[[Path], Owner]
) -> None:
    owner = own(tmp_path)
    with pytest.raises(RetrievalError) as caught:
        wait(open_index(tmp_path).scenes())
    for part in (repr(str(tmp_path)), f"process {owner.pid}", "chroma run", "[index] url"):
        assert part in str(caught.value)
    owner.send_signal(signal.SIGKILL)
    owner.wait(timeout=30)
    index = open_index(tmp_path)
    assert wait(index.scenes()) == []
    wait(index.close())


@pytest.mark.slow
def test_a_closed_folder_can_be_owned_by_another_process_and_read_again_after_it(
    tmp_path: Path, own: Callable[[Path], Owner]
) -> None:
    first, second = open_index(tmp_path), open_index(tmp_path)
    fill(first)
    assert len(wait(second.items("books"))) == 4
    wait(first.close())
    with pytest.raises(AssertionError):  # the second object of this process still has it
        own(tmp_path)
    wait(second.close())
    owner = own(tmp_path)
    said, _ = owner.communicate("b8\nb9\n", timeout=60)
    assert said == "added\nadded\n"
    assert list(wait(first.items("books"))) == ["b0", "b1", "b2", "b3", "b8", "b9"]
    np.testing.assert_allclose(wait(first.vectors("books", ids=["b9"])), [[0.5] * 4], atol=1e-6)
    wait(first.close())


@pytest.mark.slow
def test_the_command_line_and_the_doctor_name_the_owner(
    shop: Path, own: Callable[[Path], Owner]
) -> None:
    owner = own(shop / ".recagent" / "chroma")
    code, out, err = recagent(shop, "index")
    assert (code, out) == (1, "")
    assert f"is in use by process {owner.pid}; stop that process" in err
    code, out, _ = recagent(shop, "doctor", "--json")
    assert code == 1
    (finding,) = [line for line in json.loads(out) if line["name"] == "index"]
    assert not finding["ok"]
    assert f"is in use by process {owner.pid}" in finding["says"]


@pytest.mark.slow
def test_a_closed_recommender_lets_the_folder_go(
    shop: Path, own: Callable[[Path], Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    assert recagent(shop, "index")[0] == 0
    with Recommender.from_config() as recommender:
        assert len(recommender.recommend("ana").entries) == 1
        with pytest.raises(AssertionError):
            own(shop / ".recagent" / "chroma")
    own(shop / ".recagent" / "chroma")


@pytest.mark.parametrize("place", [".recagent", ".recagent/chroma"])
def test_a_read_only_folder_is_named_with_the_next_step(shop: Path, place: str) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-m", "true"]).returncode:  # noqa: PLW1510
        # Root may write anywhere: permissions alone would test nothing.
        pytest.skip("READ-ONLY FOLDER NOT TESTED: this machine gives no mount namespace (unshare)")
    folder = shop / ".recagent" / "chroma"
    index = open_index(folder)
    fill(index)
    wait(index.close())
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    mount = f'mount --bind {place} {place} && mount -o remount,ro,bind {place} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", THREE_COMMANDS],
        cwd=shop, env=nobodys(), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.count("exit code 1") == 3, done.stdout
    assert "Traceback" not in done.stderr
    said = done.stdout + done.stderr
    assert f"cannot write to index folder {str(folder)!r}" in said
    assert said.count("make it writable, or set data_dir to a writable folder") >= 2
    assert {path: path.read_bytes() for path in before} == before


def test_a_path_that_is_a_file_is_named(shop: Path) -> None:
    (shop / ".recagent").write_text("")
    code, _, err = recagent(shop, "index")
    assert code == 1
    assert f"cannot write to index folder {str(shop / '.recagent' / 'chroma')!r}" in err


@pytest.mark.slow
def test_a_full_disk_is_named_and_a_later_run_finishes(shop: Path) -> None:
    rows = "".join(f"b{number},books,Title {number}\n" for number in range(3000))
    (shop / "items.csv").write_text("item_id,scene,title\n" + rows)
    code, _, err = recagent(shop, "index", disk=1_500_000)
    assert code == 1
    assert f"{str(shop / '.recagent' / 'chroma')!r}: no space left" in err
    assert "run the command again" in err
    code, _, err = recagent(shop, "recommend", "ana")
    assert code == 1
    assert "indexing has not finished; run 'recagent index' to continue" in err
    code, out, _ = recagent(shop, "index", "--json")
    assert code == 0
    done = json.loads(out)
    assert done["written"] + done["unchanged"] == 3000


@pytest.mark.parametrize("lost", ["index_metadata.pickle", ""])
def test_a_scene_whose_vectors_are_lost_is_written_anew(
    tmp_path: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frequent = {"space": "cosine", "sync_threshold": 4}
    monkeypatch.setattr("recagent.infrastructure.vectors.embedder_collections.HNSW", frequent)
    index = open_index(tmp_path)
    fill(index)
    wait(index.close())
    (written,) = tmp_path.glob("*/index_metadata.pickle")
    if lost:  # a kill while it was written
        os.truncate(written, written.stat().st_size // 2)
    else:
        shutil.rmtree(written.parent)
    with pytest.raises(RetrievalError, match="'recagent index' rebuilds the unreadable parts"):
        wait(index.items("books"))
    assert wait(index.fingerprints("books")) == {}
    fill(index)
    assert list(wait(index.items("books"))) == [item.id for item in BOOKS]
    np.testing.assert_allclose(wait(index.vectors("books", ids=["b2"])), ROWS[2:3], atol=1e-6)
    wait(index.close())


def test_a_scene_whose_vector_files_are_of_two_times_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between two of Chroma's vector files shows when it next applies what came after."""
    frequent = {"space": "cosine", "sync_threshold": 64}
    monkeypatch.setattr("recagent.infrastructure.vectors.embedder_collections.HNSW", frequent)
    rows = np.random.default_rng(0).normal(size=(512, 64)).astype(np.float32)
    items = [make_item(f"b{number:03}") for number in range(512)]

    def write(index: ChromaIndex, start: int, stop: int) -> None:
        for at in range(start, stop, 64):
            batch = slice(at, at + 64)
            wait(index.upsert("books", items=items[batch], vectors=rows[batch]))

    index = open_index(tmp_path / "index")
    write(index, 0, 448)
    wait(index.close())
    (earlier,) = (tmp_path / "index").glob("*/header.bin")
    shutil.copytree(earlier.parent, tmp_path / "earlier")
    write(index, 448, 512)
    wait(index.close())
    for name in ("length.bin", "link_lists.bin", "index_metadata.pickle"):
        shutil.copy(tmp_path / "earlier" / name, earlier.parent)
    with pytest.raises(RetrievalError, match="'recagent index' rebuilds the unreadable parts"):
        wait(index.upsert("books", items=[make_item("new")], vectors=rows[:1]))
    assert wait(index.fingerprints("books")) == {}
    write(index, 0, 512)
    assert len(wait(index.fingerprints("books"))) == 512
    wait(index.close())
