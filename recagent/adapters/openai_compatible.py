"""The ``ChatModel`` on anything that speaks OpenAI's protocol, over a wire.

The wire is HTTP (vLLM, llama.cpp's server, a cloud) or the embedded engine in this process
(``adapters.llama_cpp``); requests and replies are the same, so that both rank alike. Retries are
not done here: ``ranking.asking`` has the one retry layer.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, TypeVar

import anyio
import numpy as np
from pydantic import BaseModel, Field, ValidationError

from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.protocols import Logprobs, Message, Reply, Schema
from recagent.types import Mode, Usage

logger = logging.getLogger(__name__)

# Servers cap the alternatives that they list: OpenAI and vLLM at 20, llama.cpp does not.
_WISHED_ALTERNATIVES = 1_000
_COMMON_ALTERNATIVES = 20
_RETRYABLE_STATUS = {408, 409, 429, 500, 502, 503, 504}
_FORCE = 100  # the largest bias that OpenAI's protocol allows


class Wire(Protocol):
    """Carries one JSON request to an engine and its JSON answer back."""

    async def start(self) -> str:
        """Connect or load; the model's name."""
        ...

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        """Answer of ``/v1/chat/completions``, ``/v1/completions`` or ``/tokenize``, as JSON values.

        Raises:
            ModelError: the engine refused or did not answer; retryable where trying again may help.
        """
        ...

    async def close(self) -> None: ...


class HttpWire:
    """HTTP through the openai client, with at most ``concurrency`` requests under way."""

    def __init__(self, *, base_url: str, api_key: str, name: str, concurrency: int) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(f"model base URL {base_url!r} must begin with http:// or https://")
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key or "none"
        self._name = name
        self._slots = anyio.CapacityLimiter(concurrency)
        self._client: Any = None

    async def start(self) -> str:
        import openai  # noqa: PLC0415 - one second

        self._client = openai.AsyncOpenAI(
            base_url=self._base_url, api_key=self._api_key, max_retries=0
        )
        if not self._name:
            listed = _Models.model_validate(await self._send("get", "/models", None))
            if not listed.data:
                raise ModelError(f"{self._base_url!r} lists no model; set [model] name")
            self._name = listed.data[0].id
        return self._name

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        if path == "/tokenize":  # lives beside /v1, not below it
            return await self._send("post", self._base_url.removesuffix("/v1") + path, body)
        return await self._send("post", path.removeprefix("/v1"), {"model": self._name, **body})

    async def _send(self, verb: str, path: str, body: Mapping[str, Any] | None) -> object:
        import openai  # noqa: PLC0415

        try:
            async with self._slots:
                if verb == "get":
                    return await self._client.get(path, cast_to=object)
                return await self._client.post(path, body=body, cast_to=object)
        except openai.APIStatusError as error:
            raise ModelError(
                f"{self._base_url!r} answered {error.status_code} to {path!r}: {error.message}",
                retryable=error.status_code in _RETRYABLE_STATUS,
            ) from error
        except openai.OpenAIError as error:
            raise ModelError(
                f"no answer from {self._base_url!r} ({error}); is the server running?",
                retryable=True,
            ) from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


class Engine:
    """A language model behind a wire. Make one, ``start`` it once, use it from many tasks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._name = ""
        self._modes: frozenset[Mode] | None = None
        self._alternatives = _WISHED_ALTERNATIVES
        self._tokens: dict[str, list[int]] = {}
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
            if error.retryable or self._alternatives == _COMMON_ALTERNATIVES:
                raise
            self._alternatives = _COMMON_ALTERNATIVES  # said once by the server, kept
            return await self.label_logprobs(messages, labels=labels)
        first = reply.first()
        if first is None:
            raise ModelError(f"model {self._name!r} gave no log probabilities", retryable=False)
        found: dict[str, float] = {}
        for token in first.top_logprobs:  # variants of one label (" A", "A") add up
            label = token.token.strip()
            found[label] = float(np.logaddexp(found.get(label, -math.inf), token.logprob))
        return Logprobs(
            values=tuple(found.get(label) for label in labels), usage=reply.usage.value()
        )

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        """Log probability of each text after ``prefix``, over a tree of the texts' shared starts.

        Each step forces one known token by a bias and reads its log probability, which engines
        report as it was before the bias. The engine's prefix cache makes a step cost one token.
        """
        start = await self._tokenize(prefix)
        tokens = [tuple(await self._tokenize(text)) for text in texts]
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
        """What this engine can do, by trying it once on a few words."""
        modes: set[Mode] = {"listwise"}
        try:
            await self.likelihood("One, two,", texts=[" three"])
            modes.add("likelihood")
        except ModelError as error:
            logger.debug("no likelihood: %s", error)
        try:
            await self.label_logprobs([Message("user", "Say A.")], labels=["A"])
            modes.add("label")
        except ModelError as error:
            logger.debug("no labels: %s", error)
            if error.retryable:  # the server is down, not short of a feature
                raise
        return frozenset(modes)

    async def _tokenize(self, text: str) -> list[int]:
        if text not in self._tokens:
            # llama.cpp reads "content", vLLM "prompt"; neither may add a token of its own.
            body = {
                "content": text,
                "prompt": text,
                "model": self._name,
                "add_special": False,
                "add_special_tokens": False,
            }
            reply = await self._post(_Tokens, "/tokenize", body)
            self._tokens[text] = reply.tokens
        return self._tokens[text]

    async def _step(
        self, prompt: list[int], token: int, *, several: bool
    ) -> tuple[dict[int, float], bool]:
        """Log probabilities after ``prompt`` by token id, ``token``'s among them; whether exact.

        An engine withholds a token that ends within a character (Chinese, emoji). Then a plain
        token is forced instead, and a token that is not among the alternatives gets the smallest
        probability listed: an upper bound.
        """
        listed = _WISHED_ALTERNATIVES if several else 1
        steps = await self._forced(prompt, token, listed=listed)
        if token in steps:
            return steps, True
        plain = (await self._tokenize("a"))[0]
        steps = await self._forced(prompt, plain, listed=_WISHED_ALTERNATIVES)
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
        first = (await self._post(_TextReply, "/v1/completions", body)).first()
        if first is None:
            return {}
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
    logprob: float
    top_logprobs: list[_Token] = []


class _TokenList(BaseModel):
    content: list[_Token] | None = None


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


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


_Shape = TypeVar("_Shape", bound=BaseModel)


def _first(listed: _TokenList | None) -> _Token | None:
    return listed.content[0] if listed and listed.content else None


def _chat(messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": 0,
    }
