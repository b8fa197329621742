"""An OpenAI-compatible server of a few microseconds a request, which can be told to misbehave.

For ``transport.py`` and ``faults.py``: labels are the likelier the earlier in the alphabet. It does
as little as can be done, so that what is measured is the client. Run as a program it serves on a
free port, which it prints.

    python benchmarks/stub.py [--delay MILLISECONDS]
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache

import orjson

LABELS = "ABCDEFGHIJKLMNOPQRST"

# Takes a request's body and the writer; returns whether the connection is to be kept.
Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[bool]]


def http(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = ""
) -> bytes:
    """A whole HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@lru_cache
def labelled(listed: int) -> bytes:
    """The answer to a request for ``listed`` alternatives of the first token."""
    tokens = [
        {"token": label, "logprob": -0.5 - place / 4, "bytes": None, "id": place}
        for place, label in enumerate(LABELS)
    ]
    first = {**tokens[0], "top_logprobs": tokens[:listed]}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "A"},
        "logprobs": {"content": [first]},
        "finish_reason": "length",
    }
    usage = {"prompt_tokens": 250, "completion_tokens": 1, "total_tokens": 251}
    return http(
        orjson.dumps(
            {"id": "x", "object": "chat.completion", "created": 1, "model": "stub",
             "choices": [choice], "usage": usage}
        )
    )  # fmt: skip


def well(delay: float) -> Behaviour:
    """A sound server that takes ``delay`` seconds."""

    async def behave(_: bytes, writer: asyncio.StreamWriter) -> bool:
        if delay:
            await asyncio.sleep(delay)
        writer.write(labelled(20))
        return True

    return behave


class Stub:
    """``async with Stub(behave) as stub``: ``stub.url``, and ``stub.requests`` counted."""

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.requests = 0
        self.url = ""
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Stub:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def open(self) -> None:
        """Listen; on the same port again after ``close``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/v1"

    def close(self) -> None:
        """Refuse new connections, and cut those that are open."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            kept = True
            while kept:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                self.requests += 1
                kept = await self.behave(body, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            self._writers.discard(writer)
            writer.close()


async def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds")
    arguments = parser.parse_args()
    async with Stub(well(arguments.delay / 1000)) as stub:
        print(stub.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
