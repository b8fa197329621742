"""The wire over HTTP: what it sends, how long it waits, how many it lets through at once."""

import subprocess
import sys
import time

import anyio
import pytest
from examples import wait
from stub_server import StubServer

from recagent.errors import ModelError
from recagent.llm.address import Access
from recagent.llm.transport import HttpWire

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

BODY = {"messages": [{"role": "user", "content": "Say A."}]}
CHAT = "/v1/chat/completions"


def wire_to(server, *, concurrency=4, timeout=5.0, **settings):
    return HttpWire(
        base_url=server.url,
        api_key="",
        name="stub",
        concurrency=concurrency,
        timeout=timeout,
        **settings,
    )


async def ask(wire, times=1):
    async def one():
        await wire.post(CHAT, BODY)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(times):
                group.start_soon(one)
    finally:
        await wire.close()


def test_the_model_and_a_tenants_salt_go_with_every_request():
    with StubServer() as server:
        wait(ask(wire_to(server, access=Access(cache_salt="tenant-7"))))
        wait(ask(wire_to(server)))
    assert server.bodies == [
        {"model": "stub", "cache_salt": "tenant-7", **BODY},
        {"model": "stub", **BODY},
    ]


def test_no_more_requests_are_under_way_than_are_allowed():
    with StubServer(delay=0.1) as server:
        began = time.monotonic()
        wait(ask(wire_to(server, concurrency=2), times=6))
        assert time.monotonic() - began >= 0.3


def test_a_server_that_is_silent_is_left_after_the_timeout():
    async def main(server):
        wire = wire_to(server, timeout=0.1)
        with pytest.raises(ModelError, match="no answer from") as caught:
            await wire.post(CHAT, BODY)
        await wire.close()
        return caught.value

    with StubServer(delay=0.5) as server:
        assert wait(main(server)).retryable


def test_after_five_failures_the_server_is_not_asked():
    async def main(server):
        wire = wire_to(server)
        for _ in range(7):
            with pytest.raises(ModelError):
                await wire.post(CHAT, BODY)
        await wire.close()

    with StubServer() as server:
        server.fail = 500
        wait(main(server))
        assert len(server.asked) == 5


def test_a_refusal_is_told_in_the_servers_words():
    async def main(server):
        wire = wire_to(server)
        with pytest.raises(ModelError, match=r"answered 422 .*: out of order") as caught:
            await wire.post(CHAT, BODY)
        await wire.close()
        return caught.value

    with StubServer() as server:
        server.fail = 422
        error = wait(main(server))
    assert (error.status, error.retryable) == (422, False)


def test_the_openai_client_is_loaded_by_a_request_to_an_endpoint_and_by_nothing_else(environment):
    script = """
import sys
sys.argv = ["recagent", "recommend", "u0102", "--demo", "--scene", "comedy"]
from recagent.cli import main
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
print("openai" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
