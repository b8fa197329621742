"""An OpenAI-compatible embeddings server that can be bent to the ways in which real ones differ.

Its vectors are those of ``HashEmbedder``, at length 2: a text's vector is known, and a test sees
whether each text got its own. docs/reference/servers.md shows the ways as a table.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import numpy as np
from bent_server import Answer, over_tls, refused

from recagent.testing import HashEmbedder

USED = "used"
DROPPED = "dropped"  # the connection is closed without an answer
MOST_CHARACTERS = 400  # of a text, where a way limits them


def vectors_of(texts):
    """(n, 64) rows of length 2."""
    return 2 * anyio.run(HashEmbedder().embed, list(texts))


def reply_with(rows, **changes):
    """OpenAI's reply with these vectors, as lists or whatever they are."""
    data = [
        {
            "object": "embedding",
            "index": at,
            "embedding": row.tolist() if hasattr(row, "tolist") else row,
        }
        for at, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "data": data, "model": "m", "usage": usage, **changes}


def unbent(_body, reply, _asked):
    return reply


@dataclass(frozen=True, kw_only=True)
class EmbeddingWay:
    """One way, and what is right.

    Attributes:
        name: what is met with.
        right: ``used``, or a pattern of the message that names the thing and the next step.
        how: in words, for the table.
        bend: the answer to a request, from body, usual reply and how many there were.
        settings: of ``[embedder]``.
        check: of the server, after the texts were embedded.
    """

    name: str
    how: str
    right: str = USED
    bend: Callable[[dict, dict, int], Any] = unbent
    settings: tuple[tuple[str, Any], ...] = ()
    check: Callable[[Any], bool] = lambda _: True


class EmbeddingsServer:
    """``with EmbeddingsServer() as server``: ``url``, ``bodies`` and ``heads`` of all requests."""

    def __init__(self, bend=unbent, *, certificate=None):
        """Answers as ``bend`` says; with a certificate's file (and key), over TLS."""
        self.bodies, self.heads, self.paths = [], [], []
        self.at_once = self.most_at_once = self.connections = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with server.lock:
                    server.connections += 1

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send(Answer({"object": "list", "data": [{"id": "m"}]}))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.bodies.append(body)
                    server.paths.append(self.path)
                    server.heads.append({name.lower(): text for name, text in self.headers.items()})
                    asked = len(server.bodies)
                    server.at_once += 1
                    server.most_at_once = max(server.most_at_once, server.at_once)
                try:
                    usual = reply_with(vectors_of(body["input"]))
                    answer = bend(body, usual, asked)
                finally:
                    with server.lock:
                        server.at_once -= 1
                if answer == DROPPED:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send(answer if isinstance(answer, Answer) else Answer(answer))

            def send(self, answer):
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        if certificate:
            over_tls(self._server, certificate)
            self.url = self.url.replace("http", "https")

    def __enter__(self):
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def at_most(number, says, status):
    """Refuses requests of more texts."""

    def bend(body, reply, _):
        return refused(says, status) if len(body["input"]) > number else reply

    return bend


def at_most_characters(says, status):
    """Refuses requests with a text that is longer than MOST_CHARACTERS."""

    def bend(body, reply, _):
        too_long = any(len(text) > MOST_CHARACTERS for text in body["input"])
        return refused(says, status) if too_long else reply

    return bend


def first_times(number, answer):
    """Another answer for the first requests."""

    def bend(_body, reply, asked):
        return answer if asked <= number else reply

    return bend


def backwards(_body, reply, _asked):
    return {**reply, "data": reply["data"][::-1]}


def one_missing(_body, reply, _asked):
    return {**reply, "data": reply["data"][1:]}


def one_too_many(_body, reply, _asked):
    return {**reply, "data": [*reply["data"], reply["data"][0]]}


def without_index(_body, reply, _asked):
    return {**reply, "data": [{"embedding": row["embedding"]} for row in reply["data"]]}


