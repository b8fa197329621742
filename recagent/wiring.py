"""Settings to a recommender: the only module that knows which adapter stands behind which seam."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from recagent.adapters.chroma import (
    ChromaIndex,
    ChromaVectors,
    Folder,
    Home,
    Server,
    fingerprint,
)
from recagent.adapters.embedders import EndpointEmbedder, FastEmbedEmbedder, WordLlamaEmbedder
from recagent.adapters.http import HttpWire, Wire
from recagent.adapters.llama_cpp import LlamaCppWire
from recagent.adapters.openai_compatible import Engine
from recagent.adapters.replies import SqliteReplies
from recagent.adapters.sql import SqlEventStore
from recagent.adapters.weights import find as find_weights
from recagent.adapters.weights import pull as pull_weights
from recagent.errors import ConfigError
from recagent.protocols import (
    CandidateSource,
    ChatModel,
    Embedder,
    ItemIndex,
    ItemVectors,
    ReplyCache,
)
from recagent.ranking import Head, LanguageRanker, Relay, Replies, Window
from recagent.recommender import Options, Parts
from recagent.retrieval import (
    Behaviour,
    Factors,
    Following,
    Lexical,
    Neighbours,
    Popularity,
    Recent,
    Snapshot,
    TextSimilarity,
    Transfer,
    Walks,
)
from recagent.sections import EngineSettings
from recagent.settings import Settings

__all__ = [
    "SOURCES",
    "embedder",
    "event_store",
    "find_weights",
    "fingerprint",
    "forget_replies",
    "head",
    "home",
    "identity",
    "index",
    "learned_vectors",
    "model",
    "models",
    "options",
    "parts",
    "parts_with",
    "pull_weights",
    "reply_cache",
    "save_head",
    "sources",
]

REPLIES = "replies.db"  # in the data folder
HEAD = "head.json"  # likewise
_HEAD = TypeAdapter(Head)
SOURCES = tuple(
    each.name
    for each in (
        Neighbours, Popularity, TextSimilarity, Transfer, Lexical,
        Recent, Walks, Following, Factors,
    )
)  # fmt: skip


def parts(settings: Settings) -> Parts:
    """The parts that the settings describe, with the head that was fitted if one was.

    Models and indexes load at first use.
    """
    return parts_with(settings, learned=head(settings))


def parts_with(settings: Settings, *, learned: Head | None) -> Parts:
    """The parts that the settings describe, with this head."""
    names = [*SOURCES]
    unknown = settings.retrieval.weights.keys() - set(names)
    if unknown:
        raise ConfigError(
            f"[retrieval] weights: unknown source {min(unknown)!r}; there are {', '.join(names)}"
        )
    scale = settings.ratings.scale()
    place = home(settings)
    vectors, items, asked = embedder(settings), index(settings, place), models(settings)
    window = Window()
    with ExitStack() as opened:  # closed again if what is opened after it fails
        kept = _kept(settings)
        if kept is not None:
            opened.callback(kept.close)
        store = event_store(settings)
        opened.pop_all()
    rankers = [
        LanguageRanker(
            chat,
            mode=engine.mode,
            lang=settings.lang,
            attempts=settings.model.attempts,
            window=window if at == 0 else None,
            replies=Replies(cache=kept, identity=cache(partial(identity, engine)))
            if kept
            else None,
        )
        for at, (engine, chat) in enumerate(zip(settings.engines, asked, strict=True))
    ]
    behaviour = Snapshot(store, scale=scale)
    factors = learned_vectors(place, learned.name) if learned else None
    proposing = {name for name in names if settings.retrieval.weights.get(name, 1.0) > 0}
    wanted = proposing | set(learned.scales if learned else ())
    return Parts(
        store=store,
        index=items,
        embedder=vectors,
        behaviour=behaviour,
        sources=[
            source
            for source in sources(items, vectors, behaviour, factors)
            if source.name in wanted
        ],
        ranker=Relay(rankers) if len(rankers) > 1 else next(iter(rankers), None),
        models=asked,
        scenes=settings.declared_scenes(),
        scale=scale,
        window=window,
        replies=kept,
        head=learned,
    )


def sources(
    index: ItemIndex,
    embedder: Embedder,
    behaviour: Callable[[], Awaitable[Behaviour]],
    factors: ItemVectors | None,
) -> tuple[CandidateSource, ...]:
    """All candidate sources there are, whether they are weighted or not."""
    return (
        *([Factors(factors)] if factors else []),
        Neighbours(index, behaviour),
        Popularity(index, behaviour),
        TextSimilarity(index, embedder),
        Transfer(index),
        Lexical(index),
        Recent(index, behaviour),
        Walks(index, behaviour),
        Following(index, behaviour),
    )


def head(settings: Settings) -> Head | None:
    """The head that was fitted for the settings' data folder; None before any was.

    Raises:
        ConfigError: its file is broken, or it needs a source that there is not.
    """
    path = settings.data_dir / HEAD
    if not path.is_file():
        return None
    again = "run 'recagent fit' again, or delete the file"
    try:
        found = _HEAD.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{str(path)!r} is no head that this version reads; {again}") from error
    missing = [name for name in found.scales if name not in SOURCES]
    if missing:
        raise ConfigError(f"{str(path)!r} needs a source {missing[0]!r} that is not there; {again}")
    return found


def save_head(settings: Settings, learned: Head) -> Path:
    """Put a head where ``head`` finds it, in one step; where that is."""
    path = settings.data_dir / HEAD
    written = path.with_suffix(".new")
    written.write_bytes(_HEAD.dump_json(learned, indent=1))
    return written.replace(path)


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


def index(settings: Settings, place: Home | None = None) -> ChromaIndex:
    """The index, bound to the settings' embedder; it opens its folder or server at first use."""
    made_by = embedder(settings)
    place = place or home(settings)
    return ChromaIndex(place, embedder=made_by.name, version=made_by.version)


