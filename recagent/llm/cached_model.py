"""Replies that are kept and given again to the same question, with the model not asked.

Where they are kept is behind ``ports.ReplyCache``; what a reply means is not looked at.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import orjson
from anyio import to_thread
from pydantic import TypeAdapter

from recagent.domain import Mode, Usage
from recagent.domain.capabilities import Capabilities
from recagent.errors import DataError
from recagent.ports import ChatModel, Logprobs, Message, Reply, ReplyCache, Schema

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", Reply, Logprobs)
ANSWERS: Mapping[type, TypeAdapter[Any]] = {
    shape: TypeAdapter(shape) for shape in (Reply, Logprobs)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCache:
    """Where a model's replies are kept.

    Attributes:
        identity: from the model's name to all that its replies depend on besides the request:
            server or weights, revision, decoding.
    """

    cache: ReplyCache
    identity: Callable[[str], str]


class CachedModel:
    """A ``ChatModel`` for one request; a kept reply has no calls and no tokens.

    New replies are kept when the request says that they could be used, and not before: else one
    that could not would be given again.
    """

    def __init__(self, model: ChatModel, replies: ResponseCache) -> None:
        self._model = model
        self._replies = replies
        self._new: dict[str, tuple[bytes, str, int, float]] = {}
        self.given = 0

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
        call = partial(self._model.chat, messages, max_tokens=max_tokens, schema=schema)
        request = {"max_tokens": max_tokens, "schema": schema}
        return await self._ask("chat", roles_and_contents(messages), request, call, Reply)

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        call = partial(self._model.label_logprobs, messages, labels=labels)
        return await self._ask(
            "label", roles_and_contents(messages), {"labels": list(labels)}, call, Logprobs
        )

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        call = partial(self._model.likelihood, prefix, texts=texts)
        request = {"texts": list(texts)}
        return await self._ask("likelihood", (("text", prefix),), request, call, Logprobs)

    async def keep(self) -> None:
        """The replies could be used: keep them."""

        def put() -> None:
            for key, (reply, kind, tokens, seconds) in self._new.items():
                self._replies.cache.put(key, reply, kind=kind, tokens=tokens, seconds=seconds)

        try:
            if self._new:
                await to_thread.run_sync(put)
        except DataError as error:
            logger.warning("replies are not kept: %s", error)

    async def close(self) -> None:
        """The model is closed by whoever made it."""

    async def _ask(
        self,
        method: str,
        prompt: tuple[tuple[str, str], ...],
        request: Mapping[str, object],
        call: Callable[[], Awaitable[Answer]],
        shape: type[Answer],
    ) -> Answer:
        kind, key, kept = await to_thread.run_sync(self._looked_up, method, prompt, request)
        if kept is not None:
            self.given += 1
            answer: Answer = ANSWERS[shape].validate_json(kept)
            return replace(answer, usage=Usage(), calls=0)
        began = time.perf_counter()
        answer = await call()
        seconds = time.perf_counter() - began
        tokens = answer.usage.prompt + answer.usage.completion
        self._new[key] = (orjson.dumps(answer), kind, tokens, seconds)  # a retry's replaces it
        return answer

    def _looked_up(
        self, method: str, prompt: tuple[tuple[str, str], ...], request: Mapping[str, object]
    ) -> tuple[str, str, bytes | None]:
        """Kind and key of a request, and the reply that was kept; it may wait for a disk."""
        kind = f"{self._replies.identity(self.name)} {method}"
        key = request_key([kind, prompt, request])
        return kind, key, self._get(key)

    def _get(self, key: str) -> bytes | None:
        try:
            found = self._replies.cache.get(key)
        except DataError as error:
            logger.warning("the model is asked anew: %s", error)
            return None
        return None if found is None else found[0]


def request_key(parts: Sequence[object]) -> str:
    """The key of a request, from all that its reply depends on, as JSON values."""
    data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def roles_and_contents(messages: Sequence[Message]) -> tuple[tuple[str, str], ...]:
    """Roles and contents."""
    return tuple((message.role, message.content) for message in messages)
