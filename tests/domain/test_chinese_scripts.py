"""What is typed in traditional or simplified Chinese meets what is written in the other script."""

from __future__ import annotations

import pytest
from examples import make_event, make_item, wait
from line import make_line

from recagent.chat import Agent, Conversation, Shown, Words
from recagent.cli.constraint_option import constraint
from recagent.domain import Edits, User
from recagent.domain.chinese_scripts import as_written, simplified
from recagent.profiles.tags import blocked_tags, has_any_tag
from recagent.retrieval.query_matching import SceneText
from recagent.retrieval.sources.bm25 import tokens
from recagent.scenes.constraints import satisfies
from recagent.scenes.editions import editions
from recagent.scenes.rules.catalogue import SceneCatalogue
from recagent.scenes.rules.readable import readable_constraint


@pytest.mark.parametrize(
    ("wish", "says", "word"),
    [
        ("想看戰爭片", "战争史诗", "戰爭片"),
        ("想看战争片", "戰爭史詩", "战争片"),
        ("村上春樹的小說", "且听风吟 / 村上春树", "春樹"),
        ("村上春树的小说", "聽風的歌 / 村上春樹", "春树"),
        ("武俠", "射雕：武侠经典", "武俠"),
        ("有沒有關於貓的書", "我是猫", "貓"),
        ("臺灣美食", "台湾美食地图", "臺灣"),
        ("乾隆皇帝", "戏说乾隆", "乾隆"),
        ("來點喜劇，不要恐怖片", "爆笑喜剧", "喜劇"),
        ("給我推薦一本歷史書", "万历十五年：历史", "歷史"),
        ("图书馆战争", "図書館戰爭", "战争"),
    ],
)
def test_a_wish_in_either_script_finds_what_is_written_in_the_other(wish, says, word):
    items = [make_item("a", says), make_item("b", "完全无关的内容")]
    found = SceneText({item.id: item for item in items}).matches(wish)
    assert set(found.grades) == {"a"}
    assert word in found.words["a"]  # as the wish put it


def test_what_a_wish_does_not_want_is_avoided_in_either_script():
    items = [make_item("a", "戀愛喜劇"), make_item("b", "爆笑喜剧")]
    found = SceneText({item.id: item for item in items}).matches("來點喜劇，不要戀愛的")
    assert found.grades["a"] == -1
    assert found.grades["b"] > 0


def test_a_word_that_nothing_says_is_told_as_it_was_typed():
    found = SceneText({"a": make_item("a", "战争与和平")}).matches("戰爭 蘭花")
    assert found.missing == ("蘭花",)


def test_years_and_prices_in_traditional_words_are_read():
    items = [make_item("a", "甲", price=18.0, year=1985), make_item("b", "乙", price=30, year=2001)]
    text = SceneText({item.id: item for item in items})
    assert set(text.matches("20塊錢以內的書").grades) == {"a"}
    assert set(text.matches("八十年代的電影").grades) == {"a"}


@pytest.mark.parametrize(
    ("condition", "keeps", "leaves"),
    [
        ("导演 是 张艺谋", {"導演": "張藝謀"}, {"導演": "陳凱歌"}),
        ("導演 是 張藝謀", {"导演": "张艺谋"}, {"导演": "陈凯歌"}),
        ("作者 包含 東野圭吾", {"作者": ("东野圭吾",)}, {"作者": ("阿加莎",)}),
        ("類型 不是 戀愛", {"类型": "喜剧"}, {"类型": "恋爱"}),
        ("價格不超過20", {"价格": 18.0}, {"价格": 30.0}),
        ("价格不超过20", {"價格": 18.0}, {"價格": 30.0}),
    ],
)
def test_a_condition_in_either_script_holds_for_values_in_the_other(condition, keeps, leaves):
    items = {"a": make_item("a", **keeps), "b": make_item("b", **leaves)}
    asked = readable_constraint(SceneCatalogue(items, ()), constraint(condition), scene="books")
    assert [satisfies(items[key], asked) for key in "ab"] == [True, False]


def test_a_condition_is_told_as_it_was_typed():
    assert constraint("導演 是 張藝謀").value == "張藝謀"
    assert constraint("導演 是 張藝謀").words == "導演 是 張藝謀"


def test_a_tag_that_was_blocked_bans_it_in_either_script():
    unwanted = blocked_tags(User(id="ann", edits=Edits(tags={"戀愛": 0.0})))
    assert has_any_tag(make_item("a", genre="恋爱"), unwanted)


def test_one_work_in_two_scripts_is_one_work():
    items = [
        make_item("a", "倚天屠龍記"),
        make_item("b", "倚天屠龙记(共四册)"),
        make_item("c", "三体"),
    ]
    assert editions(items)["a"] == ("a", "b")
    items = [
        make_item("a", "解憂雜貨店", author="東野圭吾"),
        make_item("b", "解忧杂货店", author="东野圭吾"),
        make_item("c", "解忧杂货店", author="韩杰"),
    ]
    assert editions(items)["a"] == ("a", "b")


def test_bm25_has_the_same_words_for_both_scripts():
    assert tokens("臥虎藏龍 Crouching Tiger") == tokens("卧虎藏龙 crouching tiger")


FILMS = [
    make_item("a", "卧虎藏龙", genres=("武侠",), year=2000),
    make_item("b", "悲情城市", genres=("剧情",), year=1989),
    make_item("c", "愛情麻辣燙", genres=("愛情",), year=1997),
    make_item("d", "饮食男女", genres=("剧情",), year=1994),
]


def said_to(*turns):
    async def main():
        line, _ = await make_line(FILMS, [make_event("ann", "x")])
        agent = Agent(line, lang="zh", k=3)
        conversation = Conversation(user_id="bob", scene="books")
        return [[each async for each in agent.say(conversation, turn)] for turn in turns]

    return wait(main())


def shown(said):
    return [entry.item.id for each in said if isinstance(each, Shown)
            for entry in each.slate.entries]  # fmt: skip


def words(said):
    return " ".join(each.text for each in said if isinstance(each, Words))


def test_a_talk_in_traditional_chinese_is_understood_as_one_in_simplified():
    typed = ("推薦", "為什麼推薦第一個？", "不要愛情片", "1995年以後的", "撤銷")
    plain = ("推荐", "为什么推荐第一个？", "不要爱情片", "1995年以后的", "撤销")
    ours, theirs = said_to(*typed), said_to(*plain)
    assert list(map(shown, ours)) == list(map(shown, theirs))
    assert list(map(words, ours)) == list(map(words, theirs))
    assert "c" not in shown(ours[2])
    assert shown(ours[3]) == ["a"]


def test_a_title_in_a_talk_is_known_in_either_script():
    assert "卧虎藏龙" in words(said_to("推薦", "為什麼推薦《臥虎藏龍》？")[1])
    assert "愛情麻辣燙" in words(said_to("推荐", "为什么推荐《爱情麻辣烫》？")[1])


def test_a_simplified_text_is_as_long_as_the_text_and_goes_back_to_how_it_was_typed():
    typed = "裡面有隻貓 café 12"
    assert len(simplified(typed)) == len(typed)
    assert simplified(typed) == "里面有只猫 café 12"
    assert as_written("里面", typed) == "裡面"
    assert as_written("里面", "里面") == "里面"
    assert simplified("plain words") == "plain words"
