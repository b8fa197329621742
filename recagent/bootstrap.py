"""Settings to a recommender: the only module that knows which adapter stands behind which seam."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from recagent.array_cache import ArrayCache
from recagent.config.service_sections import UNMEASURED_WEIGHT, EngineSettings, RetrievalSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.errors import ConfigError
from recagent.infrastructure.embeddings import (
    EndpointEmbedder,
    FastEmbedEmbedder,
    WordLlamaEmbedder,
)
from recagent.infrastructure.storage import SqlEventStore
from recagent.infrastructure.vectors import (
    ChromaConnection,
    ChromaFolder,
    ChromaIndex,
    ChromaServer,
    ChromaVectors,
    fingerprint,
)
from recagent.llm.address import Access
from recagent.llm.cached_model import ResponseCache
from recagent.llm.client import Engine
from recagent.llm.embedded import LlamaCppWire
from recagent.llm.failover import FailoverRanker
from recagent.llm.response_cache import BRIEFLY, SqliteReplyCache
from recagent.llm.retry import RetryWindow
from recagent.llm.transport import HttpWire, Wire
from recagent.llm.weights import find as find_weights
from recagent.llm.weights import pull as pull_weights
from recagent.llm.weights import shipped_adapter
from recagent.pipeline import Options, Parts, artifacts
from recagent.ports import CandidateSource, ChatModel, Embedder, ItemIndex, ReplyCache
from recagent.ranking import Head, ModelRanker
from recagent.ranking.preference import Preferences
from recagent.retrieval import (
    BM25,
    BY_GROUP,
    ByGroup,
    Factors,
    Interactions,
    InteractionSnapshot,
    ItemKNN,
    Popularity,
    RandomWalk,
    Recent,
    SceneBM25,
    SequenceModel,
    SequentialRules,
    TextSimilarity,
    Transfer,
    load_weights,
)
from recagent.retrieval.sources.model_proposals import SOURCE as IMAGINED
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.scenes.classifier import SceneClassifier

__all__ = [
    "SOURCES",
    "access",
    "adapter",
    "embedder",
    "event_store",
    "find_weights",
    "fingerprint",
    "forget_replies",
    "head",
    "home",
    "identity",
    "index",
    "is_index_taken",
    "kept_files",
    "language_weight",
    "learned_vectors",
    "model",
    "models",
    "options",
    "parts",
    "parts_with",
    "pull_weights",
    "reply_cache",
    "sources",
]

REPLIES = "replies.db"  # in the data folder
_DEMO = Path(__file__).parent / "demo"  # the bundled films
SOURCES = tuple(
    each.name
    for each in (
        ItemKNN, Popularity, TextSimilarity, Transfer, BM25, SceneBM25,
        Recent, RandomWalk, SequentialRules, Factors, SequenceModel,
    )
)  # fmt: skip


def parts(settings: Settings) -> Parts:
    """The parts that the settings describe, with what was fitted, if anything was.

    Models and indexes load at first use.
    """
    learned = parts_with(settings, learned=head(settings))
    return replace(learned, identifier=identifier(settings))


def parts_with(settings: Settings, *, learned: Head | None) -> Parts:
    """The parts that the settings describe, with this head."""
    names = [*SOURCES]
    unknown = settings.retrieval.weights.keys() - set(names)
    if unknown:
        raise ConfigError(
            "[retrieval] weights: unknown source {source!r}; known sources: {known}",
            source=min(unknown),
            known=", ".join(names),
        )
    weight = settings.retrieval.imagined
    if weight > 0 and not settings.engines:
        raise ConfigError(
            "[retrieval] imagined = {weight:g} needs a language model; set [model], or set "
            "imagined = 0",
            weight=weight,
        )
    declared = settings.ratings.scale()
    place = home(settings)
    vectors, items, asked = embedder(settings), index(settings, place), models(settings)
    window, preferences = RetryWindow(), Preferences()
    with ExitStack() as opened:  # closed again if what is opened after it fails
        kept = _kept(settings)
        if kept is not None:
            opened.callback(kept.close)
        store = event_store(settings)
        opened.pop_all()
    scale = declared or store.scale or RatingScale()
    replies = [
        ResponseCache(cache=kept, identity=cache(partial(identity, settings, engine)))
        if kept
        else None
        for engine in settings.engines
    ]
    rankers = [
        ModelRanker(
            chat,
            mode=engine.mode,
            lang=settings.lang,
            attempts=settings.model.attempts,
            window=window if at == 0 else None,
            replies=replies[at],
            preferences=preferences,
            prompt_tokens=engine.prompt_tokens if engine.is_remote else 0,
            scale=scale,
        )
        for at, (engine, chat) in enumerate(zip(settings.engines, asked, strict=True))
    ]
    array_cache = kept_files(settings)
    behaviour = InteractionSnapshot(store, scale=scale, kept=array_cache)
    own = [settings.retrieval.weights, *group_weights(settings).values()]
    proposing = {
        name for name in names
        if own[0].get(name, 1.0) > 0 or any(each.get(name, 0.0) > 0 for each in own[1:])
    }  # fmt: skip
    wanted = proposing | set(learned.scales if learned else ())
    return Parts(
        store=store,
        index=items,
        embedder=vectors,
        behaviour=behaviour,
        sources=[
            source
            for source in (
                *sources(items, vectors, behaviour, kept=array_cache),
                *_learned(settings, place, learned),
            )
            if source.name in wanted
        ],
        ranker=FailoverRanker(rankers) if len(rankers) > 1 else next(iter(rankers), None),
        models=asked,
        scenes=settings.declared_scenes(),
        scale=scale,
        window=window,
        replies=kept,
        preferences=preferences,
        head=learned,
        silent=frozenset(
            name for name, declared in settings.attributes.items() if not declared.reason
        ),
        imaginer=ModelProposer(
            asked[0],
            lang=settings.lang,
            attempts=settings.model.attempts,
            window=window,
            replies=replies[0],
        )
        if weight > 0
        else None,
    )


def sources(
    index: ItemIndex,
    embedder: Embedder,
    behaviour: Callable[[], Awaitable[Interactions]],
    *,
    kept: ArrayCache | None = None,
) -> tuple[CandidateSource, ...]:
    """All candidate sources that need no fit, whether they are weighted or not."""
    lexical = BM25(index, kept=kept)
    return (
        ItemKNN(index, behaviour),
        Popularity(index, behaviour),
        TextSimilarity(index, embedder),
        Transfer(index),
        lexical,
        SceneBM25(lexical),
        Recent(index, behaviour),
        RandomWalk(index, behaviour),
        SequentialRules(index, behaviour),
    )


def _learned(
    settings: Settings, place: ChromaConnection, learned: Head | None
) -> list[CandidateSource]:
    """The sources that were learned with a head."""
    if learned is None:
        return []
    found: list[CandidateSource] = [
        Factors(learned_vectors(settings, place, source=Factors.name, version=learned.name))
    ]
    if SequenceModel.name in learned.scales:
        weights = artifacts.weights_file(settings.data_dir, learned.name)
        vectors = learned_vectors(settings, place, source=SequenceModel.name, version=learned.name)
        found.append(SequenceModel(vectors, partial(load_weights, weights)))
    return found


def head(settings: Settings) -> Head | None:
    """The head that was fitted for the settings' data folder; None before any was.

    Raises:
        ConfigError: as ``pipeline.artifacts.load``.
    """
    return artifacts.load(settings.data_dir, sources=SOURCES)


def identifier(settings: Settings) -> SceneClassifier | None:
    """What tells the scene of who names none, as it was fitted; None before that.

    Raises:
        ConfigError: as ``pipeline.artifacts.load_identifier``.
    """
    return artifacts.load_identifier(settings.data_dir)


def options(settings: Settings) -> Options:
    """The line's numbers, from ``[rank]`` and ``[retrieval]``."""
    rank, retrieval = settings.rank, settings.retrieval
    return Options(
        pool=rank.pool,
        limit=retrieval.limit,
        source_weights={**retrieval.weights, IMAGINED: retrieval.imagined},
        group_weights=group_weights(settings),
        language_weight=language_weight(settings),
        temperature=rank.temperature,
        feedback=rank.feedback,
        diversity=rank.diversity,
        deadline=rank.deadline,
        half_life=timedelta(days=retrieval.half_life_days),
        attempts=settings.model.attempts,
        lang=settings.lang,
    )


