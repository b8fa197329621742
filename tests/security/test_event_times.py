"""Attack: one event whose time no clock has keeps the server from starting, or outweighs all."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from examples import make_event, wait

from recagent.errors import DataError
from recagent.infrastructure.storage import SqlEventStore
from recagent.testing import MemoryStore

NEVER = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2200, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
TOMORROW = timedelta(days=1, minutes=5)


@pytest.fixture(params=["memory", "sql"])
def store(request, tmp_path):
    store = (
        MemoryStore()
        if request.param == "memory"
        else SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}")
    )
    yield store
    wait(store.close())


@pytest.mark.parametrize("at", NEVER)
def test_every_store_refuses_it_and_keeps_nothing_of_the_batch(store, at):
    with pytest.raises(DataError, match="before 1970 or after 2199"):
        wait(store.add_events([make_event("ann", "b1"), replace(make_event("ann", "b2"), at=at)]))
    assert wait(store.count()) == 0


@pytest.mark.parametrize("at", [*NEVER, "tomorrow"])
def test_feedback_of_such_a_time_is_a_bad_request(client, at):
    at = datetime.now(tz=UTC) + TOMORROW if at == "tomorrow" else at
    body = {"user": "new", "item": "b1", "at": at.isoformat()}
    assert client.post("/v1/feedback", json=body).status_code == 400
    assert client.get("/v1/profile?user=new").json()["events"] == []


@pytest.mark.parametrize("at", ["-86400", "7289568000", "2200-01-02", "1969-12-31"])
def test_a_file_with_such_a_time_is_refused_and_the_row_is_named(recagent, shop, at):
    (shop / "events.csv").write_text(f"user_id,item_id,timestamp,scene\nann,b1,{at},books\n")
    done = recagent("validate")
    assert done.returncode != 0
    assert "timestamp" in done.stdout + done.stderr


BROKEN = [
    ("events", "at = 1e18"),
    ("events", "at = 'yesterday'"),
    ("events", "at = -1"),
    ("users", "declared = x'00'"),
    ("impressions", "item_ids = x'5b'"),
    ("impressions", "at = 1e300"),
]


@pytest.mark.parametrize(("table", "change"), BROKEN)
def test_a_row_that_cannot_be_read_is_left_out_counted_and_found_by_the_doctor(
    recagent, shop, table, change
):
    from recagent.api import Recommender
    from recagent.config.settings import load

    with Recommender.from_settings(load()) as recommender:
        recommender.record("ann", "b1")
        shown = recommender.recommend("ann")
    with sqlite3.connect(shop / ".recagent" / "store.db") as file:
        known = '{"attributes": {}, "tags": [], "about": ""}'
        file.execute("INSERT OR IGNORE INTO users VALUES ('ann', ?, NULL)", [known])
        file.execute(f"UPDATE {table} SET {change} WHERE rowid = 1")
    file.close()
    with Recommender.from_settings(load()) as recommender:
        recommender.recommend("ann")
        recommender.impression(shown.trace.id)
        recommender.profile("ann")
    done = recagent("doctor")
    assert done.returncode == 1
    assert "1 rows of the event store cannot be read" in done.stdout
