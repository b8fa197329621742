"""Typed requests over a wire, in OpenAI's protocol.

What is asked for, and what an answer means, is known to the modules beside this one. Retries are
not done here: ``llm.retry`` has the one retry layer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from recagent.errors import ModelError, ReplyError
from recagent.llm import token_count
from recagent.llm.dialect import RequestDialect
from recagent.llm.response_shapes import ChatShape, TextShape, TokensShape
from recagent.llm.transport import Wire
from recagent.ports import Message

logger = logging.getLogger(__name__)

_KEPT_TOKENS = 50_000  # texts whose tokens are remembered: titles come again and again
NOTHING: Mapping[str, Any] = MappingProxyType({})

Shape = TypeVar("Shape", bound=BaseModel)

_MOST_CHANGES = 10  # of how a request is put; there are no more parameters than that


class OutOfTriesError(Exception):
    """As many requests have been sent as may be; it does not leave ``llm.probe``."""


class Calls:
    """One engine's endpoints.

    Attributes:
        name: of the model, once started.
        extras: what every chat request carries besides what it asks for.
        dialect: what the endpoint takes; it is learned from what it refuses.
        tries_left: requests that may still be sent; None for any number.
        tells_cache: whether a reply has told how much of it came from the prefix cache.
    """

    def __init__(self, wire: Wire) -> None:
        self.name = ""
        self.extras = NOTHING
        self.dialect = RequestDialect()
        self.tries_left: int | None = None
        self.tells_cache = False
        self._wire = wire
        self._tokens: dict[str, tuple[int, ...]] = {}

    @property
    def patience(self) -> float:
        """Seconds that one may wait for the engine to start."""
        return self._wire.patience

    async def start(self) -> None:
        self.name = await self._wire.start()

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, asking: Mapping[str, Any] = NOTHING
    ) -> ChatShape:
        """A greedy answer; ``asking`` holds further fields of the request."""
        body = {
            **chat_messages(messages),
            "temperature": 0,
            "max_tokens": max_tokens,
            **self.extras,
            **asking,
        }
        dialect = self.dialect
        first: ModelError | None = None
        for _ in range(_MOST_CHANGES):
            request = dialect.request(body)
            try:
                reply = await self.post(ChatShape, "/v1/chat/completions", request)
            except ModelError as error:
                changed = dialect.after(error, request)
                first = first or error
                if changed is None or (self.tries_left is None and error.retryable):
                    raise first from None
                logger.info("asked otherwise, after %s", error)
                dialect = changed
                continue
            learned = dialect if first else self.dialect  # others may have learned meanwhile
            self.dialect = learned.taken(request)
            self.tells_cache = self.tells_cache or reply.cached() is not None
            return reply
        raise first or AssertionError

    async def complete(
        self, prompt: Sequence[int] | Sequence[Sequence[int]], *, asking: Mapping[str, Any]
    ) -> TextShape:
        """One greedy token after each prompt, which are token ids."""
        body = {"prompt": prompt, "max_tokens": 1, "temperature": 0, **asking}
        return await self.post(TextShape, "/v1/completions", body)

    async def tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, without any that mark its start or end."""
        if text not in self._tokens:
            if len(self._tokens) >= _KEPT_TOKENS:
                self._tokens.clear()
            # llama.cpp reads "content", vLLM "prompt"; neither may add a token of its own.
            body = {
                "content": text,
                "prompt": text,
                "model": self.name,
                "add_special": False,
                "add_special_tokens": False,
            }
            reply = await self.post(TokensShape, "/tokenize", body)
            self._tokens[text] = tuple(reply.tokens)
        return self._tokens[text]

    async def post(self, shape: type[Shape], path: str, body: Mapping[str, Any]) -> Shape:
        """The answer in its shape.

        Raises:
            ModelError: the engine refused or did not answer.
            ReplyError: the answer has another shape.
        """
        if self.tries_left is not None:
            if self.tries_left == 0:
                raise OutOfTriesError
            self.tries_left -= 1
        answer = await self._wire.post(path, body)
        try:
            reply = shape.model_validate(answer)
        except ValidationError as error:
            raise ReplyError(
                "model {model!r} answered {path!r}, but not in OpenAI's format: {answer!r}",
                model=self.name,
                path=path,
                answer=str(answer)[:200],
                reply=str(answer),
                retryable=False,
            ) from error
        if isinstance(reply, ChatShape | TextShape):
            token_count.add(reply.usage.value())
        return reply

    async def close(self) -> None:
        await self._wire.close()


def chat_messages(messages: Sequence[Message]) -> dict[str, Any]:
    """The messages as a request holds them."""
    return {
        "messages": [{"role": message.role, "content": message.content} for message in messages]
    }


def under(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The field that asks for a reply under a JSON schema."""
    named = {"name": "reply", "schema": dict(schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}
