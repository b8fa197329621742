"""The ItemIndex seam: one contract for the fake, for Chroma in a folder and for a server."""

import socket
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from examples import make_item, wait

from recagent.domain import Item
from recagent.errors import ConfigError, RetrievalError
from recagent.infrastructure.vectors import ChromaFolder, ChromaIndex, ChromaServer, fingerprint
from recagent.testing import HashEmbedder, MemoryIndex

DUNE = Item(
    id="b1",
    scene="books",
    task="content",
    title="沙丘 Dune",
    text="A planet of sand.\nAnd spice.",
    attributes={"genres": ("scifi", "classic"), "year": 1965, "score": 8.5, "new": False,
                "lang": "en", "none": ()},
)  # fmt: skip
SOLARIS = make_item("b2", "Solaris an ocean planet")
BREAD = make_item("b3", "Baking bread")
BOOKS = [DUNE, SOLARIS, BREAD]


pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(params=["folder", "server"])
def make_home(request, tmp_path):
    """Makes the same home anew: as another object of this process, or another process, would."""
    if request.param == "folder":
        return lambda: ChromaFolder(tmp_path)
    url = request.getfixturevalue("chroma_url")
    emptied(ChromaServer(url)).close()
    return lambda: ChromaServer(url)


def emptied(server):
    for collection in server.connect().list_collections():
        server.connect().delete_collection(collection.name)
    return server


@pytest.fixture
def chroma(make_home):
    """Opens an index at that home; whatever was opened is closed at the end."""
    opened = []

    def make(*, embedder="hash", version="1"):
        opened.append(ChromaIndex(make_home(), embedder=embedder, version=version))
        return opened[-1]

    yield make
    for index in opened:
        wait(index.close())


@pytest.fixture(params=["memory", "folder", "server"])
def index(request, tmp_path):
    if request.param == "memory":
        yield MemoryIndex()
        return
    home = ChromaFolder(tmp_path)
    if request.param == "server":
        home = emptied(ChromaServer(request.getfixturevalue("chroma_url")))
    opened = ChromaIndex(home, embedder="hash", version="1")
    yield opened
    wait(opened.close())


def vector(text):
    return wait(HashEmbedder().embed([text]))[0]


def fill(index, items, *, scene="books"):
    vectors = wait(HashEmbedder().embed([item.document() for item in items]))
    wait(index.upsert(scene, items=items, vectors=vectors))
    wait(index.publish())
    return vectors


def test_items_come_back_as_they_went_in(index):
    fill(index, BOOKS)
    assert wait(index.scenes()) == ["books"]
    assert wait(index.items("books")) == {item.id: item for item in BOOKS}
    stored = wait(index.items("books"))["b1"].attributes
    assert {name: type(value) for name, value in stored.items()} == {
        "genres": tuple, "year": int, "score": float, "new": bool, "lang": str, "none": tuple,
    }  # fmt: skip


def test_vectors_come_in_the_order_of_the_ids(index):
    vectors = fill(index, BOOKS)
    held = wait(index.vectors("books", ids=["b3", "b1"]))
    assert held.dtype == np.float32
    np.testing.assert_allclose(held, vectors[[2, 0]], atol=1e-6)
    assert len(wait(index.vectors("books", ids=[]))) == 0


def test_a_search_is_sorted_limited_and_leaves_out_what_it_must(index):
    fill(index, BOOKS)
    found = wait(index.search("books", vector=vector("ocean planet"), limit=9, exclude=set()))
    assert [item_id for item_id, _ in found] == ["b2", "b1", "b3"]
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(2 / np.sqrt(8), abs=1e-5)  # two of two words in four
    first = wait(index.search("books", vector=vector("ocean planet"), limit=1, exclude={"b2"}))
    assert [item_id for item_id, _ in first] == ["b1"]
    everything = {item.id for item in BOOKS}
    assert wait(index.search("books", vector=vector("sea"), limit=5, exclude=everything)) == []


