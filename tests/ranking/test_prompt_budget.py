"""What a capable model is told of person and candidates, and what is left out to keep it short."""

from dataclasses import replace
from math import log2

import pytest
from examples import make_event, make_item, make_query, wait

from recagent import prompts
from recagent.domain import Candidate, Constraint, RatingScale, Scene, User
from recagent.ports import Message
from recagent.ranking import ModelRanker
from recagent.ranking.prompt_budget import estimate_tokens, fit_to_budget
from recagent.ranking.prompt_inputs import MAX_HISTORY, history_entries
from recagent.ranking.scoring.listwise import best_schema
from recagent.testing import ScriptedModel

TEN = RatingScale(low=1, high=10)
BOOKS = Scene(name="books", labels={"en": "Books", "zh": "图书"})
KITCHEN = Scene(name="kitchen", labels={"en": "Kitchen", "zh": "厨房"})
SCENES = {scene.name: scene for scene in (BOOKS, KITCHEN)}


def entries(items, events, lang="en"):
    profile = make_query(items=items, events=events).profile
    return history_entries(profile, target_scene=BOOKS, scenes=SCENES, lang=lang, scale=TEN)


def test_an_item_has_one_entry_with_what_says_most_of_it():
    dune = make_item("b1", "Dune")
    events = [
        make_event("ann", "b1", kind="view", days=9),
        make_event("ann", "b1", kind="rating", value=8.0, days=4),
        replace(make_event("ann", "b1", kind="comment", days=3), text="slow at first"),
        make_event("ann", "b1", kind="click", days=1),
    ]
    (entry,) = entries([dune], events)
    assert (entry.kind, entry.rating, entry.words) == ("rating", "8/10", "slow at first")
    assert (entry.month, entry.scene) == ("2024-05", "")


@pytest.mark.parametrize(("lang", "label"), [("en", "Kitchen"), ("zh", "厨房")])
def test_another_scene_is_named_and_the_newest_stands_last(lang, label):
    items = [make_item("b1", "Dune"), make_item("k1", "Teapot", scene="kitchen")]
    events = [
        make_event("ann", "k1", scene="kitchen", kind="purchase", days=5),
        make_event("ann", "b1", kind="dislike", days=1),
    ]
    said = [(entry.item.id, entry.kind, entry.scene) for entry in entries(items, events, lang)]
    assert said == [("b1", "dislike", ""), ("k1", "purchase", label)]


def test_a_long_history_is_told_from_its_newest():
    items = [make_item(f"b{n}") for n in range(MAX_HISTORY + 5)]
    events = [make_event("ann", item.id, days=n) for n, item in enumerate(items)][::-1]
    told = entries(items, events)
    assert (len(told), told[-1].item.id) == (MAX_HISTORY, f"b{MAX_HISTORY + 4}")


def long_request(*, text="", history=60):
    items = [make_item(f"b{n}", f"A book of number {n}", author="Somebody") for n in range(history)]
    events = [make_event("ann", item.id, days=n) for n, item in enumerate(items)][::-1]
    query = make_query(items=items, events=events, scene=BOOKS)
    offered = [
        Candidate(item=replace(make_item(f"c{n}", f"Offer {n}", price=2.5), text=text), features={})
        for n in range(20)
    ]
    return query, offered


def asked(query, candidates, *, tokens, reply='{"best": ["B", "A"]}'):
    model = ScriptedModel(reply=reply)
    ranker = ModelRanker(model, prompt_tokens=tokens, scenes=SCENES, scale=TEN)
    scores = wait(ranker(query, candidates=candidates))
    return scores, model.seen[0]


