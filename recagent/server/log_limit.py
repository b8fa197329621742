"""Bounds what a server logs: of one message so many lines a minute, and how many were left out."""

from __future__ import annotations

import logging
import time

MOST = 20  # lines of one message
_WINDOW = 60.0  # seconds
_KINDS = 1_000  # messages that are told apart; of more than that each counts as new


class LogLimit(logging.Filter):
    """Lets through the first ``most`` records of a message in a minute.

    The first after that minute says how many were left out.
    """

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._most = most
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}  # when it began, how many

    def filter(self, record: logging.LogRecord) -> bool:
        key, now = (record.name, str(record.msg)), time.monotonic()
        began, count = self._counts.get(key, (now, 0))
        if now - began >= _WINDOW:
            if count > self._most:
                record.msg = f"{record.msg} ({count - self._most} such lines were left out)"
            began, count = now, 0
        if len(self._counts) >= _KINDS:
            self._counts.clear()
        self._counts[key] = (began, count + 1)
        return count < self._most


def limit_logs() -> None:
    """Bounds what the root logger's handlers write."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogLimit())
