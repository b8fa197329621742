"""The survey reads everything, decides what must not be stored, and accounts for every row."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.cli.catalogue_report import report_json
from recagent.config.data_sections import (
    AttributeSettings,
    CatalogSettings,
    CleaningSettings,
    FileSettings,
    SceneSettings,
)
from recagent.config.settings import Settings
from recagent.errors import ConfigError, DataError
from recagent.ingest import read_catalogue

ITEMS = "item_id,scene,title\nb1,books,Dune\nb2,books,Emma\nf1,films,Alien\n"
HEADER = "user_id,item_id,scene,timestamp,kind\n"


def shop(folder, *events, items=ITEMS, users=None, **settings):
    """Settings of a catalogue of small files; every text of ``events`` is a file's rows."""
    (folder / "items.csv").write_text(items, encoding="utf-8")
    files = {"items": (FileSettings(path=folder / "items.csv"),)}
    if users is not None:
        (folder / "users.csv").write_text(users, encoding="utf-8")
        files["users"] = (FileSettings(path=folder / "users.csv"),)
    paths = []
    for place, rows in enumerate(events):
        path = folder / f"events{place}.csv"
        path.write_text(rows if rows.startswith("user") else HEADER + rows, encoding="utf-8")
        paths.append(FileSettings(path=path))
    cleaning = settings.pop("cleaning", {})
    return Settings(
        _env_file=None,
        catalog=CatalogSettings(**files, events=tuple(paths)),
        cleaning=CleaningSettings(**cleaning),
        **settings,
    )


def kept(catalog):
    return [(event.user_id, event.item_id, event.scene, event.kind) for event in catalog.events()]


def left_out(catalog, place=-1):
    return dict(catalog.report.files[place].left_out)


def test_a_clean_catalogue_is_handed_on_as_it_is(tmp_path):
    catalog = read_catalogue(
        shop(tmp_path, "ann,b1,books,2024-05-01,view\nbob,f1,films,2024-05-02,like\n")
    )
    assert [(item.scene, item.id) for item in catalog.items] == [
        ("books", "b1"), ("books", "b2"), ("films", "f1"),
    ]  # fmt: skip
    assert kept(catalog) == [("ann", "b1", "books", "view"), ("bob", "f1", "films", "like")]
    assert not catalog.report.problems
    assert not catalog.report.changes
    assert (catalog.report.people, catalog.report.scenes) == (2, Counter(books=2, films=1))
    catalog.refuse_problems()


def test_copies_are_left_out_across_files_and_every_pass_gives_the_same(tmp_path):
    row = "ann,b1,books,2024-05-01,view\n"
    other = "bob,b1,books,2024-05-01,view\n"
    late = "ann,b1,books,2024-05-02,view\n"
    catalog = read_catalogue(shop(tmp_path, row + row + other, other + late + row, row))
    wanted = [("ann", "b1", "books", "view"), ("bob", "b1", "books", "view"),
              ("ann", "b1", "books", "view")]  # fmt: skip
    assert kept(catalog) == wanted
    assert kept(catalog) == wanted
    assert [left_out(catalog, at) for at in (1, 2, 3)] == [
        {"same event": 1}, {"same event": 2}, {"same event": 1},
    ]  # fmt: skip
    assert len(catalog.dropped) == 4


def test_repeats_beyond_the_limit_are_left_out_and_copies_do_not_count_as_repeats(tmp_path):
    day = "ann,b1,books,2024-05-0{},view\n"
    events = day.format(1) * 2 + "".join(map(day.format, (2, 3, 4)))
    catalog = read_catalogue(shop(tmp_path, events, cleaning={"max_repeats": 2}))
    assert [event.at.day for event in catalog.events()] == [1, 2]
    assert left_out(catalog) == {"same event": 1, "repeat": 2}


def test_without_a_limit_very_many_repeats_are_only_noted(tmp_path):
    start = datetime(2024, 5, 1, tzinfo=UTC)
    rows = "".join(f"ann,b1,books,{start + timedelta(hours=at)},view\n" for at in range(103))
    catalog = read_catalogue(shop(tmp_path, rows))
    assert len(kept(catalog)) == 103
    (note,) = catalog.report.notes.values()
    assert "3 events repeat what the same person did to the same item 100 times" in str(
        note.examples[0]
    )


