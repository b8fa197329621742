"""The ``ChatModel`` on anything that speaks OpenAI's protocol, over a wire.

The wire is HTTP (``adapters.http``) or the embedded engine in this process
(``adapters.llama_cpp``); requests and replies are the same, so that both rank alike. Retries are
not done here: ``ranking.asking`` has the one retry layer.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import anyio
import numpy as np
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from recagent.adapters.http import Wire
from recagent.errors import ModelError, ReplyError
from recagent.protocols import Logprobs, Message, Reply, Schema
from recagent.types import Mode, Usage

logger = logging.getLogger(__name__)

# Servers cap the alternatives that they list: OpenAI and vLLM at 20, llama.cpp does not.
_WISHED_ALTERNATIVES = 1_000
_COMMON_ALTERNATIVES = 20
_REFUSED = (400, 422)  # how servers say that they do not know, or cap, a parameter
_KEPT_TOKENS = 50_000  # texts whose tokens are remembered: titles come again and again
_FORCE = 100  # the largest bias that OpenAI's protocol allows


class _UnableError(ModelError):
    """The engine answered, without what was asked for: it does not have it."""


class Engine:
    """A language model behind a wire. Make one, ``start`` it once, use it from many tasks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._name = ""
        self._modes: frozenset[Mode] | None = None
        self._alternatives = _WISHED_ALTERNATIVES
        self._tokens: dict[str, tuple[int, ...]] = {}
        self._starting = anyio.Lock()

    @property
    def name(self) -> str:
        return self._name

    async def start(self) -> frozenset[Mode]:
        async with self._starting:
            if self._modes is None:
                self._name = await self._wire.start()
                self._modes = await self._probe()
                logger.info("model %s can score by %s", self._name, ", ".join(sorted(self._modes)))
        return self._modes

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        body: dict[str, Any] = {**_chat(messages), "max_tokens": max_tokens}
        if schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": dict(schema), "strict": True},
            }
        reply = await self._post(_ChatReply, "/v1/chat/completions", body)
        return Reply(text=reply.choices[0].message.content or "", usage=reply.usage.value())

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        body = {**_chat(messages), "max_tokens": 1, "logprobs": True}
        try:
            reply = await self._post(
                _ChatReply,
                "/v1/chat/completions",
                {**body, "top_logprobs": self._alternatives},
            )
        except ModelError as error:
            if error.status not in _REFUSED or self._alternatives == _COMMON_ALTERNATIVES:
                raise
            self._alternatives = _COMMON_ALTERNATIVES  # said once by the server, kept
            return await self.label_logprobs(messages, labels=labels)
        first, calls = reply.first(), 1
        if first is None and "likelihood" in (self._modes or ()):
            # It wanted to say a token that ends within a character, and withholds that. As in
            # ``likelihood``, a forced label leaves the probabilities as they were.
            (token, *_), calls = await self._tokenize(labels[0]), 2
            forced = {"top_logprobs": self._alternatives, "logit_bias": {str(token): _FORCE}}
            reply = await self._post(_ChatReply, "/v1/chat/completions", {**body, **forced})
            first = reply.first()
        if first is None:
            raise _UnableError(f"model {self._name!r} gave no log probabilities")
        found: dict[str, float] = {}
        for token in first.top_logprobs:  # variants of one label (" A", "A") add up
            label = token.token.strip()
            found[label] = float(np.logaddexp(found.get(label, -math.inf), token.logprob))
        return Logprobs(
            values=tuple(found.get(label) for label in labels),
            usage=reply.usage.value(),
            calls=calls,
        )

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        """Log probability of each text after ``prefix``, over a tree of the texts' shared starts.

        Each step forces one known token by a bias and reads its log probability, which engines
        report as it was before the bias. The engine's prefix cache makes a step cost one token.
        """
        start = await self._tokenize(prefix)
        tokens = [await self._tokens_of(text) for text in texts]
        wanted: dict[tuple[int, ...], set[int]] = {}
        for text in tokens:
            for depth, token in enumerate(text):
                wanted.setdefault(text[:depth], set()).add(token)
        known: dict[tuple[int, ...], float] = {}
        calls = bounded = 0
        for path in sorted(wanted):
            left = wanted[path]
            while left:
                token = left.pop()
                steps, exact = await self._step([*start, *path], token, several=bool(left))
                calls += 1 if exact else 2
                bounded += not exact
                known |= {(*path, found): steps[found] for found in {token} | left & steps.keys()}
                left -= steps.keys()
        values = tuple(
            sum(known[text[: depth + 1]] for depth in range(len(text))) for text in tokens
        )
        usage = Usage(prompt=len(start) + len(known))
        return Logprobs(values=values, usage=usage, calls=calls, bounded=bounded)

    async def close(self) -> None:
        await self._wire.close()

    async def _probe(self) -> frozenset[Mode]:
        """What this engine can do, by trying it once on a few words.

        Raises:
            ModelError: it does not answer, or refuses us altogether.
        """
        modes: set[Mode] = {"listwise"}
        try:
            await self.label_logprobs([Message("user", "Say A.")], labels=["A"])
            modes.add("label")
        except ModelError as error:
            if not isinstance(error, _UnableError) and error.status not in _REFUSED:
                raise
            logger.info("model %s gives no labels: %s", self._name, error)
        try:
            likely, unlikely = (
                await self.likelihood("One, two,", texts=[" three", " elephants and"])
            ).values
            # Zeros would be the probabilities after the bias: every forced token is then certain.
            if likely is not None and unlikely is not None and unlikely < likely < 0:
                modes.add("likelihood")
        except ModelError as error:
            logger.info("model %s gives no likelihood: %s", self._name, error)
        return frozenset(modes)

    async def _tokens_of(self, text: str) -> tuple[int, ...]:
        if text not in self._tokens:
            if len(self._tokens) >= _KEPT_TOKENS:
                self._tokens.clear()
            self._tokens[text] = tuple(await self._tokenize(text))
        return self._tokens[text]

    async def _tokenize(self, text: str) -> list[int]:
        # llama.cpp reads "content", vLLM "prompt"; neither may add a token of its own.
        body = {
            "content": text,
            "prompt": text,
            "model": self._name,
            "add_special": False,
            "add_special_tokens": False,
        }
        return (await self._post(_Tokens, "/tokenize", body)).tokens

    async def _step(
        self, prompt: list[int], token: int, *, several: bool
    ) -> tuple[dict[int, float], bool]:
        """Log probabilities after ``prompt`` by token id, ``token``'s among them; whether exact.

        An engine withholds a token that ends within a character (Chinese, emoji). Then a plain
        token is forced instead, and a token that is not among the alternatives gets the smallest
        probability listed: an upper bound.
        """
        listed = self._alternatives if several else 1
        steps = await self._forced(prompt, token, listed=listed)
        if token in steps:
            return steps, True
        plain = (await self._tokenize("a"))[0]
        steps = await self._forced(prompt, plain, listed=self._alternatives)
        if not steps:
            raise ModelError(f"model {self._name!r} gave no log probabilities")
        return {token: min(steps.values()), **steps}, token in steps

    async def _forced(self, prompt: list[int], token: int, *, listed: int) -> dict[int, float]:
        """What the engine tells when it must say ``token`` next: log probabilities by token id."""
        body = {
            "prompt": prompt,
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": listed,
            "logit_bias": {str(token): _FORCE},
        }
        reply = await self._post(_TextReply, "/v1/completions", body)
        first = reply.first()
        if first is None:
            said = reply.choices[0].logprobs
            plain = said.token_logprobs if said else None  # OpenAI's older shape, without ids
            return {token: plain[0]} if plain and plain[0] is not None else {}
        steps = {other.id: other.logprob for other in first.top_logprobs if other.id is not None}
        return steps if first.id is None else {**steps, first.id: first.logprob}

    async def _post(self, shape: type[_Shape], path: str, body: Mapping[str, Any]) -> _Shape:
        answer = await self._wire.post(path, body)
        try:
            return shape.model_validate(answer)
        except ValidationError as error:
            raise ReplyError(
                f"model {self._name!r} answered {path!r} outside OpenAI's protocol: "
                f"{str(answer)[:200]!r}",
                reply=str(answer),
                retryable=False,
            ) from error


