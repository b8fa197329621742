"""What rules act on: what is sure of a turn, and nothing of what is not.

Each kind of turn that strangers typed has sentences here that were written before they were run.
"""

import pytest
from examples import make_item
from planned_turn import steps_of_turn

from recagent.chat.conversation import Wants
from recagent.chat.steps import Change, Compare, Describe, Explain, Record, Tell
from recagent.domain import Constraint

BOOKS = [
    make_item("b0", "Salt and Smoke", scene="books", price=18.0, pages=210, language="English",
              subjects=("barbecue", "meat"), text="Slow fires in the back garden."),
    make_item("b1", "The Lantern Keeper", scene="books", price=12.0, pages=320, language="French",
              subjects=("sea", "mystery"), text="A lighthouse, two sisters and a missing boat."),
    make_item("b2", "Bread Before Dawn", scene="books", price=25.0, pages=140, language="English",
              subjects=("baking",), text="Loaves for those who rise early."),
    make_item("b3", "A Winter in Kyoto", scene="books", price=30.0, pages=260, language="Italian",
              subjects=("travel", "gardens"), text="Temples, snow and one bad cold."),
    make_item("b4", "Numbers for Poets", scene="books", price=9.0, pages=120, language="English",
              subjects=("mathematics",), text="Proofs that can be read aloud."),
]  # fmt: skip
TOOLS = [
    make_item("t0", "Copper Kettle", scene="kitchen", price=60.0, subjects=("tea",),
              text="Holds two litres and whistles."),
    make_item("t1", "Walnut Rolling Pin", scene="kitchen", price=22.0, subjects=("baking",),
              text="Heavy, without handles."),
    make_item("t2", "Stone Mortar", scene="kitchen", price=35.0, subjects=("spices",)),
    make_item("t3", "Clay Teapot", scene="kitchen", price=40.0, subjects=("tea",)),
]  # fmt: skip
BARBECUE = Constraint(attribute="subjects", operator="is", value="barbecue", words="barbecue")
UNDER_20 = Constraint(attribute="price", operator="at most", value=20, words="under 20")
NO_FRENCH = Constraint(attribute="language", operator="is not", value="French", words="no french")
SHORT = Constraint(attribute="pages", operator="at most", value=200, words="under 200 pages")


def steps(text, *, scene="books", shown=("b0", "b1", "b2"), focus=None, wants=None):
    """The steps of a turn after a list of these items."""
    return steps_of_turn(
        text, items=[*BOOKS, *TOOLS], scene=scene, shown=shown, focus=focus, wants=wants
    )


def asked(made):
    """What a change puts in force, in short."""
    change = next((each for each in made if isinstance(each, Change)), None)
    if change is None:
        return None
    every = (*change.wants.constraints, *change.wants.preferences)
    return {(each.attribute, each.operator, each.value) for each in every}


def kinds(made):
    return [each.key if isinstance(each, Tell) else type(each).__name__ for each in made]


@pytest.mark.parametrize(
    "text",
    [
        "baking doesn't really do it for me these days",
        "mystery? no idea what people see in it",
        "my husband can't eat barbecue",
        "is barbecue even healthy",
        "do people really read mathematics",
        "who said anything about gardens",
        "barbecue gives me heartburn",
        "烘焙我真学不会",
        "烧烤有什么意思",
        "我老公不会烧烤",
        "谁会看数学啊",
        "烘焙是不是很难",
    ],
)
def test_nothing_of_a_clause_with_a_doubt_or_a_question_is_asked_for(text):
    found = asked(steps(text)) or set()
    assert not [each for each in found if each[1] in ("is", "mentions")]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("anything but baking", {("subjects", "is not", "baking")}),
        ("everything except french is ok", {("language", "is not", "French")}),
        ("no italian I'm afraid", {("language", "is not", "Italian")}),
        ("barbecue, no thanks", None),
        ("enough baking please", {("subjects", "is not", "baking")}),
        ("除了烘焙都可以", {("subjects", "is not", "baking")}),
        ("除了法语的都行", {("language", "is not", "French")}),
        ("烘焙看腻了", {("subjects", "is not", "baking")}),
        ("烧烤我就不碰了", {("subjects", "is not", "barbecue")}),
        ("法语的别再推了", {("language", "is not", "French")}),
    ],
)
def test_what_is_left_out_is_left_out_and_the_rest_is_not_asked_for(text, made):
    assert asked(steps(text)) == made


