"""Where an endpoint is and how it is reached: its address as people write it, cleaned and checked.

Nothing is asked here: whether the address is right shows in ``llm.transport``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from recagent.errors import ConfigError
from recagent.locale import AnyText, LocalizedText

_ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/models", "/rerank", "/score")
_AZURE_VERSION = "api-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a way to an endpoint needs besides address and key.

    Attributes:
        section: of the settings that say so, for messages.
        headers: that go with every request; they may be secret.
        api_version: of an Azure OpenAI deployment; with it, Azure's addresses and key header.
        proxy: address of a proxy; without one those of the environment count.
        ca_file: certificates that are trusted, in place of the usual ones.
        cache_salt: sent along where it is set, so that vLLM shares cached prompts only among
            requests with the same one.
    """

    section: str = "[model]"
    headers: Mapping[str, SecretStr] = field(default_factory=dict[str, SecretStr])
    api_version: str = ""
    proxy: str = ""
    ca_file: Path | None = None
    cache_salt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address without secrets, which may be shown, and what was written along with it.

    Attributes:
        url: without query, user, password and closing slash.
        query: parameters of every request, as Azure's ``api-version``.
        basic: credentials of a user and password that stood in the address, as a header has them.
    """

    url: str
    query: Mapping[str, str]
    basic: str = ""

    @property
    def api_version(self) -> str:
        return self.query.get(_AZURE_VERSION, "")


def address(base_url: str) -> Address:
    """The address that ``base_url`` names, with or without the path of one of its endpoints.

    Raises:
        ConfigError: it is none of HTTP.
    """
    written = base_url.strip().strip("\"'")
    if not written.startswith(("http://", "https://")):
        raise ConfigError(
            "base URL {base_url!r} must begin with http:// or https://", base_url=base_url
        )
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(
            "base URL {base_url!r} is no address: {error}",
            base_url=shown(base_url),
            error=error,
        ) from error
    if not host:
        raise ConfigError(
            "base URL {base_url!r} is no address: {error}",
            base_url=shown(base_url),
            error=LocalizedText("no host"),
        )
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    basic = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
    return Address(
        url=urlunsplit((parts.scheme, place, _without_endpoint(parts.path), "", "")),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        basic=basic,
    )


def shown(base_url: str) -> str:
    """The address as it may be shown: without user, password and query."""
    scheme, separator, rest = base_url.strip().partition("://")
    if not separator:
        return base_url
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def secret(value: str, *, setting: AnyText) -> str:
    """A key or header as it can be sent: without white space around it.

    Raises:
        ConfigError: it has a line break or a letter within that no header can hold.
    """
    cleaned = value.strip()
    if not (cleaned.isascii() and cleaned.isprintable()):
        raise ConfigError(
            "{setting} holds a line break or a letter that cannot be sent; copy the key anew, as "
            "one line of plain letters",
            setting=setting,
        )
    return cleaned


def azure_url(url: str, *, deployment: str) -> str:
    """The address of an Azure deployment; ``url`` may name it already, or only the resource.

    Raises:
        ConfigError: nobody says which deployment.
    """
    if "/deployments/" in url:
        return url
    if not deployment:
        raise ConfigError(
            "{base_url!r} with an api-version is Azure's: set [model] name to the name of the "
            "deployment",
            base_url=url,
        )
    return f"{url.removesuffix('/v1').removesuffix('/openai')}/openai/deployments/{deployment}"


def _without_endpoint(path: str) -> str:
    bare = path.rstrip("/")
    for endpoint in _ENDPOINTS:
        if bare.endswith(endpoint):
            return bare.removesuffix(endpoint)
    return bare
