"""No opposite of what was said is in force, and nothing is stored of what was not made out.

The sentences are of the kinds in which strangers' turns once came out as their opposite.
"""

import pytest
from test_certainty import BARBECUE, NO_FRENCH, UNDER_20, asked, kinds, steps

from recagent.chat.conversation import Wants
from recagent.chat.steps import Record


@pytest.mark.parametrize(
    "text",
    [
        # of no use
        "Italian is no use to me", "mystery is wasted on me", "French is a bit much for me",
        "nobody here speaks Italian", "French does nothing for me", "baking leaves me cold",
        "意大利语我一个字都看不懂", "烧烤跟我无缘", "数学我是没那个脑子", "园艺跟我没关系",
        "烘焙对我来说没什么用", "烘焙太难了不喜欢",
        # not needed
        "doesnt have to be baking", "it need not be in French", "French isn't a must",
        "no need for it to be French", "not necessarily baking", "needn't be about gardens",
        "不必是法语", "不是非要烘焙不可", "未必要烘焙的", "法语不是必须的", "不一定得是英语",
        "不用非得是法语",
        # of the past
        "lost a packet on mathematics in the eighties. None of that for me",
        "went off barbecue years ago", "did baking once. no more of that",
        "got burnt with mathematics at school, never again", "I used to like baking",
        "we tried gardens last year, once was enough",
        "以前老看烘焙 现在够了", "烧烤吃出过毛病", "数学害我留过级 打死不碰",
        # of what was before
        "nah. back to what you had before the baking", "back to before the baking",
        "can we go back to the time before mathematics", "回到烘焙之前", "要烘焙之前的那个列表",
        "还是之前没说烘焙的时候那样", "先前没加烘焙那样就行",
        # of something else
        "prefer French to baking", "only if it isn't French", "no undo that he's changed his mind",
        "enough of those on the telly", "no idea what they were on about", "我们一共有20个人",
    ],
)  # fmt: skip
def test_what_is_not_sure_changes_nothing(text):
    assert asked(steps(text)) is None


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("dont want to spend more than 30", 30), ("I don't want to go over 20", 20),
        ("can't pay over 15", 15), ("I won't spend more than 25", 25),
        ("not more than 20 euros", 20),
        ("nothing over 15", 15), ("max 40 quid", 40),
        ("不想花超过20", 20), ("不要花超过三十块", 30), ("别超过20块", 20), ("最多花20", 20),
        ("一百以内", 100), ("20封顶", 20),
    ],
)  # fmt: skip
def test_the_most_that_is_to_be_spent_is_a_bound_from_above(text, most):
    assert asked(steps(text)) == {("price", "at most", most)}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("no French or Italian", {("language", "is not", ("French", "Italian"))}),
        ("baking, nothing over 15", {("subjects", "is", "baking"), ("price", "at most", 15)}),
        ("barbecue, under 20 and no French",
         {("subjects", "is", "barbecue"), ("price", "at most", 19),
          ("language", "is not", "French")}),
        ("without baking please", {("subjects", "is not", "baking")}),
        ("一块儿看点烘焙的", {("subjects", "is", "baking")}),
        ("法语就别提了", {("language", "is not", "French")}),
        ("不要法语和意大利语",
         {("language", "is not", "French"), ("language", "is not", "Italian")}),
    ],
)  # fmt: skip
def test_what_is_sure_is_in_force(text, made):
    assert asked(steps(text)) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("liked Bread Before Dawn, not the one with the lighthouse", {("b2", "like")}),
        ("liked salt and smoke but not the one with temples", {("b0", "like")}),
        ("喜欢第一本，不是讲灯塔那本", {("b0", "like")}),
        ("she says the prestige. loved it", set()),
        ("my wife wants the prestige but we both saw that. loved it tho", set()),
        ("第三部看过 前面两部没有", set()),
        ("seen the third one already", {("b2", "seen")}),
        ("第三本看过了", {("b2", "seen")}),
    ],
)  # fmt: skip
def test_only_what_is_named_or_plainly_pointed_at_is_stored(text, made):
    found = {(each.item.id, each.kind) for each in steps(text) if isinstance(each, Record)}
    assert found == made


@pytest.mark.parametrize(
    "text", ["why is the lantern keeper not here", "Bread Before Dawn 从不用秤 多少页"]
)
def test_an_item_that_is_asked_about_is_not_kept_out(text):
    assert asked(steps(text)) is None


@pytest.mark.parametrize(
    "text", ["is French no use to me", "you misread me, none of that", "那都不是我说的"]
)
def test_conditions_that_hold_stay_when_a_turn_is_not_understood(text):
    wants = Wants(constraints=(BARBECUE, UNDER_20, NO_FRENCH))
    made = steps(text, wants=wants)
    assert asked(made) is None
    assert not {"StartOver", "TakeBack", "Forget"} & set(kinds(made))
