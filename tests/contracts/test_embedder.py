"""The Embedder seam: one contract for the fake, wordllama's vectors and an embeddings endpoint."""

import subprocess
import sys

import numpy as np
import pytest
from embeddings_server import EmbeddingsServer
from examples import wait

from recagent import bootstrap
from recagent.config import settings as config
from recagent.infrastructure.embeddings import WordLlamaEmbedder, unit_rows
from recagent.testing import HashEmbedder

TEXTS = ["a film about the sea", "sailing across the ocean", "三体 科幻", "tax law", ""]


class AtEndpoint:
    """The endpoint's embedder, made anew for each call: every ``wait`` has a loop of its own."""

    def __init__(self, url):
        self._settings = config.load(
            embedder={"kind": "endpoint", "name": "m", "base_url": f"{url}/v1", "batch": 2}
        )
        made = bootstrap.embedder(self._settings)
        self.name, self.version = made.name, made.version

    async def embed(self, texts, *, role="passage"):
        made = bootstrap.embedder(self._settings)
        try:
            return await made.embed(texts, role=role)
        finally:
            await made.close()


@pytest.fixture(scope="module")
def url():
    with EmbeddingsServer() as server:
        yield server.url


@pytest.fixture(params=["fake", "wordllama", "endpoint"])
def make(request, url):
    if request.param == "endpoint":
        return lambda: AtEndpoint(url)
    return HashEmbedder if request.param == "fake" else WordLlamaEmbedder


@pytest.fixture
def embedder(make):
    return make()


pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_texts_become_unit_rows(embedder):
    vectors = wait(embedder.embed(TEXTS[:4]))
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == 4
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_a_text_without_words_is_a_row_of_zeros(embedder):
    vectors = wait(embedder.embed(["", "film"]))
    assert not vectors[0].any()
    assert vectors[1].any()


def test_no_texts_give_no_rows_of_the_same_width(embedder):
    width = wait(embedder.embed(TEXTS)).shape[1]
    assert wait(embedder.embed([])).shape == (0, width)


def test_a_texts_vector_is_the_same_every_time_and_in_any_company(embedder, make):
    together = wait(embedder.embed(TEXTS))
    np.testing.assert_array_equal(together, wait(make().embed(TEXTS)))
    alone = np.concatenate([wait(embedder.embed([text])) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_its_name_and_version_say_who_made_the_vectors(embedder):
    assert embedder.name
    assert embedder.version


def test_wordllama_puts_the_near_in_meaning_near():
    sea, ocean, _, tax, _ = wait(WordLlamaEmbedder().embed(TEXTS))
    assert sea @ ocean > sea @ tax


def test_loading_wordllama_leaves_the_root_logger_alone():
    script = """
import anyio, logging
from recagent.infrastructure.embeddings import WordLlamaEmbedder
root = logging.getLogger()
before = list(root.handlers), root.level
anyio.run(WordLlamaEmbedder().embed, ["film"])
assert (list(root.handlers), root.level) == before, (root.handlers, root.level)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_rows_without_direction_become_zeros():
    rows = unit_rows([[3.0, 4.0], [0.0, 0.0], [float("nan"), float("nan")]])
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [0, 0]], rtol=1e-6)


def test_wordllama_is_loaded_once_per_process(monkeypatch):
    wait(WordLlamaEmbedder().embed(["film"]))
    monkeypatch.setattr("recagent.infrastructure.embeddings.local.import_module", None)
    assert wait(WordLlamaEmbedder().embed(["film"])).any()
