"""What rules make of turns as strangers type them: the steps, and what never becomes a wish."""

import pytest
from examples import make_event, make_item
from planned_turn import steps_of_turn

from recagent.chat.conversation import Wants
from recagent.chat.planning import concerns
from recagent.chat.polarity import Polarity
from recagent.chat.steps import (
    Care,
    Change,
    ChangeScene,
    Describe,
    Explain,
    Recommend,
    Record,
    StartOver,
    TakeBack,
    Tell,
    WhyNot,
)
from recagent.domain import Constraint

FILMS = [
    make_item("f0", "Alien", scene="films", year=1979, genres=("Horror", "Sci-Fi")),
    make_item("f1", "The Matrix", scene="films", year=1999, genres=("Action", "Sci-Fi")),
    make_item("f2", "Groundhog Day", scene="films", year=1993, genres=("Comedy", "Romance")),
    make_item("f3", "Platoon", scene="films", year=1986, genres=("War", "Drama")),
    make_item("f4", "Blade Runner", scene="films", year=1982, genres=("Sci-Fi", "Thriller")),
    make_item("f5", "Up", scene="films", year=2009, genres=("Animation", "Family")),
]
TOOLS = [
    make_item("t0", "Bread tin", scene="kitchen", price=18.0, stock=3, topics=("baking",)),
    make_item("t1", "Stand mixer", scene="kitchen", price=249.0, stock=1, topics=("baking",)),
    make_item("t2", "Teapot", scene="kitchen", price=30.0, stock=2, topics=("tea",)),
    make_item("t3", "Gardening gloves", scene="kitchen", price=12.0, stock=4, topics=("outdoors",)),
]
EVENTS = [make_event(f"p{at}", item, scene="films") for item, n in (("f0", 5), ("f1", 9), ("f2", 2))
          for at in range(n)]  # fmt: skip
WAR = Constraint(attribute="genres", operator="is", value="War", words="war")
UNDER_20 = Constraint(attribute="price", operator="at most", value=20, words="under 20")


def steps(text, *, scene="films", shown=("f0", "f1", "f2"), focus=None, wants=None):
    """The steps of a turn after a list of these items."""
    return steps_of_turn(
        text,
        items=[*FILMS, *TOOLS],
        events=EVENTS,
        scene=scene,
        shown=shown,
        focus=focus,
        wants=wants,
    )


def wanted(made):
    """What a change puts in force as (attribute, operator, value), and its wishes."""
    change = next((each for each in made if isinstance(each, Change)), None)
    if change is None:
        return set(), ()
    all_of_it = (*change.wants.constraints, *change.wants.preferences)
    return {(each.attribute, each.operator, each.value) for each in all_of_it}, change.wants.wishes


