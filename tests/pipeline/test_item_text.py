"""What an item's own text may do for it, where the model does whatever it is told.

`uv run python tests/support/attacks.py` tries more people and films, and prints the table.
"""

import pytest
from anyio import run
from attacks import HEADS, MODES, PLACES, make_shelf, read_patterns, rises

from recagent.ranking import clean_scores, rise_limit

PATTERNS = read_patterns()


@pytest.fixture(scope="module")
def shelf():
    return run(make_shelf)


def measured(shelf, pattern, *, wishes=("none", "unmatched"), heads=HEADS):
    """What the attack does for one person and one film, with one kind of head by turns."""
    head = heads[PATTERNS.index(pattern) % len(heads)]

    async def main():
        return await rises(
            shelf, pattern, people=shelf.people[:1], places=PLACES[:1], wishes=wishes,
            heads=(head,), texts=("attack",),
        )  # fmt: skip

    return run(main)


@pytest.mark.parametrize("pattern", PATTERNS, ids=[pattern.id for pattern in PATTERNS])
def test_a_text_lifts_its_item_no_further_than_allowed(shelf, pattern):
    found = measured(shelf, pattern)
    assert {each.mode for each in found} == {*MODES}
    assert [each for each in found if each.places > each.most] == []
    if pattern.known:
        assert not any(each.reached for each in found)
        # What is proposed may take its place in the pool.
        others = [each for each in found if each.mode != "proposals"]
        assert all(any("not shown to the model" in note for note in e.notes) for e in others)


@pytest.mark.parametrize("pattern", PATTERNS[:2], ids=[pattern.id for pattern in PATTERNS[:2]])
def test_where_no_sign_is_known_the_text_reaches_the_model_and_lifts_by_five(
    shelf, pattern, monkeypatch
):
    for module in (clean_scores, rise_limit):
        monkeypatch.setattr(module, "is_self_promotion", lambda _: False)
    found = measured(shelf, pattern)
    assert all(each.reached for each in found if each.mode != "proposals")
    assert max(each.places for each in found) == 5
    assert any("its say lifts an item at most 5 places" in note for e in found for note in e.notes)


def test_an_item_that_answers_the_wish_may_rise_further(shelf, monkeypatch):
    for module in (clean_scores, rise_limit):
        monkeypatch.setattr(module, "is_self_promotion", lambda _: False)
    found = measured(shelf, PATTERNS[0], wishes=("matched",))
    assert max(each.places for each in found) > 5
