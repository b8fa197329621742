"""Embeddings endpoints as people really have them: used, or named with the next step."""

from __future__ import annotations

import re
import time
from pathlib import Path

import anyio
import numpy as np
import pytest
from bent_server import Answer, refused
from embeddings_server import (
    EMBEDDING_WAYS,
    MOST_CHARACTERS,
    USED,
    EmbeddingsServer,
    first_times,
    vectors_of,
)
from examples import wait

from recagent import bootstrap
from recagent.config import settings as config
from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.infrastructure.embeddings import endpoint
from recagent.infrastructure.embeddings.endpoint import _is_too_much
from recagent.llm.refusals import RefusedError

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.usefixtures("no_wait_between_attempts"),
]

LONG = "the sea " * MOST_CHARACTERS
TEXTS = ["a film about the sea", "bread and butter", "", LONG, "king and queen", "三体 desert"]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "servers.md"


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def made(server, *, model=None, **settings):
    embedder = {"kind": "endpoint", "name": "m", "base_url": f"{server.url}/v1", **settings}
    return bootstrap.embedder(config.load(embedder=embedder, model=model or {}))


async def embedded(embedder, texts, *, role="passage", times=1):
    try:
        for _ in range(times):
            vectors = await embedder.embed(texts, role=role)
        return vectors
    finally:
        await embedder.close()


@pytest.mark.parametrize("way", EMBEDDING_WAYS, ids=[way.name for way in EMBEDDING_WAYS])
def test_a_way_is_used_or_named_with_the_next_step(way, caplog):
    with EmbeddingsServer(way.bend) as server:
        embedder = made(server, **dict(way.settings))
        if way.right != USED:
            with pytest.raises(ModelError, match=way.right):
                wait(embedded(embedder, TEXTS))
            assert way.check(server)
            return
        vectors = wait(embedded(embedder, TEXTS))
        assert way.check(server)
    expected = vectors_of(TEXTS)[:, : vectors.shape[1]]
    expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-9)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    is_cut = "too long" in way.name
    assert ("beginning only of 1 texts" in caplog.text) == is_cut


def test_the_ways_stand_on_the_page_of_servers():
    page = PAGE.read_text(encoding="utf-8")
    for way in EMBEDDING_WAYS[1:]:
        assert f"| {way.name} | {way.how} |" in page


def test_several_requests_are_under_way_at_once_on_kept_connections():
    def slow(_body, reply, _asked):
        time.sleep(0.1)
        return reply

    with EmbeddingsServer(slow) as server:
        texts = [f"text {number}" for number in range(20)]
        wait(embedded(made(server, batch=2, concurrency=4), texts, times=2))
        assert len(server.bodies) == 20
        assert all(len(body["input"]) == 2 for body in server.bodies)
        assert server.most_at_once == 4
        assert server.connections == 4


def test_a_batch_that_is_too_large_is_remembered():
    with EmbeddingsServer(
        lambda body, reply, _: (
            refused("batch size 8 > maximum allowed batch size 2", 422)
            if len(body["input"]) > 2
            else reply
        )
    ) as server:
        texts = [f"text {number}" for number in range(8)]
        wait(embedded(made(server), texts, times=2))
        assert [len(body["input"]) for body in server.bodies] == [8, 4, 2, 2, 4, 2, 2, 2, 2, 2, 2]


def test_a_text_that_is_too_long_does_not_make_batches_small():
    too_long = "This model's maximum context length is 512 tokens"
    with EmbeddingsServer(
        lambda body, reply, _: (
            refused(too_long)
            if any(len(text) > MOST_CHARACTERS for text in body["input"])
            else reply
        )
    ) as server:
        texts = [f"text {number}" for number in range(8)]
        embedder = made(server)

        async def main():
            await embedder.embed(texts, role="passage")
            await embedder.embed([LONG, *texts[1:]], role="passage")
            server.bodies.clear()
            return await embedded(embedder, texts)

        wait(main())
        assert [len(body["input"]) for body in server.bodies] == [8]


