"""Replies are read as a person would read them, and no further."""

import pytest

from recagent.llm.reply_reading import json_in, label_in, labels_in_lines


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here: {"a": "x } y"} and more', {"a": "x } y"}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{not json} but {"a": 1}', {"a": 1}),
        ("[1, 2]", [1, 2]),
    ],
)
def test_json_is_found_wherever_it_stands(text, value):
    assert json_in(text) == value


@pytest.mark.parametrize("text", ["", "none", "42", '"A"', '{"a": '])
def test_what_holds_no_whole_object_or_list_is_no_json(text):
    with pytest.raises(ValueError, match="no JSON"):
        json_in(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A", "A"), ("[A]", "A"), ("A.", "A"), (" a", "A"), ("**B**", "B"),
        ("A) Alien (1979)", "A"),
        ("AB: Babe", "AB"), ("Alien", None), ("a film", None), ("Z", None), ("", None),
    ],
)  # fmt: skip
def test_a_label_is_told_from_a_word(text, label):
    assert label_in(text, ["A", "B", "AB"]) == label


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("1. B\n2. A", ["B", "A"]),
        ("B > A > C", ["B", "A", "C"]),
        ("- B) Babe\n- A) Alien", ["B) Babe", "A) Alien"]),
        ("I think B is best", None),
        ("I like B.\nA is worse.", None),
        ("B", None),
    ],
)
def test_an_order_in_lines_is_told_from_prose(text, entries):
    assert labels_in_lines(text) == entries