def home(settings: Settings) -> Home:
    """Where the settings' Chroma database is; nothing is opened."""
    url = settings.index.url
    return Server(url) if url else Folder(settings.data_dir / "chroma")


def learned_vectors(place: Home, version: str) -> ChromaVectors:
    """The factors that were learned with the head of this name; the index closes their place."""
    return ChromaVectors(place, name="factors", version=version)


def reply_cache(path: Path) -> ReplyCache:
    """The cache of models' replies in a file, which is made if it is not there."""
    return SqliteReplies(path)


def forget_replies(settings: Settings) -> int:
    """Forget the replies that slates kept; how many there were."""
    path = settings.data_dir / REPLIES
    if not path.is_file():
        return 0
    replies = SqliteReplies(path)
    try:
        return replies.clear()
    finally:
        replies.close()


def _kept(settings: Settings) -> ReplyCache | None:
    if not settings.model.keep_hours or not settings.engines:
        return None
    return SqliteReplies(settings.data_dir / REPLIES, keep=3600 * settings.model.keep_hours)


def embedder(settings: Settings) -> Embedder:
    """The embedder that ``[embedder]`` names."""
    kind, name = settings.embedder.kind, settings.embedder.name
    if kind == "endpoint":
        url = settings.model.base_url or settings.openai_base_url
        return EndpointEmbedder(name=name, base_url=url, api_key=settings.api_key)
    return FastEmbedEmbedder(name=name) if kind == "fastembed" else WordLlamaEmbedder()


def model(settings: Settings) -> ChatModel | None:
    """The first language model that ``[model]`` names; None for ``kind = "none"``."""
    return next(iter(models(settings)), None)


def models(settings: Settings) -> tuple[ChatModel, ...]:
    """The language models that ``[model]`` names, in the order in which they are asked."""
    return tuple(Engine(_wire(engine, settings.rank.deadline)) for engine in settings.engines)


def identity(engine: EngineSettings, name: str) -> str:
    """All that the replies of the model ``name`` depend on besides the request.

    A server does not tell which weights it serves under a name.
    """
    if engine.is_remote:
        server = urlsplit(engine.base_url)
        return f"{name} at {server.hostname}:{server.port or ''}{server.path}"
    weights = engine.path or find_weights()
    digest = "no weights"
    if weights is not None and weights.is_file():
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "blake2b").hexdigest()[:16]
    try:
        runs = version("xllamacpp")
    except PackageNotFoundError:
        runs = "none"
    return f"{weights.stem if weights else ''}#{digest} xllamacpp {runs}"


def _wire(engine: EngineSettings, timeout: float) -> Wire:
    if not engine.is_remote:
        return LlamaCppWire(engine.path or find_weights(), threads=engine.threads)
    if not engine.base_url:
        raise ConfigError("[model] kind = 'endpoint' needs base_url, or OPENAI_BASE_URL")
    return HttpWire(
        base_url=engine.base_url,
        api_key=engine.api_key.get_secret_value(),
        name=engine.name,
        concurrency=engine.concurrency,
        timeout=timeout,
        cache_salt=engine.cache_salt.get_secret_value(),
    )
