"""The straight line on fakes: what a slate always is, and what it is made of."""

from dataclasses import replace

import orjson
import pytest
from examples import NOON, make_event, make_head, make_item, wait
from line import make_line

from recagent.domain import Context, User
from recagent.errors import DataError
from recagent.pipeline import Options, Pipeline
from recagent.ranking import Gate
from recagent.testing import ScriptedModel, json_order

BOOKS = [
    make_item("b1", "desert planet", genre="scifi"),
    make_item("b2", "ocean planet", genre="scifi"),
    make_item("b3", "baking bread", genre="food"),
    make_item("b4", "bread and cakes", genre="food"),
    make_item("b5", "三体", genre="科幻"),
]
FILMS = [make_item(f"f{n}", f"planet film {n}", scene="films") for n in range(3)]
CROWD = [
    *(make_event(f"p{person}", "b3") for person in range(3)),
    *(make_event(f"p{person}", "b1") for person in range(2)),
]


def recommend(user_id="ann", events=(), *, users=(), model=None, options=None, **request):
    """One slate, with the crowd's events and ``events`` in the store."""

    async def main():
        line, _ = await make_line(
            [*BOOKS, *FILMS], [*CROWD, *events], users=users, model=model, **options or {}
        )
        return await line.recommend(user_id, **request)

    return wait(main())


def ids(slate):
    return [entry.item.id for entry in slate.entries]


def test_a_slate_is_ranked_and_says_how_it_came_about():
    slate = recommend(events=[make_event("ann", "b3")], model=ScriptedModel(), k=2)
    assert [entry.rank for entry in slate.entries] == [1, 2]
    assert len(ids(slate)) == 2
    assert "b3" not in ids(slate)  # seen
    trace = slate.trace
    assert (slate.user_id, slate.scene.name, trace.scene_from) == ("ann", "books", "last event")
    assert (trace.pool, trace.model, trace.mode) == (4, "scripted", "likelihood")
    assert trace.prompt.startswith("rerank/likelihood.v1.en#")
    assert (trace.calls, trace.repairs, trace.degraded, trace.cold) == (1, 0, None, None)
    assert trace.sources.keys() <= {"neighbours", "popularity", "text", "transfer", "lexical"}
    assert trace.sources["popularity"] == 4
    assert sum(trace.language_probability.values()) == pytest.approx(1)
    assert trace.seconds > 0


def test_with_full_language_weight_the_order_is_the_models():
    order = ["b2", "b5", "b4", "b1"]  # of the unseen, in an order that no source would give
    score = {item.title: -order.index(item.id) for item in BOOKS if item.id in order}
    slate = recommend(
        events=[make_event("ann", "b3")],
        model=ScriptedModel(preference=lambda text: float(score[text.strip()])),
        options={"language_weight": 1.0},
    )
    assert ids(slate) == order
    assert list(slate.trace.language_probability) != order
    assert max(slate.trace.language_probability, key=slate.trace.language_probability.get) == "b2"


def test_repairs_of_the_models_reply_are_counted():
    model = ScriptedModel(reply=json_order(["B", "Z"]), modes=frozenset({"listwise"}))
    trace = recommend(events=[make_event("ann", "b3")], model=model).trace
    assert (trace.mode, trace.repairs) == ("listwise", 4)


def test_a_recorded_event_changes_the_next_slate():
    async def main():
        line, parts = await make_line([*BOOKS, *FILMS], CROWD)
        before = await line.recommend("ann", scene="books", k=3)
        event = await line.record("ann", "b4", at=NOON)
        after = await line.recommend("ann", scene="books", k=3)
        return before, event, after, await parts.store.events("ann", limit=9)

    before, event, after, stored = wait(main())
    assert stored == [event] == [make_event("ann", "b4")]
    assert before.trace.cold == "fully"
    assert after.trace.cold is None
    assert "b4" not in ids(after)
    assert ids(after)[0] == "b3"
    assert after.entries[0].evidence[0].refs == ("b4", "food")


def test_a_person_new_in_this_scene_brings_their_taste_from_another():
    slate = recommend(events=[make_event("ann", "f0", scene="films")], scene="books", k=2)
    assert slate.trace.cold == "scene"
    assert slate.trace.sources["transfer"] == 5
    assert set(ids(slate)) == {"b1", "b2"}


def test_of_a_person_without_any_event_the_model_is_not_asked():
    model = ScriptedModel()
    slate = recommend("nobody", model=model, scene="books")
    assert slate.trace.cold == "fully"
    assert (slate.trace.model, slate.trace.degraded) == (None, None)
    assert model.seen == []
    assert ids(slate)[0] == "b3"  # what most people like


def test_a_model_without_weight_is_not_asked():
    model = ScriptedModel()
    slate = recommend(model=model, scene="books", options={"language_weight": 0.0})
    assert (slate.trace.gated, slate.trace.model, slate.trace.degraded) == (True, None, None)
    assert model.seen == []


@pytest.mark.parametrize(
    "known", [{"context": Context(wish="bread")}, {"users": [User(id="ann", tags=("bread",))]}]
)
def test_a_wish_or_a_tag_is_enough_to_be_asked_about(known):
    model = ScriptedModel()
    slate = recommend(model=model, scene="books", k=2, options={"language_weight": 1e-9}, **known)
    assert ids(slate)[0] == "b3"  # bread, and popular
    assert slate.trace.sources["lexical"] == 2
    assert len(model.seen) == 1


