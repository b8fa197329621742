"""A wish leads: what answers it comes first, by taste, and that nothing answers it is said."""

import csv
import gzip
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from examples import make_event, make_head, make_index, make_item, wait
from line import make_line

from recagent import demo, templates
from recagent.domain import Constraint, Context, Item, Scene, Slate, Trace, WishMatch
from recagent.explanations import wish_note
from recagent.pipeline import Options, Pipeline
from recagent.ranking import Gate
from recagent.retrieval import SceneText, best_first, nearest_in_meaning
from recagent.retrieval.query import parse_query
from recagent.retrieval.words import clauses, without_negated
from recagent.testing import HashEmbedder, ScriptedModel

WISHES = tomllib.loads((Path(__file__).parents[1] / "wishes.toml").read_text(encoding="utf-8"))


def catalogue(name):
    """Items of a template, or of the bundled films, by scene; their prices are left out."""
    if name == "films":
        rows = gzip.decompress(demo.DATA[0].read_bytes()).decode().splitlines()
        read = csv.DictReader(rows, delimiter="\t")
        items = [
            Item(id=row["item_id"], scene=row["scene"], title=row["title"],
                 attributes={"year": int(row["year"]), "genres": tuple(row["genres"].split("|"))})
            for row in read
        ]  # fmt: skip
    else:
        text = (templates.FOLDER / name / "items.csv").read_text(encoding="utf-8")
        own = {"shop": ("sku", "shelf", "name", "description", "topics"),
               "shop-zh": ("商品编号", "货架", "名称", "简介", "主题"),
               "travel": ("item_id", "", "title", "text", "themes"),
               "books": ("item_id", "scene", "title", "text", "subjects")}[name]  # fmt: skip
        key, scene, title, about, topics = own
        items = [
            Item(id=row[key], scene=row.get(scene, "trips"), title=row[title], text=row[about],
                 attributes={topics: tuple(row[topics].split("|"))})
            for row in csv.DictReader(text.splitlines())
        ]  # fmt: skip
    found = {}
    for item in items:
        found.setdefault(item.scene, {})[item.id] = item
    return found


@pytest.fixture(scope="module")
def texts():
    """What the items of each scene of the table say."""
    names = {wish["on"].split("/")[0] for wish in WISHES["wishes"]}
    return {
        f"{name}/{scene}": (items, SceneText(items))
        for name in names
        for scene, items in catalogue(name).items()
    }


def answering(wish, items):
    if "find" in wish:
        return set(wish["find"])
    name, value = wish.get("told", ("", ""))
    first, last = wish.get("years", (0, 0))
    return {
        key for key, item in items.items()
        if (not name or value in item.attributes[name])
        and (not last or first <= item.attributes["year"] <= last)
    }  # fmt: skip


def ordered(matches):
    return [key for alike in best_first(matches.grades) for key in alike]


@pytest.mark.parametrize("wish", WISHES["wishes"], ids=lambda wish: wish["say"])
def test_the_best_matches_of_a_wish_are_what_answers_it(wish, texts):
    items, text = texts[wish["on"]]
    wanted = answering(wish, items)
    found = ordered(text.matches(wish["say"]))
    if not wanted:
        assert found == []
    else:
        most = min(3, len(wanted))
        assert len(found) >= most
        assert set(found[:most]) <= wanted


TEA = {
    "pot": make_item("pot", "Glass Teapot", topics=("tea",)),
    "tin": make_item("tin", "Tea tin", topics=("tea",), price=9.0),
    "book": make_item("book", "The Great Train Robbery", topics=("crime",), year=1978, price=30.0),
    "show": make_item("show", "Back in Training", topics=("sport", "crime"), year=1994),
    "tale": make_item("tale", "Café of ghosts", topics=("horror", "comedy"), year=1999),
    "zh": make_item("zh", "不锈钢菜刀", topics=("厨房",)),
    "thrones": make_item("thrones", "A Game of Thrones", topics=("fantasy",)),
    "game": make_item("game", "饥饿游戏", topics=("科幻",)),
}


