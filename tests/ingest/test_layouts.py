"""RecBole's atomic files and MovieLens's folders are read as they come, also compressed."""

import gzip
from datetime import UTC, datetime

import pytest
from examples import raw
from reading import read_events, read_items, read_users

from recagent.domain import Event
from recagent.errors import DataError
from recagent.ingest import Report
from recagent.ingest.layouts import _GENRES
from recagent.ingest.users import UserReader

AT = datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)
FLAGS = ["1" if name in ("Comedy", "Romance") else "0" for name in _GENRES]
LAYOUTS = {
    "100K": {
        "u.data": "196\t242\t3\t881250949\n",
        "u.item": "|".join(["242", "Belle époque (1992)", "01-Jan-1992", "", "http", *FLAGS])
        + "\n",
        "u.user": "196|49|M|writer|05201\n",
    },
    "1M": {
        "ratings.dat": "196::242::3::881250949\n",
        "movies.dat": "242::Belle époque (1992)::Comedy|Romance\n",
        "users.dat": "196::M::49::20::05201\n",
    },
    "CSV": {
        "ratings.csv": "userId,movieId,rating,timestamp\n196,242,3.0,881250949\n",
        "movies.csv": "movieId,title,genres\n242,Belle époque (1992),Comedy|Romance\n",
        "links.csv": "movieId,imdbId\n242,1\n",
    },
}


def folder(tmp_path, layout, *, packed=False):
    for name, text in LAYOUTS[layout].items():
        content = text.encode("utf-8" if layout == "CSV" else "latin-1")
        path = tmp_path / (name + ".gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return tmp_path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_movielens_folder_is_films_and_ratings(tmp_path, layout, packed):
    path = folder(tmp_path, layout, packed=packed)
    (film,) = read_items(raw(path, scene="films"))
    assert (film.id, film.title) == ("242", "Belle époque (1992)")
    assert film.attributes["genres"] == ("Comedy", "Romance")
    assert list(read_events(raw(path, scene="films"))) == [
        Event(user_id="196", item_id="242", scene="films", kind="rating", value=3.0, at=AT)
    ]


@pytest.mark.parametrize("layout", ["100K", "1M"])
def test_its_people_have_attributes_and_post_codes_keep_their_zeros(tmp_path, layout):
    (person,) = read_users(raw(folder(tmp_path, layout)))
    assert person.id == "196"
    assert person.attributes["age"] == 49
    assert person.attributes["zip"] == "05201"


def test_a_title_with_a_quote_or_a_letter_of_latin_1_is_a_title(tmp_path):
    path = tmp_path / "movies.dat"
    path.write_bytes(
        b'1::"Crocodile" Dundee (1986)::Comedy\n2::Am\xe9lie::Drama\n3::Ocean\x92s Eleven::Crime\n'
    )
    assert [item.title for item in read_items(raw(path, scene="films"))] == [
        '"Crocodile" Dundee (1986)', "Amélie", "Ocean’s Eleven",
    ]  # fmt: skip


def test_a_file_that_is_only_called_like_movielens_is_a_plain_table(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,timestamp,value\nann,b1,5,1\n", encoding="utf-8")
    assert [event.user_id for event in read_events(raw(path, scene="books"))] == ["ann"]


INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949.0\n"
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tvec:float_seq\n"
    "242\tBelle epoque\t1992\tComedy Romance\t0.5 1.5\n250\tHeat\t1995\t\t\n"
)
USER = "user_id:token\tage:token\tzip_code:token\n196\t49\t05201\n"


def recbole(tmp_path):
    home = tmp_path / "ml-100k"
    home.mkdir()
    for suffix, text in [("inter", INTER), ("item", ITEM), ("user", USER)]:
        (home / f"ml-100k.{suffix}").write_text(text, encoding="utf-8")
    return home


@pytest.mark.parametrize("whole", [True, False])
def test_recbole_files_are_read_from_their_folder_or_by_name(tmp_path, whole):
    home = recbole(tmp_path)
    paths = (
        [home] * 3 if whole else [home / f"ml-100k.{kind}" for kind in ("item", "inter", "user")]
    )
    films = read_items(raw(paths[0], scene="films", columns={"title": "movie_title"}))
    assert [film.title for film in films] == ["Belle epoque", "Heat"]
    assert [dict(film.attributes) for film in films] == [
        {"release_year": 1992, "class": ("Comedy", "Romance"), "vec": ("0.5", "1.5")},
        {"release_year": 1995},
    ]
    (event,) = read_events(raw(paths[1], scene="films"))
    assert (event.user_id, event.item_id, event.value, event.at) == ("196", "242", 3.0, AT)
    (person,) = read_users(raw(paths[2]))
    assert person.attributes == {"age": 49, "zip_code": "05201"}


def test_without_ratings_recbole_events_are_views(tmp_path):
    path = tmp_path / "a.inter"
    path.write_text("user_id:token\titem_id:token\ttimestamp:float\n1\t2\t5\n", encoding="utf-8")
    assert [event.kind for event in read_events(raw(path, scene="films"))] == ["view"]


def test_a_folder_says_what_it_lacks_and_what_is_ambiguous(tmp_path):
    with pytest.raises(DataError, match="has no items; give a MovieLens or RecBole folder"):
        read_items(raw(tmp_path, scene="films"))
    for name in ("a.item", "b.item"):
        (tmp_path / name).write_text(ITEM, encoding="utf-8")
    with pytest.raises(DataError, match=r"several files of items \(a.item, b.item\); choose one"):
        read_items(raw(tmp_path, scene="films"))


def test_the_report_says_the_layout_and_what_was_read_by_the_old_encoding(tmp_path):
    report = Report()
    UserReader(report).read(raw(folder(tmp_path, "1M")))
    read_items(raw(tmp_path, scene="films"))
    assert [(read.layout, read.holds, read.rows) for read in report.files] == [
        ("MovieLens", "users", 1)
    ]
