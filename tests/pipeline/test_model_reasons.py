"""A list that people read has the model's own reasons, each only if it is true."""

from dataclasses import replace

import orjson
import pytest
from examples import make_event, make_item, wait
from line import make_line

from recagent.domain import Scene
from recagent.pipeline import Pipeline
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel

BOOKS = [
    make_item("b0", "Solaris", subjects=("space", "sea")),
    make_item("b1", "Dune", subjects=("space", "desert")),
    make_item("b2", "Ubik", subjects=("space", "sea")),
    make_item("b3", "Emma", subjects=("village",)),
]
EVENTS = [make_event("ann", "b0"), make_event("bob", "b3"), make_event("bob", "b1")]


def reply(messages):
    """Orders by title; of Dune a truth is told, of Ubik a lie."""
    lines = [line.split(" ", 2) for line in messages[-1].content.splitlines()]
    letters = {line[1]: line[0] for line in lines if len(line) == 3 and line[0] in list("ABC")}
    told = messages[-1].content
    known = next(part.split(" ")[0] for part in told.splitlines() if "= “Solaris”" in part)
    return orjson.dumps(
        {
            "best": [letters["Dune"], letters["Ubik"], letters["Emma"]],
            "sentence": {"text": "Space, like “Solaris”.", "evidence": [known]},
            "reasons": [
                {"letter": letters["Dune"], "text": "Space, like “Solaris”.", "evidence": [known]},
                {"letter": letters["Ubik"], "text": "Desert, like “Solaris”.", "evidence": [known]},
            ],
        }
    ).decode()


def recommended(*, with_reasons=True, allowed=True, review=False):
    asks = with_reasons and allowed and not review
    model = ScriptedModel(reply=reply if asks else '{"best": ["A"]}')

    async def main():
        line, parts = await make_line(BOOKS, EVENTS, model=model, language_weight=0.9)
        scenes = {"books": Scene(name="books", review="human")} if review else {}
        ranker = ModelRanker(model, prompt_tokens=4000, attempts=1)
        parts = replace(parts, ranker=ranker, scenes=scenes)
        options = replace(line._options, reasons=allowed)
        line = Pipeline(parts, options)
        slate = await line.recommend("ann", scene="books", k=3, with_reasons=with_reasons)
        return slate, await line.reasons(slate)

    slate, reasons = wait(main())
    return slate, {why.item.title: why for why in reasons}, model


def test_a_true_reason_is_shown_and_a_false_one_replaced_for_its_item_alone():
    slate, reasons, model = recommended()
    assert len(model.seen) == 1  # no second call that phrases
    assert slate.trace.prompt.startswith("rerank/best_with_reasons.v1.en#")
    assert slate.sentence == "Space, like “Solaris”."
    dune, ubik = reasons["Dune"], reasons["Ubik"]
    assert [claim.text for claim in dune.claims] == ["Space, like “Solaris”."]
    assert (dune.phrased_by, dune.replaced) == ("scripted", 0)
    assert set(dune.claims[0].evidence) <= {piece.id for piece in dune.evidence}
    assert all("Desert" not in claim.text for claim in ubik.claims)
    assert (ubik.phrased_by, ubik.replaced) == (None, 1)


@pytest.mark.parametrize("how", [{"with_reasons": False}, {"allowed": False}, {"review": True}])
def test_nobody_is_asked_for_reasons_that_are_not_wanted_or_not_allowed(how):
    slate, reasons, model = recommended(**how)
    assert slate.sentence == ""
    assert all(why.phrased_by is None for why in reasons.values())
    assert all("reasons for the first" not in str(seen) for seen in model.seen)


def test_a_reason_is_checked_against_the_evidence_that_the_model_was_shown():
    """What a list tells is chosen for its own order, in which the same id is another liked book."""
    twins = [make_item(key, title, subjects=("space", "sea")) for key, title in
             [("s0", "Solaris"), ("s1", "Fiasco"), ("b1", "Dune"), ("b2", "Ubik")]]  # fmt: skip
    others = [make_item(f"o{at}", f"Other {at}", subjects=(f"x{at}",)) for at in range(6)]
    events = [make_event("ann", "s0"), make_event("ann", "s1"), make_event("bob", "b1"),
              make_event("bob", "b2")]  # fmt: skip
    shown: dict[str, str] = {}

    def last_first(messages):
        told = messages[-1].content
        for letter in "AB":
            (line,) = [each for each in told.splitlines() if each.startswith(f"{letter}: e1 = ")]
            shown[letter] = line.split("with “")[1].split("”")[0]
        reasons = [
            {"letter": letter, "text": f"Space and sea, like “{title}”.", "evidence": ["e1"]}
            for letter, title in shown.items()
        ]
        best = {"best": ["B", "A"], "sentence": {}, "reasons": reasons}
        return orjson.dumps(best).decode()

    async def main():
        model = ScriptedModel(reply=last_first)
        line, parts = await make_line([*twins, *others], events, model=model, language_weight=0.9)
        ranker = ModelRanker(model, prompt_tokens=4000, attempts=1)
        line = Pipeline(replace(parts, ranker=ranker), replace(line._options, reasons=True))
        return await line.recommend("ann", scene="books", k=2, with_reasons=True)

    slate = wait(main())
    assert [entry.refused for entry in slate.entries] == [False, False]
    told = {entry.reason.text.split("“")[1].split("”")[0] for entry in slate.entries}
    assert told == {"Solaris", "Fiasco"} == {*shown.values()}
    for entry in slate.entries:
        (cited,) = [piece for piece in entry.evidence if piece.id in entry.reason.evidence]
        assert cited.facts["title"] in entry.reason.text
