"""Every message that the code raises has a Chinese sentence, and every sentence a message."""

import ast
from pathlib import Path
from string import Formatter

import pytest

import recagent
from recagent.cli.chinese import MESSAGES, in_chinese
from recagent.cli.chinese_scenes import NOTES

PACKAGE = Path(recagent.__file__).parent
# Raised for programs, not for people; and the fakes speak to testers.
NOT_SAID = {"AttributeError", "ValueError", "StopIteration"}
NOT_SPOKEN_BY = {"testing.py"}


def template(node):
    """The text of a literal, with {} where something is filled in; None for a bare expression."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    if isinstance(node, ast.BinOp):
        return (template(node.left) or "{}") + (template(node.right) or "{}")
    return None


def raised():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and path.name not in NOT_SPOKEN_BY:
                name = ast.unparse(node.func)
                said = template(node.args[0])
                if name.endswith("Error") and name not in NOT_SAID and said is not None:
                    yield said


def test_every_message_has_a_chinese_sentence_and_no_sentence_is_left_over():
    said = set(raised())
    assert len(said) > 80
    assert sorted(said - MESSAGES.keys()) == []
    assert sorted(MESSAGES.keys() - said) == []


@pytest.mark.parametrize("english", sorted(MESSAGES))
def test_what_is_filled_in_stays(english):
    fills = [f"«{number}»" for number in range(english.count("{}"))]
    said = english
    for fill in fills:
        said = said.replace("{}", fill, 1)
    chinese = in_chinese(said)
    assert all(fill in chinese for fill in fills), chinese
    assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
    used = {field for _, field, _, _ in Formatter().parse(MESSAGES[english]) if field is not None}
    assert used == {str(number) for number in range(len(fills))}


def test_every_note_of_a_list_that_has_a_chinese_sentence_is_noted_by_the_code():
    noting = [*(PACKAGE / "scenes" / "rules").glob("*.py"), PACKAGE / "profiles" / "building.py"]
    noting.append(PACKAGE / "pipeline" / "services.py")
    source = "".join(path.read_text(encoding="utf-8") for path in noting)
    for note in NOTES:
        assert note.split("{}")[0].split(": ")[0] in source, note
        assert in_chinese(note) != note


def test_a_message_within_a_message_is_translated_too():
    inner = "unknown scene 'x'; indexed are a, b"
    assert in_chinese(inner) == "未知场景 'x'；已建立索引的有 a, b"


def test_what_is_not_known_stays_as_it_is():
    assert in_chinese("disk I/O error") == "disk I/O error"
