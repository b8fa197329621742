"""What answers when a step cannot, and that it is said: never silent, never an error."""

from dataclasses import replace

import anyio
import pytest
from examples import make_event, make_item, wait
from line import make_line

from recagent.domain import Context, User
from recagent.errors import ConfigError, ModelError, StoreError
from recagent.llm.cached_model import ResponseCache
from recagent.pipeline import Options, Pipeline
from recagent.ports import ReplyCache
from recagent.ranking import ModelRanker
from recagent.testing import HashEmbedder, MemoryStore, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

TITLES = ["desert planet", "ocean planet", "baking bread", "bread and cakes"]
BOOKS = [make_item(f"b{number}", title) for number, title in enumerate(TITLES)]
EVENTS = [*(make_event(f"p{n}", "b3") for n in range(4)), make_event("ann", "b0")]
WISH = Context(wish="bread")
SOON = 0.05  # seconds


class Hanging(ScriptedModel):
    """Answers no question."""

    async def likelihood(self, prefix, *, texts):  # noqa: ARG002
        await anyio.sleep_forever()


class NoWeights(ScriptedModel):
    """Cannot be loaded."""

    async def start(self):
        raise ModelError("the weights are missing; run 'recagent models pull'")


class SlowStart(ScriptedModel):
    """Loads for longer than a request may take, once."""

    started = False

    async def start(self):
        if not self.started:
            self.started = True
            await anyio.sleep(0.6)
        return self.modes


class Mute(HashEmbedder):
    """Embeds nothing."""

    async def embed(self, texts, *, role="passage"):  # noqa: ARG002
        raise ModelError("the embedder has gone")


class Stuck(HashEmbedder):
    """Never comes back."""

    async def embed(self, texts, *, role="passage"):  # noqa: ARG002
        await anyio.sleep_forever()


def recommend(*, users=(), context=None, **parts):
    async def main():
        line, made = await make_line(BOOKS, EVENTS, users=users, **parts)
        slate = await line.recommend("ann", k=3, context=context)
        assert await made.store.impression(slate.trace.id) is not None
        return slate

    return wait(main())


def assert_plain(slate):
    """A full slate in the order of retrieval, on which no model had a say."""
    assert len(slate.entries) == 3
    fused = [entry.features["fused"] for entry in slate.entries]
    assert fused == sorted(fused, reverse=True)
    assert (slate.trace.model, slate.trace.mode, slate.trace.prompt) == (None, None, None)


def test_a_model_that_fails_leaves_the_order_of_retrieval():
    slate = recommend(model=ScriptedModel(failures=99))
    assert_plain(slate)
    assert slate.trace.degraded == "retrieval order: scripted failure"


def test_what_was_degraded_is_told_in_the_language_of_the_request():
    slate = recommend(model=Hanging(), deadline=SOON, lang="zh")
    assert slate.trace.degraded == "按召回顺序：已超过 0.05 秒的时限"


def test_a_model_that_recovers_within_its_budget_degrades_nothing():
    slate = recommend(model=ScriptedModel(failures=1))
    assert (slate.trace.degraded, slate.trace.model) == (None, "scripted")


def test_a_model_that_hangs_is_left_at_the_deadline():
    slate = recommend(model=Hanging(), deadline=SOON)
    assert_plain(slate)
    assert "retrieval order: the deadline of 0.05 s has passed" in slate.trace.degraded


class Plodding(ScriptedModel):
    """Takes its time for every text."""

    async def likelihood(self, prefix, *, texts):
        await anyio.sleep(0.02 * len(texts))
        return await super().likelihood(prefix, texts=texts)


def test_a_model_for_which_the_time_was_too_short_is_asked_about_fewer_candidates():
    books = [make_item(f"b{number}", f"desert planet {number}") for number in range(20)]

    async def main():
        model = Plodding()
        line, _ = await make_line(books, EVENTS, model=model, deadline=0.25)
        return [await line.recommend("ann", k=19) for _ in range(4)]

    late, *_, fewer = wait(main())
    assert "the deadline of 0.25 s has passed" in late.trace.degraded
    assert fewer.trace.degraded.startswith("fewer candidates: there was time to rank ")
    assert fewer.trace.degraded.endswith(" of 19")
    assert 5 <= len(fewer.trace.language_probability) < 19
    assert len(fewer.entries) == 19


class Instant(ReplyCache):
    """Keeps replies in memory."""

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return self.kept.get(key)

    def put(self, key, reply, **_):
        self.kept[key] = (reply, 0.0)


class Unhurried(HashEmbedder):
    """Takes a while."""

    async def embed(self, texts, *, role="passage"):
        await anyio.sleep(1.1)
        return await super().embed(texts, role=role)


