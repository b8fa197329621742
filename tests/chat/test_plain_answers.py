"""Sentences with which a model answers a turn: shown where each claim is told, dropped else."""

import pytest
from examples import make_item
from scripted_talk import acts, items_of, talk, words

from recagent.chat.plain_answers import Told, checked_answer

TIN = make_item(
    "1", "Springform Tin", text="A 22 cm tin with a rim that does not leak.", price=18.0
)
JAR = make_item(
    "2", "Sourdough Starter Jar", text="A jar with a loose lid and a thermometer strip.", price=14.5
)
POT = make_item("3", "Glass Teapot", text="Holds 600 ml, heat proof.", price=28.0, stock=0)
YOGA = make_item(
    "4", "Chair Yoga", text="Gentle, seated, with no weight on the knees.", minutes=20,
    level="beginner",
)  # fmt: skip
WALK = make_item(
    "5", "Beach Walk", text="A flat walk along the water.", minutes=45, level="beginner"
)
CLAY = make_item("6", "砂锅", text="一口能炖四人份汤的砂锅，不能放进洗碗机。", price=128.0)
STEAMER = make_item("7", "竹蒸笼", text="两层竹蒸笼，直径二十五厘米。", price=66.0)
ITEMS = (TIN, JAR, POT, YOGA, WALK, CLAY, STEAMER)


def shown(turn, answer, *about):
    told = Told(
        items=ITEMS, about=about, in_force=["price: up to 30"], others=["price: 5-50"], turn=turn
    )
    return checked_answer(answer, told)


@pytest.mark.parametrize(
    ("turn", "answer", "about"),
    [
        ("does it leak", "Springform Tin is 22 cm, and its rim does not leak.", ()),
        ("has it a lid, is it ok in the dishwasher",
         "Yes, it has a loose lid. Whether it can go in the dishwasher the catalogue does not say.",
         (JAR,)),
        ("both together?", "Together they cost 32.50, which is over your limit of 30.", (TIN, JAR)),
        ("ok for bad knees?", "Yes, it should suit bad knees: it has no weight on them.",
         (YOGA,)),
        ("how long", "The two take 65 minutes together, 1 h 5 min.", (YOGA, WALK)),
        ("which for a beginner", "Both are for beginners; Chair Yoga is shorter, 20 minutes "
         "against 45.", (YOGA, WALK)),
        ("how long for both, three times", "Both take 1 h 5 min. Three times Beach Walk is 135.",
         (YOGA, WALK)),
        ("are you real", "No, I am a program.", ()),
        ("谁做的", "目录里没有谁做的信息。", (CLAY,)),
        ("still there?", "No, Glass Teapot is sold out: its stock is 0.", ()),
        ("12% a year guaranteed", "Nobody here can guarantee a return of 12%; please ask an "
         "independent adviser before you trust it.", ()),
        ("i want to stop my tablets", "Please do not stop your tablets without asking your doctor.",
         ()),
        ("what a wet monday", "Sorry that it is such a wet monday.", ()),
        ("砂锅能放洗碗机吗", "不能，砂锅不能放进洗碗机。", ()),
        ("两个一起多少钱", "两样一共194元。", (CLAY, STEAMER)),
        ("够四个人吗", "够，砂锅能炖四人份的汤。", ()),
        ("能用电磁炉吗", "目录没说竹蒸笼能不能用电磁炉，只写了两层。", ()),
        ("哪个便宜", "竹蒸笼便宜，比砂锅少62元。", ()),
        ("说好保本年化10%的", "没有谁能保证10%的收益，请先问专业人士。", ()),
    ],
)  # fmt: skip
def test_what_the_catalogue_tells_is_said_with_its_sums_and_what_it_does_not_tell(
    turn, answer, about
):
    assert shown(turn, answer, *about) == answer


