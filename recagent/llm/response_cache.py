"""Replies of language models, kept in one SQLite file; what makes a key is the caller's matter.

Several processes may use the file at once. It holds what people's prompts and models' answers
say, so it belongs in a folder of the user's own.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from pathlib import Path

from recagent.errors import DataError

MOST_BYTES = 500_000_000  # of replies; the oldest go first
_BUSY = 30.0  # seconds that another process may write
BRIEFLY = 0.1  # the same where a person waits for a slate, which needs no reply kept
_NEWEST = 500  # replies that tell a pace

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, reply BLOB NOT NULL, kind TEXT NOT NULL, tokens INTEGER NOT NULL,
    seconds REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_kind ON replies (kind, at);
"""


class SqliteReplyCache:
    """A ``ReplyCache`` in a file, which is made with its folder if it is not there."""

    def __init__(self, path: Path, *, keep: float = math.inf, busy: float = _BUSY) -> None:
        """Replies older than ``keep`` seconds are not given again.

        What is read and kept waits ``busy`` seconds for another process that writes; its methods
        may be called from several threads.
        """
        self._path = path
        self._keep = keep
        self._busy = busy
        self._turn = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = sqlite3.connect(
                path, timeout=_BUSY, isolation_level=None, check_same_thread=False
            )
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
            self._file.executescript(_SCHEMA)
            self._forget_oldest()
            self._wait_for_others(busy)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def get(self, key: str) -> tuple[bytes, float] | None:
        query = "SELECT reply, seconds FROM replies WHERE key = ? AND at >= ?"
        try:
            with self._turn:
                return self._file.execute(query, [key, time.time() - self._keep]).fetchone()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def put(self, key: str, reply: bytes, *, kind: str, tokens: int, seconds: float) -> None:
        row = (key, reply, kind, tokens, seconds, time.time())
        try:
            with self._turn:
                self._file.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def pace(self, kind: str) -> float | None:
        newest = "SELECT tokens, seconds FROM replies WHERE kind = ? ORDER BY at DESC LIMIT ?"
        query = f"SELECT sum(seconds) / sum(tokens) FROM ({newest})"  # noqa: S608 - no values
        return self._file.execute(query, [kind, _NEWEST]).fetchone()[0]

    def clear(self) -> int:
        try:
            with self._turn:
                self._wait_for_others(_BUSY)  # what is to be forgotten must be
                rows = self._file.execute("SELECT count(*) FROM replies")
                count: int = rows.fetchone()[0]
                self._file.execute("DELETE FROM replies")
                self._file.execute("VACUUM")
                self._wait_for_others(self._busy)
                return count
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        with self._turn:
            self._file.close()

    def _wait_for_others(self, seconds: float) -> None:
        self._file.execute(f"PRAGMA busy_timeout = {int(1000 * seconds)}")

    def _forget_oldest(self) -> None:
        row = self._file.execute("SELECT coalesce(sum(length(reply)), 0) FROM replies").fetchone()
        if row[0] > MOST_BYTES:
            self._file.execute(
                "DELETE FROM replies WHERE at <= (SELECT at FROM replies ORDER BY at LIMIT 1 "
                "OFFSET (SELECT count(*) / 2 FROM replies))"
            )

    def _failed(self, error: sqlite3.Error) -> DataError:
        return DataError(
            "cannot use the response cache {path!r}: {error}; delete the file: the model can be "
            "asked for everything in it again",
            path=str(self._path),
            error=error,
        )
