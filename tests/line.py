"""A straight line made of fakes, for the tests that ask it."""

from __future__ import annotations

from examples import SCALE, make_index

from recagent.fakes import HashEmbedder, MemoryStore
from recagent.ranking import LanguageRanker
from recagent.recommender import Options, Parts, StraightLine
from recagent.retrieval import (
    Lexical,
    Neighbours,
    Popularity,
    Snapshot,
    TextSimilarity,
    Transfer,
)
from recagent.types import Scene

SCENES = {
    "books": Scene(name="books", labels={"en": "Books", "zh": "图书"}),
    "films": Scene(name="films", labels={"en": "Films", "zh": "电影"}),
}


async def make_line(
    items, events=(), *, users=(), model=None, mode="auto", embedder=None, **options
):
    """The line, and the parts that it is made of; everybody's events have been read already."""
    store, index = MemoryStore(), await make_index(items)
    embedder = embedder or HashEmbedder()
    await store.add_events(events)
    await store.add_users(users)
    behaviour = Snapshot(store, scale=SCALE)
    await behaviour()
    parts = Parts(
        store=store,
        index=index,
        embedder=embedder,
        behaviour=behaviour,
        sources=(
            Neighbours(index, behaviour),
            Popularity(index, behaviour),
            TextSimilarity(index, embedder),
            Transfer(index),
            Lexical(index),
        ),
        ranker=LanguageRanker(model, mode=mode, attempts=2) if model else None,
        model=model,
        scenes=SCENES,
        scale=SCALE,
    )
    return StraightLine(parts, Options(**options)), parts
