"""Baselines that every prompt must beat: candidate sources made from training events alone.

Most are the product's own sources; matrix factorisation is in ``factors``. No figure in them was
chosen on the people that are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from recagent.config.service_sections import RetrievalSettings
from recagent.domain import Event, RatingScale
from recagent.errors import ConfigError
from recagent.evaluation.factor_baselines import FactorBaseline
from recagent.offline.order import stable_hash
from recagent.ports import CandidateSource, Embedder, ItemIndex, Query
from recagent.retrieval import (
    BM25,
    Interactions,
    ItemKNN,
    Popularity,
    RandomWalk,
    Recent,
    SequentialRules,
    TextSimilarity,
    Transfer,
    reciprocal_rank,
)

BASELINES: Mapping[str, str] = {
    "random": "an order by chance, the same for the same person, scene and seed",
    "popularity": "how many people liked the item",
    "recent": "how many liked it in training's last 30 days, below that in all of it",
    "bm25": "words shared with the 20 newest liked items",
    "knn": "items liked by the people who liked what the person liked",
    "walks": "where walks from what the person liked end, over people and back three times",
    "following": "what people liked after what the person liked last",
    "text": "nearness to the person's taste in the scene, in the embedder's space",
    "transfer": "nearness to the person's taste in the other scenes",
    "als": "matrix factorisation of likes by alternating least squares",
    "bpr": "matrix factorisation of likes by Bayesian personalised ranking",
    "fused": "reciprocal rank fusion of popularity, bm25, knn, text and transfer",
}

# Fitted on training events by ``training``, which imports this package: the caller hands them in.
SERVED: Mapping[str, str] = {
    "served": "what would be served: fitted on training, with the scene's rules and diversity",
    "head": "the order of the same before rules and diversity",
}

CACHED_QUERIES = 64  # more than are ever under way at once


def baselines(
    names: Sequence[str],
    *,
    index: ItemIndex,
    embedder: Embedder,
    training: Sequence[Event],
    scale: RatingScale,
    seed: int,
    weights: Mapping[str, float] | None = None,
) -> dict[str, CandidateSource]:
    """Returns baselines by name; they count or fit at their first question.

    Args:
        names: of ``BASELINES``.
        index: of the items; the sources read titles and vectors from it.
        embedder: that the index was made with.
        training: events that may be learnt from, in order of time.
        scale: of their ratings.
        seed: of ``random``, ``als`` and ``bpr``.
        weights: of the sources in ``fused``, by their names as sources; by default the settings'.

    Raises:
        ConfigError: there is none of a name, or its library is not installed.
    """

    @cache
    def counts() -> Interactions:
        return Interactions(training, scale=scale)

    async def behaviour() -> Interactions:
        return counts()

    fused = RetrievalSettings().weights if weights is None else weights
    cached = {
        "knn": CachedSource(ItemKNN(index, behaviour)),
        "popularity": CachedSource(Popularity(index, behaviour)),
        "text": CachedSource(TextSimilarity(index, embedder)),
        "transfer": CachedSource(Transfer(index)),
        "bm25": CachedSource(BM25(index)),
    }
    makers: Mapping[str, Callable[[], CandidateSource]] = {
        "random": lambda: RandomOrder(index, seed=seed),
        "recent": lambda: Recent(index, behaviour),
        "walks": lambda: RandomWalk(index, behaviour),
        "following": lambda: SequentialRules(index, behaviour),
        "als": lambda: FactorBaseline("als", index, training=training, scale=scale, seed=seed),
        "bpr": lambda: FactorBaseline("bpr", index, training=training, scale=scale, seed=seed),
        "fused": lambda: Fusion(tuple(cached.values()), weights=fused),
    }
    for name in names:
        if name not in BASELINES:
            raise ConfigError(
                "unknown baseline {baseline!r}; known baselines: {known}",
                baseline=name,
                known=", ".join(BASELINES),
            )
    return {name: cached[name] if name in cached else makers[name]() for name in names}


class CachedSource:
    """Caches a source by query: it is used alone and in the fusion."""

    def __init__(self, source: CandidateSource) -> None:
        self.name = source.name
        self._source = source
        self._proposals: dict[tuple[int, int], tuple[Query, Sequence[tuple[str, float]]]] = {}

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        key = (id(query), limit)  # the query is kept too, so that no other gets its id
        if key not in self._proposals:
            proposals = await self._source(query, limit=limit)
            if len(self._proposals) >= CACHED_QUERIES:
                self._proposals.pop(next(iter(self._proposals)))
            self._proposals[key] = (query, proposals)
        return self._proposals[key][1]


class RandomOrder:
    """Gives uniform scores in [0, 1) that depend on seed, person and scene alone."""

    name = "random"

    def __init__(self, index: ItemIndex, *, seed: int) -> None:
        self._index = index
        self._seed = seed

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        items = sorted(await self._index.items(query.scene.name))
        stream = stable_hash("chance", self._seed, query.profile.user.id, query.scene.name)
        scores: list[float] = np.random.default_rng(stream).random(len(items)).tolist()
        return _best(dict(zip(items, scores, strict=True)), query, limit)


class Fusion:
    """Fuses sources as the product does; each proposes up to the limit."""

    name = "fused"

    def __init__(self, sources: Sequence[CandidateSource], *, weights: Mapping[str, float]) -> None:
        self._sources = sources
        self._weights = weights

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        proposals = {source.name: await source(query, limit=limit) for source in self._sources}
        return list(reciprocal_rank(proposals, weights=self._weights).items())[:limit]


def _best(scores: Mapping[str, float], query: Query, limit: int) -> list[tuple[str, float]]:
    allowed = [pair for pair in scores.items() if pair[0] not in query.exclude]
    return sorted(allowed, key=lambda pair: -pair[1])[:limit]