# What is put in words, the items that answer it, the best first, and the words that none says.
POTS = [
    make_item("mapo", "Mapo Tofu", minutes=30, spicy=True, vegan="no", weight_kg=0.9),
    make_item("dal", "Red Dal", minutes=45, spicy="yes", vegan="yes", weight_kg=1.2),
    make_item("cake", "Plain Cake", minutes=20, spicy=False, vegan="no", pets_allowed=True),
    replace(make_item("soup", "清汤", minutes=10, vegan="是"), text="无咖啡因，不含味精"),
    replace(make_item("mocha", "摩卡蛋糕", minutes=25), text="有咖啡因"),
    replace(make_item("tart", "Lemon Tart", minutes=90), text="Not too sweet, gluten-free."),
    replace(make_item("pie", "Pecan Pie", minutes=95), text="Sweet, with gluten."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "found", "missing"),
    [
        # the name of what an item says yes to
        ("something spicy", ["mapo", "dal"], ()),
        ("vegan", ["dal", "soup"], ()),
        ("where pets are allowed", ["cake"], ()),
        # amounts in a unit that a name says
        ("under 25 minutes", ["cake", "soup"], ()),
        ("over 1 hour", ["tart", "pie"], ()),
        ("30分钟以内", ["mapo", "cake", "soup", "mocha"], ()),
        ("spicy in 30 minutes", ["mapo", "dal", "cake", "soup", "mocha"], ()),
        ("at least 1000 g", ["dal"], ()),
        ("under 20 minutes", ["soup"], ()),  # 20 is not under 20
        ("no longer than 20 minutes", ["cake", "soup"], ()),
        ("不超过20分钟", ["cake", "soup"], ()),
        ("低于20分钟", ["soup"], ()),
        ("不低于90分钟", ["tart", "pie"], ()),
        ("not less than 90 minutes", ["tart", "pie"], ()),
        ("over 90 minutes", ["pie"], ()),
        ("under 3 km", [], ("under 3 km",)),
        # what an item says that it is without
        ("咖啡因", ["mocha"], ()),
        ("sweet", ["pie"], ()),
        ("gluten", ["pie"], ()),
        ("gluten-free", ["tart", "pie"], ()),
        # one character that is left over of a run is none that anybody would miss
        ("带咖啡因的", ["mocha"], ()),
    ],
)
def test_what_a_wish_finds_in_yes_and_no_amounts_and_what_is_without(wish, found, missing):
    matches = SceneText({item.id: item for item in POTS}).matches(wish)
    assert (ordered(matches), matches.missing) == (found, missing)


@pytest.mark.parametrize(
    ("wish", "avoided"),
    [
        ("没有咖啡因的", {"mocha"}),
        ("not too sweet", {"pie"}),
        ("without gluten", {"pie"}),
        ("不要辣", set()),
        ("nothing spicy", {"mapo", "dal"}),
    ],
)
def test_what_is_without_it_is_not_avoided(wish, avoided):
    grades = SceneText({item.id: item for item in POTS}).matches(wish).grades
    assert {key for key, grade in grades.items() if grade < 0} == avoided


@pytest.mark.parametrize(
    ("wish", "found", "missing"),
    [
        ("a teapot, please", ["pot"], ()),
        ("tea pot", ["pot", "tin"], ()),  # two words may be one
        ("teas", ["pot", "tin"], ()),
        ("trains", ["book", "show"], ()),  # the word itself before another with its stem
        ("train robberies", ["book", "show"], ()),
        ("a cafe", ["tale"], ()),  # accents do not matter
        ("from the 90s", ["show", "tale"], ()),
        ("something from the nineties for my nephew", ["show", "tale"], ()),
        ("before 1980", ["book"], ()),
        ("newer than 1995", ["tale"], ()),
        ("1978", ["book"], ()),
        ("crime under 50 euros", ["book", "tin", "show"], ()),
        ("tea for under 10", ["tin", "pot"], ()),
        ("a funny one", ["tale"], ()),  # another spelling of "comedy"
        ("搞笑的", ["tale"], ()),
        ("九十年代的恐怖片", ["tale", "show"], ()),
        ("1990年代", ["show", "tale"], ()),
        ("不锈钢的刀", ["zh"], ()),  # 不锈钢 is no negation
        ("有没有菜刀", ["zh"], ()),
        ("crime, not with robberies", ["show"], ()),
        ("tea, but no tins", ["pot"], ()),
        ("a ladder", [], ("ladder",)),
        ("tea and a ladder", ["pot", "tin"], ("ladder",)),
        ("梯子", [], ("梯",)),
        ("something nice for my nephew", [], ("nephew",)),
        ("a game about dinosaurs", [], ("dinosaurs",)),  # not "Game of Thrones"
        ("关于恐龙的游戏", [], ("恐龙",)),
        ("a game", ["thrones"], ()),
        ("有什么游戏", ["game"], ()),
        ("推荐一下", [], ()),
        ("surprise me with anything", [], ("surprise",)),
        ("", [], ()),
    ],
)  # fmt: skip
def test_what_a_wish_finds(wish, found, missing):
    matches = SceneText(TEA).matches(wish)
    assert (ordered(matches), matches.missing) == (found, missing)


