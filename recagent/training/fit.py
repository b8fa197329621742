"""``recagent fit``: learns a head with factors, gates and a scene classifier from stored events."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import orjson
from anyio import to_thread

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Event, Item
from recagent.errors import DataError
from recagent.llm.batch_files import BatchModel
from recagent.offline.backtest import (
    DIMENSION,
    PASSES,
    Backtest,
    backtest_questions,
)
from recagent.offline.examples import OnStage
from recagent.offline.resampling import interval
from recagent.pipeline import Components, Options, Pipeline, artifacts
from recagent.profiles.building import without_likes
from recagent.ranking import Head
from recagent.ranking.model_worth import ModelWorth
from recagent.retrieval import Factors, SequenceModel
from recagent.training.group_tests import example_ndcgs
from recagent.training.head_fit import (
    FULL_GROUPS,
    SourceGain,
    choose_weights,
    past_choices,
    source_gain,
    tested_head,
    transfer_map,
)
from recagent.training.head_weights import FEWEST, source_scales
from recagent.training.judgments import backtest_judgments
from recagent.training.language_part import (
    NoLanguageReason,
    ScoredPool,
    add_language_part,
    choose_pools,
    measure_agreement,
    score_pools,
)
from recagent.training.like_probability import fit_like_probability
from recagent.training.model_measurement import model_worth
from recagent.training.next_item_model import (
    CatalogueTexts,
    NextItemModel,
    load_catalogue_texts,
    train_next_item_model,
)
from recagent.training.scene_classifier import ClassifierFit, fit_classifier
from recagent.training.stored_data import load_stored_data
from recagent.training.transfer_examples import PASSES as TRANSFER_PASSES

LANGUAGE_CASES = 40  # of each scene, or more where these are few in all
ENOUGH = 60  # in all, some of which may get no answer
_ITEMS = 10_000  # of the largest scene, above which a question costs more and fewer are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Says how much of the past is asked about.

    Attributes:
        people: who are asked about; of more a sample is drawn.
        least_people: however many items there are.
        passes: past choices of each.
        transfer_passes: of them, past choices for the transfer map: a pair of scenes needs many.
        events: that are counted; of more those of a sample of people. 0: all.
    """

    people: int
    least_people: int
    passes: int
    transfer_passes: int
    events: int = 0

    def sample(self, items: Sequence[Item]) -> int:
        """Returns the number of people to ask about, so that it takes as long whatever is stored.

        The cost of a question grows with its scene, so the largest scene decides.
        """
        largest = max(Counter(item.scene for item in items).values(), default=0)
        return max(self.least_people, round(self.people * min(1.0, _ITEMS / max(1, largest))))


