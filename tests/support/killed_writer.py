"""Writes events in forked processes and kills them: the other half of test_durability.py.

``python killed_writer.py URL``; each line on stdin is JSON, {WRITER: [BATCHES, SECONDS], ...}. It
starts these writers at once, and kills each with SIGKILL so many seconds after so many batches were
acknowledged. The answer is a line of JSON: how many batches each writer began, and how many of
them were acknowledged.
"""

import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from datetime import UTC, datetime

import anyio

from recagent.domain import Event
from recagent.infrastructure.storage import SqlEventStore
from recagent.infrastructure.storage.database import open_engine

BATCH = 7  # events
PATIENCE = 60.0  # seconds


def batch(writer: str, number: int) -> list[Event]:
    """The events of one batch; nobody else writes for this person."""
    at = datetime(2024, 5, 1, tzinfo=UTC)
    return [
        Event(user_id=writer, item_id=f"{number}-{part}", scene="books", kind="view", at=at)
        for part in range(BATCH)
    ]


async def write(url: str, writer: str, told: int) -> None:
    """Batch after batch until the end: ``b`` is told before each, ``a`` once it is acknowledged."""
    store = SqlEventStore(url)
    for number in range(1_000_000):
        os.write(told, b"b")
        await store.add_events(batch(writer, number))
        os.write(told, b"a")


def start(url: str, writer: str) -> tuple[int, int]:
    """Fork a writer; its process id, and the end of the pipe on which it tells."""
    reading, telling = os.pipe()
    # A fork copies one thread only, so there must be no other.
    assert threading.active_count() == 1
    child = os.fork()
    if child:
        os.close(telling)
        return child, reading
    try:
        anyio.run(write, url, writer, telling)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(1)


def kill_each(url: str, moments: dict[str, tuple[int, float]]) -> dict[str, tuple[int, int]]:
    """Start the writers, kill each at its moment, and count what each told."""
    started = {writer: start(url, writer) for writer in moments}
    told = dict.fromkeys(moments, b"")
    due: dict[str, float] = {}
    killed: set[str] = set()
    end = time.monotonic() + PATIENCE
    while len(killed) < len(moments):
        assert time.monotonic() < end, "a writer does not write"
        pipes = {started[writer][1]: writer for writer in moments.keys() - due.keys()}
        for pipe in select.select(list(pipes), [], [], 0.0005)[0]:
            writer = pipes[pipe]
            told[writer] += os.read(pipe, 65536)
            if told[writer].count(b"a") >= moments[writer][0]:
                due[writer] = time.monotonic() + moments[writer][1]
        for writer in due.keys() - killed:
            if time.monotonic() >= due[writer]:
                os.kill(started[writer][0], signal.SIGKILL)
                killed.add(writer)
    for writer, (child, reading) in started.items():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"writer {writer} ended by itself"
        while piece := os.read(reading, 65536):
            told[writer] += piece
        os.close(reading)
    return {writer: (said.count(b"b"), said.count(b"a")) for writer, said in told.items()}


if __name__ == "__main__":
    open_engine(sys.argv[1]).dispose()  # these two load here what every fork would load
    anyio.run(anyio.sleep, 0)
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        print(json.dumps(kill_each(sys.argv[1], json.loads(line))), flush=True)  # noqa: T201
