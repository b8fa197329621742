"""The wires to an engine: what one must do, and HTTP through the openai client.

A wire carries requests and answers; what they mean is known to ``llm.client``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

import anyio
import orjson
from anyio import to_thread

from recagent.errors import ModelError, ReplyError
from recagent.llm.address import Access, address, azure_url, secret
from recagent.llm.circuit_breaker import CircuitBreaker
from recagent.llm.model_list import chatting_first, listed_names
from recagent.llm.openai_client import open_client, send
from recagent.llm.refusals import RETRYABLE_STATUS, RefusedError, complaint, error_inside, seconds
from recagent.locale import AnyText, LocalizedText

if TYPE_CHECKING:
    import openai

# We ask wrongly or too often; the server lives.
_WELL = {301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 413, 422, 429, 501}
_SHOWN = 200  # characters of an answer in a message
_VERSION = re.compile(r"/v\d\w*$")
_ELSEWHERE = {404, 405}  # how servers answer at a path that they do not have
_CHAT = "/v1/chat/completions"


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
    """HTTP on connections that are kept, with at most ``concurrency`` requests under way.

    A server that keeps failing is left alone for a moment (``llm.circuit_breaker``).
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        name: str,
        concurrency: int,
        timeout: float,
        access: Access | None = None,
    ) -> None:
        """A wire that connects at its first request.

        Args:
            base_url: as OpenAI's clients take it, mostly ending in ``/v1``.
            api_key: some servers want none.
            name: of the model; empty for the first that the server lists and that seems to chat.
            concurrency: requests that may be under way.
            timeout: the longest that one may take, in seconds.
            access: headers, proxy and the like.

        Raises:
            ConfigError: an address or key that cannot be one.
        """
        self._place = address(base_url)
        self._access = access or Access()
        self._section = self._access.section
        # OPENAI_API_KEY is of [model] alone.
        self._key_setting: AnyText = (
            LocalizedText("[model] api_key or OPENAI_API_KEY")
            if self._section == "[model]"
            else f"{self._section} api_key"
        )
        self._api_key = secret(api_key, setting=self._key_setting)
        self._name = name
        self._concurrency = concurrency
        self._timeout = timeout
        self._url = self._place.url
        if self._access.api_version or self._place.api_version:
            self._url = azure_url(self._url, deployment=name)
        salt = self._access.cache_salt
        self._salt = {"cache_salt": salt} if salt else {}
        self._listed: Sequence[str] = ()
        self._slots = anyio.CapacityLimiter(concurrency)
        self._breaker = CircuitBreaker(self._url)
        self._opening = anyio.Lock()
        self._client: openai.AsyncOpenAI | None = None

    @property
    def patience(self) -> float:
        return self._timeout / 2

    @property
    def url(self) -> str:
        """Where it asks, once started: a missing ``/v1`` and a redirect are made good."""
        return self._url

    async def start(self) -> str:
        if "/deployments/" in self._url:  # Azure lists what might be deployed, not what is
            return self._name
        try:
            if not self._name or _VERSION.search(self._url) is None:
                self._listed = await self._listing()
        except ModelError as error:
            if not self._name or error.retryable or error.status in (401, 403):
                raise  # else it need not list models: the first request shows what it is
        if not self._name:
            if not self._listed:
                raise ModelError(
                    "{base_url!r} lists no models; set [model] name", base_url=self._url
                )
            self._name = self._preferred(self._listed)
        return self._name

    def _preferred(self, names: Sequence[str]) -> str:
        return chatting_first(names)[0]

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        named = body if path == "/tokenize" else {"model": self._name, **self._salt, **body}
        try:
            return await self._send("POST", path, named)
        except RefusedError as error:
            if error.status not in (400, 404) or path != _CHAT or len(self._listed) < 2:
                raise
            raise RefusedError(
                "{error}; the server lists {names}: set [model] name to one that chats",
                says=error.says,
                status=error.status,
                parameter=error.parameter,
                error=error.message,
                names=", ".join(self._listed[:10]),
            ) from error

    async def _listing(self) -> Sequence[str]:
        """Names of the models that the server lists; finds a ``/v1`` that the address lacks.

        Raises:
            ModelError: it does not answer.
            ReplyError: it does not list models as OpenAI does.
        """
        first: ModelError | None = None
        written = self._url
        for url in (written, written + "/v1"):
            self._url = url
            try:
                answer = await self._send("GET", "/v1/models", None)
                names = listed_names(answer)
            except ModelError as error:
                first = first or error
                if not isinstance(error, ReplyError) and error.status not in _ELSEWHERE:
                    break
                continue
            if names is not None:
                return names
            first = first or ReplyError(
                "{base_url!r} does not list models as OpenAI does; check the base URL (it often "
                "ends in /v1), or set [model] name",
                base_url=written,
                reply=str(answer),
                retryable=False,
            )
        self._url = written
        assert first is not None  # noqa: S101
        raise first

    def _target(self, path: str) -> str:
        """The address of an endpoint; what is not below ``/v1`` lies beside it."""
        if path.startswith("/v1/"):
            return self._url + path.removeprefix("/v1")
        return _VERSION.sub("", self._url) + path

    async def _send(self, verb: str, path: str, body: Mapping[str, Any] | None) -> object:
        async with self._slots:
            with self._breaker.watching() as watched:
                status, headers, said = await self._answer(verb, self._target(path), body)
                if status in _WELL:
                    watched.well()
                if 300 <= status < 400 and self._moved(path, headers.get("location", "")):
                    status, headers, said = await self._answer(verb, self._target(path), body)
                if status >= 300:
                    raise self._refusal(path, status, headers, said)
                value = self._value(path, said)
                watched.well()
        inside = error_inside(value)
        if inside is not None:
            words, parameter, code, retryable = inside
            raise RefusedError(
                "{base_url!r} answered {url!r} with an error: {answer}",
                base_url=self._url,
                url=self._target(path),
                answer=words,
                says=words,
                parameter=parameter,
                status=code,
                retryable=retryable,
            )
        return value

    async def _answer(
        self, verb: str, url: str, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        client = self._client or await self._opened()
        data = b"" if body is None else orjson.dumps(body)
        try:
            with anyio.fail_after(self._timeout):  # the client's own timeout is for each read
                return await send(client, verb, url, body=data)
        except OSError as error:  # a TimeoutError is one
            raise self._unanswered(error) from error

    async def _opened(self) -> openai.AsyncOpenAI:
        async with self._opening:
            if self._client is None:
                open_it = partial(
                    open_client,
                    self._place,
                    api_key=self._api_key,
                    access=self._access,
                    concurrency=self._concurrency,
                    timeout=self._timeout,
                )
                self._client = await to_thread.run_sync(open_it)
        return self._client

    def _unanswered(self, error: OSError) -> ModelError:
        reason = str(error) or LocalizedText("nothing within {seconds:g} s", seconds=self._timeout)
        if "CERTIFICATE" in str(error).upper():
            return ModelError(
                "{base_url!r} has a certificate that is not trusted ({error}); name the file of "
                "its authority in {section} ca_file",
                base_url=self._url,
                section=self._section,
                error=reason,
            )
        return ModelError(
            "no answer from {base_url!r} ({error}); is the server running?",
            base_url=self._url,
            error=reason,
            retryable=True,
        )

    def _moved(self, path: str, location: str) -> bool:
        """Takes the server's word for another address of its own; false for another host's."""
        target = urljoin(self._target(path), location)
        suffix = self._target(path).removeprefix(self._url)
        base = target.partition("?")[0].removesuffix(suffix)
        same = urlsplit(base).hostname == urlsplit(self._url).hostname
        if not location or not same or base in (self._url, target) or not suffix:
            return False
        self._url = base
        return True

    def _refusal(
        self, path: str, status: int, headers: Mapping[str, str], said: bytes
    ) -> RefusedError:
        words, parameter = complaint(said)
        if 300 <= status < 400:
            return RefusedError(
                "{base_url!r} redirects to {location!r}; set {section} base_url to the address "
                "behind it, if you trust that one with your key",
                base_url=self._url,
                section=self._section,
                location=headers.get("location", ""),
                says=words,
                status=status,
            )
        if status == 401:
            return RefusedError(
                "{base_url!r} takes no request with this key (401: {answer}); set {setting}",
                base_url=self._url,
                setting=self._key_setting,
                answer=words,
                says=words,
                status=status,
            )
        return RefusedError(
            "{base_url!r} answered {code} to {url!r}: {answer}",
            base_url=self._url,
            code=status,
            url=self._target(path),
            answer=words,
            says=words,
            parameter=parameter,
            retryable=status in RETRYABLE_STATUS,
            status=status,
            retry_after=seconds(headers.get("retry-after")),
        )

    def _value(self, path: str, said: bytes) -> object:
        try:
            return orjson.loads(said)
        except ValueError:
            text = said.decode(errors="replace").lstrip("\ufeff \r\n\t")
        try:
            return json.loads(text)  # takes NaN and Infinity, as Python's servers write them
        except ValueError as error:
            if text.startswith("data:"):
                raise ReplyError(
                    "{base_url!r} answers {url!r} in a stream, which nobody asked for; switch "
                    "streaming off there",
                    base_url=self._url,
                    url=self._target(path),
                    reply=text,
                    retryable=False,
                ) from error
            raise ReplyError(
                "{base_url!r} did not answer {url!r} with JSON: {text!r}; is the base URL right?",
                base_url=self._url,
                url=self._target(path),
                text=text[:_SHOWN],
                reply=text,
                retryable=False,
            ) from error

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()
