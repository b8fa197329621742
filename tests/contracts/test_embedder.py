"""The Embedder seam: one contract for the fake and for wordllama's vectors."""

import subprocess
import sys

import numpy as np
import pytest
from examples import wait

from recagent.errors import ConfigError
from recagent.infrastructure.embeddings import EndpointEmbedder, WordLlamaEmbedder, unit_rows
from recagent.testing import HashEmbedder

TEXTS = ["a film about the sea", "sailing across the ocean", "三体 科幻", "tax law", ""]


@pytest.fixture(scope="module", params=[HashEmbedder, WordLlamaEmbedder])
def embedder(request):
    return request.param()


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


def test_a_texts_vector_is_the_same_every_time_and_in_any_company(embedder):
    together = wait(embedder.embed(TEXTS))
    np.testing.assert_array_equal(together, wait(type(embedder)().embed(TEXTS)))
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


@pytest.mark.parametrize(("name", "url"), [("", "http://localhost/v1"), ("vectors", "")])
def test_an_endpoint_without_name_or_address_is_refused(name, url):
    with pytest.raises(ConfigError, match="needs a name and a base URL"):
        EndpointEmbedder(name=name, base_url=url, api_key="")