def test_bots_are_left_out_by_their_average_and_people_who_come_often_stay(tmp_path):
    bot = "".join(f"bot,b{1 + at % 2},books,2024-05-01T00:{at:02},view\n" for at in range(20))
    fan = "".join(f"fan,b1,books,2024-05-{1 + at:02},view\n" for at in range(20))
    catalog = read_catalogue(shop(tmp_path, bot + fan, cleaning={"max_events_per_day": 10}))
    assert {event.user_id for event in catalog.events()} == {"fan"}
    assert left_out(catalog) == {"bot": 20}
    assert catalog.report.people == 1


def test_somebody_whose_rows_were_exported_twice_is_no_bot(tmp_path):
    rows = "".join(f"ann,b{1 + at % 2},books,2024-05-01T00:{at:02},view\n" for at in range(4))
    catalog = read_catalogue(shop(tmp_path, rows * 3, cleaning={"max_events_per_day": 5}))
    assert len(list(catalog.events())) == 4
    assert left_out(catalog) == {"same event": 8}


def test_events_of_an_item_that_cleaning_left_out_are_orphans_of_its_scene(tmp_path):
    items = "item_id,scene,title,price\nb1,books,Dune,5\nb2,books,Solaris,\n"
    rows = "user_id,item_id,timestamp\nann,b1,2024-05-01\nann,b2,2024-05-02\n"
    declared = {"price": AttributeSettings(type="number", missing="drop")}
    catalog = read_catalogue(shop(tmp_path, rows, items=items, attributes=declared))
    assert catalog.report.problems == {}
    assert kept(catalog) == [("ann", "b1", "books", "view"), ("ann", "b2", "books", "view")]
    assert [kind for kind, _ in catalog.report.notes] == ["orphan kept"]


def test_an_events_file_that_changes_between_the_passes_is_named(tmp_path):
    catalog = read_catalogue(shop(tmp_path, "ann,b1,books,2024-05-01,view\n"))
    assert len(list(catalog.events())) == 1
    with (tmp_path / "events0.csv").open("a", encoding="utf-8") as file:
        file.write("ann,b1,books,2024-05-02,view\n")
    with pytest.raises(DataError, match=r"events0\.csv' changed while it was being read; run"):
        list(catalog.events())


def test_a_text_that_no_store_keeps_is_cleaned_whatever_the_settings_say(tmp_path):
    rows = "user_id,item_id,scene,timestamp,text\nann,b1,books,2024-05-01,so\0 good\n"
    catalog = read_catalogue(shop(tmp_path, rows, cleaning={"text": ()}))
    (event,) = catalog.events()
    assert event.text == "so good"
    assert ("unicode", "text") in {key[:2] for key in catalog.report.changes}


def test_people_have_all_their_attributes_and_come_once(tmp_path):
    path = tmp_path / "users.jsonl"
    lines = [json.dumps({"user_id": f"u{number}"}) for number in range(1_000)]
    lines += ['{"user_id": "ann", "city": "Rome"}'] * 2 + ['{"user_id": "u1", "city": "Bonn"}']
    path.write_text("\n".join(lines), encoding="utf-8")
    settings = shop(tmp_path, "")
    files = settings.catalog.model_copy(update={"users": (FileSettings(path=path),)})
    catalog = read_catalogue(settings.model_copy(update={"catalog": files}))
    people = {user.id: user.attributes for user in catalog.users}
    assert len(people) == len(catalog.users) == 1_001
    assert people["ann"] == {"city": "Rome"}
    (read,) = [read for read in catalog.report.files if read.holds == "users"]
    assert read.left_out == {"same row": 1, "duplicate person": 1}
    assert read.used == 1_001


def test_without_a_limit_busy_people_are_only_noted(tmp_path):
    start = datetime(2024, 5, 1, tzinfo=UTC)
    rows = "".join(f"ann,b{1 + at % 2},books,{start + timedelta(seconds=at)},view\n"
                   for at in range(1_001))  # fmt: skip
    catalog = read_catalogue(shop(tmp_path, rows))
    assert len(kept(catalog)) == 1_001
    assert "busy people" in {kind for kind, _ in catalog.report.notes}


