"""Every text for people is a template with named places, and every one has its Chinese."""

import ast
import pickle
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

import recagent
from recagent.errors import DataError, ModelError, ReplyError, StoreError
from recagent.locale import (
    LANGUAGES,
    LocalizedText,
    Phrases,
    joined,
    render,
    render_unique,
    translations,
)

PACKAGE = Path(recagent.__file__).parent
CHINESE = translations("zh")
# The fakes speak to testers, in English.
NOT_FOR_PEOPLE = {"fakes.py", "testing.py"}
HANDING_ON = {"joined", "self.late", "_message"}


def trees():
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name not in NOT_FOR_PEOPLE and path.parent != PACKAGE / "locale":
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def speaking():
    """Names of the classes whose first argument is a text: the errors, and LocalizedText."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"RecagentError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found | {"LocalizedText"}


def calls():
    """Every call that makes a text: where it stands, and the call."""
    names = speaking()
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in names:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def is_handed_on(node):
    """A text, or the message of an error, that was made elsewhere."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in HANDING_ON
    return isinstance(node, ast.Name | ast.Attribute)


def places(template):
    return sorted(
        (name, conversion, spec)
        for _, name, spec, conversion in Formatter().parse(template)
        if name is not None
    )


def templates():
    """Literal templates of the code, each with the names that are given to it."""
    own = {
        "retryable",
        "status",
        "retry_after",
        "reply",
        "busy",
        "says",
        "parameter",
    }  # of the error itself
    for where, call in calls():
        if call.args and isinstance(call.args[0], ast.Constant):
            yield where, call.args[0].value, {each.arg for each in call.keywords} - own


TEMPLATES = {template for _, template, _ in templates()}


def test_every_text_is_a_plain_literal():
    put_together = [
        f"{where}: {ast.unparse(call)}"
        for where, call in calls()
        if call.args
        and not isinstance(call.args[0], ast.Constant)
        and not is_handed_on(call.args[0])
    ]
    assert put_together == []
    assert len(TEMPLATES) > 300


def test_every_place_of_a_text_has_its_value_and_every_value_its_place():
    for where, template, given in templates():
        named = {name for name, _, _ in places(template)} if given else set()
        assert named == given, where


def test_every_text_has_its_chinese_and_no_chinese_is_left_over():
    spoken = {template for template in TEMPLATES if re.search(r"[A-Za-z]", _fixed(template))}
    assert sorted(spoken - CHINESE.keys()) == []
    assert sorted(CHINESE.keys() - spoken - {"{first}; {rest}"}) == []


def _fixed(template):
    return "".join(text for text, *_ in Formatter().parse(template))


@pytest.mark.parametrize("english", sorted(CHINESE))
def test_a_text_tells_its_values_in_both_languages(english):
    assert {*places(english)} == {*places(CHINESE[english])}
    values = {name: _sample(spec, at) for at, (name, _, spec) in enumerate(places(english))}
    said = LocalizedText(english, **values)
    for lang in LANGUAGES:
        text = said.in_language(lang)
        assert all(format(value, spec) in text for (_, _, spec), value in
                   zip(places(english), values.values(), strict=False)), text  # fmt: skip
    assert re.search(r"[\u4e00-\u9fff；（]", said.in_language("zh"))


def _sample(spec, at):
    if "%" in spec:
        return datetime(2020 + at, 1, 2, tzinfo=UTC)
    return 1.5 + at if spec else f"«{at}»"


def test_a_text_within_a_text_is_told_in_the_same_language():
    inner = DataError("unknown item {item_id!r}", item_id="x")
    outer = ModelError("embedded engine: {error}", error=inner, retryable=True)
    assert str(outer) == "embedded engine: unknown item 'x'"
    assert outer.in_language("zh") == "内置引擎：未知商品 'x'"
    assert outer.retryable


def test_what_nobody_translated_is_english_and_its_values_are_not():
    own = LocalizedText("our house: {error}", error=DataError("not a JSON object"))
    assert own.in_language("zh") == "our house: 不是 JSON 对象"


def test_a_message_without_values_is_what_it_is():
    assert str(DataError("{not} a {place")) == "{not} a {place"
    assert str(ModelError("disk I/O error")) == "disk I/O error"
    assert ModelError("disk I/O error").in_language("zh") == "disk I/O error"


def test_texts_are_joined_in_the_language_of_the_reader():
    texts = [
        LocalizedText("not a JSON object"),
        LocalizedText("not a JSON object"),
        LocalizedText("own"),
    ]
    assert str(joined(texts)) == "not a JSON object; not a JSON object; own"
    assert render_unique(texts, "zh") == "不是 JSON 对象；own"
    assert render_unique([], "zh") is None
    assert render("as it is", "zh") == "as it is"


def test_texts_are_the_same_when_they_read_the_same():
    one, other = LocalizedText("{n} s", n=1), LocalizedText("1 s")
    assert one == other
    assert hash(one) == hash(other)
    assert one != "1 s"
    assert repr(one) == "LocalizedText('1 s')"


def test_an_error_comes_back_from_another_process():
    error = StoreError("event store {url!r} names no file", url="sqlite://", busy=True)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (str(again), again.busy) == ("event store 'sqlite://' names no file", True)
    assert ReplyError("model {model!r} wrote no order", model="m", reply="{").reply == "{"


def test_english_needs_no_translations():
    code = (
        "import sys; from recagent.errors import DataError; str(DataError('{a}', a=1));"
        "assert 'tomllib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


TABLES = {
    (path.stem, table): texts
    for path in sorted((PACKAGE / "locale/phrases").glob("*.toml"))
    for table, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()
}


def test_every_table_of_phrases_is_used_once_and_every_one_that_is_used_exists():
    tables = [
        (call.args[0].value, call.args[1].value)
        for _, tree in trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("Phrases[")
    ]
    assert sorted(tables) == sorted(TABLES)


@pytest.mark.parametrize("name", TABLES, ids="/".join)
def test_phrases_have_the_same_keys_and_places_in_every_language(name):
    texts = {lang: Phrases(*name)[lang] for lang in LANGUAGES}
    assert texts["en"].keys() == texts["zh"].keys()
    for key, text in texts["en"].items():
        both = [text, texts["zh"][key]]
        parts = [[each] if isinstance(each, str) else each for each in both]
        names = [{place[0] for part in each for place in places(part)} for each in parts]
        assert names[0] == names[1], key
