"""An OpenAI-compatible server that answers by rule, so that calls can be counted and delayed.

It knows labels and generated orders; likelihoods by token id (as vLLM tells them) where it is said
how many ids it takes at once, and else there is no tokeniser.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What the server can do is found out first, by so many chat requests, and kept for the next start.
PROBES = 2
REFUSED = ({"error": {"message": "logprob_token_ids: too many"}}, 400)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ12345"


class StubServer:
    """``with StubServer() as server``: ``url``, prompts ``asked``, a status to ``fail`` with.

    ``changed`` may take a request's body and the answer to it, and give another answer, or a
    status; ``bodies`` are those of all chat requests. With ``most_ids`` words are tokens, and a
    request that names more ids is refused; ``named`` are their numbers.
    """

    def __init__(self, *, delay=0.0, reply=None, changed=None, most_ids=0):
        self.asked = []
        self.named = []
        self.bodies = []
        self.fail = 0
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send({"data": [{"id": "stub"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if most_ids and self.path.endswith("/tokenize"):
                    self.send(
                        {
                            "tokens": [
                                token(word)
                                for word in (body.get("prompt") or body["content"]).split()
                            ]
                        }
                    )
                    return
                if most_ids and self.path.endswith("/v1/completions"):
                    ids = body.get("logprob_token_ids", [])
                    stub.named.append(len(ids))
                    self.send(*by_id(body, ids) if len(ids) <= most_ids else REFUSED)
                    return
                if not self.path.endswith("/chat/completions"):
                    self.send({"error": {"message": "unknown"}}, 404)
                    return
                with stub._lock:
                    stub.asked.append(body["messages"][-1]["content"])
                    stub.bodies.append(body)
                time.sleep(delay)
                if stub.fail:
                    self.send({"error": {"message": "out of order"}}, stub.fail)
                    return
                said = answer(body, reply)
                said = changed(body, said) if changed else said
                if isinstance(said, int):
                    self.send({"error": {"message": "no"}}, said)
                    return
                self.send(said)

            def send(self, value, status=200):
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that was killed is no news
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

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


def answer(body, reply):
    """Labels are the likelier the earlier they are in the alphabet; an order is as ``reply``."""
    listed = [
        {"token": letter, "logprob": -0.5 - place, "bytes": None}
        for place, letter in enumerate(LETTERS)
    ]
    text = reply(body) if reply else json.dumps(filled(body))
    first = {**listed[0], "top_logprobs": listed[: body.get("top_logprobs", 1)]}
    return {
        "choices": [
            {
                "message": {"role": "assistant", "content": text},
                "logprobs": {"content": [first]} if body.get("logprobs") else None,
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 1},
    }


def filled(body):
    """What the schema asks for: every choice of a list, a word for a text."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return {
        name: part["items"].get("enum", ["x"])
        if part.get("type") == "array"
        else part.get("enum", ["x"])[0]
        for name, part in schema.get("properties", {}).items()
    }


def token(word):
    """A word's id; of ``w7`` it is 7."""
    return int(word[1:]) if word[1:].isdigit() else 100_000 + sum(word.encode())


def by_id(body, ids):
    """Every token is the less likely the larger its id, whatever comes before it."""
    listed = {f"token_id:{number}": -1.0 - number / 1000 for number in ids}
    return ({
        "choices": [
            {"index": at, "logprobs": {"top_logprobs": [listed]}}
            for at, _ in enumerate(body["prompt"])
        ]
    },)  # fmt: skip
