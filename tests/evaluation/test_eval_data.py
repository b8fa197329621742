"""Data sets are read from where they lie; what is broken is named with file and line."""

import gzip
import json
import re
import shutil
import zipfile
from importlib import metadata

import platformdirs
import pytest

from recagent import demo
from recagent.errors import ConfigError, DataError
from recagent.evaluation.data import SOURCES, load_data
from recagent.evaluation.data.files import fingerprint
from recagent.offline.cases import given_cases, make_cases
from recagent.offline.leaks import check_leaks
from recagent.offline.splits import split


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def json_lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def refused(source, path):
    """What is said of data that cannot be used."""
    with pytest.raises((ConfigError, DataError)) as raised:
        load_data(source, path=path)
    return str(raised.value)


def test_an_unknown_source_is_named_with_those_that_there_are():
    assert "unknown [data] source 'netflix'; use one of demo, config" in refused("netflix", None)


@pytest.mark.parametrize(
    "source", sorted(SOURCES.keys() - {"demo", "movielens", "config", "made", "redial"})
)
def test_a_source_that_needs_a_folder_says_so(source, tmp_path):
    assert f'source = "{source}" needs path' in refused(source, None)
    assert "nowhere' is not a folder" in refused(source, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(source, tmp_path / "empty")


def test_the_demo_has_nine_scenes_and_events_in_order_of_time():
    data = load_data("demo")
    assert (len(data.scenes), len(data.items), len(data.events)) == (9, 4380, 51757)
    assert data.events == sorted(data.events, key=lambda event: event.at)
    assert data.scenes["horror"].label("zh") == "恐怖片"
    assert "not different kinds of goods" in data.note
    asked = make_cases(data, split(data), scenes=["horror", "comedy"], number=5)
    assert len(asked.cases) == 10
    check_leaks(asked, data)


@pytest.mark.slow
def test_a_folder_with_the_demos_tables_holds_the_same_events(tmp_path):
    for path in demo.DATA:
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    data, bundled = load_data("movietweetings", path=tmp_path), load_data("demo")
    assert data.events == bundled.events
    assert data.fingerprint != bundled.fingerprint


CONFIG = """
[catalog]
items = [{ path = "items.csv" }]
events = [{ path = "events.csv" }]
[scenes.books]
labels = { en = "Books" }
"""


def test_a_recagent_toml_declares_data_of_ones_own(tmp_path):
    write(tmp_path / "shop" / "recagent.toml", CONFIG)
    write(tmp_path / "shop" / "items.csv", "item_id,scene,title\nb1,books,Dune\nm1,music,Blue\n")
    events = "user_id,item_id,timestamp,kind\nann,m1,200,like\nann,b1,100,like\n"
    write(tmp_path / "shop" / "events.csv", events)
    data = load_data("config", path=tmp_path / "shop")
    assert data.name == "shop"
    assert [event.item_id for event in data.events] == ["b1", "m1"]
    assert (data.scenes["books"].label("en"), data.scenes["music"].label("en")) == (
        "Books",
        "music",
    )
    assert load_data("config", path=tmp_path / "shop" / "recagent.toml").name == "shop"
    write(tmp_path / "shop" / "events.csv", events + "ann,b1,yesterday,like\n")
    assert "row 3" in refused("config", tmp_path / "shop")
    assert 'source = "config" needs path' in refused("config", None)


ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "1\tToy Story\t1995\tComedy\n"
)
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n7\t1\t4\t881250949\n"
PERSON = "user_id:token\tage:token\n7\t24\n"


def atomic(folder):
    write(folder / "ml-100k.item", ITEM)
    write(folder / "ml-100k.inter", INTER)
    write(folder / "ml-100k.user", PERSON)
    return folder


def wheel(folder, *names):
    atomic(folder / "raw")
    path = folder / "recbole-1.2.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names or ("ml-100k.item", "ml-100k.inter", "ml-100k.user"):
            archive.write(folder / "raw" / name, f"recbole/dataset_example/ml-100k/{name}")
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_movielens_comes_from_a_folder_or_from_a_wheel(tmp_path, cache):
    data = load_data("movielens", path=wheel(tmp_path))
    assert (data.items[0].title, data.items[0].attributes["class"]) == ("Toy Story", ("Comedy",))
    assert (data.events[0].user_id, data.events[0].value) == ("7", 4.0)
    assert data.users["7"].attributes == {"age": 24}
    assert (data.scale.low, data.scale.high) == (1, 5)
    shutil.rmtree(tmp_path / "raw")
    assert load_data("movielens", path=tmp_path / "recbole-1.2.1-py3-none-any.whl").items
    (unpacked,) = (cache / "evaluation").iterdir()
    assert load_data("movielens", path=unpacked).events == data.events


