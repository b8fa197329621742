"""The counters that Prometheus reads at ``/metrics``, and the outermost middleware.

Each app has a registry of its own, so that two apps in one process do not add up.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.datastructures import MutableHeaders

from recagent.domain import EventKind, Trace, Usage
from recagent.llm.token_count import TokenCount, counting
from recagent.locale import Language, for_clients
from recagent.server.errors import error_detail, failure
from recagent.server.leaving import CLIENT_GONE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of requests, slates, tokens and events."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "recagent_requests", "Requests answered.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "recagent_request_seconds", "From a request to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._slates = Counter(
            "recagent_slates", "Slates shown, by whether a fallback answered.",
            ("scene", "degraded"), registry=self._registry,
        )  # fmt: skip
        self._tokens = Counter(
            "recagent_model_tokens", "Tokens read and written by the model.", ("kind",),
            registry=self._registry,
        )  # fmt: skip
        self._events = Counter(
            "recagent_events", "Events stored.", ("kind",), registry=self._registry
        )

    def slate(self, scene: str, trace: Trace) -> None:
        """Counts a slate that was shown."""
        self._slates.labels(scene, "yes" if trace.degraded else "no").inc()

    def tokens(self, usage: Usage) -> None:
        """Counts the tokens that a request took, for whatever a model was asked in it."""
        self._tokens.labels("prompt").inc(usage.prompt)
        self._tokens.labels("completion").inc(usage.completion)

    def event(self, kind: EventKind) -> None:
        """Counts an event that was stored."""
        self._events.labels(kind).inc()

    def page(self) -> bytes:
        """Returns all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts and times every request, and adds the security headers.

    It logs an exception that nothing else handled, and answers it with 500.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, lang: Language) -> None:
        self._app = app
        self._metrics = metrics
        self._lang: Language = lang

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_SECURITY)
            await send(message)

        count = TokenCount()
        try:
            with counting() as count, for_clients():
                await self._app(scope, receive, send_counted)
        except Exception as error:
            if status:
                raise  # the answer has begun: the connection ends
            with for_clients():
                detail = error_detail(error, lang=self._lang)
            await failure(*detail)(scope, receive, send_counted)
        finally:
            self._metrics.tokens(count.usage)
            # The route's template and not the path, which would make a series for each item.
            route = getattr(scope.get("route"), "path", "other")
            # A client may invent methods, each of which would be a series too.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status or CLIENT_GONE)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
