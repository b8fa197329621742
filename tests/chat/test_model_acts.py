"""Each kind of act that a model may write of a turn: for whom, orders, counts, parts left out."""

from dataclasses import replace

import orjson
import pytest
from examples import make_item, wait
from line import make_line
from scripted_talk import EVENTS, FILMS, TOOLS, acts, items_of, talk, words

from recagent.chat import Agent, Conversation, Words
from recagent.domain import Constraint, PathRule, Scene
from recagent.pipeline import Options, Pipeline
from recagent.ranking import ModelRanker
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.testing import ScriptedModel

LIST = ("recommend", {})
CHEAP = (
    "want",
    {"attribute": "price", "operator": "at most", "values": [20], "words": "under 20"},
)
COMEDY = (
    "want",
    {"attribute": "genres", "operator": "is", "values": ["Comedy"], "words": "a comedy"},
)
NO_WAR = (
    "want",
    {"attribute": "genres", "operator": "is not", "values": ["War"], "words": "no war"},
)
NO_FILMS = (
    "want",
    {"attribute": "scene", "operator": "is not", "values": ["films"], "words": "no films"},
)


def said_of(constraints):
    return [(each.attribute, each.operator, each.value) for each in constraints]


def test_a_part_of_the_catalogue_that_is_not_wanted_does_not_come_until_it_is_asked_for():
    said, conversation, _, _ = talk(
        ("hi", acts(LIST)),
        ("no films please", acts(NO_FILMS)),
        ("films after all", acts(("scene", {"scene": "films"}))),
    )
    assert {item.scene for item in items_of(said[0])} == {"films"}
    assert "nothing from “Films”" in words(said[1])
    assert {item.scene for item in items_of(said[1])} == {"kitchen"}
    assert {item.scene for item in items_of(said[2])} == {"films"}
    assert conversation.wants.constraints == ()


def test_not_all_parts_can_be_left_out_and_unknown_ones_are_said():
    every = {"attribute": "scene", "operator": "is not", "words": "nothing at all"}
    said, conversation, _, _ = talk(
        ("x", acts(("want", {**every, "values": ["films", "kitchen"]}))),
        ("y", acts(("want", {**every, "values": ["garden"], "words": "no garden"}))),
    )
    assert conversation.wants.constraints == ()
    assert "“nothing at all”" in words(said[0])
    assert "“no garden”" in words(said[1])


def test_what_is_wanted_for_somebody_else_ends_and_the_own_conditions_come_back():
    said, conversation, parts, _ = talk(
        ("no war", acts(NO_WAR)),
        ("for my mum, a comedy", acts(("for", {"words": "my mum"}), COMEDY)),
        ("she would like that one", acts(("like", {"items": ["A"]}))),
        ("now for me", acts(("for", {"words": ""}), LIST)),
        scene="films",
    )
    assert "for my mum now. Put aside until then: genres: not War (“no war”)" in words(said[1])
    assert {item.id for item in items_of(said[1])} == {"f1", "f2"}
    assert "no" in words(said[2])
    assert "sign of your own taste" in words(said[2])
    assert "In force again: genres: not War" in words(said[3])
    assert said_of(conversation.wants.constraints) == [("genres", "is not", "War")]
    assert (conversation.wants.whom, conversation.liked) == ("", ())
    assert [event.item_id for event in wait(parts.store.events("ann", limit=9))] == ["f0"]


def test_a_condition_that_holds_for_somebody_else_too_is_kept_on_both_ways():
    _, conversation, _, _ = talk(
        ("no war, a comedy", acts(NO_WAR, COMEDY)),
        ("for dad, also no war", acts(("for", {"words": "dad", "numbers": [1]}))),
        scene="films",
    )
    assert said_of(conversation.wants.constraints) == [("genres", "is not", "War")]
    assert conversation.wants.own is not None
    assert len(conversation.wants.own.constraints) == 2


def test_what_is_for_somebody_else_is_not_chosen_by_the_own_taste():
    def reasons(said):
        return " ".join(claim.text for each in said for why in getattr(each, "explanations", ())
                        for claim in why.claims)  # fmt: skip

    own, _, _, _ = talk(("films", acts(LIST)), user="ann", scene="films")
    other, _, _, _ = talk(
        ("for my son", acts(("for", {"words": "my son"}), LIST)), user="ann", scene="films"
    )
    assert "Alien" not in [item.title for item in items_of(own[0])]  # she knows it
    assert "Alien" not in reasons(other[0])
    assert "For my son, from Films; what you like yourself plays no part." in words(other[0])


