"""A service made of fakes, and an app on a port of loopback."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import uvicorn
from examples import LIKES, make_item, wait
from line import make_line

from recagent.pipeline import Options
from recagent.server.service import Service

ITEMS = [
    make_item("b1", "Trains", topics=("travel",), year=2001),
    make_item("b2", "Bread", topics=("cooking", "travel"), year=2010),
    make_item("b3", "Cakes", topics=("cooking",), year=2015),
    make_item("b4", "Maps", topics=("travel",), year=2020),
    make_item("b5", "<b>Ghosts</b>", topics=("horror",), year=2021),
    make_item("f1", "Rails", scene="films", topics=("travel",), year=1999),
    make_item("f2", "Kitchens", scene="films", topics=("cooking",), year=2005),
]


def make_service(**settings):
    """A service over seven items and a few likes; no model is asked."""
    # In a thread of its own: Playwright has a loop that runs in the tests'.
    with ThreadPoolExecutor(1) as pool:
        _, parts = pool.submit(lambda: wait(make_line(ITEMS, LIKES))).result()
    return Service(parts, Options(), people=("ann", "bob"), **settings)


@contextmanager
def running(app):
    """Base URL of the app on a free port, in a thread of its own."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        end = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listening.close()
