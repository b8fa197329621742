"""What the SQL store does beyond the contract: durable, readable again, and shared by writers."""

import gc
import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import traceback
from functools import partial

import anyio
import postgres
import pytest
import sqlalchemy as sa
from examples import make_event, wait

from recagent.domain import User
from recagent.errors import ConfigError, DataError
from recagent.infrastructure.storage import SqlEventStore
from recagent.infrastructure.storage.database import take_turn

ANN = User(id="ann", attributes={"langs": ("en", "zh")}, tags=("sea",), about="New here.")
ON_LOOPBACK = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'kept' / 'store.db'}"


async def everything(store):
    return [event async for batch in store.all_events() for event in batch]


def test_reopening_keeps_everything(sql_url):
    events = [make_event("ann", "b1"), make_event("ann", "b2")]
    first = SqlEventStore(sql_url)
    wait(first.add_events(events))
    wait(first.add_users([ANN]))
    wait(first.close())
    second = SqlEventStore(sql_url)
    assert wait(everything(second)) == events
    assert wait(second.user("ann")) == ANN
    assert wait(second.add_events(events)) == 0
    wait(second.close())


def test_more_rows_than_one_batch_holds(sql_url, monkeypatch):
    monkeypatch.setattr("recagent.infrastructure.storage.store._BATCH", 3)
    store = SqlEventStore(sql_url)
    events = [make_event("ann", f"b{number}") for number in range(7)]
    assert wait(store.add_events(events)) == 7
    assert wait(store.add_events([*events, make_event("ann", "b7")])) == 1
    assert wait(everything(store)) == [*events, make_event("ann", "b7")]
    assert wait(store.add_users(User(id=f"u{number}") for number in range(7))) == 7
    assert wait(store.user("u6")) == User(id="u6")
    wait(store.close())


def test_a_batch_of_which_a_later_part_fails_leaves_nothing(sql_url, monkeypatch):
    monkeypatch.setattr("recagent.infrastructure.storage.store._BATCH", 3)
    store = SqlEventStore(sql_url)
    refuse = {
        "sqlite": "CREATE TRIGGER no BEFORE INSERT ON events WHEN NEW.item_id = 'b5' "
        "BEGIN SELECT RAISE(ABORT, 'not that one'); END",
        "postgresql": "ALTER TABLE events ADD CONSTRAINT no CHECK (item_id <> 'b5')",
    }
    with store._engine.begin() as connection:
        connection.exec_driver_sql(refuse[connection.dialect.name])
    with pytest.raises(DataError, match=r"not that one|violates"):
        wait(store.add_events([make_event("ann", f"b{number}") for number in range(7)]))
    assert wait(everything(store)) == []
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


def test_two_stores_on_one_database_can_both_write(sql_url):
    stores = [SqlEventStore(sql_url), SqlEventStore(sql_url)]

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


def test_batches_that_overlap_in_opposite_order_both_get_in(sql_url):
    events = [make_event("ann", f"b{number}") for number in range(2_000)]
    stores = [SqlEventStore(sql_url), SqlEventStore(sql_url)]
    written = []

    async def write(store, batch):
        written.append(await store.add_events(batch))

    async def both():
        async with anyio.create_task_group() as group:
            group.start_soon(write, stores[0], events)
            group.start_soon(write, stores[1], events[::-1])

    wait(both())
    assert sorted(written) == [0, 2_000]
    assert wait(everything(stores[0])) in (events, events[::-1])
    for store in stores:
        wait(store.close())


