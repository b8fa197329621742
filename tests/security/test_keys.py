"""Attacks: somebody else's traces and history, through a key for less, a proxy, or a weak key."""

import pytest
from starlette.testclient import TestClient
from talker import Talking

from recagent.config.service_sections import ServerSettings
from recagent.config.settings import load
from recagent.errors import ConfigError
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.language_models import model_settings
from recagent.server.app import create_app

SHOP, READER, OPERATOR = "the key of the shop", "the key of a reader", "the key of operators"
KEYS = (
    {"key": SHOP, "scopes": ["recommend", "feedback"], "people": "an"},
    {"key": READER, "scopes": ["read", "metrics"]},
    {"key": OPERATOR, "scopes": ["recommend", "feedback", "read", "metrics", "admin"]},
)
TALK = {"model": "recagent/books", "messages": [{"role": "user", "content": "hello"}]}
LIKE = {"item": "b4", "scene": "books"}


def by(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def keyed(service):
    app = create_app(service, settings=ServerSettings(keys=KEYS, rate=0), chat=Talking())
    with TestClient(app, base_url="http://shop.example") as client:
        yield client


@pytest.mark.parametrize("key", ["", "short", " " * 20, "x" * 15])
def test_an_empty_or_short_key_is_refused_when_settings_are_loaded(monkeypatch, tmp_path, key):
    monkeypatch.chdir(tmp_path)
    for keys in ([key], [{"key": key}]):
        with pytest.raises(ConfigError, match="at least 16 characters") as caught:
            load(server={"keys": keys})
        assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "path", "body"),
    [
        (READER, "recommend", {"user": "ann"}),
        (READER, "explain", {"user": "ann", "item": "b1"}),
        (READER, "question", {"user": "ann", "item": "b1", "about": "what if"}),
        (READER, "feedback", {"user": "ann", **LIKE}),
        (READER, "chat/completions", {"user": "ann", **TALK}),
        (SHOP, "recommend", {"user": "bob"}),
        (SHOP, "explain", {"user": "bob", "item": "b1"}),
        (SHOP, "question", {"user": "bob", "item": "b1", "about": "what if"}),
        (SHOP, "feedback", {"user": "bob", **LIKE}),
        (SHOP, "chat/completions", {"user": "bob", **TALK}),
        (SHOP, "profile?user=ann", None),
        (SHOP, "trace?id=x&user=ann", None),
    ],
)
def test_a_key_does_what_its_scopes_say_for_its_people(keyed, key, path, body):
    method = "GET" if body is None else "POST"
    refused = keyed.request(method, f"/v1/{path}", json=body, headers=by(key))
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "forbidden"
    assert keyed.request(method, f"/v1/{path}", json=body, headers=by(OPERATOR)).status_code != 403


def test_what_a_key_is_for_is_done(keyed):
    shop = by(SHOP)
    assert keyed.post("/v1/recommend", json={"user": "ann"}, headers=shop).status_code == 200
    assert keyed.post("/v1/recommend", json={}, headers=shop).status_code == 200
    assert keyed.post("/v1/feedback", json={"user": "ann", **LIKE}, headers=shop).status_code == 201
    assert keyed.get("/v1/scenes", headers=shop).json()["people"] == ["ann"]
    assert keyed.get("/v1/profile?user=bob", headers=by(READER)).status_code == 200
    assert keyed.get("/metrics", headers=by(READER)).status_code == 200
    assert keyed.get("/metrics", headers=shop).status_code == 403
    header = {**shop, "X-OpenWebUI-User-Id": "bob"}
    assert keyed.post("/v1/chat/completions", json=TALK, headers=header).status_code == 403


def test_the_scopes_hold_for_mcp_too(keyed):
    def call(key, user):
        arguments = {"user": user, "scene": "books"}
        body = {
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "recommend", "arguments": arguments},
        }  # fmt: skip
        accept = {"Accept": "application/json, text/event-stream"}
        return keyed.post("/mcp", json=body, headers={**by(key), **accept}).json()["result"]

    assert "for other people" in call(SHOP, "bob")["content"][0]["text"]
    assert "no scope" in call(READER, "ann")["content"][0]["text"]
    assert not call(SHOP, "ann").get("isError")


