"""Conditions as people put them: what they mean on four catalogues, and what cannot be read."""

import json
import re
from dataclasses import replace

import pytest
from command import Command
from examples import make_event, make_item, wait
from line import make_line

from recagent.cli.constraint_option import constraint
from recagent.domain import Constraint, Context
from recagent.errors import ConstraintError, DataError
from recagent.explanations import explain_empty_slate
from recagent.scenes.rules import SceneCatalogue, readable_constraint

BOARD_GAMES = [
    make_item("ra", "Ra", mechanics=("Auction/Bidding", "Set Collection"), minplayers=2,
              maxplayers=5, weight=2.3, published="1999", in_stock="True"),
    make_item("yahtzee", "Yahtzee", mechanics=("Dice Rolling", "Push Your Luck"), minplayers=2,
              maxplayers=10, weight=1.2, published="1956", in_stock="False"),
    make_item("go", "Go", mechanics=("Area Enclosure",), minplayers=2, maxplayers=2, weight=3.9,
              in_stock="yes"),
    make_item("dice town", "Dice Town", mechanics=("Area Control",), minplayers=2, maxplayers=5,
              weight=2.0, published="2009", in_stock="no"),
]  # fmt: skip
GAMES = [
    make_item("doom", "Doom", genres=("Shooter",), price="$19.99", release="2016-05-13", is_free=0),
    make_item("dota", "Dota 2", genres=("Strategy",), price="$0", release="2013-07-09", is_free=1),
    make_item("portal", "Portal 2", genres=("Puzzle", "Non-Violent"), price="$9.99",
              release="2011-04-18", is_free=0),
]  # fmt: skip
BOOKS = [
    make_item("b1", "Emma", genres=("Fiction", "Classics"), pages=474, series=True, first="1815"),
    make_item("b2", "Sapiens", genres=("Non-Fiction",), pages=443, series=False, first="2011"),
    make_item("b3", "It", genres=("Horror", "Fiction"), pages=1138, series=False, first="1986"),
]
SHOP = [
    make_item("s1", "龙井茶", 类别=("茶叶",), 价格=68.0, 重量=0.25, 有货="是", 上架="2024年3月1日"),
    make_item("s2", "无糖饼干", 类别=("零食",), 价格=25.5, 重量=1.5, 有货="否", 上架="2023/12/31"),
    make_item("s3", "白糖", 类别=("调味",), 价格=9.9, 重量=2.5, 有货="是", 上架="2024-05-01"),
]
RECIPES = [
    make_item("salad", "Greek Salad", minutes=15, calories=280, servings=2, total_weight_kg=0.4),
    make_item("mapo", "Mapo Tofu", minutes=30, calories=430, servings=4, total_weight_kg=0.9),
    replace(make_item("stew", "Beef Stew", minutes=150, calories=590, servings=6,
                      total_weight_kg=2.1), text="Slow cooked."),
]  # fmt: skip
FLATS = [
    replace(make_item("f1", "单间公寓", **{"租金": 4200, "面积(m²)": 55, "步行分钟": 8}),
            text="离地铁近"),
    make_item("f2", "合租次卧", **{"租金": 2600, "面积(m²)": 15, "步行分钟": 30}),
]  # fmt: skip


def kept(items, text):
    """Ids of the items that keep to what --only says."""
    catalogue = SceneCatalogue({item.id: item for item in items}, ())
    broken = catalogue.breaking(readable_constraint(catalogue, constraint(text), scene="books"))
    return [item.id for item in items if item.id not in broken]


