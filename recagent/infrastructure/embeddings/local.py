"""Embedders in this process: wordllama's static word vectors (the default), and fastembed.

A model is loaded once per process, however many embedders there are.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from anyio import to_thread

from recagent.errors import ConfigError, ModelError
from recagent.infrastructure.embeddings.unit_rows import unit_rows
from recagent.ports import TextRole

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

_WORDLLAMA_WIDTH = 256
_LOADING = threading.Lock()  # of threads that want a model at once, one loads it


class WordLlamaEmbedder:
    """Mean of static 256-d word vectors: no network, no GPU, about 13,000 short texts a second."""

    name = "wordllama-l2-supercat-256"

    @property
    def version(self) -> str:
        return _installed("wordllama")

    async def embed(self, texts: Sequence[str], *, role: TextRole = "passage") -> Matrix:  # noqa: ARG002
        if not texts:
            return np.zeros((0, _WORDLLAMA_WIDTH), dtype=np.float32)
        return await to_thread.run_sync(lambda: unit_rows(_wordllama().embed(list(texts))))

    async def close(self) -> None:
        """Nothing to free: the model stays for the process."""


class FastEmbedEmbedder:
    """A fastembed model; its first use may download it, which is what choosing it asks for."""

    def __init__(self, *, name: str) -> None:
        if importlib.util.find_spec("fastembed") is None:
            raise ConfigError(
                "[embedder] kind = 'fastembed' needs fastembed; run: pip install fastembed"
            )
        self.name = name or "BAAI/bge-small-en-v1.5"
        self.version = _installed("fastembed")

    async def embed(self, texts: Sequence[str], *, role: TextRole = "passage") -> Matrix:  # noqa: ARG002
        def run() -> Matrix:
            try:
                rows = unit_rows(
                    np.asarray(list(_fastembed(self.name).embed(list(texts) or ["a"])))
                )
            except Exception as error:  # its own, the hub's, or onnxruntime's
                raise ModelError(
                    "fastembed {model!r}: {error}", model=self.name, error=error
                ) from error
            return rows[: len(texts)]

        return await to_thread.run_sync(run)

    async def close(self) -> None:
        """Nothing to free: the model stays for the process."""


@cache
def _installed(distribution: str) -> str:
    """Its version, read once: that parses a file, and every request asks for it."""
    return version(distribution)


def _wordllama() -> Any:
    with _LOADING:
        return _loaded_wordllama()


@cache
def _loaded_wordllama() -> Any:
    spec = importlib.util.find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "wordllama has no wheel for this platform; set [embedder] kind to 'endpoint' or "
            "'fastembed'"
        )
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    level = root.level
    wordllama = import_module("wordllama")  # one second

    root.handlers[:] = handlers  # it installs a handler at import
    root.setLevel(level)
    # Its own folder as cache and no download: plain load() goes to the model hub.
    return wordllama.WordLlama.load(cache_dir=Path(spec.origin).parent, disable_download=True)


def _fastembed(name: str) -> Any:
    with _LOADING:
        return _loaded_fastembed(name)


@cache
def _loaded_fastembed(name: str) -> Any:
    return import_module("fastembed").TextEmbedding(name)
