"""Cleaning does what is declared, in one order, scene by scene, and counts every change."""

import random
import time
from dataclasses import replace

import pytest
from examples import make_item
from hypothesis import given
from hypothesis import strategies as st

from recagent.config.data_sections import AttributeSettings, CleaningSettings
from recagent.config.settings import Settings
from recagent.domain import Constraint
from recagent.infrastructure.vectors.item_metadata import item_from_metadata, item_metadata
from recagent.ingest import Report, missing, read_catalogue, text_cleaning
from recagent.ingest.catalogue_notes import script
from recagent.ingest.cleaning import Cleaner, near_duplicates
from recagent.ingest.report import Reading
from recagent.profiles.informative_values import item_traits
from recagent.prompts.words import full_caption
from recagent.scenes.constraints import satisfies
from recagent.scenes.rules import SceneCatalogue

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
PERSIAN = "می\u200cخواهم"


def cleaned(items, *, report=None, attributes=None, **cleaning):
    """The items after cleaning, the aliases, and the report."""
    report = report or Report()
    reading = Reading(report=report, file="items.csv", holds="items", layout="CSV", rows=len(items))
    rows = {(item.scene, item.id): row for row, item in enumerate(items, start=1)}
    declared = {name: AttributeSettings(**value) for name, value in (attributes or {}).items()}
    cleaner = Cleaner(
        report,
        attributes=declared,
        cleaning=CleaningSettings(**cleaning),
        origin=lambda item: (reading, rows[item.scene, item.id]),
    )
    return *cleaner.items(items), report


def column(items, name):
    return [item.attributes.get(name) for item in items]


def filled(items, name):
    return [item.filled_attributes.get(name) for item in items]


def counts(report):
    return {(step, field): change.count for (step, field, _), change in report.changes.items()}


@pytest.mark.parametrize(
    ("method", "values", "filler"),
    [
        ("mean", [1, None, 3, 8], 4), ("mean", [1.0, None, 2.0], 1.5),
        ("median", [1, 9, 2, None], 2),
        ("min", [3, None, 2], 2), ("max", [3, None, 2], 3),
        ("most_frequent", ["b", "a", None, "b"], "b"),
        ("most_frequent", ["b", "a", None], "a"), ("most_frequent", [("x",), None, ("x",)], ("x",)),
    ],
)  # fmt: skip
def test_a_missing_value_is_filled_by_a_statistic_of_its_column(method, values, filler):
    items = [make_item(str(at), **({} if value is None else {"v": value}))
             for at, value in enumerate(values)]  # fmt: skip
    out, _, report = cleaned(items, attributes={"v": {"missing": method}})
    assert column(out, "v") == values
    assert filled(out, "v") == [filler if value is None else None for value in values]
    (change,) = report.changes.values()
    hole = values.index(None)
    assert counts(report) == {(method, "v"): 1}
    assert (change.before, change.after) == (f"{hole}:", f"{hole}: {filler}")


def test_values_are_filled_scene_by_scene_and_not_where_a_scene_has_none():
    items = [
        make_item("a", price=10), make_item("b"),
        make_item("c", scene="films", price=90), make_item("d", scene="films"),
        make_item("e", scene="radio"),
    ]  # fmt: skip
    out, _, report = cleaned(items, attributes={"price": {"missing": "median"}})
    assert column(out, "price") == [10, None, 90, None, None]
    assert filled(out, "price") == [None, 10, None, 90, None]
    assert {where for _, _, where in report.changes} == {"books", "films"}


def test_items_without_the_value_are_dropped_and_accounted_for():
    items = [make_item("a", price=1), make_item("b"), make_item("c")]
    out, _, report = cleaned(items, attributes={"price": {"missing": "drop"}})
    assert [item.id for item in out] == ["a"]
    assert report.files[0].left_out == {"drop": 2}
    assert (report.files[0].rows, report.files[0].used) == (3, 1)


def shop(holes=10):
    """60 items, whose price follows from the pages and whose kind from the topic, with holes."""
    rng = random.Random(7)  # noqa: S311
    items = []
    for at in range(60):
        pages, topic = rng.randrange(100, 400), rng.choice(["bread", "tea"])
        known = {"pages": pages, "topics": (topic, "all")}
        if at >= holes:
            known |= {"price": pages / 10, "kind": "baking" if topic == "bread" else "brewing"}
        items.append(make_item(f"i{at}", **known))
    return items


