"""An order with reasons in one reply: what comes of a whole one, a cut one and a broken one."""

from dataclasses import replace

import orjson
import pytest
from examples import make_event, make_head, make_item, make_query, wait

from recagent import prompts
from recagent.domain import Candidate, Claim, Evidence, Scene
from recagent.ports import ReasonsRequest
from recagent.ranking import Gate, ModelRanker
from recagent.testing import ScriptedModel

FILMS = Scene(name="films", labels={"en": "Films", "zh": "电影"})
LIKED = make_item("l", "Solaris", scene="films")
ITEMS = [make_item(f"f{n}", f"Film {n}", scene="films") for n in range(4)]
CROWD_FACTS = {"title": "Solaris", "count": "7", "base": "62", "scene": "films"}
CROWD = Evidence(id="e1", kind="people", refs=("l",), facts=CROWD_FACTS)
POPULAR = Evidence(id="e2", kind="popularity", refs=("f1",), facts={"count": "99"})
ASKED = ReasonsRequest(k=2, evidence={"f1": (CROWD, POPULAR)}, person=())
REPLY = {
    "best": ["B", "D"],
    "sentence": {"text": "Films.", "evidence": ["p1"]},
    "reasons": [
        {"letter": "B", "text": "7 people.", "evidence": ["e1"]},
        {"letter": "D", "text": "Nice.", "evidence": ["p1"]},
    ],
}


def ranked(reply, *, asked=ASKED, tokens=4000):
    query = make_query(
        items=[LIKED], events=[make_event("ann", "l", scene="films")], liked=["l"], scene=FILMS
    )
    text = reply if isinstance(reply, str) else orjson.dumps(reply).decode()
    model = ScriptedModel(reply=text)
    ranker = ModelRanker(model, prompt_tokens=tokens, attempts=1, scenes={"films": FILMS})
    candidates = [Candidate(item=item, features={}) for item in ITEMS]
    scores = wait(ranker(replace(query, reasons=asked), candidates=candidates))
    return scores, model.seen


def best(scores):
    return max(range(len(ITEMS)), key=lambda row: scores.scores[row])


def test_one_reply_has_the_order_the_sentence_and_the_reasons():
    scores, seen = ranked(REPLY)
    assert len(seen) == 1
    assert scores.prompt.startswith("rerank/best_with_reasons.v1.en#")
    assert best(scores) == 1
    assert scores.reasons == {
        "f1": Claim(text="7 people.", evidence=("e1",)),
        "f3": Claim(text="Nice.", evidence=("p1",)),
    }
    assert scores.sentence == Claim(text="Films.", evidence=("p1",))
    told = seen[0][1].content
    said = "people who liked “Solaris” like this one more often than others do: 7 of 62"
    assert f"B: e1 = {said}\n" in told
    assert "99" not in told  # how popular it is is no reason of this person's
    assert told.endswith(
        "The letters of the best 4, best first; the sentence; reasons for the first 2:"
    )


@pytest.mark.parametrize("cut", range(len('{"best":["B"'), len(orjson.dumps(REPLY))))
def test_wherever_a_reply_is_cut_off_its_order_counts_and_no_half_reason_does(cut):
    scores, _ = ranked(orjson.dumps(REPLY).decode()[:cut])
    assert best(scores) == 1
    whole = {reason["text"] for reason in REPLY["reasons"]}
    assert {claim.text for claim in scores.reasons.values()} <= whole
    assert scores.sentence is None or scores.sentence.text == "Films."


@pytest.mark.parametrize(
    "broken",
    [
        {"reasons": "none"},
        {"reasons": [1, None, {"letter": "Z", "text": "x", "evidence": ["e1"]}]},
        {"reasons": [{"letter": "B"}]}, {"sentence": "Films."}, {"sentence": None, "reasons": None},
        {"reasons": [{"letter": "B", "text": "x", "evidence": "e1"}]},
    ],
)  # fmt: skip
def test_broken_reasons_spoil_no_order(broken):
    scores, _ = ranked({**REPLY, "sentence": None, "reasons": [], **broken})
    assert best(scores) == 1
    assert scores.reasons == {}
    assert scores.sentence is None


@pytest.mark.parametrize("reply", ['["B", "D"]', "B > D", "1. B\n2. D"])
def test_an_order_alone_counts_too(reply):
    scores, _ = ranked(reply)
    assert best(scores) == 1
    assert scores.reasons == {}


def test_who_asks_for_no_reasons_gets_the_plain_prompt():
    scores, _ = ranked({"best": ["B"]}, asked=None)
    assert scores.prompt.startswith("rerank/best.v1.en#")
    assert scores.measured_as == ""
    scores, _ = ranked({"order": ["B", "A", "C", "D"]}, tokens=0)
    assert "best" not in scores.prompt


def test_what_was_measured_with_the_plain_prompt_holds_for_the_one_with_reasons():
    scores, _ = ranked(REPLY)
    plain = prompts.load("rerank", "best").id
    assert scores.measured_as == plain
    head = make_head(
        shared=(0.0,) * 4, model="scripted", sources=("s",),
        prompts={"films": plain},
        gates={"films": Gate(rule="always", cases=60)},
    )  # fmt: skip
    assert head.has_measured(scores, scene="films")
    assert not replace(head, prompts={"films": "other"}).has_measured(scores, scene="films")
