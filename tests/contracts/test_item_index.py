"""The ItemIndex seam: one contract for the fake and for Chroma in a folder."""

import numpy as np
import pytest
from examples import make_item, wait

from recagent.adapters.chroma import ChromaIndex, fingerprint
from recagent.errors import RetrievalError
from recagent.fakes import HashEmbedder, MemoryIndex
from recagent.types import Item

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


def open_chroma(folder, *, embedder="hash", version="1"):
    """The index in a folder, read again from disk: Chroma keeps one open system per path."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()
    return ChromaIndex(folder, embedder=embedder, version=version)


@pytest.fixture(params=["memory", "chroma"])
def index(request, tmp_path):
    return MemoryIndex() if request.param == "memory" else open_chroma(tmp_path)


def vector(text):
    return wait(HashEmbedder().embed([text]))[0]


def fill(index, items, *, scene="books"):
    vectors = wait(HashEmbedder().embed([item.document() for item in items]))
    wait(index.upsert(scene, items=items, vectors=vectors))
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


def test_fingerprints_of_chroma_are_those_that_indexing_compares(tmp_path):
    index = open_chroma(tmp_path)
    fill(index, BOOKS)
    assert wait(index.fingerprints("books")) == {item.id: fingerprint(item) for item in BOOKS}


def test_reopening_the_folder_keeps_everything(tmp_path):
    fill(open_chroma(tmp_path), BOOKS)
    again = open_chroma(tmp_path)
    assert wait(again.scenes()) == ["books"]
    assert wait(again.items("books")) == {item.id: item for item in BOOKS}
    found = wait(again.search("books", vector=vector("bread"), limit=1, exclude=set()))
    assert [item_id for item_id, _ in found] == ["b3"]


@pytest.mark.parametrize(("embedder", "version"), [("other", "1"), ("hash", "2")])
def test_an_index_of_another_embedder_is_refused_with_both_names(tmp_path, embedder, version):
    fill(open_chroma(tmp_path), BOOKS)
    other = open_chroma(tmp_path, embedder=embedder, version=version)
    with pytest.raises(RetrievalError) as caught:
        wait(other.items("books"))
    assert "indexed with 'hash' '1'" in str(caught.value)
    assert f"settings say {embedder!r} {version!r}; set [embedder] back" in str(caught.value)
    with pytest.raises(RetrievalError, match="indexed with"):
        fill(other, BOOKS)


def test_more_items_than_one_page_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("recagent.adapters.chroma._PAGE", 2)
    vectors = fill(open_chroma(tmp_path), BOOKS)
    index = open_chroma(tmp_path)
    assert wait(index.items("books")) == {item.id: item for item in BOOKS}
    assert wait(index.fingerprints("books")).keys() == {"b1", "b2", "b3"}
    held = wait(index.vectors("books", ids=["b1", "b2", "b3"]))
    np.testing.assert_allclose(held, vectors, atol=1e-6)


def test_a_large_scene_finds_the_same_items_through_hnsw(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    items = [make_item(f"b{number}") for number in range(300)]
    similarity = rows @ rows[7]
    wait(open_chroma(tmp_path).upsert("books", items=items, vectors=rows))
    monkeypatch.setattr("recagent.adapters.chroma.EXACT_BELOW", 100)
    large = open_chroma(tmp_path)
    for exclude in (set(), {f"b{number}" for number in range(0, 300, 2)}):
        found = wait(large.search("books", vector=rows[7], limit=10, exclude=exclude))
        best = [at for at in np.argsort(-similarity).tolist() if f"b{at}" not in exclude][:10]
        assert [item_id for item_id, _ in found] == [f"b{at}" for at in best]
        np.testing.assert_allclose([score for _, score in found], similarity[best], atol=1e-5)
    np.testing.assert_allclose(
        wait(large.vectors("books", ids=["b9", "b3"])), rows[[9, 3]], atol=1e-6
    )
    assert wait(large.items("books")).keys() == {item.id for item in items}


def test_a_large_scene_has_no_vectors_for_no_ids(tmp_path, monkeypatch):
    fill(open_chroma(tmp_path), BOOKS)
    monkeypatch.setattr("recagent.adapters.chroma.EXACT_BELOW", 1)
    assert len(wait(open_chroma(tmp_path).vectors("books", ids=[]))) == 0
