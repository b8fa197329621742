"""``recagent fit``: learns a head with factors, gates and a scene classifier from stored events.

Reporting the result is the caller's business.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson
from anyio import to_thread

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Event, Group, Item
from recagent.errors import DataError
from recagent.llm.batch_files import BatchModel
from recagent.offline.backtest import (
    DIMENSION,
    Backtest,
    RetrievalOptions,
    backtest_examples,
    backtest_questions,
)
from recagent.offline.data_set import Questions
from recagent.offline.examples import Example
from recagent.offline.resampling import interval
from recagent.pipeline import Options, Parts, Pipeline, artifacts
from recagent.profiles.building import without_likes
from recagent.ranking import GroupTestResult, Head
from recagent.retrieval import Factors, Interactions, SequenceModel
from recagent.scenes.transfer import TransferMap
from recagent.training.gates import ndcg
from recagent.training.group_tests import group_test_result
from recagent.training.head_weights import FEWEST, fit_base_weights, source_scales
from recagent.training.judgments import backtest_judgments
from recagent.training.language_part import (
    NoLanguageReason,
    ScoredPool,
    add_language_part,
    choose_pools,
    score_pools,
)
from recagent.training.like_probability import fit_like_probability
from recagent.training.next_item_model import (
    CatalogueTexts,
    NextItemModel,
    load_catalogue_texts,
    train_next_item_model,
)
from recagent.training.scene_classifier import ClassifierFit, fit_classifier
from recagent.training.sequence_training import Epoch
from recagent.training.stored_data import load_stored_data
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import PASSES, scene_pairs, transfer_choices

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


OnProgress = Callable[[str, int, int | None], None]
LANGUAGE_CASES = 40  # of each scene, or more where these are few in all
ENOUGH = 60  # in all, some of which may get no answer
MOST_PEOPLE = 2_000  # who are asked about; of more a sample is drawn
LEAST_PEOPLE = 400  # however many items there are
_ITEMS = 10_000  # of the largest scene, above which a question costs more and fewer are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """Is a fitted head, with its quality on held-out people.

    Attributes:
        people: whose choices were used; a sample where there are many.
        everybody: number of people with events.
        choices: number of past choices that it was learned from and tested on.
        found: share of the choices that retrieval found.
        retrieval: mean nDCG@10 of the order of retrieval, over all of these choices.
        ranked: the same for the head, by weights that never saw the person.
        gain: their mean difference and the ends of its 95% interval over people.
        judgments: number that the like-probability was learned from; 0 where it was not.
        sequence: what a sequence model added to the head's nDCG@10, and the ends of its interval;
            None where none was trained. It joins the head if that interval is above zero.
        silent: why the language model was not measured; empty where it was.
        scenes: the scene classifier and its accuracy; None for too few events.
    """

    head: Head
    people: int
    everybody: int
    choices: int
    found: float
    retrieval: float
    ranked: float
    gain: tuple[float, float, float]
    judgments: int
    sequence: tuple[float, float, float] | None
    silent: NoLanguageReason
    scenes: ClassifierFit | None = None


async def fit(
    settings: Settings,
    *,
    language_cases: int = LANGUAGE_CASES,
    sequence: bool = False,
    batch: BatchModel | None = None,
    on_progress: OnProgress,
) -> FitResult:
    """Learns from all stored events, and saves what was learned where ``recommend`` finds it.

    Args:
        settings: name store, index and model.
        language_cases: past choices of each scene that the model is asked about, more where all
            scenes together have too few to fit a weight; 0 asks nothing, and the model is not
            used.
        sequence: whether a sequence model is trained too; it is kept if it significantly helps.
        batch: is asked in place of the settings' model; it collects what it cannot answer.
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
        data = await load_stored_data(parts)
        why = without_likes(data.events, data.scale)
        if why:
            raise DataError(
                "there is nothing to learn from: {reason}; see [ratings] in recagent.toml",
                reason=why,
            )
        backtest = Backtest(
            data=data,
            index=parts.index,
            embedder=parts.embedder,
            half_life=options.half_life,
            build_sources=bootstrap.sources,
        )
        texts = await load_catalogue_texts(parts.index) if sequence else None
        result = await _fit_head(backtest, parts, options, language_cases, texts, on_progress)
        head = result.head
        ids, matrix = Interactions(data.events, scale=data.scale).factorised(DIMENSION)
        rows = {key: row for row, key in enumerate(ids)}
        factors = bootstrap.learned_vectors(settings, home, source=Factors.name, version=head.name)
        for scene in await parts.index.scenes():
            with_factors = [key for key in await parts.index.items(scene) if key in rows]
            if with_factors:
                vectors = matrix[[rows[key] for key in with_factors]]
                await factors.write(scene, ids=with_factors, vectors=vectors)
        weights = None
        sequence_vectors = bootstrap.learned_vectors(
            settings, home, source=SequenceModel.name, version=head.name
        )
        if texts is not None and SequenceModel.name in head.scales:
            model = await _train_sequence_model(
                data.events, backtest, texts, "sequence model of all", on_progress
            )
            for scene in texts.scenes:
                scene_ids, vectors = model.of(scene)
                await sequence_vectors.write(scene, ids=scene_ids, vectors=vectors)
            weights = model.weights
        on_progress("scenes", 0, None)
        classifier = await to_thread.run_sync(
            lambda: fit_classifier(data.events, scenes=data.scenes)
        )
        artifacts.save_identifier(settings.data_dir, classifier.identifier if classifier else None)
        artifacts.save(settings.data_dir, head, weights=weights)
        await factors.prune()
        await sequence_vectors.prune()
        return replace(result, scenes=classifier)
    finally:
        home.close()
        await Pipeline(parts, options).close()