def test_upsert_replaces_and_delete_removes(index):
    fill(index, BOOKS)
    changed = make_item("b3", "Baking cakes", year=2020)
    fill(index, [changed])
    wait(index.delete("books", ids=["b1"]))
    assert wait(index.items("books")) == {"b2": SOLARIS, "b3": changed}
    found = wait(index.search("books", vector=vector("cakes"), limit=3, exclude=set()))
    assert [item_id for item_id, _ in found] == ["b3", "b2"]


def test_a_change_hands_out_a_new_mapping(index):
    """Sources keep what they made of a scene's items for as long as the mapping is the same."""
    fill(index, [DUNE])
    before = wait(index.items("books"))
    assert wait(index.items("books")) is before
    fill(index, [SOLARIS])
    assert wait(index.items("books")) is not before
    assert before == {"b1": DUNE}


def test_a_scene_whose_items_are_all_deleted_finds_nothing(index):
    fill(index, [DUNE])
    wait(index.delete("books", ids=["b1"]))
    assert wait(index.items("books")) == {}
    assert wait(index.fingerprints("books")) == {}
    assert wait(index.search("books", vector=vector("sea"), limit=5, exclude=set())) == []


def test_fingerprints_change_with_the_content_and_with_nothing_else(index):
    assert wait(index.fingerprints("books")) == {}
    fill(index, [DUNE, SOLARIS])
    before = wait(index.fingerprints("books"))
    assert before.keys() == {"b1", "b2"}
    fill(index, [DUNE, make_item("b2", SOLARIS.title, year=1961)])
    after = wait(index.fingerprints("books"))
    assert after["b1"] == before["b1"]
    assert after["b2"] != before["b2"]


def test_an_unknown_scene_is_named_with_the_next_step(index):
    fill(index, BOOKS)
    sea = vector("sea")
    for ask in (
        lambda: index.items("cars"),
        lambda: index.vectors("cars", ids=["b1"]),
        lambda: index.search("cars", vector=sea, limit=1, exclude=set()),
    ):
        with pytest.raises(RetrievalError, match=r"scene 'cars' is not indexed.*; "):
            wait(ask())


def test_scenes_have_any_name_and_their_own_items(index):
    names = sorted(["图书", "a", "A", "sci fi & more", "x" * 100, "..", "scene"])
    for name in names:
        fill(index, [make_item("1", f"About {name}", scene=name)], scene=name)
    assert wait(index.scenes()) == names
    for name in names:
        assert wait(index.items(name))["1"].title == f"About {name}"


def test_a_scene_of_one_item_is_written_again_and_emptied(index):
    for _ in range(2):
        fill(index, BOOKS[:1])
        assert list(wait(index.fingerprints("books"))) == [BOOKS[0].id]
    wait(index.delete("books", ids=[BOOKS[0].id]))
    assert wait(index.items("books")) == {}
    assert not wait(index.vectors("books", ids=[BOOKS[0].id])).any()


def test_pruning_keeps_the_scenes_that_are_named(index):
    fill(index, BOOKS)
    fill(index, [make_item("f1", scene="films")], scene="films")
    assert wait(index.prune(keep={"books", "films"})) == 0
    assert wait(index.prune(keep={"books"})) == 1
    assert wait(index.scenes()) == ["books"]
    assert wait(index.items("books")).keys() == {item.id for item in BOOKS}


def test_nothing_is_readable_before_it_is_published(index):
    assert wait(index.scenes()) == []
    vectors = wait(HashEmbedder().embed([item.document() for item in BOOKS]))
    wait(index.upsert("books", items=BOOKS, vectors=vectors))
    sea = vector("sea")
    for ask in (
        index.scenes,
        lambda: index.items("books"),
        lambda: index.vectors("books", ids=["b1"]),
        lambda: index.search("books", vector=sea, limit=1, exclude=set()),
    ):
        with pytest.raises(RetrievalError, match="indexing has not finished"):
            wait(ask())
    assert wait(index.fingerprints("books")).keys() == {"b1", "b2", "b3"}
    with pytest.raises(RetrievalError, match="nothing was deleted"):
        wait(index.prune(keep={"books"}))
    wait(index.delete("books", ids=["b3"]))
    assert wait(index.publish()) == 0
    assert wait(index.items("books")) == {"b1": DUNE, "b2": SOLARIS}


