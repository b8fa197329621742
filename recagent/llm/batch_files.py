"""A model that answers later: its requests go to a file, its replies come from one.

The files are those of OpenAI's Batch API, which ``vllm run-batch`` reads and writes too. A reply
belongs to a request by the hash of its messages, so replies may come in any order, in several
files, and some may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from recagent.domain import Mode, Usage
from recagent.domain.capabilities import Capabilities
from recagent.errors import DataError, ModelError
from recagent.llm.cached_model import request_key, roles_and_contents
from recagent.llm.requests import chat_messages, under
from recagent.llm.response_shapes import ChatShape
from recagent.ports import Logprobs, Message, Reply, Schema


class UnansweredError(ModelError):
    """A batch file has no reply to a request yet."""


class BatchModel:
    """A ``ChatModel`` that answers what a file answers, and collects what it does not.

    Attributes:
        requests: bodies of the requests without a reply, by id.
    """

    def __init__(self, name: str, replies: Mapping[str, Reply] | None = None) -> None:
        """Answers by ``replies``, by id; the name goes into the requests."""
        self._name = name
        self._replies = replies or {}
        self.requests: dict[str, dict[str, Any]] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(schema=True)

    async def start(self) -> frozenset[Mode]:
        return self.capabilities.modes

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        """Returns the reply of the file.

        Raises:
            UnansweredError: there is none; the request is collected.
        """
        request_id = batch_id(messages)
        reply = self._replies.get(request_id)
        if reply is not None:
            return reply
        self.requests[request_id] = {
            **chat_messages(messages),
            "model": self._name,
            "max_tokens": max_tokens,
            "temperature": 0,
            **(under(schema) if schema else {}),
        }
        raise UnansweredError(
            "no reply yet to request {id}; it is written to the file", id=request_id
        )

    async def label_logprobs(
        self,
        messages: Sequence[Message],  # noqa: ARG002
        *,
        labels: Sequence[str],  # noqa: ARG002
    ) -> Logprobs:
        raise ModelError("a batch file gives no log probabilities; choose mode 'listwise'")

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:  # noqa: ARG002
        raise ModelError("a batch file gives no log probabilities; choose mode 'listwise'")

    async def close(self) -> None:
        """Holds nothing."""


def batch_id(messages: Sequence[Message]) -> str:
    """Returns the id of a request in a batch: a hash of its messages."""
    return request_key([roles_and_contents(messages)])


def write_requests(path: Path, requests: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes requests as lines of a batch, those that begin alike beside each other.

    An engine's prefix cache then meets what it has just read.
    """
    rows = sorted(
        requests.items(), key=lambda row: [turn["content"] for turn in row[1]["messages"]]
    )
    with path.open("wb") as file:
        for request_id, body in rows:
            line = {
                "custom_id": request_id,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body,
            }
            file.write(orjson.dumps(line) + b"\n")


class _Response(BaseModel):
    status_code: int = 200
    body: dict[str, Any] | None = None


class _Line(BaseModel):
    """A line of a batch's output; ``content`` alone is a reply that somebody kept."""

    custom_id: str
    response: _Response | None = None
    content: str | None = None


def read_replies(paths: Iterable[Path]) -> dict[str, Reply]:
    """Returns the replies of batches by id; lines of requests that failed are left out.

    Raises:
        DataError: a file cannot be read, or a line is no line of a batch's output.
    """
    replies: dict[str, Reply] = {}
    for path in paths:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise DataError(
                "replies {path!r} cannot be read: {error}", path=str(path), error=error.strerror
            ) from error
        for row, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                answered = _Line.model_validate_json(line)
                reply = _reply(answered)
            except ValidationError as error:
                raise DataError(
                    "replies {path!r}, line {row}: not a line of a batch's output ({error}); "
                    "give the output file, not the file of requests",
                    path=str(path),
                    row=row,
                    error=error.errors()[0]["msg"],
                ) from error
            if reply is not None:
                replies[answered.custom_id] = reply
    return replies


def _reply(line: _Line) -> Reply | None:
    if line.content is not None:
        return Reply(text=line.content, usage=Usage())
    if line.response is None or line.response.status_code >= 400 or line.response.body is None:
        return None
    shape = ChatShape.model_validate(line.response.body)
    return Reply(text=shape.text, usage=shape.usage.value())