def sample_size(items: Sequence[Item]) -> int:
    """Returns the number of people to use, so that a fit takes minutes whatever is stored.

    The cost of a question grows with its scene, so the largest scene decides.
    """
    largest = max(Counter(item.scene for item in items).values(), default=0)
    return max(LEAST_PEOPLE, round(MOST_PEOPLE * min(1.0, _ITEMS / max(1, largest))))


async def _train_sequence_model(
    events: Sequence[Event],
    backtest: Backtest,
    texts: CatalogueTexts,
    stage: str,
    on_progress: OnProgress,
) -> NextItemModel:
    def report(epoch: Epoch) -> None:
        on_progress(stage, epoch.number, None)

    return await to_thread.run_sync(
        lambda: train_next_item_model(
            events, scale=backtest.data.scale, texts=texts, progress=report
        )
    )


async def _fit_head(
    backtest: Backtest,
    parts: Parts,
    options: Options,
    language_cases: int,
    texts: CatalogueTexts | None,
    on_progress: OnProgress,
) -> FitResult:
    retrieval = RetrievalOptions(
        weights=dict(options.source_weights),
        by_group=options.group_weights,
        limit=options.limit,
        width=options.limit,
    )
    people_limit = sample_size(backtest.data.items)
    questions = backtest_questions(backtest.data, most=people_limit)
    if texts is not None:
        # Trained on events before everybody's first question alone, so that no answer is known.
        events = questions[-1].training
        model = await _train_sequence_model(events, backtest, texts, "sequence model", on_progress)
        backtest = replace(backtest, sequence=model.source())
    backtest = replace(backtest, transfer=await _transfer(backtest, people_limit, on_progress))
    examples = await backtest_examples(
        questions,
        backtest=backtest,
        retrieval=retrieval,
        on_progress=lambda done, total: on_progress("choices", done, total),
    )
    as_new = await backtest_examples(
        questions,
        backtest=backtest,
        retrieval=retrieval,
        as_group="new here",
        on_progress=lambda done, total: on_progress("choices as if new", done, total),
    )
    few = await _few(examples, questions[0], backtest, retrieval, on_progress)
    learned = [*examples, *as_new]
    people = [example.user_id for example in examples]
    base_scales = source_scales(
        learned, sources=[each for each in bootstrap.SOURCES if each != SequenceModel.name]
    )
    scales, added = base_scales, None
    base = fit_base_weights(learned, scales=scales)
    if texts is not None:
        wider_scales = source_scales(learned, sources=bootstrap.SOURCES)
        wider = fit_base_weights(learned, scales=wider_scales)
        real = len(examples)
        gains = _ndcgs(examples, wider.held_out[:real]) - _ndcgs(examples, base.held_out[:real])
        added = interval(gains, people=people)
        if added[1] > 0:
            scales, base = wider_scales, wider
    judged_events = await backtest_judgments(
        backtest.data,
        number=people_limit,
        backtest=backtest,
        limit=options.limit,
        on_progress=lambda done, total: on_progress("judgments", done, total),
    )
    # Without the sequence model, which was trained on some of what is judged.
    like_probability = fit_like_probability(judged_events, scales=base_scales)
    tested = dict[Group, GroupTestResult]()
    for group in ("known", "new here"):
        rows = [row for row, example in enumerate(learned) if example.group == group]
        tested[group] = group_test_result(
            [learned[row] for row in rows], [base.held_out[row] for row in rows]
        )
    head = Head(
        name="",
        tested=tested,
        scales=scales,
        shared=base.shared,
        scenes=base.scenes,
        transfer=backtest.transfer,
        liking=like_probability,
        told={"choices": str(len(examples)), "penalties": base.penalties},
    )
    head = _with_few(head, few)
    served: list[Group] = [group for group in tested if not head.unserved(group)]
    head, silent = await _with_language(
        head,
        choose_pools(
            questions[0].cases,
            examples,
            base,
            groups=served,
            size=options.pool,
            number=language_cases and max(language_cases, -(-ENOUGH // len(backtest.data.scenes))),
        ),
        backtest,
        parts,
        on_progress,
    )
    everybody = len({event.user_id for event in backtest.data.events})
    plain = _ndcgs(examples, [-np.arange(len(e.items), dtype=np.float64) for e in examples])
    ranked = _ndcgs(examples, base.held_out[: len(examples)])
    return FitResult(
        head=replace(head, name=_fingerprint(head)),
        people=min(people_limit, everybody),
        everybody=everybody,
        choices=len(examples),
        found=float(np.mean([example.chosen is not None for example in examples])),
        retrieval=float(plain.mean()),
        ranked=float(ranked.mean()),
        gain=interval(ranked - plain, people=people),
        judgments=len(judged_events) if like_probability else 0,
        sequence=added,
        silent=silent,
    )


async def _few(
    examples: Sequence[Example],
    newest: Questions,
    backtest: Backtest,
    retrieval: RetrievalOptions,
    on_progress: OnProgress,
) -> list[Example]:
    """Returns choices of people with few likes, and newest ones of others as if with one like."""
    reduced = await backtest_examples(
        [newest],
        backtest=backtest,
        retrieval=retrieval,
        as_group="few likes",
        on_progress=lambda done, total: on_progress("choices as if of one like", done, total),
    )
    return [example for example in [*examples, *reduced] if example.group == "few likes"]


def _with_few(head: Head, few: Sequence[Example]) -> Head:
    """Adds weights for people with few likes to the head, where these can be learned."""
    try:
        weights = fit_base_weights(few, scales=head.scales)
    except DataError:
        tested = GroupTestResult(cases=len(few), unserved="few cases")
        return replace(head, tested={**head.tested, "few likes": tested})
    tested = group_test_result(few, weights.held_out)
    return replace(
        head,
        tested={**head.tested, "few likes": tested},
        few_shared=weights.shared,
        few_scenes=weights.scenes,
    )


async def _transfer(backtest: Backtest, most: int, on_progress: OnProgress) -> TransferMap | None:
    """Fits the transfer map; None where there is only one scene, or nobody has been in two."""
    if len(await backtest.index.scenes()) < 2:
        return None
    past_choices = await transfer_choices(
        backtest_questions(backtest.data, passes=PASSES, most=most),
        backtest=backtest,
        on_progress=lambda done, total: on_progress("transfer", done, total),
    )
    pairs = await scene_pairs(backtest.index, backtest.data.events)
    return await to_thread.run_sync(lambda: fit_transfer(past_choices, scenes=pairs))


def _ndcgs(examples: Sequence[Example], scores: Sequence[Floats]) -> Floats:
    return np.asarray([ndcg(s, e.chosen) for s, e in zip(scores, examples, strict=True)])


async def _with_language(
    head: Head,
    chosen: Sequence[ScoredPool],
    backtest: Backtest,
    parts: Parts,
    on_progress: OnProgress,
) -> tuple[Head, NoLanguageReason]:
    """Adds the language model's weights and gates to the head, or says why there are none."""
    if parts.ranker is None:
        return head, "no model"
    if not chosen:
        return head, "no choices"
    if len(chosen) < FEWEST:  # too few to fit weights: the model is not called
        return head, "few choices"
    answered = await score_pools(
        chosen,
        backtest=backtest,
        ranker=parts.ranker,
        on_progress=lambda done, total: on_progress("language model", done, total),
    )
    return add_language_part(head, answered, model=parts.models[0].name)


def _fingerprint(head: Head) -> str:
    return hashlib.blake2b(orjson.dumps(head), digest_size=6).hexdigest()
