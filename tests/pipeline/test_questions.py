"""Why this before that, why not this, what would move it: each answer is a ranking looked up."""

import re
from dataclasses import replace

import pytest
from examples import make_event, make_head, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import SCENES, make_line

from recagent.domain import AgeRule, Candidate, Constraint, Context, PathRule, Scene, User
from recagent.errors import DataError, ModelError
from recagent.explanations import unsupported_parts
from recagent.explanations.attribution import attribute_scores, shares
from recagent.pipeline import Options, Pipeline
from recagent.ranking import FixedBlend
from recagent.testing import ScriptedModel

SEA = [
    make_item("b1", "Sea of salt", genre=("sea", "drama")),
    make_item("b2", "Sea of ice", genre=("sea",)),
    make_item("b3", "Bread", genre=("food",)),
    make_item("b4", "Cheese", genre=("food", "drama"), pages=80.0),
    make_item("f1", "Sea wolves", scene="films", genre=("sea",)),
    make_item("f2", "Bakers", scene="films", genre=("food",)),
]
EVENTS = [
    *(make_event(f"p{n}", key, scene=scene) for n in range(5)
      for key, scene in [("f1", "films"), ("b1", "books")]),
    *(make_event(f"q{n}", key, scene=scene) for n in range(4)
      for key, scene in [("f2", "films"), ("b3", "books")]),
    make_event("ann", "f2", scene="films", days=1),
    make_event("ann", "f1", scene="films", days=2),
]  # fmt: skip
NO_SEA = Constraint(attribute="genre", operator="is not", value="sea", words="no sea")
SHORT = Constraint(attribute="pages", operator="at most", value=100)


def ask(question, *args, events=EVENTS, items=SEA, head=None, model=None, users=(), **asked):
    """The answer, every sentence of which has been held against its evidence."""
    options = {name: asked.pop(name) for name in ("lang", "pool", "diversity") if name in asked}

    async def main():
        line, parts = await make_line(items, events, model=model, users=users, **options)
        if head is not None:
            line = Pipeline(replace(parts, head=head), Options(**options))
        return await getattr(line, question)("ann", *args, **asked)

    answer = wait(main())
    pieces = {piece.id: piece for piece in answer.evidence}
    for claim in answer.claims:
        cited = [pieces[key] for key in claim.evidence]
        assert (
            unsupported_parts(claim.text, cited, scenes=SCENES, lang=options.get("lang", "en"))
            == ()
        )
    return answer


def said(*args, **asked):
    return [claim.text for claim in ask(*args, **asked).claims]


def test_the_first_of_two_is_named_with_what_speaks_for_it_and_its_own_evidence():
    answer = ask("compare", "b3", versus="b1")
    assert answer.ranks == {"b3": 2, "b1": 1}
    assert [item.id for item in answer.items] == ["b3", "b1"]
    texts = [claim.text for claim in answer.claims]
    assert texts[0] == "“Sea of salt” comes before “Bread” for you: number 1 and number 2 of 4."
    assert any(text.startswith("For “Sea of salt”: it is sea again, like “Sea wolves”")
               for text in texts)  # fmt: skip
    assert any(text.startswith("For “Bread”: it is food again, like “Bakers”") for text in texts)
    leads = [piece for piece in answer.evidence if piece.kind == "lead"]
    assert leads[0].facts["title"] == "Sea of salt"


def test_the_order_in_which_two_are_named_does_not_matter():
    assert said("compare", "b1", versus="b3") == said("compare", "b3", versus="b1")


def test_one_of_two_that_is_no_candidate_is_told_why():
    assert said("compare", "b2", versus="b3", context=Context(constraints=(NO_SEA,))) == [
        "“Bread” is number 1 of 2 for you.",
        "“Sea of ice” does not meet your condition: no sea (its genre: sea).",
    ]


def test_an_item_is_not_compared_with_itself():
    with pytest.raises(DataError, match="item 'b1' cannot be compared with itself"):
        ask("compare", "b1", versus="b1")


def test_two_items_of_two_scenes_are_not_compared():
    with pytest.raises(DataError, match="item 'f1' is not in scene 'books'"):
        ask("compare", "b1", versus="f1")


