"""Retrieval: every source proposes, reciprocal rank fusion orders, and the best make the pool.

Seen items never enter the pool; ``ranking`` orders it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.domain import Candidate
from recagent.ports import CandidateSource, ItemIndex, Query
from recagent.retrieval.fusion import BY_GROUP, ByGroup, reciprocal_rank, weights_for
from recagent.retrieval.index_embedder import IndexEmbedder
from recagent.retrieval.indexing import IndexingResult, index_items
from recagent.retrieval.interactions import Interactions, InteractionSnapshot
from recagent.retrieval.query_matching import NO_MATCHES, Matches, SceneText, best_first
from recagent.retrieval.sequence_encoder import SequenceWeights, load_weights, save_weights
from recagent.retrieval.sources.bm25 import BM25, SceneBM25
from recagent.retrieval.sources.factors import Factors, FactorVectors
from recagent.retrieval.sources.item_knn import ItemKNN
from recagent.retrieval.sources.popularity import Popularity, Recent
from recagent.retrieval.sources.random_walk import RandomWalk
from recagent.retrieval.sources.sequence_model import SequenceModel
from recagent.retrieval.sources.sequential_rules import SequentialRules
from recagent.retrieval.sources.text import TextSimilarity, Transfer, can_embed, nearest_in_meaning
from recagent.retrieval.top_k import SceneCache

__all__ = [
    "BM25",
    "BY_GROUP",
    "NO_MATCHES",
    "ByGroup",
    "FactorVectors",
    "Factors",
    "IndexEmbedder",
    "IndexingResult",
    "InteractionSnapshot",
    "Interactions",
    "ItemKNN",
    "Matches",
    "Popularity",
    "RandomWalk",
    "Recent",
    "SceneBM25",
    "SceneCache",
    "SceneText",
    "SequenceModel",
    "SequenceWeights",
    "SequentialRules",
    "TextSimilarity",
    "Transfer",
    "best_first",
    "can_embed",
    "index_items",
    "load_weights",
    "nearest_in_meaning",
    "reciprocal_rank",
    "retrieve",
    "save_weights",
    "weights_for",
]


async def retrieve(
    query: Query,
    *,
    sources: Sequence[CandidateSource],
    index: ItemIndex,
    weights: Mapping[str, float],
    limit: int,
    pool: int,
) -> list[Candidate]:
    """Returns up to ``pool`` candidates, best first, with a feature for each proposing source.

    Args:
        query: who, where, what must not come.
        sources: asked in this order, ``limit`` proposals each.
        index: turns ids into items.
        weights: of the sources in the fusion, 1 where not given.
        limit: proposals per source.
        pool: size of the pool.
    """
    proposals = {source.name: await source(query, limit=limit) for source in sources}
    fused = reciprocal_rank(proposals, weights=weights)
    items = await index.items(query.scene.name)
    scores = {name: dict(proposed) for name, proposed in proposals.items()}
    return [
        Candidate(
            item=items[item_id],
            features={
                "fused": score,
                **{name: by_id[item_id] for name, by_id in scores.items() if item_id in by_id},
            },
        )
        for item_id, score in list(fused.items())[:pool]
        if item_id in items  # the index may have changed since a source proposed it
    ]
