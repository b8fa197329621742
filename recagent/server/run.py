"""Runs a server from settings, on a port or on standard input and output."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from pydantic import SecretStr

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.server.app import create_app
from recagent.server.auth import is_loopback_host
from recagent.server.chat_backend import RecagentChat
from recagent.server.connections import GuardedProtocol, affordable_connections
from recagent.server.learning import BackgroundLearning
from recagent.server.log_limit import limit_logs
from recagent.server.mcp_tools import mcp_server
from recagent.server.service import Service
from recagent.server.signed_state import kept_key

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_GRACE = 10  # seconds, for answers that are under way


def service_of(settings: Settings) -> Service:
    """Returns the service that the settings describe."""
    return Service(
        bootstrap.parts(settings),
        bootstrap.options(settings),
        max_message=settings.server.max_message,
        people=settings.server.people,
    )


def learning_watches(
    service: Service, settings: Settings
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """Returns what learns from new events beside the requests; nothing where it is not wanted."""
    if not settings.learn.automatic:
        return []
    return [BackgroundLearning(settings, service.parts, swap=service.swap).watch]


def with_state_key(settings: Settings) -> tuple[Settings, Path | None]:
    """Returns settings that have a key for conversations, and its file if it was made now."""
    if settings.server.state_key.get_secret_value():
        return settings, None
    key, made = kept_key(settings.data_dir)
    server = settings.server.model_copy(update={"state_key": SecretStr(key)})
    return settings.model_copy(update={"server": server}), made


def serve(settings: Settings, *, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; ``on_ready`` gets the address.

    Raises:
        ConfigError: the port is taken, or other machines could call without a key.
        RecagentError: the index or the store cannot be used.
    """
    if not settings.server.keys and not is_loopback_host(host):
        raise ConfigError(
            "--host {host!r} accepts other machines, but [server] keys is empty; set "
            "RECAGENT_SERVER__KEYS",
            host=host,
        )
    anyio.run(partial(_serve, settings, host=host, port=port, on_ready=on_ready))


def serve_stdio(settings: Settings) -> None:
    """Serves one MCP client until it closes standard input; raises as ``serve``."""

    async def run() -> None:
        service = service_of(settings)
        try:
            await service.start()
            watches = [service.watch_forgotten, *learning_watches(service, settings)]
            tasks = [asyncio.create_task(watch()) for watch in watches]
            await mcp_server(service).run_stdio_async()
            for task in tasks:
                task.cancel()
        finally:
            await service.close()

    anyio.run(run)


async def _serve(
    settings: Settings, *, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    with listening_socket(host, port) as listener:
        service = service_of(settings)
        try:
            await service.start()  # here its failure is a message, in the app a stack trace
        except BaseException:
            await service.close()
            raise
        app = create_app(
            service,
            settings=settings.server,
            chat=RecagentChat(),
            watches=learning_watches(service, settings),
        )
        limit_logs()
        config = uvicorn_config(app, grace=_GRACE, proxies=settings.server.proxies)
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}")
        await uvicorn.Server(config).serve(sockets=[listener])


def uvicorn_config(app: ASGIApp, *, grace: int, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Returns how connections are served: each with its time limits, and only so many.

    Args:
        app: what answers.
        grace: seconds for answers that are under way at the end.
        proxies: addresses whose forwarded headers are believed.
    """
    most = affordable_connections()
    return uvicorn.Config(
        app,
        http=type("GuardedProtocol", (GuardedProtocol,), {"most": most}),
        ws="none",
        limit_concurrency=most + 1,  # all of them are at work: one more is told to come again
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=grace,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=[*proxies],
    )


def listening_socket(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on a port.

    Raises:
        ConfigError: the port is taken, or the host cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only on sockets that name their protocol does asyncio set TCP_NODELAY.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise ConfigError(
            "cannot listen on {host!r}, port {port}: {reason}; choose another with --port",
            host=host,
            port=port,
            reason=error.strerror or error,
        ) from error
    return listener
