"""From settings to a server that runs, on a port or on standard input and output.

What it serves is ``app``'s and ``tools``' matter.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

import anyio
import uvicorn

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.server.app import create_app
from recagent.server.auth import is_loopback_host
from recagent.server.conversations import RecagentChat
from recagent.server.mcp_tools import mcp_server
from recagent.server.service import Service

_PATIENCE = 10  # seconds for answers under way, at the end


def service_of(settings: Settings) -> Service:
    """The recommender that the settings describe, for many callers."""
    return Service(
        bootstrap.parts(settings),
        bootstrap.options(settings),
        max_message=settings.server.max_message,
        people=settings.server.people,
    )


def serve(settings: Settings, *, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``on_ready`` gets the address.

    Raises:
        ConfigError: the port is taken, or others could come in without a key.
        RecagentError: the index or the store cannot be used.
    """
    if not settings.server.keys and not is_loopback_host(host):
        raise ConfigError(
            "--host {host!r} lets others in, and [server] keys is empty; set RECAGENT_SERVER__KEYS",
            host=host,
        )
    anyio.run(partial(_serve, settings, host=host, port=port, on_ready=on_ready))


def serve_stdio(settings: Settings) -> None:
    """Serve one MCP client until it closes standard input; raises as ``serve``."""

    async def run() -> None:
        service = service_of(settings)
        try:
            await service.start()
            watching = asyncio.create_task(service.watch())
            await mcp_server(service).run_stdio_async()
            watching.cancel()
        finally:
            await service.close()

    anyio.run(run)


async def _serve(
    settings: Settings, *, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    with _bound(host, port) as listening:
        service = service_of(settings)
        try:
            await service.start()  # here its failure is a message, in the app a stack trace
        except BaseException:
            await service.close()
            raise
        app = create_app(service, settings=settings.server, talking=RecagentChat())
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=_PATIENCE, server_header=False
        )
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listening.getsockname()[1]}")
        await uvicorn.Server(config).serve(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        ConfigError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(socket.SOMAXCONN)
    except OSError as error:
        listening.close()
        raise ConfigError(
            "cannot listen on {host!r}, port {port}: {reason}; choose another by --port",
            host=host,
            port=port,
            reason=error.strerror or error,
        ) from error
    return listening
