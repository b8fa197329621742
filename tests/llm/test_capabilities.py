"""What a server can do is found out by trying; what it cannot do is said."""

import json

import anyio
import pytest
from examples import make_item, make_query, wait
from stub_server import StubServer

from recagent.cli import doctor
from recagent.domain import Candidate
from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError
from recagent.llm.client import Engine
from recagent.llm.transport import HttpWire
from recagent.ports import Message
from recagent.ranking import ModelRanker
from recagent.ranking.notes import engine_notes
from recagent.testing import ScriptedModel, json_order

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HELLO = [Message("user", "Hello")]
LETTERS = "ABCDEFGHIJKLMNOPQRST"


def tried(changed=lambda _, reply: reply):
    """Capabilities of a server whose replies are ``changed``, and what it was sent.

    ``changed`` takes a chat request and the usual reply to it; a number is a status to refuse with.
    """

    async def start(url):
        engine = Engine(HttpWire(base_url=url, api_key="", name="", concurrency=1, timeout=10))
        try:
            await engine.start()
            said = await engine.chat(HELLO, max_tokens=5)
        finally:
            await engine.close()
        return engine.capabilities, said.text

    with StubServer(changed=changed) as server:
        capabilities, text = anyio.run(start, server.url)
        return capabilities, server.bodies, text


def with_text(reply, text, **message):
    reply["choices"][0]["message"] |= {"content": text, **message}
    return reply


def test_a_plain_server_lists_alternatives_and_keeps_to_a_schema():
    can, bodies, _ = tried()
    assert can == Capabilities(alternatives=20, schema=True)
    assert can.modes == {"label", "listwise"}
    assert all("chat_template_kwargs" not in body for body in bodies)


def test_a_server_without_log_probabilities_is_asked_for_orders():
    def changed(_, reply):
        reply["choices"][0]["logprobs"] = None
        return reply

    can, _, _ = tried(changed)
    assert can.alternatives == 0
    assert can.modes == {"listwise"}


@pytest.mark.parametrize("cap", [20, 5])
def test_a_server_that_refuses_many_alternatives_is_asked_for_fewer(cap):
    def changed(body, reply):
        return 400 if body.get("top_logprobs", 0) > cap else reply

    can, bodies, _ = tried(changed)
    assert can.alternatives == cap
    assert "label" in can.modes
    assert max(body.get("top_logprobs", 0) for body in bodies[-3:]) <= cap


def test_a_server_that_lists_few_alternatives_whatever_is_asked_is_counted():
    def changed(body, reply):
        if body.get("logprobs"):
            first = reply["choices"][0]["logprobs"]["content"][0]
            first["top_logprobs"] = first["top_logprobs"][:5]
        return reply

    can, _, _ = tried(changed)
    assert can.alternatives == 5
    assert tuple(map(str, engine_notes(can, mode="label"))) == (
        "the engine lists only 5 log probabilities for 20 labels",
    )


@pytest.mark.parametrize(
    "switch",
    [
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"reasoning_effort": "none"},
        {"reasoning_effort": "minimal"},
    ],
)
def test_a_model_that_thinks_is_told_not_to_by_the_switch_that_works(switch):
    def changed(body, reply):
        told = body.items() >= switch.items()
        return reply if told else with_text(reply, "<think>\nThe user wants")

    can, bodies, _ = tried(changed)
    assert can.thinking == "off"
    assert "label" in can.modes
    assert bodies[-1]["messages"][0]["content"] == "Hello"
    assert bodies[-1].items() >= switch.items()


def test_a_server_that_refuses_a_switch_is_told_by_the_next():
    def changed(body, reply):
        if "chat_template_kwargs" in body:
            return 400
        if body.get("reasoning_effort") == "none":
            return reply
        return with_text(reply, None, reasoning_content="The user wants")

    can, _, _ = tried(changed)
    assert can.thinking == "off"


def test_a_model_that_nothing_stops_from_thinking_is_asked_for_no_labels():
    def changed(body, reply):
        text = json.dumps({"letter": "Q"}) if "response_format" in body else "So it is."
        return with_text(reply, f"<think>\nThe user\nwants</think>\n\n{text}")

    can, bodies, text = tried(changed)
    assert can.thinking == "on"
    assert can.schema
    assert "label" not in can.modes
    assert text == "So it is."
    assert bodies[-1]["max_tokens"] > 1_000
    assert bodies[-1]["reasoning_effort"] == "minimal"  # the least that it took
    assert any("thinks" in str(note) for note in engine_notes(can, mode="listwise"))


def test_thoughts_that_are_counted_and_not_shown_are_noticed():
    def changed(_, reply):
        reply["usage"]["completion_tokens_details"] = {"reasoning_tokens": 8}
        return with_text(reply, "")

    assert tried(changed)[0].thinking == "on"


def test_a_server_that_ignores_a_schema_is_found_out():
    can, _, _ = tried(lambda _, reply: with_text(reply, '{"letter": "A"}'))
    assert not can.schema
    assert tuple(map(str, engine_notes(can, mode="listwise"))) == (
        "the engine does not enforce JSON schemas, so orders may need repair",
    )


def test_a_server_that_tells_of_cached_tokens_only_where_there_are_some_is_known_to_once_it_does():
    def changed(body, reply):
        if body["messages"][-1]["content"] == "Hello":
            reply["usage"]["prompt_tokens_details"] = {"cached_tokens": 256}
        return reply

    assert not tried()[0].cache
    assert tried(changed)[0].cache


def test_llama_cpps_word_of_its_cache_is_understood():
    can, bodies, _ = tried(lambda _, reply: {**reply, "timings": {"cache_n": 0}})
    assert can.cache
    assert all(len(body["messages"][-1]["content"]) < 1_000 for body in bodies)


def test_a_server_that_is_busy_says_nothing_about_what_it_can_do():
    with pytest.raises(ModelError) as caught:
        tried(lambda body, reply: 503 if "response_format" in body else reply)
    assert caught.value.retryable


def test_a_500_at_an_unknown_parameter_is_a_no():
    can, _, _ = tried(lambda body, reply: 500 if "response_format" in body else reply)
    assert not can.schema


def test_a_slate_says_that_its_order_was_generated_for_want_of_scores():
    items = [make_item(f"b{number}", f"Title {number}") for number in range(3)]
    model = ScriptedModel(modes=frozenset({"listwise"}), reply=json_order("BAC"))
    candidates = [Candidate(item=item, features={}) for item in items]
    scores = wait(ModelRanker(model)(make_query(), candidates=candidates))
    assert scores.mode == "listwise"
    assert tuple(map(str, scores.notes)) == (
        "the engine gives no log probabilities, so an order was generated instead of scores",
    )


@pytest.mark.parametrize("mode", ["likelihood", "label", "listwise", "pointwise"])
def test_nothing_is_said_of_an_engine_that_lacks_nothing(mode):
    can = Capabilities(alternatives=20, by_id=True, likelihood="levels", schema=True)
    assert engine_notes(can, mode=mode) == ()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_doctor_tells_what_an_engine_can_do_in_both_languages(lang):
    words = doctor.WORDS[lang]
    little = doctor._engine(Capabilities(thinking="on"), words)
    much = doctor._engine(
        Capabilities(
            alternatives=20,
            by_id=True,
            likelihood="levels",
            schema=True,
            cache=True,
            thinking="off",
            refused=("temperature",),
        ),
        words,
    )
    assert "20" in much
    assert len(much.split(words["comma"])) >= 7
    assert words["thinking on"] in little
    assert words["no alternatives"] in little