def test_chinese_answers():
    assert said("compare", "b3", versus="b1", lang="zh")[0] == (
        "对您来说，“Sea of salt”排在“Bread”前面：一个第 1，一个第 2，共 4 个。"
    )
    assert said("why_not", "f1", lang="zh") == [
        "您的历史记录里已有“Sea wolves”（您喜欢），不再重复推荐。"
    ]


def test_why_not_what_is_further_down_names_the_last_of_the_slate():
    answer = ask("why_not", "b3", k=1)
    assert (
        answer.claims[0].text == "“Bread” is number 2 of 4 for you, and the list ends at number 1."
    )
    leads = [piece for piece in answer.evidence if piece.kind == "lead"]
    assert leads
    assert all({*piece.refs} == {"b1", "b3"} for piece in leads)


def test_why_not_what_is_on_the_slate():
    assert said("why_not", "b3", k=2) == ["“Bread” is on your list, number 2 of 4."]


def test_why_not_what_was_met_or_is_not_there():
    assert said("why_not", "f1") == [
        "“Sea wolves” is in your history (you liked), so it is not recommended again."
    ]
    assert said("why_not", "b9") == ["The catalogue has no “b9”."]
    assert said("why_not", "b1", scene="films") == ["The catalogue has no “b1” in Films."]
    with pytest.raises(DataError, match="unknown scene 'games'"):
        ask("why_not", "b1", scene="games")
    with pytest.raises(DataError, match=r"k must be at least 1 \(got 0\)"):
        ask("why_not", "b1", k=0)


def test_why_not_what_breaks_constraints_names_each():
    context = Context(constraints=(NO_SEA, SHORT))
    assert said("why_not", "b1", context=context) == [
        "“Sea of salt” does not meet your condition: no sea (its genre: sea, drama).",
        "“Sea of salt” does not meet your condition: pages at most 100.",
    ]


def test_why_not_what_retrieval_did_not_find():
    """A head looks at as many as a slate does: here two."""
    head = make_head(sources=("popularity",), shared=(1.0, 0.0, 0.0, 0.0), scenes={})

    async def main():
        _, parts = await make_line(SEA, EVENTS)
        line = Pipeline(replace(parts, head=head), Options(pool=2, limit=2))
        return await line.why_not("ann", "b4", k=2)

    assert [claim.text for claim in wait(main()).claims] == [
        "“Cheese” is not among the 2 that come closest."
    ]


def test_without_the_like_that_carries_it_an_item_falls():
    answer = ask("what_if", "b1")
    assert answer.claims[0].text == "“Sea of salt” is number 1 of 4 for you."
    (change,) = (piece for piece in answer.evidence if piece.kind == "change")
    assert change.refs == ("b1", "f1")
    assert change.facts["before"] == "1"
    assert int(change.facts["after"]) > 1
    assert answer.claims[1].text.startswith(
        "Without “Sea wolves”, which you liked in Films, “Sea of salt” would move from number 1 to"
    )


def test_a_change_is_what_a_person_without_that_like_would_see():
    change = next(piece for piece in ask("what_if", "b1").evidence if piece.kind == "change")

    async def main():
        _, parts = await make_line(SEA, EVENTS)
        others, other = await make_line(
            SEA, [event for event in EVENTS if (event.user_id, event.item_id) != ("ann", "f1")]
        )
        await others.close()
        line = Pipeline(replace(parts, store=other.store), Options())
        return (await line.recommend("ann", scene="books", k=4)).entries

    ranks = {entry.item.id: entry.rank for entry in wait(main())}
    assert change.facts["after"] == str(ranks["b1"])


def test_an_item_that_nothing_moves_is_said_to_stand():
    items = [make_item("b1", "Sea of salt"), make_item("f1", "Sea wolves", scene="films")]
    assert said("what_if", "b1", items=items, events=[make_event("ann", "f1", scene="films")]) == [
        "“Sea of salt” is number 1 of 1 for you.",
        "No single one of your latest likes decides it: without any one of them (1 tried), "
        "“Sea of salt” would stay where it is.",
    ]


def test_a_constraint_taken_back_lets_its_item_in():
    assert said("what_if", "b1", context=Context(constraints=(NO_SEA,))) == [
        "“Sea of salt” does not meet your condition: no sea (its genre: sea, drama).",
        "Without the condition (no sea), “Sea of salt” would be number 1.",
    ]
    assert said("what_if", "b1", context=Context(constraints=(NO_SEA, SHORT)))[-1] == (
        "“Sea of salt” does not meet 2 of your conditions, and dropping one of them is not enough."
    )


