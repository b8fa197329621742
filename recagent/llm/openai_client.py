"""The openai client as recagent uses it: one try a request, whole replies, connections kept.

It brings Azure's addresses, headers, proxies and certificates. Retries, deadlines and the circuit
breaker are ours (``llm.retry``, ``llm.transport``). Its import takes half a second, so it is late.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent.errors import ConfigError
from recagent.llm.address import Access, Address, secret

if TYPE_CHECKING:
    import openai

_CONNECT = 5.0  # seconds
_KEPT = 15.0  # seconds for which an idle connection is kept


def open_client(
    place: Address, *, api_key: str, access: Access, concurrency: int, timeout: float
) -> openai.AsyncOpenAI:
    """A client whose requests are told in whole addresses; nothing is connected yet.

    Its aiohttp transport takes 60% of the processor time of the usual one
    (``benchmarks/transport.py``). Redirects are not followed: a key is for one host.

    Raises:
        ConfigError: a header, proxy or certificate file that cannot be used.
    """
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    headers = {
        name: secret(value.get_secret_value(), setting=f"{access.section} headers {name}")
        for name, value in access.headers.items()
    }
    if place.basic and not api_key:
        headers = {"Authorization": place.basic, **headers}
    try:
        http_client = openai.DefaultAioHttpClient(
            verify=_trusted(access.ca_file, access.section),
            proxy=access.proxy or None,
            limits=httpx2.Limits(max_connections=concurrency, keepalive_expiry=_KEPT),
            timeout=httpx2.Timeout(timeout, connect=min(_CONNECT, timeout)),
            follow_redirects=False,
        )
    except (ValueError, httpx2.InvalidURL) as error:
        raise ConfigError(
            "the proxy of {section} proxy or of the environment cannot be used ({error}); it is an "
            "address such as http://proxy:3128",
            section=access.section,
            error=error,
        ) from error
    # "none" since some servers want no key, and the client wants one.
    shared: dict[str, Any] = {
        "api_key": api_key or "none",
        "base_url": place.url,
        "max_retries": 0,
        "default_headers": headers,
        "http_client": http_client,
    }
    version = access.api_version or place.api_version
    if version:
        return openai.AsyncAzureOpenAI(api_version=version, default_query=place.query, **shared)
    return openai.AsyncOpenAI(default_query=place.query, **shared)


async def send(
    client: openai.AsyncOpenAI, verb: str, url: str, *, body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of the answer, whatever the status is.

    Raises:
        OSError: no answer, whoever of the libraries below found out.
    """
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    try:
        if verb == "GET":
            answer = await client.get(url, cast_to=httpx2.Response)
        else:
            # The answer as it came: the client's own types would be built from it, and ours again.
            answer = await client.post(
                url,
                cast_to=httpx2.Response,
                content=body,
                options={"headers": {"Content-Type": "application/json"}},
            )
    except openai.APIStatusError as error:
        answer = error.response
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise OSError(_root(error)) from error
    return answer.status_code, answer.headers, answer.content


@cache
def _trusted(ca_file: Path | None, section: str) -> ssl.SSLContext:
    """The certificates that are trusted; loading them takes 20 ms."""
    import httpx2  # noqa: PLC0415

    if ca_file is None:
        return httpx2.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "{section} ca_file {path!r} cannot be read as certificates in PEM form: {error}",
            section=section,
            path=str(ca_file),
            error=error,
        ) from error


def _root(error: BaseException) -> str:
    """What was the matter in the first place: the client's own words are "Connection error."."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    return next((str(each) for each in reversed(causes) if str(each)), type(error).__name__)
