"""A model describes items: what it does not know stays unknown, and a stopped run goes on."""

import json

import pytest
from examples import make_item, wait

from recagent.config.data_sections import DescribedAttribute, DescribeSettings
from recagent.config.settings import load
from recagent.domain import Scene
from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.ingest.describing import (
    describe,
    described_attributes,
    estimated_usage,
    make_requests,
    read_value,
    reply_schema,
)
from recagent.ingest.description_run import describe_all
from recagent.ingest.descriptions import described_ids, read_descriptions
from recagent.llm.batch_files import BatchModel, batch_id, read_replies, write_requests
from recagent.llm.retry import RetryWindow
from recagent.testing import ScriptedModel

MOOD = DescribedAttribute(values=("dark", "feel-good", "黑暗"), most=2)
PACE = DescribedAttribute(values=("slow", "fast"))
TOPICS = DescribedAttribute(most=3)
ABOUT = DescribedAttribute()
ATTRIBUTES = {"mood": MOOD, "pace": PACE, "topics": TOPICS, "about": ABOUT}
SETTINGS = DescribeSettings(attributes=ATTRIBUTES, per_request=2)
ITEMS = [make_item(f"b{n}", f"Title {n}") for n in range(1, 6)]


@pytest.mark.parametrize(
    ("attribute", "written", "value", "refused"),
    [
        (MOOD, ["dark"], ("dark",), 0),
        (MOOD, ["Dark ", "FEEL-GOOD"], ("dark", "feel-good"), 0),
        (MOOD, "dark", ("dark",), 0),
        (MOOD, ["dark", "dark"], ("dark",), 0),
        (MOOD, ["feel-good", "dark", "黑暗"], ("feel-good", "dark"), 0),
        (MOOD, ["gloomy", "dark"], ("dark",), 1),
        (MOOD, ["unknown"], (), 0),
        (MOOD, None, (), 0),
        (MOOD, [], (), 0),
        (MOOD, {"dark": True}, (), 0),
        (PACE, "slow", "slow", 0),
        (PACE, ["slow", "fast"], "slow", 0),
        (PACE, "medium", "", 1),
        (PACE, "N/A", "", 0),
        (PACE, "不详", "", 0),
        (TOPICS, ["grief", "", None, "the sea", "ships", "whales"],
         ("grief", "the sea", "ships"), 0),
        (TOPICS, [1984], ("1984",), 0),
        (ABOUT, "A whale.\nA captain.", "A whale. A captain.", 0),
        (ABOUT, "Unknown.", "", 0),
        (ABOUT, "x" * 500, "x" * 239 + "…", 0),
    ],
)  # fmt: skip
def test_a_written_value_is_read_and_an_unknown_one_stays_unknown(
    attribute, written, value, refused
):
    assert read_value(written, attribute) == (value, refused)


def requests(done=(), items=ITEMS, settings=SETTINGS, **scenes):
    return [*make_requests(items, frozenset(done), settings=settings, scenes=scenes, lang="en")]


def test_requests_are_of_a_few_items_of_one_scene_each_once():
    films = [make_item("f1", "Alien", scene="films"), make_item("b1", "Title 1", scene="films")]
    asked = requests(items=[*films, *ITEMS])
    assert [[item.id for item in each.items] for each in asked] == [
        ["b1", "b2"], ["b3", "b4"], ["b5"], ["f1"],
    ]  # fmt: skip


def test_a_request_is_the_same_whatever_else_is_done():
    first, second, third = requests()
    assert requests(done=["b1", "b2", "b5"]) == [second]
    assert requests(done=["b3", "b4"]) == [first, third]
    assert [item.id for item in requests(done=["b1"])[0].items] == ["b2"]


def test_a_scene_is_asked_in_its_language_and_by_its_label():
    scene = Scene(name="books", labels={"zh": "图书"}, language="zh")
    system, user = requests(books=scene)[0].messages
    assert "确实知道什么" in system.content
    assert "来自“图书”" in user.content


def described(reply, items=ITEMS[:2]):
    (request,) = requests(items=items)
    model = ScriptedModel(reply=json.dumps(reply))
    return wait(
        describe(request, model=model, attributes=ATTRIBUTES, attempts=1, window=RetryWindow())
    )


def test_what_a_model_leaves_out_is_no_value_and_what_it_adds_is_ignored():
    found = described({"items": [
        {"number": 2, "mood": ["dark"], "pace": None, "topics": ["sea"], "price": 3},
        {"number": 1},
    ]})  # fmt: skip
    first, second = found.descriptions
    assert (first.item_id, first.values) == ("b2", {"mood": ("dark",), "topics": ("sea",)})
    assert (second.item_id, second.values, second.model) == ("b1", {}, "scripted")
    assert (found.missing, found.refused) == (0, 0)


