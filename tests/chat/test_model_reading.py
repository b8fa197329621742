"""Turns that a language model reads: code checks what it wrote, and carries out only that."""

from dataclasses import replace

import pytest
from examples import SCALE, wait
from line import make_line
from scripted_talk import EVENTS, FILMS, NOT_ASKED, acts, items_of, talk, words

from recagent.chat import Agent, Conversation, Noted, Shown, Words
from recagent.domain import Constraint
from recagent.errors import ModelError
from recagent.pipeline import Options, Pipeline
from recagent.profiles.building import is_liked
from recagent.scenes.constraints import satisfies
from recagent.testing import ScriptedModel

LIST = ("recommend", {})
NOT_WAR = {"attribute": "genres", "operator": "is not", "values": ["war"]}
NO_WAR = ("want", {**NOT_WAR, "words": "no war"})


def test_several_acts_of_one_turn_are_carried_out_and_a_turn_is_one_call():
    said, conversation, parts, model = talk(
        ("films please", acts(LIST)),
        ("seen Heat, no war, and why the first?",
         acts(("seen", {"items": ["Heat"]}), NO_WAR, ("explain", {"items": ["A"]}))),
    )  # fmt: skip
    assert len(model.seen) == 2
    (ban,) = conversation.wants.constraints
    assert (ban.attribute, ban.operator, ban.value) == ("genres", "is not", "War")
    assert conversation.known == ("f5",)
    events = {event.item_id: event for event in wait(parts.store.events("ann", limit=9))}
    assert (events["f5"].kind, events["f5"].value) == ("view", 0.05)
    assert not is_liked(events["f5"], SCALE)
    assert items_of(said[1])
    assert not {"f5", "f3", "f4"} & {item.id for item in items_of(said[1])}
    assert [type(each) for each in said[1][:3]] == [Words, Noted, Shown]
    assert said[1][0].explanations[0].item.id == items_of(said[0])[0].id


@pytest.mark.parametrize(
    ("made", "constraint"),
    [
        (("want", {"attribute": "Genres", "operator": "is", "values": ["comedy"]}),
         Constraint(attribute="genres", operator="is", value="Comedy")),
        (("want", {"attribute": "year", "operator": "at least", "values": [1990]}),
         Constraint(attribute="year", operator="at least", value=1990)),
        (("want", {"attribute": "", "operator": "does not mention", "values": ["Vietnam"]}),
         Constraint(attribute="", operator="does not mention", value="Vietnam")),
        (("want", {"attribute": "cast", "operator": "is not", "values": ["Tom Cruise"]}),
         Constraint(attribute="", operator="does not mention", value="Tom Cruise")),
        (("want", {"attribute": "genres", "operator": "is not", "values": ["Zombie"]}),
         Constraint(attribute="", operator="does not mention", value="Zombie")),
        (("want", {"attribute": "price", "operator": "at most", "values": ["20"]}),
         Constraint(attribute="price", operator="at most", value=20)),
    ],
)  # fmt: skip
def test_a_condition_is_one_that_code_can_check(made, constraint):
    _, conversation, _, _ = talk(("x", acts(made)))
    assert conversation.wants.constraints == (constraint,)
    assert conversation.wants.wishes == ()


@pytest.mark.parametrize(
    "made",
    [
        ("want", {"attribute": "cast", "operator": "is", "values": ["Cruise"], "words": "Cruise"}),
        ("want", {"attribute": "runtime", "operator": "at most", "values": [90], "words": "90"}),
        ("want", {"attribute": "year", "operator": "at most", "values": ["soon"], "words": "soon"}),
        ("cannot", {"words": "about 90 minutes"}),
    ],
)  # fmt: skip
def test_what_nothing_here_tells_is_said_and_is_no_condition(made):
    said, conversation, _, _ = talk(("x", acts(made, LIST)))
    assert conversation.wants.constraints == ()
    assert conversation.wants.preferences == ()
    assert f"“{made[1]['words']}”" in words(said[0])
    assert items_of(said[0])