@pytest.mark.parametrize(
    "wish", ["not scary", "nothing with ghosts", "no horror", "不要恐怖的", "别太恐怖"]
)
def test_what_is_not_wanted_is_avoided_and_matches_nothing(wish):
    matches = SceneText(TEA).matches(wish)
    assert matches.grades == {"tale": -1.0}
    assert (matches.asks, matches.counted(wish, exclude=frozenset())) == ("", None)


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("not scary, a love story", "a love story"),
        ("something Japanese but no vegetables", "something Japanese but"),
        ("a thriller without blood", "a thriller"),
        ("nothing but trains", "nothing but trains"),
        ("a big knife", "a big knife"),
        ("不要恐怖，想看爱情片", "想看爱情片"),
        ("想看不恐怖的动画", "想看"),
        ("特别的礼物", "特别的礼物"),
        ("有没有茶壶", "有没有茶壶"),
        ("除了恐怖片都行", ""),
    ],
)
def test_what_follows_a_negation_is_not_searched_for(wish, left):
    assert without_negated(wish).replace(" ", "") == left.replace(" ", "")


def test_a_negation_ends_where_something_is_wanted():
    assert clauses("no horror but a comedy") == [("horror", False), ("a comedy", True)]


SHOP = [
    *(make_item(f"pan{n}", f"Iron pan {n}") for n in range(30)),
    make_item("pot", "Glass teapot"), make_item("can", "Steel teapot"),
    make_item("cup", "Cup", mood=("scary",)),
]  # fmt: skip
LIKES = [
    *(make_event(f"p{n}", f"pan{n}") for n in range(30)),
    *(make_event(f"p{n}", f"pan{n + 1}") for n in range(29)),
    make_event("ann", "pan1"), make_event("ann", "pan2"),
    make_event("q1", "can"), make_event("q2", "can"), make_event("q1", "pan1"),
]  # fmt: skip
KITCHEN = {"books": Scene(name="books", labels={"en": "Kitchen", "zh": "厨房"})}


def slate_of(user="ann", *, wish="a teapot", head=None, model=None, items=SHOP, k=4, **context):
    """The slate for a wish; more of the context by name."""
    options = context.pop("options", {})

    async def main():
        _, parts = await make_line(items, LIKES, model=model)
        line = Pipeline(replace(parts, head=head, scenes=KITCHEN), Options(**options))
        return await line.recommend(user, scene="books", k=k, context=Context(wish=wish, **context))

    return wait(main())


def ids(slate):
    return [entry.item.id for entry in slate.entries]


# A head that goes by popularity, and likes nothing that the wish names.
HEAD = make_head(
    name="h",
    sources=("popularity", "lexical", "text"),
    shared=(2.0, 2.0, -3.0, -3.0, -3.0, -3.0) + (0.0,) * 6,
    scenes={},
    gates={"books": Gate(rule="always")},
    language_shared=(9.0, 0.0),
    model="scripted",
)


@pytest.mark.parametrize("user", ["ann", "nobody"])
@pytest.mark.parametrize("head", [None, HEAD], ids=["before a fit", "with a head"])
@pytest.mark.parametrize("diversity", [0.0, 0.9])
def test_matches_lead_for_everybody_whatever_taste_says(user, head, diversity):
    slate = slate_of(user, head=head, options={"diversity": diversity})
    assert set(ids(slate)[:2]) == {"pot", "can"}
    assert len(slate.entries) == 4
    assert slate.trace.wish == WishMatch(wish="a teapot", matches=2)