def test_what_was_met_would_stand_somewhere_if_it_had_not_been():
    assert said("what_if", "f1")[-1].startswith(
        "If it were not in your history, “Sea wolves” would be number"
    )


def test_without_the_wish_what_it_names_falls():
    events = [*(event for event in EVENTS if event.user_id != "ann"),
              make_event("ann", "f2", scene="films", kind="skip")]  # fmt: skip
    answer = ask("what_if", "b4", events=events, context=Context(wish="cheese"))
    (change,) = (piece for piece in answer.evidence if piece.facts.get("what") == "wish")
    assert int(change.facts["after"]) > int(change.facts["before"])


def test_a_model_is_not_asked_what_would_change_and_that_is_said():
    model = ScriptedModel()
    answer = ask("what_if", "b1", model=model)
    assert answer.notes == ("ranked without the language model",)
    assert model.seen == []
    assert ask("what_if", "b1").notes == ()


def test_a_ranking_that_failed_in_part_is_not_compared_with():
    class Gone:
        name, version = "gone", "1"

        async def embed(self, texts, *, role="passage"):  # noqa: ARG002
            raise ModelError("the embedder has gone")

    async def main():
        _, parts = await make_line(SEA, EVENTS, users=[User(id="ann")])
        sources = [*parts.sources]
        sources[2]._embedder = Gone()
        line = Pipeline(replace(parts, embedder=Gone()), Options())
        context = Context(wish="bread")
        return (
            await line.what_if("ann", "b1", context=context),
            await line.explain("ann", "b1", context=context),
        )

    answer, why = wait(main())
    assert answer.degraded == "popularity: the embedder has gone"
    assert [piece.kind for piece in answer.evidence] == ["place"]
    assert why.degraded == "popularity: the embedder has gone"
    assert "share" not in [piece.kind for piece in why.evidence]


def test_a_profile_without_what_was_declared_is_told_in_every_answer():
    class Gone:
        name, version = "gone", "1"

        async def embed(self, texts, *, role="passage"):  # noqa: ARG002
            raise ModelError("the embedder has gone")

    async def main():
        _, parts = await make_line(SEA, EVENTS, users=[User(id="ann", tags=("bread",))])
        line = Pipeline(replace(parts, embedder=Gone()), Options())
        return [
            await line.explain("ann", "b1"),
            await line.why_not("ann", "b1"),
            await line.what_if("ann", "b1"),
            await line.compare("ann", "b1", versus="b3"),
        ]

    said = {answer.degraded for answer in wait(main())}
    assert said == {"no declared information used: the embedder has gone"}


def test_constraints_that_are_kept_are_reasons_and_bans_are_told_with_care():
    sea = Constraint(attribute="genre", operator="is", value="sea")
    long = Constraint(attribute="pages", operator="is not", value=80)
    texts = said("explain", "b1", context=Context(constraints=(sea, long)))
    assert "It meets your condition: genre is sea." in texts
    assert "As far as the catalogue says, it meets your condition: pages is not 80." in texts


def test_what_lifts_an_item_is_told_with_its_share():
    head = make_head(sources=("popularity", "transfer", "unheard"),
                shared=(2.0, 0.0, 1.0, 0.0, 0.0, 0.0, *[0.0] * 6), scenes={})  # fmt: skip
    pieces = [piece for piece in ask("explain", "b1", head=head).evidence if piece.kind == "share"]
    assert [piece.facts["part"] for piece in pieces] == ["popular", "transfer"]
    assert sum(int(piece.facts["share"].rstrip("%")) for piece in pieces) == 100


features = st.dictionaries(
    st.sampled_from(["neighbours", "popularity", "text", "own"]),
    st.floats(0, 5).map(lambda x: round(x, 3)),
)
weights = st.lists(st.floats(-2, 2), min_size=16, max_size=16)