@pytest.mark.parametrize(
    ("items", "text", "expected"),
    [
        # truth values, however files and people spell them
        (BOARD_GAMES, "in_stock is true", ["ra", "go"]),
        (BOARD_GAMES, "in_stock is True", ["ra", "go"]),
        (BOARD_GAMES, "in_stock = yes", ["ra", "go"]),
        (BOARD_GAMES, "in_stock is 1", ["ra", "go"]),
        (BOARD_GAMES, "in_stock is no", ["yahtzee", "dice town"]),
        (BOARD_GAMES, "in stock is not true", ["yahtzee", "dice town"]),
        (GAMES, "is_free is yes", ["dota"]),
        (BOOKS, "series == false", ["b2", "b3"]),
        (SHOP, "有货 是 是", ["s1", "s3"]),
        (SHOP, "有货是否", ["s2"]),
        (SHOP, "有货 is true", ["s1", "s3"]),
        # numbers, also in texts, with currency, and names as people write them
        (BOARD_GAMES, "minplayers is 2.0", ["ra", "yahtzee", "go", "dice town"]),
        (BOARD_GAMES, "max_players >= 4", ["ra", "yahtzee", "dice town"]),
        (BOARD_GAMES, "players at least 4", ["ra", "yahtzee", "dice town"]),
        (BOARD_GAMES, "Weight < 2", ["yahtzee"]),
        (BOARD_GAMES, "weight<=2", ["yahtzee", "dice town"]),
        (BOARD_GAMES, "weight > 2.3", ["go"]),
        (BOARD_GAMES, "weight != 3.9", ["ra", "yahtzee", "dice town"]),
        (BOARD_GAMES, "published is 1999", ["ra"]),
        (GAMES, "price at most 9.99", ["dota", "portal"]),
        (GAMES, "price under 19.99", ["dota", "portal"]),
        (GAMES, "price = $0", ["dota"]),
        (BOOKS, "pages no more than 474", ["b1", "b2"]),
        (BOOKS, "first before 1986", ["b1"]),
        (SHOP, "价格低于50", ["s2", "s3"]),
        (SHOP, "价格 低于 50元", ["s2", "s3"]),
        (SHOP, "价格50以下", ["s2", "s3"]),
        (SHOP, "价格＜＝25.5", ["s2", "s3"]),
        (SHOP, "重量不超过2.5", ["s1", "s2", "s3"]),
        (SHOP, "重量至少1.5", ["s2", "s3"]),
        (SHOP, "重量不低于 ２.５", ["s3"]),
        (SHOP, "价格大于25.5", ["s1"]),
        # amounts in the unit that the name says, or another of the same measure
        (RECIPES, "minutes under 30 minutes", ["salad"]),
        (RECIPES, "minutes <= 30 min", ["salad", "mapo"]),
        (RECIPES, "minutes over 1 hour", ["stew"]),
        (RECIPES, "minutes < 0.5h", ["salad"]),
        (RECIPES, "calories below 400 kcal", ["salad"]),
        (RECIPES, "calories 430 kcal or less", ["salad", "mapo"]),
        (RECIPES, "servings at least 4 servings", ["mapo", "stew"]),
        (RECIPES, "total_weight_kg at most 900 g", ["salad", "mapo"]),
        (RECIPES, "total weight over 900g", ["stew"]),
        (RECIPES, "minutes over 0 minutes", ["salad", "mapo", "stew"]),
        (FLATS, "面积不低于50平方米", ["f1"]),
        (FLATS, "面积(m²) < 50 m²", ["f2"]),
        (FLATS, "步行分钟 低于 0.5小时", ["f1"]),
        (FLATS, "步行 0.5小时以内", ["f1", "f2"]),
        (FLATS, "租金4000元以下", ["f2"]),
        # title, text and id as files call them
        (RECIPES, "name is not salad", ["mapo", "stew"]),
        (RECIPES, "description mentions slow", ["stew"]),
        (RECIPES, "sku != mapo", ["salad", "stew"]),
        (FLATS, "标题不是公寓", ["f2"]),
        (FLATS, "描述提到地铁", ["f1"]),
        # days
        (GAMES, "release >= 2013", ["doom", "dota"]),
        (GAMES, "release > 2013", ["doom"]),
        (GAMES, "release < 2013-07-09", ["portal"]),
        (GAMES, "release is 2011/4/18", ["portal"]),
        (SHOP, "上架 晚于 2024-01-01", ["s1", "s3"]),
        (SHOP, "上架是2024-3-1", ["s1"]),
        # words: a demand is of the whole value, a ban covers all that say it
        (BOARD_GAMES, "mechanics is dice rolling", ["yahtzee"]),
        (BOARD_GAMES, "mechanics is ＤＩＣＥ rolling", ["yahtzee"]),
        (BOARD_GAMES, "mechanics is not dice", ["ra", "go", "dice town"]),
        (BOARD_GAMES, "does not mention dice", ["ra", "go"]),
        (BOARD_GAMES, "title isn't dice", ["ra", "yahtzee", "go"]),
        (BOARD_GAMES, "mechanics is not rice", ["ra", "yahtzee", "go", "dice town"]),
        (BOARD_GAMES, "mechanics is not auctions", ["yahtzee", "go", "dice town"]),
        (BOARD_GAMES, "mechanics is not area", ["ra", "yahtzee"]),
        (BOOKS, "genres is not fiction", ["b2"]),
        (BOOKS, "genres is not Classic", ["b2", "b3"]),
        (SHOP, "类别不是茶", ["s2", "s3"]),
        (SHOP, "不含 糖", ["s1", "s2"]),
        (SHOP, "类别 不是 零食", ["s1", "s3"]),
        (SHOP, "不提到茶", ["s2", "s3"]),
    ],
)  # fmt: skip
def test_a_condition_means_what_its_words_say(items, text, expected):
    assert kept(items, text) == expected