def kinds(made):
    return [each.key if isinstance(each, Tell) else type(each).__name__ for each in made]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("I don't want anything with Tom Cruise", {("", "does not mention", "tom cruise")}),
        ("a good war movie, but not Vietnam",
         {("genres", "is", "War"), ("", "does not mention", "vietnam")}),
        ("nothing before 1990", {("year", "at least", 1990)}),
        ("nothing after 1990 please", {("year", "at most", 1990)}),
        ("i dont need a kettle", {("", "does not mention", "kettle")}),
        ("no animaton tho", {("genres", "is not", "Animation")}),
        ("cant stand war", {("genres", "is not", "War")}),
        ("dont show me anything scary or with zombies",
         {("genres", "is not", "Horror"), ("", "does not mention", "zombies")}),
        ("I'd rather have a comedy than war",
         {("genres", "is", "Comedy"), ("genres", "is not", "War")}),
        ("I hate Nicolas Cage", {("", "does not mention", "nicolas cage")}),
        ("horror is out", {("genres", "is not", "Horror")}),
        ("不要诺兰导演的", {("", "does not mention", "诺兰")}),
        ("别老推科幻了", {("genres", "is not", "Sci-Fi")}),
        ("恐怖的不要了", {("genres", "is not", "Horror")}),
        ("不想看爱情片,也不要动画",
         {("genres", "is not", "Romance"), ("genres", "is not", "Animation")}),
        ("不要2000年以前的", {("year", "at least", 2000)}),
        ("我女朋友怕僵尸", {("", "does not mention", "僵尸")}),
        ("除了动作片都可以", {("genres", "is not", "Action")}),
    ],
)  # fmt: skip
def test_what_is_not_wanted_is_kept_out_and_nothing_of_it_is_a_wish(text, made):
    assert wanted(steps(text)) == (made, ())


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("war films, but lighter",
         {("genres", "is", "War"), ("genres", "is", ("Comedy", "Romance", "Animation", "Family")),
          ("genres", "is not", ("Horror", "Thriller"))}),
        ("war or comedy, no horror",
         {("genres", "is", ("War", "Comedy")), ("genres", "is not", "Horror")}),
        ("我喝太多咖啡", set()),
        ("别老推科幻了 也不要战争", {("genres", "is not", "Sci-Fi"), ("genres", "is not", "War")}),
        ("别给我卖东西 光看文章就行", set()),
        ("dont want any zombie courses, rest is fine", {("", "does not mention", "zombie")}),
        ("恐怖片我讨厌", {("genres", "is not", "Horror")}),
        ("不要 恐怖片", {("genres", "is not", "Horror")}),
        ("horror i hate", {("genres", "is not", "Horror")}),
        ("跟男朋友一起看 他不爱看爱情片", {("genres", "is not", "Romance")}),
        ("我不讨厌恐怖片", set()),
        ("i dont hate horror", set()),
        ("恐怖片不行", {("genres", "is not", "Horror")}),
        ("is horror ok", set()),
        ("随便来点喜剧", {("genres", "is", "Comedy")}),
        ("一个月看三十部行不行", set()),
        ("不要太老的", {("year", "at least", 1994)}),
    ],
)  # fmt: skip
def test_a_negation_holds_for_its_own_clause_alone(text, made):
    assert wanted(steps(text))[0] == made


@pytest.mark.parametrize(
    ("text", "before", "made"),
    [
        ("anything but war. actually war is fine, no horror", (), {("genres", "is not", "Horror")}),
        ("war is fine, no horror",
         (Constraint(attribute="genres", operator="is not", value="War", words="no war"),),
         {("genres", "is not", "Horror")}),
        ("war is fine, no horror", (), {("genres", "is", "War"), ("genres", "is not", "Horror")}),
    ],
)  # fmt: skip
def test_what_is_fine_after_all_is_no_longer_kept_out(text, before, made):
    found = next(each for each in steps(text, wants=Wants(constraints=before))
                 if isinstance(each, Change)).wants  # fmt: skip
    all_of_it = {
        (c.attribute, c.operator, c.value) for c in (*found.constraints, *found.preferences)
    }
    assert all_of_it == made
    assert not any(each.value == "War" for each in found.constraints)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("something about beekeeping", "beekeeping"),
        ("a film with my flatmate", "flatmate"),
        ("想看养蜂的", "养蜂"),
    ],
)
def test_words_that_no_item_says_are_named_and_never_a_wish(text, unknown):
    made = steps(text)
    assert wanted(made) == (set(), ())
    named = [each.facts["words"] for each in made
             if isinstance(each, Tell) and each.key == "unknown words"]  # fmt: skip
    assert named == [unknown]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "read platoon already and honestly didnt care for it",
            [("f3", "dislike"), ("f3", "seen")],
        ),
        ("groundhog day 这部我讨厌", [("f2", "dislike")]),
        ("the matrix i hated", [("f1", "dislike")]),
        ("blade runner 看过了 挺喜欢的", [("f4", "like"), ("f4", "seen")]),
        ("hm seen it. it was ok i guess", [("f0", "seen")]),
        ("ive finished groundhog day and blade runner", [("f2", "seen"), ("f4", "seen")]),
    ],
)
def test_a_title_in_lower_case_is_what_it_says_of_it_and_no_wish(text, made):
    found = steps(text)
    records = [each for each in found if isinstance(each, Record)]
    assert sorted((each.item.id, each.kind) for each in records) == made
    assert wanted(found) == (set(), ())


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("under 30 and has to be in stock", {("price", "at most", 29), ("stock", "at least", 1)}),
        ("有货的 30以内", {("price", "at most", 30), ("stock", "at least", 1)}),
        ("budget about 40", {("price", "at most", 40)}),
        ("那加到三百吧", {("price", "at most", 300)}),
        ("raise it to 300", {("price", "at most", 300)}),
        ("太贵了 便宜点 15以内", {("price", "at most", 15)}),
        ("cheaper than that second one", {("price", "at most", 20)}),
    ],
)
def test_a_limit_is_on_what_it_names_and_renews_the_one_before(text, made):
    under = Constraint(attribute="price", operator="at most", value=20, words="under 20")
    found, _ = wanted(
        steps(text, scene="kitchen", shown=("t0", "t1"), wants=Wants(constraints=(under,)))
    )
    assert found == made


