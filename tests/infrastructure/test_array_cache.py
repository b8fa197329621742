"""What takes long to make is kept for the next process; nothing stale or torn is ever served."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from subprocess import PIPE

import numpy as np
import pytest
from examples import LIKES, SCALE, make_event, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.array_cache import ArrayCache, StampedItems, texts_as_array, texts_of_array
from recagent.errors import StoreError
from recagent.infrastructure.storage import SqlEventStore
from recagent.infrastructure.vectors import ChromaFolder, ChromaIndex
from recagent.pipeline import Options, Pipeline
from recagent.retrieval import InteractionSnapshot
from recagent.retrieval.sources.bm25 import _ranker
from recagent.scenes.editions import Editions, editions

ROWS = {"numbers": np.arange(6, dtype=np.float32).reshape(2, 3), "none": np.zeros((0, 4))}
BOOKS = [
    make_item("b1", "Bread for winter", topics=("bread", "baking"), price=3.5, pages=120),
    make_item("b2", "冬天的面包", topics=("面包",), in_stock=True),
    make_item("b3", "A history of tea"),
]
VECTORS = np.eye(3, 4, dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kept"


@pytest.fixture
def kept(folder):
    return ArrayCache(folder)


def files(folder):
    return sorted(folder.iterdir())


def test_arrays_come_back_under_their_stamp_alone(kept, folder):
    kept.save("rows.1", "books", stamp="one", arrays=ROWS)
    found = kept.load("rows.1", "books", stamp="one")
    assert found is not None
    assert found.keys() == ROWS.keys()
    for name, array in ROWS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    assert kept.load("rows.1", "books", stamp="two") is None
    assert kept.load("rows.2", "books", stamp="one") is None
    assert kept.load("rows.1", "films", stamp="one") is None
    assert kept.load("rows.1", "books", stamp="") is None
    kept.save("rows.1", "books", stamp="two", arrays=ROWS)
    assert kept.load("rows.1", "books", stamp="one") is None
    assert len(files(folder)) == 1  # the old file is gone, and nothing half written stays


def test_what_is_pruned_is_all_of_other_scenes(kept, folder):
    for of in ("books", "films", ""):
        for kind in ("items.1", "words.1"):
            kept.save(kind, of, stamp="one", arrays=ROWS)
    (folder / f"{files(folder)[0].name}x7.new").touch()  # of a process that was killed
    kept.prune(keep={"books", ""})
    for kind in ("items.1", "words.1"):
        assert kept.load(kind, "films", stamp="one") is None
        assert kept.load(kind, "books", stamp="one") is not None
        assert kept.load(kind, "", stamp="one") is not None
    kept.prune(keep=())
    assert files(folder) == []
    ArrayCache(None).prune(keep=())
    ArrayCache(folder / "none").prune(keep=())


WRITER = """
import sys
from pathlib import Path
import numpy as np
from recagent.array_cache import ArrayCache
kept, stamp = ArrayCache(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for at in range(150):
    rows = np.full((1 + at % 7 * 500, 3), int(stamp), dtype=np.int64)
    kept.save("rows.1", "books", stamp=stamp, arrays={"rows": rows, "sum": rows.sum(0)})
"""


def test_two_processes_that_write_at_once_leave_one_whole_file(kept, folder):
    with (
        subprocess.Popen([sys.executable, "-c", WRITER, folder, "1"], stdout=PIPE) as one,
        subprocess.Popen([sys.executable, "-c", WRITER, folder, "2"], stdout=PIPE) as two,
    ):
        assert one.stdout.readline() == two.stdout.readline() == b"ready\n"
        whole = 0
        while one.poll() is None or two.poll() is None:
            for stamp in (1, 2):
                found = kept.load("rows.1", "books", stamp=str(stamp))
                if found is not None:
                    whole += 1
                    assert (found["rows"] == stamp).all()
                    assert (found["sum"] == stamp * len(found["rows"])).all()
    assert (one.returncode, two.returncode, whole > 0) == (0, 0, True)
    assert len(files(folder)) == 1
    assert any(kept.load("rows.1", "books", stamp=stamp) is not None for stamp in ("1", "2"))


def test_another_version_of_recagent_reads_nothing_of_it(kept, monkeypatch):
    kept.save("rows.1", "books", stamp="one", arrays=ROWS)
    monkeypatch.setattr("recagent.array_cache.version", lambda _: "9.9")
    assert kept.load("rows.1", "books", stamp="one") is None


@pytest.mark.parametrize("length", [0, 5, 20, 60, -1, -30])
def test_a_torn_file_is_none_and_is_written_again(kept, folder, length):
    kept.save("rows.1", "books", stamp="one", arrays={"numbers": ROWS["numbers"]})
    (file,) = files(folder)
    file.write_bytes(file.read_bytes()[:length])
    assert kept.load("rows.1", "books", stamp="one") is None
    kept.save("rows.1", "books", stamp="one", arrays=ROWS)
    assert kept.load("rows.1", "books", stamp="one") is not None


@pytest.mark.parametrize("content", [b"PK\x03\x04 zip", b"recagent kept 1\n" + b"\xff" * 40])
def test_a_foreign_file_is_none(kept, folder, content):
    kept.save("rows.1", "books", stamp="one", arrays=ROWS)
    files(folder)[0].write_bytes(content)
    assert kept.load("rows.1", "books", stamp="one") is None


def test_objects_are_not_read(kept, folder):
    kept.save("rows.1", "books", stamp="one", arrays={"numbers": np.zeros(8)})
    (file,) = files(folder)
    file.write_bytes(file.read_bytes().replace(b'"<f8"', b'"|O8"'))
    assert kept.load("rows.1", "books", stamp="one") is None


def test_a_folder_that_cannot_be_written_keeps_nothing_and_breaks_nothing(tmp_path):
    (tmp_path / "kept").write_text("a file where the folder would be", encoding="utf-8")
    kept = ArrayCache(tmp_path / "kept")
    kept.save("rows.1", "books", stamp="one", arrays=ROWS)
    assert kept.load("rows.1", "books", stamp="one") is None


def test_texts_are_kept_as_json():
    told = {"名字": ["面包", None, 1.5], "b": True}
    assert texts_of_array(texts_as_array(told)) == told


def opened(tmp_path, *, version="1"):
    kept = ArrayCache(tmp_path / "kept")
    return ChromaIndex(ChromaFolder(tmp_path / "chroma"), embedder="e", version=version, cache=kept)


async def content(index):
    items = await index.items("books")
    return dict(items), (await index.vectors("books", ids=[*items])).tolist()


def reads(monkeypatch):
    """Counts how often a collection is read."""
    from recagent.infrastructure.vectors import index

    counted, plain = [], index.read_collection
    monkeypatch.setattr(
        index, "read_collection", lambda *a, **k: counted.append(1) or plain(*a, **k)
    )
    return counted


def test_a_scene_is_read_once_for_all_processes_and_again_after_a_change(tmp_path, monkeypatch):
    counted = reads(monkeypatch)

    async def main():
        index = opened(tmp_path)
        await index.upsert("books", items=BOOKS[:2], vectors=VECTORS[:2])
        await index.publish()
        first = await content(index)
        await index.close()
        index = opened(tmp_path)
        assert await content(index) == first
        assert len(counted) == 1
        await index.upsert("books", items=[BOOKS[2]], vectors=VECTORS[2:])
        await index.close()
        index = opened(tmp_path)
        assert (await content(index))[0] == {item.id: item for item in BOOKS}
        assert len(counted) == 2
        await index.delete("books", ids=["b1"])
        await index.close()
        index = opened(tmp_path)
        assert (await content(index))[0].keys() == {"b2", "b3"}
        await index.close()

    wait(main())


def test_another_embedder_has_nothing_of_what_is_kept(tmp_path):
    async def main():
        for version, vectors in (("1", VECTORS), ("2", VECTORS[::-1].copy()), ("1", None)):
            index = opened(tmp_path, version=version)
            if vectors is not None:
                await index.upsert("books", items=BOOKS, vectors=vectors)
                await index.publish()
            first = (await index.vectors("books", ids=["b1"])).tolist()
            assert first == [VECTORS[2 if version == "2" else 0].tolist()]
            await index.close()

    wait(main())


def test_a_kill_in_the_middle_of_a_write_leaves_nothing_that_is_kept(tmp_path, monkeypatch):
    async def main():
        index = opened(tmp_path)
        await index.upsert("books", items=BOOKS[:2], vectors=VECTORS[:2])
        await index.publish()
        await content(index)
        with monkeypatch.context() as killed:
            killed.setattr(ChromaIndex, "_changed", lambda *_: None)  # as if killed before it
            await index.upsert("books", items=[BOOKS[2]], vectors=VECTORS[2:])
        await index.close()
        for _ in range(2):  # what is read meanwhile is not kept
            index = opened(tmp_path)
            assert (await content(index))[0].keys() == {"b1", "b2", "b3"}
            await index.close()
        counted = reads(monkeypatch)
        index = opened(tmp_path)
        await index.publish()  # as the next `recagent index` does
        await index.close()
        for _ in range(2):
            index = opened(tmp_path)
            assert (await content(index))[0].keys() == {"b1", "b2", "b3"}
            await index.close()
        assert len(counted) == 1

    wait(main())


def test_a_ranker_of_words_that_was_kept_scores_as_the_one_that_was_made(kept):
    items = StampedItems({item.id: item for item in BOOKS})
    items.stamp = "one"
    made, kept_one = _ranker(items, kept), _ranker(items, kept)
    assert made[1] == kept_one[1]
    for words in (["bread", "tea"], ["面包"], ["冬天", "nothing"]):
        assert made[0].get_scores(words).tolist() == kept_one[0].get_scores(words).tolist()
    assert kept_one[0].get_scores(["bread"]).any()
    changed = StampedItems({"b1": make_item("b1", "Salt")})
    changed.stamp = "two"
    assert not _ranker(changed, kept)[0].get_scores(["bread"]).any()


async def seen(tmp_path, kept=None):
    """What a process of its own knows of everybody's likes, and the store to change them."""
    store = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
    snapshot = InteractionSnapshot(store, scale=SCALE, cache=kept or ArrayCache(tmp_path / "kept"))
    return await snapshot(), store


def test_behaviour_is_read_once_for_all_processes_and_again_after_any_change(tmp_path, monkeypatch):
    counted, plain = [], SqlEventStore.all_events
    monkeypatch.setattr(SqlEventStore, "all_events", lambda self: counted.append(1) or plain(self))

    async def main():
        _, store = await seen(tmp_path)
        await store.add_events(LIKES)
        first, _ = await seen(tmp_path)
        again, _ = await seen(tmp_path)
        assert len(counted) == 2  # the empty store, and the filled one
        assert dict(again.likes) == dict(first.likes) == {"b1": 3, "b2": 2, "b3": 1, "f1": 1}
        assert dict(again.recent) == dict(first.recent)
        assert again.activity == first.activity
        assert again.is_liking is first.is_liking
        assert again.is_staying is first.is_staying
        assert again.rate("b1") == first.rate("b1")
        for liked in ({"b1": 1.0}, {"b2": 0.5, "f1": 1.0}):
            assert again.neighbours(liked).tolist() == first.neighbours(liked).tolist()
            assert again.walks(liked).tolist() == first.walks(liked).tolist()
            assert again.following([*liked]).tolist() == first.following([*liked]).tolist()
        await store.add_events([make_event("new", "b1")])
        assert (await seen(tmp_path))[0].likes["b1"] == 4
        await store.link("new", other="ann")
        assert (await seen(tmp_path))[0].likes["b1"] == 3
        await store.add_events([make_event("zoe", "b3")], origin="files")
        assert (await seen(tmp_path))[0].likes["b3"] == 2
        await store.remove_events(["files"])
        assert (await seen(tmp_path))[0].likes["b3"] == 1
        with sqlite3.connect(tmp_path / "store.db") as base:  # by somebody's own SQL
            base.execute("DELETE FROM events WHERE item_id = 'b3'")
        assert "b3" not in (await seen(tmp_path))[0].likes

    wait(main())


def test_ratings_on_another_scale_are_read_anew(tmp_path):
    async def main():
        store = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
        await store.add_events([make_event("ann", "b1", value=4)])
        kept, five = ArrayCache(tmp_path / "kept"), type(SCALE)(low=1, high=5)
        assert not (await InteractionSnapshot(store, scale=SCALE, cache=kept)()).likes
        assert (await InteractionSnapshot(store, scale=five, cache=kept)()).likes == {"b1": 1}

    wait(main())


def test_who_is_forgotten_is_in_no_kept_file(tmp_path, folder):
    async def main():
        line, parts = await make_line(BOOKS)
        store = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
        await store.add_events([make_event("only-ann", "b1"), make_event("bob", "b2")])
        snapshot = InteractionSnapshot(store, scale=SCALE, cache=ArrayCache(folder))
        line = Pipeline(replace(parts, store=store, behaviour=snapshot), Options())
        await line.recommend("bob", scene="books")
        assert len(files(folder)) == 1
        assert b"only-ann" not in files(folder)[0].read_bytes()  # people are numbers there
        (folder / f"{files(folder)[0].name}x1.new").write_bytes(
            b"left by a process that was killed"
        )
        await line.people.forget("only-ann")
        assert files(folder) == []
        assert (
            await InteractionSnapshot(store, scale=SCALE, cache=ArrayCache(folder))()
        ).likes == {"b2": 1}

    wait(main())


def test_who_is_forgotten_while_everybody_is_read_is_in_no_kept_file(tmp_path, folder):
    async def main():
        store = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
        await store.add_events([make_event("ann", "b1"), make_event("bob", "b2")])
        plain = store.all_events

        async def meanwhile():
            async for batch in plain():
                await store.forget("ann")  # after the snapshot has read her
                yield batch

        store.all_events = meanwhile
        await InteractionSnapshot(store, scale=SCALE, cache=ArrayCache(folder))()
        assert files(folder) == []

    wait(main())


def test_a_kept_file_that_cannot_be_deleted_is_said(tmp_path, folder):
    class Stuck(ArrayCache):
        def drop(self, kind, of):
            raise PermissionError(13, "Permission denied", f"{folder}/{kind}{of}")

    async def main():
        store = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
        with pytest.raises(StoreError, match=r"cannot delete .*behaviour.*delete it yourself"):
            await InteractionSnapshot(store, scale=SCALE, cache=Stuck(folder)).forget()

    wait(main())


TITLES = st.lists(
    st.sampled_from(
        ["The Dune", "Dune", "Dune (Deluxe Edition)", "Dune: 2nd edition", "Dune 2", "Dune II",
         "Dune Messiah", "Dune Messiah [Hardcover]", "dune messiah", "三体", "三体 精装版", "三体Ⅱ",
         "三体2：黑暗森林", "三体 第二部 黑暗森林", "三体(典藏版)", "三體 黑暗森林 典藏版",
         "Ｄｕｎｅ", "Dune™ - Messiah",
         "Dune, Vol. 2", "Dune Season 1", "Dune - Messiah (2003)", "Dune’s End",
         "Dune's end Blu-ray"]
    ),
    min_size=1, max_size=14,
)  # fmt: skip


@given(TITLES, st.integers(0, 8))
def test_editions_of_one_work_are_found_without_reading_all_titles(titles, many):
    items = {f"i{at}": make_item(f"i{at}", title) for at, title in enumerate(titles)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recagent.scenes.editions._MANY", many)
        found = Editions(items)
        of_all = editions(items.values())
        for key in items:
            assert found(key) == of_all.get(key, (key,))