@pytest.mark.parametrize(
    ("events", "scene", "taken_from"),
    [([make_event("ann", "b1"), make_event("ann", "f0", scene="films", days=1)], "films",
      "last event"),
     ([make_event("ann", "x", scene="closed")], "books", "most active scene"),
     ([], "books", "most active scene")],
)  # fmt: skip
def test_the_scene_is_that_of_the_last_event_or_the_most_active_one(events, scene, taken_from):
    slate = recommend(events=events)
    assert (slate.scene.name, slate.trace.scene_from) == (scene, taken_from)
    given = recommend(events=events, scene="films")
    assert (given.scene.name, given.trace.scene_from) == ("films", "given")


def test_where_people_change_scenes_all_the_time_the_busiest_is_taken_for_everybody():
    """After a film everybody reads a book: the last event's scene is never the next one."""
    names = [f"p{n}" for n in range(5)]
    turns = [("books", "b1"), ("films", "f0"), ("books", "b2"), ("films", "f1"), ("books", "b4")]
    events = [make_event(name, item, scene=scene, days=day)
              for name in names for day, (scene, item) in enumerate(turns)]  # fmt: skip
    events.append(make_event("ann", "f0", scene="films"))
    slate = recommend(events=events)
    assert (slate.scene.name, slate.trace.scene_from) == ("books", "most active scene")


def test_an_unknown_scene_or_an_impossible_length_is_a_data_error():
    with pytest.raises(DataError, match="unknown scene 'cars'; indexed scenes: books, films"):
        recommend(scene="cars")
    for k in (0, -1):
        with pytest.raises(DataError, match=f"k must be at least 1 .got {k}"):
            recommend(k=k)


def test_without_an_index_the_next_step_is_named():
    async def main():
        line, _ = await make_line([])
        return await line.recommend("ann")

    with pytest.raises(DataError, match="no scene is indexed; run 'recagent index'"):
        wait(main())


def test_someone_who_has_seen_everything_gets_an_empty_slate():
    events = [make_event("ann", item.id) for item in BOOKS]
    slate = recommend(events=events, model=ScriptedModel(), scene="books")
    assert slate.entries == ()
    assert (slate.trace.pool, slate.trace.degraded) == (0, None)


def test_what_was_seen_long_ago_does_not_come_back():
    since = [make_event("ann", f"gone{n}", days=n) for n in range(1, 600)]
    slate = recommend(events=[make_event("ann", "b3"), *since], scene="books", k=9)
    assert "b3" not in ids(slate)


def test_the_impression_is_recorded_with_the_trace():
    async def main():
        line, parts = await make_line([*BOOKS, *FILMS], [*CROWD, make_event("ann", "b3")])
        slate = await line.recommend("ann", k=3, context=Context(wish="the sea"))
        return slate, await parts.store.impression(slate.trace.id)

    slate, impression = wait(main())
    assert (impression.user_id, impression.scene, impression.wish) == ("ann", "books", "the sea")
    assert impression.item_ids == tuple(ids(slate))
    assert impression.probabilities == tuple(entry.probability for entry in slate.entries)
    trace = orjson.loads(impression.trace)
    assert trace["id"] == slate.trace.id
    assert trace["sources"] == slate.trace.sources


def test_reasons_of_a_slate_are_those_of_its_entries():
    async def main():
        line, _ = await make_line([*BOOKS, *FILMS], [*CROWD, make_event("ann", "b3")])
        slate = await line.recommend("ann")
        return slate, await line.reasons(slate)

    slate, reasons = wait(main())
    assert [reason.item for reason in reasons] == [entry.item for entry in slate.entries]
    assert [reason.evidence for reason in reasons] == [entry.evidence for entry in slate.entries]
    said = {reason.item.id: [claim.text for claim in reason.claims] for reason in reasons}
    assert said["b4"] == ["It is food again, like “baking bread”, which you liked."]
    assert said["b1"] == ["Not many people here have come across it yet."]
    assert said["b5"] == []


OTHER = "rerank/other.v1.en#0"


@pytest.mark.parametrize(
    ("learned_with", "asked_with", "joins"),
    [
        ("scripted", {}, True),
        ("other", {}, False),
        ("scripted", {"books": OTHER}, False),
        ("scripted", {"films": OTHER}, True),
    ],
)
@pytest.mark.parametrize("unmeasured", [0.0, 0.9])
def test_a_head_joins_what_the_model_and_prompt_say_that_it_was_learned_with(
    learned_with, asked_with, joins, unmeasured
):
    order = ["b2", "b5", "b4", "b1"]
    score = {item.title: -order.index(item.id) for item in BOOKS if item.id in order}
    head = make_head(
        sources=("popularity",),
        shared=(0.1, 0.0, 0.0, 0.0),
        scenes={},
        language_shared=(5.0, 0.0),
        model=learned_with,
        prompts=asked_with,
        gates={"books": Gate(rule="always")},
    )

    async def main():
        model = ScriptedModel(preference=lambda text: float(score[text.strip()]))
        known = [make_item(f"k{n}", scene="films") for n in range(4)]  # ann is no newcomer
        before = [make_event("ann", item.id, scene="films", days=-9) for item in known]
        events = [*CROWD, *before, make_event("ann", "b3")]
        _, parts = await make_line([*BOOKS, *FILMS, *known], events, model=model)
        pipeline = Pipeline(replace(parts, head=head), Options(language_weight=unmeasured))
        return await pipeline.recommend("ann", scene="books")

    slate = wait(main())
    assert ids(slate)[0] == ("b2" if joins or unmeasured else "b1")  # b1 is the popular one
    assert slate.trace.gated is False
    offer = [note for note in slate.trace.notes if "not measured on this catalogue" in note]
    assert len(offer) == (not joins and unmeasured > 0)
    if joins or unmeasured:
        assert slate.trace.degraded is None
    else:
        assert "run 'recagent fit' again" in slate.trace.degraded
