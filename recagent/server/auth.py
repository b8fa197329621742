"""Who may come in: bearer keys, requests a minute, and how large a request may be.

It stands before routing, so that REST, the chat, MCP and metrics are kept alike. What a page
without data is (the web page itself, ``/livez``, ``/readyz``) is open.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from recagent.server.errors import refuse

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1 << 20  # bytes of a request's body

_TOO_LARGE = f"the body is larger than {LARGEST} bytes; send less"
_KEPT = ("/v1/", "/mcp", "/metrics")
_COUNTED = ("/v1/", "/mcp")


class AuthMiddleware:
    """Middleware that refuses with 400, 401, 413 or 429 before anything is read.

    Args:
        app: what is behind it.
        keys: of which a request must bring one; none: only names of this machine are answered, so
            that a page of another site cannot reach a recagent that listens on loopback.
        rate: requests a minute for each key or address; 0: any.
    """

    def __init__(self, app: ASGIApp, *, keys: Sequence[str], rate: int) -> None:
        self._app = app
        self._keys = [_digest(key) for key in keys]
        self._rate = RateLimitItemPerMinute(rate) if rate else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if not self._keys and not _is_this_machine(headers.get("host", "")):
            says = "without keys only this machine is answered; set [server] keys"
            return refuse(400, says, code="unknown_host")
        if not path.startswith(_KEPT):
            return None
        caller = str((scope.get("client") or ("",))[0])
        if self._keys:
            given = _digest(_bearer(headers))
            if not any([hmac.compare_digest(given, key) for key in self._keys]):  # noqa: C419 - all, always
                says = "no valid key; send 'Authorization: Bearer KEY' with one of [server] keys"
                return refuse(
                    401, says, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"}
                )
            caller = given
        if int(headers.get("content-length", "0") or 0) > LARGEST:
            return refuse(413, _TOO_LARGE, code="too_large")
        return self._too_many(caller) if path.startswith(_COUNTED) else None

    def _too_many(self, caller: str) -> Response | None:
        if self._rate is None or self._limiter.hit(self._rate, caller):
            return None
        reset = self._limiter.get_window_stats(self._rate, caller).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        return refuse(
            429,
            f"more than {self._rate.amount} requests a minute; wait {wait} s",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(wait)},
        )


def _limited(receive: Receive) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return counted


def _bearer(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _digest(key: str) -> str:
    """What is compared and counted by, so that no key stays in memory as it is."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _is_this_machine(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname if host else ""
    return is_loopback_host(name or "")


def is_loopback_host(name: str) -> bool:
    """Whether a host name or address is this machine's own, whatever the network."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