def group_weights(settings: Settings) -> ByGroup:
    """The sources' weights by group of people, but for those that the settings change."""
    given, usual = settings.retrieval.weights, RetrievalSettings().weights
    changed = {name for name in SOURCES if given.get(name, 1.0) != usual.get(name, 1.0)}
    return {
        group: {name: weight for name, weight in own.items() if name not in changed}
        for group, own in BY_GROUP.items()
    }


def language_weight(settings: Settings) -> float:
    """What the model weighs before a head is fitted, 0 to 1."""
    if settings.rank.language_weight != "auto":
        return settings.rank.language_weight
    first = next(iter(settings.engines), None)
    return UNMEASURED_WEIGHT if first is not None and first.is_remote else 0.0


def event_store(settings: Settings) -> SqlEventStore:
    """The store of people and events; creates its file and tables if they are not there."""
    return SqlEventStore(settings.store_url or f"sqlite:///{settings.data_dir / 'store.db'}")


def index(settings: Settings, place: ChromaConnection | None = None) -> ChromaIndex:
    """The index, bound to the settings' embedder; it opens its folder or server at first use."""
    made_by = embedder(settings)
    place = place or home(settings)
    return ChromaIndex(
        place, embedder=made_by.name, version=made_by.version, kept=kept_files(settings)
    )


