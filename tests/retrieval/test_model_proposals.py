"""What a model proposes is looked up, counted, never shown, and never in the way."""

import logging
from dataclasses import replace

import anyio
import orjson
import pytest
from examples import make_event, make_head, make_index, make_item, make_query, wait
from line import make_line

from recagent import bootstrap
from recagent.chat import Agent, Conversation, Shown
from recagent.cli.output import slate_table
from recagent.config.settings import Settings
from recagent.domain import Constraint, Context, Scene, Usage, User, WishMatch
from recagent.errors import ModelError
from recagent.explanations import wish_note
from recagent.llm.cached_model import ResponseCache
from recagent.llm.response_cache import SqliteReplyCache
from recagent.pipeline import Options, Pipeline
from recagent.ranking import ModelRanker
from recagent.retrieval import ItemKNN, Popularity
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.testing import HashEmbedder, ScriptedModel, json_order

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

TITLES = ["Desert Planet", "Ocean Planet", "Baking Bread", "Rye Bread"]
BOOKS = [make_item(f"b{number}", title, year=1990 + number)
         for number, title in enumerate(TITLES)]  # fmt: skip
FILM = make_item("f1", "The Film of the Oven", scene="films")
EVENTS = [
    *(make_event(f"p{at}", "b0") for at in range(3)),
    make_event("ann", "f1", scene="films"),
    make_event("bob", "b0"),
]
NAMED = "Rye Bread (1993)"
UNKNOWN = "Zwieback for All (1970)"
PLAIN = Options(language_weight=0.0)


def reply(*proposals):
    return orjson.dumps({"proposals": proposals}).decode()


class Hanging(ScriptedModel):
    """Never answers."""

    async def chat(self, messages, *, max_tokens, schema=None):  # noqa: ARG002
        await anyio.sleep_forever()


class NoWeights(ScriptedModel):
    """Cannot be loaded."""

    async def start(self):
        raise ModelError("the weights are missing")


class HalfMute(HashEmbedder):
    """Embeds what it is told of people and items, and nothing proposed."""

    async def embed(self, texts, *, role="passage"):
        if UNKNOWN in texts:
            raise ModelError("the embedder has gone")
        return await super().embed(texts, role=role)


def liking_films(**changes):
    event = make_event("ann", "f1", scene="films")
    return make_query(items=[FILM], events=[event], liked=["f1"], **{"scene": "books", **changes})


def make_proposer(model, *, index=None, items=BOOKS, **changes):
    index = index or wait(make_index(items))
    return ModelProposer(model, index=index, embedder=HashEmbedder(), attempts=2, **changes)


def propose(*texts, query=None, items=BOOKS, **changes):
    """What comes of these replies, one after the other, and the model that gave the last."""
    texts = list(texts)
    model = ScriptedModel(reply=lambda _: texts.pop(0) if len(texts) > 1 else texts[0], **changes)
    proposer = make_proposer(model, items=items)
    for _ in range(len(texts) - 1):
        wait(proposer(query or liking_films()))
    return wait(proposer(query or liking_films())), model


async def made(model, *, sources=(ItemKNN, Popularity), embedder=None, scenes=None, **options):
    """A line whose sources find little by themselves, and whose model proposes."""
    _, parts = await make_line([*BOOKS, FILM], EVENTS, embedder=embedder)
    parts = replace(
        parts,
        sources=[source(parts.index, parts.behaviour) for source in sources],
        models=(model,),
        scenes=scenes or parts.scenes,
        proposer=ModelProposer(
            model, index=parts.index, embedder=embedder or HashEmbedder(), attempts=2
        ),
    )
    return Pipeline(parts, replace(PLAIN, **options)), parts


def recommend(user_id, model, *, context=None, k=2, **changes):
    async def main():
        line, _ = await made(model, **changes)
        return await line.recommend(user_id, scene="books", k=k, context=context)

    return wait(main())


def ids(slate):
    return [entry.item.id for entry in slate.entries]