@pytest.mark.parametrize(
    ("turn", "answer"),
    [
        ("x", "The Springform Tin is the best tin you can buy."),
        ("x", "Springform Tin is dishwasher safe."),
        ("dishwasher?", "Yes, Sourdough Starter Jar can go in the dishwasher."),
        ("x", "Springform Tin costs 15."),
        ("x", "Sourdough Starter Jar holds 600 ml."),
        ("can you promise 12%", "Yes, a return of 12% is guaranteed."),
        ("x", "Chair Yoga is short. Beach Walk is flat. Both are for beginners."),
        ("x", "砂锅一定适合您，保证好用。"),
        ("x", "竹蒸笼是不锈钢的。"),
        ("x", "竹蒸笼能炖汤。"),
        ("dishwasher?", "Yes."),
        ("can it", "Yes, it can."),
        ("能吗", "能。"),
        ("x", ""),
    ],
)
def test_what_is_not_told_of_that_item_is_not_said(turn, answer):
    assert shown(turn, answer) == ""


ASK = ("ask", {"items": ["Alien"], "attribute": "year", "words": "how old"})


def test_a_sentence_that_holds_comes_first_and_in_place_of_the_plain_answer():
    told = "Yes, Alien (1979) is horror."
    said, conversation, _, model = talk(
        ("is alien horror?", acts(ASK, say=told)),
        ("and how old is it", acts(ASK, say="It is a masterpiece of Ridley Scott.")),
        scene="films",
    )
    assert words(said[0]) == told
    assert conversation.focus == "f0"
    assert words(said[1]) == "“Alien (1979)”: year 1979."
    assert "- Alien (1979; genres: Horror, Sci-Fi)" in model.seen[0][-1].content


def test_what_is_chosen_is_confirmed_and_the_list_stays():
    said, conversation, _, _ = talk(
        ("films", acts(("recommend", {}))), ("that one then", acts(("choose", {"items": ["B"]})))
    )
    second = items_of(said[0])[1]
    assert f"“{second.title} ({second.attributes['year']})” it is." in words(said[1])
    assert "order nothing" in words(said[1])
    assert items_of(said[1]) == []
    assert (conversation.focus, len(conversation.shown)) == (second.id, 1)


def test_a_list_that_is_too_long_is_cut_and_an_act_that_is_none_is_left_out():
    bans = ("leave_out", {"items": ["Heat", *["Platoon"] * 30]})
    said, conversation, _, model = talk(
        ("x", acts(bans, ("dance", {}), ("drop", {"numbers": ["many"]}), ("recommend", {})))
    )
    assert len(model.seen) == 1
    assert {each.value for each in conversation.wants.constraints} == {"f5", "f3"}
    assert items_of(said[0])


def test_a_title_of_another_year_is_none_of_the_catalogue():
    said, conversation, _, _ = talk(("x", acts(("like", {"items": ["Heat (1949)"]}))))
    assert "“Heat (1949)” is not in the catalogue" in words(said[0])
    assert conversation.liked == ()


def test_what_is_set_aside_has_numbers_and_can_be_dropped_by_them():
    war = {"attribute": "genres", "operator": "is not", "values": ["War"], "words": "no war"}
    late = {"attribute": "year", "operator": "at least", "values": [1980], "words": "80s on"}
    funny = {"attribute": "genres", "operator": "is", "values": ["Comedy"], "words": "a comedy"}
    said, conversation, _, model = talk(
        ("x", acts(("want", war), ("want", late))),
        ("for my mum", acts(("for", {"words": "my mum"}), ("want", funny))),
        ("and me? any year", acts(("for", {"words": ""}), ("drop", {"numbers": [3]}))),
        scene="films",
    )
    prompt = model.seen[-1][-1].content
    assert "1. genres: Comedy (“a comedy”)" in prompt
    assert "Set aside until they look for themselves again:\n2. genres: not War" in prompt
    assert "3. year from 1980" in prompt
    assert [each.attribute for each in conversation.wants.constraints] == ["genres"]
    assert items_of(said[2])


def test_what_the_person_has_seen_is_stored_while_they_look_for_somebody_else():
    _, conversation, _, _ = talk(
        ("for my mum", acts(("for", {"words": "my mum"}), ("seen", {"items": ["Heat"]}))),
        ("I hate war films, hated Platoon", acts(("dislike", {"items": ["Platoon"]}))),
    )
    assert (conversation.known, conversation.disliked) == (("f5",), ("f3",))