THOROUGH = Effort(people=2_000, least_people=400, passes=PASSES, transfer_passes=TRANSFER_PASSES)
# About a minute for 100,000 events.
QUICK = Effort(people=600, least_people=200, passes=2, transfer_passes=4, events=300_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """Is a fitted head, with its quality on held-out people.

    Attributes:
        people: whose choices were used; a sample where there are many.
        everybody: number of people with events.
        choices: number of past choices that it was learned from and tested on.
        retrieved_share: share of the choices that retrieval found.
        retrieval: mean nDCG@10 of the order of retrieval, over all of these choices.
        ranked: the same for the head, by weights that never saw the person.
        gain: their mean difference and the ends of its 95% interval over people.
        beside: what the head gains over popularity and over the best single source.
        judgments: number that the like-probability was learned from; 0 where it was not.
        sequence: what a sequence model added to the head's nDCG@10, and the ends of its interval;
            None where none was trained. It joins the head if that interval is above zero.
        worth: what the language model is worth over all scenes; None where it was not measured.
        silent: why the language model was not measured; empty where it was.
        scenes: the scene classifier and its accuracy; None for too few events.
    """

    head: Head
    people: int
    everybody: int
    choices: int
    retrieved_share: float
    retrieval: float
    ranked: float
    gain: tuple[float, float, float]
    beside: SourceGain
    judgments: int
    sequence: tuple[float, float, float] | None
    worth: ModelWorth | None
    silent: NoLanguageReason
    scenes: ClassifierFit | None = None


async def fit(
    settings: Settings,
    *,
    language_cases: int = LANGUAGE_CASES,
    sequence: bool = False,
    batch: BatchModel | None = None,
    effort: Effort | None = None,
    measured: Head | None = None,
    on_progress: OnStage,
) -> FitResult:
    """Learns from all stored events, and saves what was learned where ``recommend`` finds it.

    Args:
        settings: name store, index and model.
        language_cases: past choices of each scene that the model is asked about, more where all
            scenes together have too few to fit a weight; 0 asks nothing, and the model is not
            used.
        sequence: whether a sequence model is trained too; it is kept if it significantly helps.
        batch: is asked in place of the settings' model; it collects what it cannot answer.
        effort: how much of the past is asked about; ``THOROUGH`` by default.
        measured: a head of which all that was measured of a model stays.
        on_progress: called with a stage, what is done of it, and its total.

    Raises:
        ConfigError: a sequence model is wanted and torch is not installed.
        ModelError: the model is to be asked and answers nothing.
        DataError: too few past choices, or nothing stored.
        RetrievalError: the index cannot be read or written.
    """
    parts, options = bootstrap.parts_with(settings, learned=None), bootstrap.options(settings)
    if batch is not None:
        parts = bootstrap.with_batch(parts, settings, batch)
    home = bootstrap.home(settings)
    try:
        effort = effort or THOROUGH
        count = await parts.store.count()
        data = await load_stored_data(parts, people=effort.people, most_events=effort.events)
        reason = without_likes(data.events, data.scale)
        if reason:
            raise DataError(
                "there is nothing to learn from: {reason}; see [ratings] in recagent.toml",
                reason=reason,
            )
        backtest = Backtest(
            data=data,
            index=parts.index,
            embedder=parts.embedder,
            half_life=options.half_life,
            build_sources=bootstrap.sources,
        )
        texts = await load_catalogue_texts(parts.index) if sequence else None
        engine = bootstrap.engine_key(settings)
        result = await _fit_head(
            backtest, parts, options, language_cases, engine, texts, effort, on_progress
        )
        head = replace(result.head, events=count)
        if measured is not None and measured.gates:
            head = _with_measured_model(head, measured)
        result = replace(result, head=head)
        vectors_of = partial(bootstrap.learned_vectors, settings, home, version=head.name)
        factors, sequence_vectors = (
            vectors_of(source=source.name) for source in (Factors, SequenceModel)
        )
        interactions = await parts.behaviour()  # of all, where a sample was learned from
        ids, matrix = await to_thread.run_sync(lambda: interactions.factorised(DIMENSION))
        rows = {item_id: row for row, item_id in enumerate(ids)}
        for scene in await parts.index.scenes():
            known = [item_id for item_id in await parts.index.items(scene) if item_id in rows]
            if known:
                vectors = matrix[[rows[item_id] for item_id in known]]
                await factors.write(scene, ids=known, vectors=vectors)
        weights = None
        if texts is not None and SequenceModel.name in head.sources:
            stage = partial(on_progress, "sequence model of all")
            model = await _train_sequence_model(data.events, backtest, texts, stage)
            for scene in texts.scenes:
                scene_ids, vectors = model.scene_vectors(scene)
                await sequence_vectors.write(scene, ids=scene_ids, vectors=vectors)
            weights = model.weights
        on_progress("scenes", 0, None)
        classifier = await to_thread.run_sync(
            lambda: fit_classifier(data.events, scenes=data.scenes)
        )
        artifacts.save_identifier(settings.data_dir, classifier.identifier if classifier else None)
        artifacts.save(settings.data_dir, head, weights=weights)
        if result.worth is not None:
            artifacts.save_worth(settings.data_dir, result.worth)
        await factors.prune()
        await sequence_vectors.prune()
        return replace(result, scenes=classifier)
    finally:
        home.close()
        await Pipeline(parts, options).close()


def _with_measured_model(head: Head, measured: Head) -> Head:
    """Returns a head with what another one has of a model, on top of its weights of sources."""
    return replace(
        head,
        language=measured.language,
        language_shared=measured.language_shared,
        model=measured.model,
        prompts=measured.prompts,
        gates=measured.gates,
        engine=measured.engine,
    )


async def _train_sequence_model(
    events: Sequence[Event],
    backtest: Backtest,
    texts: CatalogueTexts,
    on_progress: Callable[[int, None], None],
) -> NextItemModel:
    return await to_thread.run_sync(
        lambda: train_next_item_model(
            events,
            scale=backtest.data.scale,
            texts=texts,
            progress=lambda epoch: on_progress(epoch.number, None),
        )
    )


async def _fit_head(
    backtest: Backtest,
    parts: Components,
    options: Options,
    language_cases: int,
    engine: str,
    texts: CatalogueTexts | None,
    effort: Effort,
    on_progress: OnStage,
) -> FitResult:
    """Fits base weights, like-probability, group tests and the language part on past choices."""
    people_limit = effort.sample(backtest.data.items)
    questions = backtest_questions(backtest.data, passes=effort.passes, most=people_limit)
    if texts is not None:
        # Trained on events before everybody's first question alone, so that no answer is known.
        stage = partial(on_progress, "sequence model")
        model = await _train_sequence_model(questions[-1].training, backtest, texts, stage)
        backtest = replace(backtest, sequence=model.source())
    transfer = await transfer_map(
        backtest, passes=effort.transfer_passes, people=people_limit, on_progress=on_progress
    )
    backtest = replace(backtest, transfer=transfer)
    choices = await past_choices(
        questions, backtest=backtest, options=options, on_progress=on_progress
    )
    on_progress("weights", 0, None)
    base, sequence_gain = await to_thread.run_sync(
        lambda: choose_weights(choices, sources=bootstrap.SOURCES, with_sequence=texts is not None)
    )
    judgments = await backtest_judgments(
        backtest.data,
        number=people_limit,
        backtest=backtest,
        limit=options.limit,
        on_progress=partial(on_progress, "judgments"),
    )
    # Without the sequence model, which was trained on some of what is judged.
    scales = source_scales(
        [*choices.plain, *choices.as_new],
        sources=[name for name in base.sources if name != SequenceModel.name],
    )
    like_probability = fit_like_probability(judgments, scales=scales)
    head = await to_thread.run_sync(lambda: tested_head(choices, base, prior=parts.prior))
    head = replace(head, transfer=transfer, liking=like_probability)
    pools = choose_pools(
        questions[0].cases,
        choices.plain,
        base.weights,
        groups=[group for group in FULL_GROUPS if not head.unserved(group)],
        size=options.pool,
        number=language_cases and max(language_cases, -(-ENOUGH // len(backtest.data.scenes))),
    )
    head, worth, silent = await _with_language(head, pools, backtest, parts, engine, on_progress)
    everybody = len({event.user_id for event in backtest.data.events})
    held_out = base.weights.held_out[: len(choices.plain)]
    plain, ranked = example_ndcgs(choices.plain), example_ndcgs(choices.plain, held_out)
    return FitResult(
        head=replace(head, name=_fingerprint(head)),
        people=min(people_limit, everybody),
        everybody=everybody,
        choices=len(choices.plain),
        retrieved_share=float(np.mean([example.chosen is not None for example in choices.plain])),
        retrieval=float(plain.mean()),
        ranked=float(ranked.mean()),
        gain=interval(ranked - plain, people=[example.user_id for example in choices.plain]),
        beside=source_gain(choices.plain, held_out),
        judgments=len(judgments) if like_probability else 0,
        sequence=sequence_gain,
        worth=worth,
        silent=silent,
    )


async def _with_language(
    head: Head,
    pools: Sequence[ScoredPool],
    backtest: Backtest,
    parts: Components,
    engine: str,
    on_progress: OnStage,
) -> tuple[Head, ModelWorth | None, NoLanguageReason]:
    """Adds the language model's weights and gates to the head, or says why there are none.

    What the model is worth over all scenes comes with it.
    """
    if parts.ranker is None:
        return head, None, "no model"
    if not pools:
        return head, None, "no choices"
    if len(pools) < FEWEST:  # too few to fit weights: the model is not called
        return head, None, "few choices"
    scored = await score_pools(
        pools,
        backtest=backtest,
        ranker=parts.ranker,
        on_progress=partial(on_progress, "language model"),
    )
    head, silent = add_language_part(head, scored, engine=engine)
    if silent:
        return head, None, silent
    data = backtest.data
    worth = model_worth(scored, engine=engine, scenes=[*data.scenes], items=len(data.items))
    if isinstance(parts.models[0], BatchModel):  # files hold one order of each pool
        return head, worth, silent
    agreement = await measure_agreement(
        scored,
        backtest=backtest,
        ranker=parts.ranker,
        on_progress=partial(on_progress, "language model, other order"),
    )
    return head, replace(worth, agreement=agreement), silent


def _fingerprint(head: Head) -> str:
    return hashlib.blake2b(orjson.dumps(head), digest_size=6).hexdigest()
