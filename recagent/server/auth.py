"""Bearer keys, the rate limit and the largest size of a request.

The middleware stands before routing, so that it protects REST, the chat, MCP and metrics alike.
The web page itself, ``/livez`` and ``/readyz`` have no data and are open.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from recagent.config.service_sections import KeySettings
from recagent.server.access import CALLER, Caller
from recagent.server.errors import refuse

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1 << 20  # bytes of a request's body
LARGEST_CHAT = 8 << 20  # of a conversation's: all of it is sent each time, with its pictures

_WRONG_KEYS = RateLimitItemPerMinute(20)  # of one address
_HOST = re.compile(r"((?:[\w.-]*|\[[\da-fA-F:.]+\]))(?::\d{1,5})?", re.ASCII)
_BY_PROXY = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_PROTECTED = ("/v1/", "/mcp", "/metrics")
_RATE_LIMITED = ("/v1/", "/mcp")


class AuthMiddleware:
    """Refuses requests with 400, 401, 413 or 429 before anything is read.

    Args:
        app: the application behind it.
        keys: a request must bring one of them; without keys only host names of this machine are
            answered, so that another site's page cannot reach a server that listens on loopback.
        rate: requests a minute for each key or address; 0 for no limit.
    """

    def __init__(self, app: ASGIApp, *, keys: Sequence[KeySettings], rate: int) -> None:
        self._app = app
        self._keys = {
            _digest(each.key.get_secret_value()): Caller(
                scopes=frozenset(each.scopes), people=each.people
            )
            for each in keys
        }
        self._rate = RateLimitItemPerMinute(rate) if rate else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        CALLER.set(self._caller(scope) or Caller())  # each request is a task of its own
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, _limited(receive, _largest(scope)), send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = _HOST.fullmatch(headers.get("host", ""))
        if host is None:
            return refuse(400, "the Host header is not a host name", code="bad_host")
        if not self._keys and not is_loopback_host(host[1].strip("[]")):
            message = "without keys only this machine is answered; set [server] keys"
            return refuse(400, message, code="unknown_host")
        if not self._keys and any(name in headers for name in _BY_PROXY):
            message = "without keys no request through a proxy is answered; set [server] keys"
            return refuse(400, message, code="proxied")
        if not path.startswith(_PROTECTED):
            return None
        address = caller = str((scope.get("client") or ("",))[0])
        if self._keys:
            caller, known = _digest(_bearer(headers)), self._caller(scope)
            if known is None:
                if (refusal := self._too_many(f"wrong {address}", _WRONG_KEYS)) is not None:
                    return refusal
                message = "no valid key; send 'Authorization: Bearer KEY' with one of [server] keys"
                challenge = {"WWW-Authenticate": "Bearer"}
                return refuse(401, message, code="invalid_api_key", headers=challenge)
            if path.startswith("/metrics") and "metrics" not in known.scopes:
                return refuse(403, "this key has no scope 'metrics'", code="forbidden")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > _largest(scope):
            return refuse(413, _too_large(_largest(scope)), code="too_large")
        return self._too_many(caller, self._rate) if path.startswith(_RATE_LIMITED) else None

    def _caller(self, scope: Scope) -> Caller | None:
        """Returns who has the key of a request; None for nobody."""
        digest = _digest(_bearer(Headers(scope=scope)))
        same = [key for key in self._keys if hmac.compare_digest(digest, key)]  # all, always
        return self._keys[same[0]] if same else None

    def _too_many(self, caller: str, rate: RateLimitItem | None) -> Response | None:
        if rate is None or self._limiter.hit(rate, caller):
            return None
        reset = self._limiter.get_window_stats(rate, caller).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        what = "wrong keys" if rate is _WRONG_KEYS else "requests"
        return refuse(
            429,
            f"more than {rate.amount} {what} a minute; wait {wait} s",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(wait)},
        )


def _largest(scope: Scope) -> int:
    return LARGEST_CHAT if scope["path"] == "/v1/chat/completions" else LARGEST


def _too_large(largest: int) -> str:
    return f"the body is larger than {largest} bytes; send less"


def _limited(receive: Receive, largest: int) -> Receive:
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > largest:
            raise HTTPException(413, _too_large(largest))
        return message

    return receive_limited


def _bearer(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _digest(key: str) -> str:
    """Returns what keys are compared and counted by, so that no key itself stays in memory."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def is_loopback_host(name: str) -> bool:
    """Whether a host name or address is a loopback one."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
