"""What a sentence asks for, read by code: quantities, values and their tone, comparatives."""

import pytest
from examples import make_item
from hypothesis import given
from hypothesis import strategies as st

from recagent.chat.critiques import read
from recagent.chat.quantities import number, quantities
from recagent.chat.references import Reference, by_title, plain
from recagent.chat.vocabulary import Vocabulary

ALIEN = make_item("f1", "Alien", genres=("Horror", "Sci-Fi"), year=1979, minutes=117)
UP = make_item("f2", "Up", genres=("Animation", "Comedy", "Family"), year=2009, minutes=96)
HEAT = make_item("f3", "Heat", genres=("Crime", "Drama"), year=1995, minutes=170, director="Mann")
FILMS = [ALIEN, UP, HEAT]
JAR = make_item("k1", "Jar", topics=("tea", "coffee"), price=20.5, pages=80)
LOAF = make_item("k2", "Loaf", topics=("bread",), price=30.0, pages=300)

VOCABULARY = Vocabulary(FILMS)
SHOP = Vocabulary([JAR, LOAF])
SHOWN = Reference(slate=FILMS, titles=by_title([FILMS]))


def asked(text, *, vocabulary=VOCABULARY, reference=SHOWN):
    """The constraints of a critique as (attribute, operator, value)."""
    found = read(text, vocabulary=vocabulary, reference=reference)
    return [(each.attribute, each.operator, each.value) for each in found.constraints]


def rather(text, **known):
    found = read(text, vocabulary=VOCABULARY, reference=SHOWN, **known)
    return [(each.attribute, each.operator, each.value) for each in found.preferences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under two hours", [("minutes", "at most", 119)]),
        ("at most 1h 30 min", [("minutes", "at most", 90)]),
        ("two and a half hours max", [("minutes", "at most", 150)]),
        ("I only have 2 hours", [("minutes", "at most", 120)]),
        ("90分钟以内", [("minutes", "at most", 90)]),
        ("不超过两个半小时", [("minutes", "at most", 150)]),
        ("from the 90s", [("year", "at least", 1990), ("year", "at most", 1999)]),
        ("八十年代的", [("year", "at least", 1980), ("year", "at most", 1989)]),
        ("before 1980", [("year", "at most", 1979)]),
        ("after 2000", [("year", "at least", 2001)]),
        ("2000年以后", [("year", "at least", 2000)]),
        ("in 2009", [("year", "at least", 2009), ("year", "at most", 2009)]),
    ],
)
def test_a_quantity_becomes_a_bound(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize("attribute", ["hours", "duration_hours", "时长（小时）"])
def test_a_length_is_in_hours_where_the_attribute_says_so(attribute):
    trips = [make_item("t1", **{attribute: 1.5}), make_item("t2", **{attribute: 3.0})]
    found = asked("at most two and a half hours", vocabulary=Vocabulary(trips))
    assert found == [(attribute, "at most", 2.5)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no horror", [("genres", "is not", "Horror")]),
        ("no horror, crime or drama", [("genres", "is not", ("Horror", "Crime", "Drama"))]),
        ("not horror but comedy", [("genres", "is not", "Horror"), ("genres", "is", "Comedy")]),
        ("I don't like scary ones", [("genres", "is not", "Horror")]),
        ("anything but drama", [("genres", "is not", "Drama")]),
        ("nothing but comedies", [("genres", "is", "Comedy")]),
        ("a crime drama", [("genres", "is", "Crime"), ("genres", "is", "Drama")]),
        ("comedies and dramas", [("genres", "is", ("Comedy", "Drama"))]),
        ("comedy or science fiction", [("genres", "is", ("Comedy", "Sci-Fi"))]),
        ("不要恐怖片，要喜剧", [("genres", "is not", "Horror"), ("genres", "is", "Comedy")]),
        ("恐怖片就算了", [("genres", "is not", "Horror")]),
        ("有没有科幻片", [("genres", "is", "Sci-Fi")]),
        ("no zombies", [("", "does not mention", "zombies")]),
        ("不要丧尸", [("", "does not mention", "丧尸")]),
        ("for my kid", [("genres", "is", ("Animation", "Family")),
                        ("genres", "is not", ("Horror", "Crime"))]),
    ],
)  # fmt: skip
def test_a_value_is_wanted_or_not_by_the_words_around_it(text, expected):
    found = asked(text)
    assert [(a, o, frozenset(v) if isinstance(v, tuple) else v) for a, o, v in found] == [
        (a, o, frozenset(v) if isinstance(v, tuple) else v) for a, o, v in expected
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("more comedy, less horror", [("genres", "is", "Comedy"), ("genres", "is not", "Horror")]),
        ("ideally a comedy", [("genres", "is", "Comedy")]),
        ("最好是喜剧", [("genres", "is", "Comedy")]),
        ("I like thrillers", []),
        ("like the third", [("genres", "is", "Crime"), ("genres", "is", "Drama"),
                            ("director", "is", "Mann")]),
    ],
)  # fmt: skip
def test_what_is_said_softly_is_a_preference(text, expected):
    assert rather(text) == expected
    assert asked(text) == []