def test_vectors_of_another_length_are_written_anew(index):
    assert wait(index.width("books")) == 0
    fill(index, BOOKS)
    assert wait(index.width("books")) == 64
    assert wait(index.fingerprints("books", width=64)).keys() == {"b1", "b2", "b3"}
    assert wait(index.fingerprints("books", width=32)) == {}
    rows = np.eye(32, dtype=np.float32)[:1]
    wait(index.upsert("books", items=[DUNE], vectors=rows))
    wait(index.publish())
    assert wait(index.width("books")) == 32
    assert wait(index.items("books")) == {"b1": DUNE}
    np.testing.assert_allclose(wait(index.vectors("books", ids=["b1"])), rows, atol=1e-6)


def test_an_id_that_is_gone_has_a_vector_of_zeros(index):
    vectors = fill(index, BOOKS)
    wait(index.delete("books", ids=["b2"]))
    held = wait(index.vectors("books", ids=["b2", "b3"]))
    np.testing.assert_allclose(held, [0 * vectors[1], vectors[2]], atol=1e-6)


def test_a_closed_index_opens_again(index):
    fill(index, BOOKS)
    wait(index.close())
    wait(index.close())
    assert wait(index.items("books")) == {item.id: item for item in BOOKS}


def test_fingerprints_of_chroma_are_those_that_indexing_compares(chroma):
    index = chroma()
    fill(index, BOOKS)
    assert wait(index.fingerprints("books")) == {item.id: fingerprint(item) for item in BOOKS}


def test_reopening_keeps_everything(chroma):
    first = chroma()
    fill(first, BOOKS)
    wait(first.close())
    again = chroma()
    assert wait(again.scenes()) == ["books"]
    assert wait(again.items("books")) == {item.id: item for item in BOOKS}
    found = wait(again.search("books", vector=vector("bread"), limit=1, exclude=set()))
    assert [item_id for item_id, _ in found] == ["b3"]


def test_items_come_in_the_order_of_their_ids(chroma):
    index = chroma()
    fill(index, [BREAD, DUNE])
    fill(index, [SOLARIS])
    assert list(wait(index.items("books"))) == ["b1", "b2", "b3"]


@pytest.mark.parametrize(("embedder", "version"), [("other", "1"), ("hash", "2")])
def test_an_index_of_another_embedder_is_refused_with_both_names(chroma, embedder, version):
    fill(chroma(), BOOKS)
    other = chroma(embedder=embedder, version=version)
    for ask in (other.scenes, lambda: other.items("books")):
        with pytest.raises(RetrievalError) as caught:
            wait(ask())
        assert "indexed with 'hash' '1'" in str(caught.value)
        assert f"settings name {embedder!r} {version!r}; change [embedder]" in str(caught.value)
        assert "run 'recagent index'" in str(caught.value)
    assert wait(other.fingerprints("books")) == {}


def test_another_embedder_indexes_beside_and_takes_over_when_it_is_published(chroma):
    old, new = chroma(), chroma(embedder="new")
    fill(old, BOOKS)
    fill(old, [make_item("f1", scene="films")], scene="films")
    changed = make_item("b1", "Another book")
    rows = np.eye(2, dtype=np.float32)[:1]  # vectors of another length
    wait(new.upsert("books", items=[changed], vectors=rows))
    with pytest.raises(RetrievalError, match=r"'new' '1' \(indexing with it has not finished\); "):
        wait(new.items("books"))
    assert wait(old.items("books"))["b1"] == DUNE
    assert wait(new.publish()) == 2
    assert wait(new.scenes()) == ["books"]
    assert wait(new.items("books")) == {"b1": changed}
    assert wait(old.scenes()) == ["books", "films"]  # a process that still runs with it goes on
    assert wait(old.items("books"))["b1"] == DUNE
    assert wait(new.prune(keep={"books"})) == 2
    assert wait(new.prune(keep={"books"})) == 0
    assert wait(new.items("books")) == {"b1": changed}
    with pytest.raises(RetrievalError, match="was indexed with 'new' '1', but the settings"):
        wait(chroma().items("books"))


