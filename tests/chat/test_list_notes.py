"""What a list says of itself: how far it fits, what fits but is not on it, what comes before."""

from dataclasses import replace

import orjson
import pytest
from examples import make_event, make_item, wait
from line import make_line
from scripted_talk import acts, items_of, talk, words

from recagent.chat import Agent, Conversation
from recagent.domain import Constraint, PathRule, PersonRule, Scene
from recagent.pipeline import Options, Pipeline
from recagent.testing import ScriptedModel

FUNNY = {"attribute": "genres", "operator": "is", "values": ["Comedy"], "words": "funny"}
CHEAP = {"attribute": "price", "operator": "at most", "values": [30], "words": "max 30"}


def list_of(items, *made, rules=(), events=()):
    """The words and the items of a list in a scene with these rules."""
    model = ScriptedModel(reply=orjson.dumps(acts(*made)).decode())

    async def main():
        _, parts = await make_line(items, events)
        scene = Scene(name="shop", rules=tuple(rules))
        parts = replace(parts, reader=model, scenes={"shop": scene})
        agent = Agent(Pipeline(parts, Options()), k=3)
        return [each async for each in agent.say(Conversation(user_id="ann"), "x")]

    said = wait(main())
    return words(said), [item.id for item in items_of(said)]


def pan(key, title="", **attributes):
    return make_item(key, title or f"Pan {key}", scene="shop", **attributes)


def test_a_list_stops_where_nothing_more_fits_and_offers_what_is_near():
    said, conversation, _, _ = talk(
        ("rather funny", acts(("want", {**FUNNY, "firm": False}))), ("1", None), scene="films"
    )
    assert {item.title for item in items_of(said[0])} == {"Airplane!", "Groundhog Day"}
    assert "These fit, from Films. Nothing else in Films fits." in words(said[0])
    assert said[0][-1].options[0] == "Others near it"
    others = [item.attributes["genres"] for item in items_of(said[1])]
    assert len(others) == 3
    assert not any("Comedy" in genres for genres in others)
    assert "Nothing left in Films has all that you asked for; these are the nearest." in words(
        said[1]
    )
    assert [each.value for each in conversation.wants.preferences] == ["Comedy"]


def test_a_wish_is_answered_by_what_says_it_and_by_nothing_else_that_is_near():
    items = [pan("a", "Grill"), pan("b", "Dough scraper"), pan("c", "Tea flask for the bath")]
    likes = [make_event(f"p{at}", "a", scene="shop") for at in range(5)]
    said, shown = list_of(items, ("wish", {"words": "tea for the bath"}), events=likes)
    assert shown == ["c"]
    assert "Nothing else in shop fits." in said
    said, shown = list_of(items, ("wish", {"words": "astronomy"}), events=likes)
    assert len(shown) == 3
    assert "Nothing left in shop is “astronomy”; these are the nearest." in said
    assert "fit" not in said


def test_a_list_all_of_which_fits_says_so_and_one_of_which_nothing_does():
    said, _, _, _ = talk(
        ("a comedy", acts(("want", FUNNY))),
        ("rather before 1950", acts(("want", {
            "attribute": "year", "operator": "at most", "values": [1980.5], "words": "old",
            "firm": False}))),
        scene="films",
    )  # fmt: skip
    assert "These fit, from Films." in words(said[0])


def test_what_would_fit_but_has_no_price_or_is_sold_out_is_named():
    items = [pan("a", price=20.0, stock=3), pan("b", stock=3), pan("c", price=90.0, stock=3)]
    said, shown = list_of(items, ("want", CHEAP))
    assert shown == ["a"]
    assert "“Pan b” may fit too, but its price is not told." in said
    stocked = Constraint(attribute="stock", operator="at least", value=1)
    items = [pan("a", price=20.0, stock=3), pan("b", price=25.0, stock=0)]
    said, shown = list_of(items, ("want", CHEAP), rules=[stocked])
    assert shown == ["a"]
    assert "“Pan b” would fit too, but cannot be had now (stock: 0)." in said


@pytest.mark.parametrize(
    ("hidden", "rule"),
    [
        ({"findable": False}, Constraint(attribute="findable", operator="is", value=True)),
        ({"age": 18}, Constraint(attribute="age", operator="at most", value=12)),
    ],
)
def test_what_a_rule_hides_is_not_named(hidden, rule):
    (name,) = hidden
    seen = {name: True if name == "findable" else 6}
    items = [pan("a", price=20.0, **seen), pan("b", price=25.0, **hidden)]
    said, shown = list_of(items, ("want", CHEAP), rules=[rule])
    assert shown == ["a"]
    assert "Pan b" not in said


