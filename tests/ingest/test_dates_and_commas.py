"""Day or month first, commas before a fraction: what a whole column tells, and what not."""

from pathlib import Path

import pytest
from command import Command
from reading import read_events, read_items
from test_survey import ITEMS, shop

from recagent.config.data_sections import AttributeSettings, FileSettings
from recagent.config.settings import Settings
from recagent.ingest import read_catalogue, settings_for_files

HEAD = "user_id,item_id,timestamp\n"


def dated(folder, *cells, head=HEAD, **said):
    rows = "".join(f'ann,b{at % 2 + 1},"{cell}"\n' for at, cell in enumerate(cells))
    settings = shop(folder, head + rows, items=ITEMS)
    files = tuple(file.model_copy(update=said) for file in settings.catalog.events)
    catalog = settings.catalog.model_copy(update={"events": files})
    return read_catalogue(settings.model_copy(update={"catalog": catalog}))


def times(catalog):
    return [event.at.strftime("%Y-%m-%d %H:%M") for event in catalog.events()]


# Cells of a column, and what they mean.
COLUMNS = [
    (["03/04/2021", "31/05/2021"], ["2021-04-03 00:00", "2021-05-31 00:00"]),
    (["03/04/2021", "05/31/2021"], ["2021-03-04 00:00", "2021-05-31 00:00"]),
    (["3/4/2021 9:05", "31/5/2021 18:00"], ["2021-04-03 09:05", "2021-05-31 18:00"]),
    (["3/4/21 9:05 PM", "5/31/21 12:10 AM"], ["2021-03-04 21:05", "2021-05-31 00:10"]),
    (["03-04-2021", "21-07-2015"], ["2021-04-03 00:00", "2015-07-21 00:00"]),
    (["03.04.2021", "05.06.2021 10:00:01"], ["2021-04-03 00:00", "2021-06-05 10:00"]),
    (["03/04/2021", "2021-05-31", "13/01/2021"],
     ["2021-04-03 00:00", "2021-05-31 00:00", "2021-01-13 00:00"]),
    (["2021/3/4 9:05", "2021年5月31日"], ["2021-03-04 09:05", "2021-05-31 00:00"]),
    (["20210304090500", "20210531"], ["2021-03-04 09:05", "2021-05-31 00:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "meant"), COLUMNS)
def test_the_whole_column_tells_whether_day_or_month_comes_first(tmp_path, cells, meant):
    catalog = dated(tmp_path, *cells)
    assert not catalog.report.problems
    assert times(catalog) == meant
    said = [kind for kind, _ in catalog.report.notes if kind.endswith("-first")]
    assert len(said) == (not cells[0].startswith("20"))


def test_how_it_was_read_is_said(tmp_path):
    catalog = dated(tmp_path, "03/04/2021", "31/05/2021")
    (found,) = [each for (kind, _), each in catalog.report.notes.items() if kind == "day-first"]
    assert "'timestamp' is read day first, as '31/05/2021' tells" in found.line()
    assert 'set date_format = "month-first"' in found.line()
    assert "按先日后月读取，依据是 '31/05/2021'" in found.line("zh")


@pytest.mark.parametrize("cells", [["03/04/2021", "05/06/2021"], ["1-2-21 10:00"]])
def test_what_the_column_does_not_tell_is_a_fault_that_says_how_to_declare_it(tmp_path, cells):
    catalog = dated(tmp_path, *cells)
    (line,) = catalog.report.lines()
    assert "no 'timestamp' tells whether day or month comes first" in line
    assert 'date_format = "day-first" (or "month-first")' in line
    assert "看不出先写日还是先写月" in catalog.report.lines("zh")[0]
    assert catalog.report.files[-1].left_out["no order"] == len(cells)
    assert times(catalog) == []


@pytest.mark.parametrize(
    ("form", "cell", "meant"),
    [
        ("day-first", "03/04/2021", "2021-04-03 00:00"),
        ("month-first", "03/04/2021", "2021-03-04 00:00"),
        ("%d/%m/%Y", "03/04/2021", "2021-04-03 00:00"),
        ("%d %b %Y %H:%M", "3 Apr 2021 10:30", "2021-04-03 10:30"),
        ("%Y年%m月%d日 %H点", "2021年04月03日 10点", "2021-04-03 10:00"),
    ],
)
def test_the_format_is_declared_for_a_file(tmp_path, form, cell, meant):
    catalog = dated(tmp_path, cell, date_format=form)
    assert times(catalog) == [meant]
    assert not [kind for kind, _ in catalog.report.notes if kind.endswith("-first")]


def test_both_orders_in_one_column_are_a_fault(tmp_path):
    (line,) = dated(tmp_path, "13/04/2021", "04/13/2021").report.lines()
    assert "as '13/04/2021' and '04/13/2021'; write all dates in one way" in line


def test_a_day_that_does_not_exist_is_a_fault_of_its_row(tmp_path):
    catalog = dated(tmp_path, "31/05/2021", "30/02/2021")
    (line,) = catalog.report.lines()
    assert "row 2: 'timestamp' '30/02/2021' is no time" in line
    assert 'date_format on the file, as "%d %b %Y"' in line


def test_attributes_take_the_same_orders(tmp_path):
    path = tmp_path / "goods.csv"
    path.write_text("item_id,title,out\nb1,Dune,03/04/2021\n", encoding="utf-8")
    file = FileSettings(path=path)
    for order, day in (("day-first", "2021-04-03"), ("month-first", "2021-03-04")):
        attributes = {"out": AttributeSettings(date_format=order)}
        assert read_items(file, attributes=attributes)[0].attributes == {"out": day}


def test_the_command_takes_formats_of_files(recagent: Command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("goods.csv").write_text("item_id,title\nb1,Dune\n")
    Path("log.csv").write_text(HEAD + "ann,b1,03/04/2021\n")
    unsaid = recagent("validate", "goods.csv", "log.csv")
    assert unsaid.returncode == 1
    assert "--date-format log.csv=day-first" in " ".join(unsaid.stdout.split())
    for said in ("day-first", "log.csv=day-first", "log.csv=%d/%m/%Y"):
        assert recagent("validate", "goods.csv", "log.csv", "--date-format", said).returncode == 0
    wrong = recagent("validate", "goods.csv", "log.csv", "--date-format", "%H:%M")
    assert (wrong.returncode, "day-first" in wrong.stderr) == (2, True)
    lost = recagent("validate", "goods.csv", "log.csv", "--date-format", "x.csv=day-first")
    assert "there is no file 'x.csv'; correct --date-format" in lost.stderr


def goods(folder, *cells):
    path = folder / "goods.csv"
    rows = "".join(f'b{at};T{at};"{cell}"\n' for at, cell in enumerate(cells))
    path.write_text("item_id;title;x\n" + rows, encoding="utf-8")
    settings = settings_for_files(Settings(_env_file=None), [path], columns={})
    catalog = read_catalogue(settings)
    return [item.attributes.get("x") for item in catalog.items], catalog.report


# Cells of a column, what they mean, and the kind of note.
NUMBERS = [
    (["3,5", "4", "12,25"], [3.5, 4.0, 12.25], "decimal commas"),
    (["3,5", "", "?"], [3.5, None, None], "decimal commas"),
    (["1.299,50", "3,5"], [1299.5, 3.5], "decimal commas"),
    (["1,234", "2,5"], [1.234, 2.5], "decimal commas"),
    (["0,125", "0,5"], [0.125, 0.5], "decimal commas"),
    (["12,50 €", "1.299,00 €"], [12.5, 1299.0], "prices"),
    (["€ 12,50", "€ 7"], [12.5, 7.0], "prices"),
    (["1,234", "2,500"], [1234.0, 2500.0], "thousands"),
    (["1,299.00", "3.50"], [1299.0, 3.5], "thousands"),
    (["3,5", "4.5"], ["3,5", "4.5"], ""),
    (["3,5,7", "1,2"], ["3,5,7", "1,2"], ""),
    (["3,5", "三"], ["3,5", "三"], ""),
    (["1.5", "2.5"], [1.5, 2.5], ""),
]


@pytest.mark.parametrize(("cells", "meant", "note"), NUMBERS)
def test_commas_of_a_whole_column(tmp_path, cells, meant, note):
    values, report = goods(tmp_path, *cells)
    assert values == meant
    said = {kind for kind, _ in report.notes} & {"decimal commas", "prices", "thousands"}
    assert said == ({note} if note else set())


def test_thousands_that_may_be_fractions_are_said_with_the_way_out(tmp_path):
    _, report = goods(tmp_path, "1,234", "2,500")
    (line,) = [each.line() for (kind, _), each in report.notes.items() if kind == "thousands"]
    assert 'declare [attributes.x] decimal = "," if they are decimal commas' in line


def test_ratings_and_amounts_with_decimal_commas_are_read_and_counted(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user;item;rating\nann;b1;4,5\nbob;b1;3\n", encoding="utf-8")
    assert [event.value for event in read_events(FileSettings(path=path, scene="s"))] == [4.5, 3.0]
    path.write_text("user;item;hours\nann;b1;4,5\nbob;b1;0,125\n", encoding="utf-8")
    assert [event.value for event in read_events(FileSettings(path=path, scene="s"))] == [
        4.5,
        0.125,
    ]


def test_a_rating_with_commas_that_may_be_thousands_is_a_fault(tmp_path):
    rows = "user_id;item_id;timestamp;value\nann;b1;5;1,234\n"
    (line,) = read_catalogue(shop(tmp_path, rows, items=ITEMS)).report.lines()
    assert "'value' '1,234' is not a number" in line