def test_replies_that_were_kept_do_not_tell_how_long_a_model_takes():
    books = [make_item(f"b{number}", f"desert planet {number}") for number in range(20)]
    people = [*EVENTS, make_event("eve", "b1")]

    async def main():
        model, deadline = Plodding(), Options(deadline=1.5)
        _, made = await make_line(books, people, embedder=Unhurried())
        ranker = ModelRanker(model, replies=ResponseCache(cache=Instant(), identity=str))
        line = Pipeline(replace(made, ranker=ranker, models=[model]), deadline)
        for _ in range(20):  # the same question: asked once, then answered from what was kept
            assert (await line.recommend("ann", k=19)).trace.model == "scripted"
        return await line.recommend("eve", k=19, context=Context(wish="planet"))

    slate = wait(main())  # the embedder left too little time for all 19
    assert slate.trace.model == "scripted"
    assert slate.trace.degraded.startswith("fewer candidates: there was time to rank ")


def test_no_time_at_all_is_no_error_however_often():
    async def main():
        line, _ = await make_line(BOOKS, EVENTS, model=Plodding(), deadline=1e-9)
        return [await line.recommend("ann", k=3) for _ in range(3)]

    for slate in wait(main()):
        assert len(slate.entries) == 3
        assert "the deadline of 1e-09 s has passed" in slate.trace.degraded


def test_a_model_that_cannot_start_leaves_the_order_of_retrieval():
    slate = recommend(model=NoWeights())
    assert_plain(slate)
    assert slate.trace.degraded.startswith("retrieval order: the weights are missing")


def test_a_mode_that_the_engine_lacks_is_a_mistake_not_a_rung():
    async def main():
        model = ScriptedModel(modes=frozenset({"label"}))
        line, _ = await make_line(BOOKS, EVENTS, model=model, mode="listwise")
        await line.recommend("ann")

    with pytest.raises(ConfigError, match="cannot score by 'listwise'"):
        wait(main())


def test_loading_the_model_is_not_on_the_clock():
    slate = recommend(model=SlowStart(), deadline=0.5)
    assert (slate.trace.degraded, slate.trace.model) == (None, "scripted")
    assert slate.trace.seconds < 0.6


def test_an_embedder_that_fails_on_the_wish_leaves_the_popular():
    slate = recommend(embedder=Mute(), context=WISH)
    assert slate.trace.degraded == "popularity: the embedder has gone"
    assert slate.trace.sources == {"popularity": 3}
    assert slate.entries[0].item.id == "b3"


def test_an_embedder_that_hangs_on_the_wish_is_left_at_the_deadline():
    slate = recommend(embedder=Stuck(), context=WISH, deadline=SOON)
    assert slate.trace.degraded == "popularity: the deadline of 0.05 s has passed"
    assert slate.trace.sources == {"popularity": 3}


def test_an_embedder_that_fails_on_declared_tags_is_no_error_either():
    slate = recommend(embedder=Mute(), users=[User(id="ann", tags=("bread",))])
    assert len(slate.entries) == 3
    assert "the embedder has gone" in slate.trace.degraded


def test_an_embedder_that_hangs_on_declared_tags_is_left_at_the_deadline():
    async def main():
        tagged = [User(id="ann", tags=("bread",))]
        line, _ = await make_line(BOOKS, EVENTS, users=tagged, embedder=Stuck(), deadline=SOON)
        with anyio.fail_after(20 * SOON):
            return await line.recommend("ann", k=3)

    assert "the deadline of 0.05 s has passed" in wait(main()).trace.degraded


def test_the_popular_answer_also_where_their_weight_is_zero():
    slate = recommend(embedder=Mute(), context=WISH, source_weights={"popularity": 0.0})
    assert [entry.item.id for entry in slate.entries] == ["b3", "b2", "b1"]  # bread, bread, ocean
    assert slate.trace.degraded == "popularity: the embedder has gone"


def test_a_slate_longer_than_a_model_can_be_asked_for_comes_in_retrieval_order(monkeypatch):
    monkeypatch.setattr("recagent.pipeline.fallback.MOST_RANKED", 2)
    slate = recommend(model=ScriptedModel())
    assert len(slate.entries) == 3
    assert slate.trace.degraded == (
        "retrieval order: there are 3 candidates, and a model ranks at most 2"
    )


def test_a_slate_by_the_second_model_names_it_and_the_reason():
    gone = ScriptedModel(name="large", failures=99)
    slate = recommend(model=gone, then=[ScriptedModel(name="small")])
    assert slate.trace.model == "small"
    assert slate.trace.degraded == "model small: scripted failure"
    assert slate.trace.language_probability


