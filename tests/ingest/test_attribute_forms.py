"""Columns written in a way of their own: lists, numbers and days, each as it is declared."""

import pytest
from pydantic import ValidationError
from test_survey import shop

from recagent.config.data_sections import AttributeSettings
from recagent.ingest import read_catalogue


def values(folder, cells, **declared):
    rows = "".join(f"b{place}\tbooks\tA\t{cell}\n" for place, cell in enumerate(cells))
    path = folder / "goods.tsv"
    settings = shop(folder, attributes={"x": declared})
    path.write_text(f"item_id\tscene\ttitle\tx\n{rows}", encoding="utf-8")
    file = settings.catalog.items[0].model_copy(update={"path": path})
    files = settings.catalog.model_copy(update={"items": (file,)})
    catalog = read_catalogue(settings.model_copy(update={"catalog": files}))
    return [item.attributes.get("x") for item in catalog.items], catalog.report


FORMS = [
    ({"separator": ","}, ["Action, Comedy", "Drama", ""], [("Action", "Comedy"), ("Drama",), None]),
    ({"separator": "、"}, ["科幻、悬疑", "爱情"], [("科幻", "悬疑"), ("爱情",)]),
    ({"separator": ";"}, ["a|b; c", "d;"], [("a|b", "c"), ("d",)]),
    ({"separator": "//"}, ["a//b"], [("a", "b")]),
    ({"decimal": ","}, ["12,50", "1.299,00", "¥3,5", "7", "-"], [12.5, 1299.0, 3.5, 7.0, None]),
    ({"decimal": ",", "type": "integer"}, ["1.000", "12"], [1000, 12]),
    ({"decimal": "."}, ["12.50", "7"], [12.5, 7.0]),
    ({"date_format": "%d.%m.%Y"}, ["31.05.2026", "01.02.1999"], ["2026-05-31", "1999-02-01"]),
    ({"date_format": "%m/%d/%Y"}, ["05/31/2026"], ["2026-05-31"]),
    ({"date_format": "%Y年%m月%d日"}, ["2026年05月31日", "无"], ["2026-05-31", None]),
    ({"date_format": "%b %d, %Y"}, ["Sep 3, 2007"], ["2007-09-03"]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "cells", "wanted"), FORMS)
def test_an_attribute_is_read_in_the_form_that_is_declared(tmp_path, declared, cells, wanted):
    found, report = values(tmp_path, cells, **declared)
    assert found == wanted
    assert not report.problems


def test_a_value_in_another_form_is_a_fault_that_names_what_to_change(tmp_path):
    _, report = values(tmp_path, ["31.05.2026", "2026/05/31"], date_format="%d.%m.%Y")
    (said,) = map(str, report.examples())
    assert "row 2: 'x' '2026/05/31' is not of type date" in said
    assert said.endswith("change type, decimal or date_format of [attributes.x]")


@pytest.mark.parametrize("given", ["dd.mm.yyyy", "%d.%m", "%Q", "%H:%M"])
def test_a_format_that_tells_no_day_is_refused(given):
    with pytest.raises(ValidationError, match=r"should tell year, month and day, as %d.%m.%Y"):
        AttributeSettings(date_format=given)
