"""Constraints: what an item must be known to be, checked by code and never by a model."""

import pytest
from examples import make_event, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.domain import Constraint, Context
from recagent.scenes.constraints import blocked, satisfies

FILM = make_item(
    "f1", "Alien", scene="films", genres=("Horror", "Sci-Fi"), minutes=117, year=1979, dubbed=False
)


def holds(attribute, operator, value, item=FILM):
    return satisfies(item, Constraint(attribute=attribute, operator=operator, value=value))


def test_a_film_of_117_minutes_is_under_two_hours():
    assert holds("minutes", "at most", 120)
    assert not holds("minutes", "at most", 100)
    assert holds("year", "at least", 1979.0)


def test_one_value_of_a_list_is_enough_in_any_spelling():
    assert holds("genres", "is", "horror")
    assert holds("genres", "is", ("comedy", "sci-fi"))
    assert not holds("genres", "is not", "horror")
    assert holds("dubbed", "is", value=False)


def test_what_an_item_does_not_tell_meets_no_demand_and_breaks_no_ban():
    for operator in ("is", "at least", "at most", "mentions"):
        assert not holds("price", operator, 10)
    for operator in ("is not", "does not mention"):
        assert holds("price", operator, 10)


def test_numbers_and_texts_are_no_pair():
    assert not holds("minutes", "at most", "z")
    assert not holds("genres", "at least", 1)


def test_an_empty_attribute_is_all_that_the_item_says():
    assert holds("", "mentions", "ALIEN")
    assert holds("", "mentions", "horror")
    assert not holds("", "does not mention", "alien")
    assert holds("title", "is", "alien")
    assert holds("id", "is not", ("f2", "f3"))


@given(st.sampled_from(["minutes", "genres", "price"]), st.one_of(st.integers(), st.text()))
def test_a_ban_is_the_opposite_of_its_demand(attribute, value):
    assert holds(attribute, "is", value) != holds(attribute, "is not", value)
    assert holds(attribute, "mentions", value) != holds(attribute, "does not mention", value)


ITEMS = [make_item(f"b{n}", f"book {n}", pages=100 * n) for n in range(1, 8)]
SHORT = Constraint(attribute="pages", operator="at most", value=300, words="something short")


@pytest.mark.parametrize("pool", [1, 3, 20])
def test_what_breaks_a_constraint_is_never_on_a_slate(pool):
    async def main():
        crowd = [make_event(f"p{n}", "b7") for n in range(5)]
        line, _ = await make_line(ITEMS, crowd, pool=pool)
        return await line.recommend("ann", k=5, context=Context(constraints=(SHORT,)))

    slate = wait(main())
    assert {entry.item.id for entry in slate.entries} == {"b1", "b2", "b3"}


def test_nothing_is_barred_without_constraints():
    items = {item.id: item for item in ITEMS}
    assert blocked(items, ()) == frozenset()
    assert blocked(items, [SHORT]) == {"b4", "b5", "b6", "b7"}
