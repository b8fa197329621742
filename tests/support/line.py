"""A straight line made of fakes, for the tests that ask it."""

from __future__ import annotations

from examples import SCALE, make_index

from recagent.domain import Scene
from recagent.llm.failover import FailoverRanker
from recagent.pipeline import Components, Options, Pipeline
from recagent.ranking import ModelRanker
from recagent.retrieval import (
    BM25,
    InteractionSnapshot,
    ItemKNN,
    Popularity,
    TextSimilarity,
    Transfer,
)
from recagent.testing import HashEmbedder, MemoryStore

SCENES = {
    "books": Scene(name="books", labels={"en": "Books", "zh": "图书"}),
    "films": Scene(name="films", labels={"en": "Films", "zh": "电影"}),
}


async def make_line(
    items, events=(), *, users=(), model=None, then=(), mode="auto", embedder=None, **options
):
    """The line, and the parts that it is made of; everybody's events have been read already."""
    models = (model, *then) if model else ()
    rankers = [ModelRanker(each, mode=mode, attempts=2) for each in models]
    store, index = MemoryStore(), await make_index(items)
    embedder = embedder or HashEmbedder()
    await store.add_events(events)
    await store.add_users(users)
    behaviour = InteractionSnapshot(store, scale=SCALE)
    await behaviour()
    parts = Components(
        store=store,
        index=index,
        embedder=embedder,
        behaviour=behaviour,
        sources=(
            ItemKNN(index, behaviour),
            Popularity(index, behaviour),
            TextSimilarity(index, embedder),
            Transfer(index),
            BM25(index),
        ),
        ranker=FailoverRanker(rankers) if then else next(iter(rankers), None),
        models=models,
        scenes=SCENES,
        scale=SCALE,
    )
    return Pipeline(parts, Options(**options)), parts
