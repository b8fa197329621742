"""Where a Chroma database lives: a folder that this process owns, or a server that several share.

What is in the database is known to ``infrastructure.vectors``.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from anyio import to_thread
from filelock import FileLock, Timeout

from recagent.errors import ConfigError, RetrievalError
from recagent.locale import LocalizedText

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

T = TypeVar("T")

logger = logging.getLogger(__name__)

LOCK = "recagent.lock"
OWNER = "recagent.pid"

_CONNECT = 5.0  # seconds
_TURN = 3.0  # seconds that a short command is waited for, before a folder is said to be in use
_ANSWER = 120.0  # seconds of silence; Chroma's own client would wait for ever
_CONNECTING = threading.Lock()
# Kept for ever: a lock that is collected lets go of a folder that Chroma still has open.
_LOCKS: dict[Path, FileLock] = {}
# What SQLite and the operating system say, in Chroma's wrapping.
_NO_SPACE = ("disk is full", "no space left", "disk i/o error", "file too large", "quota exceeded")
_SQLITE = b"SQLite format 3\0"  # how a database begins
_READ_ONLY = ("readonly", "read-only", "permission denied")


class ChromaConnection(Protocol):
    """A place that holds collections; its text names it in messages."""

    def connect(self) -> ClientAPI:
        """The client; the first call opens the place.

        Raises:
            RetrievalError: it cannot be opened, or another process owns it.
        """
        ...

    def close(self) -> None:
        """Let go of it; a later ``connect`` opens it again."""
        ...

    def complaint(self, error: Exception) -> RetrievalError:
        """What an error of Chroma's client means here, with the next step."""
        ...


async def run_in_thread(home: ChromaConnection, call: Callable[[], T]) -> T:
    """Returns the result of a call that uses Chroma, made in a thread so that the loop goes on.

    Raises:
        RetrievalError: in place of any error of Chroma's.
    """
    try:
        return await to_thread.run_sync(call)
    except RetrievalError:
        raise
    except Exception as error:  # Chroma's errors share no base class
        raise home.complaint(error) from error


class ChromaFolder:
    """A Chroma folder; all that use it in one process share it, and other processes are told so."""

    def __init__(self, path: Path) -> None:
        """Touches nothing yet; ``path`` is created by ``connect`` if it is not there."""
        self._path = path.resolve()  # Chroma keeps one open database per path text and process
        self._lock: FileLock | None = None
        self._client: Any = None

    def __str__(self) -> str:
        return f"index folder {str(self._path)!r}"

    def connect(self) -> ClientAPI:
        with _CONNECTING:
            if self._client is None:
                lock = self._take_lock()
                try:
                    import chromadb  # noqa: PLC0415 - one and a half seconds

                    self._put_damaged_aside()  # Chroma opens a folder that failed no second time
                    self._client = chromadb.PersistentClient(str(self._path))
                except BaseException:
                    lock.release()
                    raise
                self._lock = lock
            return self._client

    def close(self) -> None:
        with _CONNECTING:
            if self._client is not None and self._lock is not None:
                self._client.close()  # Chroma lets the folder go with the last client of a process
                self._lock.release()
                self._client = self._lock = None

    def is_taken(self) -> bool:
        """Whether another process has the folder open now."""
        lock = FileLock(self._path / LOCK)
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return self._path not in _LOCKS or not _LOCKS[self._path].is_locked

    def complaint(self, error: Exception) -> RetrievalError:
        text = str(error).lower()
        if any(words in text for words in _NO_SPACE):
            return RetrievalError(
                "{index}: no space left ({error}); free some and run the command again: what was "
                "written so far is kept",
                index=str(self),
                error=error,
            )
        if isinstance(error, OSError) or any(words in text for words in _READ_ONLY):
            return RetrievalError(
                "cannot write to {index} ({error}); make it writable, or set data_dir to a "
                "writable folder",
                index=str(self),
                error=error,
            )
        return RetrievalError(
            "{index}: {error}; if it is damaged, 'recagent index' rebuilds the unreadable parts",
            index=str(self),
            error=error,
        )

    def _put_damaged_aside(self) -> None:
        """Makes room for a new database, which ``recagent index`` fills, where this is none."""
        path = self._path / "chroma.sqlite3"
        try:
            with path.open("rb") as file:
                begins = file.read(len(_SQLITE))
        except FileNotFoundError:
            return
        if begins not in (b"", _SQLITE):
            old = path.replace(path.with_suffix(".damaged"))
            logger.warning(
                "%s is damaged and begins anew, the old database is %s; run 'recagent index'",
                self,
                old,
            )
            for rest in ("-wal", "-shm"):
                path.with_name(path.name + rest).unlink(missing_ok=True)

    def _take_lock(self) -> FileLock:
        self._path.mkdir(parents=True, exist_ok=True)
        # It counts how often this process took it, and ends with the process, however that ends.
        lock = _LOCKS.setdefault(self._path, FileLock(self._path / LOCK, thread_local=False))
        try:
            lock.acquire(timeout=_TURN)
        except Timeout as error:
            raise RetrievalError(
                "{index} is in use by {owner}; stop that process, or share the index through a "
                "Chroma server: run 'chroma run --host 127.0.0.1 --port 8901 --path {path}' and "
                "set [index] url = 'http://127.0.0.1:8901'",
                index=str(self),
                owner=self._owner(),
                path=self._path,
            ) from error
        try:
            (self._path / OWNER).write_text(str(os.getpid()))
        except BaseException:
            lock.release()
            raise
        return lock

    def _owner(self) -> LocalizedText:
        try:
            pid = (self._path / OWNER).read_text().strip()
        except OSError:
            pid = ""
        return LocalizedText("process {pid}", pid=pid) if pid else LocalizedText("another process")


