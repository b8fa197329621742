"""What a model imagines is searched with, counted, never shown, and never in the way."""

import logging
from dataclasses import replace

import anyio
import numpy as np
import orjson
import pytest
from examples import make_event, make_head, make_index, make_item, make_query, wait
from line import make_line

from recagent import bootstrap
from recagent.cli.output import slate_table
from recagent.config.settings import Settings
from recagent.domain import Context, Scene, Usage, User
from recagent.errors import ConfigError, ModelError
from recagent.llm.cached_model import ResponseCache
from recagent.llm.response_cache import SqliteReplyCache
from recagent.pipeline import Options, Pipeline
from recagent.retrieval import ItemKNN, Popularity
from recagent.retrieval.sources.model_proposals import ModelProposals, ModelProposer
from recagent.testing import HashEmbedder, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

TITLES = ["desert planet", "ocean planet", "baking bread", "rye bread"]
BOOKS = [make_item(f"b{number}", title) for number, title in enumerate(TITLES)]
FILM = make_item("f1", "The Film of the Oven", scene="films")
EVENTS = [
    *(make_event(f"p{at}", "b0") for at in range(3)),
    make_event("ann", "f1", scene="films"),
    make_event("bob", "b0"),
]
GUESS = "zwieback bread"
PLAIN = Options(language_weight=0.0)


def reply(*descriptions):
    return orjson.dumps({"descriptions": descriptions}).decode()


class Hanging(ScriptedModel):
    """Never answers."""

    async def chat(self, messages, *, max_tokens, schema=None):  # noqa: ARG002
        await anyio.sleep_forever()


class NoWeights(ScriptedModel):
    """Cannot be loaded."""

    async def start(self):
        raise ModelError("the weights are missing")


class HalfMute(HashEmbedder):
    """Embeds what it is told of people and items, and nothing imagined."""

    async def embed(self, texts):
        if GUESS in texts:
            raise ModelError("the embedder has gone")
        return await super().embed(texts)


def liking_films():
    return make_query(items=[FILM], liked=["f1"], scene="books")


def imagine(text, **changes):
    model = ScriptedModel(reply=text, **changes)
    return wait(ModelProposer(model, attempts=2)(liking_films())), model


async def made(model, *, sources=(ItemKNN, Popularity), embedder=None, **options):
    """A line whose sources find little by themselves, and that lets ``model`` imagine."""
    _, parts = await make_line([*BOOKS, FILM], EVENTS, embedder=embedder)
    parts = replace(
        parts,
        sources=[source(parts.index, parts.behaviour) for source in sources],
        models=(model,),
        imaginer=ModelProposer(model, attempts=2),
    )
    weights = {"imagined": 100.0}
    line = Pipeline(parts, replace(PLAIN, source_weights=weights, **options))
    return line, parts


def recommend(user_id, model, *, context=None, **changes):
    async def main():
        line, _ = await made(model, **changes)
        return await line.recommend(user_id, scene="books", k=2, context=context)

    return wait(main())


def test_the_replies_descriptions_are_what_is_imagined():
    imagination, _ = imagine(reply("a quiet sea", "a loud sea"))
    assert imagination.descriptions == ("a quiet sea", "a loud sea")
    assert (imagination.repairs, imagination.calls) == (0, 1)
    assert imagination.usage == Usage(prompt=1, completion=1)


def test_what_is_doubled_empty_too_much_or_cut_off_is_repaired_and_counted():
    imagination, _ = imagine(reply("a", "a", " ", "b", "c", "d", "e", "f"))
    assert imagination.descriptions == ("a", "b", "c", "d", "e")
    assert imagination.repairs == 3
    cut, _ = imagine('{"descriptions": ["a quiet sea", "a lou')
    assert cut.descriptions == ("a quiet sea", "a lou")
    assert cut.repairs == 1


@pytest.mark.parametrize("text", ["no JSON", reply(), reply("", " "), '{"descriptions": 3}'])
def test_a_reply_of_nothing_is_asked_again_and_then_an_error_that_does_not_quote_it(text):
    model = ScriptedModel(reply=text)
    with pytest.raises(ModelError, match=r"'scripted' proposed nothing usable$"):
        wait(ModelProposer(model, attempts=2)(liking_films()))
    assert len(model.seen) == 2


def test_calls_that_failed_are_counted():
    imagination, model = imagine(reply("a"), failures=1)
    assert imagination.calls == len(model.seen) == 2


