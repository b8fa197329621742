"""Loads optional libraries when they are first used; the error names the extra that brings them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from recagent.errors import ConfigError


def optional_library(module: str, *, extra: Literal["eval", "tune"] = "eval") -> Any:
    """Imports a module of an optional library, ``implicit.als`` say.

    Raises:
        ConfigError: its library is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            "{library!r} is not installed; run: pip install 'recagent[{extra}]'",
            library=module.partition(".")[0],
            extra=extra,
        ) from error