def test_what_another_object_changes_is_seen_within_seconds(chroma, monkeypatch):
    monkeypatch.setattr("recagent.infrastructure.vectors.index.REFRESH", 60.0)
    writer, reader = chroma(), chroma()
    fill(writer, [DUNE, SOLARIS])
    before = wait(reader.items("books"))
    fill(writer, [BREAD])
    wait(writer.delete("books", ids=["b1"]))
    assert wait(reader.items("books")) is before  # it does not look again at every request
    monkeypatch.setattr("recagent.infrastructure.vectors.index.REFRESH", 0.0)
    after = seen(reader, lambda items: items == {"b2": SOLARIS, "b3": BREAD})
    assert wait(reader.items("books")) is after
    found = wait(reader.search("books", vector=vector("bread"), limit=9, exclude=set()))
    assert [item_id for item_id, _ in found] == ["b3", "b2"]
    fill(writer, [make_item("f1", scene="films")], scene="films")
    assert wait(reader.scenes()) == ["books", "films"]


def seen(index, condition):
    """The books, once they are as they must be: a scene is not read again at every change."""
    end = time.monotonic() + 20
    while not condition(items := wait(index.items("books"))):
        assert time.monotonic() < end
        time.sleep(0.05)
    return items


def test_more_items_than_one_page_holds(chroma, monkeypatch):
    monkeypatch.setattr("recagent.infrastructure.vectors.collection_reader._PAGE", 2)
    vectors = fill(chroma(), BOOKS)
    index = chroma()
    assert wait(index.items("books")) == {item.id: item for item in BOOKS}
    assert wait(index.fingerprints("books")).keys() == {"b1", "b2", "b3"}
    held = wait(index.vectors("books", ids=["b1", "b2", "b3"]))
    np.testing.assert_allclose(held, vectors, atol=1e-6)


@pytest.fixture
def written(chroma):
    """An index with a scene of 300 items, and their vectors."""
    rows = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    writer = chroma()
    items = [make_item(f"b{number:03}") for number in range(300)]
    wait(writer.upsert("books", items=items, vectors=rows))
    wait(writer.publish())
    return writer, rows


@pytest.mark.parametrize("limit", ["EXACT_BELOW", "IN_MEMORY"])
def test_a_large_scene_finds_the_same_items_in_two_passes_or_through_hnsw(
    chroma, written, monkeypatch, limit
):
    _, rows = written
    similarity = rows @ rows[7]
    monkeypatch.setattr(f"recagent.infrastructure.vectors.index.{limit}", 100)
    large = chroma()
    for exclude in (set(), {f"b{number:03}" for number in range(0, 300, 2)}):
        found = wait(large.search("books", vector=rows[7], limit=10, exclude=exclude))
        best = [at for at in np.argsort(-similarity).tolist() if f"b{at:03}" not in exclude][:10]
        assert [item_id for item_id, _ in found] == [f"b{at:03}" for at in best]
        np.testing.assert_allclose([score for _, score in found], similarity[best], atol=1e-5)
    everything = {f"b{number:03}" for number in range(300)}
    assert wait(large.search("books", vector=rows[7], limit=10, exclude=everything)) == []
    held = wait(large.vectors("books", ids=["b009", "gone", "b003"]))
    np.testing.assert_allclose(held, [rows[9], 0 * rows[9], rows[3]], atol=1e-6)
    assert wait(large.items("books")).keys() == everything
    assert len(wait(large.vectors("books", ids=[]))) == 0