@given(found=st.lists(features, min_size=1, max_size=6), weights=weights, cold=st.booleans())
def test_parts_add_up_to_the_score_of_a_head(found, weights, cold):
    sources = ("neighbours", "popularity", "text", "own")
    head = make_head(sources=sources, shared=tuple(weights), scenes={})
    candidates = [
        Candidate(item=make_item(f"b{n}"), features={"fused": 0.0, **own})
        for n, own in enumerate(found)
    ]
    made = attribute_scores(
        candidates, joint=head, scene="books", cold=cold, weights={}, groups=[""] * len(found)
    )
    base = head.base(candidates, scene="books", cold=cold)
    assert made.values.sum(axis=1) == pytest.approx(base, abs=1e-9)
    assert made.values.sum(axis=0) == pytest.approx(0, abs=1e-9)


@given(orders=st.lists(st.permutations(range(5)), min_size=1, max_size=3))
def test_parts_add_up_to_the_score_of_the_fusion(orders):
    names = ["neighbours", "popularity", "own"]
    ranks = [{name: order.index(n) for name, order in zip(names, orders, strict=False)}
             for n in range(5)]  # fmt: skip
    candidates = [
        Candidate(
            item=make_item(f"b{n}"),
            features={name: 9.0 - rank for name, rank in own.items()}
            | {"fused": sum((2 if name == "own" else 1) / (61 + rank)
                            for name, rank in own.items())},
        )
        for n, own in enumerate(ranks)
    ]  # fmt: skip
    joint = FixedBlend(language_weight=0.1, temperature=1.0)
    made = attribute_scores(
        candidates, joint=joint, scene="books", cold=False, weights={"own": 2.0}, groups=[""] * 5
    )
    base = joint.base(candidates, scene="books", cold=False)
    assert made.values.sum(axis=1) == pytest.approx(base)


def test_shares_are_of_what_is_above_zero():
    parts = {"a": 3.0, "b": 1.0, "c": -5.0, "d": 0.0}
    assert shares(parts, least=0.1, most=3) == [("a", "75%"), ("b", "25%")]
    assert shares(parts, least=0.5, most=3) == [("a", "75%")]
    assert shares({"a": -1.0}, least=0.1, most=3) == []


def test_the_language_model_is_a_part_where_it_is_heard():
    model = ScriptedModel(preference=lambda text: 0.0 if "Bread" in text else -50.0)
    answer = ask("compare", "b3", versus="b1", model=model)
    parts = {piece.facts["part"]: piece.facts["title"] for piece in answer.evidence
             if piece.kind == "lead"}  # fmt: skip
    assert parts["language"] == "Bread"


HEAD = make_head(
    sources=("popularity", "text", "transfer"),
    shared=(0.5, 0.1, 1.0, -0.2, 0.7, 0.0, 0.3, 0.0, -0.4, 0.0, 0.2, 0.1),
    scenes={},
)


@given(data=st.data())
def test_the_ranks_of_answers_are_those_of_slates(data):
    titles = ["planet", "bread", "sea", "三"]
    items = [make_item(f"i{n}", data.draw(st.sampled_from(titles)),
                       scene=data.draw(st.sampled_from(["books", "books", "films"])))
             for n in range(8)]  # fmt: skip
    items.append(make_item("i8", "sea"))
    liked = data.draw(st.lists(st.sampled_from(items[:8]), max_size=4, unique_by=id))
    events = [make_event(data.draw(st.sampled_from(["ann", "bob"])), item.id, scene=item.scene)
              for item in liked]  # fmt: skip
    k = data.draw(st.integers(1, 6))
    options = {
        "pool": data.draw(st.integers(1, 6)),
        "diversity": data.draw(st.sampled_from([0, 0.4])),
    }
    model = data.draw(st.sampled_from([ScriptedModel(), None]))
    head = data.draw(st.sampled_from([HEAD, None]))

    async def main():
        line, parts = await make_line(items, events, model=model, **options)
        if head is not None:
            line = Pipeline(replace(parts, head=head), Options(**options))
        slate = await line.recommend("ann", scene="books", k=k)
        answers = [
            await line.why_not("ann", entry.item.id, scene="books", k=k) for entry in slate.entries
        ]
        return slate, answers

    slate, answers = wait(main())
    for entry, answer in zip(slate.entries, answers, strict=True):
        assert answer.ranks == {entry.item.id: entry.rank}
        assert [piece.kind for piece in answer.evidence] == ["place"]


