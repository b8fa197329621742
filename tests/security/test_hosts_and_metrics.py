"""Attacks: a Host that is none, methods without end as labels of metrics, floods of the log."""

import logging

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app
from recagent.server.log_limit import LogLimit

BAD_HOSTS = [
    "[",
    "]",
    "[::1",
    "[x]",
    "a b",
    "a:b",
    "localhost:99999999",
    "<b>",
    "a/b",
    "é",
    "user@a",
]


@pytest.mark.parametrize("keys", [(), (SecretStr("a key of sufficient length"),)])
def test_a_host_that_is_none_is_a_bad_request(service, keys):
    app = create_app(service, settings=ServerSettings(keys=keys, rate=0))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        for host in BAD_HOSTS:
            for path in ("/", "/livez", "/v1/scenes", "/static/app.js", "/mcp", "/x/"):
                refused = client.get(path, headers={"Host": host.encode()})
                assert refused.status_code == 400, (host, path)
                assert refused.json()["error"]["code"] == "bad_host"


@pytest.mark.parametrize("host", ["localhost", "localhost:8900", "127.0.0.1", "[::1]:8900"])
def test_this_machine_is_answered_by_each_of_its_names(client, host):
    assert client.get("/v1/scenes", headers={"Host": host}).status_code == 200


def test_methods_and_addresses_that_are_made_up_are_one_series(client):
    for number in range(50):
        client.request(f"M{number}", "/v1/scenes")
        client.get(f"/nothing/{number}")
        client.get(f"/v1/models/{number}")
    lines = [
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("recagent_requests_total")
    ]
    assert len(lines) <= 10
    assert any('method="other"' in line for line in lines)


def test_one_message_is_logged_so_often_a_minute_and_then_counted(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("recagent.server.log_limit.time.monotonic", lambda: now[0])
    limit, logger = LogLimit(most=3), logging.getLogger("guarded")

    def told(text):
        record = logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (7,), None)
        return record.getMessage() if limit.filter(record) else None

    assert [told("bad %d") for _ in range(5)] == ["bad 7"] * 3 + [None] * 2
    assert told("another %d") == "another 7"
    now[0] = 61.0
    assert told("bad %d") == "bad 7 (2 such lines were left out)"
    assert told("bad %d") == "bad 7"


def test_wrong_keys_are_limited_and_right_ones_go_on(service):
    key = "a key of sufficient length"
    settings = ServerSettings(keys=(SecretStr(key),), rate=0)
    app = create_app(service, settings=settings)
    with TestClient(app, base_url="http://shop.example") as client:
        codes = [
            client.get("/v1/scenes", headers={"Authorization": f"Bearer {guess:032}"}).status_code
            for guess in range(30)
        ]
        assert codes == [401] * 20 + [429] * 10
        right = client.get("/v1/scenes", headers={"Authorization": f"Bearer {key}"})
        assert right.status_code == 200
