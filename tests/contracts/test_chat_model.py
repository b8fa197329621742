"""What every ChatModel promises: the shipped fake, the embedded engine, two servers.

A real vLLM is one of them where RECAGENT_TEST_VLLM holds its base URL; `.ci/vllm` runs one.
"""

import json
import os
from collections.abc import Callable

import pytest
from anyio import run
from anyio.from_thread import start_blocking_portal

from recagent.errors import ModelError
from recagent.llm import weights
from recagent.llm.client import Engine
from recagent.llm.embedded import LlamaCppWire
from recagent.llm.transport import HttpWire
from recagent.ports import ChatModel, Message
from recagent.testing import ScriptedModel

pytestmark = [pytest.mark.engine, pytest.mark.allow_hosts(["127.0.0.1"])]

VLLM = os.environ.get("RECAGENT_TEST_VLLM", "")
ADAPTER = os.environ.get("RECAGENT_TEST_VLLM_ADAPTER", "")
NO_VLLM = "no vLLM to try: .ci/vllm runs one, or RECAGENT_TEST_VLLM=http://127.0.0.1:8902/v1"

ASK = [Message("system", "You answer with one letter."), Message("user", "A dog\nB cat\nLetter:")]
LETTERS = "ABCDEFGHIJKLMNOPQRST"
ORDER = {
    "type": "object",
    "properties": {
        "order": {
            "type": "array",
            "items": {"type": "string", "enum": ["A", "B"]},
            "minItems": 2,
            "maxItems": 2,
        }
    },
    "required": ["order"],
    "additionalProperties": False,
}


def over_http(address: str, name: str = "") -> Engine:
    return Engine(HttpWire(base_url=address, api_key="", name=name, concurrency=4, timeout=120))


@pytest.fixture(scope="module", params=["scripted", "embedded", "llama.cpp server", "vllm"])
def make(request: pytest.FixtureRequest) -> Callable[[], ChatModel]:
    """Makes one of the models, not yet started."""
    if request.param == "scripted":
        return lambda: ScriptedModel(reply='{"order": ["B", "A"]}')
    if request.param == "embedded":
        return lambda: Engine(LlamaCppWire(weights.find()))
    if request.param == "vllm":
        if not VLLM:
            pytest.skip(NO_VLLM)
        return lambda: over_http(VLLM)
    address = request.getfixturevalue("server")
    return lambda: over_http(address)


@pytest.fixture(scope="module")
def ask(make):
    """Asks a model, which is started once for all tests: an async function of it."""
    with start_blocking_portal() as portal:
        model = make()
        portal.call(model.start)
        yield lambda question: portal.call(question, model)
        portal.call(model.close)


def test_it_can_score_in_all_ways_and_says_how(ask):
    async def said(model):
        return model.name, model.capabilities, await model.start()

    name, capabilities, modes = ask(said)
    assert name
    assert modes == capabilities.modes == {"likelihood", "label", "listwise"}
    assert capabilities.schema
    assert capabilities.thinking == "none"


def test_it_chats_and_counts_tokens(ask):
    reply = ask(lambda model: model.chat(ASK, max_tokens=5))
    assert reply.text
    assert reply.usage.prompt > 0
    assert 0 < reply.usage.completion <= 5


def test_a_structured_reply_obeys_its_schema(ask):
    reply = ask(lambda model: model.chat(ASK, max_tokens=60, schema=ORDER))
    order = json.loads(reply.text)["order"]
    assert len(order) == 2
    assert set(order) <= {"A", "B"}


def test_every_label_has_a_log_probability(ask):
    told = ask(lambda model: model.label_logprobs(ASK, labels=LETTERS))
    assert len(told.values) == len(LETTERS)
    assert all(value is not None and value < 0 for value in told.values)
    assert told.usage.prompt > 0
    assert told.calls >= 1


def test_labels_come_in_the_order_in_which_they_are_asked_for(ask):
    async def both(model):
        there = await model.label_logprobs(ASK, labels=["A", "B", "T"])
        back = await model.label_logprobs(ASK, labels=["T", "B", "A"])
        return there.values, back.values

    there, back = ask(both)
    assert there == pytest.approx(back[::-1], abs=0.05)