class _Token(BaseModel):
    token: str = ""
    id: int | None = None
    logprob: FiniteFloat
    top_logprobs: list[_Token] = []


class _TokenList(BaseModel):
    content: list[_Token] | None = None
    token_logprobs: list[FiniteFloat | None] | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def value(self) -> Usage:
        return Usage(prompt=self.prompt_tokens, completion=self.completion_tokens)


class _Content(BaseModel):
    content: str | None = None


class _ChatChoice(BaseModel):
    message: _Content
    logprobs: _TokenList | None = None


class _ChatReply(BaseModel):
    choices: Annotated[list[_ChatChoice], Field(min_length=1)]
    usage: _Usage = _Usage()

    def first(self) -> _Token | None:
        return _first(self.choices[0].logprobs)


class _TextChoice(BaseModel):
    logprobs: _TokenList | None = None


class _TextReply(BaseModel):
    choices: Annotated[list[_TextChoice], Field(min_length=1)]

    def first(self) -> _Token | None:
        return _first(self.choices[0].logprobs)


class _Tokens(BaseModel):
    tokens: list[int]


_Shape = TypeVar("_Shape", bound=BaseModel)


def _first(listed: _TokenList | None) -> _Token | None:
    return listed.content[0] if listed and listed.content else None


def _chat(messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": 0,
    }