def test_movielens_with_half_stars_has_their_scale(tmp_path):
    write(tmp_path / "movies.csv", 'movieId,title,genres\n1,"Toy Story (1995)",Comedy|Children\n')
    write(tmp_path / "ratings.csv", "userId,movieId,rating,timestamp\n1,1,0.5,964982703\n")
    data = load_data("movielens", path=tmp_path)
    assert (data.scale.low, data.events[0].value) == (0.5, 0.5)


def test_without_a_path_movielens_is_taken_from_the_installed_recbole(tmp_path, monkeypatch):
    def none(_name):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "files", none)
    assert "pip download recbole --no-deps" in refused("movielens", None)
    home = atomic(tmp_path / "recbole" / "dataset_example" / "ml-100k")

    class File:
        def __str__(self):
            return "recbole/dataset_example/ml-100k/ml-100k.inter"

        def locate(self):
            return home / "ml-100k.inter"

    monkeypatch.setattr(metadata, "files", lambda _: [File()])
    assert len(load_data("movielens", path=None).events) == 1


def test_a_path_that_is_no_movielens_is_refused(tmp_path, cache):
    assert "is neither a folder nor a wheel" in refused("movielens", tmp_path / "ratings.csv")
    assert "does not exist" in refused("movielens", tmp_path / "recbole.whl")
    assert "cannot unpack" in refused("movielens", write(tmp_path / "a.whl", "no zip"))
    assert "no file 'ml-100k.user'" in refused(
        "movielens", wheel(tmp_path, "ml-100k.item", "ml-100k.inter")
    )
    assert not cache.exists()


OLD = {
    "reviewerID": "A1", "asin": "B1", "overall": 5.0, "unixReviewTime": 1_400_000_000,
    "reviewText": "Fine.", "verified": True,
}  # fmt: skip
OLD_META = {
    "asin": "B1", "title": "A  brush", "category": ["Arts", "Brushes", "Arts"], "brand": "Acme",
    "price": "$1,024.50", "also_buy": ["B2"], "description": ["Long."],
}  # fmt: skip
NEW = {
    "user_id": "A1", "parent_asin": "C1", "asin": "C9", "rating": 2.0,
    "timestamp": 1_600_000_000_123, "text": "", "images": [],
}  # fmt: skip
NEW_META = {
    "parent_asin": "C1", "title": "A stapler", "main_category": "Office", "categories": [],
    "price": None, "store": "Acme", "average_rating": 4.9, "images": [{"large": "x"}],
}  # fmt: skip


def amazon(folder):
    write(folder / "Arts_5.json.gz", json_lines(OLD, OLD, {**OLD, "asin": "B2"}))
    write(folder / "meta_Arts.json.gz", json_lines(OLD_META, {"asin": "B2", "title": ""}))
    write(folder / "Office.jsonl", json_lines(NEW))
    write(folder / "meta_Office.jsonl", json_lines(NEW_META, {**NEW_META, "parent_asin": "C7"}))
    return folder


def test_amazons_reviews_of_both_releases_become_scenes_called_as_the_files(tmp_path):
    data = load_data("amazon", path=amazon(tmp_path))
    assert list(data.scenes) == ["Arts", "Office"]
    brush, stapler = data.items
    assert (brush.title, brush.scene) == ("A brush", "Arts")
    assert brush.attributes == {"category": ("Arts", "Brushes"), "brand": "Acme", "price": 1024.5}
    assert stapler.attributes == {"category": ("Office",), "brand": "Acme"}
    first, second = data.events
    assert (first.user_id, first.item_id, first.value, first.text) == ("A1", "B1", 5.0, "Fine.")
    assert (second.item_id, second.at.year, second.scene) == ("C1", 2020, "Office")
    assert "1 reviews in Arts" in data.note


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"overall": 9}, "rating 9 is not a number from 1 to 5"),
        ({"overall": "good"}, "rating 'good' is not a number"),
        ({"unixReviewTime": "then"}, "time 'then' is not a number of seconds"),
        ({"reviewerID": ""}, "'reviewerID' is missing"),
    ],
)
def test_a_broken_review_is_named_with_file_and_line(tmp_path, change, says):
    path = write(amazon(tmp_path) / "Arts_5.json.gz", json_lines(OLD, {**OLD, **change}))
    assert refused("amazon", tmp_path).startswith(f"{str(path)!r}, line 2: {says}")


