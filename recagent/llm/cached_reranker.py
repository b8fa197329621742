"""A reranker whose scores are kept: the same query and texts are not sent again.

A language model's replies are kept by ``cached_model``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial

import orjson
from anyio import to_thread
from pydantic import TypeAdapter

from recagent.domain import Usage
from recagent.errors import DataError
from recagent.llm.cached_model import ResponseCache, request_key
from recagent.llm.rerank_endpoint import Relevance, RerankEndpoint

logger = logging.getLogger(__name__)

_SCORES = TypeAdapter(tuple[float, ...])


class CachedReranker:
    """Asks a reranker for one request of a person; kept scores have no tokens.

    Attributes:
        hits: questions whose scores were kept.
    """

    def __init__(self, endpoint: RerankEndpoint, replies: ResponseCache) -> None:
        self._endpoint = endpoint
        self._replies = replies
        self.hits = 0

    async def relevance(self, query: str, texts: Sequence[str]) -> Relevance:
        """Relevance of the texts, in their order; raises as ``RerankEndpoint.relevance``."""
        await self._endpoint.start()  # its name is a part of the key
        kind = f"{self._replies.identity(self._endpoint.name)} rerank"
        key = request_key([kind, query, list(texts)])
        try:
            row = await to_thread.run_sync(self._replies.cache.get, key)
        except DataError as error:
            logger.warning("the reranker is asked anew: %s", error)
            row = None
        if row is not None:
            self.hits += 1
            return Relevance(scores=_SCORES.validate_json(row[0]), usage=Usage())
        began = time.perf_counter()
        found = await self._endpoint.relevance(query, texts)
        put = partial(
            self._replies.cache.put,
            key,
            orjson.dumps(found.scores),
            kind=kind,
            tokens=found.usage.prompt,
            seconds=time.perf_counter() - began,
        )
        try:
            await to_thread.run_sync(put)
        except DataError as error:
            logger.warning("scores are not kept: %s", error)
        return found