def test_less_of_a_number_goes_by_the_list_and_never_loosens_what_holds():
    at_most = ("want", {"attribute": "year", "operator": "at most", "values": [1982]})
    older = ("want", {"attribute": "year", "operator": "less", "words": "older"})
    _, conversation, _, _ = talk(
        ("films", acts(LIST)), ("x", acts(at_most)), ("older", acts(older))
    )
    (bound,) = conversation.wants.constraints
    assert (bound.attribute, bound.operator) == ("year", "at most")
    assert bound.value < 1982


def test_popularity_can_be_asked_for_though_no_item_has_it():
    less = ("want", {"attribute": "popularity", "operator": "less", "words": "underrated"})
    said, conversation, _, _ = talk(
        (
            "films",
            acts(LIST),
        ),
        ("underrated", acts(less)),
        scene="films",
    )
    shown = {item.id for item in items_of(said[1])}
    assert shown
    assert "f5" not in shown  # six like it
    assert "liked by at most" in words(said[1])
    assert conversation.wants.constraints[0].attribute == "popularity"


def test_a_condition_that_is_dropped_holds_no_longer_and_others_do():
    later = (
        "want",
        {"attribute": "year", "operator": "at least", "values": [1980], "words": "80s on"},
    )
    _, conversation, _, _ = talk(
        ("x", acts(NO_WAR, later)), ("war is fine", acts(("drop", {"numbers": [1, 9]})))
    )
    assert [each.attribute for each in conversation.wants.constraints] == ["year"]


def test_a_wish_stands_in_place_of_the_one_before_and_its_titles_lead_without_another_call():
    said, conversation, _, model = talk(
        ("a deep thing", acts(("wish", {"words": "deep"}), titles=["Heat"])),
        ("love in the snow", acts(("wish", {"words": "romance in winter"}),
                                  titles=["Groundhog Day (1993)", "Nowhere (2001)"])),
        scene="films",
    )  # fmt: skip
    assert conversation.wants.wishes == ("romance in winter",)
    assert items_of(said[1])[0].title == "Groundhog Day"
    assert len(model.seen) == 2


def test_items_are_meant_by_letter_by_title_and_by_it_and_others_are_said_to_be_unknown():
    said, conversation, _, _ = talk(
        ("films", acts(LIST)),
        ("I liked Groundhog day and the first, hated Platoon, Dune was great", acts(
            ("like", {"items": ["Groundhog day", "A", "Dune (2021)"]}),
            ("dislike", {"items": ["Platoon (1986)"]}))),
        ("why it?", acts(("explain", {"items": ["it"]}))),
        scene="films",
    )  # fmt: skip
    first = items_of(said[0])[0].id
    assert set(conversation.liked) == {"f2", first}
    assert conversation.disliked == ("f3",)
    assert "“Dune (2021)” is not in the catalogue" in words(said[1])
    assert f"“{items_of(said[1])[0].title} (" in words(said[2])  # the first of the newest list


@pytest.mark.parametrize(
    ("made", "knowledge", "said"),
    [
        ({"attribute": "stock"}, False, "“Bread tin”: stock 3."),
        ({"attribute": "", "answer": "Steel."}, False, "does not tell that about “Bread tin”"),
        ({"attribute": "", "answer": "Steel."}, True, "not from the catalogue: Steel."),
        ({"attribute": "text"}, False, "“Bread tin”: price: 18; stock: 3."),
    ],
)  # fmt: skip
def test_a_question_on_an_item_is_answered_from_the_catalogue_and_changes_nothing(
    made, knowledge, said
):
    ask = ("ask", {"items": ["Bread tin"], **made})
    answers, conversation, _, _ = talk(
        ("tins", acts(LIST)), ("x", acts(ask)), scene="kitchen", knowledge=knowledge
    )
    assert said in words(answers[1])
    assert not items_of(answers[1])
    assert conversation.wants.listed == ()
    assert conversation.focus == "t0"


def test_what_was_shown_comes_again_for_something_else_but_not_for_more():
    comedy = ("want", {"attribute": "genres", "operator": "is", "values": ["Comedy"]})
    turns = ("films", acts(LIST)), ("more", acts(("more", {}))), ("a comedy", acts(comedy))
    said, _, _, _ = talk(*turns, scene="films")
    first, more, comedies = ({item.id for item in items_of(each)} for each in said)
    assert not first & more
    assert comedies == {"f1", "f2"}


