"""What every ``ItemVectors`` does: in Chroma, and in memory."""

import numpy as np
import pytest

from recagent.infrastructure.vectors import ChromaFolder, ChromaVectors
from recagent.retrieval import FactorVectors

IDS = ["a", "b", "c", "d"]
ROWS = np.asarray([[1, 0], [0, 2], [3, 3], [0, 0.5]], dtype=np.float32)
SCENES = {"books": ["a", "b", "c"], "films": ["d"]}

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["chroma", "held"])
async def vectors(request, tmp_path):
    if request.param == "held":
        yield FactorVectors(IDS, ROWS, scenes=SCENES)
        return
    home = ChromaFolder(tmp_path / "chroma")
    made = ChromaVectors(home, name="factors", version="1")
    for scene, ids in SCENES.items():
        await made.write(scene, ids=ids, vectors=ROWS[[IDS.index(key) for key in ids]])
    yield made
    home.close()


async def test_a_search_gives_inner_products_of_the_scene_best_first(vectors):
    found = await vectors.search(
        "books", vector=np.asarray([1, 1], np.float32), limit=2, exclude=frozenset()
    )
    assert [(key, pytest.approx(score)) for key, score in found] == [("c", 6.0), ("b", 2.0)]


async def test_what_is_excluded_does_not_come(vectors):
    found = await vectors.search(
        "books", vector=np.asarray([1, 1], np.float32), limit=5, exclude={"c", "unknown"}
    )
    assert [key for key, _ in found] == ["b", "a"]


async def test_vectors_come_as_asked_and_zeros_for_what_has_none(vectors):
    found = await vectors.vectors("books", ids=["c", "unknown", "a"])
    assert found.tolist() == [[3, 3], [0, 0], [1, 0]]


async def test_a_scene_without_vectors_has_none(vectors):
    found = await vectors.search(
        "music", vector=np.asarray([1, 1], np.float32), limit=5, exclude=frozenset()
    )
    assert list(found) == []


async def test_a_new_version_takes_over_and_the_old_one_goes(tmp_path):
    home = ChromaFolder(tmp_path / "chroma")
    old = ChromaVectors(home, name="factors", version="1")
    new = ChromaVectors(home, name="factors", version="2")
    other = ChromaVectors(home, name="other", version="1")
    for each in (old, new, other):
        await each.write("books", ids=["a"], vectors=ROWS[:1])
    assert await new.prune() == 1
    assert await new.prune() == 0
    assert len(home.connect().list_collections()) == 2
    home.close()