@pytest.mark.parametrize("act", ["ask", "like", "similar"])
def test_people_who_may_not_be_shown_are_not_told_of_either(act):
    rule = Constraint(attribute="findable", operator="is", value=True, task="person")
    people = [("a", "Cleo", True, "Keeps bees."), ("b", "Fay", False, "Grows herbs.")]
    items = [
        replace(make_item(key, name, scene="shop", findable=findable), task="person", text=text)
        for key, name, findable, text in people
    ]
    said, shown = list_of(items, (act, {"items": ["Fay"]}), rules=[rule])
    assert "b" not in shown
    assert "Grows herbs" not in said
    assert "“Fay” is not in the catalogue." in said


def test_what_may_be_hidden_from_a_person_is_not_named_as_sold_out():
    stocked = Constraint(attribute="stock", operator="at least", value=1)
    theirs = PersonRule(attribute="id", operator="is not", person="blocked")
    items = [pan("a", price=20.0, stock=3), pan("b", price=25.0, stock=0)]
    said, shown = list_of(items, ("want", CHEAP), rules=[stocked, theirs])
    assert shown == ["a"]
    assert "Pan b" not in said


def test_what_does_not_answer_the_wish_is_not_said_to_fit():
    stocked = Constraint(attribute="stock", operator="at least", value=1)
    items = [
        pan("a", "Tea flask", price=20.0, stock=3),
        pan("b", "Chopper", price=25.0, stock=0.0),
        pan("c", "Tea strainer", price=25.0, stock=0.0),
    ]
    said, shown = list_of(items, ("want", CHEAP), ("wish", {"words": "tea"}), rules=[stocked])
    assert shown == ["a"]
    assert "“Tea strainer” would fit too, but cannot be had now (stock: 0)." in said
    assert "Chopper" not in said


def test_a_list_of_two_wishes_goes_on_with_what_has_one_of_them():
    bright, fast = (
        {"attribute": "mood", "operator": "is", "values": [mood], "words": mood, "firm": False}
        for mood in ("bright", "fast")
    )
    items = [pan("a", mood=("bright", "fast")), pan("b", mood=("fast",)), pan("c", mood=("sad",))]
    said, shown = list_of(items, ("want", bright), ("want", fast))
    assert sorted(shown) == ["a", "b"]
    assert "All that you asked for: “Pan a”; the rest are the nearest I have." in said
    assert "Nothing else in shop fits." in said


def test_where_nothing_may_be_shown_a_wish_does_not_stop_the_answer():
    rule = Constraint(attribute="findable", operator="is", value=True)
    rather = {"attribute": "price", "operator": "at most", "values": [30], "words": "cheap"}
    items = [pan("a", price=20.0, findable=False)]
    said, shown = list_of(items, ("want", {**rather, "firm": False}), rules=[rule])
    assert shown == []
    assert said
    assert "Pan a" not in said


def test_what_comes_first_is_said_until_the_person_has_done_it():
    items = [pan("a", needs=()), pan("b", needs=("a",))]
    rules = [PathRule(prerequisites="needs")]
    said, shown = list_of(items, ("recommend", {}), rules=rules)
    assert shown == ["a", "b"]
    assert "“Pan b” comes after “Pan a”." in said
    done = [make_event("ann", "a", scene="shop", kind="finish")]
    said, shown = list_of(items, ("recommend", {}), rules=rules, events=done)
    assert shown == ["b"]
    assert "comes after" not in said


def test_what_an_item_needs_is_told_by_title_and_over_all_levels():
    items = [pan("a", "Letters"), pan("b", "Words", needs=("a",)), pan("c", "Verse", needs=("b",))]
    rules = [PathRule(prerequisites="needs")]
    for asked in ({"attribute": "needs"}, {"attribute": "text"}):
        said, _ = list_of(items, ("ask", {"items": ["Verse"], **asked}), rules=rules)
        assert "Words" in said
    said, _ = list_of(items, ("ask", {"items": ["Verse"], "attribute": "needs"}), rules=rules)
    assert "Before that: “Letters”." in said