def test_without_a_scene_the_list_is_of_the_one_that_has_what_is_wanted():
    cheap = ("want", {"attribute": "price", "operator": "at most", "values": [20], "words": "≤ 20"})
    said, conversation, _, _ = talk(("films", acts(LIST)), ("under 20", acts(cheap)))
    assert [item.id for item in items_of(said[1])] == ["t0"]
    assert conversation.scene == "kitchen"
    assert "from kitchen" in words(said[1])


def test_an_empty_list_comes_with_offers_that_work_when_they_are_taken():
    none = ("want", {"attribute": "year", "operator": "at least", "values": [2020], "words": "new"})
    said, conversation, _, _ = talk(
        ("no war", acts(NO_WAR)), ("new", acts(none)), ("1", NOT_ASKED), scene="films"
    )
    assert items_of(said[1]) == []
    assert said[1][-1].options[0] == "Without “new”: 3"
    assert len(items_of(said[2])) == 3
    assert all(satisfies(item, conversation.wants.constraints[0]) for item in items_of(said[2]))
    assert [each.words for each in conversation.wants.constraints] == ["no war"]


def test_undo_brings_back_the_wants_and_the_list_of_before():
    said, conversation, _, _ = talk(
        ("films", acts(LIST)), ("no war", acts(NO_WAR)), ("go back", acts(("undo", {}))),
        scene="films",
    )  # fmt: skip
    assert conversation.wants.listed == ()
    assert {item.id for item in items_of(said[2])} == {item.id for item in items_of(said[0])}


def test_a_crisis_ends_recommending_and_nothing_of_it_is_kept_whoever_reads():
    said, conversation, parts, model = talk(
        ("films", acts(LIST)),
        ("I feel like killing myself", NOT_ASKED),
        ("nobody would miss me", acts(("crisis", {}), ("wish", {"words": "die"}))),
    )
    assert len(model.seen) == 2
    for each in said[1:]:
        assert "emergency number" in words(each)
        assert not items_of(each)
    assert conversation.wants.listed == ()
    assert "killing" not in conversation.to_json()
    assert "miss me" not in conversation.to_json()
    assert len(wait(parts.store.events("ann", limit=9))) == 1


def test_my_data_is_told_and_deleted_only_after_a_yes():
    said, conversation, parts, _ = talk(
        ("what do you know about me?", acts(("my_data", {}))),
        ("delete everything", acts(("delete_my_data", {}))),
        ("no", NOT_ASKED),
        ("delete everything!", acts(("delete_my_data", {}))),
        ("yes", NOT_ASKED),
    )
    assert "1 of your actions" in words(said[0])
    assert "Alien (1979)" in words(said[0])
    assert words(said[2]) == "All right, nothing is deleted."
    assert "deleted" in words(said[4])
    assert wait(parts.store.events("ann", limit=9)) == []
    assert conversation.shown == ()


@pytest.mark.parametrize("reply", ["I recommend Heat", '{"acts": "all"}', "{}", ModelError("down")])
def test_where_the_model_does_not_help_rules_read_the_turn_and_that_is_said(reply):
    def answer(_):
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def main():
        _, parts = await make_line(FILMS, EVENTS)
        line = Pipeline(replace(parts, reader=ScriptedModel(reply=answer)), Options())
        conversation = Conversation(user_id="ann", scene="films")
        return [each async for each in Agent(line, k=3).say(conversation, "no war")]

    said = wait(main())
    assert "The language model did not help here" in words(said)
    assert all("War" not in item.attributes["genres"] for item in items_of(said))


def test_an_unclear_turn_gets_one_question_and_changes_nothing():
    said, conversation, _, _ = talk(
        ("the other", acts(question="Do you mean\n“Heat” or “Jarhead”?"))
    )
    assert words(said[0]) == "Do you mean “Heat” or “Jarhead”?"
    assert conversation.wants.listed == ()
