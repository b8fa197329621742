"""Tokens are counted whoever asks: ranking, proposals, phrasing, conversations."""

import re

import anyio
import pytest
from examples import LIKES, make_item, wait
from line import make_line
from starlette.testclient import TestClient
from stub_server import StubServer

from recagent.config.service_sections import ServerSettings
from recagent.llm.client import Engine
from recagent.llm.token_count import counting, current
from recagent.llm.transport import HttpWire
from recagent.pipeline import Options
from recagent.ports import Message
from recagent.server.app import create_app
from recagent.server.service import Service

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HELLO = [Message("user", "Hello")]


def engine(url):
    return Engine(HttpWire(base_url=url, api_key="", name="stub", concurrency=4, timeout=10))


def test_every_reply_counts_in_every_task_and_in_counts_around_it():
    async def main(url):
        model = engine(url)
        await model.start()
        with counting() as all_of_it:
            await model.chat(HELLO, max_tokens=5)
            with counting() as inner:
                async with anyio.create_task_group() as group:
                    for _ in range(3):
                        group.start_soon(lambda: model.chat(HELLO, max_tokens=5))
                await model.label_logprobs(HELLO, labels=["A", "B"])
                assert current() == inner.usage
        await model.chat(HELLO, max_tokens=5)  # nobody counts
        await model.close()
        return all_of_it, inner

    with StubServer() as server:
        all_of_it, inner = wait(main(server.url))
    assert (inner.replies, inner.usage.prompt, inner.usage.completion) == (4, 400, 4)
    assert (all_of_it.replies, all_of_it.usage.prompt) == (5, 500)


def counted(client):
    return {
        kind: float(number)
        for kind, number in re.findall(
            r'recagent_model_tokens_total\{kind="(\w+)"\} ([\d.]+)', client.get("/metrics").text
        )
    }


def test_the_servers_metric_has_lists_and_phrased_reasons():
    with StubServer(reply=lambda _: "{}") as server:
        items = [make_item(f"b{number}", f"Title {number}") for number in range(4)]
        _, parts = wait(make_line(items, LIKES, model=engine(server.url)))
        app = create_app(Service(parts, Options(language_weight=0.5)), settings=ServerSettings())
        with TestClient(app, base_url="http://localhost") as client:
            client.post("/v1/recommend", json={"user": "ann", "scene": "books"}).raise_for_status()
            after_list = counted(client)
            phrased = {"user": "ann", "item": "b3", "scene": "books", "phrase": True}
            client.post("/v1/explain", json=phrased).raise_for_status()
            after_reasons = counted(client)
    assert after_list["prompt"] >= 100
    assert after_reasons["prompt"] > after_list["prompt"]
    assert after_reasons["completion"] > after_list["completion"]