def test_the_one_above_is_beside_the_one_that_was_spoken_of():
    (made,) = steps("不是这个 上面那个讲什么", focus="f2")
    assert isinstance(made, Describe)
    assert made.item.id == "f1"


def test_no_more_of_something_takes_it_back_and_keeps_it_out():
    made, wishes = wanted(steps("no more war stuff, forget that", wants=Wants(constraints=(WAR,))))
    assert (made, wishes) == ({("genres", "is not", "War")}, ())


def test_words_that_no_condition_holds_are_for_one_wish_alone():
    before = Wants(constraints=(WAR,), wishes=("submarines",))
    assert wanted(steps("something with Groundhog", wants=before))[1] == ("groundhog",)
    assert wanted(steps("no horror", wants=before))[1] == ()
    assert kinds(steps("more", wants=before)) == ["Recommend"]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("I liked The Matrix, Alien and Blade Runner",
         [("f1", "like"), ("f0", "like"), ("f4", "like")]),
        ("I loved platoon but hated the matrix, what now?", [("f3", "like"), ("f1", "dislike")]),
        ("I've seen that", [("f0", "seen")]),
        ("ive already seen the first one and number 3", [("f0", "seen"), ("f2", "seen")]),
        ("I already have that one", [("f0", "owned")]),
        ("got the second one already", [("f1", "owned")]),
        ("I've been there", [("f0", "seen")]),
        ("Platoon was great", [("f3", "like")]),
        ("这个看过了", [("f0", "seen")]),
        ("前两部都看过了", [("f0", "seen"), ("f1", "seen")]),
        ("我很喜欢 The Matrix,讨厌 Platoon", [("f1", "like"), ("f3", "dislike")]),
    ],
)  # fmt: skip
def test_what_is_said_of_items_is_recorded_of_all_of_them(text, made):
    found = [each for each in steps(text) if isinstance(each, Record)]
    assert sorted((each.item.id, each.kind) for each in found) == sorted(made)


def test_a_title_that_is_none_is_named_and_the_others_are_recorded():
    made = steps("I liked Alien and Invented Film")
    assert kinds(made)[:2] == ["Record", "no such title"]
    assert kinds(steps("想看类似盗梦空间的"))[0] == "no such title"


@pytest.mark.parametrize(
    ("text", "item", "attribute", "known"),
    [
        ("who directed it?", "f0", "", False),
        ("what's number 3 about?", "f2", "", True),
        ("what year is the second one from?", "f1", "year", True),
        ("is the second one a comedy?", "f1", "genres", True),
        ("does it have subtitles?", "f0", "", False),
        ("do you have it in red?", "f0", "", False),
        ("is it safe?", "f0", "", False),
        ("导演是谁?", "f0", "", False),
        ("第二部是哪年的", "f1", "year", True),
        ("这个 director 是谁", "f0", "", False),
        ("有红色的吗", "f0", "", False),
    ],
)
def test_a_question_on_an_item_is_answered_and_changes_nothing(text, item, attribute, known):
    (made,) = steps(text)
    assert isinstance(made, Describe)
    assert (made.item.id, made.attribute, made.is_known) == (item, attribute, known)