def test_a_missing_value_is_predicted_from_the_other_attributes_always_alike():
    declared = {"price": {"missing": "predict"}, "kind": {"missing": "predict"}}
    out, _, report = cleaned(shop(), attributes=declared)
    for item in out[:10]:
        assert item.filled_attributes["price"] == pytest.approx(
            item.attributes["pages"] / 10, abs=3
        )
        bread = "bread" in item.attributes["topics"]
        assert item.filled_attributes["kind"] == ("baking" if bread else "brewing")
    assert counts(report) == {("predict", "price"): 10, ("predict", "kind"): 10}
    again, _, _ = cleaned(shop(), attributes={"price": declared["price"]})
    assert column(again, "price") == column(out, "price")
    assert filled(again, "price") == filled(out, "price")


@pytest.mark.parametrize(
    ("values", "method"),
    [(["a", "b", None], "mean"), ([True, False, None], "median"), ([1, None], "predict")],
)
def test_what_cannot_be_filled_stays_empty_and_is_noted(values, method):
    items = [make_item(str(at), **({} if value is None else {"v": value}))
             for at, value in enumerate(values)]  # fmt: skip
    out, _, report = cleaned(items, attributes={"v": {"missing": method}})
    assert column(out, "v") == values
    ((kind, _),) = report.notes
    assert kind == "not filled"
    assert not report.changes


@pytest.mark.parametrize(
    ("method", "values", "scaled"),
    [
        ("minmax", [1, 3, 2, None], [0.0, 1.0, 0.5, None]),
        ("minmax", [5, 5], [0.0, 0.0]),
        ("zscore", [1.0, 3.0], [-1.0, 1.0]),
        ("zscore", [2, 2], [0.0, 0.0]),
        ("log", [0, -1, 1], [0.0, -0.693147, 0.693147]),
    ],
)
def test_a_normalised_number_stands_beside_the_one_that_people_see(method, values, scaled):
    items = [make_item(str(at), **({} if value is None else {"v": value}))
             for at, value in enumerate(values)]  # fmt: skip
    out, _, report = cleaned(items, attributes={"v": {"normalize": method}})
    assert column(out, "v") == values
    assert column(out, f"v_{method}") == scaled
    assert counts(report) == {(method, "v"): sum(value is not None for value in values)}


def test_what_was_filled_is_normalised_with_the_rest():
    items = [make_item("a", v=0), make_item("b", v=10), make_item("c")]
    out, _, _ = cleaned(items, attributes={"v": {"missing": "max", "normalize": "minmax"}})
    assert column(out, "v_minmax") == [0.0, 1.0, None]
    assert filled(out, "v_minmax") == [None, None, 1.0]


def test_a_filled_value_is_no_fact_and_meets_no_condition():
    out, _, _ = cleaned(
        [make_item("a", price=10, mood="dark"), make_item("b")],
        attributes={"price": {"missing": "median"}, "mood": {"missing": "most_frequent"}},
    )
    known, silent = out
    cheap = Constraint(attribute="price", operator="at most", value=20)
    dark = Constraint(attribute="mood", operator="is", value="dark")
    assert satisfies(known, cheap)
    assert satisfies(known, dark)
    assert not satisfies(silent, cheap)
    assert not satisfies(silent, dark)
    assert "dark" not in silent.document()
    assert "dark" not in full_caption(silent)
    assert item_traits(silent) == frozenset()
    assert item_from_metadata(item_metadata(silent)) == silent


def test_an_age_that_was_filled_in_excludes_and_lets_nobody_in():
    out, _, _ = cleaned(
        [make_item("a", rated=18), make_item("b")], attributes={"rated": {"missing": "max"}}
    )
    catalogue = SceneCatalogue({item.id: item for item in out}, ())
    assert catalogue.numbers("rated", filled=True).tolist() == [18.0, 18.0]
    assert str(catalogue.numbers("rated").tolist()) == "[18.0, nan]"


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 1 < 2 & 3 > 2", "繁體中文與简体中文", FAMILY, ENGLAND, PERSIAN,
        "❤\ufe0f", "café", "ﬁ Ｆｕｌｌ ① ½", "שלום עולם", "مرحبا", "ไทย", "हिन्दी", "a\nb",
    ],
)  # fmt: skip
def test_words_scripts_and_emoji_stay_as_they_are(text):
    assert text_cleaning.cleaned(text_cleaning.cleaned(text, "html"), "unicode") == text


