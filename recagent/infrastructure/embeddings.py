"""Embedders: wordllama's static word vectors (the default), an embeddings endpoint, fastembed.

Each gives unit rows, and a row of zeros for a text of which it knows no word.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from anyio import to_thread
from pydantic import BaseModel, FiniteFloat

from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.llm.transport import HttpWire

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


_PATIENCE = 600.0  # seconds for one batch of texts


class WordLlamaEmbedder:
    """Mean of static 256-d word vectors: no network, no GPU, about 13,000 short texts a second."""

    name = "wordllama-l2-supercat-256"

    @property
    def version(self) -> str:
        return _installed("wordllama")

    async def embed(self, texts: Sequence[str]) -> Matrix:
        return await to_thread.run_sync(lambda: unit_rows(self._model.embed(list(texts))))

    @cached_property
    def _model(self) -> Any:
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


class EndpointEmbedder:
    """An OpenAI-compatible ``/v1/embeddings``."""

    version = "1"

    def __init__(self, *, name: str, base_url: str, api_key: str) -> None:
        if not (name and base_url):
            raise ConfigError("[embedder] kind = 'endpoint' needs a name and a base URL")
        self.name = name
        self._base_url = base_url
        self._api_key = api_key

    async def embed(self, texts: Sequence[str]) -> Matrix:
        wire = HttpWire(
            base_url=self._base_url,
            api_key=self._api_key,
            name=self.name,
            concurrency=1,
            timeout=_PATIENCE,
        )
        try:
            reply = await wire.post("/v1/embeddings", {"input": list(texts)})
        except ModelError as error:
            raise ModelError(
                "embeddings endpoint {base_url!r}: {error}; check that it is running, then run "
                "the command again: what was written so far is kept",
                base_url=self._base_url,
                error=error,
                retryable=True,
            ) from error
        finally:
            await wire.close()
        try:
            rows = sorted(_Embeddings.model_validate(reply).data, key=lambda row: row.index)
            pairs = zip(texts, rows, strict=True)
            return unit_rows(np.asarray([row.embedding for _, row in pairs]))
        except ValueError as error:
            raise ReplyError(
                "embeddings endpoint {base_url!r} did not answer in OpenAI's format",
                base_url=self._base_url,
                reply=str(reply)[:500],
                retryable=False,
            ) from error


class _Embedding(BaseModel):
    index: int = 0
    embedding: list[FiniteFloat]


class _Embeddings(BaseModel):
    data: list[_Embedding]


class FastEmbedEmbedder:
    """A fastembed model; its first use may download it, which is what choosing it asks for."""

    def __init__(self, *, name: str) -> None:
        if importlib.util.find_spec("fastembed") is None:
            raise ConfigError(
                "[embedder] kind = 'fastembed' needs fastembed; run: pip install fastembed"
            )
        self.name = name or "BAAI/bge-small-en-v1.5"
        self.version = _installed("fastembed")

    async def embed(self, texts: Sequence[str]) -> Matrix:
        def run() -> Matrix:
            try:
                return unit_rows(np.asarray(list(self._model.embed(list(texts)))))
            except Exception as error:  # its own, the hub's, or onnxruntime's
                raise ModelError(
                    "fastembed {model!r}: {error}", model=self.name, error=error
                ) from error

        return await to_thread.run_sync(run)

    @cached_property
    def _model(self) -> Any:
        return import_module("fastembed").TextEmbedding(self.name)


@cache
def _installed(distribution: str) -> str:
    """Its version, read once: that parses a file, and every request asks for it."""
    return version(distribution)


def unit_rows(vectors: Any) -> Matrix:
    """(n, d) float32 with rows of length 1; a row without direction becomes zeros."""
    rows = np.nan_to_num(np.atleast_2d(np.asarray(vectors, dtype=np.float32)))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