def test_orphans_are_kept_with_a_note_or_left_out(tmp_path):
    rows = (
        "ann,b1,books,2024-05-01,view\nann,x9,books,2024-05-01,view\nann,b1,films,2024-05-01,view\n"
    )
    catalog = read_catalogue(shop(tmp_path, rows))
    assert len(kept(catalog)) == 3
    ((kind, file), found), = catalog.report.notes.items()  # fmt: skip
    assert (kind, found.count, [example.row for example in found.examples]) == (
        "orphan kept",
        2,
        [2, 3],
    )
    assert file == str(tmp_path / "events0.csv")
    catalog = read_catalogue(shop(tmp_path, rows, cleaning={"orphans": "drop"}))
    assert kept(catalog) == [("ann", "b1", "books", "view")]
    assert left_out(catalog) == {"orphan": 2}


def test_an_event_without_a_scene_has_that_of_its_item(tmp_path):
    items = ITEMS + "b1,radio,Dune\n"
    rows = "user_id,item_id,timestamp\nann,b2,5e8\nann,f1,1e9\nann,b1,1e9\nann,x9,1e9\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=items))
    assert [event.scene for event in catalog.events()] == ["books", "films", "books", "radio"]
    assert left_out(catalog) == {"orphan": 1}
    assert {kind for kind, _ in catalog.report.notes} == {"early time", "several scenes"}
    catalog = read_catalogue(shop(tmp_path, rows, items=items, cleaning={"orphans": "drop"}))
    assert left_out(catalog) == {"orphan": 1}


def test_one_id_in_several_scenes_must_be_one_thing(tmp_path):
    items = ITEMS + "b1,radio,Dune\nb1,films,Other\nb2,books,Emma\nb2,books,Emma again\n"
    catalog = read_catalogue(shop(tmp_path, items=items))
    assert [(item.scene, item.id) for item in catalog.items] == [
        ("books", "b1"), ("books", "b2"), ("films", "f1"), ("radio", "b1"),
    ]  # fmt: skip
    assert left_out(catalog) == {"two titles": 1, "same row": 1, "duplicate id": 1}


def test_events_of_a_merged_item_count_for_the_one_that_stays(tmp_path):
    title = "The slow loaf: forty breads that rise overnight"
    items = f"item_id,scene,title\nb1,books,{title}\nb2,books,{title}!\nb3,books,Tea for two\n"
    rows = "user_id,item_id,timestamp\nann,b2,1e9\nbob,b2,1e9\nbob,b1,1e9\nbob,b3,1e9\n"
    catalog = read_catalogue(shop(tmp_path, rows, items=items, cleaning={"near_duplicates": 0.8}))
    assert [item.id for item in catalog.items] == ["b1", "b3"]
    assert kept(catalog) == [("ann", "b1", "books", "view"), ("bob", "b1", "books", "view"),
                             ("bob", "b3", "books", "view")]  # fmt: skip
    assert left_out(catalog) == {"same event": 1}


def test_what_is_not_declared_is_noted(tmp_path):
    settings = shop(
        tmp_path,
        "ann,b1,books,2024-05-01,view\nzoe,b1,books,2024-05-01,view\n",
        items=ITEMS + "k1,kitchen,Kettle\nk2,kitchen,壶\n",
        users="user_id,about\nann,hello\n",
        scenes={"books": SceneSettings(), "films": SceneSettings()},
        attributes={"prise": {"type": "number"}, "title": {"text": ["html"]}},
    )
    notes = read_catalogue(settings).report.notes
    said = {kind: str(found.examples[0]) for (kind, _), found in notes.items()}
    assert set(said) == {
        "undeclared person",
        "undeclared scene",
        "english vectors",
        "unused attribute",
    }
    assert "1 people with events" in said["undeclared person"]
    assert "scene 'kitchen' is not declared" in said["undeclared scene"]
    assert "[attributes.prise]" in said["unused attribute"]