def test_a_trace_is_told_of_the_person_asked_for_and_to_operators(keyed):
    slate = keyed.post("/v1/recommend", json={"user": "ann"}, headers=by(SHOP)).json()
    trace = {"id": slate["trace"]["id"]}

    def status(key, **user):
        return keyed.get("/v1/trace", params=trace | user, headers=by(key)).status_code

    assert status(READER, user="ann") == 200
    assert status(READER, user="bob") == 404
    assert status(READER) == 404
    assert status(OPERATOR) == 200


def test_raw_scores_which_tell_what_others_did_are_for_operators(keyed, client):
    for asked in (
        keyed.post("/v1/recommend", json={"user": "ann"}, headers=by(SHOP)),
        client.post("/v1/recommend", json={"user": "ann"}),
        keyed.post("/v1/chat/completions", json={"user": "ann", **TALK}, headers=by(SHOP)),
    ):
        assert asked.status_code == 200
        assert '"features":{"' not in asked.text
    seen = keyed.post("/v1/recommend", json={"user": "ann"}, headers=by(OPERATOR)).json()
    assert any(entry["features"] for entry in seen["entries"])


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host"]
)
def test_without_keys_what_came_through_a_proxy_is_refused(client, header):
    refused = client.get("/v1/scenes", headers={header: "203.0.113.7"})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "proxied"


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize(("proxies", "seen"), [((), b"127.0.0.1"), (["127.0.0.1"], b"203.0.113.7")])
def test_forwarded_addresses_are_believed_of_declared_proxies_alone(served, dialled, proxies, seen):
    async def echo(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["client"][0].encode()})
            return
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    with served(echo, proxies=proxies) as port, dialled(port) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.7\r\n"
            b"Connection: close\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(1000):
            answer += chunk
    assert seen in answer


@pytest.fixture
def own_key(monkeypatch, tmp_path):
    """A folder with nothing in it, and a key in the environment without an address."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "RECAGENT_MODEL__BASE_URL", "RECAGENT_MODEL__API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")


@pytest.mark.usefixtures("own_key")
def test_a_folder_brings_no_address_to_which_the_environments_key_is_sent(
    monkeypatch, tmp_path, caplog
):
    (tmp_path / "recagent.toml").write_text('[model]\nbase_url = "http://theirs/v1"\n')
    assert (load().endpoint, load().api_key) == ("http://theirs/v1", "")
    assert "OPENAI_API_KEY is not sent" in caplog.text
    (tmp_path / "recagent.toml").write_text(
        '[model]\nkind = "none"\nbase_url = "http://theirs/v1"\n'
        '[embedder]\nkind = "endpoint"\nname = "an-embedder"\n'
    )
    assert load().api_key == ""  # the embedder asks the address of [model]
    (tmp_path / "recagent.toml").unlink()
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://theirs/v1\n")
    assert load().api_key == ""
    (tmp_path / ".env").unlink()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://mine/v1")
    assert (load().endpoint, load().api_key) == ("http://mine/v1", "sk-mine")
    (tmp_path / "recagent.toml").write_text('[model]\nbase_url = "http://theirs/v1"\n')
    assert load().api_key == ""
    assert load(model={"base_url": "http://named/v1"}).api_key == "sk-mine"
    monkeypatch.setenv("RECAGENT_MODEL__API_KEY", "sk-for-theirs")
    assert (load().endpoint, load().api_key) == ("http://theirs/v1", "sk-for-theirs")


EXPERIMENT = """\
name = "films"
reference = "popularity"

[models.large]
kind = "endpoint"
name = "m"
base_url = "http://theirs/v1"

[[systems]]
baseline = "popularity"

[[systems]]
prompt = "label.v1"
model = "large"
"""


@pytest.mark.usefixtures("own_key")
def test_an_experiment_brings_no_address_to_which_the_environments_key_is_sent(
    monkeypatch, tmp_path, caplog
):
    (tmp_path / "films.toml").write_text(EXPERIMENT)

    def asked(**given):
        experiment = load_experiment(tmp_path / "films.toml")
        settings = model_settings(experiment, load(**given))["large"]
        return settings.endpoint, settings.api_key

    assert asked() == ("http://theirs/v1", "")
    assert "OPENAI_API_KEY is not sent to http://theirs/v1" in caplog.text
    mine = {"base_url": "http://mine/v1", "api_key": "sk-of-mine"}
    assert asked(model=mine) == ("http://theirs/v1", "")
    assert asked(model={"base_url": "http://theirs/v1"}) == ("http://theirs/v1", "sk-mine")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://theirs/v1")
    assert asked() == ("http://theirs/v1", "sk-mine")
