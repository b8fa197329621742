"""``recagent serve`` and ``recagent mcp``: one recommender behind HTTP, MCP and a web page.

Nothing is decided here: requests are checked, handed to the straight line, and answered. The
libraries are the extra ``server``; this package itself imports none of them.
"""

from __future__ import annotations

from importlib.util import find_spec

from recagent.errors import ConfigError

_LIBRARIES = ("fastapi", "limits", "mcp", "prometheus_client", "uvicorn")


def check_extra() -> None:
    """See that the libraries of the extra are there.

    Raises:
        ConfigError: one is missing.
    """
    for name in _LIBRARIES:
        if find_spec(name) is None:
            raise ConfigError(
                "{library!r} is missing: pip install 'recagent[server]'", library=name
            )