def test_the_likelier_text_has_the_higher_likelihood(ask):
    texts = [" three", " elephants and more"]
    told = ask(lambda model: model.likelihood("One, two,", texts=texts))
    likely, unlikely = told.values
    assert unlikely < likely < 0
    assert told.usage.prompt > 0


def test_a_texts_likelihood_is_that_of_its_parts_one_after_the_other(ask):
    async def parts(model):
        (whole,) = (await model.likelihood("One, two,", texts=[" three, four"])).values
        (first,) = (await model.likelihood("One, two,", texts=[" three"])).values
        (second,) = (await model.likelihood("One, two, three", texts=[", four"])).values
        return whole, first, second, isinstance(model, ScriptedModel)

    whole, first, second, scripted = ask(parts)
    if scripted:
        pytest.skip("the script gives each text a number and reads no prefix")
    assert whole == pytest.approx(first + second, abs=0.05)


def test_a_texts_likelihood_does_not_depend_on_the_texts_beside_it(ask):
    texts = [" The Matrix", " The Matrix Reloaded", " The Matrix"]

    async def alone_and_together(model):
        alone = await model.likelihood("Films:", texts=texts[:1])
        return alone.values, (await model.likelihood("Films:", texts=texts)).values

    (alone,), together = ask(alone_and_together)
    assert together[0] == together[2] == pytest.approx(alone, abs=0.05)
    assert together[1] < together[0]


def test_titles_whose_tokens_end_within_a_character_have_finite_likelihoods(ask):
    texts = [" 千与千寻\n", " 卧虎藏龙\n", " 👻🎃\n"]
    told = ask(lambda model: model.likelihood("电影：\n-", texts=texts))
    assert all(value is not None and -200 < value < 0 for value in told.values)


def test_starting_and_closing_twice_is_as_once(make):
    async def twice():
        model = make()
        first = await model.start()
        assert await model.start() == first
        await model.close()
        await model.close()

    run(twice)


def test_a_port_where_nothing_listens_is_an_error_worth_a_retry():
    async def start():
        model = over_http("http://127.0.0.1:9/v1")
        try:
            await model.start()
        finally:
            await model.close()

    with pytest.raises(ModelError, match="is the server running") as caught:
        run(start)
    assert caught.value.retryable


@pytest.mark.skipif(not VLLM, reason=NO_VLLM)
def test_vllm_scores_as_the_embedded_engine_does():
    prefix = "Films:\n- Alien (1979)\n-"
    texts = [" The Matrix (1999)\n", " Amélie (2001)\n", " Aliens (1986)\n", " 千与千寻 (2001)\n"]

    async def scores(model):
        await model.start()
        found = await model.likelihood(prefix, texts=texts)
        labels = await model.label_logprobs(ASK, labels=LETTERS)
        await model.close()
        return [*found.values, *labels.values]

    outside, inside = (
        run(scores, over_http(VLLM)),
        run(scores, Engine(LlamaCppWire(weights.find()))),
    )
    # The same weights; llama.cpp rounds what it multiplies them with.
    assert outside == pytest.approx(inside, rel=0.1, abs=1.5)
    assert outside[0] > outside[3]


@pytest.mark.skipif(not VLLM, reason=NO_VLLM)
def test_vllm_is_asked_once_for_a_level_of_many_texts_and_names_every_label():
    async def asked():
        model = over_http(VLLM)
        await model.start()
        told = await model.likelihood("Films:", texts=[f" Film {n}\n" for n in range(40)])
        sheep = " ".join(f"{number} sheep," for number in range(150))  # more than a block
        for _ in range(2):  # vLLM tells of its cache where there was something in it
            await model.chat([Message("user", sheep)], max_tokens=1)
        await model.close()
        return model.capabilities, told

    capabilities, told = run(asked)
    assert capabilities.by_id
    assert capabilities.likelihood == "levels"
    assert capabilities.cache
    assert told.calls <= 6
    assert told.bounded == 0


@pytest.mark.skipif(not ADAPTER, reason=NO_VLLM)
def test_vllm_answers_by_an_adapter_that_is_asked_for_by_name():
    async def labels(name):
        model = over_http(VLLM, name)
        await model.start()
        told = await model.label_logprobs(ASK, labels=LETTERS)
        await model.close()
        return model.name, told.values

    (_, plain), (name, tuned) = run(labels, ""), run(labels, ADAPTER)
    assert name == ADAPTER
    assert tuned != pytest.approx(plain, abs=0.1)