def test_words_of_people_and_of_events_are_cleaned(tmp_path):
    rows = "user_id,item_id,timestamp,text,device\nann,b1,1e9,\u200bso  good\0,\u202ephone\n"
    catalog = read_catalogue(shop(tmp_path, rows, users="user_id,about\nann,hi \x07there \n"))
    (event,) = catalog.events()
    assert (event.text, event.device) == ("so good", "phone")
    assert catalog.users[0].about == "hi there"
    fields = {(step, field) for step, field, _ in catalog.report.changes}
    assert fields == {("unicode", "text"), ("space", "text"), ("unicode", "device"),
                      ("unicode", "about"), ("space", "about")}  # fmt: skip


def test_without_item_files_or_items_the_next_step_is_named(tmp_path):
    with pytest.raises(ConfigError, match="recagent init"):
        read_catalogue(Settings(_env_file=None))
    with pytest.raises(DataError, match="has no items; give a file"):
        read_catalogue(shop(tmp_path, items="item_id,scene,title\n"))


def test_a_catalogue_of_which_nothing_can_be_used_is_refused_also_where_rows_may_be_dropped(
    tmp_path,
):
    items = "item_id,scene,title\nb1,books,\n"
    assert read_catalogue(shop(tmp_path, items=items)).report.problems
    with pytest.raises(DataError, match=r"no items \(.*row 1: 'title' is empty"):
        read_catalogue(shop(tmp_path, items=items, cleaning={"unusable": "drop"}))


def test_problems_are_refused_with_the_first_of_them_and_their_number(tmp_path):
    rows = "".join(f"ann,b1,books,day {at},view\n" for at in range(7))
    catalog = read_catalogue(shop(tmp_path, rows, items=ITEMS + "b1,books,Again\n"))
    with pytest.raises(DataError) as caught:
        catalog.refuse_problems()
    lines = str(caught.value).splitlines()
    assert "item id 'b1' is in scene 'books' twice" in lines[1]
    assert lines[2].startswith("  7 × ")
    assert "'day 0' is no time; use seconds since 1970 or ISO 8601" in lines[2]
    assert "recagent validate" in lines[3]


DIRTY = "ann,b1,books,2024-05-01,view\n" * 2 + "ann,x1,books,2024-05-01,like\n,b1,books,1e9,view\n"


@pytest.mark.slow
def test_another_process_with_other_hashes_gives_the_same_items_events_and_report(tmp_path):
    title = "The slow loaf: forty breads that rise overnight"
    items = "item_id,scene,title,price,topics\n" + "".join(
        f"i{at},s{at // 30},{title} {at // 2},{at if at % 3 else ''},a|t{at % 5}\n"
        for at in range(60)
    )
    events = "".join(
        f"u{at % 7},i{at % 5},s{at % 2},2024-05-0{1 + at % 3},view\n" for at in range(400)
    )
    shop(tmp_path, events + DIRTY, events, items=items)
    (tmp_path / "recagent.toml").write_text(
        '[catalog]\nitems = [{ path = "items.csv" }]\n'
        'events = [{ path = "events0.csv" }, { path = "events1.csv" }]\n'
        '[attributes.price]\nmissing = "most_frequent"\nnormalize = "zscore"\n'
        "[cleaning]\nnear_duplicates = 0.9\nmax_repeats = 2\n",
        encoding="utf-8",
    )
    script = (
        "import json\n"
        "from recagent.config.settings import load\n"
        "from recagent.ingest import read_catalogue\n"
        "from recagent.cli.catalogue_report import report_json\n"
        "found = read_catalogue(load())\n"
        "print(json.dumps([report_json(found.report), list(map(repr, found.items)),"
        " list(map(repr, found.events()))]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=tmp_path, check=True,
            capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    (output,) = outputs
    report, items, events = json.loads(output)
    assert report["notes"]
    assert {change["step"] for change in report["cleaned"]} >= {
        "most_frequent", "zscore", "near duplicates", "same event", "repeat",
    }  # fmt: skip
    assert len(items) < 60
    assert events


rows = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", " bob", "", "bot\0"]),
        st.sampled_from(["b1", "b2", "f1", "x9", ""]),
        st.sampled_from(["books", "films", "", "odd"]),
        st.sampled_from(["2024-05-01", "2024-05-02", "1e9", "5", "later", "2999-01-01"]),
        st.sampled_from(["view", "like", "rating", "hug", ""]),
    ),
    max_size=25,
)


