"""Who comes in: keys, hosts, requests a minute, sizes."""

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app
from recagent.server.auth import LARGEST

FIRST, SECOND = "the first key of two", "the second key of two"
ASK = {"user": "ann", "scene": "films"}


def client_of(service, *, host="localhost", **settings):
    app = create_app(service, settings=ServerSettings(**settings))
    return TestClient(app, base_url=f"http://{host}", raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/scenes"), ("POST", "/v1/recommend"), ("GET", "/metrics"), ("POST", "/mcp/")],
)
def test_with_keys_whatever_has_data_wants_one(service, method, path):
    keys = (SecretStr(FIRST), SecretStr(SECOND))
    with client_of(service, host="shop.example", keys=keys) as client:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {FIRST}"}):
            refused = client.request(method, path, headers=header)
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "invalid_api_key"
            assert refused.headers["www-authenticate"] == "Bearer"
        for key in (FIRST, SECOND):
            answer = client.request(method, path, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code not in (401, 403)


def test_what_has_no_data_is_open(service):
    with client_of(service, host="shop.example", keys=(SecretStr(FIRST),)) as client:
        for path in ("/", "/livez", "/readyz", "/openapi.json"):
            assert client.get(path).status_code == 200


def test_without_keys_a_page_of_another_site_cannot_ask_by_its_own_name(service):
    with client_of(service, host="evil.example") as client:
        refused = client.post("/v1/recommend", json=ASK)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "unknown_host"
    for host in ("127.0.0.1:8900", "localhost:8900", "[::1]:8900"):
        assert client.get("/v1/scenes", headers={"Host": host}).status_code == 200


def test_too_many_requests_are_told_how_long_to_wait_each_key_by_itself(service):
    keys = (SecretStr(FIRST), SecretStr(SECOND))
    with client_of(service, keys=keys, rate=3) as client:
        first, second = ({"Authorization": f"Bearer {key}"} for key in (FIRST, SECOND))
        codes = [client.get("/v1/scenes", headers=first).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        refused = client.get("/v1/scenes", headers=first)
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.get("/v1/scenes", headers=second).status_code == 200
        assert client.get("/livez").status_code == 200


def test_a_body_that_is_too_large_is_refused_with_and_without_a_length(service):
    def chunks():
        for _ in range(LARGEST // 65536 + 2):
            yield b"x" * 65536

    with client_of(service) as client:
        typed = {"content-type": "application/json"}
        for content in (b"x" * (LARGEST + 1), chunks()):
            refused = client.post("/v1/recommend", content=content, headers=typed)
            assert refused.status_code == 413
            assert refused.json()["error"]["code"] == "too_large"