def test_a_prompt_keeps_to_its_budget_and_says_what_it_leaves_out():
    query, candidates = long_request(text="A description of some length. " * 20)
    scores, messages = asked(query, candidates, tokens=4000)
    assert scores.prompt.startswith("rerank/best.v1.en#")
    assert scores.notes == ()
    assert messages[1].content.count("– A description") == 20
    scores, messages = asked(query, candidates, tokens=1800)
    assert estimate_tokens(messages) <= 1800
    assert str(scores.notes[0]).startswith("prompt: the oldest ")
    assert "number 59" in messages[1].content
    assert "number 0 " not in messages[1].content
    scores, messages = asked(query, candidates, tokens=900)
    assert [str(note) for note in scores.notes][:2] == [
        "prompt: the oldest 50 of 60 entries of the history are left out",
        "prompt: the candidates' descriptions are left out",
    ]
    assert all(f"Offer {n}" in messages[1].content for n in range(20))


def test_without_a_budget_the_prompt_is_the_short_one():
    query, candidates = long_request()
    scores, _ = asked(query, candidates, tokens=0, reply='{"order": ["A"]}')
    assert scores.prompt.startswith("rerank/likelihood.v1.en#")


def test_declarations_conditions_and_wish_are_told_whole():
    user = User(id="ann", attributes={"age": 41}, tags=("sailing",), about="I read on trains")
    query = make_query(user=user, scene=BOOKS, wish="something with ships")
    cheap = Constraint(attribute="price", operator="at most", value=20.0)
    query = replace(
        query, context=replace(query.context, constraints=(cheap,), dialogue=("Hello", "Ships?"))
    )
    _, messages = asked(query, long_request()[1], tokens=4000)
    told = messages[1].content
    for part in (
        "I read on trains",
        "age: 41",
        "sailing",
        "price at most 20",
        "with ships",
        "- Ships?",
    ):
        assert part in told
    assert "Nothing is known of what they did" in told


def test_what_is_not_listed_shares_the_rank_that_is_left():
    query, candidates = long_request()
    scores, _ = asked(query, candidates[:4], tokens=4000, reply='{"best": ["C", "?", "A", "C"]}')
    third_or_fourth = -log2(3.5 + 1)
    assert scores.scores == pytest.approx((-log2(3), third_or_fourth, -1.0, third_or_fourth))
    assert scores.repairs == 2


def test_fifteen_are_asked_for():
    query, candidates = long_request(history=1)
    _, messages = asked(query, candidates, tokens=4000)
    assert "The letters of the best 15" in messages[1].content
    schema = best_schema(["A", "B", "C"], 2)
    assert schema["properties"]["best"]["maxItems"] == 2


def test_chinese_counts_a_token_a_character():
    assert estimate_tokens([Message("user", "想看轻松的电影")]) == 7
    assert estimate_tokens([Message("user", "a" * 35)]) == 10


def test_what_cannot_be_shortened_is_sent():
    inputs = {"history": ()}
    fitted = fit_to_budget(inputs, [], render=lambda *_: (), tokens=0)
    assert fitted.inputs == inputs


def test_a_prompt_in_full_of_ones_own_may_ask_for_the_taste_in_words(tmp_path):
    path = tmp_path / "rerank" / "mine.v1.j2"
    path.parent.mkdir()
    path.write_text(
        "---\nname: mine\nversion: 1\npurpose: rerank\nlanguage: en\n"
        "inputs: [preference, candidates, best]\noutput: best\nmax_tokens: 40\n---\n"
        "[[system]]\nAnswer with JSON.\n[[user]]\nTaste: {{ preference }}\n"
        "{% for label, item in candidates %}\n{{ label }} {{ item.title }}\n{% endfor %}\n"
        "The best {{ best }}:\n"
    )
    _, candidates = long_request(history=2)
    dune = make_item("b1", "Dune")
    query = make_query(items=[dune], events=[make_event("ann", "b1")], liked=["b1"], scene=BOOKS)

    def reply(messages):
        is_question_of_taste = "preference" in messages[0].content
        return '{"preference": "vast worlds"}' if is_question_of_taste else '{"best": ["B"]}'

    model = ScriptedModel(reply=reply)
    ranker = ModelRanker(model, prompt=prompts.parse(path), prompt_tokens=4000)
    scores = wait(ranker(query, candidates=candidates[:3]))
    assert "Taste: vast worlds" in model.seen[-1][-1].content
    assert max(scores.scores) == scores.scores[1]