def test_a_writer_that_waits_too_long_for_its_turn_says_so(sql_url, monkeypatch):
    """And none takes a sequence number before its turn, so none is committed out of order."""
    monkeypatch.setattr("recagent.infrastructure.storage.database._PATIENCE", 300)
    slow, quick = SqlEventStore(sql_url), SqlEventStore(sql_url)
    with slow._engine.begin() as connection:
        take_turn(connection, "events")
        with pytest.raises(DataError, match=r"lock.*try again"):
            wait(quick.add_events([make_event("bob", "b1")]))
        assert wait(everything(quick)) == []
    assert wait(quick.add_events([make_event("bob", "b1")])) == 1
    for store in (slow, quick):
        wait(store.close())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///notes.txt", "notes.txt': file is not a database"),
        ("sqlite:///notes.txt/store.db", "cannot create the folder of event store"),
        ("sqlite://", "does not name a file"),
        ("nonsense", "is not a database URL; write sqlite:///FILE or postgresql://"),
        ("postgresql://ann:tops3cret@localhost:port/x", "is not a database URL"),
        ("postgresql://ann:top@s3cret@localhost/x", "write an @ in a user name or password as %40"),
        ("mysql://ann:tops3cret@localhost/x", "'mysql' is not supported; write sqlite"),
        ("postgresql+psycopg://ann:tops3cret@localhost/x", "'postgresql+psycopg' is not"),
        pytest.param(
            "postgresql://ann:tops3cret@127.0.0.1:1/x?sslmode=tops3cret",
            "cannot open event store 'postgresql://ann:***@127.0.0.1:1/x': ",
            marks=ON_LOOPBACK,
        ),
        pytest.param(
            "postgresql://ann:tops3cret@127.0.0.1:1/x",
            "ann:***@127.0.0.1:1/x': Can't create a connection",
            marks=ON_LOOPBACK,
        ),
    ],
)
def test_a_database_that_cannot_be_opened_is_a_config_error(tmp_path, monkeypatch, url, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("This is no database.", encoding="utf-8")
    with pytest.raises(ConfigError, match="event store") as refused:
        SqlEventStore(url)
    assert says in str(refused.value)
    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


@ON_LOOPBACK
def test_a_server_that_goes_during_the_handshake_is_a_config_error_and_leaves_no_socket():
    # pg8000 raises a plain OSError there; an open socket would be a warning, which fails the test.
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept_and_reset():
            for _ in range(3):
                client, _ = server.accept()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()

        going = threading.Thread(target=accept_and_reset)
        going.start()
        for _ in range(3):
            with pytest.raises(ConfigError, match="cannot open event store"):
                SqlEventStore(f"postgresql://ann@127.0.0.1:{server.getsockname()[1]}/x")
        going.join()
    gc.collect()


def test_without_the_driver_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(ConfigError, match=r"pip install 'recagent\[postgres\]'"):
        SqlEventStore("postgresql://ann@127.0.0.1/x")


@ON_LOOPBACK
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wr0ngs3cret"}, "password authentication failed"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "nobody"}, "password authentication failed"),
    ],
)
def test_what_the_server_refuses_is_said_without_the_password(postgres_server, change, says):
    url = sa.make_url(postgres_server.url("postgres")).set(**change)
    with pytest.raises(ConfigError, match="event store") as refused:
        SqlEventStore(url.render_as_string(hide_password=False))
    assert says in str(refused.value)
    assert "check store_url" in str(refused.value)
    told = "".join(traceback.format_exception(refused.value))
    assert postgres.PASSWORD not in told
    assert "s3cret" not in told


def test_a_table_that_has_gone_is_a_data_error(url, tmp_path):
    store = SqlEventStore(url)
    with sqlite3.connect(tmp_path / "kept" / "store.db") as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    with pytest.raises(DataError, match=r"store\.db"):
        wait(store.add_events([make_event("ann", "b1")]))
    wait(store.close())


