"""The app over a service made of fakes, in this process and on a port."""

from __future__ import annotations

import pytest
from serving import make_service, running
from starlette.testclient import TestClient
from talker import Talking

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app


@pytest.fixture
def service():
    """The recommender behind the app."""
    return make_service()


@pytest.fixture
def talking():
    """How agents are made, and how often."""
    return Talking()


@pytest.fixture
def client(service, talking):
    """The app in this process; without keys, so it is asked by this machine's name."""
    app = create_app(service, settings=ServerSettings(rate=0), chat=talking)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def live(service, talking):
    """Base URL of the app on loopback."""
    with running(create_app(service, settings=ServerSettings(rate=0), chat=talking)) as url:
        yield url
