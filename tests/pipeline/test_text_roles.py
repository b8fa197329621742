"""What is looked for is embedded as a query, what may be found as a passage, in every step."""

from __future__ import annotations

import pytest
from embeddings_server import EmbeddingsServer
from eval_shop import write_experiment, write_shop
from examples import make_query, wait

from recagent import bootstrap
from recagent.config import settings as config
from recagent.domain import Context, User
from recagent.errors import RetrievalError
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.preparation import open_context
from recagent.ingest.loading import load_catalogue
from recagent.pipeline import Pipeline
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.testing import ScriptedModel

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.usefixtures("no_wait_between_attempts"),
]

E5 = {"kind": "endpoint", "name": "e5-small", "batch": 32}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_shop(tmp_path)


def settings_of(shop, server, **embedder):
    return config.load(
        shop, embedder={**E5, "base_url": f"{server.url}/v1", **embedder}, model={"kind": "none"}
    )


def indexed(settings):
    return wait(load_catalogue(settings, on_progress=lambda *_: None))


async def recommended(settings, **asked):
    line = Pipeline(bootstrap.parts(settings), bootstrap.options(settings))
    try:
        return await line.recommend("p00", **asked)
    finally:
        await line.close()


def texts(server):
    return [text for body in server.bodies for text in body["input"]]


def test_items_and_scenes_are_passages_wishes_and_what_is_declared_are_queries(shop):
    (shop / "users.csv").write_text("user_id,about\np00,quiet gardens\n")
    path = shop / "recagent.toml"
    path.write_text(path.read_text() + 'users = [{ path = "users.csv" }]\n')
    with EmbeddingsServer() as server:
        settings = settings_of(shop, server)
        indexed(settings)
        items = texts(server)
        assert "passage: Trains books 1 trains" in items
        assert all(text.startswith("passage: ") or text == "a" for text in items)
        server.bodies.clear()
        wait(recommended(settings, scene="books", context=Context(wish="a steam train")))
        assert set(texts(server)) == {"query: quiet gardens", "query: steam train"}


def test_a_wish_is_compared_as_a_query_with_scenes_as_passages(shop):
    with EmbeddingsServer() as server:
        settings = settings_of(shop, server)
        indexed(settings)

        async def main():
            line = Pipeline(bootstrap.parts(settings), bootstrap.options(settings))
            fallback = line._services.fallback()
            scenes = {name: make_query(scene=name).scene for name in ("films", "books")}
            found = await fallback.wish_by_scene("films", scenes)
            await line.close()
            return found

        server.bodies.clear()
        found = wait(main())
        assert texts(server) == ["query: films", "passage: films", "passage: books"]
        assert found["films"] > found["books"]


def test_descriptions_that_a_model_writes_are_passages(shop):
    with EmbeddingsServer() as server:
        settings = settings_of(shop, server)
        indexed(settings)

        async def main():
            parts = bootstrap.parts(settings)
            model = ScriptedModel(reply=lambda _: '{"proposals": ["a tale of gardens"]}')
            proposer = ModelProposer(model, index=parts.index, embedder=parts.embedder)
            server.bodies.clear()
            await proposer(make_query(wish="something quiet", user=User(id="ann")))
            await Pipeline(parts, bootstrap.options(settings)).close()

        wait(main())
        assert texts(server) == ["passage: a tale of gardens"]


def test_a_server_whose_vectors_have_another_length_now_is_named_until_it_is_indexed_anew(shop):
    widths = {"now": 64}

    def bend(_body, reply, _asked):
        for row in reply["data"]:
            row["embedding"] = row["embedding"][: widths["now"]]
        return reply

    asked = {"scene": "books", "context": Context(wish="trains")}
    with EmbeddingsServer(bend) as server:
        settings = settings_of(shop, server)
        assert indexed(settings).items.written == 80
        before = wait(recommended(settings, **asked))
        widths["now"] = 48
        with pytest.raises(RetrievalError) as caught:
            wait(recommended(settings, **asked))
        assert str(caught.value) == (
            "scene 'books' was indexed with vectors of 64 numbers, and embedder 'e5-small' gives "
            "48 now; run 'recagent index' to embed the catalogue again, or change [embedder] back"
        )
        assert "的索引是 64 维向量" in caught.value.in_language("zh")
        assert indexed(settings).items.written == 80
        assert indexed(settings).items.unchanged == 80
        after = wait(recommended(settings, **asked))
        assert before.trace.degraded is after.trace.degraded is None


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"dimensions": 32}, "1; 32 dimensions; passages after 'passage: '"),
        ({"prefixes": {"passage": "text: "}}, "passages after 'text: '"),
        ({"name": "e5-large"}, "'e5-large'"),
    ],
)
def test_vectors_of_other_settings_are_stale_and_named(shop, change, names):
    with EmbeddingsServer() as server:
        indexed(settings_of(shop, server))
        with pytest.raises(RetrievalError, match="run 'recagent index' to embed") as caught:
            wait(recommended(settings_of(shop, server, **change), scene="books"))
    assert "was indexed with 'e5-small'" in str(caught.value)
    assert names in str(caught.value)


def test_another_prefix_of_queries_makes_nothing_stale(shop):
    other = {"query": "find: ", "passage": "passage: "}
    with EmbeddingsServer() as server:
        indexed(settings_of(shop, server))
        slate = wait(recommended(settings_of(shop, server, prefixes=other), scene="books"))
    assert slate.entries


def test_an_evaluation_has_one_embedder_for_all_cases(shop, monkeypatch):
    made = []
    embedder = bootstrap.embedder

    def counted(settings):
        made.append(embedder(settings))
        return made[-1]

    monkeypatch.setattr(bootstrap, "embedder", counted)
    systems = '[[systems]]\nbaseline = ["text"]\n'
    path = write_experiment(shop, url="http://127.0.0.1:9/v1", systems=systems)

    async def main():
        async with open_context(load_experiment(path), on_progress=lambda *_: None) as context:
            cases = context.questions.cases
            for case in cases:
                await context.query(case)
            return len(cases)

    assert wait(main()) > 10
    assert len(made) == 2  # of the index, and of the cases
