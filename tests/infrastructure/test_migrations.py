"""Schema versions: forward without loss, all or none, and one process at a time."""

import select
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from examples import make_event, wait

from recagent.domain import Event, Impression, User
from recagent.errors import ConfigError
from recagent.infrastructure.storage import SqlEventStore, migration
from recagent.infrastructure.storage.database import open_engine
from recagent.infrastructure.storage.schema import META

# As recagent made them before it had migrations; SQLite's own words.
OLD = """
CREATE TABLE users (
	id VARCHAR NOT NULL,
	declared BLOB NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE events (
	seq INTEGER NOT NULL,
	user_id VARCHAR NOT NULL,
	item_id VARCHAR NOT NULL,
	scene VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	at FLOAT NOT NULL,
	value FLOAT,
	text VARCHAR NOT NULL,
	device VARCHAR NOT NULL,
	place VARCHAR NOT NULL,
	impression VARCHAR NOT NULL,
	PRIMARY KEY (seq),
	CONSTRAINT one_event UNIQUE (user_id, item_id, scene, kind, at)
);
CREATE INDEX events_by_user ON events (user_id, at);
CREATE TABLE impressions (
	id VARCHAR NOT NULL,
	user_id VARCHAR NOT NULL,
	scene VARCHAR NOT NULL,
	at FLOAT NOT NULL,
	item_ids BLOB NOT NULL,
	probabilities BLOB NOT NULL,
	trace VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_impressions_user_id ON impressions (user_id);
"""
AT = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANN = User(id="ann", attributes={"langs": ("en", "zh")}, tags=("sea",), about="New here.")
EVENTS = [
    Event(
        user_id="ann",
        item_id=f"b{number}",
        scene="books",
        kind="rating",
        at=AT,
        value=8.5,
        text="好看",
        device="phone",
        place="train",
        impression="i1",
    )
    for number in range(50)
]
SHOWN = Impression(
    id="i1",
    user_id="ann",
    scene="books",
    at=AT,
    item_ids=("b1", "b2"),
    probabilities=(0.7, 0.3),
    trace="{}",
)


@pytest.fixture
def engine(sql_url):
    opened = open_engine(sql_url)
    yield opened
    opened.dispose()


async def everything(store):
    return [event async for batch in store.all_events() for event in batch]


def fill(engine):
    """Rows in all tables of schema 0001, written without the store."""
    with engine.connect() as connection:
        for table, row in [
            (
                "users",
                {
                    "id": "ann",
                    "declared": b'{"attributes": {"langs": ["en", "zh"]}, "tags": ["sea"], '
                    b'"about": "New here."}',
                },
            ),
            *(
                (
                    "events",
                    {
                        "user_id": event.user_id,
                        "item_id": event.item_id,
                        "scene": event.scene,
                        "kind": event.kind,
                        "at": event.at.timestamp(),
                        "value": event.value,
                        "text": event.text,
                        "device": event.device,
                        "place": event.place,
                        "impression": event.impression,
                    },
                )
                for event in EVENTS
            ),
            (
                "impressions",
                {
                    "id": "i1",
                    "user_id": "ann",
                    "scene": "books",
                    "at": AT.timestamp(),
                    "item_ids": b'["b1", "b2"]',
                    "probabilities": b"[0.7, 0.3]",
                    "trace": "{}",
                },
            ),
        ]:
            columns = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)
        connection.commit()


def check_filled(url):
    store = SqlEventStore(url)
    assert wait(everything(store)) == EVENTS
    assert wait(store.user("ann")) == ANN
    assert wait(store.impression("i1")) == SHOWN
    assert wait(store.add_events([make_event("bob", "b1")])) == 1
    assert wait(everything(store)) == [*EVENTS, make_event("bob", "b1")]
    wait(store.close())


def check_schema(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, META) == []
        assert migration.version(connection) == migration.HEAD


def with_steps(monkeypatch, folder, *, head, extra="", without=()):
    """Let stores be brought to ``head`` with a copy of the steps that differs."""
    shutil.copytree(migration.MIGRATIONS, folder)
    for name in without:
        (folder / "versions" / name).unlink()
    if extra:
        (folder / "versions" / f"{head}_next.py").write_text(extra, encoding="utf-8")
    monkeypatch.setattr(migration, "MIGRATIONS", folder)
    monkeypatch.setattr(migration, "HEAD", head)


def test_the_newest_step_is_the_one_that_the_code_asks_for():
    assert ScriptDirectory(str(migration.MIGRATIONS)).get_current_head() == migration.HEAD


