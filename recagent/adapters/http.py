"""The wires to an engine: what one must do, and HTTP through the openai client.

A wire carries requests and answers; what they mean is known to ``adapters.openai_compatible``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import anyio
from pydantic import BaseModel, ValidationError

from recagent.errors import ConfigError, ModelError, ReplyError

_RETRYABLE_STATUS = {408, 409, 429, 500, 502, 503, 504}
_CONNECT = 5.0  # seconds


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

    def __init__(
        self, *, base_url: str, api_key: str, name: str, concurrency: int, timeout: float
    ) -> None:
        """``timeout`` is the longest silence of the server, in seconds."""
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(f"model base URL {base_url!r} must begin with http:// or https://")
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key or "none"
        self._name = name
        self._timeout = timeout
        self._slots = anyio.CapacityLimiter(concurrency)
        self._client: Any = None

    async def start(self) -> str:
        import openai  # noqa: PLC0415 - one second

        if self._client is None:
            self._client = openai.AsyncOpenAI(
                base_url=self._base_url,
                api_key=self._api_key,
                max_retries=0,
                timeout=openai.Timeout(self._timeout, connect=min(_CONNECT, self._timeout)),
            )
        if not self._name:
            answer = await self._send("get", "/models", None)
            try:
                listed = _Models.model_validate(answer).data
            except ValidationError as error:
                raise ReplyError(
                    f"{self._base_url!r} does not list models as OpenAI does; is the base "
                    "URL right (it often ends in /v1)? Or set [model] name",
                    reply=str(answer),
                    retryable=False,
                ) from error
            if not listed:
                raise ModelError(f"{self._base_url!r} lists no model; set [model] name")
            self._name = listed[0].id
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
                status=error.status_code,
            ) from error
        except openai.OpenAIError as error:
            raise ModelError(
                f"no answer from {self._base_url!r} ({error}); is the server running?",
                retryable=True,
            ) from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]
