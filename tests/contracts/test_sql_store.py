"""What the SQL store does beyond the contract: durable, readable again, and shared by writers."""

import sqlite3
from functools import partial

import anyio
import pytest
from examples import make_event, wait

from recagent.adapters.sql import SqlEventStore
from recagent.errors import ConfigError, DataError
from recagent.types import User

ANN = User(id="ann", attributes={"langs": ("en", "zh")}, tags=("sea",), about="New here.")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'kept' / 'store.db'}"


async def everything(store):
    return [event async for batch in store.all_events() for event in batch]


def test_reopening_keeps_everything(url):
    events = [make_event("ann", "b1"), make_event("ann", "b2")]
    first = SqlEventStore(url)
    wait(first.add_events(events))
    wait(first.add_users([ANN]))
    wait(first.close())
    second = SqlEventStore(url)
    assert wait(everything(second)) == events
    assert wait(second.user("ann")) == ANN
    assert wait(second.add_events(events)) == 0
    wait(second.close())


def test_more_events_than_one_batch_holds(url, monkeypatch):
    monkeypatch.setattr("recagent.adapters.sql.store._BATCH", 3)
    store = SqlEventStore(url)
    events = [make_event("ann", f"b{number}") for number in range(7)]
    assert wait(store.add_events(events)) == 7
    assert wait(everything(store)) == events
    wait(store.close())


def test_sqlite_writes_ahead_and_waits_for_other_writers(url):
    store = SqlEventStore(url)
    with store._engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    wait(store.close())
    assert told == ["wal", 2, 10_000]


def test_two_stores_on_one_file_can_both_write(url):
    stores = [SqlEventStore(url), SqlEventStore(url)]

    async def write(store, person):
        for number in range(20):
            await store.add_events([make_event(person, f"b{number}")])

    async def both():
        async with anyio.create_task_group() as group:
            for store, person in zip(stores, ["ann", "bob"], strict=True):
                group.start_soon(partial(write, store, person))
        return await everything(stores[0])

    events = wait(both())
    assert {(event.user_id, event.item_id) for event in events} == {
        (person, f"b{number}") for person in ("ann", "bob") for number in range(20)
    }
    for store in stores:
        wait(store.close())


@pytest.mark.parametrize("url", ["sqlite:///notes.txt", "nonsense", "postgresql://localhost/x"])
def test_a_database_that_cannot_be_opened_is_a_config_error(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("This is no database.", encoding="utf-8")
    with pytest.raises(ConfigError, match="event store"):
        SqlEventStore(url)


def test_a_table_that_has_gone_is_a_data_error(url, tmp_path):
    store = SqlEventStore(url)
    with sqlite3.connect(tmp_path / "kept" / "store.db") as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    with pytest.raises(DataError, match=r"store\.db"):
        wait(store.add_events([make_event("ann", "b1")]))
    wait(store.close())
