"""A model whose replies are cached, and the wrapper of models that it is a kind of.

Where replies are cached is behind ``ports.ReplyCache``; nothing here looks at what one means.
"""

from __future__ import annotations

import hashlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import orjson
from anyio import to_thread
from pydantic import TypeAdapter

from recagent.domain import Mode, Usage
from recagent.domain.capabilities import Capabilities
from recagent.errors import DataError
from recagent.ports import ChatModel, Logprobs, Message, Reply, ReplyCache, Schema

logger = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT", Reply, Logprobs)
_ADAPTERS: Mapping[type, TypeAdapter[Any]] = {
    answer_type: TypeAdapter(answer_type) for answer_type in (Reply, Logprobs)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest(Generic[AnswerT]):
    """One request to a model, as a wrapper passes it on.

    Attributes:
        method: "chat", "label" or "likelihood".
        prompt: role and text of each turn.
        arguments: what else the answer depends on, as JSON values.
        send: asks the wrapped model.
        answer_type: of what comes back.
        max_tokens: that the answer may have.
    """

    method: str
    prompt: tuple[tuple[str, str], ...]
    arguments: Mapping[str, object]
    send: Callable[[], Awaitable[AnswerT]]
    answer_type: type[AnswerT]
    max_tokens: int = 1

    def restored(self, data: bytes) -> AnswerT:
        """Returns the answer that was cached as JSON."""
        return _ADAPTERS[self.answer_type].validate_json(data)


class ModelWrapper(ABC):
    """A ``ChatModel`` around another, whose every request passes through ``_answer``."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def capabilities(self) -> Capabilities:
        return self._model.capabilities

    async def start(self) -> frozenset[Mode]:
        return await self._model.start()

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        request = ModelRequest(
            method="chat",
            prompt=roles_and_contents(messages),
            arguments={"max_tokens": max_tokens, "schema": schema},
            send=partial(self._model.chat, messages, max_tokens=max_tokens, schema=schema),
            answer_type=Reply,
            max_tokens=max_tokens,
        )
        return await self._answer(request)

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        request = ModelRequest(
            method="label",
            prompt=roles_and_contents(messages),
            arguments={"labels": list(labels)},
            send=partial(self._model.label_logprobs, messages, labels=labels),
            answer_type=Logprobs,
        )
        return await self._answer(request)

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        request = ModelRequest(
            method="likelihood",
            prompt=(("text", prefix),),
            arguments={"texts": list(texts)},
            send=partial(self._model.likelihood, prefix, texts=texts),
            answer_type=Logprobs,
        )
        return await self._answer(request)

    async def close(self) -> None:  # noqa: B027 - a default, which wrappers may keep
        """Does nothing: the wrapped model is closed by whoever made it."""

    @abstractmethod
    async def _answer(self, request: ModelRequest[AnswerT]) -> AnswerT:
        """Returns the answer to a request, from the model or from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCache:
    """Where a model's replies are kept.

    Attributes:
        cache: holds them.
        identity: from the model's name to all that its replies depend on besides the request:
            server or weights, revision, decoding.
    """

    cache: ReplyCache
    identity: Callable[[str], str]


class CachedModel(ModelWrapper):
    """A ``ChatModel`` for one request of a person; a cached reply has no calls and no tokens.

    New replies are cached when the caller says that they could be used, and not before: else one
    that could not would be given again.
    """

    def __init__(self, model: ChatModel, replies: ResponseCache) -> None:
        super().__init__(model)
        self._replies = replies
        self._new: dict[str, tuple[bytes, str, int, float]] = {}
        self.hits = 0

    async def keep(self) -> None:
        """Caches the new replies, which could be used."""

        def put() -> None:
            for key, (reply, kind, tokens, seconds) in self._new.items():
                self._replies.cache.put(key, reply, kind=kind, tokens=tokens, seconds=seconds)

        try:
            if self._new:
                await to_thread.run_sync(put)
        except DataError as error:
            logger.warning("replies are not kept: %s", error)

    async def _answer(self, request: ModelRequest[AnswerT]) -> AnswerT:
        kind, key, cached = await to_thread.run_sync(self._look_up, request)
        if cached is not None:
            self.hits += 1
            return replace(request.restored(cached), usage=Usage(), calls=0)
        began = time.perf_counter()
        answer = await request.send()
        seconds = time.perf_counter() - began
        tokens = answer.usage.prompt + answer.usage.completion
        self._new[key] = (orjson.dumps(answer), kind, tokens, seconds)  # a retry's replaces it
        return answer

    def _look_up(self, request: ModelRequest[Any]) -> tuple[str, str, bytes | None]:
        """Returns kind and key of a request, and the cached reply; it may wait for a disk."""
        kind = f"{self._replies.identity(self.name)} {request.method}"
        key = request_key([kind, request.prompt, request.arguments])
        try:
            row = self._replies.cache.get(key)
        except DataError as error:
            logger.warning("the model is asked anew: %s", error)
            row = None
        return kind, key, None if row is None else row[0]


def request_key(parts: Sequence[object]) -> str:
    """Returns the key of a request, from all that its reply depends on, as JSON values."""
    data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def roles_and_contents(messages: Sequence[Message]) -> tuple[tuple[str, str], ...]:
    """Returns the role and the text of each turn."""
    return tuple((message.role, message.content) for message in messages)
