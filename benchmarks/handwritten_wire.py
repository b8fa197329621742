"""HTTP close to the metal, as recagent spoke it before the openai client: a yardstick alone.

It knows no Azure, no redirects and no error inside a reply; ``transport.py`` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import anyio
import orjson

from recagent.errors import ModelError
from recagent.llm.address import Access
from recagent.llm.circuit_breaker import CircuitBreaker


class HandwrittenWire:
    """A ``Wire`` over one aiohttp session."""

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
        """As ``HttpWire``; ``access`` is left aside."""
        del access
        self._base_url, self._name, self._timeout = base_url.rstrip("/"), name, timeout
        self._headers = {
            "Authorization": f"Bearer {api_key or 'none'}",
            "Content-Type": "application/json",
        }
        self._slots = anyio.CapacityLimiter(concurrency)
        self._breaker = CircuitBreaker(self._base_url)
        self._session: aiohttp.ClientSession | None = None

    @property
    def patience(self) -> float:
        return self._timeout / 2

    async def start(self) -> str:
        return self._name

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        url = self._base_url + path.removeprefix("/v1")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        async with self._slots:
            with self._breaker.watching() as watched:
                data = orjson.dumps({"model": self._name, **body})
                async with self._session.post(url, data=data) as answer:
                    said = await answer.read()
                watched.well()
                if answer.status >= 400:
                    raise ModelError(said.decode(errors="replace"), status=answer.status)
                return orjson.loads(said)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