def test_products_are_needed_and_must_be_whole(tmp_path):
    path = write(amazon(tmp_path) / "meta_Office.jsonl", json_lines(NEW_META) + "{broken\n")
    assert f"{str(path)!r}, line 2: not JSON" in refused("amazon", tmp_path)
    write(path, json_lines({"title": "Nameless"}))
    assert "line 1: 'parent_asin' and 'asin' are both missing" in refused("amazon", tmp_path)
    path.unlink()
    assert "no product file 'meta_Office'" in refused("amazon", tmp_path)
    (tmp_path / "Office.jsonl").unlink()
    write(tmp_path / "meta_Arts.json.gz", json_lines({"asin": "B1", "title": " "}))
    assert "no review of a product with a title" in refused("amazon", tmp_path)


def games(folder):
    items = "item_id:token\ttitle:token_seq\n" + "".join(f"{n}\tGame {n}\n" for n in range(40))
    write(folder / "items.tsv.gz", items)
    sequences = "user_id:token\titem_id_list:token_seq\titem_id:token\n7\t0 1 2 3\t4\n8\t4 5\t6\n"
    write(folder / "sequences_test_inter.tsv.gz", sequences)
    line = "7\t" + " ".join(map(str, [10, 4, *range(11, 39)])) + "\n"
    write(folder / "candidates_200.tsv", line)
    write(folder / "candidates_6k.tsv.gz", line)
    return folder


def test_games_have_the_target_and_the_first_19_others_of_a_line(tmp_path):
    data = load_data("games", path=games(tmp_path))
    (case,) = data.case_sets["6k"]
    assert (case.id, case.judgments) == ("7/games", {"4": 1})
    assert sorted(map(int, case.item_ids)) == [4, *range(10, 29)]
    assert case.item_ids != tuple(sorted(case.item_ids, key=int))
    assert [event.item_id for event in case.history] == ["3", "2", "1", "0"]
    own = {name: [e.item_id for e in data.events if e.user_id == name] for name in "78"}
    assert own == {"7": ["0", "1", "2"], "8": ["4"]}
    check_leaks(given_cases(data, "6k"), data)
    assert load_data("games", path=tmp_path).case_sets["6k"] == data.case_sets["6k"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("candidates_200.tsv", "9\t1 2\n", "line 1: unknown person '9'"),
        ("candidates_200.tsv", "7\t1 2\n", "line 1: 2 candidates beside the target instead of 19"),
        ("candidates_200.tsv", "7\t99\n", "line 1: unknown item '99'"),
        ("candidates_200.tsv", "7 1 2\n", "line 1: 1 fields instead of 2"),
        ("candidates_200.tsv", "\n", "has no candidates"),
        ("sequences_test_inter.tsv.gz", "u\tl\ti\n7\t0 1\t99\n", "line 2: unknown item '99'"),
        ("sequences_test_inter.tsv.gz", "u\tl\ti\n7\t0\t1\n7\t0\t1\n", "line 3: person '7'"),
    ],
)
def test_a_broken_line_of_games_is_named(tmp_path, name, text, says):
    path = write(games(tmp_path) / name, text)
    said = refused("games", tmp_path)
    assert said.startswith(repr(str(path)))
    assert says in said


def test_a_missing_or_cut_file_is_named(tmp_path):
    path = games(tmp_path) / "sequences_test_inter.tsv.gz"
    path.write_bytes(path.read_bytes()[:40])
    assert re.match(r"cannot read .*sequences_test_inter.tsv.gz' ", refused("games", tmp_path))
    path.unlink()
    assert "has no file 'sequences_test_inter.tsv.gz'" in refused("games", tmp_path)


CANDIDATES = {
    "user_id": 2, "split": "test", "target_scene": "art", "kind": "popular", "target": 4,
    "candidates": [5, 4, 3],
}  # fmt: skip


def art_office(folder, *lines):
    items = "item_id\tscene\ttitle\tcategory_text\n"
    items += "".join(f"{n}\tart\tBrush {n}\tarts\n" for n in range(6))
    items += "".join(f"{n}\toffice\tPen {n}\t\n" for n in range(6, 10))
    write(folder / "items.tsv.gz", items)
    train = {"user_id": 1, "split": "train", "history": [0, 6], "targets": {"office": 7, "art": 1}}
    test = {"user_id": 2, "split": "test", "history": [0, 6, 8], "targets": {"art": 4, "office": 8}}
    write(folder / "users.train_test.jsonl.gz", json_lines(train, test))
    uniform = {**CANDIDATES, "kind": "uniform", "candidates": [4, 2, 1]}
    again = {**CANDIDATES, "target_scene": "office", "target": 8, "candidates": [8, 9]}
    rows = lines or (CANDIDATES, uniform, again)
    write(folder / "candidates_20.test.jsonl.gz", json_lines(*rows))
    return folder


