"""Writes events in forked processes and kills them: the other half of test_durability.py.

``python killed_writer.py URL``; each line on stdin, "WRITER SECONDS WRITER SECONDS ...", starts
these writers at once and kills each with SIGKILL so many seconds after it began its first batch.
The answer is a line of JSON: how many batches each writer began, and how many were acknowledged.
"""

import json
import os
import select
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import anyio

from recagent.adapters.sql import SqlEventStore
from recagent.adapters.sql.database import open_engine
from recagent.types import Event

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
    finally:
        os._exit(1)


def kill_each(url: str, seconds: dict[str, float]) -> dict[str, tuple[int, int]]:
    """Start the writers, kill each at its time, and count what each told."""
    started = {writer: start(url, writer) for writer in seconds}
    told = dict.fromkeys(seconds, b"")
    due: dict[str, float] = {}
    for writer, (_, reading) in started.items():
        if select.select([reading], [], [], PATIENCE)[0]:
            told[writer] += os.read(reading, 1)
            due[writer] = time.monotonic() + seconds[writer]
    for writer in sorted(due, key=due.__getitem__):
        time.sleep(max(0.0, due[writer] - time.monotonic()))
        os.kill(started[writer][0], signal.SIGKILL)
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
        words = line.split()
        pairs = zip(words[::2], map(float, words[1::2]), strict=True)
        print(json.dumps(kill_each(sys.argv[1], dict(pairs))), flush=True)  # noqa: T201
