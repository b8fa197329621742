"""What all tests share: how hypothesis looks for examples, and an environment for processes.

The values that tests share are in examples.py.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import postgres
import pytest
from command import CONFIG, EVENTS, ITEMS, Command, Run
from hypothesis import settings
from tenacity import wait_none

from recagent.cli import main
from recagent.llm import weights

# Tests of learning without a command take this away; all others speak of what stands before it.
WITHOUT_LEARNING = ("RECAGENT_LEARN__AUTOMATIC", "false")
os.environ.setdefault(*WITHOUT_LEARNING)

settings.register_profile("offline", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("offline")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as slow what needs a server, the embedded model or a process with the demo's data."""
    for item in items:
        if (
            item.get_closest_marker("allow_hosts")
            or item.get_closest_marker("engine")
            or "environment" in getattr(item, "fixturenames", ())
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a child process: nobody's settings, and a cache with the demo loaded."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECAGENT_", "OPENAI_"))
    }
    cache = tmp_path_factory.mktemp("cache")
    variables = {**kept, "XDG_CACHE_HOME": str(cache), "COLUMNS": "100", "NO_COLOR": "1"}
    script = "from recagent.cli.progress import prepared_demo; prepared_demo()"
    subprocess.run([sys.executable, "-c", script], env=variables, cwd=cache, check=True)
    return variables


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Base URL of llama.cpp's own OpenAI-compatible server, in a process of its own."""
    script = Path(__file__).parent / "support" / "llama_server.py"
    process = subprocess.Popen(
        [sys.executable, script, str(weights.find())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield process.stdout.readline().strip() + "/v1"
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    """The folder of a PostgreSQL server's programs; in CI, a test without them fails."""
    programs = postgres.programs()
    if programs is not None:
        return programs
    says = "no PostgreSQL server here (initdb, postgres): install Debian's package postgresql"
    if os.environ.get("CI"):
        pytest.fail(says)
    pytest.skip(says)


@pytest.fixture(scope="session")
def postgres_server(postgres_programs: Path) -> Iterator[postgres.Server]:
    """A running PostgreSQL. Its tests need ``@pytest.mark.allow_hosts(["127.0.0.1"])``."""
    with postgres.Server(postgres_programs) as server:
        yield server


@pytest.fixture
def own_server(postgres_programs: Path) -> Iterator[postgres.Server]:
    """A running PostgreSQL that the test may stop or kill."""
    with postgres.Server(postgres_programs) as server:
        yield server


ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database: a SQLite file, then one on a PostgreSQL server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kept' / 'store.db'}"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.create()


@contextmanager
def chroma_server(folder: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Base URL and process of a Chroma server on loopback, on a free port by default."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "chroma", "run", "--path", folder]
    # It says much at every request: a pipe that nobody reads would stop it.
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, "the Chroma server has ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < end, "the Chroma server does not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a Chroma server; whoever uses it begins by emptying it."""
    with chroma_server(tmp_path_factory.mktemp("chroma-server")) as (url, _):
        yield url


@pytest.fixture
def start_chroma() -> Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]]:
    """Starts a Chroma server of the test's own."""
    return chroma_server


@pytest.fixture
def no_wait_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that failed is asked again at once."""
    monkeypatch.setattr("recagent.llm.retry._BACKOFF", wait_none())


@pytest.fixture
def recagent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """The command line in this process, in a folder of its own, without settings of the machine."""
    for name in list(os.environ):
        if name.startswith(("RECAGENT_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv(*WITHOUT_LEARNING)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Run:
        monkeypatch.setattr(sys, "argv", ["recagent", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return Run(int(left.value.code or 0), shown.out, shown.err)

    return run


@pytest.fixture
def shop(tmp_path: Path, recagent: Command) -> Path:
    """A folder with a small catalogue, indexed; its settings leave the model out."""
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "recagent.toml").write_text(CONFIG + '[model]\nkind = "none"\n')
    done = recagent("index")
    assert done.returncode == 0, done.stderr
    return tmp_path
