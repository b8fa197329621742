"""``validate`` and ``init`` as people meet them, and the words that reports are made of."""

import json
import os
import re
import string
import sys
import tomllib
from pathlib import Path

import pytest

import recagent
from recagent import templates
from recagent.cli import catalogue_report as faces
from recagent.cli import main
from recagent.config.data_sections import CleaningSettings
from recagent.config.settings import Settings, load
from recagent.errors import ConfigError
from recagent.ingest import read_catalogue
from recagent.ingest.report import NOTES, PROBLEMS, STEPS, Problem

SHOPS = ["shop", "shop-zh"]
CATALOG = '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """The command line in this process, in a folder of its own: (exit code, stdout, stderr)."""
    for name in list(os.environ):
        if name.startswith(("RECAGENT_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["recagent", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return call


def files(**contents):
    for name, text in contents.items():
        Path(f"{name}.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def dirty(run):
    """A small shop with two problems and an orphan, its ids under a name of its own."""
    files(
        items="sku,scene,name\nb1,books,Dune\nb2,books,\n",
        events="user_id,sku,timestamp,scene\nann,b1,later,books\nann,b1,2024-05-01,books\n"
        "bob,x9,2024-05-01,books\n",
    )
    return run


MAP = ("--map", "item_id=sku,title=name")


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_shops_of_the_templates_are_clean_and_said_to_be_so_in_both_languages(run, shop, lang):
    assert run("init", "--template", shop)[0] == 0
    code, out, err = run("validate", "--lang", lang)
    assert (code, err.count("Traceback")) == (0, 0)
    words = faces.WORDS[lang]
    for word in ("file", "rows", "clean", "cleaned"):
        assert words[word] in out
    assert faces.WORDS["zh" if lang == "en" else "en"]["clean"] not in out
    assert STEPS[lang]["median"] in out


def test_the_template_in_chinese_reports_in_chinese(run):
    run("init", "--template", "shop-zh")
    assert "没有发现问题。" in run("validate")[1]


def test_a_catalogue_with_problems_names_each_and_exits_with_1(dirty):
    code, out, _ = dirty("validate", "items.csv", "events.csv", *MAP)
    assert code == 1
    for line in (
        "row 2: 'name' is empty; fill it or drop the row",
        "row 1: 'timestamp' 'later' is no time; use seconds since 1970 or ISO 8601",
        "row 3: item 'x9' is not in the catalogue's scene 'books'",
    ):
        assert line in " ".join(out.split())
    assert "Nothing is wrong." not in out


def test_the_report_as_json_has_every_number(dirty):
    code, out, _ = dirty("validate", "items.csv", "events.csv", *MAP, "--drop-orphans", "--json")
    report = json.loads(out)
    assert (code, report["usable"], report["people"]) == (1, False, 1)
    names = ("file", "holds", "rows", "used")
    assert [tuple(read[name] for name in names) for read in report["files"]] == [
        ("items.csv", "items", 2, 1), ("events.csv", "events", 3, 1),
    ]  # fmt: skip
    assert [read["left_out"] for read in report["files"]] == [
        {"empty": 1}, {"bad time": 1, "orphan": 1},
    ]  # fmt: skip
    assert [(each["kind"], each["file"], each["count"]) for each in report["problems"]] == [
        ("empty", "items.csv", 1), ("bad time", "events.csv", 1),
    ]  # fmt: skip
    assert report["problems"][1]["examples"] == [
        {"row": 1, "field": "timestamp", "value": "later", "says": "'timestamp' 'later' is no time",
         "fix": "use seconds since 1970 or ISO 8601, as 2026-05-01T20:00:00, or say how it is "
                    'written: --date-format "%d %b %Y"'},
    ]  # fmt: skip
    assert report["cleaned"] == [
        {"step": "orphan", "field": "sku", "where": "events.csv", "count": 1, "before": "x9",
         "after": ""},
    ]  # fmt: skip


def test_problems_are_shown_up_to_the_limit_and_all_are_counted(run):
    files(items="item_id,scene,title\n" + "".join(f"b{at},books,\n" for at in range(9)))
    code, out, _ = run("validate", "items.csv", "--limit", "2")
    assert code == 1
    assert "9 × 'items.csv', row 1: 'title' is empty; fill it or drop the row (also row 2)" in out
    chinese = run("validate", "items.csv", "--limit", "2", "--lang", "zh")[1]
    assert "9 × 'items.csv' 第 1 行：'title' 为空；请填写，或删除该行（还有第 2 行）" in chinese


def test_where_problems_may_be_dropped_they_are_shown_and_no_failure(dirty):
    config = CATALOG.replace("}]", ", columns = COLUMNS }]")
    config = config.replace("COLUMNS", '{ item_id = "sku", title = "name" }', 1)
    config = config.replace("COLUMNS", '{ item_id = "sku" }')
    Path("recagent.toml").write_text(config + '[cleaning]\nunusable = "drop"\n', encoding="utf-8")
    code, out, _ = dirty("validate")
    assert code == 0
    assert "is no time" in out


def test_events_alone_are_checked_against_the_declared_items(run):
    files(items="item_id,scene,title\nb1,books,Dune\n", more="user_id,item_id,timestamp\nann,x,5\n")
    Path("recagent.toml").write_text('[catalog]\nitems = [{ path = "items.csv" }]\n')
    code, out, _ = run("validate", "more.csv")
    assert code == 0
    assert "item 'x' is not in the catalogue's scene 'books'" in " ".join(out.split())


def test_files_and_folders_are_known_by_their_columns(run):
    files(a="item_id,scene,title\nb1,books,Dune\n", b="user_id,item_id,timestamp\nann,b1,1e9\n",
          c="user_id,tags\nann,x\n")  # fmt: skip
    home = Path("ml")
    home.mkdir()
    (home / "movies.csv").write_text("movieId,title,genres\n1,Heat (1995),Crime\n")
    (home / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4.0,964982703\n")
    code, out, _ = run("validate", "c.csv", "b.csv", "a.csv", "--json")
    assert code == 0
    assert {(read["file"], read["holds"]) for read in json.loads(out)["files"]} == {
        ("a.csv", "items"), ("b.csv", "events"), ("c.csv", "users"),
    }  # fmt: skip
    Path("recagent.toml").write_text(
        '[catalog]\nitems = [{ path = "ml", scene = "films" }]\n', encoding="utf-8"
    )
    code, out, _ = run("validate", "--json")
    assert (code, json.loads(out)["files"][0]["format"]) == (0, "MovieLens")


def test_named_files_are_indexed_without_a_config_and_faults_are_advised_for_there(run):
    files(goods="id,name\nb1,Dune\nb2,Emma\n", log="u1,b1,5,2024-05-01\nu1,b2,1,2024-05-02\n")
    code, _, err = run("index", "goods.csv", "log.csv")
    assert code == 1
    assert "--map log.csv:user_id=1,item_id=2,value=3,timestamp=4" in " ".join(err.split())
    numbers = "log.csv:user_id=1,item_id=2,value=3,timestamp=4"
    code, out, err = run("index", "goods.csv", "log.csv", "--map", numbers)
    assert code == 0, err
    assert "items: 2 indexed, 0 unchanged, 0 deleted; events: 2 new" in out
    code, _, err = run("index", "goods.csv", "log.csv", "--map", numbers, "--ratings", "1..4")
    assert code == 1
    assert "from 1 to 4, got '5'; correct it, or say what ratings are out of" in err
    assert "[cleaning]" not in err
    assert "recagent.toml" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--ratings", "5"], 2, "'5' is not as 1..5 or 1..5,unrated=0"),
        (["--ratings", "5..1"], 2, "'5..1' is not as 1..5"),
        (["--kinds", "buy"], 2, "'buy' is not WORD=KIND"),
        (["--map", "nowhere.csv:title=x"], 1, "there is no file 'nowhere.csv'"),
        (["--map", "item_id"], 2, "'item_id' is not FIELD=COLUMN"),
        (["--map", "=x"], 2, "is not FIELD=COLUMN"),
        (["--map", "price=cost", "items.csv"], 1, "unknown field 'price'; use one of item_id"),
        (["--map", "text=words", "items.csv"], 1, "no file has a column 'words' for 'text'"),
        (["--limit", "0"], 2, "--limit"),
        (["nowhere.csv"], 1, "'nowhere.csv' does not exist; correct the path"),
        (["odd.csv"], 1, "neither item_id nor user_id; its columns are code, caption"),
        (["odd.csv"], 1, "--map item_id=...,title=..."),
        (["empty"], 1, "folder 'empty' has no items"),
        ([], 1, "recagent init"),
        (["people.csv"], 1, "none of the files contains items; add one that does"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_answered_on_stderr_with_the_next_step(run, arguments, code, says):
    files(items="item_id,scene,title\nb1,books,Dune\n", odd="code,caption\n1,a\n",
          people="user_id,tags\nann,tea\n")  # fmt: skip
    Path("empty").mkdir()
    done, out, err = run("validate", *arguments)
    assert (done, out) == (code, "")
    plain = " ".join(re.sub("[│╭╮╰╯─]", " ", err).split())
    assert says in plain
    assert "Traceback" not in err


@pytest.mark.parametrize("name", templates.names())
def test_every_template_is_written_and_its_settings_load(run, name):
    code, out, err = run("init", "--template", name)
    assert code == 0
    assert {Path(line).name for line in out.split()} == {path.name for path in Path().iterdir()}
    assert {"recagent.toml", ".env.example"} <= {path.name for path in Path().iterdir()}
    assert "recagent validate" in err
    settings = load()
    assert settings.catalog.items
    # The shops' events do not say their scene, so there orphans cannot be kept.
    assert settings.cleaning == CleaningSettings(orphans="drop" if name in SHOPS else "keep")


def test_init_overwrites_nothing_and_writes_nothing_then(run):
    Path("items.csv").write_text("mine", encoding="utf-8")
    code, out, err = run("init", "--template", "shop")
    assert (code, out) == (1, "")
    assert "nothing was written because items.csv would be overwritten" in err
    assert [path.name for path in Path().iterdir()] == ["items.csv"]
    assert Path("items.csv").read_text(encoding="utf-8") == "mine"


def test_an_unknown_template_is_named_with_those_there_are(run):
    code, _, err = run("init", "--template", "store")
    assert code == 1
    there = "blank, books, education, finance, health, movielens, music, news, recbole, shop"
    assert f"unknown template 'store'; choose one of {there}, shop-zh, social, travel, video" in err
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write to folder"):
        templates.copy("blank", to=tmp_path / "file")


def test_a_template_that_fails_halfway_leaves_nothing(tmp_path, monkeypatch):
    write = Path.write_bytes

    def full(path, content):
        if path.name == "people.csv":
            raise OSError("no space left")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ConfigError, match="no space left"):
        templates.copy("shop", to=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shop", SHOPS)
def test_the_shops_have_what_their_settings_speak_of(tmp_path, monkeypatch, shop):
    monkeypatch.chdir(tmp_path)
    templates.copy(shop, to=tmp_path)
    catalog = read_catalogue(load())
    catalog.refuse_problems()
    assert {kind for kind, _ in catalog.report.notes} <= {"english vectors", "undeclared person"}
    assert catalog.report.scenes.keys() == load().scenes.keys()
    assert {step for step, _, _ in catalog.report.changes} >= {"html", "median"}


SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted(Path(recagent.__file__).parent.glob("ingest/*.py"))
    if path.name != "repeat_counter.py"
]


def said(*calls):
    """The literals that are given to these calls as kind or step, in the catalogue's code."""
    pattern = rf"(?:{'|'.join(calls)})\(\s*(?:\w+(?:\.\w+)?,\s*)?\"([\w ]+)\""
    return {name for source in SOURCES for name in re.findall(pattern, source)}


def test_every_kind_of_problem_has_words_and_no_words_are_unused():
    # By a condition, so no literal of the call.
    chosen = {"no scene", "several scenes", "unread columns", "unread meant", "attribute meant"}
    chosen |= {"prices", "thousands", "bad kind", "kind meant", "items of log", "ids of log"}
    chosen |= {"day-first", "month-first", "no order", "two orders", "decimal commas"}
    chosen |= {"unknown items", "other ids"}
    chosen |= {"unread rule", "empty quota"}  # said by loading, which knows the rules
    kinds = said("unusable", "note", "counted", r"Problem\(kind=") | chosen
    kinds |= {name for source in SOURCES for name in re.findall(r'kind="([a-z ]+)"', source)}
    assert kinds - {"text", "json", "parquet", "recbole"} == PROBLEMS["en"].keys()
    assert PROBLEMS["en"].keys() >= NOTES


def test_every_cleaning_step_has_words_and_no_words_are_unused():
    steps = said("changed", "leave_out") | {"same event", "repeat"} | {"html", "unicode", "space"}
    declared = Settings.model_fields["attributes"].annotation.__args__[1].model_fields
    methods = {
        name
        for field in ("missing", "normalize")
        for name in declared[field].annotation.__args__
        if name not in ("leave", "none")
    }
    assert steps | methods == STEPS["en"].keys()


@pytest.mark.parametrize("kind", PROBLEMS["en"])
def test_words_are_in_both_languages_and_speak_of_the_same_facts(kind):
    facts = {}
    for lang in ("en", "zh"):
        # The next step in a config file, and on the command line.
        says, *steps = PROBLEMS[lang][kind]
        assert says
        assert all(steps)
        assert steps
        parsed = string.Formatter().parse(says + "".join(steps))
        facts[lang] = {name for _, name, _, _ in parsed if name is not None}
    assert facts["en"] == facts["zh"]
    others = dict.fromkeys(facts["en"] - {"field", "value"}, "some")
    problem = Problem(kind=kind, field="f", value="v", facts=others)
    assert re.search("[一-鿿]", problem.says("zh"))
    assert not re.search("[一-鿿]", problem.says("en"))


def test_names_in_advice_are_keys_that_toml_takes():
    for name, key in [("price", "price"), ("价格", '"价格"'), ("手机 页", '"手机 页"')]:
        for lang in ("en", "zh"):
            said = Problem(kind="bad type", field=name, facts={"type": "number"}).fix(lang)
            assert f"[attributes.{key}]" in said
            tomllib.loads(f"[attributes.{key}]")