def test_what_somebody_else_has_is_left_out_and_not_stored():
    said, conversation, parts, _ = talk(
        ("films", acts(LIST)),
        ("my brother has the first", acts(("leave_out", {"items": ["A"]}))),
        scene="films",
    )
    first = items_of(said[0])[0]
    assert first.id not in [item.id for item in items_of(said[1])]
    assert conversation.known == ()
    assert said_of(conversation.wants.constraints) == [("id", "is not", first.id)]
    assert len(wait(parts.store.events("ann", limit=9))) == 1


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"attribute": "year", "operator": "less"},
         "By year, the least first: 1. Airplane! (1980): 1980, 2. Platoon (1986): 1986"),
        ({"attribute": "Year", "operator": "more", "items": ["Heat", "Jarhead", "Platoon"]},
         "the most first: 1. Jarhead (2005): 2005, 2. Heat (1995): 1995, 3. Platoon (1986): 1986."),
        ({"attribute": "popularity", "operator": "more"}, "1. Heat (1995): 6, 2. Groundhog Day"),
        ({"attribute": "price", "operator": "more"}, "1. Stand mixer: 249, 2. Bread tin: 18."),
        ({"attribute": "price", "operator": "more", "items": ["Bread tin", "Heat"]},
         "1. Bread tin: 18. Of these the catalogue does not tell price: Heat (1995)."),
        ({"attribute": "genres", "operator": "more", "words": "best genre"}, "“best genre”"),
    ],
)  # fmt: skip
def test_an_order_by_a_number_is_looked_up_and_changes_nothing(made, told):
    said, conversation, _, _ = talk(("x", acts(("sort", made))), scene="films")
    assert told in words(said[0])
    assert conversation.wants.listed == ()
    assert items_of(said[0]) == []


def test_a_list_in_order_keeps_to_what_is_in_force_and_can_be_pointed_at():
    said, conversation, _, _ = talk(
        (
            "the oldest without war",
            acts(NO_WAR, ("sort", {"attribute": "year", "operator": "less"})),
        ),
        ("what is the second about?", acts(("ask", {"items": ["B"], "attribute": "genres"}))),
        scene="films",
    )
    assert "Platoon" not in words(said[0])
    assert "2. Groundhog Day (1993): 1993" in words(said[0])
    assert "“Groundhog Day (1993)”: genres Comedy, Romance." in words(said[1])
    assert conversation.wants.listed != ()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({}, "There are 8: Films 6, kitchen 2."),
        ({"attribute": "genres", "operator": "is", "values": ["war"]},
         "There are 2 with genres: War: Films 2."),
        ({"attribute": "year", "operator": "at least", "values": [1990]}, "There are 3 with"),
        ({"attribute": "genres"}, "genres: Drama 3, Comedy 2, War 2"),
        ({"attribute": "price"}, "price: from 18 to 249."),
        ({"attribute": "genres", "operator": "is", "values": ["Western"]},
         "Nothing in the catalogue tells “Western”"),
    ],
)  # fmt: skip
def test_what_there_is_is_counted_in_the_catalogue(made, told):
    said, conversation, _, _ = talk(("x", acts(("count", made))), scene="films")
    assert told in words(said[0])
    assert conversation.wants.listed == ()


def test_a_count_says_how_many_keep_to_what_is_in_force():
    said, _, _, _ = talk(("no war", acts(NO_WAR)), ("how many?", acts(("count", {}))))
    assert words(said[1]) == "There are 8: Films 6, kitchen 2. 6 of them fit what you asked for."


def test_a_list_of_before_is_told_by_titles_and_letters_are_those_of_the_last():
    said, conversation, _, model = talk(
        ("films", acts(LIST)), ("more", acts(("more", {}))),
        ("I liked the first one from before", acts(("like", {"items": ["Groundhog Day (1993)"]}))),
        scene="films",
    )  # fmt: skip
    first, second = items_of(said[0]), items_of(said[1])
    assert len(second) == 2
    assert conversation.liked == (first[0].id,)
    prompt = model.seen[-1][-1].content
    assert f"In lists before, the newest first: {first[0].title} (1993); " in prompt
    assert "\nC " not in prompt


def test_an_undo_is_of_the_whole_turn_and_a_new_start_with_wants_is_one_step():
    _, conversation, _, _ = talk(
        ("no war", acts(NO_WAR)),
        ("start over, a comedy", acts(("start_over", {}), COMEDY)),
        ("undo", acts(("undo", {}))),
        scene="films",
    )
    assert said_of(conversation.wants.constraints) == [("genres", "is not", "War")]


