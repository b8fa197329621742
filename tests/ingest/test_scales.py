"""What ratings are out of, as their values tell; what they do not tell is asked."""

from collections import Counter

import pytest
from test_survey import kept, left_out, shop

from recagent.config.data_sections import RatingSettings
from recagent.domain import RatingScale
from recagent.errors import DataError
from recagent.ingest import read_catalogue
from recagent.ingest.scales import ScaleDoubt, scale_of
from recagent.profiles.building import is_liked

FIVE = RatingScale(low=1, high=5)
TEN = RatingScale(low=0, high=10)
LIKERT = {1: 40, 2: 30, 3: 50, 4: 80, 5: 90, 6: 70, 7: 60}
BOOKS = {0: 7161, 1: 18, 2: 28, 3: 60, 4: 89, 5: 510, 6: 369, 7: 765, 8: 1037, 9: 675, 10: 786}
ANIME = {-1: 1476, 1: 17, 2: 23, 3: 41, 4: 104, 5: 283, 6: 638, 7: 1376, 8: 1646, 9: 1254, 10: 955}


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ({1: 1, 5: 2}, FIVE),
        ({1: 611, 2: 1137, 3: 2714, 4: 3417, 5: 2120}, FIVE),
        ({3: 4, 4: 5}, FIVE),
        ({3.5: 1, 4.5: 1}, FIVE),
        ({0.5: 3, 3: 4, 5: 5}, RatingScale(low=0.5, high=5)),
        ({0: 1, 2: 2, 4: 3, 5: 4}, RatingScale(low=0, high=5)),
        ({0: 5, 10: 5}, TEN),
        ({1: 5, 7: 20, 10: 5}, TEN),
        ({6: 1, 8: 1}, TEN),
        ({6.5: 1, 9.5: 1}, TEN),
        ({60: 1, 85: 2}, RatingScale(low=0, high=100)),
        ({0: 2, 50: 9, 100: 4}, RatingScale(low=0, high=100)),
        ({0: 9, 1: 4}, RatingScale(low=0, high=1)),
        ({0.2: 9, 0.9: 4}, RatingScale(low=0, high=1)),
        ({-1: 3, 1: 4}, RatingScale(low=-1, high=1)),
        ({-1: 3, 0: 2, 1: 4}, RatingScale(low=-1, high=1)),
        ({-9.8: 3, 0.3: 2, 9.9: 100, 10: 3}, RatingScale(low=-10, high=10)),
        (LIKERT, RatingScale(low=1, high=7)),
        ({80: 40, 85: 90, 90: 60, 100: 3}, RatingScale(low=80, high=100)),
        (BOOKS, RatingScale(low=0, high=10, unrated=(0,))),
        (ANIME, RatingScale(low=0, high=10, unrated=(-1,))),
        ({-1: 2, 3: 2, 5: 2}, RatingScale(low=1, high=5, unrated=(-1,))),
        ({0: 900, 1: 10, 2: 20, 3: 90, 4: 200, 5: 180}, RatingScale(low=1, high=5, unrated=(0,))),
        ({0: 7, 1: 5, 2: 9, 3: 30, 4: 50, 5: 40}, RatingScale(low=0, high=5)),
        ({1: 90, 2: 100, 3: 300, 4: 400, 5: 200, 55: 1}, FIVE),
        ({1: 90, 2: 100, 3: 300, 4: 400, 5: 200, 7: 1}, FIVE),
        ({1: 900, 5: 4000, 8: 3000, 10: 2100, 11: 5}, TEN),
        ({1: 40, 2: 40, 3: 40, 4: 40, 5: 1}, FIVE),
        ({0: 60, 1: 60, 5: 1}, RatingScale(low=0, high=1)),
    ],
)
def test_the_scale_is_the_one_that_the_values_have(values, scale):
    assert scale_of(Counter(values)) == scale


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({5: 12}, "one rating"), ({1: 99}, "one rating"), ({-1: 4, 3: 4}, "one rating"),
        ({1: 1, 3: 1}, "unknown scale"), ({12: 4, 14: 3}, "unknown scale"),
        ({1: 300, 250: 4, 9000: 1}, "unknown scale"), ({-40: 3, 7: 9}, "unknown scale"),
        ({0: 70, 1: 9, 3: 30, 4: 50, 5: 40}, "zeros"), ({0: 3, 3: 1, 4: 1, 5: 1}, "zeros"),
    ],
)  # fmt: skip
def test_what_the_values_do_not_tell_is_a_doubt(values, why):
    found = scale_of(Counter(values))
    assert isinstance(found, ScaleDoubt)
    assert found.kind == why