def test_hnsw_knows_of_a_change_before_the_items_in_memory_do(chroma, written, monkeypatch):
    writer, rows = written
    monkeypatch.setattr("recagent.infrastructure.vectors.index.IN_MEMORY", 100)
    monkeypatch.setattr("recagent.infrastructure.vectors.index.REFRESH", 60.0)
    large = chroma()
    wait(large.items("books"))
    wait(writer.delete("books", ids=["b009"]))
    held = wait(large.vectors("books", ids=["b009", "b003"]))
    np.testing.assert_allclose(held, [0 * rows[9], rows[3]], atol=1e-6)
    wait(writer.upsert("books", items=[make_item("new")], vectors=rows[7:8]))
    found = wait(large.search("books", vector=rows[7], limit=2, exclude=set()))
    assert "new" not in dict(found)


def test_folder_and_server_give_the_same_vectors(tmp_path, chroma_url):
    rows = np.random.default_rng(1).normal(size=(50, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    items = [make_item(f"b{number:02}") for number in range(50)]
    held = []
    for home in (ChromaFolder(tmp_path), ChromaServer(chroma_url)):
        index = ChromaIndex(home, embedder="same", version="1")
        wait(index.upsert("books", items=items, vectors=rows))
        wait(index.publish())
        held.append(wait(index.vectors("books", ids=[item.id for item in items])))
        wait(index.close())
    np.testing.assert_array_equal(*held)
    np.testing.assert_allclose(held[0], rows, atol=1e-6)


@pytest.mark.parametrize("make_home", ["server"], indirect=True)
def test_a_server_may_hold_collections_of_others_and_many_of_ours(chroma, make_home):
    home = make_home()
    home.connect().get_or_create_collection("somebodys", metadata={"scene": "theirs"})
    index = chroma()
    names = [f"scene{number:03}" for number in range(101)]
    for name in names:
        wait(index.upsert(name, items=[make_item("1")], vectors=np.ones((1, 4), np.float32)))
    wait(index.publish())
    assert wait(index.scenes()) == names
    wait(chroma(embedder="new").publish())
    assert wait(chroma(embedder="new").prune(keep=set())) == 101
    assert [c.name for c in home.connect().list_collections() if c.name == "somebodys"]
    home.connect().delete_collection("somebodys")
    home.close()


@pytest.mark.parametrize("url", ["127.0.0.1:8901", "ftp://127.0.0.1", "http://", "chroma"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigError, match=r"\[index\] url .* must look like 'http://"):
        ChromaServer(url)


def test_a_server_that_is_not_there_is_named_with_the_next_step():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    index = ChromaIndex(ChromaServer(url), embedder="hash", version="1")
    with pytest.raises(RetrievalError, match=f"{url}' does not answer .* 'chroma run"):
        wait(index.items("books"))


def test_a_server_that_dies_is_named_and_one_that_comes_back_is_used(tmp_path, start_chroma):
    with start_chroma(tmp_path) as (url, process):
        index = ChromaIndex(ChromaServer(url), embedder="hash", version="1")
        fill(index, BOOKS)
        process.kill()
        process.wait(timeout=30)
        with pytest.raises(RetrievalError, match=f"{url}' does not answer .* 'chroma run"):
            wait(index.fingerprints("books"))
    with start_chroma(tmp_path, int(url.rpartition(":")[2])):
        assert wait(index.items("books")) == {item.id: item for item in BOOKS}
        wait(index.close())


def test_a_server_that_is_something_else_is_named(tmp_path):
    handler = partial(QuietHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        index = ChromaIndex(
            ChromaServer(f"http://127.0.0.1:{other.server_port}"), embedder="hash", version="1"
        )
        try:
            with pytest.raises(RetrievalError, match=r"status 404.*; correct \[index\] url"):
                wait(index.items("books"))
        finally:
            other.shutdown()
            thread.join(timeout=30)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *said):
        """Says nothing."""
