"""What a pipeline is made of: store, index, sources and models; and the numbers it works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from recagent.domain import Group, Language, RatingScale, Scene
from recagent.domain.attribute_labels import AttributeLabels, Labels
from recagent.llm.rerank_endpoint import RerankEndpoint
from recagent.llm.retry import RetryWindow
from recagent.ports import (
    CandidateSource,
    ChatModel,
    Embedder,
    EventStore,
    ItemIndex,
    Ranker,
    ReplyCache,
)
from recagent.ranking import Head
from recagent.ranking.model_worth import ModelWorth
from recagent.ranking.preference import Preferences
from recagent.retrieval import ByGroup, InteractionSnapshot
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.scenes.classifier import SceneClassifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What a pipeline works with; without ``ranker`` and ``models`` it asks no language model.

    Attributes:
        models: that the ranker asks; the first also joins reasons, and all are closed at the end.
        rerankers: that the ranker asks, closed at the end.
        window: the retry budget of all that asks the first model; its ranker should share it.
        replies: that the ranker keeps; closed at the end.
        head: the learned joint score; None where nothing was learned.
        prior: ranks for groups of people that no head does; without one the blend that ``Options``
            describe.
        worth: what past choices showed of the first model; None where nothing did.
        proposer: asks the first model what a person would want, for a wish or where little is known
            or found; without one nothing is proposed.
        reader: reads the turns of conversations; without one rules do.
        knowledge: whether the reader may answer from its own knowledge what no item tells.
        preferences: texts on people that models wrote, in memory; its rankers should share them, so
            that they are forgotten with a person.
        silent: attributes of items that are no evidence.
        labels: what people call attributes and their values.
        identifier: tells the scene where none is given; without one a rule does.
    """

    store: EventStore
    index: ItemIndex
    embedder: Embedder
    behaviour: InteractionSnapshot
    sources: Sequence[CandidateSource]
    ranker: Ranker | None
    models: Sequence[ChatModel]
    scenes: Mapping[str, Scene]
    scale: RatingScale
    rerankers: Sequence[RerankEndpoint] = ()
    window: RetryWindow = field(default_factory=RetryWindow)
    replies: ReplyCache | None = None
    head: Head | None = None
    prior: Head | None = None
    worth: ModelWorth | None = None
    identifier: SceneClassifier | None = None
    proposer: ModelProposer | None = None
    reader: ChatModel | None = None
    knowledge: bool = False
    preferences: Preferences = field(default_factory=Preferences)
    silent: frozenset[str] = frozenset()
    labels: Labels = field(default_factory=dict[str, AttributeLabels])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The numbers of a pipeline; docs/research/before-a-fit.md says how the defaults were chosen.

    Attributes:
        pool: candidates that the model scores.
        limit: proposals per source.
        source_weights: in the fusion; 1 for a source that is not named.
        group_weights: of sources, in place of these for people of a group.
        language_weight: of a model that was not measured here, with and without a head: w in
            w z(language) + (1 - w) z(all else), 0 to 1.
        temperature: of the softmax that gives the share of the pool, above 0.
        feedback: how far a person's answers to slates may move an item: the largest |log f|; 0 is
            not at all.
        diversity: 0 to 1; a person of whom nothing is known gets at least ``COLD_DIVERSITY``.
        new_items: share of places for items that nobody liked or judged yet, 0 to 1.
        deadline: seconds for retrieval and ranking.
        half_life: time in which a liked item's weight halves.
        attempts: retry budget of one request.
        reasons: whether the ranking model may write the reasons of lists that people read.
        lang: of prompts and reasons.
    """

    pool: int = 20
    limit: int = 100
    source_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    group_weights: ByGroup = field(default_factory=dict[Group, "Mapping[str, float]"])
    language_weight: float = 1 / 3
    temperature: float = 1.5
    feedback: float = 0.0
    diversity: float = 0.0
    new_items: float = 0.0
    deadline: float = 30.0
    half_life: timedelta = timedelta(days=30)
    attempts: int = 3
    reasons: bool = False
    lang: Language = "en"


# Of a person without any event only popularity is known: variety then says more than a few likes.
COLD_DIVERSITY = 0.5