HEAD = "user_id,item_id,timestamp,value\n"


def ratings(*values):
    return HEAD + "".join(f"ann,b{1 + at % 2},{at + 5},{v}\n" for at, v in enumerate(values))


def lines(found):
    return [str(problem) for each in found.values() for problem in each.examples]


@pytest.mark.parametrize(
    ("values", "said", "liked"),
    [
        ((1, 2, 3, 4, 5), "ratings are out of 5 (they go from 1 to 5): liked from 4",
         [False, False, False, True, True]),
        ((0.5, 3.5, 4, 5), "ratings are out of 5 (they go from 0.5 to 5): liked from 4",
         [False, False, True, True]),
        ((0, 6, 7, 10), "ratings are out of 10 (they go from 0 to 10): liked from 7",
         [False, False, True, True]),
        ((35, 69, 70, 100), "ratings are out of 100 (they go from 35 to 100): liked from 70",
         [False, False, True, True]),
        ((0, 1), "ratings are out of 1 (they go from 0 to 1): liked from 1", [False, True]),
        ((-1, 0, 1), "ratings are out of 1 (they go from -1 to 1): liked from 1",
         [False, False, True]),
    ],
)  # fmt: skip
def test_the_report_says_the_scale_and_from_where_on_something_is_liked(
    tmp_path, values, said, liked
):
    catalog = read_catalogue(shop(tmp_path, ratings(*values)))
    assert not catalog.report.problems
    assert any(said in line for line in lines(catalog.report.notes)), lines(catalog.report.notes)
    assert [is_liked(event, catalog.scale) for event in catalog.events()] == liked


@pytest.mark.parametrize(
    ("values", "scale", "liked"),
    [
        (("95%", "20%", "80%"), (0, 100), [True, False, True]),
        (("95 %", "８０％", "5％"), (0, 100), [True, True, False]),
        (("3%", "5%"), (0, 100), [False, False]),
        (("0,5%", "72,5%"), (0, 100), [False, True]),
        (("5/5", "2/5", "4/5"), (1, 5), [True, False, True]),
        (("7/10", "6 / 10"), (0, 10), [True, False]),
        (("4/5",), (1, 5), [True]),
        (("★★★★★", "★★", "★★★★☆"), (1, 5), [True, False, True]),
    ],
)
def test_cells_that_say_what_they_are_out_of_are_believed(tmp_path, values, scale, liked):
    catalog = read_catalogue(shop(tmp_path, ratings(*[f'"{value}"' for value in values])))
    assert not catalog.report.problems, lines(catalog.report.problems)
    assert catalog.scale == RatingScale(low=scale[0], high=scale[1])
    assert [is_liked(event, catalog.scale) for event in catalog.events()] == liked


@pytest.mark.parametrize(
    "values", [("95%", 4, "80%"), ("0.95", "95%"), ("4/5", "7/10"), ("★★★", "95%"), ("4/5", 4)]
)
def test_ratings_written_in_several_ways_are_one_fault(tmp_path, values):
    catalog = read_catalogue(shop(tmp_path, ratings(*values)))
    (line,) = lines(catalog.report.problems)
    assert "ratings are written in several ways" in line
    assert kept(catalog) == []


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("up", "down"), ("Up", "DOWN"), ("thumbs_up", "thumbs_down"), ("Thumbs-Up", "thumbs down"),
        ("👍", "👎"), ("👍🏽", "👎🏽"), ("like", "dislike"), ("liked", "disliked"),
        ("赞", "踩"), ("点赞", "点踩"), ("喜欢", "不喜欢"), ("好评", "差评"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["", "rating"])
def test_thumbs_in_words_among_ratings_are_likes_and_dislikes(tmp_path, up, down, kind):
    rows = f"user_id,item_id,timestamp,value,kind\nann,b1,5,{up},{kind}\nann,b2,6,{down},{kind}\n"
    catalog = read_catalogue(shop(tmp_path, rows))
    assert not catalog.report.problems, lines(catalog.report.problems)
    assert [event[3] for event in kept(catalog)] == ["like", "dislike"]
    assert [event.value for event in catalog.events()] == [None, None]
    counts = {step: each.count for (step, _, _), each in catalog.report.changes.items()}
    assert counts["thumb"] == 2


