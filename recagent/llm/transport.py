"""The wires to an engine: what one must do, and HTTP close to the metal.

A wire carries requests and answers; what they mean is known to ``llm.client``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.request import getproxies

import anyio
import orjson
from pydantic import BaseModel, ValidationError

from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.llm.circuit_breaker import CircuitBreaker

if TYPE_CHECKING:
    import aiohttp

_RETRYABLE_STATUS = {408, 409, 429, 500, 502, 503, 504}
_WELL = {400, 401, 403, 404, 405, 413, 422, 429}  # we ask wrongly or too often; the server lives
_CONNECT = 5.0  # seconds
_SHOWN = 200  # characters of an answer in a message


class Wire(Protocol):
    """Carries one JSON request to an engine and its JSON answer back."""

    @property
    def patience(self) -> float:
        """Seconds that one may wait for the engine to start; infinite where it loads here."""
        ...

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
    """HTTP/1.1 on connections that are kept, with at most ``concurrency`` requests under way.

    The openai client would take ten times the processor time for the same request and answer
    (``benchmarks/transport.py``). A server that keeps failing is left alone for a moment
    (``llm.circuit_breaker``).
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        name: str,
        concurrency: int,
        timeout: float,
        cache_salt: str = "",
    ) -> None:
        """A wire that connects at its first request.

        Args:
            base_url: as OpenAI's clients take it, mostly ending in ``/v1``.
            api_key: some servers want none.
            name: of the model; empty for the first that the server lists.
            concurrency: requests that may be under way.
            timeout: the longest that one may take, in seconds.
            cache_salt: sent along where it is set, so that vLLM shares cached prompts only among
                requests with the same one.
        """
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(
                "model base URL {base_url!r} must begin with http:// or https://", base_url=base_url
            )
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key or "none"
        self._name = name
        self._timeout = timeout
        self._salt = {"cache_salt": cache_salt} if cache_salt else {}
        self._slots = anyio.CapacityLimiter(concurrency)
        self._breaker = CircuitBreaker(self._base_url)
        self._session: aiohttp.ClientSession | None = None

    @property
    def patience(self) -> float:
        return self._timeout / 2

    async def start(self) -> str:
        if not self._name:
            answer = await self._send("GET", self._base_url + "/models", None)
            try:
                listed = _Models.model_validate(answer).data
            except ValidationError as error:
                raise ReplyError(
                    "{base_url!r} does not list models as OpenAI does; is the base URL "
                    "right (it often ends in /v1)? Or set [model] name",
                    base_url=self._base_url,
                    reply=str(answer),
                    retryable=False,
                ) from error
            if not listed:
                raise ModelError(
                    "{base_url!r} lists no model; set [model] name", base_url=self._base_url
                )
            self._name = listed[0].id
        return self._name

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        if path == "/tokenize":  # lives beside /v1, not below it
            return await self._send("POST", self._base_url.removesuffix("/v1") + path, body)
        url = self._base_url + path.removeprefix("/v1")
        return await self._send("POST", url, {"model": self._name, **self._salt, **body})

    async def _send(self, verb: str, url: str, body: Mapping[str, Any] | None) -> object:
        import aiohttp  # noqa: PLC0415 - 0.2 seconds

        async with self._slots:
            with self._breaker.watching() as watched:
                try:
                    async with self._opened().request(
                        verb, url, data=None if body is None else orjson.dumps(body)
                    ) as answer:
                        said = await answer.read()
                        status, headers = answer.status, answer.headers
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    raise ModelError(
                        "no answer from {base_url!r} ({error}); is the server running?",
                        base_url=self._base_url,
                        error=error or type(error).__name__,
                        retryable=True,
                    ) from error
                if status in _WELL:
                    watched.well()
                if status >= 400:
                    raise ModelError(
                        "{base_url!r} answered {code} to {url!r}: {answer}",
                        base_url=self._base_url,
                        code=status,
                        url=url,
                        answer=_complaint(said),
                        retryable=status in _RETRYABLE_STATUS,
                        status=status,
                        retry_after=_seconds(headers.get("Retry-After")),
                    )
                try:
                    value = orjson.loads(said)
                except ValueError as error:
                    text = said.decode(errors="replace")
                    raise ReplyError(
                        "{base_url!r} answered {url!r} with what is no JSON: {text!r}; is "
                        "the base URL right?",
                        base_url=self._base_url,
                        url=url,
                        text=text[:_SHOWN],
                        reply=text,
                        retryable=False,
                    ) from error
                watched.well()
                return value

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415

        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={
                    "Authorization": f"Bearer {self._api_key}",
                    "Content-Type": "application/json",
                },
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout, sock_connect=min(_CONNECT, self._timeout)
                ),
                connector=aiohttp.TCPConnector(limit=0),  # the slots are the one bound
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=bool(getproxies()),  # looked up at every request otherwise
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


class _Error(BaseModel):
    message: str


class _Complaint(BaseModel):
    error: _Error


def _complaint(said: bytes) -> str:
    """What the server says of its refusal."""
    try:
        return _Complaint.model_validate_json(said).error.message
    except ValidationError:
        return said.decode(errors="replace")[:_SHOWN]


def _seconds(retry_after: str | None) -> float | None:
    """The header's seconds from now, at least 0; None without one, or for nonsense (RFC 9110)."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time())
