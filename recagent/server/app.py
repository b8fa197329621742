"""The FastAPI app: puts service, routes, middleware and the web page together."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from recagent import __version__
from recagent.config.service_sections import ServerSettings
from recagent.errors import RecagentError
from recagent.server.auth import AuthMiddleware
from recagent.server.chat import chat_routes
from recagent.server.chat_backend import ChatBackend
from recagent.server.conversations import Conversations
from recagent.server.errors import ErrorResponse, add_error_handlers, error_detail, failure
from recagent.server.mcp_tools import mcp_server
from recagent.server.metrics import Metrics, MetricsMiddleware
from recagent.server.rest import rest_routes
from recagent.server.service import Service
from recagent.server.signed_state import StateSigner

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

logger = logging.getLogger(__name__)

_FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The request cannot be used as it is."},
    401: {"model": ErrorResponse, "description": "No valid key."},
    403: {"model": ErrorResponse, "description": "The key does not allow it."},
    404: {"model": ErrorResponse, "description": "A scene, item or slate that is not there."},
    409: {"model": ErrorResponse, "description": "It is stored already, and differently."},
    413: {"model": ErrorResponse, "description": "The body is too large."},
    429: {"model": ErrorResponse, "description": "Too many requests."},
    503: {
        "model": ErrorResponse,
        "description": "Index, store or model cannot be had now; see Retry-After.",
    },
}


def create_app(
    service: Service,
    *,
    settings: ServerSettings | None = None,
    chat: ChatBackend | None = None,
    watches: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> FastAPI:
    """Returns the app over a service, which it starts and closes; no chat without a backend.

    ``watches`` run beside the requests until the app ends.
    """
    settings = settings or ServerSettings()
    metrics, tools = Metrics(), mcp_server(service)
    # AuthMiddleware has checked the host and the key already.
    mcp_app = tools.streamable_http_app(
        streamable_http_path="/",
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(service.close)
            await stack.enter_async_context(tools.session_manager.run())
            await service.start()
            jobs = (service.warm, service.watch_forgotten, *watches)
            tasks = [asyncio.create_task(job()) for job in jobs]
            yield
            for task in tasks:
                task.cancel()

    app = _App(
        title="recagent",
        version=__version__,
        summary="Recommends from a catalogue to a person in a scene, and says why.",
        docs_url=None,  # that page loads scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(MetricsMiddleware, metrics=metrics, lang=service.lang),
            Middleware(
                AuthMiddleware,
                keys=settings.keys,
                rate=settings.rate,
            ),
        ],
    )
    add_error_handlers(app, lang=service.lang)
    bearer = Depends(HTTPBearer(auto_error=False, description="One of [server] keys."))
    routers = [rest_routes(service, metrics)]
    if chat is not None:
        key = settings.state_key.get_secret_value() or secrets.token_bytes(32)
        conversations = Conversations(service, chat, StateSigner(key))
        routers.append(chat_routes(service, conversations, metrics))
    for router in routers:
        app.include_router(router, dependencies=[bearer], responses=_FAILURES)
    _add_page_and_probes(app, service, metrics)
    # A client that leaves out the slash is answered at once: few follow a redirect of a POST.
    app.router.routes.append(Route("/mcp", endpoint=_AtRoot(mcp_app), include_in_schema=False))
    app.mount("/mcp", mcp_app)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def _add_page_and_probes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        """Returns the web page."""
        return FileResponse(STATIC / "index.html")

    @app.get("/livez", tags=["probes"])
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["probes"], responses={503: _FAILURES[503]})
    async def readyz() -> Response:
        """The index and the store answer."""
        try:
            await service.ready()
        except RecagentError as error:
            logger.warning("not ready: %s", error)
            _, detail = error_detail(error, lang=service.lang)
            return failure(503, detail, headers={"Retry-After": "5"})
        return JSONResponse({"status": "ok"})

    @app.get("/metrics", tags=["probes"], response_class=PlainTextResponse)
    async def metrics_page() -> Response:
        """What Prometheus reads."""
        return Response(metrics.page(), media_type="text/plain; version=1.0.0; charset=utf-8")


class _AtRoot:
    """Calls an app as if its root had been requested, so that ``/mcp`` is ``/mcp/``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "path": "/", "raw_path": b"/", "root_path": ""}, receive, send)


class _App(FastAPI):
    """An app whose OpenAPI document names the status that bad requests really get: 400, not 422."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document
