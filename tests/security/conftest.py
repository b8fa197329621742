"""The app over a service made of fakes, in this process and behind the server's own connections."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from serving import make_service
from starlette.testclient import TestClient
from talker import Talking

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app
from recagent.server.run import listening_socket, uvicorn_config


@pytest.fixture
def service():
    return make_service()


@pytest.fixture
def client(service):
    """The app without keys; so it is asked by this machine's name."""
    app = create_app(service, settings=ServerSettings(rate=0), chat=Talking())
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@contextmanager
def served(app, *, proxies=(), **limits):
    """Port of an app on loopback, served as ``recagent serve`` does; limits of its connections."""
    with listening_socket("127.0.0.1", 0) as listener:
        config = uvicorn_config(app, grace=1, proxies=proxies)
        for name, value in limits.items():
            setattr(config.http, name, value)
        server = uvicorn.Server(config)
        serve = lambda: asyncio.run(server.serve(sockets=[listener]))  # noqa: E731
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            end = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "the server has ended"
                assert time.monotonic() < end, "the server does not start"
                time.sleep(0.02)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@contextmanager
def dialled(port):
    """A connection to it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


@pytest.fixture(name="served")
def served_fixture():
    return served


@pytest.fixture(name="dialled")
def dialled_fixture():
    return dialled