def test_objects_of_no_item_or_of_one_that_came_are_left_out():
    found = described({"items": [
        {"number": 1, "pace": "slow"}, {"number": 1, "pace": "fast"}, {"number": 7, "pace": "fast"},
        {"pace": "fast"}, {"number": True, "pace": "fast"},
    ]})  # fmt: skip
    assert [(each.item_id, each.values) for each in found.descriptions] == [
        ("b1", {"pace": "slow"})
    ]
    assert found.missing == 1


@pytest.mark.parametrize("reply", [{"items": []}, {"items": [{"number": 9}]}, {"order": [1]}])
def test_a_reply_that_describes_nothing_is_an_error(reply):
    with pytest.raises(ReplyError, match="described no item"):
        described(reply)


def test_the_schema_lets_everything_be_unknown():
    item = reply_schema(ATTRIBUTES)["properties"]["items"]["items"]
    assert item["required"] == ["number", *ATTRIBUTES]
    assert item["properties"]["pace"] == {
        "anyOf": [{"type": "string", "enum": ["slow", "fast"]}, {"type": "null"}]
    }
    assert item["properties"]["topics"]["anyOf"][0] == {
        "type": "array", "items": {"type": "string"},
    }  # fmt: skip


def test_what_asking_takes_is_told_before():
    usage = estimated_usage(requests(), ATTRIBUTES)
    assert 500 < usage.prompt < 2_000
    assert 300 < usage.completion < 1_000


REPLY = '{"items": [{"number": 1, "pace": "slow"}, {"number": 2, "about": "A whale."}]}'


def run(asked, model, out):
    settings = load(None, describe=SETTINGS.model_dump())
    return wait(describe_all(asked, model=model, settings=settings, out=out,
                             on_progress=lambda *_: None))  # fmt: skip


def test_a_run_that_was_stopped_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "described.jsonl"
    first = run(requests()[:1], ScriptedModel(reply=REPLY), out)
    assert (first.described, first.left) == (2, 0)
    with out.open("ab") as file:
        file.write(b'{"item_id": "b3", "mod')  # as a kill leaves it
    done = described_ids(out)
    assert done == {"b1", "b2"}
    rest = run(requests(done), ScriptedModel(reply=REPLY), out)
    assert (rest.described, rest.left) == (3, 0)
    assert [each.item_id for each in read_descriptions(out)] == ["b1", "b2", "b3", "b4", "b5"]
    assert requests(described_ids(out)) == []


def test_a_model_that_does_not_answer_stops_the_run_and_what_is_written_stays(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "described.jsonl"
    run(requests()[:1], ScriptedModel(reply=REPLY), out)
    with pytest.raises(ModelError):
        run(requests()[1:], ScriptedModel(failures=99), out)
    assert described_ids(out) == {"b1", "b2"}


def test_an_answer_that_cannot_be_used_is_left_for_the_next_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    summary = run(requests()[:1], ScriptedModel(reply="no"), tmp_path / "described.jsonl")
    assert (summary.described, summary.left) == (0, 2)


def test_a_batch_is_written_and_its_replies_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out, lines, replies = (tmp_path / name for name in ("d.jsonl", "requests", "replies"))
    batch, asked = BatchModel("large"), requests()
    assert run(asked, batch, out).left == 5
    write_requests(lines, batch.requests)
    assert len(lines.read_text().splitlines()) == 3
    answered = {"custom_id": batch_id(asked[0].messages), "content": REPLY}
    replies.write_text(json.dumps(answered) + "\n")
    summary = run(requests(described_ids(out)), BatchModel("large", read_replies([replies])), out)
    assert (summary.described, summary.left) == (2, 3)
    assert {each.model for each in read_descriptions(out)} == {"large"}


def test_an_attribute_cannot_have_the_name_of_a_field():
    with pytest.raises(ConfigError, match="'title'"):
        load(None, describe={"attributes": {"title": {}}})


def test_the_usual_attributes_are_those_of_the_language():
    usual = described_attributes(DescribeSettings(), "zh")
    assert list(usual) == ["简介", "主题", "氛围", "适合人群", "用途"]
    assert "全家" in usual["适合人群"].values
    assert list(described_attributes(SETTINGS, "zh")) == list(ATTRIBUTES)
    (request,) = requests(items=ITEMS[:1], settings=DescribeSettings())
    assert "or null: calm, dark" in request.messages[1].content
