"""An embeddings endpoint in OpenAI's shape: several requests at once, retried, on kept connections.

A request that is too large for the server is halved, and a text that is too long for the model is
cut; how a reply is read is known to ``vectors_of``.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np

from recagent.errors import ModelError
from recagent.infrastructure.embeddings.reply import VectorsError, vectors_of
from recagent.infrastructure.embeddings.unit_rows import unit_rows
from recagent.llm.refusals import RefusedError
from recagent.llm.retry import RetryBudget, RetryWindow, call, call_all
from recagent.llm.transport import Wire
from recagent.ports import TextRole

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

logger = logging.getLogger(__name__)

_PATH = "/v1/embeddings"
_PATIENT = 8  # attempts of a request where nobody waits for the answer
_SHORT = 200  # characters below which no text is too long
_TRIED = "a"  # shows how many numbers a vector has

# How servers say that a request has too many texts, or a text too many tokens.
_TOO_MUCH = re.compile(
    r"batch|too (many|large|long)|maxim|max allowed|at most|exceed|larger than|less than \d+ tok|"
    r"context",
    re.IGNORECASE,
)
_ABOUT_SIZE = (400, 413, 422, 500)  # llama.cpp says so with 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequests:
    """How an endpoint is asked.

    Attributes:
        dimensions: numbers of a vector, of a model that can shorten its own; 0 for all of them.
        parameters: further fields of a request, by the role of its texts.
        batch: most texts of one request.
        attempts: retry budget of one request, where somebody waits.
    """

    dimensions: int = 0
    parameters: Mapping[TextRole, Mapping[str, Any]] = field(
        default_factory=dict[TextRole, Mapping[str, Any]]
    )
    batch: int = 64
    attempts: int = 3


class EndpointEmbedder:
    """An OpenAI-compatible ``/v1/embeddings``."""

    def __init__(self, wire: Wire, *, name: str, requests: EmbeddingRequests) -> None:
        """The model ``name`` behind ``wire``, which is closed with the embedder."""
        self.name = name
        passage = requests.parameters.get("passage")
        self.version = "; ".join(
            [
                "1",
                *([f"{requests.dimensions} dimensions"] if requests.dimensions else []),
                *([f"passages with {dict(passage)}"] if passage else []),
            ]
        )
        self._wire = wire
        self._requests = requests
        self._window = RetryWindow()
        self._starting = anyio.Lock()
        self._started = False
        self._batch = requests.batch
        self._taken = 1  # most texts of a request that was answered
        self._width = 0  # numbers of a vector; 0 before the first answer
        self._cut = 0  # texts

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:
        """As ``Embedder.embed``; blank texts are not sent, since many servers refuse them.

        Raises:
            VectorsError: an answer that gives no vector of the usual length for every text.
        """
        rows = [row for row, text in enumerate(texts) if text.strip()]
        sent = [texts[row] for row in rows]
        cut = self._cut
        try:
            await self._start()
            if not sent and not self._width:
                await self._embed_some([_TRIED], role)
            size = self._batch
            batches = [sent[start : start + size] for start in range(0, len(sent), size)]
            blocks = await call_all([partial(self._embed_some, each, role) for each in batches])
        except VectorsError:
            raise
        except ModelError as error:
            raise ModelError(
                "embedder {name!r}: {error}",
                name=self.name,
                error=error.message,
                retryable=error.retryable,
                status=error.status,
            ) from error
        if self._cut > cut:
            logger.warning(
                "embedder %r read the beginning only of %d texts: they are longer than it takes",
                self.name, self._cut - cut,
            )  # fmt: skip
        vectors = np.zeros((len(texts), self._width), dtype=np.float32)
        if rows:
            vectors[rows] = np.concatenate(blocks)
        return unit_rows(vectors)

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                await self._wire.start()
                self._started = True

    async def _embed_some(self, texts: Sequence[str], role: TextRole) -> Matrix:
        """The vectors of the texts of one request, or of several where that is too large."""
        try:
            return await self._ask(texts, role)
        except RefusedError as error:
            if not _is_too_much(error) or (len(texts) == 1 and len(texts[0]) < _SHORT):
                raise
        if len(texts) == 1:
            self._cut += 1
            return await self._embed_beginning(texts[0], role)
        half = len(texts) // 2
        self._batch = min(self._batch, max(half, self._taken))
        return np.concatenate(
            [await self._embed_some(part, role) for part in (texts[:half], texts[half:])]
        )

    async def _embed_beginning(self, text: str, role: TextRole) -> Matrix:
        while True:
            text = text[: len(text) // 2]
            try:
                return await self._ask([text], role)
            except RefusedError as error:
                if not _is_too_much(error) or len(text) < _SHORT:
                    raise

    async def _ask(self, texts: Sequence[str], role: TextRole) -> Matrix:
        """One request, retried: longer where nobody waits for it, as in indexing."""
        nobody_waits = math.isinf(anyio.current_effective_deadline())
        budget = (
            RetryBudget(_PATIENT, window=RetryWindow())
            if nobody_waits
            else RetryBudget(self._requests.attempts, window=self._window)
        )
        return await call(partial(self._ask_once, texts, role), budget=budget)

    async def _ask_once(self, texts: Sequence[str], role: TextRole) -> Matrix:
        asked = self._requests
        body: dict[str, Any] = {"input": list(texts), **asked.parameters.get(role, {})}
        if asked.dimensions:
            body["dimensions"] = asked.dimensions
        try:
            reply = await self._wire.post(_PATH, body)
        except RefusedError as error:
            if _is_too_much(error):
                error.retryable = False
            raise
        vectors = vectors_of(reply, texts, model=self.name)
        self._check_width(vectors.shape[1])
        self._taken = max(self._taken, len(texts))
        return vectors

    def _check_width(self, width: int) -> None:
        wanted = self._requests.dimensions
        if wanted and width != wanted:
            raise VectorsError(
                "embedder {name!r} gave {width} numbers a text, and [embedder] dimensions asks "
                "for {wanted}; it cannot shorten its vectors: set dimensions = 0",
                name=self.name,
                width=width,
                wanted=wanted,
            )
        self._width = self._width or width
        if width != self._width:
            raise VectorsError(
                "embedder {name!r} gave {before} numbers a text and then {width}; the server "
                "changed its model: restart recagent and run 'recagent index'",
                name=self.name,
                before=self._width,
                width=width,
            )

    async def close(self) -> None:
        await self._wire.close()


def _is_too_much(error: RefusedError) -> bool:
    """Whether a server refuses the size of a request, or the length of a text."""
    if error.status == 413:
        return True
    about_dimensions = "dimension" in f"{error.says} {error.parameter}".lower()
    sized = error.status in _ABOUT_SIZE and _TOO_MUCH.search(error.says) is not None
    return sized and not about_dimensions