@pytest.mark.parametrize(
    ("items", "text", "says"),
    [
        (BOARD_GAMES, "mechanic is dice", "has an attribute 'mechanic'; did you mean 'mechanics'?"),
        (BOARD_GAMES, "colour is red",
         "attribute 'colour'; known attributes: 'in_stock', 'maxplayer"),
        (BOARD_GAMES, "players is 4", "did you mean 'maxplayers', 'minplayers'?"),
        (BOARD_GAMES, "weight at most heavy",
         "'heavy' cannot be compared with 'weight', whose values are numbers from 1.2 to 3.9"),
        (BOARD_GAMES, "in_stock is maybe", "with 'in_stock', whose values are yes or no"),
        (BOARD_GAMES, "mechanics at least 3", "whose values are text such as 'Auction/Bidding'"),
        (GAMES, "release after spring", "whose values are dates such as '2016-05-13'"),
        (SHOP, "价钱低于50", "has an attribute '价钱'; did you mean '价格'?"),
        (SHOP, "有货是也许", "whose values are yes or no"),
        (SHOP, "价格低于便宜", "whose values are numbers from 9.9 to 68"),
        (RECIPES, "minutes under 30 kg", "'30 kg' cannot be compared with 'minutes'"),
        (RECIPES, "under 30 minutes", "'under 30 minutes' names no attribute; write the attribute "
         "first; those that can be compared are 'calories', 'minutes', 'servings', "
         "'total_weight_kg'"),
        (SHOP, "50元以下", "'50元以下' names no attribute; write the attribute first; those that "
         "can be compared are '上架', '价格', '重量'"),
        (SHOP, "不超过50元", "names no attribute"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_with_the_nearest_name(items, text, says):
    with pytest.raises(ConstraintError, match=re.escape(says)):
        kept(items, text)


@pytest.mark.parametrize(
    ("said", "en", "zh"),
    [
        (["weight at most 1"],
         "Nothing in this scene matches “weight at most 1” (“weight” is 1.2 to 3.9 here).",
         "此场景里没有符合“weight at most 1”的内容（这里的“weight”是 1.2 到 3.9）。"),
        (["mechanics is dice"],
         "Nothing in this scene matches “mechanics is dice” (nearest: “Dice Rolling”).",
         "此场景里没有符合“mechanics is dice”的内容（最接近的：“Dice Rolling”）。"),
        (["weight < 2", "maxplayers < 9"], "Nothing in this scene matches all of these together: "
         "“weight below 2”, “maxplayers below 9”; each of them alone matches something.",
         "此场景里没有同时符合这些条件的内容：“weight below 2”、“maxplayers below 9”；"
         "单看每一条都有。"),
        (["maxplayers is 2"], "You have already seen everything that matches “maxplayers is 2” "
         "(items: 1).", "符合“maxplayers is 2”的内容（1 项）您都已经看过了。"),
        (["minplayers is 2"], "You have seen what matches “minplayers is 2” (items: 4), or the "
         "scene's rules exclude it.",
         "符合“minplayers is 2”的内容有 4 项，但您已看过，或被此场景的规则排除。"),
        ([], "The scene's rules, or what else was asked for, leave nothing that you have not seen.",
         "按此场景的规则和其他要求，没有您没看过的内容了。"),
    ],
)  # fmt: skip
def test_an_empty_slate_says_which_condition_leaves_nothing(said, en, zh):
    catalogue = SceneCatalogue({item.id: item for item in BOARD_GAMES}, ())
    asked = [constraint(each) for each in said]
    assert explain_empty_slate(catalogue, asked, seen_items={"go"}, lang="en") == en
    assert explain_empty_slate(catalogue, asked, seen_items={"go"}, lang="zh") == zh
    all_seen = {item.id for item in BOARD_GAMES}
    left = explain_empty_slate(catalogue, [], seen_items=all_seen, lang="en")
    assert left == "You have seen everything in this scene."


def test_where_no_value_is_like_the_wanted_one_the_few_that_there_are_are_named():
    items = {name: make_item(name, price=name) for name in ("low", "medium", "high")}
    asked = [Constraint(attribute="price", operator="is", value="cheap", words="price is cheap")]
    catalogue = SceneCatalogue(items, ())
    assert explain_empty_slate(catalogue, asked, seen_items=frozenset(), lang="en") == (
        "Nothing in this scene matches “price is cheap” (“price” here has: “high”, “low”, "
        "“medium”)."
    )
    assert explain_empty_slate(catalogue, asked, seen_items=frozenset(), lang="zh") == (
        "此场景里没有符合“price is cheap”的内容（这里的“price”有：“high”、“low”、“medium”）。"
    )
    many = {str(at): make_item(str(at), price=f"class {at}") for at in range(20)}
    said = explain_empty_slate(SceneCatalogue(many, ()), asked, seen_items=frozenset(), lang="en")
    assert said == "Nothing in this scene matches “price is cheap”."


@pytest.mark.parametrize(
    ("text", "words"),
    [("weight < 2", "weight below 2"), ("price>=5", "price at least 5"), ("价格＜50", "价格低于50"),
     ("价格>=50", "价格不低于50"), ("价格不超过50", "价格不超过50"), ("mood = a<b", "mood is a<b")],
)  # fmt: skip
def test_signs_are_quoted_as_words(text, words):
    assert constraint(text).words == words


def slate_of(items, *constraints, events=()):
    async def main():
        line, _ = await make_line(items, events)
        context = Context(constraints=constraints)
        return await line.recommend("ann", scene="books", context=context)

    return wait(main())


def test_a_slate_names_the_condition_and_a_ban_that_bans_nothing():
    cheap = Constraint(attribute="weight", operator="at most", value=1)
    assert slate_of(BOARD_GAMES, cheap).empty.startswith("Nothing in this scene matches")
    typo = Constraint(attribute="mechanics", operator="is not", value="Dice Roling")
    slate = slate_of(BOARD_GAMES, typo)
    assert slate.empty == ""
    assert slate.trace.notes == (
        "“mechanics is not Dice Roling” excludes nothing: no item here has it (nearest: “Dice "
        "Rolling”)",
    )
    seen = [make_event("ann", item.id) for item in BOARD_GAMES]
    assert slate_of(BOARD_GAMES, events=seen).empty == "You have seen everything in this scene."


def test_python_raises_a_data_error_for_constraints_and_preferences():
    with pytest.raises(DataError, match="did you mean 'weight'"):
        slate_of(BOARD_GAMES, Constraint(attribute="wieght", operator="at most", value=1))

    async def preferring():
        line, _ = await make_line(BOARD_GAMES)
        heavy = Constraint(attribute="weight", operator="at least", value="a lot")
        await line.recommend("ann", scene="books", context=Context(preferences=(heavy,)))

    with pytest.raises(ConstraintError, match="whose values are numbers"):
        wait(preferring())


@pytest.mark.parametrize(
    ("only", "lang", "says"),
    [
        ("topik is bread", "en", "has an attribute 'topik'; did you mean 'topics'?"),
        ("topik is bread", "zh", "里没有商品有属性 'topik'；您是否指 'topics'？"),
        ("topics at least 3", "en", "whose values are text"),
        ("under 30 minutes", "zh", "没有写明属性，而这里的商品也没有数字或日期类的属性"),
        ("topics", "en", "must be ATTRIBUTE OPERATOR VALUE"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_condition_that_cannot_be_read_is_an_error_of_use(recagent: Command, only, lang, says):
    for command in (("recommend", "ana"), ("explain", "ana", "b1")):
        done = recagent(*command, "--only", only, "--lang", lang)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr


@pytest.mark.usefixtures("shop")
def test_the_table_and_the_json_say_why_nothing_is_left(recagent: Command):
    asked = ("recommend", "ana", "--scene", "books", "--only", "topics is nothing")
    said = (
        "Nothing in this scene matches “topics is nothing” (“topics” here has: “cooking”, "
        "“travel”)."
    )
    assert said in " ".join(recagent(*asked).stdout.split())
    assert json.loads(recagent(*asked, "--json").stdout)["empty"] == said