def kept_files(settings: Settings) -> ArrayCache:
    """Where what takes long to make is kept for the next process; it may be deleted."""
    return ArrayCache(settings.data_dir / "kept")


def home(settings: Settings) -> ChromaConnection:
    """Where the settings' Chroma database is; nothing is opened."""
    url = settings.index.url
    return ChromaServer(url) if url else ChromaFolder(settings.data_dir / "chroma")


def is_index_taken(settings: Settings) -> bool:
    """Whether another process has the settings' index folder open; never true of a server."""
    place = home(settings)
    return isinstance(place, ChromaFolder) and place.is_taken()


def learned_vectors(
    settings: Settings, place: ChromaConnection, *, source: str, version: str
) -> ChromaVectors:
    """A source's vectors, learned with the head of this name; the index closes their place."""
    return ChromaVectors(place, name=source, version=version, kept=kept_files(settings))


def reply_cache(path: Path) -> ReplyCache:
    """The cache of models' replies in a file, which is made if it is not there."""
    return SqliteReplyCache(path)


def forget_replies(settings: Settings) -> int:
    """Forget the replies that slates kept; how many there were."""
    path = settings.data_dir / REPLIES
    if not path.is_file():
        return 0
    replies = SqliteReplyCache(path)
    try:
        return replies.clear()
    finally:
        replies.close()


def _kept(settings: Settings) -> ReplyCache | None:
    if not settings.model.keep_hours or not settings.engines:
        return None
    keep = 3600 * settings.model.keep_hours
    return SqliteReplyCache(settings.data_dir / REPLIES, keep=keep, busy=BRIEFLY)


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
    return tuple(Engine(_wire(settings, engine)) for engine in settings.engines)


def adapter(settings: Settings, engine: EngineSettings) -> Path | None:
    """The LoRA adapter that an embedded engine gets, as ``[model] adapter`` says.

    The package's own was tuned on the bundled films, and is for them alone.
    """
    if engine.is_remote or engine.adapter == "none":
        return None
    if engine.adapter != "auto":
        return engine.adapter
    own = settings.data_dir / artifacts.ADAPTER
    if own.is_file():
        return own
    is_demo = any(file.path.parent == _DEMO for file in settings.catalog.items)
    return shipped_adapter(engine.path or find_weights()) if is_demo else None


def identity(settings: Settings, engine: EngineSettings, name: str) -> str:
    """All that the replies of the model ``name`` depend on besides the request.

    A server does not tell which weights it serves under a name.
    """
    if engine.is_remote:
        server = urlsplit(engine.base_url)
        return f"{name} at {server.hostname}:{server.port or ''}{server.path}"
    weights, tuned = engine.path or find_weights(), adapter(settings, engine)
    digests = "+".join(_digest(path) for path in (weights, tuned) if path and path.is_file())
    try:
        runs = version("xllamacpp")
    except PackageNotFoundError:
        runs = "none"
    return f"{weights.stem if weights else ''}#{digests or 'no weights'} xllamacpp {runs}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


def _wire(settings: Settings, engine: EngineSettings) -> Wire:
    if not engine.is_remote:
        return LlamaCppWire(
            engine.path or find_weights(),
            adapter=adapter(settings, engine),
            threads=engine.threads,
        )
    if not engine.base_url:
        raise ConfigError("[model] kind = 'endpoint' needs base_url or OPENAI_BASE_URL")
    return HttpWire(
        base_url=engine.base_url,
        api_key=engine.api_key.get_secret_value(),
        name=engine.name,
        concurrency=engine.concurrency,
        timeout=settings.rank.deadline,
        access=access(engine),
    )


def access(engine: EngineSettings) -> Access:
    """Headers, proxy and the like of a model's endpoint."""
    return Access(
        headers=engine.headers,
        api_version=engine.api_version,
        proxy=engine.proxy.get_secret_value(),
        ca_file=engine.ca_file,
        cache_salt=engine.cache_salt.get_secret_value(),
    )