def all_of_index_zero(_body, reply, _asked):
    return {**reply, "data": [{**row, "index": 0} for row in reply["data"]]}


def odd_indexes(_body, reply, _asked):
    return {**reply, "data": [{**row, "index": row["index"] // 2} for row in reply["data"]]}


def in_base64(_body, reply, _asked):
    def encoded(row):
        return base64.b64encode(np.asarray(row, dtype="<f4").tobytes()).decode()

    return {
        **reply,
        "data": [{**row, "embedding": encoded(row["embedding"])} for row in reply["data"]],
    }


def with_first_number(value):
    """Another value in place of the second vector's first number."""

    def bend(_body, reply, _asked):
        rows = [row["embedding"] for row in reply["data"]]
        rows[1] = [value, *rows[1][1:]]
        return reply_with(rows)

    return bend


def per_token(_body, reply, _asked):
    return reply_with([[row["embedding"]] * 3 for row in reply["data"]])


def ragged(_body, reply, _asked):
    rows = [row["embedding"] for row in reply["data"]]
    return reply_with([rows[0][:32], *rows[1:]])


def other_width_later(_body, reply, asked):
    rows = [row["embedding"] for row in reply["data"]]
    return reply_with([row[:32] for row in rows]) if asked > 1 else reply


def no_empty_texts(body, reply, _asked):
    blank = any(not text.strip() for text in body["input"])
    return refused("'$.input' is invalid. Please check the API reference.") if blank else reply


def shortened(body, reply, _asked):
    rows = [row["embedding"][: body.get("dimensions", 64)] for row in reply["data"]]
    return reply_with(rows)


def no_dimensions(body, reply, _asked):
    says = (
        'Model "m" does not support matryoshka representation, changing output dimensions will '
        "lead to poor results."
    )
    return refused(says) if "dimensions" in body else reply


def with_role(body, reply, _asked):
    return reply if "input_type" in body else refused("'input_type' parameter is required")


def overloaded_inside(_body, reply, asked):
    return {"error": {"message": "overloaded", "code": 503}} if asked == 1 else reply


EMBEDDING_WAYS = [
    EmbeddingWay(name="a plain server", how="used"),
    EmbeddingWay(name="vectors in another order", how="put in order by `index`", bend=backwards),
    EmbeddingWay(name="vectors without `index`", how="taken as they come", bend=without_index),
    EmbeddingWay(
        name="every `index` is 0", how="taken as they come", bend=all_of_index_zero
    ),
    EmbeddingWay(
        name="two vectors of one `index`", how="named", bend=odd_indexes,
        right=r"numbers its vectors \[0, 0, 1.*nobody knows which text",
    ),
    EmbeddingWay(name="base64 that nobody asked for", how="read", bend=in_base64),
    EmbeddingWay(
        name="a vector too few", how="named, with both numbers", bend=one_missing,
        right="gave 4 vectors for 5 texts; try .embedder. batch = 1",
    ),
    EmbeddingWay(
        name="a vector too many", how="named, with both numbers", bend=one_too_many,
        right="gave 6 vectors for 5 texts",
    ),
    EmbeddingWay(
        name="NaN in a vector", how="named, with the text", bend=with_first_number(float("nan")),
        right="numbers that are none .NaN or infinite. for 'bread and butter'.*bfloat16",
    ),
    EmbeddingWay(
        name="null in a vector", how="named, with the text", bend=with_first_number(None),
        right="numbers that are none .NaN or infinite. for 'bread and butter'",
    ),
    EmbeddingWay(
        name="text in a vector", how="named", bend=with_first_number("x"),
        right="gave a vector that is none: ",
    ),
    EmbeddingWay(
        name="a vector of every token", how="named", bend=per_token,
        right="vector of every token.*--pooling mean",
    ),
    EmbeddingWay(
        name="vectors of two lengths in a reply", how="named, with both numbers", bend=ragged,
        right="vectors of 32 and of 64 numbers",
    ),
    EmbeddingWay(
        name="vectors of another length in a later reply", how="named, with both numbers",
        bend=other_width_later, settings=(("batch", 3),),
        right="gave (64|32) numbers .*then (64|32)",
    ),
    EmbeddingWay(
        name="empty texts are refused", how="they are not sent, and have no direction",
        bend=no_empty_texts,
    ),
    EmbeddingWay(
        name="at most 2 texts (text-embeddings-inference)", how="fewer are sent",
        bend=at_most(2, "batch size 5 > maximum allowed batch size 2", 422),
    ),
    EmbeddingWay(
        name="at most 1 text (DashScope)", how="fewer are sent",
        bend=at_most(
            1, "batch size is invalid, it should not be larger than 1.: input.contents", 400
        ),
    ),
    EmbeddingWay(
        name="413", how="fewer are sent", bend=at_most(3, "Request Entity Too Large", 413)
    ),
    EmbeddingWay(
        name="a text too long (vLLM)", how="its beginning counts, with a warning",
        bend=at_most_characters(
            "This model's maximum context length is 512 tokens. However, you requested 1451 tokens "
            "in the input for embedding generation. Please reduce the length of the input.", 400,
        ),
    ),
    EmbeddingWay(
        name="a text too long (Ollama)", how="its beginning counts, with a warning",
        bend=at_most_characters("the input length exceeds the context length", 400),
    ),
    EmbeddingWay(
        name="a text too long (llama.cpp, status 500)", how="its beginning counts, with a warning",
        bend=at_most_characters(
            "input (712 tokens) is too large to process. increase the physical batch size", 500
        ),
    ),
    EmbeddingWay(
        name="a 429 that passes", how="tried again",
        bend=first_times(2, Answer({"error": {"message": "slow down"}}, 429, Retry_After="0")),
    ),
    EmbeddingWay(
        name="a 503 that passes", how="tried again",
        bend=first_times(1, Answer({"error": {"message": "loading"}}, 503)),
    ),
    EmbeddingWay(
        name="an error inside a 200 that passes", how="tried again", bend=overloaded_inside
    ),
    EmbeddingWay(
        name="a connection that is dropped", how="tried again", bend=first_times(1, DROPPED)
    ),
    EmbeddingWay(
        name="a wrong key", how="named",
        bend=lambda *_: refused("Incorrect API key provided", 401),
        right=r"takes no request with this key .*set \[embedder\] api_key$",
    ),
    EmbeddingWay(
        name="a model that chats", how="the server's words",
        bend=lambda *_: refused("The model does not support Embeddings API"),
        right="embedder 'm': .*does not support Embeddings API",
    ),
    EmbeddingWay(
        name="a reply of another kind", how="named", bend=lambda *_: {"choices": []},
        right="did not answer in OpenAI's format: .*base_url",
    ),
    EmbeddingWay(
        name="`dimensions`, and a model that can", how="used", bend=shortened,
        settings=(("dimensions", 32),),
        check=lambda server: all(body["dimensions"] == 32 for body in server.bodies),
    ),
    EmbeddingWay(
        name="`dimensions`, refused (vLLM)", how="the server's words", bend=no_dimensions,
        settings=(("dimensions", 32),), right="does not support matryoshka",
        check=lambda server: len(server.bodies) == 1,
    ),
    EmbeddingWay(
        name="`dimensions`, ignored", how="named, with both numbers",
        settings=(("dimensions", 32),),
        right="gave 64 numbers a text, and .embedder. dimensions asks for 32; .*dimensions = 0",
    ),
    EmbeddingWay(
        name="a field for the role is required (NIM, Voyage)", how="`parameters`", bend=with_role,
        settings=(
            (
                "parameters",
                {"query": {"input_type": "query"}, "passage": {"input_type": "passage"}},
            ),
        ),
        check=lambda server: {body["input_type"] for body in server.bodies} == {"passage"},
    ),
]  # fmt: skip
