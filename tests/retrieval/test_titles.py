"""Titles written from memory are found where the catalogue has the thing, and only then."""

import pytest

from recagent.domain import Item
from recagent.retrieval.titles import TitleIndex, split_year

FILMS = [
    ("Toy Story", 1995), ("Toy Story 2", 1999), ("Toy Story 3", 2010), ("The Matrix", 1999),
    ("Beetle Juice", 1988), ("Se7en", 1995), ("Amélie", 2001), ("Dumb & Dumber", 1994),
    ("King Kong", 1933), ("King Kong", 2005), ("The Frozen", 2012), ("大话西游", 1995),
    ("The Naked Gun: From the Files of Police Squad!", 1988), ("The Godfather: Part II", 1974),
    ("The Godfather", 1972), ("Saw", 2004), ("Alien", 1979), ("Alien: Covenant", 2017),
    ("Crazy, Stupid, Love.", 2011),
]  # fmt: skip
INDEX = TitleIndex(
    {
        f"{title} {year}": Item(
            id=f"{title} {year}", scene="films", title=title, attributes={"year": year}
        )
        for title, year in FILMS
    }
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Toy Story (1995)", "Toy Story 1995"),
        ("toy story 2 (1999)", "Toy Story 2 1999"),
        ("The Matrix", "The Matrix 1999"),
        ("Matrix (1999)", "The Matrix 1999"),
        ("Matrix, The (1999)", "The Matrix 1999"),
        ("The Matrix (2000)", "The Matrix 1999"),  # the very title, a year beside
        ("Beetlejuice (1988)", "Beetle Juice 1988"),
        ("Amelie (2001)", "Amélie 2001"),
        ("Dumb and Dumber (1994)", "Dumb & Dumber 1994"),
        ("King Kong (2005)", "King Kong 2005"),
        ("King Kong (1933)", "King Kong 1933"),
        ("King Kong", "King Kong 1933"),  # the first of the catalogue
        ("The Naked Gun (1988)", "The Naked Gun: From the Files of Police Squad! 1988"),
        ("The Godfather Part II (1974)", "The Godfather: Part II 1974"),
        ("Crazy, Stupid, Love (2011)", "Crazy, Stupid, Love. 2011"),
        ("大話西遊（1995）", "大话西游 1995"),
        ("大话西游 (1995)", "大话西游 1995"),
    ],
)
def test_a_title_is_found_however_it_is_spelled(written, meant):
    assert INDEX.find(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "  ",
        "(1999)",
        "!!!",
        "Toy Story 4 (2019)",  # spelled almost as three others
        "Toy Story 2 (2010)",  # the year is of another
        "Frozen (2013)",  # not "The Frozen" of the year before
        "The Matrix (2021)",
        "Alien Resurrection (1997)",
        "Interstellar (2014)",
        "Saws (2012)",
    ],
)
def test_what_the_catalogue_does_not_have_is_not_found(written):
    assert INDEX.find(written) == ""


def test_items_without_a_year_are_found_by_their_title_alone():
    index = TitleIndex({"1": Item(id="1", scene="s", title="A Pocket Knife")})
    assert index.find("Pocket Knife") == "1"
    assert index.find("Pocket Knife (1999)") == "1"
    assert TitleIndex({}).find("Anything") == ""


def test_a_year_is_what_stands_in_brackets_at_the_end():
    assert split_year("1984 (1956)") == ("1984", 1956)
    assert split_year("2012") == ("2012", None)
    assert split_year("Blade Runner 2049, (2017) ") == ("Blade Runner 2049", 2017)
