"""An acknowledged event survives kill -9 of the writer, and of the PostgreSQL server."""

import json
import random
import select
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from examples import wait
from killed_writer import BATCH, batch

from recagent.errors import DataError
from recagent.infrastructure.storage import SqlEventStore

KILLS = 200
AT_ONCE = 2
SERVER_KILLS = 5
LIVES = (0, 8)  # batches that are acknowledged before a writer's end is due
LONGEST = 0.01  # seconds from then to the end: a few batches

pytestmark = pytest.mark.slow


@contextmanager
def writers(url):
    """A function that starts writers, kills them, and returns (begun, acknowledged) of each."""
    script = Path(__file__).parents[1] / "support" / "killed_writer.py"
    process = subprocess.Popen(
        [sys.executable, script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def said():
        assert select.select([process.stdout], [], [], 120)[0], "no answer"
        return process.stdout.readline()

    def kill(moments):
        process.stdin.write(json.dumps(moments) + "\n")
        return json.loads(said())

    try:
        assert said() == "ready\n"
        yield kill
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def check(stored, begun, acknowledged):
    """``stored``: the number of events that are there, by number of their batch."""
    missing = [number for number in range(acknowledged) if stored[number] != BATCH]
    assert not missing, f"acknowledged batches {missing} are not there, or not whole"
    halves = [number for number, events in stored.items() if events != BATCH]
    assert not halves, f"batches {halves} are there by half"
    assert all(number < begun for number in stored)


async def batches(store, writer):
    events = await store.events(writer, limit=1_000_000)
    return Counter(int(event.item_id.split("-")[0]) for event in events)


async def all_batches(store):
    stored = {}
    async for page in store.all_events():
        for event in page:
            number = int(event.item_id.split("-")[0])
            stored.setdefault(event.user_id, Counter())[number] += 1
    return stored


def test_200_kills_of_writers_lose_no_acknowledged_event_and_leave_none_by_half(sql_url):
    chance = random.Random(7)  # noqa: S311
    told = {}
    store = SqlEventStore(sql_url)
    with writers(sql_url) as kill:
        for first in range(0, KILLS, AT_ONCE):
            names = [f"w{first + place}" for place in range(AT_ONCE)]
            done = kill({n: (chance.randint(*LIVES), chance.uniform(0, LONGEST)) for n in names})
            told |= done
            for writer, (begun, acknowledged) in done.items():
                check(wait(batches(store, writer)), begun, acknowledged)
    assert len(told) == KILLS
    stored = wait(all_batches(store))  # later kills must not undo what was there
    wait(store.close())
    for writer, (begun, acknowledged) in told.items():
        check(stored.get(writer, Counter()), begun, acknowledged)
    # The kills would show nothing if they came before the writing, or after it.
    in_mid_write = sum(begun > acknowledged > 0 for begun, acknowledged in told.values())
    assert in_mid_write >= KILLS / 2
    assert sum(acknowledged for _, acknowledged in told.values()) >= KILLS


async def write_until_it_goes(store, writer, told):
    """Batch after batch until the store fails; ``told`` holds (begun, acknowledged)."""
    for number in range(1_000_000):
        told[writer] = (number + 1, number)
        try:
            await store.add_events(batch(writer, number))
        except DataError:
            return


async def kill_server_in_mid_write(server, store, *, names, after):
    told = {}
    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(write_until_it_goes, store, name, told)
        with anyio.fail_after(60):  # a busy machine takes its time to connect
            while not all(told.get(name, (0, 0))[1] for name in names):  # noqa: ASYNC110
                await anyio.sleep(0.01)
        await anyio.sleep(after)
        await anyio.to_thread.run_sync(server.kill)
    return told


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_kills_of_the_postgresql_server_lose_no_acknowledged_event(own_server):
    chance = random.Random(8)  # noqa: S311
    told = {}
    store = SqlEventStore(own_server.create())
    for number in range(SERVER_KILLS):
        told |= wait(
            kill_server_in_mid_write(
                own_server,
                store,
                names=[f"w{number}a", f"w{number}b"],
                after=chance.uniform(0, 0.2),
            )
        )
        own_server.start()
        stored = wait(all_batches(store))
        for writer, (begun, acknowledged) in told.items():
            check(stored.get(writer, Counter()), begun, acknowledged)
    wait(store.close())
    assert len(told) == 2 * SERVER_KILLS
    assert any(begun > acknowledged for begun, acknowledged in told.values())
