"""A store that another process holds, a disk that is full or read-only: each is named for it."""

import sqlite3
import time

import anyio
import pytest
from examples import make_event, wait

from recagent.errors import StoreError
from recagent.infrastructure.storage import SqlEventStore


@pytest.fixture
def store(tmp_path):
    made = SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
    yield made
    wait(made.close())


@pytest.fixture
def writing(tmp_path):
    """Another process that is in mid-write, as a bulk load is."""
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    yield lambda: other.execute("BEGIN IMMEDIATE")
    other.close()


def test_whoever_waits_to_write_keeps_no_reader_and_not_the_loop_waiting(store, writing):
    wait(store.add_events([make_event("ann", "b1")]))
    writing()
    longest = 0.0

    async def watch():
        nonlocal longest
        while True:
            began = time.perf_counter()
            await anyio.sleep(0.01)
            longest = max(longest, time.perf_counter() - began)

    async def write(number):
        await store.add_events([make_event("bob", f"b{number}")])

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            for number in range(40):  # more than the pool has connections
                group.start_soon(write, number)
            await anyio.sleep(0.1)
            with anyio.fail_after(2):
                for _ in range(20):
                    assert len(await store.events("ann", limit=5)) == 1
            group.cancel_scope.cancel()

    began = time.perf_counter()
    wait(main())
    assert time.perf_counter() - began < 5
    assert longest < 1


def test_a_store_that_another_process_holds_says_so_and_is_busy(store, writing):
    with store._engine.connect() as connection:  # the one of the pool, which the writer gets
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    writing()
    with pytest.raises(
        StoreError, match=r"is busy: another process .* again in a moment"
    ) as caught:
        wait(store.add_events([make_event("ann", "b1")]))
    assert caught.value.busy