def test_nobody_is_asked_about_a_person_of_whom_nothing_is_known():
    model = ScriptedModel(reply=reply("a"))
    assert wait(ModelProposer(model)(make_query())).descriptions == ()
    assert model.seen == []


def test_a_scene_is_imagined_in_its_own_language():
    model = ScriptedModel(reply=reply("面包"))
    scene = Scene(name="books", language="zh")
    wait(ModelProposer(model)(make_query(items=[FILM], liked=["f1"], scene=scene)))
    assert "喜欢过" in model.seen[0][1].content


def test_what_was_imagined_before_is_not_asked_again(tmp_path):
    cache = SqliteReplyCache(tmp_path / "replies.db")
    model = ScriptedModel(reply=reply("a"))
    imaginer = ModelProposer(model, replies=ResponseCache(cache=cache, identity=str))
    first, second = (wait(imaginer(liking_films())) for _ in range(2))
    cache.close()
    assert first.descriptions == second.descriptions == ("a",)
    assert (second.calls, second.usage, len(model.seen)) == (0, Usage(), 1)


def found(*lines, exclude=(), limit=10):
    async def main():
        vectors = await HashEmbedder().embed(lines)
        source = ModelProposals(vectors, index=await make_index(BOOKS))
        return await source(make_query(exclude=exclude), limit=limit)

    return wait(main())


def test_an_item_near_several_descriptions_comes_first():
    best = found("planet bread", "rye", "rye bread")[0]
    assert best[0] == "b3"
    assert best[1] == pytest.approx(1 / 61 * 2 + 1 / 62, abs=1e-3)


def test_what_must_not_come_is_not_searched_and_what_says_nothing_is_mute():
    assert [key for key, _ in found("rye bread", exclude=["b3"], limit=1)] == ["b2"]
    assert found("…") == []
    assert found("…", "rye bread") == found("rye bread")


def test_a_person_who_is_new_gets_what_only_the_model_thought_of():
    model = ScriptedModel(reply=reply(GUESS))
    slate = recommend("ann", model, sources=(ItemKNN,))
    assert slate.entries[0].item.id in ("b2", "b3")
    assert slate.entries[0].features.keys() == {"imagined", "fused"}
    assert slate.trace.sources == {"imagined": 4}
    assert (slate.trace.calls, slate.trace.usage) == (1, Usage(prompt=1, completion=1))
    note = slate.trace.notes[0]
    assert note.startswith("descriptions proposed by imagine/titles.v1.en#")
    assert note.endswith(": 1")
    assert slate.trace.degraded is None


def test_the_table_tells_a_model_that_imagined_from_one_that_was_not_asked(capsys):
    slate = recommend("ann", ScriptedModel(reply=reply(GUESS)), sources=(ItemKNN,))
    assert slate.trace.model is None
    slate_table(replace(slate, entries=()), [], lang="en")
    assert "a model imagined, none ranked" in capsys.readouterr().out
    unasked = replace(slate.trace, calls=0)
    slate_table(replace(slate, entries=(), trace=unasked), [], lang="en")
    assert "no model asked" in capsys.readouterr().out


def test_the_imagined_text_is_on_no_slate_and_in_no_reason(caplog):
    caplog.set_level(logging.INFO)

    async def main():
        line, parts = await made(ScriptedModel(reply=reply(GUESS)))
        slate = await line.recommend("ann", scene="books")
        kept = await parts.store.impression(slate.trace.id)
        answer = await line.compare("ann", "b2", versus="b0", scene="books")
        return [slate, kept, answer, await line.reasons(slate)]

    told = repr(wait(main())) + caplog.text
    assert "imagined" in told
    assert "zwieback" not in told


def test_a_person_whom_the_scene_knows_is_not_imagined_for_while_enough_is_found():
    model = ScriptedModel(reply=reply(GUESS))
    slate = recommend("bob", model, pool=2)
    assert len(slate.entries) == 2
    assert model.seen == []


def test_where_too_little_is_found_the_model_is_asked():
    model = ScriptedModel(reply=reply(GUESS))
    slate = recommend("bob", model, pool=3, sources=(ItemKNN,))
    assert slate.trace.sources["imagined"] == 3
    assert len(model.seen) == 1


def test_where_all_that_is_left_was_found_the_model_is_not_asked():
    model = ScriptedModel(reply=reply(GUESS))
    slate = recommend("bob", model, pool=20)
    assert slate.trace.pool == 3
    assert model.seen == []


