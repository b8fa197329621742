"""What people see beside an item: its rank, and how likely they are to like it; no pool share."""

import pytest
from examples import make_item

from recagent.chat.said import Shown
from recagent.cli import output
from recagent.domain import Entry, Explanation, Scene, Slate, Trace
from recagent.server.markdown import markdown


def make_slate(*figures):
    """A slate of (share of the pool, like-probability) pairs, in their order."""
    entries = tuple(
        Entry(rank=rank, item=make_item(f"b{rank}", f"Bread {rank}"), probability=share,
              features={}, like=like)
        for rank, (share, like) in enumerate(figures, start=1)
    )  # fmt: skip
    trace = Trace(id="t", scene_from="given", cold=None, sources={}, pool=len(entries))
    return Slate(user_id="ann", scene=Scene(name="books"), entries=entries, trace=trace)


def reasons(slate):
    return [Explanation(item=each.item, claims=(), evidence=()) for each in slate.entries]


# Of two unknown items the better has 79% of the pool, one that is left alone has all of it, and
# with diversity the shares do not fall with the rank.
@pytest.mark.parametrize("shares", [(0.79, 0.21), (1.0,), (0.2, 0.5, 0.3)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_table_shows_the_share_of_the_pool(capsys, shares, lang):
    slate = make_slate(*((share, None) for share in shares))
    output.slate_table(slate, reasons(slate), lang=lang)
    out = capsys.readouterr().out
    assert "Bread 1" in out
    assert "%" not in out
    assert "Likely" not in out
    assert "可能喜欢" not in out


@pytest.mark.parametrize(("lang", "title"), [("en", "Likely to like"), ("zh", "可能喜欢")])
def test_a_calibrated_figure_is_called_likely_to_like(capsys, lang, title):
    slate = make_slate((0.79, 0.62), (0.21, None))
    output.slate_table(slate, reasons(slate), lang=lang)
    out = capsys.readouterr().out
    assert title in out
    assert "62%" in out
    assert "79%" not in out
    assert "21%" not in out


def test_machines_get_both_figures():
    slate = make_slate((0.79, 0.62))
    (entry,) = output.slate_json(slate, reasons(slate))["slate"]
    assert (entry["probability"], entry["like"]) == (0.79, 0.62)


def test_a_list_in_an_answer_has_ranks_and_no_share():
    slate = make_slate((0.79, None), (0.21, None))
    said = markdown(Shown(slate=slate, explanations=tuple(reasons(slate))))
    assert said == "\n1. **Bread 1**\n2. **Bread 2**\n"