def test_other_words_among_ratings_and_thumbs_of_another_kind_stay_faults(tmp_path):
    for value, kind in (("sideways", ""), ("看过", ""), ("up", "purchase")):
        rows = f"user_id,item_id,timestamp,value,kind\nann,b1,5,{value},{kind}\n"
        (line,) = lines(read_catalogue(shop(tmp_path, rows)).report.problems)
        assert f"'{value}' is not a number" in line


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((5, 5, 5), "every rating (3) is 5, so what it is out of cannot be told"),
        ((1, 2, 3), "ratings from 1 to 3: what they are out of cannot be told"),
        ((0, 0, 0, 4, 5), "3 of 5 ratings are 0: the lowest one, or none at all"),
    ],
)
def test_a_scale_that_cannot_be_told_is_asked_for_as_one_fault(tmp_path, values, said):
    catalog = read_catalogue(shop(tmp_path, ratings(*values)))
    (line,) = lines(catalog.report.problems)
    assert said in line
    assert "[ratings] low" in line
    assert kept(catalog) == []
    assert sum(left_out(catalog).values()) == len(values)
    with pytest.raises(DataError, match=r"cannot be told|the lowest one"):
        catalog.refuse_problems()


def test_a_slip_among_many_ratings_is_a_fault_of_its_row_and_not_the_scale(tmp_path):
    catalog = read_catalogue(shop(tmp_path, ratings(*[1, 2, 3, 4, 5] * 40, 55)))
    assert catalog.scale == FIVE
    (line,) = lines(catalog.report.problems)
    assert "row 201: a rating needs a value from 1 to 5, got '55'" in line


def test_what_is_declared_wins_and_what_is_off_it_stays_a_fault(tmp_path):
    declared = RatingSettings(low=1, high=5)
    catalog = read_catalogue(shop(tmp_path, ratings(5, 5, 5), ratings=declared))
    assert catalog.scale == FIVE
    assert not catalog.report.problems
    (line,) = lines(read_catalogue(shop(tmp_path, ratings(5, 7), ratings=declared)).report.problems)
    assert "from 1 to 5, got '7'" in line


def test_a_declared_scale_on_which_nobody_likes_anything_is_said(tmp_path):
    declared = RatingSettings(low=0, high=10)
    catalog = read_catalogue(shop(tmp_path, ratings(*[1, 2, 3, 4, 5] * 4), ratings=declared))
    assert any("none of 20 ratings is a like: the highest is 5, liked from 7" in line
               for line in lines(catalog.report.notes))  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "value"), [({}, -1), ({"unrated": (0,)}, 0), ({"low": 1, "unrated": (99,)}, 99)]
)
def test_what_says_that_it_was_not_rated_is_a_view_and_counted(tmp_path, settings, value):
    rows = ratings(value, 8, 10, 7, 3, value)
    catalog = read_catalogue(shop(tmp_path, rows, ratings=RatingSettings(**settings)))
    assert not catalog.report.problems
    assert [kind for *_, kind in kept(catalog)] == ["view", *["rating"] * 4, "view"]
    assert next(catalog.events()).value is None
    ((step, _, _), change), = catalog.report.changes.items()  # fmt: skip
    assert (step, change.count) == ("unrated", 2)


def test_files_with_different_scales_are_a_fault_that_names_both(tmp_path):
    catalog = read_catalogue(shop(tmp_path, ratings(1, 3, 5), ratings(20, 60, 100)))
    (line,) = lines(catalog.report.problems)
    assert "events1.csv" in line
    assert "ratings are out of 100 here and out of 5 in" in line
    assert "events0.csv" in line


def test_a_file_that_does_not_tell_takes_the_scale_of_the_others(tmp_path):
    catalog = read_catalogue(shop(tmp_path, ratings(4, 4), ratings(1, 3, 5)))
    assert not catalog.report.problems
    assert catalog.scale == FIVE


def test_values_of_other_kinds_are_no_ratings(tmp_path):
    rows = "user_id,item_id,timestamp,kind,value\nann,b1,5,purchase,250\nann,b2,6,rating,2\n"
    rows += "ann,b2,7,rating,5\nann,b1,8,view,\n"
    catalog = read_catalogue(shop(tmp_path, rows))
    assert catalog.scale == FIVE


def test_without_ratings_there_is_no_scale(tmp_path):
    assert read_catalogue(shop(tmp_path, "ann,b1,books,5,like\n")).scale is None
