"""Likelihoods by token id, against a server that refuses more ids at once than vLLM takes."""

import pytest
from examples import wait
from stub_server import StubServer

from recagent.llm.requests import Calls
from recagent.llm.text_likelihood import level_by_level
from recagent.llm.transport import HttpWire

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def scored(texts):
    """Likelihoods of texts, and how many ids each request named."""

    async def main(url):
        wire = HttpWire(base_url=url, api_key="", name="stub", concurrency=4, timeout=10)
        calls = Calls(wire)
        try:
            return await level_by_level(calls, "Films:", texts=texts)
        finally:
            await calls.close()

    with StubServer(most_ids=128) as server:
        return wait(main(server.url)), server.named


@pytest.mark.parametrize("count", [1, 128, 129, 200, 300])
def test_any_number_of_texts_may_begin_differently(count):
    texts = [f" w{number} w1\n" for number in range(count)]
    found, named = scored(texts)
    assert found.values == pytest.approx([-2.0 - (number + 1) / 1000 for number in range(count)])
    assert found.calls == len(named)
    assert max(named) <= 128


def test_many_that_go_on_differently_after_a_shared_start_are_asked_for_in_turns():
    texts = [f" w7 w{number}" for number in range(150)] + [f" w8 w{number}" for number in range(9)]
    found, named = scored(texts)
    shared = [-2.0 - (7 + number) / 1000 for number in range(150)]
    other = [-2.0 - (8 + number) / 1000 for number in range(9)]
    assert found.values == pytest.approx([*shared, *other])
    assert named == [2, 128, 31]  # the second start joins the rest of the first
