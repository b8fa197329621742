"""The wire to the embedded engine: llama.cpp in this process, through xllamacpp.

Only the tokeniser is asked over the engine's loopback port, which a random key protects: xllamacpp
has no call for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from anyio import to_thread

from recagent.errors import ConfigError, ModelError
from recagent.locale import LocalizedText

_CONTEXT = 4096  # tokens; our longest prompt takes a tenth
_QUIET = -1


class LlamaCppWire:
    """One engine and one slot: requests queue, and each finds the last one's prefix cached."""

    def __init__(self, path: Path | None, *, adapter: Path | None = None, threads: int = 0) -> None:
        """Nothing is loaded before ``start``, which raises ModelError if there are no weights.

        Args:
            path: a GGUF file; None if none was found.
            adapter: a LoRA adapter as a GGUF file. It was tuned on text to be continued, so it
                counts there and not in chats.
            threads: for reading prompts; 0 for all cores.
        """
        self._path = path
        self._adapter = adapter
        self._threads = threads
        # The engine cannot be interrupted: a caller whose deadline has passed leaves, and the call
        # goes on here; the next one, and closing, wait for it.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._key = secrets.token_hex(16)
        self._server: Any = None
        self._http: Any = None

    @property
    def patience(self) -> float:
        return math.inf

    async def start(self) -> str:
        if self._path is None or not self._path.is_file():
            place = LocalizedText(" at {path!r}", path=str(self._path)) if self._path else ""
            raise ModelError(
                "the embedded model has no weights{place}; run 'recagent models pull'", place=place
            )
        try:
            xllamacpp: Any = import_module("xllamacpp")  # no stubs
        except ImportError as error:
            raise ConfigError(
                "the embedded engine has no wheel for this platform; set OPENAI_BASE_URL to an "
                "OpenAI-compatible endpoint"
            ) from error
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = _CONTEXT
        params.n_parallel = 1
        # One thread for single tokens: two wait for each other at every layer, and on a busy box
        # that makes a step two to ten times slower. Prompts do gain from all cores.
        params.cpuparams.n_threads = 1
        params.cpuparams_batch.n_threads = self._threads or os.cpu_count() or 1
        params.verbosity = _QUIET
        params.api_keys = [self._key]
        if self._adapter is not None:
            if not self._adapter.is_file():
                raise ConfigError(
                    "[model] adapter {adapter!r} does not exist; create it with 'recagent tune', "
                    "or set adapter = 'none'",
                    adapter=str(self._adapter),
                )
            lora = xllamacpp.CommonAdapterLoraInfo()
            lora.path, lora.scale = str(self._adapter), 1.0
            params.lora_adapters = [lora]
            params.lora_init_without_apply = True
        try:
            self._server = await to_thread.run_sync(lambda: xllamacpp.Server(params))
        except RuntimeError as error:
            if self._adapter is not None:
                raise ModelError(
                    "weights {path!r} cannot be loaded with adapter {adapter!r}: {error}",
                    path=str(self._path),
                    adapter=str(self._adapter),
                    error=error,
                ) from error
            raise ModelError(
                "weights {path!r} cannot be loaded: {error}", path=str(self._path), error=error
            ) from error
        import httpx2  # noqa: PLC0415

        self._http = httpx2.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {self._key}"},
            trust_env=False,
        )
        if self._adapter is None:
            return self._path.stem
        # A file that is tuned anew keeps its name, and is another model.
        digest = hashlib.blake2b(self._adapter.read_bytes(), digest_size=3).hexdigest()
        return f"{self._path.stem}+{self._adapter.stem}#{digest}"

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        if path == "/tokenize":
            return await self._tokenize(body)
        handles = {
            "/v1/chat/completions": self._server.handle_chat_completions,
            "/v1/completions": self._server.handle_completions,
        }
        if path not in handles:
            raise ModelError("embedded engine: there is no {path!r}", path=path, status=404)
        request = dict(body)
        if self._adapter is not None:
            request["lora"] = [{"id": 0, "scale": 1.0 if path == "/v1/completions" else 0.0}]
        try:
            answer: Any = await asyncio.wrap_future(self._thread.submit(handles[path], request))
        except RuntimeError as error:
            raise ModelError("embedded engine: {error}", error=error) from error
        reply: dict[str, Any] = orjson.loads(answer) if isinstance(answer, str) else answer
        if "error" in reply:
            raise ModelError("embedded engine: {error}", error=reply["error"])
        return reply

    async def close(self) -> None:
        await to_thread.run_sync(self._thread.shutdown)
        if self._http is not None:
            await self._http.aclose()
        self._server = self._http = None

    async def _tokenize(self, body: Mapping[str, Any]) -> object:
        import httpx2  # noqa: PLC0415

        try:
            return (await self._http.post("/tokenize", json=body)).json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ModelError(
                "embedded engine's tokeniser: {error}", error=error, retryable=True
            ) from error
