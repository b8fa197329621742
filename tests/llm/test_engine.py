"""Engines: wires that fail, replies of odd shapes; the contract is contracts/test_chat_model.py."""

import hashlib
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import anyio
import pytest
from examples import make_index, make_item, make_query

from recagent.domain import Scene
from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.llm import weights
from recagent.llm.client import Engine
from recagent.llm.embedded import LlamaCppWire
from recagent.llm.transport import HttpWire
from recagent.ports import Message
from recagent.retrieval.sources.model_proposals import MOST, ModelProposer, Proposals
from recagent.testing import HashEmbedder

pytestmark = [pytest.mark.engine, pytest.mark.allow_hosts(["127.0.0.1"])]

ASK = [Message("system", "You answer with one letter."), Message("user", "A dog\nB cat\nLetter:")]


def gguf() -> Path:
    path = weights.find()
    assert path is not None, "no weights: the dev group brings them"
    return path


def over_http(address: str, name: str = "") -> Engine:
    return Engine(HttpWire(base_url=address, api_key="", name=name, concurrency=4, timeout=60))


async def started(address: str) -> frozenset[str]:
    model = over_http(address, name="stub")
    try:
        return await model.start()
    finally:
        await model.close()


def test_the_server_process_scores_as_the_engine_in_this_process(server: str) -> None:
    prefix, texts = "Films:\n- Alien (1979)\n-", [" The Matrix (1999)\n", " Amélie (2001)\n"]

    async def run(model: Engine) -> list[float | None]:
        await model.start()
        found = await model.likelihood(prefix, texts=texts)
        labels = await model.label_logprobs(ASK, labels=["A", "B"])
        await model.close()
        return [*found.values, *labels.values]

    inside = anyio.run(run, Engine(LlamaCppWire(gguf())))
    outside = anyio.run(run, over_http(server))
    assert outside == pytest.approx(inside, abs=0.02)


def said(adapter: Path | None) -> tuple[str, list[float | None], str]:
    """The engine's name, likelihoods of two films, and an answer in a chat."""
    prefix, texts = (
        "What one person liked, in order:\n- Alien (1979)\n-",
        [
            " The Matrix (1999)\n",
            " Amélie (2001)\n",
        ],
    )

    async def run() -> tuple[str, list[float | None], str]:
        model = Engine(LlamaCppWire(gguf(), adapter=adapter))
        await model.start()
        found = await model.likelihood(prefix, texts=texts)
        chat = await model.chat(ASK, max_tokens=4)
        await model.close()
        return model.name, [*found.values], chat.text

    return anyio.run(run)


def test_the_packages_adapter_changes_what_is_likely_and_no_chat() -> None:
    adapter = weights.shipped_adapter(gguf())
    assert adapter is not None
    assert adapter.stat().st_size < 5_000_000
    name, tuned, chat = said(adapter)
    plain_name, plain, plain_chat = said(None)
    digest = hashlib.blake2b(adapter.read_bytes(), digest_size=3).hexdigest()
    assert name == f"{plain_name}+films#{digest}"  # tuned anew it is another model
    assert tuned != pytest.approx(plain, abs=0.5)
    assert chat == plain_chat


def test_the_embedded_model_proposes_under_the_schema() -> None:
    async def run() -> Proposals:
        model = Engine(LlamaCppWire(gguf()))
        index = await make_index([make_item("a1", "Alien", scene="books")])
        proposer = ModelProposer(model, index=index, embedder=HashEmbedder(), attempts=1)
        await proposer.start()
        scene = Scene(name="books", proposals="descriptions")
        proposals = await proposer(make_query(wish="a film with an alien", scene=scene))
        await model.close()
        return proposals

    proposals = anyio.run(run)
    assert 1 <= proposals.written <= MOST
    assert proposals.item_ids in ((), ("a1",))
    assert (proposals.calls, proposals.usage.completion <= 300) == (1, True)


def test_an_adapter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.gguf' does not exist; create it with"):
        said(tmp_path / "none.gguf")


def test_a_file_that_is_no_adapter_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"with adapter '.*broken\.gguf'"):
        said(broken)


def test_shared_starts_of_texts_are_scored_once() -> None:
    async def run() -> None:
        model = Engine(LlamaCppWire(gguf()))
        await model.start()
        texts = [" The Matrix", " The Matrix Reloaded", " The Matrix Revolutions"]
        one = await model.likelihood("Films:", texts=texts[:1])
        three = await model.likelihood("Films:", texts=texts)
        assert three.values[0] == pytest.approx(one.values[0], abs=0.02)
        assert three.usage.prompt < 3 * one.usage.prompt
        await model.close()

    anyio.run(run)


def test_missing_weights_name_the_command_that_fetches_them(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none.gguf"):
        with pytest.raises(ModelError, match="recagent models pull"):
            anyio.run(Engine(LlamaCppWire(path)).start)


def test_weights_that_are_no_model_are_a_model_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match="cannot be loaded"):
        anyio.run(Engine(LlamaCppWire(broken)).start)