@pytest.mark.parametrize(
    ("status", "says", "too_much"),
    [
        (
            400,
            "<400> batch size is invalid, it should not be larger than 10.: input.contents",
            True,
        ),
        (413, "input batch size 136 > maximum allowed batch size 64", True),
        (422, "batch size 64 > maximum allowed batch size 32", True),
        (400, "This model's maximum context length is 512 tokens. However, you requested", True),
        (500, "input is too large to process. increase the physical batch size", True),
        (400, "the input length exceeds the context length", True),
        (400, "prefill 744 tokens exceed n_ctx_per_seq", True),
        (413, "Request Entity Too Large", True),
        (400, "Invalid 'input': maximum request size is 300000 tokens per request", True),
        (400, "Invalid 'input': array too long. Expected an array with maximum length 2048", True),
        (422, "`inputs` must have less than 512 tokens. Given: 1451", True),
        (400, "total number of texts must be at most 96", True),
        (422, "List should have at most 1024 items after validation", True),
        (400, "Too many inputs in request, split into more batches.", True),
        (500, "decoding exceeds the available context size", True),
        (400, "dimensions is currently not supported", False),
        (400, "Model does not support matryoshka representation", False),
        (400, "Invalid value for 'dimensions' = 3000. Must be at most 1536.", False),
        (404, "The model `x` does not exist", False),
        (429, "Rate limit reached: maximum 3000 requests", False),
        (400, "'$.input' is invalid", False),
        (401, "Incorrect API key provided", False),
        (500, "Internal server error", False),
    ],
)
def test_what_servers_say_of_a_request_that_is_too_large(status, says, too_much):
    assert _is_too_much(RefusedError(says, says=says, status=status)) == too_much


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/e5-base-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "Instruct: .*\nQuery: ", ""),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("BAAI/bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("BAAI/bge-m3", "", ""),
        ("Qwen/Qwen3-Embedding-0.6B", "Instruct: .*\nQuery:", ""),
        ("qwen3-embedding:0.6b", "Instruct: .*\nQuery:", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("mxbai-embed-large", "Represent this sentence for searching relevant passages: ", ""),
        ("google/embeddinggemma-300m", "task: search result | query: ", "title: none | text: "),
        ("text-embedding-3-small", "", ""),
        ("all-MiniLM-L6-v2", "", ""),
    ],
)
def test_prefixes_are_known_by_the_models_name(name, query, passage):
    with EmbeddingsServer() as server:
        wait(embedded(made(server, name=name), ["sea", " "], role="query"))
        wait(embedded(made(server, name=name), ["sea"]))
        asked, found = (body["input"] for body in server.bodies)
    assert re.fullmatch(query.replace("|", r"\|") + "sea", asked[0])
    assert found == [f"{passage}sea"]
    assert len(asked) == 1  # a blank text stays one


def test_prefixes_that_are_set_win_and_only_those_of_passages_make_an_index_stale():
    with EmbeddingsServer() as server:
        plain = made(server).version
        none = made(server, name="e5-base", prefixes={}).version
        query = made(server, prefixes={"query": "Q: "}).version
        passage = made(server, prefixes={"passage": "P: "}).version
        wait(embedded(made(server, name="e5-base", prefixes={"query": "Q: "}), ["sea"],
                      role="query"))  # fmt: skip
        assert server.bodies[0]["input"] == ["Q: sea"]
        assert plain == none == query == "1"
        assert passage == "1; passages after 'P: '"
        assert made(server, dimensions=32).version == "1; 32 dimensions"
        assert made(server, parameters={"passage": {"task": "x"}}).version != plain