PATH = Scene(name="books", rules=(PathRule(prerequisites="after"),))
MIXED = Scene(name="books", quotas={"content": 1, "item": 1})
STEPS = [
    make_item("b1", "Sea one"),
    make_item("b2", "Sea two", after=("b1",)),
    make_item("b3", "Sea nine", after=("b8",)),
    replace(make_item("b4", "Sea log"), task="content"),
    make_item("b5", "Sea five"),
]


def ask_in(scene, question, *args, items=STEPS, users=(), **asked):
    async def main():
        line, parts = await make_line(items, EVENTS[:10], users=users)
        line = Pipeline(replace(parts, scenes={scene.name: scene}), Options())
        slate = await line.recommend("ann", scene=scene.name, k=asked.get("k", 5))
        return await getattr(line, question)("ann", *args, **asked), slate

    answer, slate = wait(main())
    pieces = {piece.id: piece for piece in answer.evidence}
    for claim in answer.claims:
        cited = [pieces[key] for key in claim.evidence]
        assert unsupported_parts(claim.text, cited, scenes={}, lang="en") == ()
    return [claim.text for claim in answer.claims], {e.item.id: e.rank for e in slate.entries}


def test_what_needs_something_else_first_is_told_what():
    texts, shown = ask_in(PATH, "why_not", "b3")
    assert "b3" not in shown
    assert texts == ["“Sea nine” is recommended only after these: b8."]


@pytest.mark.parametrize("scene", [PATH, MIXED])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_ranks_are_those_of_the_slate_where_a_scene_has_shares_or_paths(scene, k):
    _, shown = ask_in(scene, "why_not", "b1", k=k)
    for key, rank in shown.items():
        texts, _ = ask_in(scene, "why_not", key, k=k)
        assert f"is on your list, number {rank} of" in texts[0]


def test_rules_of_the_scene_are_named_where_they_are_constraints_and_told_of_where_not():
    no_nine = Constraint(attribute="title", operator="does not mention", value="nine")
    scene = Scene(name="books", rules=(no_nine, AgeRule(age="least")))
    adult = make_item("b6", "Sea of gin", least=18)
    assert ask_in(scene, "why_not", "b3", items=[*STEPS, adult])[0] == [
        "A rule of books excludes “Sea nine”: title does not mention nine."
    ]
    assert ask_in(scene, "why_not", "b6", items=[*STEPS, adult])[0] == [
        "A rule of books excludes “Sea of gin”."
    ]
    assert ask_in(scene, "what_if", "b3", items=[*STEPS, adult])[0] == [
        "A rule of books excludes “Sea nine”: title does not mention nine."
    ]


FOOD = Context(
    preferences=(Constraint(attribute="genre", operator="is", value="food", words="food"),)
)


def test_the_preference_that_ordered_a_list_is_what_it_is_explained_by():
    assert said("compare", "b3", versus="b1")[0].startswith("“Sea of salt” comes before “Bread”")
    rank, lead, *_ = said("compare", "b3", versus="b1", context=FOOD)
    assert rank.startswith("“Bread” comes before “Sea of salt”")
    assert re.fullmatch(
        r"What speaks for “Bread” over .* is (?:mostly|in part) what you asked for\.",
        lead,
    )
    assert "For “Bread”: it is what you asked for: food." in said(
        "compare", "b3", versus="b1", context=FOOD
    )
    first, *rest = said("explain", "b3", context=FOOD)
    assert first == "It is what you asked for: food."
    share = r"What speaks for it.* is (?:mostly|in part) what you asked for\."
    assert any(re.fullmatch(share, text) for text in rest)


def test_ranks_outside_the_pool_heed_a_preference_too():
    counts = {"s1": ("sea", 10), "s2": ("sea", 9), "f1": ("food", 8), "f2": ("food", 1)}
    items = [make_item(key, genre=genre) for key, (genre, _) in counts.items()]
    events = [make_event(f"p{n}", key) for key, (_, likes) in counts.items() for n in range(likes)]
    places = {
        key: ask("why_not", key, items=items, events=events, k=1, pool=1, context=FOOD).ranks[key]
        for key in counts
    }
    assert sorted(counts, key=lambda key: places[key]) == ["f1", "s1", "f2", "s2"]
