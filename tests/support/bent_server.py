"""An OpenAI-compatible server that can be bent to the ways in which real ones differ.

The last candidate is always the one that it likes best, by its letter's log probability and in its
orders alike, so that a test sees whether the model was used and not merely asked.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LETTERS = "CBADEFGHIJKLMNOPQRST"  # the likeliest first; tests have three candidates


class Answer:
    """A reply of another status, with headers, or of other bytes than JSON."""

    def __init__(self, value, status=200, **headers):
        self.body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class BentServer:
    """``with BentServer(way) as server``: ``url`` of the host; ``chats`` and ``heads`` it got."""

    def __init__(self, way, *, certificate=None):
        """Bent in a way; with a certificate's file (and key), over TLS."""
        self.chats, self.heads, self.paths = [], [], []
        self._lock = threading.Lock()
        bent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(None)

            def do_POST(self):
                self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def answer(self, body):
                with bent._lock:
                    bent.heads.append({name.lower(): text for name, text in self.headers.items()})
                    bent.paths.append(self.path)
                said = way.path(self, bent) if way.path else None
                said = said if said is not None else self.usual(body)
                said = said if isinstance(said, Answer) else Answer(said)
                self.send_response(said.status)
                self.send_header("Content-Type", "application/json")
                for name, value in said.headers.items():
                    self.send_header(name, value.format(url=bent.url))
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            def usual(self, body):
                path = self.path.partition("?")[0]
                if path == f"{way.prefix}/models":
                    return way.models
                if path == f"{way.prefix}/chat/completions":
                    with bent._lock:
                        bent.chats.append(body)
                        asked = len(bent.chats)
                    return way.chat(body, usual_reply(body), asked)
                return Answer({"error": {"message": f"no {path} here"}}, 404)

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


def over_tls(server, certificate):
    """Let a server speak TLS; a client that hangs up in the handshake takes only its own thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )


def refused(message, status=400, param=None):
    """As OpenAI refuses."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return Answer({"error": error}, status)


def usual_reply(body):
    """The reply of a server without a bend: the last candidate is the best, by letter and order."""
    tokens = [
        {"token": letter, "logprob": -0.5 - place, "bytes": list(letter.encode())}
        for place, letter in enumerate(LETTERS)
    ]
    first = {**tokens[0], "top_logprobs": tokens[: body.get("top_logprobs", 0)]}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": written(body)},
        "logprobs": {"content": [first]} if body.get("logprobs") else None,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def written(body):
    """JSON where it is asked for, by a schema or in words."""
    wanted = wanted_labels(body)
    if wanted is None:
        return "A"
    if wanted == ["Q"]:
        return '{"letter": "Q"}'
    return json.dumps({"order": wanted[::-1]})


def wanted_labels(body):
    """The labels of the schema that a request tells, in its own field or in the prompt."""
    form = body.get("response_format", {})
    schema = form.get("json_schema", {}).get("schema")
    last = body["messages"][-1]["content"]
    if schema is None and "JSON schema:" in last:
        schema = json.loads(last.rpartition("JSON schema:\n")[2])
    if schema is None:
        return None
    part = next(iter(schema["properties"].values()))
    return part.get("items", part).get("enum")


def with_text(reply, text, **message):
    """The reply, with another text and further fields of its message."""
    reply["choices"][0]["message"] = {"role": "assistant", "content": text, **message}
    return reply