def test_lighter_prefers_and_avoids_values_that_the_scene_has():
    assert {(o, frozenset(v)) for _, o, v in rather("lighter")} == {
        ("is", frozenset({"Comedy", "Family", "Animation"})),
        ("is not", frozenset({"Horror", "Crime"})),
    }
    assert {o for _, o, _ in rather("nothing too dark")} == {"is", "is not"}


def test_a_comparative_is_meant_against_what_was_shown():
    assert asked("newer") == [("year", "at least", 1996)]  # the median of the slate is 1995
    assert asked("newer than the second") == [("year", "at least", 2010)]
    assert asked("shorter than the third") == [("minutes", "at most", 169)]
    spoken = Reference(slate=FILMS, focus=ALIEN)
    assert asked("newer", reference=spoken) == [("year", "at least", 1980)]


def test_a_price_is_under_when_it_is_not_equal():
    ((attribute, operator, value),) = asked("under 30 euros", vocabulary=SHOP)
    assert (attribute, operator) == ("price", "at most")
    assert 29.99 < value < 30
    assert asked("cheaper than 25", vocabulary=SHOP)[0][0] == "price"


PLAYED = Vocabulary([
    make_item("g1", mechanics=("Dice Rolling",), maxplayers=4, minplayers=2, weight=2.5, price=30.0,
              playing_time=45, users_rated=900),
    make_item("g2", mechanics=("Trading",), maxplayers=6, minplayers=3, weight=1.0, price=50.5,
              playing_time=90, users_rated=40),
])  # fmt: skip
ZH_SHOP = Vocabulary([
    make_item("s1", 价格=68.0, 重量=2.5, 最小人数=2, 最大人数=4, 库存=3),
    make_item("s2", 价格=25.5, 重量=1.5, 最小人数=1, 最大人数=6, 库存=0),
])  # fmt: skip


@pytest.mark.parametrize(
    ("vocabulary", "text", "expected"),
    [
        (PLAYED, "max_players >= 4", [("maxplayers", "at least", 4)]),
        (PLAYED, "max players at least 4 please", [("maxplayers", "at least", 4)]),
        (PLAYED, "players at least 4", [("maxplayers", "at least", 4)]),
        (PLAYED, "at least 4 players", [("maxplayers", "at least", 4)]),
        (PLAYED, "players under 3", [("minplayers", "at most", 2)]),
        (PLAYED, "players = 4", [("minplayers", "at most", 4), ("maxplayers", "at least", 4)]),
        (PLAYED, "weight is at most 2.5", [("weight", "at most", 2.5)]),
        (PLAYED, "something with weight<=2.5", [("weight", "at most", 2.5)]),
        (PLAYED, "playing time no more than 60 minutes", [("playing_time", "at most", 60)]),
        (PLAYED, "users rated over 100", [("users_rated", "at least", 101)]),
        (PLAYED, "价格不超过40", [("price", "at most", 40)]),
        (ZH_SHOP, "重量不超过2.5", [("重量", "at most", 2.5)]),
        (ZH_SHOP, "重量 不超过 2.5公斤", [("重量", "at most", 2.5)]),
        (ZH_SHOP, "库存至少1", [("库存", "at least", 1)]),
        (ZH_SHOP, "库存大于0", [("库存", "at least", 1)]),
        (ZH_SHOP, "人数至少五人", [("最大人数", "at least", 5)]),
        (ZH_SHOP, "价格在50以下", [("价格", "at most", 50)]),
        (ZH_SHOP, "想要价格是25.5的", [("价格", "is", 25.5)]),
    ],
)  # fmt: skip
def test_a_bound_on_any_named_number_is_read(vocabulary, text, expected):
    assert asked(text, vocabulary=vocabulary) == expected


