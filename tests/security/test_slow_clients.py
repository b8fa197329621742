"""Attack: connections that are opened and then send, or read, as slowly as they can."""

import asyncio
import socket
import time
from contextlib import ExitStack

import pytest
from starlette.responses import PlainTextResponse, Response

from recagent.server.run import listening_socket

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"


async def hello(scope, receive, send):
    """An app that reads a body before it answers."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        size = int(scope["query_string"] or 5)
        await PlainTextResponse("x" * size)(scope, receive, send)


def dribble(connection, data=b"x"):
    """Seconds until the server has closed a connection that gets a byte now and then."""
    began = time.monotonic()
    connection.settimeout(0.05)
    while time.monotonic() - began < 15:
        try:
            connection.sendall(data)
            if connection.recv(1000) == b"":
                return time.monotonic() - began
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began
    return None


@pytest.mark.parametrize(("limit", "sent"), [("headers_within", HALF), ("body_within", BODY)])
def test_who_dribbles_headers_or_a_body_is_let_go(served, dialled, limit, sent):
    with served(hello, **{limit: 0.5}) as port, dialled(port) as slow:
        slow.sendall(sent)
        assert dribble(slow) is not None
        with dialled(port) as other:
            other.sendall(WHOLE)
            assert b"200 OK" in other.recv(1000)


def test_who_dribbles_headers_of_a_second_request_is_let_go_too(served, dialled):
    with served(hello, headers_within=0.5) as port, dialled(port) as slow:
        slow.sendall(WHOLE)
        assert b"200 OK" in slow.recv(1000)
        slow.sendall(HALF)
        assert dribble(slow) is not None


def test_who_says_nothing_at_all_is_let_go(served, dialled):
    with served(hello, headers_within=0.3) as port, dialled(port) as silent:
        assert silent.recv(10) == b""


def test_a_request_that_is_whole_is_answered_however_long_it_takes(served, dialled):
    async def slowly(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.sleep(0.5)
        await hello(scope, receive, send)

    with served(slowly, headers_within=0.1, body_within=0.1) as port, dialled(port) as patient:
        patient.sendall(WHOLE)
        assert b"200 OK" in patient.recv(1000)


def test_who_reads_nothing_of_a_large_answer_is_let_go(served, dialled):
    request = b"GET /?50000000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with served(hello, read_within=0.3) as port, dialled(port) as deaf:
        deaf.sendall(request)
        time.sleep(1.0)
        received = 0
        while chunk := deaf.recv(1 << 20):
            received += len(chunk)
    assert 0 < received < 50_000_000


def test_half_open_connections_keep_nobody_out(served, dialled):
    with served(hello, most=20) as port, ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(dialled(port)).sendall(HALF)
        for _ in range(5):
            with dialled(port) as healthy:
                healthy.sendall(WHOLE)
                assert b"200 OK" in healthy.recv(1000)


def test_headers_without_end_are_refused(served, dialled):
    with served(hello) as port, dialled(port) as flooding:
        flooding.sendall(HALF + b"x" * 200_000)
        assert b"400 Bad Request" in flooding.recv(1000)


def test_answers_on_kept_connections_do_not_wait_for_acknowledgements(served, dialled):
    """Nagle's algorithm and delayed acknowledgements make every second packet wait 40 ms."""
    with listening_socket("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
    delays = []

    async def noting(scope, receive, send):
        if scope["type"] == "http":
            connections = [
                transport.get_extra_info("socket")
                for transport in asyncio.get_running_loop()._transports.values()
            ]
            delays.extend(
                each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in connections
            )
            await Response()(scope, receive, send)
        else:
            await hello(scope, receive, send)

    with served(noting) as port, dialled(port) as kept:
        kept.sendall(WHOLE)
        kept.recv(1000)
    assert delays
    assert all(delays)