def test_it_is_what_was_spoken_of_and_the_catalogue_tells_its_stock():
    (made,) = steps("is it in stock?", scene="kitchen", shown=("t0", "t1"), focus="t1")
    assert isinstance(made, Describe)
    assert (made.item.id, made.attribute) == ("t1", "stock")
    (made,) = steps("why isn't Platoon on the list?")
    assert isinstance(made, WhyNot)
    assert made.item.id == "f3"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("thanks", ["thanks"]),
        ("谢谢啦", ["thanks"]),
        ("hiya", ["hello"]),
        ("this is garbage, you suck", ["complaint"]),
        ("who are you?", ["about"]),
        ("你是谁?怎么工作的?", ["about"]),
        ("/frobnicate", ["unknown command"]),
        ("who is the best footballer ever", ["not understood"]),
        ("not that one, the other", ["which"]),
        ("hi, what should I watch tonight?", ["hi", "Recommend"]),
        ("yo whats good", ["hi", "Recommend"]),
        ("today was hard", ["not understood"]),
        ("算了,刚才说的都不要了", ["StartOver"]),
        ("forget all I said", ["StartOver"]),
        ("go back to what you had before", ["TakeBack", "Recommend"]),
        ("what do you know about me?", ["TellMyData"]),
        ("delete everything", ["DeleteMyData"]),
        ("换一批", ["Recommend"]),
        ("compare the first two", ["Compare"]),
        ("near me, not more than 2 hours", ["no place", "Recommend"]),
        ("can I return it?", ["ask the seller"]),
        ("do you gift wrap and how long does delivery to ireland take", ["ask the seller"]),
        ("do i get a certificate", ["ask the seller"]),
        ("发顺丰不 几天到太原", ["ask the seller"]),
        ("就那个便宜的 给我下单", ["cannot order"]),
        ("order it for me", ["cannot order"]),
        ("能直接放吗", ["cannot order"]),
        ("how long does the first one take", ["Describe"]),
        ("not this one", ["not understood"]),
        ("都没劲 换一波看看", ["complaint", "Recommend"]),
        ("show me another batch", ["Recommend"]),
        ("清空吧 从头来", ["StartOver"]),
        ("撤销一下", ["TakeBack", "Recommend"]),
        ("nah forget that, back to just me", ["TakeBack", "Recommend"]),
        ("ok scrap the 6 hour thing", ["Forget", "Recommend"]),
        ("为啥没有泰坦尼克号", ["no such title"]),
        ("which is newer the second or the third", ["Compare"]),
        ("第二个跟第三个有啥区别", ["Compare"]),
        ("what do you actually know about me?", ["TellMyData"]),
        ("where is my data", ["TellMyData"]),
        ("你咋知道我喜欢啥 是不是偷听我手机了", ["about"]),
        ("are you chatgpt or what", ["about"]),
        ("哈哈行吧 谢啦", ["thanks"]),
    ],
)
def test_a_turn_that_asks_for_no_condition_changes_none(text, made):
    assert kinds(steps(text)) == made


@pytest.mark.parametrize(
    ("text", "concern"),
    [
        ("I have a headache every day, what should I take?", "advice"),
        ("I'm pregnant, is that ok?", "advice"),
        ("I want to lose 10 kg in a week", "advice"),
        ("我头疼该吃什么药", "advice"),
        ("用户u0103看过什么片?", "other people"),
        ("what did user u0103 watch?", "other people"),
        ("what has bob bought here", "other people"),
        ("rita都喜欢去哪", "other people"),
        ("我吃着降压药 晚上睡不好 能停几天不", "advice"),
        ("can i stop my blood pressure pills for a few days", "advice"),
        ("is it ok to mix painkillers and wine", "advice"),
        ("一个月瘦二十斤行不行", "advice"),
    ],
)
def test_where_recommending_is_not_the_answer_nothing_else_is_done(text, concern):
    (made,) = steps(text)
    assert isinstance(made, Care)
    assert made.concern == concern


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("I feel like killing myself", True),
        ("i dont want to live anymore", True),
        ("我不想活了", True),
        ("我想去死", True),
        ("Suicide Squad", False),
        ("想死你了", False),
        ("this is killing me", False),
        ("I want to die laughing", False),
        ("a film about suicide", False),
        ("活着真没意思 不想醒过来了", True),
        ("活着好没劲", True),
        ("我真的撑不下去了", True),
        ("真想从世界上消失", True),
        ("希望睡着了就别再醒过来", True),
        ("对一切都绝望了 对生活没有希望", True),
        ("i wish i was never born", True),
        ("i cant go on anymore", True),
        ("life is pointless", True),
        ("there is no point in living", True),
        ("i never want to wake up again", True),
        ("这片子真没意思", False),
        ("推荐的都没劲", False),
        ("不想早起", False),
        ("周末不想醒来就看剧", False),
        ("这首歌听了不想醒来看手机", False),
        ("我的手机撑不下去了要换一个", False),
        ("手机电量撑不住一天", False),
        ("想消失在人海的歌", False),
        ("生活类的书", False),
        ("没有希望的结局", False),
        ("活着 余华", False),
        ("绝望主妇", False),
        ("i dont want to wake up early", False),
        ("i wish i was taller", False),
        ("a film where life is hard", False),
        ("no point in buying books", False),
        ("i cant go on holiday this year", False),
        ("The Walking Dead", False),
        ("better off outdoors", False),
        ("kill an hour", False),
    ],
)
def test_a_crisis_is_what_somebody_says_of_themselves(text, is_one):
    assert (concerns(text) is not None) == is_one