def test_taste_orders_among_matches():
    assert ids(slate_of(head=HEAD))[:2] == ["can", "pot"]  # two people like it


def test_matches_lead_beyond_what_retrieval_would_find():
    slate = slate_of(options={"limit": 3, "pool": 4})
    assert set(ids(slate)[:2]) == {"pot", "can"}


def test_all_places_are_filled_by_matches_where_there_are_enough():
    slate = slate_of(wish="iron pans", k=5, options={"pool": 5})
    assert all(key.startswith("pan") for key in ids(slate))
    assert slate.trace.wish.matches == 28  # two are known
    assert slate.trace.wish.left_out == 2


def test_a_models_order_joins_in_and_does_not_undo_the_lead():
    class Pans(ScriptedModel):
        async def likelihood(self, prefix, *, texts):
            found = await super().likelihood(prefix, texts=texts)
            return replace(found, values=tuple(-1.0 if "pan" in text else -90.0 for text in texts))

    slate = slate_of(model=Pans(), options={"language_weight": 0.9})
    assert slate.trace.model == "scripted"
    assert set(ids(slate)[:2]) == {"pot", "can"}


def test_what_a_wish_avoids_comes_last():
    slate = slate_of("nobody", wish="not scary", k=33, options={"pool": 40})
    assert ids(slate)[-1] == "cup"
    assert slate.trace.wish is None


def test_shares_of_tasks_put_no_match_behind_what_does_not_match():
    tasks = [
        replace(item, task="activity" if item.id.startswith("pan") else "item") for item in SHOP
    ]
    mixed = Scene(name="books", tasks=("activity", "item"), quotas={"activity": 9, "item": 1})

    async def main():
        _, parts = await make_line(tasks, LIKES)
        line = Pipeline(replace(parts, scenes={"books": mixed}), Options())
        return await line.recommend("ann", scene="books", k=4, context=Context(wish="teapot"))

    assert set(ids(wait(main()))[:2]) == {"pot", "can"}


def test_a_reason_says_which_words_of_the_wish_an_item_has():
    (first, *_) = slate_of(wish="a glass teapot for my nephew").entries
    assert first.item.id == "pot"
    assert first.evidence[0].kind == "wish"
    assert first.evidence[0].refs == ("glass", "teapot")


def test_questions_see_the_same_lead():
    async def main():
        _, parts = await make_line(SHOP, LIKES)
        line = Pipeline(replace(parts, scenes=KITCHEN))
        asked = {"scene": "books", "context": Context(wish="a teapot")}
        return (
            await line.compare("ann", "pan3", versus="pot", **asked),
            await line.why_not("ann", "pan29", k=2, **asked),
            await line.what_if("ann", "pot", **asked),
        )

    compared, missing, changed = wait(main())
    assert compared.ranks["pot"] < compared.ranks["pan3"]
    assert compared.claims[1].text == (
        "“Glass teapot” comes before “Iron pan 3” because it matches your wish better."
    )
    assert [piece.kind for piece in missing.evidence][-1] in ("wished", "unwished")
    assert any("without the wish" in claim.text.lower() for claim in changed.claims)


def test_an_item_that_is_found_by_meaning_alone_matches_only_when_it_is_near():
    class Same(HashEmbedder):
        """All texts have much in common, as with many embedders; a kettle is like a teapot."""

        async def embed(self, texts, *, role="passage"):  # noqa: ARG002
            rows = np.zeros((len(texts), 3), dtype=np.float32)
            rows[:, 0] = 0.8
            for row, text in zip(rows, texts, strict=True):
                row[1 if "teapot" in text.lower() or "kettle" in text.lower() else 2] = 0.6
            return rows

    async def main(wish):
        items = [
            make_item("kettle", "Kettle"),
            *(make_item(f"x{n}", f"Spoon {n}") for n in range(9)),
        ]
        embedder = Same()
        index = await make_index(items, embedder)
        (vector,) = await embedder.embed([wish])
        return await nearest_in_meaning(vector, "books", index=index)

    assert set(wait(main("teapot"))) == {"kettle"}
    assert "kettle" not in wait(main("ladder"))


def shown(match, *, n=3, cold=None):
    entries = slate_of(k=n).entries
    trace = Trace(id="t", scene_from="given", cold=cold, sources={}, pool=n, wish=match)
    return Slate(user_id="ann", scene=KITCHEN["books"], entries=entries, trace=trace)


