"""Settings to a recommender: the only module that knows which adapter stands behind which seam."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from recagent.adapters.chroma import ChromaIndex, Folder, Server, fingerprint
from recagent.adapters.embedders import EndpointEmbedder, FastEmbedEmbedder, WordLlamaEmbedder
from recagent.adapters.http import HttpWire, Wire
from recagent.adapters.llama_cpp import LlamaCppWire
from recagent.adapters.openai_compatible import Engine
from recagent.adapters.replies import SqliteReplies
from recagent.adapters.sql import SqlEventStore
from recagent.adapters.weights import find as find_weights
from recagent.adapters.weights import pull as pull_weights
from recagent.errors import ConfigError
from recagent.protocols import ChatModel, Embedder, ReplyCache
from recagent.ranking import LanguageRanker, Window
from recagent.recommender import Options, Parts
from recagent.retrieval import (
    Lexical,
    Neighbours,
    Popularity,
    Snapshot,
    TextSimilarity,
    Transfer,
)
from recagent.settings import Settings

__all__ = [
    "embedder",
    "event_store",
    "find_weights",
    "fingerprint",
    "index",
    "model",
    "options",
    "parts",
    "pull_weights",
    "reply_cache",
]


def parts(settings: Settings) -> Parts:
    """The parts that the settings describe; models and indexes load at first use."""
    names = [each.name for each in (Neighbours, Popularity, TextSimilarity, Transfer, Lexical)]
    unknown = settings.retrieval.weights.keys() - set(names)
    if unknown:
        raise ConfigError(
            f"[retrieval] weights: unknown source {min(unknown)!r}; there are {', '.join(names)}"
        )
    scale = settings.ratings.scale()
    vectors, items, chat = embedder(settings), index(settings), model(settings)
    window = Window()
    ranker = (
        LanguageRanker(
            chat,
            mode=settings.model.mode,
            lang=settings.lang,
            attempts=settings.model.attempts,
            window=window,
        )
        if chat
        else None
    )
    store = event_store(settings)  # the last: it is open from here on, and nothing fails after it
    behaviour = Snapshot(store, scale=scale)
    sources = (
        Neighbours(items, behaviour),
        Popularity(items, behaviour),
        TextSimilarity(items, vectors),
        Transfer(items),
        Lexical(items),
    )
    return Parts(
        store=store,
        index=items,
        embedder=vectors,
        behaviour=behaviour,
        sources=sources,
        ranker=ranker,
        model=chat,
        scenes=settings.declared_scenes(),
        scale=scale,
        window=window,
    )


def options(settings: Settings) -> Options:
    """The line's numbers, from ``[rank]`` and ``[retrieval]``."""
    rank, retrieval = settings.rank, settings.retrieval
    return Options(
        pool=rank.pool,
        limit=retrieval.limit,
        source_weights=retrieval.weights,
        language_weight=rank.language_weight,
        temperature=rank.temperature,
        diversity=rank.diversity,
        deadline=rank.deadline,
        half_life=timedelta(days=retrieval.half_life_days),
        attempts=settings.model.attempts,
        lang=settings.lang,
    )


def event_store(settings: Settings) -> SqlEventStore:
    """The store of people and events; creates its file and tables if they are not there."""
    return SqlEventStore(settings.store_url or f"sqlite:///{settings.data_dir / 'store.db'}")


def index(settings: Settings) -> ChromaIndex:
    """The index, bound to the settings' embedder; it opens its folder or server at first use."""
    made_by, url = embedder(settings), settings.index.url
    home = Server(url) if url else Folder(settings.data_dir / "chroma")
    return ChromaIndex(home, embedder=made_by.name, version=made_by.version)


def reply_cache(path: Path) -> ReplyCache:
    """The cache of models' replies in a file, which is made if it is not there."""
    return SqliteReplies(path)


def embedder(settings: Settings) -> Embedder:
    """The embedder that ``[embedder]`` names."""
    kind, name = settings.embedder.kind, settings.embedder.name
    if kind == "endpoint":
        url = settings.model.base_url or settings.openai_base_url
        return EndpointEmbedder(name=name, base_url=url, api_key=settings.api_key)
    return FastEmbedEmbedder(name=name) if kind == "fastembed" else WordLlamaEmbedder()


def model(settings: Settings) -> ChatModel | None:
    """The language model that ``[model]`` names; None for ``kind = "none"``."""
    wanted = settings.model
    if wanted.kind == "none":
        return None
    if wanted.kind == "endpoint" and not settings.endpoint:
        raise ConfigError("[model] kind = 'endpoint' needs base_url, or OPENAI_BASE_URL")
    wire: Wire
    if settings.endpoint:
        wire = HttpWire(
            base_url=settings.endpoint,
            api_key=settings.api_key,
            name=wanted.name,
            concurrency=wanted.concurrency,
            timeout=settings.rank.deadline,
        )
    else:
        wire = LlamaCppWire(wanted.path or find_weights(), threads=wanted.threads)
    return Engine(wire)
