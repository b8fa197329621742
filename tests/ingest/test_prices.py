"""Prices as exports write them are numbers, and what says that it is missing is no value."""

import pytest
from test_survey import shop

from recagent.ingest import read_catalogue
from recagent.ingest.prices import parse_prices

NT = ["29.00元", "12元", "8", "CNY 35.00", "¥20", "￥ 1,299.00", "18.00 元(全两册)", "", "7元",
      "6元", "5元", "4元", "NT$380"]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "numbers", "unit"),
    [
        (["29.00元", "12.5元", ""], [29, 12.5, None], "¥"),
        (["$12.50", "$8", "n/a"], [12.5, 8, None], "$"),
        (["¥29", "￥30", "未知"], [29, 30, None], "¥"),
        (["1,299", "12", "1,000,000"], [1299, 12, 1000000], ""),
        (["USD 1,299.99", "US$5"], [1299.99, 5], "$"),
        (["12.50 €", "€8", "?"], [12.5, 8, None], "€"),
        (["580円", "1,200円（税込）"], [580, 1200], "JPY"),
        (["-5元", "3元"], [-5, 3], "¥"),
        (NT, [29, 12, 8, 35, 20, 1299, 18, None, 7, 6, 5, 4, None], "¥"),
    ],
)
def test_a_column_of_prices_is_one_of_numbers(cells, numbers, unit):
    found = parse_prices(cells)
    assert found is not None
    assert ([*found.values], found.unit) == (numbers, unit)


@pytest.mark.parametrize(
    "cells",
    [
        ["$5", "€5"],  # no number without a rate
        ["cheap", "5元"],
        ["000123", "000,124"],
        ["B12", "B7"],
        ["12,5", "3.25"],  # both marks before a fraction: which one is not told
        ["free", "$5", "$6"],
        ["12", "13"],  # numbers as they are
        ["?", "-", ""],
        [],
        [["$5"], "$6"],
    ],
)
def test_other_columns_are_not(cells):
    assert parse_prices(cells) is None


ITEMS = (
    "item_id,scene,title,price,maker,seats\n"
    "b1,goods,Knife,29.00元,Ann,4\nb2,goods,Pot,12.50元,?,N/A\nb3,goods,Pan,8,未知,2\n"
    'b4,goods,Cup,"¥1,299",none,-\n'
)


def read(tmp_path, **settings):
    return read_catalogue(shop(tmp_path, items=ITEMS, **settings))


def test_items_have_the_numbers_and_no_value_for_what_is_missing(tmp_path):
    found = read(tmp_path)
    assert [item.attributes for item in found.items] == [
        {"price": 29.0, "maker": "Ann", "seats": 4},
        {"price": 12.5},
        {"price": 8.0, "seats": 2},
        {"price": 1299.0, "maker": "none"},  # which may be an answer, and not a missing one
    ]


def test_the_report_says_it_in_both_languages(tmp_path):
    report = read(tmp_path).report
    ((_, found),) = [each for each in report.notes.items() if each[0][0] == "prices"]
    (said,) = found.examples
    assert said.says() == "'price' is read as a number, in ¥, as '29.00元'"
    assert said.says("zh") == "'price' 按数字读取，单位为 ¥，如 '29.00元'"
    assert said.fix().startswith('declare [attributes.price] type = "text"')
    missing = {field: change.count for (step, field, _), change in report.changes.items()
               if step == "null"}  # fmt: skip
    assert missing == {"maker": 2, "seats": 2}


def test_prices_in_other_currencies_are_missing_and_said(tmp_path):
    rows = "".join(f"b{n},goods,Book {n},{price}\n" for n, price in enumerate(
        cell.replace(",", "") for cell in NT))  # fmt: skip
    report = read_catalogue(shop(tmp_path, items="item_id,scene,title,price\n" + rows)).report
    ((_, found),) = [each for each in report.notes.items() if each[0][0] == "other prices"]
    assert (
        found.examples[0]
        .line()
        .endswith(
            "1 values of 'price' are in another currency, or no amount, as 'NT$380': they are "
            "missing; give them in ¥, or leave them"
        )
    )
    assert "'NT$380'" in found.examples[0].line("zh")


def test_a_column_that_is_declared_as_text_stays(tmp_path):
    from recagent.config.data_sections import AttributeSettings

    found = read(tmp_path, attributes={"price": AttributeSettings(type="text")})
    assert found.items[0].attributes["price"] == "29.00元"