def test_the_steps_make_the_schema_that_the_code_uses(sql_url, engine):
    wait(SqlEventStore(sql_url).close())
    check_schema(engine)


def test_a_file_from_before_there_were_migrations_keeps_all_that_it_has(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.executescript(OLD)
    connection.close()
    engine = open_engine(url)
    fill(engine)
    check_filled(url)
    check_schema(engine)
    engine.dispose()


def test_a_file_whose_making_was_cut_short_is_completed(tmp_path):
    """Before there were migrations, tables were made one by one."""
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.executescript(OLD[: OLD.index("CREATE INDEX events_by_user")])
    connection.close()
    wait(SqlEventStore(f"sqlite:///{tmp_path / 'store.db'}").close())
    engine = open_engine(f"sqlite:///{tmp_path / 'store.db'}")
    check_schema(engine)
    engine.dispose()


def test_a_database_of_the_first_version_keeps_all_that_it_has(
    sql_url, engine, tmp_path, monkeypatch
):
    with monkeypatch.context() as before:
        newer = ["0002_wish.py", "0003_one_key.py", "0004_people.py", "0005_facts.py",
                 "0006_origin.py"]  # fmt: skip
        with_steps(before, tmp_path / "steps", head="0001", without=newer)
        migration.migrate(engine)
    with engine.connect() as connection:
        assert migration.version(connection) == "0001"
    fill(engine)
    check_filled(sql_url)
    check_schema(engine)


BREAKS = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{migration.HEAD}"

def upgrade():
    op.create_table("halfway", sa.Column("id", sa.String, primary_key=True))
    op.execute("DELETE FROM events")
    op.execute("INSERT INTO nowhere VALUES (1)")
"""


def test_a_step_that_fails_midway_changes_nothing(sql_url, engine, tmp_path, monkeypatch):
    wait(SqlEventStore(sql_url).close())
    fill(engine)
    with monkeypatch.context() as newer:
        with_steps(newer, tmp_path / "steps", head="9999", extra=BREAKS)
        with pytest.raises(ConfigError, match=r"cannot open event store .*: .*nowhere"):
            SqlEventStore(sql_url)
    assert not sa.inspect(engine).has_table("halfway")
    check_schema(engine)
    check_filled(sql_url)


def test_a_database_of_a_newer_recagent_is_refused_and_left_alone(sql_url, engine):
    wait(SqlEventStore(sql_url).close())
    fill(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(ConfigError, match=r"'0999', but this recagent only supports .*; upgrade"):
        SqlEventStore(sql_url)
    with engine.begin() as connection:
        assert migration.version(connection) == "0999"
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{migration.HEAD}'"))
    check_filled(sql_url)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_another_applications_tables_are_not_taken_for_ours(postgres_server):
    url = postgres_server.create()
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE events (id INTEGER)"))
    with pytest.raises(ConfigError, match='"events" already exists'):
        SqlEventStore(url)
    assert sa.inspect(engine).get_table_names() == ["events"]
    engine.dispose()


OPENS = """
import sys
from anyio import run
from recagent.infrastructure.storage import SqlEventStore
print("ready", flush=True)
for url in sys.stdin:
    try:
        run(SqlEventStore(url.strip()).close)
        print("opened", "alembic" in sys.modules, flush=True)
    except Exception as error:
        print(repr(error), flush=True)
"""


def openers(number):
    """Processes that open the URL that they are told; ``alembic`` is not yet imported there."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(number)
    ]
    for process in started:
        assert said(process) == "ready\n"
    return started


def said(process):
    """The next line of a process, within a minute."""
    assert select.select([process.stdout], [], [], 60)[0], "no answer"
    return process.stdout.readline()


def end(processes):
    for process in processes:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.mark.slow
def test_processes_that_open_an_empty_database_at_once_all_succeed(request, tmp_path, sql_url):
    if sql_url.startswith("sqlite"):
        urls = [f"sqlite:///{tmp_path / str(number) / 'store.db'}" for number in range(40)]
    else:
        server = request.getfixturevalue("postgres_server")
        urls = [sql_url, *(server.create() for _ in range(7))]
    processes = openers(4)
    try:
        for url in urls:
            for process in processes:
                process.stdin.write(url + "\n")
            assert {said(process).split()[0] for process in processes} == {"opened"}
            wait(SqlEventStore(url).close())
    finally:
        end(processes)


def test_a_database_that_is_up_to_date_is_opened_without_loading_alembic(sql_url):
    wait(SqlEventStore(sql_url).close())
    processes = openers(1)
    try:
        processes[0].stdin.write(sql_url + "\n")
        assert said(processes[0]) == "opened False\n"
    finally:
        end(processes)
