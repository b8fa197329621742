"""A PostgreSQL server of the tests' own: in a folder of its own, on loopback, by password."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import sqlalchemy as sa

USER, PASSWORD = "recagent", "s3cret-Pa55word"
PATIENCE = 60.0  # seconds


def programs() -> Path | None:
    """The newest folder with initdb and postgres; None where there is none."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name)
    )
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    whole = [
        folder
        for folder in [*debian, *on_path]
        if (folder / "initdb").exists() and (folder / "postgres").exists()
    ]
    return whole[-1] if whole else None


def owner() -> str | None:
    """As whom the server runs: PostgreSQL refuses root. None: as this process."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """Runs inside ``with``; may be stopped or killed there, and started again."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = owner()
        # Not pytest's folder: the server's user may not enter that one.
        self._folder = Path(tempfile.mkdtemp(prefix="recagent-postgres-"))
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if self._user:
            for path in (self._folder, password):
                shutil.chown(path, self._user)
        self._run(
            "initdb",
            f"--pgdata={self._data}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",  # of the empty cluster alone; the server itself syncs
        )

    def __enter__(self) -> Server:
        try:
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def start(self) -> None:
        """Start, or start again after ``kill`` or ``stop``; returns when it answers."""
        self._port = self._port or _free_port()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self._data, "-p", str(self._port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                    *("-c", "shared_buffers=16MB", "-c", "max_connections=40"),
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._do("SELECT 1")
            except sa.exc.SQLAlchemyError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"d{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """As the documentation has it: without a driver, with a password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self._port}/{database}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it as an administrator would: connected clients are told, then cut off."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """SIGKILL to the server and to every process that it started, as in a power cut."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        self._process.kill()
        for child in map(int, children):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(timeout=PATIENCE)
        end = time.monotonic() + PATIENCE
        while any(_runs(int(child)) for child in children):
            assert time.monotonic() < end, "a server process outlived SIGKILL"
            time.sleep(0.02)

    def _close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGQUIT)  # at once: what it has not yet written is not needed
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            user=self._user,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _do(self, statement: str) -> None:
        url = sa.make_url(self.url("postgres")).set(drivername="postgresql+pg8000")
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _runs(pid: int) -> bool:
    """Whether it is there; one that has ended and waits for its parent is not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
            != "Z"
        )
    except FileNotFoundError:
        return False