def test_titles_are_looked_up_and_what_the_catalogue_does_not_have_is_counted():
    proposals, _ = propose(reply(UNKNOWN, NAMED, "ocean planet (1991)", "Ocean Planet"))
    assert proposals.item_ids == ("b3", "b1")
    assert (proposals.named, proposals.written, proposals.grounded) == (True, 4, 3)
    assert (proposals.repairs, proposals.calls) == (0, 1)
    assert proposals.usage == Usage(prompt=1, completion=1)
    assert proposals.prompt.startswith("propose/known_titles.v1.en#")


def test_what_is_doubled_empty_too_much_or_cut_off_is_repaired_and_counted():
    many = [f"Book {number}" for number in range(25)]
    proposals, _ = propose(reply("Rye Bread", "Rye Bread", " ", *many))
    assert (proposals.written, proposals.repairs) == (20, 8)
    cut, _ = propose('{"proposals": ["Rye Bread", "Ocean Pla')
    assert (cut.item_ids, cut.repairs) == (("b3",), 1)


@pytest.mark.parametrize("text", ["no JSON", reply(), reply("", " "), '{"proposals": 3}'])
def test_a_reply_of_nothing_is_asked_again_and_then_an_error_that_does_not_quote_it(text):
    model = ScriptedModel(reply=text)
    with pytest.raises(ModelError, match=r"'scripted' proposed nothing usable$"):
        wait(make_proposer(model)(liking_films()))
    assert len(model.seen) == 2


def test_calls_that_failed_are_counted():
    proposals, model = propose(reply(NAMED), failures=1)
    assert proposals.calls == len(model.seen) == 2


def test_nobody_is_asked_about_a_person_of_whom_nothing_is_known():
    proposals, model = propose(reply(NAMED), query=make_query())
    assert proposals.item_ids == ()
    assert model.seen == []


@pytest.mark.parametrize(
    ("query", "line"),
    [
        (make_query(wish="something with bread"), "usual taste: something with bread"),
        (make_query(user=User(id="ann", tags=("sea",))), "Interests: sea"),
        (liking_films(), "- The Film of the Oven"),
    ],
)
def test_a_wish_declared_interests_or_a_past_is_enough_to_propose_by(query, line):
    _, model = propose(reply(NAMED), query=query)
    assert line in model.seen[0][-1].content


def test_the_dialogue_is_read_and_not_only_its_last_line():
    context = Context(wish="Something like it?", dialogue=("Hello!", "I loved Rye Bread."))
    _, model = propose(reply(NAMED), query=replace(make_query(), context=context))
    assert "- Hello!\n- I loved Rye Bread.\nWhat they ask for now" in model.seen[0][-1].content


def test_a_conversation_tells_what_was_said_before():
    async def main():
        model = ScriptedModel(reply=reply(NAMED))
        _, parts = await made(model)
        agent = Agent(Pipeline(replace(parts, models=()), PLAIN), k=2)
        conversation = Conversation(user_id="zoe", scene="books")
        for turn in ("after 1990", "something with bread"):
            said = [each async for each in agent.say(conversation, turn)]
        shown = next(each for each in said if isinstance(each, Shown))
        return shown.slate, model.seen[-1][-1].content

    slate, asked = wait(main())
    assert "- after 1990\n- From now on: " in asked
    assert "- something with bread\n" in asked
    assert "taste: bread\nEvery one should meet: after 1990\nTwenty titles" in asked  # and no ids
    assert "b3" in ids(slate)  # it comes again: what is wished for now was not


def test_what_must_hold_is_told():
    condition = Constraint(attribute="year", operator="at least", value=1991)
    context = Context(wish="bread", constraints=(condition,))
    _, model = propose(reply(NAMED), query=replace(make_query(), context=context))
    assert "Every one should meet: year at least 1991" in model.seen[0][-1].content


def test_a_scene_is_proposed_for_in_its_own_language():
    scene = Scene(name="books", language="zh")
    _, model = propose(reply("面包"), query=liking_films(scene=scene))
    assert "过去的行为" in model.seen[0][1].content