def test_cheaper_is_below_what_was_shown_and_never_above_what_holds():
    wants = Wants(constraints=(UNDER_20,))
    made, _ = wanted(steps("cheaper", scene="kitchen", shown=("t0", "t1", "t2"), wants=wants))
    ((_, _, value),) = made
    assert value == 20
    made, _ = wanted(steps("too expensive", scene="kitchen", shown=("t1",), wants=wants))
    assert made == {("price", "at most", 20)}


def test_popularity_is_asked_for_against_what_was_shown_and_takes_the_place_of_the_one_before():
    made, _ = wanted(steps("something underrated that nobody talks about"))
    ((attribute, operator, value),) = made
    assert (attribute, operator) == ("popularity", "at most")
    assert value < 5  # of 5, 9 and 2 likes that were shown
    held = Constraint(attribute="popularity", operator="at most", value=3, words="underrated")
    made, _ = wanted(steps("no, more popular than that", wants=Wants(constraints=(held,))))
    assert made == {("popularity", "at least", 6)}


def test_two_things_in_one_turn_are_both_done():
    made = steps("no war and tell me why the first one")
    assert kinds(made) == ["Change", "Explain", "Recommend"]
    assert wanted(made) == ({("genres", "is not", "War")}, ())
    explained = next(each for each in made if isinstance(each, Explain))
    assert explained.item.id == "f0"


def test_a_scene_that_is_refused_is_left():
    made = steps("no films", shown=())
    assert [each.name for each in made if isinstance(each, ChangeScene)] == ["kitchen"]
    assert all(not isinstance(each, Change) for each in made)


def test_what_is_like_an_item_is_not_the_item():
    made = steps("something like The Matrix")
    again = next(each for each in made if isinstance(each, Recommend))
    assert again.without == ("f1",)


def test_a_present_is_for_somebody_else_and_keeps_only_what_limits_it():
    baking = Constraint(attribute="topics", operator="is", value="baking", words="baking")
    wants = Wants(constraints=(baking, UNDER_20))
    made, wishes = wanted(
        steps("a present for my mum, she likes gardening", scene="kitchen", shown=(), wants=wants)
    )
    assert (made, wishes) == ({("price", "at most", 20)}, ("gardening",))


def test_the_steps_that_need_no_words_are_of_their_kinds():
    assert isinstance(steps("start over")[0], StartOver)
    assert isinstance(steps("undo")[0], TakeBack)


@pytest.mark.parametrize(
    ("text", "value", "is_refused"),
    [
        ("烘焙我也不碰", "烘焙", True),
        ("恐怖片我受不了", "恐怖", True),
        ("音乐剧实在看不下去", "音乐剧", True),
        ("爱情片没劲", "爱情", True),
        ("喜剧不错", "喜剧", False),
        ("动画没问题", "动画", False),
        ("喜剧片有没有", "喜剧", False),
        ("喜剧别太长", "喜剧", False),
        ("想看战争片但不要越南的", "战争", False),
        ("musicals aren't my thing", "musicals", True),
        ("horror is not for me", "horror", True),
        ("crime movies don't work for me", "crime", True),
        ("a comedy but not long", "comedy", False),
        ("a comedy that is not too silly", "comedy", False),
        ("a war movie, not vietnam", "war", False),
    ],
)
def test_what_a_negation_behind_it_may_refuse_is_never_taken_for_wanted(text, value, is_refused):
    polarity, start = Polarity(text), text.index(value)
    end = start + len(value)
    is_taken = not (polarity.is_unsure(start, end) or polarity.tone(start, end).is_negative)
    assert is_taken != is_refused
