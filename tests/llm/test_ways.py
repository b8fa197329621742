"""Endpoints as people really have them: each way is used, or named with the next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bent_server import BentServer
from examples import LIKES, make_item, make_query, wait
from line import make_line
from starlette.testclient import TestClient
from ways import USED, WAYS

from recagent import bootstrap
from recagent.config import settings as config
from recagent.config.service_sections import ServerSettings
from recagent.domain import Candidate
from recagent.errors import ConfigError, RecagentError
from recagent.pipeline import Options
from recagent.ranking import ModelRanker
from recagent.server.app import create_app
from recagent.server.service import Service

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.usefixtures("no_wait_between_attempts"),
]

ITEMS = [make_item(f"b{number}", f"Title {number}") for number in range(4)]
CANDIDATES = [Candidate(item=item, features={}) for item in ITEMS[:3]]
EACH = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
UNSTARTABLE = {"a key with a line break within", "an address that is none"}
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "servers.md"


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Makes the model that settings name, for a server that is bent in a way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ftp_proxy", "http://127.0.0.1:9")

    def make(way, server):
        user = server.url.replace("://", "://user:pass@")
        settings = config.load(
            model={
                "kind": "endpoint",
                "base_url": way.base_url.format(url=server.url, user=user),
                "name": way.model,
                "api_key": way.key,
                **dict(way.settings),
            },
            data_dir=tmp_path,
        )
        return bootstrap.model(settings)

    return make


async def ranked(make):
    model = make()
    try:
        scores = await ModelRanker(model)(make_query(), candidates=CANDIDATES)
        return scores, await model.start()
    finally:
        await model.close()


@EACH
def test_the_model_is_used_or_the_message_names_the_thing_and_the_next_step(way, model, caplog):
    with BentServer(way) as server:
        if way.right != USED:
            with pytest.raises(RecagentError, match=way.right) as caught:
                wait(ranked(lambda: model(way, server)))
            assert "user:pass" not in str(caught.value)
            return
        scores, _ = wait(ranked(lambda: model(way, server)))
    order = sorted(range(3), key=lambda row: -scores.scores[row])
    assert order == [2, 1, 0]
    assert scores.mode == way.mode
    assert way.check(server)
    assert "pass@" not in caplog.text


@EACH
def test_a_server_answers_a_list_whatever_the_endpoint_does(way, model, caplog):
    with BentServer(way) as server:
        if way.name in UNSTARTABLE:
            with pytest.raises(ConfigError, match=way.right):
                model(way, server)  # serve does not start, and says why
            return
        asked = model(way, server)
        _, parts = wait(make_line(ITEMS, LIKES, model=asked))
        service = Service(parts, Options(language_weight=0.5, deadline=10.0), people=("ann",))
        app = create_app(service, settings=ServerSettings(rate=0))
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            answer = client.post("/v1/recommend", json={"user": "ann", "scene": "books"})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["entries"]
    assert "user:pass" not in answer.text
    if way.right == USED:
        assert shown["trace"]["degraded"] is None
    else:
        assert shown["trace"]["degraded"] == "retrieval order: the model does not answer now"
        assert server.url not in answer.text  # only the log tells operators what is the matter
        assert re.search(way.right, caplog.text)


NAMED = [way for way in WAYS if way.right == USED and way.model]


@pytest.mark.parametrize("way", NAMED, ids=[way.name for way in NAMED])
def test_at_most_four_short_requests_find_out_what_an_endpoint_can_do(way, model):
    async def started(server):
        engine = model(way, server)
        await engine.start()
        await engine.close()

    with BentServer(way) as server:
        wait(started(server))
        asked = [path for path in server.paths if not path.endswith("/models")]
        assert len(asked) <= 4 + ("redirect" in way.name)
        wait(started(server))  # it is kept
        if "429" not in way.name and "redirect" not in way.name:
            assert len([path for path in server.paths if not path.endswith("/models")]) == len(
                asked
            )


def test_the_page_of_servers_has_every_way():
    rows = dict(
        re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    for way in WAYS:
        assert rows[way.name] == way.how
