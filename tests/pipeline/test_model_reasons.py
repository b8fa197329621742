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