@pytest.mark.parametrize(
    "text",
    [
        "my boys are 7 and 9",
        "we live on the 4th floor",
        "I was born in 1962",
        "got 3 months before the exam",
        "my shelf has room for 40 more",
        "我家俩孩子一个五岁一个八岁",
        "我八五年的",
        "家里四口人",
        "我排了两个小时队",
        "还有三个月考试",
    ],
)
def test_a_number_of_something_else_is_no_bound(text):
    found = asked(steps(text)) or set()
    assert not [each for each in found if each[1] in ("at least", "at most")]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("max 15 quid", {("price", "at most", 15)}),
        ("nothing over 20 dollars", {("price", "at most", 20)}),
        ("under 150 pages if possible", {("pages", "at most", 149)}),
        ("about 20 euros", {("price", "at most", 23)}),
        ("预算20以内", {("price", "at most", 20)}),
        ("二十块左右", {("price", "at most", 23)}),
        ("别超过150页", {("pages", "at most", 150)}),
        ("20块以下的", {("price", "at most", 20)}),
    ],
)
def test_a_limit_is_a_bound_on_what_its_unit_says(text, made):
    assert {(a, o, round(v)) for a, o, v in asked(steps(text))} == made


@pytest.mark.parametrize(
    ("text", "gone", "stays"),
    [
        ("price doesn't matter", UNDER_20, NO_FRENCH),
        ("forget the budget thing", UNDER_20, SHORT),
        ("undo the language bit", NO_FRENCH, UNDER_20),
        ("french is fine after all", NO_FRENCH, UNDER_20),
        ("scrap that thing about the pages", SHORT, NO_FRENCH),
        ("贵点也无所谓", UNDER_20, NO_FRENCH),
        ("法语也行吧", NO_FRENCH, UNDER_20),
        ("页数不限了", SHORT, UNDER_20),
        ("把价格的限制取消", UNDER_20, SHORT),
        ("厚点也没关系", SHORT, NO_FRENCH),
    ],
)
def test_what_is_taken_back_is_told_by_what_it_is_about(text, gone, stays):
    wants = Wants(constraints=(UNDER_20, NO_FRENCH, SHORT))
    made = steps(text, wants=wants)
    change = next((each for each in made if isinstance(each, Change)), None)
    if change is None:  # a turn that is all of it forgets when it is carried out
        assert kinds(made)[0] == "Forget"
        return
    assert gone not in change.wants.constraints
    assert stays in change.wants.constraints


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("is the lantern one any good", "b1"),
        ("how long is bread before dawn", "b2"),
        ("has the kettle got a whistle", "t0"),
        ("whats salt n smoke about", "b0"),
        ("how many pages has numbers for poets", "b4"),
        ("can i get the winter book", "b3"),
        ("that rolling pin, is it heavy", "t1"),
        ("lanten keeper 讲什么的", "b1"),
        ("clay teapot 多少钱", "t3"),
        ("stone mortar 重不重", "t2"),
    ],
)
def test_a_question_finds_its_item_by_half_its_title_or_what_it_is(text, item):
    found = [each for each in steps(text) if isinstance(each, Describe)]
    assert {each.item.id for each in found} == {item}
    assert asked(steps(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "how big is that cake tin",
        "is the fishing one any good",
        "what does the blue one cost",
        "那个电饭锅多大",
        "钓鱼那本讲什么",
    ],
)
def test_a_question_on_what_is_not_here_is_answered_about_nothing_else(text):
    assert not [each for each in steps(text) if isinstance(each, Describe)]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("read salt and smoke and bread before dawn, loved the first one hated the other",
         {("b0", "seen"), ("b2", "seen"), ("b0", "like"), ("b2", "dislike")}),
        ("finished the lantern keeper. dreadful", {("b1", "seen"), ("b1", "dislike")}),
        ("i own the mortar and the kettle", {("t2", "owned"), ("t0", "owned")}),
        ("seen the second one already, it was great", {("b1", "seen"), ("b1", "like")}),
        ("Numbers for Poets, been there done that", {("b4", "seen")}),
        ("salt and smoke 看完了 一般般", {("b0", "seen"), ("b0", "dislike")}),
        ("第一本和第三本都读过了 前一本不错 后一本无聊",
         {("b0", "seen"), ("b2", "seen"), ("b0", "like"), ("b2", "dislike")}),
        ("clay teapot 我有了", {("t3", "owned")}),
    ],
)  # fmt: skip
def test_what_is_said_of_several_items_is_stored_of_each(text, made):
    found = {(each.item.id, each.kind) for each in steps(text) if isinstance(each, Record)}
    assert found == made


