"""What the catalogue says is text in Markdown, whatever it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.chat import Question, Words
from recagent.server.markdown import escaped, listed_titles, markdown, unescaped


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("M*A*S*H (1970)", r"M\*A\*S\*H (1970)"),
        ("[REC] (2007)", "&#91;REC&#93; (2007)"),
        ("[win](https://x.example)", "&#91;win&#93;(https://x.example)"),
        ("<b>Best</b>", r"\<b\>Best\</b\>"),
        ("# 1 `code` | a_b", r"\# 1 \`code\` \| a\_b"),
        ("大白鲨", "大白鲨"),
    ],
)
def test_a_title_is_no_markup(title, written):
    assert escaped(title) == written
    assert listed_titles(f"1. **{written}** A reason.\n") == [title]
    assert markdown(Words(text=title)) == written
    assert markdown(Question(text="Which?", options=(title,))) == f"\nWhich?\n- {written}\n"


@given(st.text(alphabet="a*_`<>#|~[]()\\ 大", max_size=20))
def test_what_was_escaped_comes_back(text):
    assert unescaped(escaped(text)) == text