def test_art_office_asks_test_people_and_learns_from_train_peoples_targets(tmp_path):
    data = load_data("art_office", path=art_office(tmp_path))
    (case,) = data.case_sets["popular"]  # the target of the other is in its history
    assert (case.id, sorted(case.item_ids), case.judgments) == ("2/art", ["3", "4", "5"], {"4": 1})
    assert [(event.item_id, event.scene) for event in case.history] == [
        ("8", "office"),
        ("6", "office"),
        ("0", "art"),
    ]
    own = {name: [e.item_id for e in data.events if e.user_id == name] for name in "12"}
    assert own == {"1": ["0", "6", "7", "1"], "2": ["0", "6", "8"]}
    assert sorted(data.case_sets["uniform"][0].item_ids) == ["1", "2", "4"]
    assert "1 cases are left out" in data.note
    check_leaks(given_cases(data, "popular"), data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"user_id": 1}, "unknown test person '1'"),
        ({"candidates": [4, 7]}, "scene 'art' has no item '7'"),
        ({"candidates": [5]}, "missing candidate: the target '4'"),
        ({"kind": "random"}, "field 'kind' cannot be used: Input should be"),
    ],
)
def test_a_broken_line_of_art_office_is_named(tmp_path, change, says):
    folder = art_office(tmp_path, CANDIDATES, {**CANDIDATES, **change})
    path = folder / "candidates_20.test.jsonl.gz"
    assert refused("art_office", folder).startswith(f"{str(path)!r}, line 2: {says}")


def test_a_fingerprint_changes_with_a_byte_and_with_the_declarations(tmp_path):
    path = write(tmp_path / "a.tsv", "one")
    first = fingerprint([path])
    assert fingerprint([path]) == first
    assert fingerprint([path], declarations="another way") != first
    write(path, "two")
    assert fingerprint([path]) != first


def test_of_a_large_file_size_and_time_stand_for_the_content(tmp_path, monkeypatch):
    monkeypatch.setattr("recagent.evaluation.data.files.LARGE", 2)
    path = write(tmp_path / "a.tsv", "one")
    first = fingerprint([path])
    kept = path.stat()
    write(path, "two")
    __import__("os").utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert fingerprint([path]) == first
    __import__("os").utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns + 1))
    assert fingerprint([path]) != first


def turn(**changes):
    usual = {"id": "7/2", "dialogue": ["Hi!", "Anything like Alien?"], "mentioned": ["0078748"],
             "targets": ["0090605", "0084787"]}  # fmt: skip
    return usual | changes


def test_redial_asks_for_films_of_the_demo_in_the_words_of_a_dialogue():
    data = load_data("redial")
    cases = data.case_sets["turns"]
    assert (len(cases), len({case.user_id for case in cases})) == (1475, 803)
    assert [*data.scenes] == ["films"]
    assert {item.scene for item in data.items} == {event.scene for event in data.events}
    assert len(data.items) == 4380
    assert "CC BY 4.0" in data.note
    asked = given_cases(data, "turns", number=20)
    check_leaks(asked, data)
    assert all(case.wish and case.judgments and not case.item_ids for case in asked.cases)


def test_a_turn_of_redial_is_a_wish_after_a_dialogue_with_what_was_named_before(tmp_path):
    file = write(tmp_path / "turns.jsonl.gz", json_lines(turn()))
    (case,) = load_data("redial", path=file).case_sets["turns"]
    assert (case.id, case.user_id, case.scene) == ("7/2", "dialogue 7", "films")
    assert (case.dialogue, case.wish) == (("Hi!",), "Anything like Alien?")
    assert [(event.item_id, event.kind) for event in case.history] == [("0078748", "like")]
    assert [*case.judgments] == ["0090605", "0084787"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"targets": ["x"]}, "unknown item 'x'"),
        ({"mentioned": ["x"]}, "unknown item 'x'"),
        ({"targets": []}, "field 'targets' cannot be used"),
        ({"id": "7"}, "field 'id' cannot be used"),
    ],
)
def test_a_broken_turn_of_redial_is_named(tmp_path, change, says):
    file = write(tmp_path / "turns.jsonl", json_lines(turn(), turn(**change)))
    assert refused("redial", file).startswith(f"{str(file)!r}, line 2: {says}")