@pytest.mark.parametrize(
    "text",
    [
        "my brother already has the mortar",
        "she read the lantern keeper last year",
        "they loved bread before dawn",
        "i love the sea",
        "钓鱼那本读完了",
        "我老公有 copper kettle 了",
        "对就这个 爱死了",
        "the winter was long here",
    ],
)
def test_what_is_not_said_of_oneself_or_not_made_out_is_not_stored(text):
    assert not [each for each in steps(text) if isinstance(each, Record)]


@pytest.mark.parametrize(
    "text",
    [
        "what's cheaper, salt and smoke or the lantern keeper",
        "salt and smoke vs lantern keeper",
        "which of the top two is longer",
        "salt and smoke 和 the lantern keeper 哪个好读",
        "前两本哪本便宜",
    ],
)
def test_two_items_in_one_question_are_put_side_by_side(text):
    made = steps(text)
    pairs = [{each.first.id, each.second.id} for each in made if isinstance(each, Compare)]
    assert pairs == [{"b0", "b1"}]
    assert asked(made) is None


@pytest.mark.parametrize(
    "text",
    [
        "ok now something for me",
        "and for myself?",
        "back to me then",
        "我呢？",
        "回到我自己的",
    ],
)
def test_a_wish_for_somebody_else_ends_when_the_person_comes_back_to_themselves(text):
    present = Wants(constraints=(BARBECUE, UNDER_20), own=Wants(constraints=(NO_FRENCH,)))
    change = next(each for each in steps(text, wants=present) if isinstance(each, Change))
    assert change.wants == Wants(constraints=(NO_FRENCH,))


@pytest.mark.parametrize(
    "text",
    [
        "why do you keep showing me barbecue",
        "why always barbecue",
        "why so much barbecue",
        "为什么老推烧烤",
        "怎么总是推荐烧烤",
    ],
)
def test_a_complaint_about_a_kind_is_explained_and_no_wish_for_it(text):
    made = steps(text)
    assert asked(made) is None
    assert [each.item.id for each in made if isinstance(each, Explain)] in (["b0"], [])


def test_words_that_were_not_taken_are_named_beside_what_was():
    made = steps("no french, my knees are bad")
    assert asked(made) == {("language", "is not", "French")}
    told = next(each for each in made if isinstance(each, Tell) and each.key == "untaken")
    assert told.facts["words"] == "my knees are bad"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("baking but nothing over 20 dollars",
         {("subjects", "is", "baking"), ("price", "at most", 20)}),
        ("long books are fine but no french", {("language", "is not", "French")}),
        ("everything but barbecue", {("subjects", "is not", "barbecue")}),
        ("想看烘焙但不要法语的",
         {("subjects", "is", "baking"), ("language", "is not", "French")}),
        ("厚的也可以，不过别太贵", {("price", "at most", 17)}),
    ],
)  # fmt: skip
def test_what_stands_behind_a_but_is_read_for_itself(text, made):
    assert asked(steps(text)) == made