@pytest.mark.parametrize(
    ("status", "body", "error", "retryable"),
    [
        (500, "{}", ModelError, True),
        (429, "{}", ModelError, True),
        (401, "{}", ModelError, False),
        (200, "<html>a proxy's page</html>", ReplyError, False),
        (200, "{}", ReplyError, False),
        (200, '{"choices": []}', ReplyError, False),
    ],
)
def test_a_bad_answer_becomes_our_error(
    status: int, body: str, error: type[ModelError], retryable: bool
) -> None:
    with stub(status, body) as address:
        wire = HttpWire(base_url=address, api_key="", name="stub", concurrency=1, timeout=5)

        async def run() -> None:
            await wire.start()
            with pytest.raises(error) as caught:
                await Engine(wire).chat(ASK, max_tokens=1)
            assert caught.value.retryable is retryable
            await wire.close()

        anyio.run(run)


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, "{}"), (404, "{}"), (503, "{}"), (200, "<html>a proxy's page</html>"), (200, "{}")],
)
def test_a_server_that_refuses_or_babbles_is_no_server_without_features(
    status: int, body: str
) -> None:
    with stub(status, body) as address, pytest.raises(ModelError):
        anyio.run(started, address)


def test_a_server_that_tells_probabilities_after_the_bias_is_not_asked_for_likelihoods() -> None:
    certain = '{"content": [{"id": 5, "token": "a", "logprob": 0.0, "top_logprobs": []}]}'
    body = f'{{"tokens": [5], "choices": [{{"message": {{}}, "logprobs": {certain}}}]}}'
    with stub(200, body) as address:
        assert anyio.run(started, address) == {"listwise"}


def test_the_older_shape_of_log_probabilities_is_read_too() -> None:
    body = '{"tokens": [5], "choices": [{"logprobs": {"token_logprobs": [-1.5]}}]}'

    async def run(address: str) -> tuple[float | None, ...]:
        wire = HttpWire(base_url=address, api_key="", name="stub", concurrency=1, timeout=5)
        await wire.start()
        found = await Engine(wire).likelihood("One,", texts=[" two"])
        await wire.close()
        return found.values

    with stub(200, body) as address:
        assert anyio.run(run, address) == (-1.5,)


def test_a_log_probability_that_is_no_number_is_a_reply_error() -> None:
    listed = '{"id": 5, "token": "A", "logprob": NaN, "top_logprobs": []}'
    body = f'{{"choices": [{{"message": {{}}, "logprobs": {{"content": [{listed}]}}}}]}}'

    async def run(address: str) -> None:
        wire = HttpWire(base_url=address, api_key="", name="stub", concurrency=1, timeout=5)
        await wire.start()
        with pytest.raises(ModelError):
            await Engine(wire).label_logprobs(ASK, labels=["A"])
        await wire.close()

    with stub(200, body) as address:
        anyio.run(run, address)


def test_closing_waits_for_a_call_that_its_caller_has_left() -> None:
    async def run() -> None:
        model = Engine(LlamaCppWire(gguf()))
        await model.start()
        with anyio.move_on_after(0.05):
            await model.chat([Message("user", "word " * 900)], max_tokens=20)
        await model.close()

    anyio.run(run)


def test_a_server_that_is_not_there_is_named_and_worth_a_retry() -> None:
    with stub(200, "{}") as address:
        pass  # its port is free again
    with pytest.raises(ModelError, match="is the server running") as caught:
        anyio.run(started, address)
    assert caught.value.retryable


def test_a_start_that_takes_too_long_is_left_and_goes_on_for_those_who_come_later() -> None:
    async def run() -> None:
        wire = LateWire()
        model = Engine(wire)
        for _ in range(2):
            with pytest.raises(ModelError, match=r"has not started after 0\.05 s"):
                await model.start()
        wire.up.set()
        assert await model.start() == {"listwise"}
        assert wire.starts == 1
        await model.close()

    anyio.run(run)


def test_closing_ends_a_start_that_is_under_way() -> None:
    async def run() -> None:
        model = Engine(LateWire())
        with pytest.raises(ModelError):
            await model.start()
        await model.close()

    anyio.run(run)


class LateWire:
    """An engine that is up when it is told to be, and can only chat."""

    patience = 0.05

    def __init__(self) -> None:
        self.up = anyio.Event()
        self.starts = 0

    async def start(self) -> str:
        self.starts += 1
        await self.up.wait()
        return "late"

    async def post(self, path: str, body: Mapping[str, object]) -> object:
        if not path.endswith("/chat/completions") or "logprobs" in body:
            raise ModelError("unknown", status=400)
        return {"choices": [{"message": {"content": "A"}}]}

    async def close(self) -> None:
        pass


def test_a_base_url_without_a_scheme_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="http://"):
        over_http("127.0.0.1:8900/v1")


class stub:  # noqa: N801 - used as a function is
    """A server on a free port that answers everything alike."""

    def __init__(self, status: int, body: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                kind = "text/html" if body.startswith("<") else "application/json"
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