def test_where_nobody_waits_a_busy_server_is_asked_longer():
    busy = Answer({"error": {"message": "slow down"}}, 429)
    with EmbeddingsServer(first_times(6, busy)) as server:
        assert wait(embedded(made(server), ["sea"])).any()

    async def hurried(embedder):
        with anyio.fail_after(20):
            await embedded(embedder, ["sea"])

    with EmbeddingsServer(first_times(6, busy)) as server:
        with pytest.raises(ModelError, match="slow down"):
            wait(hurried(made(server)))
        assert len(server.bodies) == 3


def test_an_address_of_its_own_gets_its_own_key_and_headers_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    with EmbeddingsServer() as server:
        for key, sent in (("", "Bearer none"), ("sk-own", "Bearer sk-own")):
            embedder = made(
                server,
                api_key=key,
                headers={"X-Team": "films"},
                model={"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-of-model"},
            )
            wait(embedded(embedder, ["sea"]))
            assert server.heads[-1]["authorization"] == sent
            assert server.heads[-1]["x-team"] == "films"


def test_without_an_address_of_its_own_it_is_the_models_server(monkeypatch):
    with EmbeddingsServer() as server:
        of_model = {"base_url": f"{server.url}/v1", "api_key": "sk-m", "headers": {"X-A": "b"}}
        wait(embedded(made(server, base_url="", model=of_model), ["sea"]))
        assert server.heads[-1]["authorization"] == "Bearer sk-m"
        assert server.heads[-1]["x-a"] == "b"
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
        wait(embedded(made(server, base_url=""), ["sea"]))
        assert server.heads[-1]["authorization"] == "Bearer sk-env"


def test_azures_addresses_and_a_missing_v1_are_known():
    with EmbeddingsServer() as server:
        wait(embedded(made(server, base_url=server.url, api_version="2024-10-21", api_key="k"),
                      ["sea"]))  # fmt: skip
        assert server.paths == ["/openai/deployments/m/embeddings?api-version=2024-10-21"]
        assert server.heads[0]["api-key"] == "k"


def test_no_texts_and_blank_ones_are_not_sent():
    with EmbeddingsServer() as server:
        embedder = made(server)

        async def main():
            widths = (await embedder.embed([], role="passage")).shape
            blank = await embedder.embed(["", "  "], role="query")
            await embedder.close()
            return widths, blank

        widths, blank = wait(main())
        assert widths == (0, 64)
        assert blank.shape == (2, 64)
        assert not blank.any()
        assert [body["input"] for body in server.bodies] == [[endpoint._TRIED]]


def test_a_server_that_is_not_there_is_named():
    with EmbeddingsServer() as server:
        embedder = made(server)
    with pytest.raises(ModelError, match=r"embedder 'm': .http://.*check that the server is run"):
        wait(embedded(embedder, ["sea"]))


@pytest.mark.parametrize(("name", "url"), [("", "http://localhost/v1"), ("vectors", "")])
def test_an_endpoint_without_name_or_address_is_refused(name, url):
    settings = config.load(embedder={"kind": "endpoint", "name": name, "base_url": url})
    with pytest.raises(ConfigError, match="needs a name and a base URL"):
        bootstrap.embedder(settings)


def test_settings_of_an_endpoint_are_refused_without_one():
    with pytest.raises(ConfigError, match="base_url is not of kind 'wordllama'; set kind"):
        config.load(embedder={"base_url": "http://127.0.0.1:1/v1"})
    config.load(embedder={"api_key": "may stand in the environment"})
    config.load(embedder={"kind": "fastembed", "prefixes": {"query": "q: "}})


def test_messages_are_chinese_where_wished():
    with EmbeddingsServer(lambda *_: refused("Incorrect API key provided", 401)) as server:
        with pytest.raises(ModelError) as caught:
            wait(embedded(made(server), ["sea"]))
        assert "不接受这个密钥的请求" in caught.value.in_language("zh")
    with EmbeddingsServer(lambda *_: {"data": []}) as server:
        with pytest.raises(ReplyError) as caught:
            wait(embedded(made(server), ["sea"]))
        assert "为 1 段文本给出了 0 个向量" in caught.value.in_language("zh")