@pytest.mark.parametrize(
    ("match", "cold", "en", "zh"),
    [
        (None, None, "", ""),
        (WishMatch(wish="tea", matches=9), None, "", ""),
        (WishMatch(wish="a ladder", matches=0, missing=("ladder",)), None,
         "Nothing in Kitchen matches “a ladder”; this list follows your taste.",
         "“厨房”里没有符合“a ladder”的内容；以下按您的口味推荐。"),
        (WishMatch(wish="梯子", matches=0, missing=("梯",)), "fully",
         "Nothing in Kitchen matches “梯子”; this list follows what is popular here.",
         "“厨房”里没有符合“梯子”的内容；以下按热门程度推荐。"),
        (WishMatch(wish="a knife", matches=0, left_out=1), None,
         "What matches “a knife” in Kitchen cannot be shown now: you have seen it, or a rule or "
         "condition excludes it. This list follows your taste.",
         "“厨房”里符合“a knife”的现在不能推荐：您已经看过，或被规则、条件排除。"
         "以下按您的口味推荐。"),
        (WishMatch(wish="tea", matches=2), None,
         "The first 2 match “tea”; the rest follows your taste.",
         "前 2 项符合“tea”，其余按您的口味推荐。"),
        (WishMatch(wish="tea", matches=1), None,
         "The first matches “tea”; the rest follows your taste.",
         "第一项符合“tea”，其余按您的口味推荐。"),
        (WishMatch(wish="tea and ladders", matches=1, missing=("ladders",)), None,
         "Nothing in Kitchen matches “ladders”. The first matches your other words; the rest "
         "follows your taste.",
         "“厨房”里没有符合“ladders”的内容。第一项符合您说的其他词，其余按您的口味推荐。"),
        (WishMatch(wish="tea and ladders", matches=2, missing=("ladders",)), None,
         "Nothing in Kitchen matches “ladders”. The first 2 match your other words; the rest "
         "follows your taste.",
         "“厨房”里没有符合“ladders”的内容。前 2 项符合您说的其他词，其余按您的口味推荐。"),
        (WishMatch(wish="tea and ladders", matches=9, missing=("ladders",)), None,
         "Nothing in Kitchen matches “ladders”.", "“厨房”里没有符合“ladders”的内容。"),
    ],
)  # fmt: skip
def test_how_much_matches_is_said_in_both_languages(match, cold, en, zh):
    slate = shown(match, cold=cold)
    assert (wish_note(slate, lang="en"), wish_note(slate, lang="zh")) == (en, zh)


@pytest.mark.parametrize("user", ["ann", "nobody"])
def test_that_nothing_matches_is_said_and_the_list_is_that_of_no_wish(user):
    slate = slate_of(user, wish="a ladder", options={"source_weights": {"text": 0, "lexical": 0}})
    assert slate.trace.wish == WishMatch(wish="a ladder", matches=0, missing=("ladder",))
    assert "nothing matches the wish" in slate.trace.notes
    plain = slate_of(user, wish="", options={"source_weights": {"text": 0, "lexical": 0}})
    assert ids(slate) == ids(plain)


def test_a_word_that_nothing_says_is_in_the_notes():
    slate = slate_of(wish="a teapot and a ladder")
    assert set(ids(slate)[:2]) == {"pot", "can"}
    assert "nothing matches 'ladder'" in slate.trace.notes


def test_what_matches_and_was_met_is_told_from_what_is_not_there():
    slate = slate_of(constraints=(Constraint(attribute="title", operator="does not mention",
                                             value="teapot"),))  # fmt: skip
    assert slate.trace.wish == WishMatch(wish="a teapot", matches=0, left_out=2)
    assert "everything that matches the wish is excluded" in slate.trace.notes


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ("funny rather than scary, zombies welcome", ["funny", "zombies", "welcome"]),
        ("coffee instead of a tea", ["coffee"]),
        ("rather than horror I want drama", ["drama"]),
    ],
)
def test_what_something_is_wanted_rather_than_is_neither_wanted_nor_avoided(wish, wanted):
    query = parse_query(wish)
    assert [term.text for term in query.wanted] == wanted
    assert query.avoided == ()