def test_two_steps_that_fail_are_both_told():
    slate = recommend(embedder=Mute(), context=WISH, model=ScriptedModel(failures=99))
    assert slate.trace.degraded == (
        "popularity: the embedder has gone; retrieval order: scripted failure"
    )


def explain(model, **parts):
    async def main():
        line, _ = await make_line(BOOKS, EVENTS, model=model, **parts)
        return await line.explain("bob", "b3", phrase=True)

    return wait(main())


FEW = "Not many people here have come across it yet."
LIFTED = "What speaks for it (not counting the language model) is mostly its popularity here."


def test_a_phrased_explanation_names_the_model_that_joined_it():
    said = explain(ScriptedModel(reply='{"sentences": ["Because [e1]."]}'))
    assert [claim.text for claim in said.claims] == [
        f"Because {FEW[:1].lower()}{FEW[1:]}",
        LIFTED,
    ]
    assert (said.phrased_by, said.replaced) == ("scripted", 0)


@pytest.mark.parametrize("model", [ScriptedModel(failures=99), NoWeights(), None])
def test_without_a_model_that_answers_the_reasons_are_plain(model):
    said = explain(model)
    lifted = LIFTED if model else LIFTED.replace(" (not counting the language model)", "")
    assert [claim.text for claim in said.claims] == [
        "Not many people here have come across it yet.",
        lifted,
    ]
    assert said.evidence[0].facts["count"] == "4"


def timed(question, *args, deadline, users=(), model=None, identifier=None, **asked):
    """What came of a question whose embedder never comes back, and how long it took."""

    async def main():
        line, made = await make_line(BOOKS, EVENTS, users=users, embedder=Stuck(), model=model)
        line = Pipeline(replace(made, identifier=identifier), Options(deadline=deadline))
        await line.profile("nobody")  # what is read once is read
        began = anyio.current_time()
        found = await getattr(line, question)("ann", *args, **asked)
        return found, anyio.current_time() - began

    return wait(main())


TAGGED = [User(id="ann", tags=("bread", "面包"))]


def learned(*_, **__):
    """An identifier, which is told how near the wish is to each scene."""
    return {"books": 1.0}


@pytest.mark.parametrize(
    ("question", "args", "asked"),
    [
        ("recommend", (), {"context": WISH}),
        ("recommend", (), {"context": Context(wish="想看面包")}),
        ("explain", ("b3",), {"context": WISH, "phrase": True}),
        ("compare", ("b3",), {"context": WISH, "versus": "b1"}),
        ("why_not", ("b3",), {"context": WISH}),
        ("what_if", ("b3",), {"context": WISH}),
        ("blocked", (), {"context": WISH, "scene": None}),
    ],
)
def test_one_deadline_is_over_all_steps_together(question, args, asked):
    _, seconds = timed(
        question, *args, deadline=0.4, users=TAGGED, model=Hanging(), identifier=learned, **asked
    )
    assert 0.4 <= seconds < 0.6


def test_a_counterfactual_that_was_not_ranked_in_time_is_said_and_not_guessed():
    class Once(HashEmbedder):
        """Answers a few times and then never again."""

        async def embed(self, texts, *, role="passage"):
            Once.left -= 1
            if Once.left < 0:
                await anyio.sleep_forever()
            return await super().embed(texts, role=role)

    Once.left = 1

    async def main():
        line, _ = await make_line(BOOKS, EVENTS, embedder=Once(), deadline=0.3)
        return await line.what_if("ann", "b1", context=WISH)

    answer = wait(main())
    assert answer.degraded == "popularity: the deadline of 0.3 s has passed"
    assert not [piece for piece in answer.evidence if piece.kind in ("change", "steady")]


class Held(MemoryStore):
    """Another process writes."""

    async def add_impression(self, impression):  # noqa: ARG002
        await anyio.sleep_forever()


class Busy(MemoryStore):
    """Another process has written for too long."""

    async def add_impression(self, impression):  # noqa: ARG002
        raise StoreError("database is locked", busy=True)


@pytest.mark.parametrize("store", [Held(), Busy()])
def test_a_slate_does_not_wait_for_a_store_that_another_process_holds(store):
    async def main():
        _, made = await make_line(BOOKS, EVENTS)
        line = Pipeline(replace(made, store=store), Options(deadline=0.2))
        began = anyio.current_time()
        slate = await line.recommend("ann", scene="books", k=3)
        assert anyio.current_time() - began < 0.5
        return slate

    slate = wait(main())
    assert len(slate.entries) == 3
    assert (
        slate.trace.degraded
        == "impression not recorded, so feedback cannot be matched to it: the event store is busy"
    )