def test_lists_and_questions_alone_are_no_step_that_an_undo_takes_back():
    _, conversation, _, _ = talk(
        ("no war", acts(NO_WAR)),
        ("something deep", acts(LIST, titles=["Heat"])),
        ("undo", acts(("undo", {}))),
        scene="films",
    )
    assert conversation.wants.listed == ()


def test_several_items_are_asked_about_at_once_and_a_text_is_all_that_is_told():
    said, _, _, _ = talk(
        ("x", acts(("ask", {"items": ["Bread tin", "Stand mixer"], "attribute": "price"}),
                   ("ask", {"items": ["Bread tin"], "attribute": "text", "words": "a lid?"}))),
        scene="kitchen",
    )  # fmt: skip
    assert "“Bread tin”: price 18. “Stand mixer”: price 249." in words(said[0])
    assert "The catalogue tells no more of it." in words(said[0])


def test_how_many_like_an_item_is_told_from_five_on():
    said, _, _, _ = talk(
        ("x", acts(("ask", {"items": ["Heat", "Groundhog Day"], "attribute": "popularity"}))),
        scene="films",
    )
    assert "“Heat (1995)”: liked by 6 people here." in words(said[0])
    assert "“Groundhog Day (1993)”: hardly anybody" in words(said[0])


def test_a_title_is_searched_as_the_catalogue_may_have_it():
    said, _, _, _ = talk(
        ("do you have Heat?", acts(("search", {"items": ["Heat (1995)"]}))),
        ("and Dune?", acts(("search", {"items": ["Dune (2021)"]}))),
        scene="films",
    )
    assert "In the catalogue: 1. Heat (1995)." in words(said[0])
    assert words(said[1]) == "“Dune (2021)” is not in the catalogue."


def test_a_newcomers_first_list_is_of_the_scene_of_what_they_like():
    busiest, _, _, _ = talk(("hello", acts(("greet", {}))), user="new")
    liked, _, _, _ = talk(
        ("I love my stand mixer", acts(("like", {"items": ["Stand mixer"]}), LIST)), user="new"
    )
    assert {item.scene for item in items_of(busiest[0])} == {"films"}
    assert {item.scene for item in items_of(liked[0])} == {"kitchen"}


def test_a_narrower_wish_stays_in_the_scene_that_still_has_something():
    said, conversation, _, _ = talk(
        ("a comedy", acts(COMEDY)),
        ("before 1985", acts(
            ("want", {"attribute": "year", "operator": "at most", "values": [1985]}))),
    )  # fmt: skip
    assert [item.id for item in items_of(said[1])] == ["f1"]
    assert conversation.scene == "films"


def test_a_firm_bound_stands_in_place_of_one_that_was_only_preferred():
    soft = ("want", {"attribute": "price", "operator": "at most", "values": [50], "firm": False})
    _, conversation, _, _ = talk(
        ("rather cheap", acts(soft)), ("under 20", acts(CHEAP)), scene="kitchen"
    )
    assert conversation.wants.preferences == ()
    assert said_of(conversation.wants.constraints) == [("price", "at most", 20)]


def test_a_conversation_with_somebody_else_in_it_is_kept_as_json():
    _, conversation, _, _ = talk(
        ("no war", acts(NO_WAR)), ("for mum", acts(("for", {"words": "mum"}), COMEDY))
    )
    again = Conversation.from_json(conversation.to_json())
    assert again.wants == conversation.wants
    assert again.wants.own is not None
    assert again.wants.own.constraints == (
        Constraint(attribute="genres", operator="is not", value="War", words="no war"),
    )


