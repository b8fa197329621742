"""The command line run in the test's own process, and a small shop for it to work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

ITEMS = "item_id,scene,title,topics\nb1,books,Trains,travel\nb2,books,Bread,cooking|travel\n"
EVENTS = "user_id,item_id,timestamp\nana,b1,2026-05-01T20:00:00\n"
CONFIG = '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'


class Run(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Run]
