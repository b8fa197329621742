"""Modules of the optional libraries of the extra ``eval``, loaded when they are first used.

Callers name the module that they need.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from recagent.errors import ConfigError


def optional_library(module: str) -> Any:
    """Imports the module of that name, ``implicit.als`` say.

    Raises:
        ConfigError: its library is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ConfigError(
            "{library!r} is not installed; run: pip install 'recagent[eval]'", library=library
        ) from error