@pytest.mark.parametrize(
    ("text", "step", "after"),
    [
        ("cafe\u0301", "unicode", "café"),
        ("\u202babc\u202c \u200e\u2067x\u2069\u061c", "unicode", "abc x"),
        ("a\x00b\x1bc\x7f\x9b\ufeff\u200b\xad", "unicode", "abc"),
        ("a\x0cb\u2028c", "unicode", "a\nb\nc"),
        ("a\ud800b", "unicode", "ab"),
        (" a \t\n b\u3000c ", "space", "a b c"),
        ("Salt &amp; Time<br>", "html", "Salt & Time "),
        ("<p>One</p><p>t<b>w</b>o</p>", "html", " One  two "),
        ("x<script>if (a<b) y</script >z<STYLE>p{}</STYLE>", "html", "x z "),
        ("a<!-- <b>no</b> -->b &#x4e09; &nope; &lt;b&gt;", "html", "a b 三 &nope; <b>"),
        ("kept <script>open <!-- also", "html", "kept  open   also"),
        ("<b>a</b> <![if IE]> b<![foo[x]]>", "html", "a   b "),
    ],
)
def test_debris_goes(text, step, after):
    assert text_cleaning.cleaned(text, step) == after


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<!", "&", "<", "<a x='", "</", "<script>"])
def test_hostile_html_takes_no_longer_than_other_text(piece):
    started = time.process_time()
    text_cleaning.cleaned("<br>" + piece * 100_000, "html")
    assert time.process_time() - started < 5  # a tenth of a second, or hours


pieces = st.sampled_from(["<", ">", "b", "/b", "!--", "-->", "script", "&", "amp;", "#", " ", '"',
                          "三", "\u202e", "\0", "[", "]", "=", "&#99999999;"])  # fmt: skip


@given(text=st.text(max_size=30) | st.lists(pieces, max_size=20).map("".join))
def test_any_text_can_be_cleaned_and_unicode_and_space_change_nothing_twice(text):
    text_cleaning.cleaned(text, "html")
    for step in ("unicode", "space"):
        once = text_cleaning.cleaned(text, step)
        assert text_cleaning.cleaned(once, step) == once


def test_steps_are_taken_in_one_order_and_each_is_counted():
    item = make_item("a", "A", note=" <i>x</i>\u200b&nbsp; y ")
    out, _, report = cleaned([item], text=("space", "unicode", "html"))
    assert column(out, "note") == ["x y"]
    assert counts(report) == {("html", "note"): 1, ("unicode", "note"): 1, ("space", "note"): 1}
    assert list(report.changes) == [
        (step, "note", "items.csv") for step in ("html", "unicode", "space")
    ]


def test_an_attribute_may_have_steps_of_its_own():
    item = make_item("a", " A ", raw=" <b>x</b> ", text=" t ")
    out, _, report = cleaned([item], attributes={"raw": {"text": ()}, "title": {"text": ["html"]}})
    assert out[0].title == " A "
    assert out[0].attributes == {"raw": " <b>x</b> ", "text": "t"}
    assert [kind for kind, _ in report.notes] == ["html"]


def test_every_text_and_every_part_of_a_list_is_cleaned_and_empty_ones_go():
    item = make_item("a", "A", tags=("x\u200b", "\u200b"), only=("\u200b",), blank="\u200b", n=3)
    out, _, report = cleaned([item])
    assert out[0].attributes == {"tags": ("x",), "n": 3}
    assert counts(report)["unicode", "tags"] == 2


def test_a_title_that_cannot_be_seen_costs_the_item():
    out, _, report = cleaned([make_item("a", "\u200b\u202e"), make_item("b", "B")])
    assert [item.id for item in out] == ["b"]
    ((kind, file),) = report.problems
    assert (kind, file, report.files[0].left_out) == ("empty", "items.csv", {"empty": 1})
    assert next(report.examples()).row == 1


def test_long_texts_are_cut_and_counted():
    out, _, report = cleaned([make_item("a", "A", note="x" * 5_000_000)], max_text=100)
    assert column(out, "note") == ["x" * 100]
    assert counts(report) == {("max_text", "note"): 1}
    assert len(report.changes["max_text", "note", "items.csv"].before) <= 60


LOAF = "The slow loaf: forty breads that rise overnight"


@pytest.mark.parametrize(("threshold", "left"), [(0.7, ["a", "c"]), (1.0, ["a", "b", "c"])])
def test_near_duplicates_become_the_first_of_them(threshold, left):
    items = [make_item("a", LOAF), make_item("b", LOAF + "!"), make_item("c", "Tea for two"),
             make_item("a", LOAF, scene="films")]  # fmt: skip
    out, aliases, report = cleaned(items, near_duplicates=threshold)
    assert [item.id for item in out if item.scene == "books"] == left
    assert [item.id for item in out if item.scene == "films"] == ["a"]
    merged = len(left) < 3
    assert aliases == ({("books", "b"): "a"} if merged else {})
    assert report.files[0].left_out == ({"near duplicates": 1} if merged else {})
    assert len(report.notes) == merged


