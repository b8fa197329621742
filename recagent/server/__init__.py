"""``recagent serve`` and ``recagent mcp``: one recommender behind HTTP, MCP and a web page.

Requests are checked, handed to the pipeline and answered; nothing is decided here. The libraries
are the extra ``server``; this module imports none of them.
"""

from __future__ import annotations

from importlib.util import find_spec

from recagent.errors import ConfigError

_LIBRARIES = ("fastapi", "limits", "mcp", "prometheus_client", "uvicorn")


def check_extra() -> None:
    """Checks that the libraries of the extra are installed.

    Raises:
        ConfigError: one is missing.
    """
    for name in _LIBRARIES:
        if find_spec(name) is None:
            raise ConfigError(
                "{library!r} is not installed; run: pip install 'recagent[server]'", library=name
            )
