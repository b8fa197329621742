"""HTTP connections that end by themselves: who sends or reads too slowly is let go.

uvicorn ends connections that are silent between two requests, and no others.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_WITHIN = 10.0  # seconds from the first byte of a request, or from the connection
BODY_WITHIN = 60.0  # seconds
READ_WITHIN = 30.0  # seconds in which a client takes at least some of an answer that waits
MOST_CONNECTIONS = 1_000


class GuardedProtocol(H11Protocol):
    """One connection, with a time limit on whatever its client has to do next.

    Of more than ``most`` connections the one is closed whose client has been waited for longest, so
    that half-open ones keep nobody out. h11 bounds the size of headers, which httptools does not.
    """

    headers_within = HEADERS_WITHIN
    body_within = BODY_WITHIN
    read_within = READ_WITHIN
    most = MOST_CONNECTIONS

    _sending: Any = None  # how far the client is with its request
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _waiting_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            self._close_longest_waiting()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not self._sending:
            self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.read_within, self._close)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread = _cancelled(self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        self._late, self._unread = _cancelled(self._late), _cancelled(self._unread)
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Give the client its time for the headers or the body, whichever it has to send."""
        self._late = _cancelled(self._late)
        sending = self.conn.their_state
        self._sending, self._waiting_since = sending, self.loop.time()
        if sending is h11.IDLE:
            self._late = self.loop.call_later(self.headers_within, self._close)
        elif sending is h11.SEND_BODY:
            self._late = self.loop.call_later(self.body_within, self._close)

    def _close_longest_waiting(self) -> None:
        waiting = [
            each
            for each in self.connections
            if isinstance(each, GuardedProtocol) and each._is_waited_for  # noqa: SLF001 - its own
        ]
        if waiting:
            min(waiting, key=lambda each: each._waiting_since)._close()  # noqa: SLF001 - its own

    @property
    def _is_waited_for(self) -> bool:
        is_sending = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        return (is_sending or self._unread is not None) and not self.transport.is_closing()

    def _close(self) -> None:
        self.transport.abort()


def _cancelled(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def affordable_connections() -> int:
    """Returns how many connections there may be, so that files can still be opened beside them."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files < 0 else min(MOST_CONNECTIONS, max(1, files // 2))
