"""Values as what they evidently are, and words within texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain.comparing import at_most, same, says

VALUES = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20))


@pytest.mark.parametrize(
    ("one", "other"),
    [("12", 12), (12, 12.0), ("12.0", 12), ("1,299.00", 1299), ("¥68", 68.0), ("25元", "25"),
     ("True", True), ("yes", True), (1, True), ("1", True), ("是", True), ("no", False), (0, False),
     ("否", False), ("True", "yes"), ("是", "true"), (1, "yes"), ("Dice Rolling", "dice  rolling"),
     ("Ｄｉｃｅ", "dice"), ("2024-05-01", "2024/5/1"), ("2024年5月1日", "2024-05-01"),
     ("2024-05-01T10:00:00", "2024-05-01")],
)  # fmt: skip
def test_one_value_in_two_spellings(one, other):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("007", 7), ("yes", "y"), (2, True), ("maybe", True), ("1", "yes"), ("dice", "dice rolling"),
     ("2024", "2024-05-01"), (12, "twelve")],
)  # fmt: skip
def test_two_values(one, other):
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(
    ("low", "high"),
    [(1, 2), ("1", 2), ("9", "10"), ("$9.99", 10), ("2024-04-30", "2024-05-01"),
     (2024, "2024-05-01"),
     ("2024-05-01", 2024), ("2023-12-31", "2024/1/2"), ("2024-05", "2024-05-17"), ("a", "b")],
)  # fmt: skip
def test_one_value_is_not_above_another(low, high):
    assert at_most(low, high)


@pytest.mark.parametrize(
    ("low", "high"),
    [(2, 1), ("10", "9"), (2025, "2024-05-01"), ("2024-05-01", 2023), ("z", 1), (1, "z"),
     ("2024-05-02", "2024-05-01")],
)  # fmt: skip
def test_one_value_is_above_another_or_they_are_no_pair(low, high):
    assert not at_most(low, high)


@pytest.mark.parametrize(
    ("text", "words"),
    [("Dice Rolling", "dice"), ("DICE-rolling", "Dice"), ("A game with dice.", "dice"),
     ("Zombies!", "zombie"), ("a zombie", "zombies"), ("Parties", "party"), ("wolf", "wolves"),
     ("Witches", "witch"), ("children", "child"), ("sci fi", "sci-fi"), ("SciFi", "sci-fi"),
     ("Area Control / Influence", "area control"), ("the dog's life", "dog"),
     ("C++ for all", "c++"),
     ("Rhythm, R&B", "R&B"), ("龙井茶叶", "茶"), ("3D打印机", "3d"), ("恐怖电影", "恐怖"),
     ("war_games", "war")],
)  # fmt: skip
def test_a_text_says_a_word(text, words):
    assert says(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [("medicine", "dice"), ("Award", "war"), ("Non-Fiction", "fiction"), ("nonfiction", "fiction"),
     ("gluten-free bread", "gluten"), ("without dice", "dice"), ("无糖饼干", "糖"),
     ("不含糖", "糖"),
     ("Melodrama", "drama"), ("dice", "dice rolling"), ("bus", "bu"), ("anything", ""),
     ("茶", "龙井茶")],
)  # fmt: skip
def test_a_text_does_not_say_a_word(text, words):
    assert not says(text, words)


@given(VALUES, VALUES)
def test_any_two_values_can_be_compared(one, other):
    assert same(one, other) == same(other, one)
    assert isinstance(at_most(one, other), bool)
    assert same(one, one)
    assert isinstance(says(str(one), str(other)), bool)
