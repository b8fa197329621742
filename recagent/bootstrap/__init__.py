"""Settings to a recommender: the only package that knows which adapter stands behind which port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial

from recagent.array_cache import ArrayCache
from recagent.bootstrap.language_models import (
    access,
    adapter,
    engine_key,
    forget_findings,
    forget_replies,
    identity,
    is_first_model,
    is_unmeasured,
    kept_replies,
    model,
    models,
    proposal_record,
    reply_cache,
    reranker,
    shown_address,
    worth,
)
from recagent.bootstrap.pipeline_options import (
    group_weights,
    has_say,
    language_weight,
    options,
)
from recagent.bootstrap.prices import token_prices
from recagent.bootstrap.rankers import build_rankers
from recagent.bootstrap.storage import (
    embedder,
    event_store,
    home,
    index,
    is_index_taken,
    kept_files,
    learned_vectors,
    store_url,
)
from recagent.config.service_sections import RetrievalSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.errors import ConfigError
from recagent.infrastructure.vectors import ChromaConnection, fingerprint
from recagent.llm.batch_files import BatchModel
from recagent.llm.cached_model import ResponseCache
from recagent.llm.failover import FailoverRanker
from recagent.llm.retry import RetryWindow
from recagent.llm.weights import find as find_weights
from recagent.llm.weights import pull as pull_weights
from recagent.pipeline import Components, artifacts
from recagent.ports import CandidateSource, Embedder, ItemIndex
from recagent.ranking import Head, ModelRanker
from recagent.ranking.preference import Preferences
from recagent.ranking.prior import prior
from recagent.retrieval import (
    BM25,
    Factors,
    IndexEmbedder,
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
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.retrieval.sources.proposal_record import LEAST_BILLIONS, stated_billions
from recagent.scenes.classifier import SceneClassifier

__all__ = [
    "SOURCES",
    "ChromaConnection",
    "access",
    "adapter",
    "can_propose",
    "embedder",
    "engine_key",
    "event_store",
    "find_weights",
    "fingerprint",
    "forget_findings",
    "forget_replies",
    "has_say",
    "head",
    "home",
    "identity",
    "index",
    "is_index_taken",
    "is_unmeasured",
    "kept_files",
    "language_weight",
    "learned_vectors",
    "model",
    "models",
    "options",
    "parts",
    "parts_with",
    "prior_head",
    "pull_weights",
    "relearned",
    "reply_cache",
    "reranker",
    "shown_address",
    "sources",
    "store_url",
    "token_prices",
    "with_batch",
    "worth",
]

SOURCES = tuple(
    each.name
    for each in (
        ItemKNN, Popularity, TextSimilarity, Transfer, BM25, SceneBM25,
        Recent, RandomWalk, SequentialRules, Factors, SequenceModel,
    )
)  # fmt: skip


def parts(settings: Settings) -> Components:
    """The parts that the settings describe, with what was fitted, if anything was.

    Models and indexes load at first use.
    """
    learned = parts_with(settings, learned=head(settings))
    return replace(learned, identifier=identifier(settings))


def parts_with(settings: Settings, *, learned: Head | None) -> Components:
    """The parts that the settings describe, with this head."""
    declared = settings.ratings.scale()
    place = home(settings)
    items, chat_models = index(settings, place), models(settings)
    vectors = IndexEmbedder(embedder(settings), items)
    window, preferences = RetryWindow(), Preferences()
    with ExitStack() as opened:  # closed again if what is opened after it fails
        slate_reply_cache = kept_replies(settings)
        if slate_reply_cache is not None:
            opened.callback(slate_reply_cache.close)
        store = event_store(settings)
        opened.pop_all()
    scale = declared or store.scale or RatingScale()
    replies = [
        ResponseCache(cache=slate_reply_cache, identity=cache(partial(identity, settings, engine)))
        if slate_reply_cache
        else None
        for engine in settings.engines
    ]
    rankers, rerankers = build_rankers(
        settings, chat_models, window=window, replies=replies, preferences=preferences, scale=scale
    )
    behaviour = InteractionSnapshot(store, scale=scale, cache=kept_files(settings))
    return Components(
        store=store,
        index=items,
        embedder=vectors,
        behaviour=behaviour,
        sources=_read_sources(settings, items, vectors, behaviour, place=place, learned=learned),
        ranker=FailoverRanker(rankers) if len(rankers) > 1 else next(iter(rankers), None),
        models=chat_models,
        rerankers=rerankers,
        scenes=settings.declared_scenes(),
        scale=scale,
        window=window,
        replies=slate_reply_cache,
        preferences=preferences,
        head=learned,
        prior=prior_head(settings),
        worth=worth(settings),
        labels=settings.attribute_labels(),
        silent=frozenset(
            name for name, declared in settings.attributes.items() if not declared.reason
        ),
        proposer=ModelProposer(
            chat_models[0],
            index=items,
            embedder=vectors,
            lang=settings.lang,
            attempts=settings.model.attempts,
            window=window,
            replies=replies[0],
            scale=scale,
            scenes=settings.declared_scenes(),
            record=proposal_record(settings),
            always=settings.retrieval.proposals == "on",
        )
        if can_propose(settings)
        else None,
        reader=chat_models[0] if can_read(settings) else None,
        knowledge=settings.chat.knowledge,
    )


def relearned(parts: Components, settings: Settings, *, place: ChromaConnection) -> Components:
    """Returns parts with what was learned since, and with the behaviour of now.

    Store, index and models are the same; other parts of theirs are not touched, and serve on.
    """
    learned = head(settings)
    behaviour = InteractionSnapshot(parts.store, scale=parts.scale, cache=kept_files(settings))
    return replace(
        parts,
        behaviour=behaviour,
        sources=_read_sources(
            settings, parts.index, parts.embedder, behaviour, place=place, learned=learned
        ),
        head=learned,
        identifier=identifier(settings),
    )


def _read_sources(
    settings: Settings,
    items: ItemIndex,
    vectors: Embedder,
    behaviour: InteractionSnapshot,
    *,
    place: ChromaConnection,
    learned: Head | None,
) -> list[CandidateSource]:
    """The sources that propose for somebody, or that a head reads."""
    wanted = _wanted_sources(settings, learned, prior_head(settings))
    every = (
        *sources(items, vectors, behaviour, cache=kept_files(settings)),
        *_learned(settings, place, learned),
    )
    return [source for source in every if source.name in wanted]


def _wanted_sources(settings: Settings, *heads: Head | None) -> set[str]:
    """Returns the names of the sources that propose for somebody, or that a head reads.

    Raises:
        ConfigError: the settings weigh a source that does not exist.
    """
    weights = settings.retrieval.weights
    unknown = weights.keys() - set(SOURCES)
    if unknown:
        raise ConfigError(
            "[retrieval] weights: unknown source {source!r}; known sources: {known}",
            source=min(unknown),
            known=", ".join(SOURCES),
        )
    by_group = group_weights(settings).values()
    proposing = {
        name for name in SOURCES
        if weights.get(name, 1.0) > 0 or any(each.get(name, 0.0) > 0 for each in by_group)
    }  # fmt: skip
    return proposing.union(*(head.sources for head in heads if head))


def can_propose(settings: Settings) -> bool:
    """Whether the first model may be asked to propose items: one behind an endpoint.

    One that was found to order past choices no better is not, unless it is asked in any case.
    """
    first, choice = next(iter(settings.engines), None), settings.retrieval.proposals
    if first is None or not first.is_remote or not first.chats or choice == "off":
        return False
    known = worth(settings)
    return choice == "on" or known is None or known.weight > 0


def can_read(settings: Settings) -> bool:
    """Whether the first model reads what people say in conversations: one behind an endpoint.

    Not one whose name says that it is small.
    """
    first = next(iter(settings.engines), None)
    if settings.chat.reading == "rules" or first is None or not first.is_remote or not first.chats:
        return False
    size = stated_billions(first.name)
    return size is None or size >= LEAST_BILLIONS


def with_batch(parts: Components, settings: Settings, batch: BatchModel) -> Components:
    """Returns the parts with a first model that is asked, and answers, through files.

    It is told what an endpoint is told; neither retries nor other models stand in for it.
    """
    ranker = ModelRanker(
        batch,
        lang=settings.lang,
        attempts=1,
        prompt_tokens=settings.model.prompt_tokens,
        scale=parts.scale,
        scenes=parts.scenes,
    )
    proposer = ModelProposer(
        batch,
        index=parts.index,
        embedder=parts.embedder,
        lang=settings.lang,
        attempts=1,
        window=parts.window,
        scale=parts.scale,
        scenes=parts.scenes,
    )
    return replace(parts, ranker=ranker, models=(batch,), replies=None, proposer=proposer)


def sources(
    index: ItemIndex,
    embedder: Embedder,
    behaviour: Callable[[], Awaitable[Interactions]],
    *,
    cache: ArrayCache | None = None,
) -> tuple[CandidateSource, ...]:
    """All candidate sources that need no fit, whether they are weighted or not."""
    lexical = BM25(index, cache=cache)
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
    learned_sources: list[CandidateSource] = [
        Factors(learned_vectors(settings, place, source=Factors.name, version=learned.name))
    ]
    if SequenceModel.name in learned.sources:
        weights = artifacts.weights_file(settings.data_dir, learned.name)
        vectors = learned_vectors(settings, place, source=SequenceModel.name, version=learned.name)
        learned_sources.append(SequenceModel(vectors, partial(load_weights, weights)))
    return learned_sources


def head(settings: Settings) -> Head | None:
    """The head that was fitted for the settings' data folder; None before any was.

    What it learned of another model than the settings' first is left out.

    Raises:
        ConfigError: as ``pipeline.artifacts.load``.
    """
    learned = artifacts.load(settings.data_dir, sources=SOURCES)
    if learned is None or not learned.engine or is_first_model(learned.engine, settings):
        return learned
    return replace(learned, model="", prompts={}, gates={}, language={}, language_shared=(0.0, 0.0))


def prior_head(settings: Settings) -> Head | None:
    """The weights that come with the package, for people for whom nothing was learned.

    None where ``[learn] automatic`` is off, or ``[retrieval] weights`` says what counts.
    """
    is_usual = settings.retrieval.weights == RetrievalSettings().weights
    return prior() if settings.learn.automatic and is_usual else None


def identifier(settings: Settings) -> SceneClassifier | None:
    """What tells the scene of who names none, as it was fitted; None before that.

    Raises:
        ConfigError: as ``pipeline.artifacts.load_identifier``.
    """
    return artifacts.load_identifier(settings.data_dir)