class ChromaServer:
    """A Chroma server; any number of processes may use it at once."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet.

        Raises:
            ConfigError: ``url`` is no address of a server.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "[index] url {url!r} must look like 'http://127.0.0.1:8901', or be empty to use "
                "a folder",
                url=url,
            )
        self._url = url.rstrip("/")
        self._client: Any = None

    def __str__(self) -> str:
        return f"Chroma server {self._url!r}"

    def connect(self) -> ClientAPI:
        with _CONNECTING:
            if self._client is None:
                import chromadb  # noqa: PLC0415 - one and a half seconds

                self._knock()
                self._client = chromadb.HttpClient(host=self._url)
                for session in _sessions(self._client):
                    session.timeout = _ANSWER
            return self._client

    def close(self) -> None:
        with _CONNECTING:
            if self._client is not None:
                for session in _sessions(self._client):
                    session.close()
                self._client.close()
                self._client = None

    def complaint(self, error: Exception) -> RetrievalError:
        if type(error).__module__.partition(".")[0] == "httpx":  # Chroma's client lets these out
            return self._silent(error)
        if any(words in str(error).lower() for words in (*_NO_SPACE, *_READ_ONLY)):
            return RetrievalError(
                "{index} could not be written ({error}); check its folder and run the command "
                "again: what was written so far is kept",
                index=str(self),
                error=error,
            )
        return RetrievalError(
            "{index}: {error}; if it is damaged, 'recagent index' rebuilds the unreadable parts",
            index=str(self),
            error=error,
        )

    def _knock(self) -> None:
        """Whether a Chroma server answers; its own client would wait for ever to find out."""
        import httpx2  # noqa: PLC0415 - not on the way to --help

        try:
            answer = httpx2.get(f"{self._url}/api/v2/heartbeat", timeout=_CONNECT)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._silent(error) from error
        if not answer.is_success:
            raise RetrievalError(
                "{index} answers with status {code}, so it is not a Chroma server of version 1 "
                "or later; correct [index] url",
                index=str(self),
                code=answer.status_code,
            )

    def _silent(self, error: Exception) -> RetrievalError:
        return RetrievalError(
            "{index} does not answer ({error}); start it with 'chroma run --host HOST "
            "--port PORT --path FOLDER', or correct [index] url",
            index=str(self),
            error=error or type(error).__name__,
        )


def _sessions(client: Any) -> list[Any]:
    """The connections of a client; Chroma neither bounds their waiting nor closes them itself."""
    return [part._server._session for part in (client, client._admin_client)]  # noqa: SLF001