def test_a_full_disk_is_said_and_the_store_goes_on_when_there_is_room(url):
    """``max_page_count`` stands for the disk: SQLite then answers as it does to ENOSPC."""
    store = SqlEventStore(url)
    kept = [make_event("ann", f"b{number}") for number in range(10)]
    wait(store.add_events(kept))

    def limit(pages):
        with store._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    limit(1)  # SQLite takes it as: no more than there are now
    many = [make_event("bob", f"b{number}") for number in range(20_000)]
    with pytest.raises(DataError, match=r"no space left in .*kept'.*free some space.*try again"):
        wait(store.add_events(many))
    assert wait(everything(store)) == kept
    limit(1_000_000)
    assert wait(store.add_events(many)) == len(many)
    wait(store.close())


def test_a_folder_that_may_not_be_written_to_is_a_config_error(tmp_path):
    inside = tmp_path / "readonly"
    inside.mkdir()
    script = (
        "import sys\n"
        "from recagent.infrastructure.storage import SqlEventStore\n"
        "from recagent.errors import ConfigError\n"
        "try:\n"
        "    SqlEventStore(sys.argv[1])\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    cut = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(inside)]
    can = (
        shutil.which("unshare")
        and not subprocess.run(
            [*cut, "true"], capture_output=True, check=False, timeout=30
        ).returncode
    )
    if not can:
        pytest.skip("NOTHING MADE READ-ONLY: this machine gives no mount namespace (unshare)")
    made = f"sqlite:///{inside / 'made.db'}"
    wait(SqlEventStore(made).close())
    for name in ["made.db", "new.db", "below/new.db"]:
        done = subprocess.run(
            [*cut, sys.executable, "-c", script, f"sqlite:///{inside / name}"],
            env={**os.environ},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert f"event store 'sqlite:///{inside / name}'" in done.stdout, done
        assert "write access" in done.stdout or "choose another" in done.stdout
    reopened = SqlEventStore(made)
    assert wait(reopened.add_events([make_event("ann", "b1")])) == 1
    wait(reopened.close())


@ON_LOOPBACK
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_goes_and_comes_back(own_server, end):
    """One that stops tells its clients so; one that is killed does not."""
    store = SqlEventStore(own_server.create())
    wait(store.add_events([make_event("ann", "b1")]))
    getattr(own_server, end)()
    for _ in range(2):
        with pytest.raises(DataError) as refused:
            wait(store.add_events([make_event("ann", "b2"), make_event("ann", "b3")]))
        assert "event store 'postgresql://recagent:***@127.0.0.1" in str(refused.value)
        assert "check that the database is running, has space" in str(refused.value)
        assert postgres.PASSWORD not in "".join(traceback.format_exception(refused.value))
    own_server.start()
    assert wait(everything(store)) == [make_event("ann", "b1")]
    assert wait(store.add_events([make_event("ann", "b2")])) == 1
    wait(store.close())


@ON_LOOPBACK
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_was_away_between_two_calls_is_not_noticed(own_server, end):
    store = SqlEventStore(own_server.create())
    wait(store.add_events([make_event("ann", "b1")]))
    getattr(own_server, end)()
    own_server.start()
    assert wait(store.add_events([make_event("ann", "b2")])) == 1
    assert wait(store.seen("ann")) == {"b1", "b2"}
    wait(store.close())


@ON_LOOPBACK
def test_a_server_that_goes_in_mid_write_leaves_nothing_by_half(own_server):
    store = SqlEventStore(own_server.create())
    wait(store.add_events([make_event("ann", "b1")]))
    asked = []

    def go_away(*_):
        asked.append(None)
        if len(asked) == 2:  # the first half of the batch is sent, the second is not
            own_server.kill()

    sa.event.listen(store._engine, "before_cursor_execute", _on_insert(go_away))
    many = [make_event("bob", f"b{number}") for number in range(7_000)]
    with pytest.raises(DataError, match="no partial data was written"):
        wait(store.add_events(many))
    assert len(asked) == 2
    own_server.start()
    assert wait(everything(store)) == [make_event("ann", "b1")]
    assert wait(store.add_events(many)) == len(many)
    wait(store.close())


def _on_insert(call):
    def listen(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO events"):
            call()

    return listen