def test_a_scene_may_declare_descriptions_which_are_searched_for():
    scene = Scene(name="books", proposals="descriptions")
    proposals, model = propose(reply("a book on rye bread", "…"), query=liking_films(scene=scene))
    assert "short descriptions" in model.seen[0][0].content
    assert proposals.item_ids[0] == "b3"
    assert (proposals.named, proposals.written, proposals.grounded) == (False, 2, 1)


def test_titles_of_which_none_is_found_are_searched_for_as_descriptions():
    proposals, _ = propose(reply("All about rye bread (2019)"))
    assert proposals.item_ids[0] == "b3"
    assert (proposals.named, proposals.written, proposals.grounded) == (False, 1, 0)
    scene = Scene(name="books", proposals="titles")
    proposals, _ = propose(reply("All about rye bread (2019)"), query=liking_films(scene=scene))
    assert proposals.item_ids == ()


def test_where_hardly_any_title_is_found_descriptions_are_asked_for():
    unknown = reply(*(f"Unknown {number}" for number in "abcdefghijklmnopqrst"))
    _, model = propose(unknown, unknown, unknown)
    assert ["short descriptions" in seen[0].content for seen in model.seen] == [False, False, True]
    known = reply(*TITLES, *(f"Unknown {number}" for number in "abcdefghijklmnop"))
    _, model = propose(known, known, known)
    assert not any("short descriptions" in seen[0].content for seen in model.seen)


def test_what_was_proposed_before_is_not_asked_again(tmp_path):
    cache = SqliteReplyCache(tmp_path / "replies.db")
    model = ScriptedModel(reply=reply(NAMED))
    proposer = make_proposer(model, replies=ResponseCache(cache=cache, identity=str))
    first, second = (wait(proposer(liking_films())) for _ in range(2))
    cache.close()
    assert first.item_ids == second.item_ids == ("b3",)
    assert (second.calls, second.usage, len(model.seen)) == (0, Usage(), 1)


def test_with_a_wish_the_named_items_lead_in_the_models_order():
    model = ScriptedModel(reply=reply(NAMED, UNKNOWN, "Ocean Planet (1991)"))
    for user_id in ("zoe", "ann", "bob"):
        slate = recommend(user_id, model, context=Context(wish="a planet"), k=3)
        assert ids(slate)[:2] == ["b3", "b1"]
        assert len(ids(slate)) == 3


@pytest.mark.parametrize(("k", "calls"), [(1, 1), (2, 1), (3, 2)])
def test_a_list_that_the_model_has_named_is_not_put_to_it_again(k, calls):
    def answer(messages):
        named = reply(NAMED, "Ocean Planet (1991)")
        return named if '"proposals"' in messages[0].content else json_order(["B", "A"])

    async def main():
        model = ScriptedModel(reply=answer, modes=frozenset({"listwise"}))
        _, parts = await made(model)
        parts = replace(parts, ranker=ModelRanker(model))
        line = Pipeline(parts, replace(PLAIN, language_weight=0.3))
        context = Context(wish="a planet")
        slate = await line.recommend("zoe", scene="books", k=k, context=context)
        return slate, model.seen

    slate, seen = wait(main())
    assert ids(slate)[:2] == ["b3", "b1"][:k]
    assert len(seen) == slate.trace.calls == calls
    assert slate.trace.degraded is None


def test_a_note_says_how_much_of_a_list_the_model_named():
    model = ScriptedModel(reply=reply(NAMED, "Ocean Planet (1991)"))
    notes = []
    for k in (2, 3):
        slate = recommend("zoe", model, context=Context(wish="a planet"), k=k)
        assert slate.trace.wish == WishMatch(wish="a planet", matches=2, proposed=2)
        notes += [wish_note(slate, lang="en"), wish_note(slate, lang="zh")]
    assert notes[0] == "The language model named these for “a planet”."
    assert notes[2].startswith("The language model named the first 2 for “a planet”; the rest ")
    assert notes[3].startswith("前 2 项是语言模型根据“a planet”提议的")
    one = recommend("zoe", ScriptedModel(reply=reply(NAMED)), context=Context(wish="hm"), k=2)
    assert wish_note(one, lang="en").startswith("The language model named the first for “hm”; ")
    assert not any("nothing matches" in note for note in one.trace.notes)