@pytest.mark.slow
@given(
    files=st.lists(rows, min_size=1, max_size=3),
    orphans=st.sampled_from(["keep", "drop"]),
    repeats=st.integers(0, 2),
    per_day=st.sampled_from([0.0, 2.0]),
)
def test_every_row_of_every_file_is_used_or_left_out_for_a_reason(
    tmp_path_factory, files, orphans, repeats, per_day
):
    cleaning = {"orphans": orphans, "max_repeats": repeats, "max_events_per_day": per_day}
    texts = ["".join(",".join(row) + "\n" for row in file) for file in files]
    catalog = read_catalogue(shop(tmp_path_factory.mktemp("rows"), *texts, cleaning=cleaning))
    events = list(catalog.events())
    reads = [read for read in catalog.report.files if read.holds == "events"]
    assert [read.rows for read in reads] == [len(file) for file in files]
    assert sum(read.used for read in reads) == len(events)
    assert list(catalog.events()) == events
    assert catalog.report.people == len({event.user_id for event in events})
    unique = {(event.user_id, event.item_id, event.scene, event.kind, event.at) for event in events}
    assert len(unique) == len(events)
    assert report_json(catalog.report)["usable"] is not bool(catalog.report.problems)


cells = st.sampled_from(
    [
        "",
        " ",
        "1",
        "2.5",
        "-3",
        "a",
        "a|b",
        "NULL",
        "<b>x</b>",
        "\u200b",
        "三体",
        "\u202eזה",
        "1e99",
    ]
) | st.text(st.characters(codec="utf-8"), max_size=5)


@pytest.mark.slow
@given(
    table=st.lists(st.tuples(cells, cells, cells, cells), max_size=25),
    kind=st.sampled_from(["auto", "number", "text", "list"]),
    missing=st.sampled_from(["leave", "drop", "mean", "median", "min", "max", "most_frequent"]),
    normalize=st.sampled_from(["none", "minmax", "zscore", "log"]),
    unusable=st.sampled_from(["stop", "drop"]),
)
def test_any_items_and_any_cleaning_account_for_every_row(
    tmp_path_factory, table, kind, missing, normalize, unusable
):
    if kind in ("text", "list"):
        missing, normalize = "most_frequent", "none"
    declared = AttributeSettings(type=kind, missing=missing, normalize=normalize)
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["item_id", "scene", "title", "price"])
    writer.writerows((item_id, scene[:1], title, price) for item_id, scene, title, price in table)
    settings = shop(
        tmp_path_factory.mktemp("items"),
        attributes={"price": declared},
        cleaning={"unusable": unusable, "text": ("html", "unicode", "space"), "max_text": 4},
    )
    settings.catalog.items[0].path.write_bytes(lines.getvalue().encode())
    catalog = None
    with contextlib.suppress(DataError):  # for a table without a usable item
        catalog = read_catalogue(settings)
    if catalog is None:
        return
    (read,) = catalog.report.files
    assert read.rows == len(table)
    assert read.used == len(catalog.items)
    assert len({(item.scene, item.id) for item in catalog.items}) == len(catalog.items)
    assert all(item.title.strip() for item in catalog.items)
    assert report_json(catalog.report) == report_json(read_catalogue(settings).report)


@pytest.mark.parametrize("cleaning", [{}, {"max_events_per_day": 30}])
def test_numbers_of_rows_as_times_make_nobody_a_bot_and_it_is_said(tmp_path, cleaning):
    rows = "".join(f"ann,b{n % 2 + 1},{n}\n" for n in range(1, 1_102))
    events = "user_id,item_id,timestamp\n" + rows
    found = read_catalogue(shop(tmp_path, events, cleaning={"max_repeats": 2_000, **cleaning}))
    assert len(kept(found)) == 1_101
    notes = {kind: each.examples[0] for (kind, _), each in found.report.notes.items()}
    assert "busy people" not in notes
    limit = cleaning.get("max_events_per_day", 1_000)
    assert notes["no clock"].says() == (
        "1 people have only times of before 1990, which are an order and no clock: whether they "
        f"have more than {limit} events a day is not asked"
    )
    assert "只表示先后而非真实时间" in notes["no clock"].says("zh")