@pytest.mark.parametrize("text", ["价格低于50", "价格 低于 50", "price under 50", "price < 50"])
def test_below_a_named_price_is_not_at_it(text):
    vocabulary = ZH_SHOP if "价" in text else PLAYED
    ((_, operator, value),) = asked(text, vocabulary=vocabulary)
    assert operator == "at most"
    assert 49.99 < value < 50


def test_the_same_is_that_of_the_item_spoken_of():
    spoken = Reference(slate=FILMS, focus=HEAT)
    assert asked("by the same director", reference=spoken) == [("director", "is", "Mann")]
    found = read("by the same director", vocabulary=VOCABULARY, reference=SHOWN)
    assert [each.words for each in found.unclear] == ["by the same director"]  # Alien's is unknown


@pytest.mark.parametrize(
    ("text", "concept"),
    [("under 20 euros", "price"), ("in a good mood", "mood"), ("主演要好", "actor")],
)
def test_what_no_attribute_tells_is_said_to_be_unclear(text, concept):
    found = read(text, vocabulary=VOCABULARY, reference=SHOWN)
    assert [each.concept for each in found.unclear] == [concept]
    assert found.constraints == ()


def test_what_is_left_of_the_words_is_a_wish_and_nothing_that_was_read_is():
    found = read("a comedy about time travel", vocabulary=VOCABULARY, reference=SHOWN)
    assert found.wish == "time travel"
    assert read("show me something please", vocabulary=VOCABULARY, reference=SHOWN).wish == ""


def test_a_value_of_another_scene_is_understood_and_an_everyday_word_is_none():
    here = Vocabulary([UP], elsewhere=[ALIEN, make_item("s", "S", genres=("Short",), year=1)])
    assert asked("no horror", vocabulary=here) == [("genres", "is not", "Horror")]
    assert asked("a short film", vocabulary=here) == [("genres", "is", "Short")]
    assert asked("short", vocabulary=here) == []


def test_yes_and_no_among_the_values_are_no_conditions():
    here = Vocabulary([make_item("a", url="no", smoking="none", bar="yes", 停车="无")])
    assert asked("no smoking please", vocabulary=here) == [("", "does not mention", "smoking")]
    assert asked("没有烟味的", vocabulary=here) == [("", "does not mention", "烟味")]
    assert asked("yes, with a bar", vocabulary=here) == []


@pytest.mark.parametrize(
    ("said", "word"),
    [("no dice games", "dice"), ("no horror stories", "horror"), ("no sushi restaurants", "sushi"),
     ("no tower defence", "tower defence"), ("no games", "games")],
)  # fmt: skip
def test_a_ban_of_a_kind_of_thing_is_of_the_kind_and_not_of_the_phrase(said, word):
    here = Vocabulary([make_item("a", genre="Other")])
    assert asked(said, vocabulary=here) == [("", "does not mention", word)]


def test_numbers_are_read_in_digits_and_words():
    assert number("1,200") == 1200
    assert number("twelve") == 12
    assert number("两百") == 200
    assert number("二十五") == 25
    assert number("半") == 0.5
    assert number("many") is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error_and_spans_lie_within_it(text):
    for found in quantities(text.lower()):
        assert 0 <= found.start < found.end <= len(text.lower())
    read(text, vocabulary=VOCABULARY, reference=SHOWN)
    SHOWN.meant(text)


def test_items_are_meant_by_number_title_and_it():
    assert SHOWN.meant("the second") == [UP]
    assert SHOWN.meant("第三个") == [HEAT]
    assert SHOWN.meant("compare #1 and the last one") == [ALIEN, HEAT]
    assert SHOWN.meant("“Heat” or 《Up》") == [HEAT, UP]
    assert SHOWN.meant("alien") == [ALIEN]
    assert SHOWN.meant("it") == [ALIEN]  # nothing was spoken of: the first
    assert Reference().meant("it") == []
    assert Reference(focus=UP).meant("why that one") == [UP]
    assert Reference(focus=UP, titles=SHOWN.titles).meant("“That Film”") == []
    assert SHOWN.is_beyond("the fourth")
    assert plain("The Alien (1979)!") == "alien"
