"""Indexing makes the scenes hold exactly the catalogue, and a stopped run goes on where it was."""

import numpy as np
import pytest
from examples import make_index, make_item, wait

from recagent.errors import ModelError, RetrievalError
from recagent.retrieval import IndexEmbedder, IndexingResult, index_items
from recagent.testing import HashEmbedder, MemoryIndex

ITEMS = [
    *(make_item(f"b{number}", f"book {number}") for number in range(7)),
    *(make_item(f"f{number}", f"film {number}", scene="films") for number in range(3)),
]


class Embedder:
    """HashEmbedder that remembers what it embedded, and fails at the call of this number."""

    name, version = "hash", "1"

    def __init__(self, *, fails_at=None, width=64):
        self.fails_at, self.calls, self.embedded, self.width = fails_at, 0, [], width

    async def embed(self, texts, *, role):
        assert role == "passage"
        if not texts:  # it tells how many numbers its vectors have
            return np.zeros((0, self.width), dtype=np.float32)
        self.calls += 1
        if self.calls == self.fails_at:
            raise ModelError("the embedder has gone", retryable=True)
        self.embedded.extend(texts)
        return (await HashEmbedder().embed(texts))[:, : self.width]


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch):
    monkeypatch.setattr("recagent.retrieval.indexing.BATCH", 2)


def run(items, index, embedder, told=None):
    told = [] if told is None else told
    return wait(
        index_items(
            items,
            index=index,
            embedder=embedder,
            fingerprint=repr,  # as MemoryIndex does
            on_progress=lambda done, total: (
                told.append((done, total)) if told is not None else None
            ),
        )
    )


def content(index):
    async def main():
        return {
            scene: {
                item_id: (item, (await index.vectors(scene, ids=[item_id]))[0].tolist())
                for item_id, item in (await index.items(scene)).items()
            }
            for scene in await index.scenes()
        }

    return wait(main())


def test_a_first_run_writes_all_and_a_second_one_nothing():
    index, told = MemoryIndex(), []
    assert run(ITEMS, index, HashEmbedder(), told) == IndexingResult(
        written=10, unchanged=0, deleted=0
    )
    assert told[0] == (0, 10)
    assert told[-1] == (10, 10)
    again = Embedder()
    assert run(ITEMS, index, again) == IndexingResult(written=0, unchanged=10, deleted=0)
    assert again.embedded == []


@pytest.mark.parametrize("stop", [1, 2, 4, 5, 6])
def test_a_run_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(stop):
    index, first, second = MemoryIndex(), Embedder(fails_at=stop), Embedder()
    with pytest.raises(
        ModelError, match=r"^the embedder has gone; what was indexed so far is kept"
    ):
        run(ITEMS, index, first)
    done = run(ITEMS, index, second)
    assert done == IndexingResult(
        written=len(second.embedded), unchanged=len(first.embedded), deleted=0
    )
    assert sorted(first.embedded + second.embedded) == sorted(item.document() for item in ITEMS)
    assert content(index) == content(wait(make_index(ITEMS)))


def test_only_what_changed_is_embedded_and_what_is_gone_is_deleted():
    index, embedder = wait(make_index(ITEMS)), Embedder()
    changed = [make_item("b0", "another book"), *ITEMS[1:4], make_item("b9", "a new book")]
    assert run(changed, index, embedder) == IndexingResult(
        written=2, unchanged=3, deleted=3, outdated=1
    )
    assert embedder.embedded == ["another book", "a new book"]
    kept = [*changed, *ITEMS[7:]]  # the films were not spoken of
    assert content(index) == content(wait(make_index(kept)))


def test_a_catalogue_whose_vectors_have_another_length_now_is_embedded_anew():
    index, embedder = wait(make_index(ITEMS)), Embedder(width=32)
    assert run(ITEMS, index, embedder) == IndexingResult(written=10, unchanged=0, deleted=0)
    assert sorted(embedder.embedded) == sorted(item.document() for item in ITEMS)
    assert wait(index.width("books")) == wait(index.width("films")) == 32
    again = Embedder(width=32)
    assert run(ITEMS, index, again) == IndexingResult(written=0, unchanged=10, deleted=0)


def test_where_nothing_changed_the_embedder_need_not_answer():
    class Gone(Embedder):
        async def embed(self, texts, *, role):  # noqa: ARG002
            raise ModelError("the embedder has gone")

    index = wait(make_index(ITEMS))
    assert run(ITEMS, index, Gone()) == IndexingResult(written=0, unchanged=10, deleted=0)


def test_vectors_of_another_length_than_the_indexs_are_refused_with_both_numbers():
    index = wait(make_index(ITEMS))
    fitting, other = IndexEmbedder(Embedder(), index), IndexEmbedder(Embedder(width=32), index)
    assert wait(fitting.embed(["sea"], role="passage")).shape == (1, 64)
    with pytest.raises(
        RetrievalError,
        match=r"scene 'books' was indexed with vectors of 64 numbers, and embedder 'hash' gives 32 "
        r"now; run 'recagent index' to embed the catalogue again",
    ):
        wait(other.embed(["sea"], role="passage"))
    run(ITEMS, index, Embedder(width=32))
    assert wait(other.embed(["sea"], role="passage")).shape == (1, 32)


def test_the_vectors_are_those_of_the_documents():
    index = MemoryIndex()
    run([make_item("b1", "Dune", genres=("scifi", "classic"), year=1965)], index, HashEmbedder())
    np.testing.assert_array_equal(
        wait(index.vectors("books", ids=["b1"])),
        wait(HashEmbedder().embed(["Dune scifi classic 1965"])),
    )