def test_without_an_imaginer_no_call_is_made_and_none_for_what_is_ranked_again_and_again():
    async def main():
        model = ScriptedModel(reply=reply(GUESS))
        line, parts = await made(model)
        off = Pipeline(replace(parts, imaginer=None), PLAIN)
        slate = await off.recommend("ann", scene="books")
        await line.what_if("ann", "b2", scene="books")
        return slate, model.seen

    slate, seen = wait(main())
    assert "imagined" not in slate.trace.sources
    assert (seen, slate.trace.calls) == ([], 0)


@pytest.mark.parametrize(
    ("model", "embedder", "says"),
    [
        (
            ScriptedModel(reply="no"),
            None,
            "no proposals from the model: model 'scripted' proposed nothing",
        ),
        (ScriptedModel(failures=9), None, "no proposals from the model: scripted failure"),
        (Hanging(), None, "no proposals from the model: no reply within half of the time"),
        (NoWeights(), None, "no proposals from the model: the weights are missing"),
        (
            ScriptedModel(reply=reply(GUESS)),
            HalfMute(),
            "no proposals from the model: the embedder has gone",
        ),
    ],
)
def test_a_failure_is_said_and_the_slate_is_what_it_would_be_without(model, embedder, says):
    slate = recommend("ann", model, embedder=embedder, deadline=0.5)
    off = recommend("ann", ScriptedModel(), deadline=0.5)
    assert slate.trace.degraded is not None
    assert slate.trace.degraded.startswith(says)
    assert "popularity" not in slate.trace.degraded  # there is time left for the sources
    assert [entry.item.id for entry in slate.entries] == [entry.item.id for entry in off.entries]
    assert "imagined" not in slate.trace.sources


def test_a_scene_of_two_tasks_is_imagined_once():
    async def main():
        model = ScriptedModel(reply=reply(GUESS))
        _, parts = await make_line(
            [*BOOKS, replace(make_item("c1", "bread talk"), task="content"), FILM], EVENTS
        )
        scene = Scene(name="books", tasks=("item", "content"), quotas={"item": 1, "content": 1})
        imaginer = ModelProposer(model)
        parts = replace(parts, imaginer=imaginer, scenes={"books": scene})
        slate = await Pipeline(parts, PLAIN).recommend("ann", scene="books", k=4)
        return slate, model.seen

    slate, seen = wait(main())
    assert {entry.item.task for entry in slate.entries if "imagined" in entry.features} == {
        "item",
        "content",
    }
    assert len(seen) == 1


def test_a_head_does_not_hear_the_source_and_ranks_what_only_it_found_as_found_by_none():
    head = make_head(
        scales={"popularity": 1.0},
        shared=(1.0, 0.0, 0.0, 0.0),
        scenes={},
    )

    async def main():
        line, parts = await made(ScriptedModel(reply=reply(GUESS)))
        line = Pipeline(replace(parts, head=head), PLAIN)
        return await line.recommend("ann", scene="books", k=4)

    slate = wait(main())
    assert slate.entries[0].item.id == "b0"  # the only one that anybody liked
    rest = slate.entries[1:]
    assert all("imagined" in entry.features for entry in rest)
    assert len({entry.probability for entry in rest}) == 1


def test_a_wish_is_enough_to_imagine_by():
    model = ScriptedModel(reply=reply(GUESS))
    recommend("zoe", model, context=Context(wish="something with bread"))
    assert "Looking for: something with bread" in model.seen[0][-1].content


def test_declared_interests_are_enough_to_imagine_by():
    model = ScriptedModel(reply=reply("a"))
    wait(ModelProposer(model)(make_query(user=User(id="ann", tags=("sea",)))))
    assert "Interests: sea" in model.seen[0][-1].content


def test_it_is_off_by_default_and_on_with_a_weight(tmp_path):
    def parts(**settings):
        return bootstrap.parts(Settings(data_dir=tmp_path, **settings))

    assert parts().imaginer is None
    on = {"imagined": 0.5}
    assert parts(retrieval=on).imaginer is not None
    assert bootstrap.options(Settings(retrieval=on)).source_weights["imagined"] == 0.5
    with pytest.raises(ConfigError, match=r"\[retrieval\] imagined = 0\.5 needs a language model"):
        parts(retrieval=on, model={"kind": "none"})


def test_vectors_of_zeros_alone_propose_nothing():
    async def main():
        source = ModelProposals(np.zeros((2, 64), dtype=np.float32), index=await make_index(BOOKS))
        return await source(make_query(), limit=5)

    assert wait(main()) == []