def test_hard_constraints_and_what_was_seen_hold_against_proposals():
    only = Constraint(attribute="year", operator="at most", value=1992)
    model = ScriptedModel(reply=reply(NAMED, "Desert Planet (1990)", "Ocean Planet (1991)"))
    context = Context(wish="a planet", constraints=(only,))
    slate = recommend("bob", model, context=context, k=4)  # bob has read b0
    assert ids(slate) == ["b1", "b2"]


def test_what_the_wish_avoids_does_not_lead():
    model = ScriptedModel(reply=reply(NAMED, "Ocean Planet (1991)"))
    slate = recommend("zoe", model, context=Context(wish="a planet, no bread"), k=4)
    assert ids(slate)[0] == "b1"
    assert ids(slate).index("b3") > 1


def test_described_items_do_not_lead_before_what_says_the_words_of_a_wish():
    scenes = {"books": Scene(name="books", proposals="descriptions")}
    model = ScriptedModel(reply=reply("baking bread"))
    slate = recommend("zoe", model, context=Context(wish="an ocean"), scenes=scenes)
    assert ids(slate)[0] == "b1"
    assert "proposals" in {name for entry in slate.entries for name in entry.features}


def test_the_trace_tells_how_much_of_what_was_proposed_is_there():
    slate = recommend("ann", ScriptedModel(reply=reply(NAMED, UNKNOWN)), sources=(ItemKNN,))
    assert slate.entries[0].item.id == "b3"
    assert slate.entries[0].features.keys() == {"proposals", "fused"}
    assert slate.trace.sources == {"proposals": 1}
    assert (slate.trace.calls, slate.trace.usage) == (1, Usage(prompt=1, completion=1))
    note = slate.trace.notes[0]
    assert note.startswith("proposed by propose/known_titles.v1.en#")
    assert note.endswith(": 2, found here: 1")
    assert slate.trace.degraded is None


def test_the_table_tells_a_model_that_proposed_from_one_that_was_not_asked(capsys):
    slate = recommend("ann", ScriptedModel(reply=reply(NAMED)), sources=(ItemKNN,))
    slate_table(replace(slate, entries=()), [], lang="en")
    assert "a model proposed, none ranked" in capsys.readouterr().out
    unasked = replace(slate.trace, calls=0)
    slate_table(replace(slate, entries=(), trace=unasked), [], lang="en")
    assert "no model asked" in capsys.readouterr().out


def test_the_proposed_text_is_on_no_slate_and_in_no_reason(caplog):
    caplog.set_level(logging.INFO)

    async def main():
        line, parts = await made(ScriptedModel(reply=reply(UNKNOWN, NAMED)))
        context = Context(wish="bread")
        slate = await line.recommend("ann", scene="books", context=context)
        kept = await parts.store.impression(slate.trace.id)
        answer = await line.compare("ann", "b3", versus="b0", scene="books", context=context)
        return [slate, kept, answer, await line.reasons(slate)]

    told = repr(wait(main())) + caplog.text
    assert "language model named it first for your wish" in told
    assert "Zwieback" not in told


def test_a_person_whom_the_scene_knows_is_not_proposed_for_while_enough_is_found():
    model = ScriptedModel(reply=reply(NAMED))
    slate = recommend("bob", model, pool=2)
    assert len(slate.entries) == 2
    assert model.seen == []


def test_where_too_little_is_found_the_model_is_asked():
    model = ScriptedModel(reply=reply(NAMED))
    slate = recommend("bob", model, pool=3, sources=(ItemKNN,))
    assert slate.trace.sources["proposals"] == 1
    assert len(model.seen) == 1


