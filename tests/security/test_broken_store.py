"""Attacks and accidents: a store, an index or a cache that breaks while the server runs."""

import json
import logging
import shutil
import sqlite3
from dataclasses import replace

import pytest
from examples import LIKES, make_event, wait
from serving import make_service
from starlette.testclient import TestClient
from talker import Talking

from recagent import bootstrap
from recagent.config.service_sections import ServerSettings
from recagent.config.settings import load
from recagent.errors import ConfigError, ModelError, PromptError, RetrievalError, StoreError
from recagent.infrastructure.storage import SqlEventStore
from recagent.server.app import create_app
from recagent.server.service import Service

SECRETS = "http://10.1.2.3:8000/v1 /srv/private/store.db"
ERRORS = [StoreError, RetrievalError, ModelError, ConfigError, PromptError]


def client_over(service):
    app = create_app(service, settings=ServerSettings(rate=0), chat=Talking())
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def kept(file):
    """A service whose store is a file with some events."""
    store = SqlEventStore(f"sqlite:///{file}")
    wait(store.add_events(LIKES))
    made = make_service()
    return Service(replace(made._parts, store=store), made._options)


def fail_with(error):
    async def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("error_type", ERRORS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_clients_are_told_no_address_and_no_path_and_the_log_has_them(
    monkeypatch, caplog, error_type, lang
):
    service = make_service()
    error = error_type("cannot reach {url!r}: {error}", url=SECRETS, error=OSError(SECRETS))
    monkeypatch.setattr(service._parts.store, "person", fail_with(error))
    with client_over(service) as client:
        said = {"user": "ann", "scene": "books", "lang": lang}
        chat = {"model": "recagent/books", "user": "ann", "lang": lang}
        messages = [{"role": "user", "content": "hello"}]
        answers = [
            client.post("/v1/recommend", json=said),
            client.get(f"/v1/profile?user=ann&lang={lang}"),
            client.post("/v1/chat/completions", json=chat | {"messages": messages}),
            client.post("/v1/chat/completions", json=chat | {"messages": messages, "stream": True}),
        ]
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["error"]["message"]
        assert "10.1.2.3" not in answer.text
        assert "/srv" not in answer.text
    if error_type not in (ConfigError, PromptError):
        assert answers[0].status_code == 503
        assert int(answers[0].headers["Retry-After"]) >= 1
    assert "/srv/private/store.db" in caplog.text


def test_what_was_degraded_names_no_address(caplog):
    service = make_service()
    error = ModelError("cannot reach {url!r}: {error}", url=SECRETS, error=OSError(SECRETS))

    class Broken:
        start = staticmethod(fail_with(error))

    parts = replace(service._parts, ranker=Broken())
    with client_over(Service(parts, replace(service._options, language_weight=1.0))) as client:
        slate = client.post("/v1/recommend", json={"user": "ann", "scene": "books"}).json()
        trace = client.get("/v1/trace", params={"id": slate["trace"]["id"], "user": "ann"})
    assert slate["trace"]["degraded"] == "retrieval order: the model does not answer now"
    assert "10.1.2.3" not in trace.text
    assert "10.1.2.3" in caplog.text


@pytest.mark.parametrize("busy", [True, False])
def test_a_slate_whose_impression_cannot_be_stored_comes_and_says_so(monkeypatch, busy):
    service = make_service()
    error = StoreError("no space left in {folder!r}", folder="/srv/private", busy=busy)
    monkeypatch.setattr(service._parts.store, "add_impression", fail_with(error))
    monkeypatch.setattr(service._parts.store, "add_events", fail_with(error))
    with client_over(service) as client:
        slate = client.post("/v1/recommend", json={"user": "ann", "scene": "books"})
        assert slate.status_code == 200
        assert slate.json()["entries"]
        assert slate.json()["trace"]["degraded"].startswith("impression not recorded")
        refused = client.post("/v1/feedback", json={"user": "ann", "item": "b4"})
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "5"
        assert refused.json()["error"]["code"] == "store_unavailable"


def test_a_store_whose_file_is_deleted_or_replaced_stores_nothing_that_is_lost(kept, file):
    like = {"user": "ann", "item": "b4"}
    with client_over(kept) as client:
        assert client.get("/readyz").status_code == 200
        shutil.copy(file, file.with_name("backup.db"))
        file.unlink()
        assert client.post("/v1/feedback", json=like).status_code == 503
        assert client.get("/readyz").status_code == 503
        assert not file.exists()  # no empty one in its place
        file.with_name("backup.db").rename(file)
        assert client.post("/v1/feedback", json=like).status_code == 503


def test_a_store_that_was_emptied_is_noticed_and_one_that_was_forgotten_empty_is_not(kept, file):
    with client_over(kept) as client:
        with sqlite3.connect(file) as other:
            other.execute("DELETE FROM events")
        other.close()
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "store_unavailable"
        wait(kept._parts.store.forget("ann"))
        assert client.get("/readyz").status_code == 200


def test_two_answers_at_the_same_second_are_both_kept(kept):
    at = "2024-05-02T10:00:00Z"
    with client_over(kept) as client:
        shown = [
            client.post("/v1/recommend", json={"user": "eve", "scene": "books"}).json()
            for _ in range(2)
        ]
        for slate in (*shown, shown[0]):  # the first is sent again
            body = {"user": "eve", "item": "b1", "scene": "books", "kind": "view", "at": at}
            sent = client.post("/v1/feedback", json=body | {"impression": slate["trace"]["id"]})
            assert sent.status_code == 201
        stored = client.get("/v1/profile?user=eve").json()["events"]
    assert {event["impression"] for event in stored} == {slate["trace"]["id"] for slate in shown}


def test_a_broken_cache_of_replies_is_passed_by(shop, caplog):
    (shop / ".recagent" / "replies.db").write_bytes(b"not a database" * 100)
    settings = load(model={"kind": "endpoint", "base_url": "http://127.0.0.1:9/v1", "name": "m"})
    parts = bootstrap.parts(settings)
    assert parts.replies is None
    assert "replies are not kept" in caplog.text
    wait(parts.store.close())


@pytest.mark.parametrize("damage", ["the database", "the vectors"])
def test_a_broken_vector_index_is_rebuilt_by_indexing(recagent, shop, damage):
    before = recagent("recommend", "ann", "--json").stdout
    folder = shop / ".recagent" / "chroma"
    if damage == "the database":
        (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    else:
        for path in folder.glob("*/*.bin"):
            path.write_bytes(b"")
    done = recagent("index")
    assert done.returncode == 0, done.stderr
    after = recagent("recommend", "ann", "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["slate"] == json.loads(before)["slate"]


def test_the_log_of_a_failure_is_a_warning(monkeypatch, caplog):
    service = make_service()
    monkeypatch.setattr(service._parts.store, "person", fail_with(StoreError("gone")))
    with caplog.at_level(logging.WARNING), client_over(service) as client:
        client.post("/v1/recommend", json={"user": "ann", "scene": "books"})
    assert "StoreError: gone" in caplog.text
    assert make_event("ann", "b1").user_id not in caplog.text