@pytest.mark.parametrize(
    "made",
    [
        ("leave_out", {"items": ["Dune (2021)"]}),
        ("sort", {"attribute": "price", "operator": "less", "items": ["Dune"]}),
        ("for", {"words": "mum", "numbers": [7, -1, 0]}),
        ("search", {"items": []}),
        ("count", {"attribute": "taste"}),
        ("like", {"items": ["the director"]}),
        ("want", {"attribute": "scene", "operator": "is not", "values": []}),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_never_stored_and_loosens_nothing(made):
    said, conversation, parts, _ = talk(("no war", acts(NO_WAR)), ("x", acts(made)), scene="films")
    own = conversation.wants.own or conversation.wants
    assert said_of(own.constraints) == [("genres", "is not", "War")]
    assert [event.item_id for event in wait(parts.store.events("ann", limit=9))] == ["f0"]
    assert words(said[1])


def ranked(messages):
    """The reply of a model that ranks: the order of the list, and a sentence on it."""
    told = messages[-1].content.splitlines()
    known = next((part.split(" ")[0] for part in told if "= “Alien" in part), "")
    return {"best": ["A", "B"], "reasons": [],
            "sentence": {"text": "You liked “Alien”.", "evidence": [known]}}  # fmt: skip


@pytest.mark.parametrize(
    "turn",
    [
        acts(LIST),
        acts(NO_WAR, ("compare", {"items": ["Heat", "Jarhead"]}),
             ("why_not", {"items": ["Platoon", "Jarhead"]}), ("explain", {"items": ["Heat"]})),
        acts(("what_if", {"items": ["Heat"]}), ("sort", {"attribute": "year"})),
        acts(("wish", {"words": "deep"}), titles=["Heat (1995)", "Jarhead (2005)"]),
        acts(("compare", {"items": ["Heat", "Jarhead", "Platoon"]})),
    ],
)  # fmt: skip
def test_a_turn_is_at_most_two_calls_of_a_model_that_reads_and_ranks(turn):
    said, calls = ranked_talk(turn)
    assert 1 <= len(calls) <= 2
    assert sum("They say:" in messages[-1].content for messages in calls) == 1
    assert words(said)


def test_the_sentence_of_the_ranking_model_comes_first_and_says_nothing_twice():
    said, calls = ranked_talk(acts(NO_WAR))
    assert len(calls) == 2
    assert isinstance(said[0], Words)
    assert said[0].text == "You liked “Alien”. From now on: genres: not War (“no war”)."
    assert items_of(said)


def ranked_talk(turn):
    """What is said to a turn where one model reads and ranks, and what that model was asked."""

    def reply(messages):
        is_turn = "They say:" in messages[-1].content
        return orjson.dumps(turn if is_turn else ranked(messages)).decode()

    model = ScriptedModel(reply=reply)

    async def main():
        line, parts = await make_line([*FILMS, *TOOLS], EVENTS, model=model, language_weight=0.9)
        ranker = ModelRanker(model, prompt_tokens=4000, attempts=1)
        proposer = ModelProposer(model, index=parts.index, embedder=parts.embedder)
        parts = replace(parts, reader=model, ranker=ranker, proposer=proposer)
        agent = Agent(Pipeline(parts, replace(line._options, reasons=True)), k=3)
        conversation = Conversation(user_id="ann", scene="films")
        return [each async for each in agent.say(conversation, "films")]

    return wait(main()), model.seen


def test_what_is_seen_and_disliked_is_stored_as_both_and_said_once():
    said, conversation, parts, _ = talk(
        ("seen Heat, was mid", acts(("seen", {"items": ["Heat"]}), ("dislike", {"items": ["it"]}))),
        ("Heat I know, bad", acts(("seen", {"items": ["Heat"]}), ("dislike", {"items": ["Heat"]}))),
        scene="films",
    )
    assert words(said[1]).startswith("Noted: not “Heat (1995)”. It will not come again.")
    assert "f5" in conversation.known
    assert "f5" in conversation.disliked
    kinds = {event.kind for event in wait(parts.store.events("ann", limit=9)) if
             event.item_id == "f5"}  # fmt: skip
    assert kinds == {"view", "dislike"}


def test_what_comes_after_something_else_is_offered_with_the_way_there():
    courses = [
        make_item("c1", "Counting", scene="courses", subjects=("maths",), needs=()),
        make_item("c2", "Trees", scene="courses", subjects=("data",), needs=("c1",)),
        make_item("c3", "Learning Machines", scene="courses", subjects=("ml",), needs=("c2",)),
    ]
    wanted = ("want", {"attribute": "subjects", "operator": "is", "values": ["ml"], "words": "ml"})
    model = ScriptedModel(reply=orjson.dumps(acts(wanted)).decode())

    async def main():
        _, parts = await make_line(courses)
        scene = Scene(name="courses", rules=(PathRule(prerequisites="needs"),))
        parts = replace(parts, reader=model, scenes={"courses": scene})
        agent = Agent(Pipeline(parts, Options()), k=3)
        conversation = Conversation(user_id="new")
        said = [[e async for e in agent.say(conversation, text)] for text in ("machines", "1")]
        return said, conversation

    said, conversation = wait(main())
    assert items_of(said[0]) == []
    assert said[0][-1].options[0].startswith("What leads to “ml”")
    assert [item.id for item in items_of(said[1])][:2] == ["c1", "c2"]
    assert conversation.wants.constraints == ()


def test_an_order_is_over_all_parts_unless_a_list_of_one_is_narrowed_down():
    dearest = ("sort", {"attribute": "popularity", "operator": "less"})
    said, _, _, _ = talk(
        ("what is least known?", acts(dearest)),
        ("a comedy", acts(COMEDY)),
        ("the least known of these", acts(dearest)),
    )
    assert "Bread tin" in words(said[0])
    assert "Airplane!" in words(said[0])
    assert "Bread tin" not in words(said[2])
    assert "1. Airplane! (1980): 0, 2. Groundhog Day (1993): 3." in words(said[2])


def test_a_wish_that_nothing_answers_is_no_hindrance_to_an_order():
    said, _, _, _ = talk(
        ("purple", acts(("wish", {"words": "purple"}))),
        ("the oldest", acts(("sort", {"attribute": "year", "operator": "less"}))),
        scene="films",
    )
    assert "1. Airplane! (1980): 1980" in words(said[1])


def test_a_whole_list_is_explained_by_one_reason_each_and_an_item_by_all():
    said, _, _, _ = talk(
        ("no war", acts(NO_WAR)),
        ("why these?", acts(("explain", {}))),
        ("why the first?", acts(("explain", {"items": ["A"]}))),
        scene="films",
    )
    whole, one = ([why for each in part if isinstance(each, Words) for why in each.explanations]
                  for part in said[1:])  # fmt: skip
    assert len(whole) == 3
    assert all(len(why.claims) <= 1 for why in whole)
    assert len(one) == 1
    assert len(one[0].claims) > 1


def test_how_many_a_part_has_is_told_by_part():
    said, _, _, _ = talk(
        ("how many films?", acts(
            ("count", {"attribute": "scene", "operator": "is", "values": ["films"]}))),
    )  # fmt: skip
    assert words(said[0]) == "There are 8: Films 6, kitchen 2."


def test_one_of_several_numbers_is_enough():
    years = {"attribute": "year", "operator": "is", "values": [1980, 1995], "words": "80 or 95"}
    said, _, _, _ = talk(("x", acts(("want", years))), scene="films")
    assert {item.id for item in items_of(said[0])} == {"f1", "f5"}


def test_a_new_start_leaves_a_scene_that_the_person_chose_but_not_that_of_the_request():
    turns = (
        ("kitchen things", acts(("scene", {"scene": "kitchen"}))),
        ("start over", acts(("start_over", {}))),
    )
    said, conversation, _, _ = talk(*turns)
    assert {item.scene for item in items_of(said[0])} == {"kitchen"}
    assert {item.scene for item in items_of(said[1])} == {"films"}
    assert conversation.named_scene is None
    _, conversation, _, _ = talk(("start over", acts(("start_over", {}))), scene="kitchen")
    assert conversation.named_scene == "kitchen"


@pytest.mark.parametrize(
    ("operator", "value", "told"),
    [("is", "true", True), ("is not", "true", False), ("is", "false", False),
     ("is not", "false", True), ("is", True, True)],
)  # fmt: skip
def test_what_is_true_or_false_is_never_turned_round(operator, value, told):
    rooms = [make_item("r1", "Inn", scene="rooms", open=True),
             make_item("r2", "Hut", scene="rooms", open=False)]  # fmt: skip
    wanted = ("want", {"attribute": "open", "operator": operator, "values": [value]})
    model = ScriptedModel(reply=orjson.dumps(acts(wanted)).decode())

    async def main():
        _, parts = await make_line(rooms)
        agent = Agent(Pipeline(replace(parts, reader=model), Options()), k=3)
        conversation = Conversation(user_id="new", scene="rooms")
        return [each async for each in agent.say(conversation, "open ones")], conversation

    said, conversation = wait(main())
    assert said_of(conversation.wants.constraints) == [("open", "is", told)]
    assert [item.id for item in items_of(said)] == ["r1" if told else "r2"]


def test_what_is_liked_after_all_is_barred_no_longer_and_that_is_said():
    said, conversation, _, _ = talk(
        ("not Heat", acts(("dislike", {"items": ["Heat"]}))),
        ("I like Heat after all", acts(("like", {"items": ["Heat"]}))),
        ("no, bad", acts(("dislike", {"items": ["Heat"]}))),
        ("其实我喜欢 Heat", acts(("like", {"items": ["Heat"]}))),
    )
    assert "It will not come again" in words(said[0])
    for turn in (said[1], said[3]):
        assert "after all; my “not” is taken back" in words(turn)
    assert "It will not come again" in words(said[2])
    assert (conversation.liked, conversation.disliked) == (("f5",), ())