def test_where_all_that_is_left_was_found_the_model_is_not_asked():
    model = ScriptedModel(reply=reply(NAMED))
    slate = recommend("bob", model, pool=20)
    assert slate.trace.pool == 3
    assert model.seen == []


def test_without_a_proposer_no_call_is_made_and_none_for_what_is_ranked_again_and_again():
    async def main():
        model = ScriptedModel(reply=reply(NAMED))
        line, parts = await made(model)
        off = Pipeline(replace(parts, proposer=None), PLAIN)
        slate = await off.recommend("ann", scene="books")
        await line.what_if("ann", "b2", scene="books")
        return slate, model.seen

    slate, seen = wait(main())
    assert "proposals" not in slate.trace.sources
    assert (seen, slate.trace.calls) == ([], 0)


@pytest.mark.parametrize(
    ("model", "embedder", "says"),
    [
        (ScriptedModel(reply="no"), None, "model 'scripted' proposed nothing"),
        (ScriptedModel(failures=9), None, "scripted failure"),
        (Hanging(), None, "no reply within half of the time"),
        (NoWeights(), None, "the weights are missing"),
        (ScriptedModel(reply=reply(UNKNOWN)), HalfMute(), "the embedder has gone"),
    ],
)
def test_a_failure_is_said_and_the_slate_is_what_it_would_be_without(model, embedder, says):
    slate = recommend("ann", model, embedder=embedder, deadline=0.5)
    off = recommend("ann", ScriptedModel(), deadline=0.5)
    assert slate.trace.degraded is not None
    assert slate.trace.degraded.startswith(f"no proposals from the model: {says}")
    assert "popularity" not in slate.trace.degraded  # there is time left for the sources
    assert ids(slate) == ids(off)
    assert "proposals" not in slate.trace.sources


def test_a_scene_of_two_tasks_is_proposed_for_once():
    async def main():
        model = ScriptedModel(reply=reply("Rye Bread", "Bread Talk"))
        talk = replace(make_item("c1", "Bread Talk"), task="content")
        _, parts = await make_line([*BOOKS, talk, FILM], EVENTS)
        scene = Scene(name="books", tasks=("item", "content"), quotas={"item": 1, "content": 1})
        proposer = ModelProposer(model, index=parts.index, embedder=HashEmbedder())
        parts = replace(parts, proposer=proposer, scenes={"books": scene})
        slate = await Pipeline(parts, PLAIN).recommend("ann", scene="books", k=4)
        return slate, model.seen

    slate, seen = wait(main())
    assert {entry.item.task for entry in slate.entries if "proposals" in entry.features} == {
        "item",
        "content",
    }
    assert len(seen) == 1


def test_a_head_does_not_hear_the_source_and_ranks_what_only_it_found_as_found_by_none():
    head = make_head(
        sources=("popularity",),
        shared=(1.0, 0.0, 0.0, 0.0),
        scenes={},
    )

    async def main():
        line, parts = await made(ScriptedModel(reply=reply(*TITLES[1:])))
        line = Pipeline(replace(parts, head=head), PLAIN)
        return await line.recommend("ann", scene="books", k=4)

    slate = wait(main())
    assert slate.entries[0].item.id == "b0"  # the only one that anybody liked
    rest = slate.entries[1:]
    assert all("proposals" in entry.features for entry in rest)
    assert len({entry.probability for entry in rest}) == 1


def test_a_model_behind_an_endpoint_proposes_by_default_and_the_embedded_one_never(tmp_path):
    def proposer(**settings):
        return bootstrap.parts(Settings(data_dir=tmp_path, **settings)).proposer

    endpoint = {"base_url": "http://127.0.0.1:1/v1", "name": "big"}
    assert proposer() is None
    assert proposer(model={"kind": "embedded"}) is None
    assert proposer(model={"kind": "none"}) is None
    assert proposer(model=endpoint) is not None
    assert proposer(model=endpoint, retrieval={"proposals": "off"}) is None
    assert proposer(model={"kind": "embedded", "then": [endpoint]}) is None