def test_equal_texts_are_found_at_the_highest_threshold():
    items = [make_item(str(at), LOAF if at % 2 else f"Other {at}") for at in range(6)]
    assert near_duplicates(items, threshold=1.0) == {"3": "1", "5": "1"}


values = st.none() | st.integers(-5, 5) | st.floats(-1e99, 1e99) | st.text(max_size=2)


@given(column=st.lists(values),
       method=st.sampled_from(["mean", "median", "min", "max", "most_frequent"]))  # fmt: skip
def test_as_many_values_are_filled_as_are_missing_or_none(column, method):
    values = missing.filled(column, method, others={})
    assert values is None or len(values) == sum(cell is None for cell in column)


@pytest.mark.parametrize(
    ("title", "name"),
    [("三体", "Chinese"), ("Dune 三", "Chinese"), ("Émile", "Latin"), ("1984", "other")],
)
def test_the_script_of_a_title(title, name):
    assert script(title) == name


@pytest.mark.parametrize(
    ("title", "named"),
    [("三體", "Chinese"), ("三体 Alien", "Chinese"), ("日本のお茶", "other"),
     ("서울의 봄", "other"), ("Dune", "Latin"), ("Дюна", "other"), ("1984", "other")],
)  # fmt: skip
def test_titles_are_told_apart_by_their_script(title, named):
    assert script(title) == named


def test_text_that_was_encoded_twice_is_mended_and_counted_by_column():
    items = [make_item("a", title="PokÃ©mon", name="ä½ å¥½"), make_item("b", title="Amélie")]
    out, _, report = cleaned(items)
    assert [(item.title, item.attributes.get("name")) for item in out] == [
        ("Pokémon", "你好"), ("Amélie", None),
    ]  # fmt: skip
    assert counts(report) == {("encoded twice", "title"): 1, ("encoded twice", "name"): 1}
    assert not report.problems


def test_text_whose_bytes_are_lost_is_a_fault_that_names_the_column():
    _, _, report = cleaned([make_item("a", title="ÐœÐ¾ÑÐºÐ²Ð°"), make_item("b")])
    assert [str(problem) for problem in report.examples()] == [
        "'items.csv': 'title' 'ÐœÐ¾ÑÐºÐ²Ð°' is UTF-8 that was read in another encoding, and parts "
        "are lost; export the column 'title' anew, as UTF-8"
    ]


def test_peoples_words_tags_and_attributes_are_cleaned_too(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text(
        "user_id,tags,about,city\nann,sea \0|\0,I  like\0 tea,\u200b上海\n", encoding="utf-8"
    )
    (tmp_path / "items.csv").write_text("item_id,title,scene\nb1,Dune,books\n", encoding="utf-8")
    settings = Settings(
        catalog={"items": [{"path": tmp_path / "items.csv"}], "users": [{"path": path}]}
    )
    (user,) = read_catalogue(settings).users
    assert (user.tags, user.about, user.attributes) == (("sea",), "I like tea", {"city": "上海"})


def test_a_huge_number_does_not_stop_a_prediction():
    items = [make_item(f"b{at}", size=1e50 if at == 3 else float(at)) for at in range(20)]
    items = [replace(item, attributes={**item.attributes, "price": 5.0}) if at else item
             for at, item in enumerate(items)]  # fmt: skip
    declared = {"price": {"type": "number", "missing": "predict"}}
    out, _, _ = cleaned(items, attributes=declared)
    assert column(out, "price") == [None] + [5.0] * 19
    assert out[0].filled_attributes == {"price": 5.0}


def test_an_ignored_attribute_is_read_for_cleaning_and_is_gone_afterwards():
    items = [make_item("a", image="https://x/y.png", v=1), make_item("b", image="z.png", v=3)]
    items = [replace(item, text="Words.") for item in items]
    ignore = {"image": {"ignore": True}, "text": {"ignore": True}, "v": {"reason": False}}
    (one, two), _, _ = cleaned(items, attributes=ignore)
    assert (one.attributes, two.attributes) == ({"v": 1}, {"v": 3})
    assert one.text == ""
    assert one.document() == "Title a 1"
