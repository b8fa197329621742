"""Which titles are editions of one work, and where in a series a title stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import make_item

from recagent.scenes.editions import editions
from recagent.scenes.titles import _read_title, read_title, series_position

HOBBIT = {"author": "J. R. R. Tolkien"}

# Two titles as a catalogue has them, what else it tells of both, and whether they are one work.
PAIRS = [
    # Books.
    ("The Hobbit", "The Hobbit", HOBBIT, HOBBIT, True),
    ("The Hobbit", "Hobbit, The (75th Anniversary Edition)", {}, {}, True),
    ("Dune", "Dune: Deluxe Edition", {}, {}, True),
    ("Dune (Paperback)", "Dune (Hardcover, 2005)", {}, {}, True),
    ("Dune", "Dune Messiah", {}, {}, False),
    ("Thinking in Java (2nd Edition)", "Thinking in Java, Fourth Edition", {}, {}, True),
    ("Emma", "Emma [Large Print]", {"author": "Jane Austen"}, {"author": ("Jane Austen",)}, True),
    ("Emma", "Emma (Kindle Edition)", {"author": "Jane Austen"}, {"author": "Lee Moon"}, False),
    ("Emma", "Emma", {"author": "Jane Austen"}, {"author": "Lee Moon"}, False),
    ("Berserk, Vol. 3", "Berserk Volume 3", {"author": "Miura"}, {"author": "Miura"}, True),
    ("Berserk, Vol. 3", "Berserk, Vol. 4", {"author": "Miura"}, {"author": "Miura"}, False),
    ("Berserk Vol. 3 (Deluxe Edition)", "Berserk Vol. 3", {}, {}, True),
    ("三体", "三体（典藏版）", {}, {}, True),
    ("Startup Stories", "Startup Stories (Deluxe)", {}, {}, True),
    ("Rumours", "Rumours (Deluxe) [2013 Remaster]", {}, {}, True),
    ("Sapiens", "Sapiens (Abridged)", {}, {}, True),
    ("叶惠美", "叶惠美（豪华）", {}, {}, True),
    ("Doctor Who", "Doctor Who (Special)", {}, {}, False),
    ("Startup Stories", "Startup Stories (Live)", {}, {}, False),
    ("三体", "【精装】三体", {"作者": "刘慈欣"}, {"作者": "刘慈欣"}, True),
    ("三体 第一部", "三体 第二部", {"作者": "刘慈欣"}, {"作者": "刘慈欣"}, False),
    ("算法导论 第2版", "算法导论（第三版）", {}, {}, True),
    ("红楼梦（上册）", "红楼梦（下册）", {"作者": "曹雪芹"}, {"作者": "曹雪芹"}, False),
    ("烙印勇士 卷3", "烙印勇士 第三卷（珍藏版）", {}, {}, True),
    ("Ｄｕｎｅ　沙丘", "Dune 沙丘（精装版）", {}, {}, True),
    # Games.
    ("The Elder Scrolls V: Skyrim", "The Elder Scrolls V: Skyrim Special Edition", {}, {}, True),
    ("DARK SOULS™: REMASTERED", "Dark Souls", {}, {}, True),
    ("Dark Souls II", "Dark Souls III", {"developer": "FromSoftware"},
     {"developer": "FromSoftware"}, False),
    ("The Witcher 3: Wild Hunt", "The Witcher 3: Wild Hunt - Game of the Year Edition",
     {}, {}, True),
    ("Final Fantasy VII", "Final Fantasy VII Remake", {}, {}, False),
    ("Final Fantasy VII", "Final Fantasy 7 HD", {}, {}, True),
    ("FIFA 22", "FIFA 23", {"developer": "EA"}, {"developer": "EA"}, False),
    ("仁王", "仁王 完全版", {}, {}, True),
    ("只狼：影逝二度", "只狼：影逝二度 年度版", {}, {}, True),
    # Anime.
    ("进击的巨人 第一季", "进击的巨人 第二季", {"studio": "WIT"}, {"studio": "WIT"}, False),
    ("进击的巨人", "进击的巨人 第一季", {"studio": "WIT"}, {"studio": "WIT"}, True),
    ("进击的巨人 第3季", "进击的巨人 第三季【蓝光】", {}, {}, True),
    ("Attack on Titan Season 2", "Attack on Titan 2nd Season (Blu-ray)", {}, {}, True),
    ("Attack on Titan Season 3", "Attack on Titan Season 3 Part 2", {}, {}, False),
    # Films.
    ("Carrie (1976)", "Carrie (2013)", {}, {}, False),
    ("Carrie (1976)", "Carrie (2013) [Blu-ray]", {}, {}, False),
    ("Blade Runner", "Blade Runner (Director's Cut)", {}, {}, True),
    ("Blade Runner", "Blade Runner 2049", {}, {}, False),
    ("Hamlet", "Hamlet", {"year": 1948}, {"year": 1996}, False),
    # What is no edition mark where it stands.
    ("Paperback Writer", "Writer", {}, {}, False),
    ("The Special", "The", {}, {}, False),
    ("Limited Edition", "Deluxe Edition", {}, {}, False),
    ("第二季度报告", "第三季度报告", {"作者": "某公司"}, {"作者": "某公司"}, False),
    ("White shirt", "White shirt", {}, {}, False),  # nothing says that they are one
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "of_one", "of_other", "same"), PAIRS)
def test_titles_are_one_work_or_two(one, other, of_one, of_other, same):
    first, second = make_item("a", one, **of_one), make_item("b", other, **of_other)
    found = editions([first, second])
    assert found == ({"a": ("a", "b"), "b": ("a", "b")} if same else {})


def test_people_and_activities_have_no_editions():

    lessons = [
        replace(make_item(key, f"Yoga ({word} edition)", author="Mei"), task="activity")
        for key, word in (("a", "special"), ("b", "limited"))
    ]
    assert editions(lessons) == {}


def test_an_edition_without_an_author_is_of_the_only_work_of_that_title():
    emma = make_item("a", "Emma", author="Jane Austen")
    other = make_item("b", "Emma", author="Lee Moon")
    plain = make_item("c", "Emma (Paperback)")
    assert editions([emma, plain]) == {"a": ("a", "c"), "c": ("a", "c")}
    assert editions([emma, other, plain]) == {}  # whose it is cannot be told


ORDERS = [
    ["The Godfather", "The Godfather Part II", "The Godfather Part III"],
    ["Final Fantasy VII", "Final Fantasy IX", "Final Fantasy X", "Final Fantasy 12"],
    ["Berserk, Vol. 2", "Berserk, Vol. 10", "Berserk, Vol. 11 (Deluxe Edition)"],
    ["Dune (Dune Chronicles, #1)", "Dune Messiah (Dune Chronicles #2)"],
    ["进击的巨人", "进击的巨人 第二季", "进击的巨人 第三季", "进击的巨人 第三季 Part 2"],
    ["红楼梦 上册", "红楼梦（中册）", "红楼梦 下册"],
    ["烙印勇士 卷3", "烙印勇士 第十卷", "烙印勇士 卷十二", "烙印勇士 第二十卷"],
    ["Attack on Titan", "Attack on Titan Season 2", "Attack on Titan 3rd Season"],
]


@pytest.mark.parametrize("titles", ORDERS)
def test_a_title_tells_where_in_its_series_it_stands(titles):
    places = [read_title(title).position for title in titles]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("value", "place"),
    [(3, (3.0,)), ("3", (3.0,)), ("2.5", (2.5,)), ("Vol. 3", (3.0,)), ("第三卷", (3.0,)),
     ("下", (3.0,)), ("III", (3.0,)), ("2001-05-01", (2001.0, 5.0, 1.0)), ("", None),
     ("none", None), (True, None), (("1", "2"), None)],
)  # fmt: skip
def test_a_place_in_a_series_is_read_from_what_an_attribute_says(value, place):

    assert series_position(value) == place


def test_a_title_that_is_read_in_haste_says_what_it_says_when_read_with_care():
    titles = [title for one, other, *_ in PAIRS for title in (one, other)]
    for title in [*titles, *(title for titles in ORDERS for title in titles), "Godfather, The"]:
        assert read_title(title) == _read_title(title)
