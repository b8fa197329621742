"""What a model is worth on past choices of all scenes, beside what ranks there now.

``fit`` finds it along with a head, ``fit --model-only`` finds it alone; both keep it the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from recagent import bootstrap
from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.config.settings import Settings
from recagent.domain import Candidate
from recagent.errors import DataError, ModelError
from recagent.llm.batch_files import BatchModel
from recagent.offline.backtest import Backtest, backtest_questions
from recagent.offline.examples import Example, OnStage, RetrievalOptions, make_examples
from recagent.offline.order import stable_hash
from recagent.offline.resampling import interval
from recagent.pipeline import Components, Options, Pipeline, artifacts
from recagent.profiles.building import without_likes
from recagent.ranking import FixedBlend, JointScorer
from recagent.ranking.blend import blend
from recagent.ranking.model_worth import MEASURED_ON, ModelWorth
from recagent.ranking.rise_limit import limit_without_wish
from recagent.retrieval import Interactions
from recagent.training.gates import FEWEST, ndcg
from recagent.training.language_part import (
    ScoredPool,
    best_pool,
    measure_agreement,
    score_pools,
)
from recagent.training.stored_data import load_stored_data

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats

_HALF = 1 / 2


async def measure_model(
    settings: Settings,
    *,
    cases: int = MEASURED_ON,
    batch: BatchModel | None = None,
    on_progress: OnStage,
) -> ModelWorth:
    """Asks the model about past choices, and keeps what it is worth where ``recommend`` finds it.

    Args:
        settings: name store, index and model.
        cases: past choices of different people, all scenes together.
        batch: is asked in place of the settings' model; it collects what it cannot answer.
        on_progress: called with a stage, what is done of it, and its total.

    Raises:
        ModelError: the model answers nothing, or there is none.
        DataError: too few past choices, or nothing stored.
        RetrievalError: the index cannot be read.
    """
    parts, options = bootstrap.parts(settings), bootstrap.options(settings)
    if batch is not None:
        parts = bootstrap.with_batch(parts, settings, batch)
    try:
        if parts.ranker is None:
            raise ModelError("there is no model to measure; name one in [model]")
        pools, backtest = await _pools(parts, options, cases, on_progress)
        scored = await score_pools(
            pools,
            backtest=backtest,
            ranker=parts.ranker,
            on_progress=partial(on_progress, "language model"),
        )
        worth = model_worth(
            scored,
            engine=bootstrap.engine_key(settings),
            scenes=[*backtest.data.scenes],
            items=len(backtest.data.items),
        )
        if batch is None:  # files hold one order of each pool
            agreement = await measure_agreement(
                scored,
                backtest=backtest,
                ranker=parts.ranker,
                on_progress=partial(on_progress, "language model, other order"),
            )
            worth = replace(worth, agreement=agreement)
        artifacts.save_worth(settings.data_dir, worth)
        return worth
    finally:
        await Pipeline(parts, options).close()


def model_worth(
    pools: Sequence[ScoredPool], *, engine: str, scenes: Sequence[str], items: int
) -> ModelWorth:
    """Returns what a model's scores add to the pools' order, and the weight that this gives them.

    None where a third of the say adds nothing on average; half where a third adds significantly
    and half adds more; else the third of a model that was not measured. Chosen by drawing 60 of
    420 choices repeatedly (benchmarks/large_model.py).

    Raises:
        DataError: fewer than 20 pools.
    """
    if len(pools) < FEWEST:
        raise DataError(
            "the model answered {count} past choices, which are too few to measure it (at least "
            "{fewest} are needed); a choice is a liked item that was new to the person and came "
            "after at least five events",
            count=len(pools),
            fewest=FEWEST,
        )
    base = ndcgs_of(pools, 0.0)
    thirds, halves = (ndcgs_of(pools, weight) - base for weight in (UNMEASURED_WEIGHT, _HALF))
    gain, low, high = interval(thirds, people=[pool.case.user_id for pool in pools])
    weight = UNMEASURED_WEIGHT if gain > 0 else 0.0
    if low > 0 and halves.mean() > gain:
        weight = _HALF
    return ModelWorth(
        engine=engine,
        model=pools[0].model,
        prompts=tuple(sorted({pool.prompt for pool in pools})),
        scenes=tuple(scenes),
        items=items,
        cases=len(pools),
        base=float(base.mean()),
        gain=gain,
        low=low,
        high=high,
        weight=weight,
    )


def ndcgs_of(pools: Sequence[ScoredPool], weight: float) -> Floats:
    """Returns nDCG@10 of each pool, (n,), with this weight of the model's scores."""
    return np.asarray(
        [
            ndcg(
                limit_without_wish(
                    blend(pool.model_scores, pool.base, language_weight=weight), pool.base
                ),
                pool.example.chosen,
            )
            for pool in pools
        ]
    )


async def _pools(
    parts: Components, options: Options, number: int, on_progress: OnStage
) -> tuple[list[ScoredPool], Backtest]:
    """Returns choices that are among the candidates that a model is shown, in today's order.

    People come in the order of a hash, each with their last choice, until there are enough.
    """
    data = await load_stored_data(parts)
    reason = without_likes(data.events, data.scale)
    if reason:
        raise DataError(
            "there is nothing to learn from: {reason}; see [ratings] in recagent.toml",
            reason=reason,
        )
    head = parts.head
    backtest = Backtest(
        data=data,
        index=parts.index,
        embedder=parts.embedder,
        half_life=options.half_life,
        build_sources=bootstrap.sources,
        transfer=head.transfer if head else None,
    )
    heads = [each for each in (head, parts.prior) if each is not None]
    (questions,) = backtest_questions(data, passes=1)
    needed = {
        name for name in bootstrap.SOURCES if options.source_weights.get(name, 1.0) > 0
    }.union(*(each.sources for each in heads))
    every = await backtest.sources(Interactions(questions.training, scale=data.scale))
    sources = [source for source in every if source.name in needed]
    blended = FixedBlend(language_weight=0.0, temperature=options.temperature)
    pools: list[ScoredPool] = []
    for case in sorted(questions.cases, key=lambda case: stable_hash("measure", 0, case.id)):
        if len(pools) == number:
            break
        (example,) = await make_examples(
            [case],
            sources=sources,
            make_query=backtest.query,
            index=parts.index,
            retrieval=RetrievalOptions(
                weights=options.source_weights,
                by_group=options.group_weights,
                limit=options.limit,
                width=options.limit,
            ),
            on_progress=_quiet,
        )
        ranking = (each.of(example.group) for each in heads)
        joint: JointScorer = next((each for each in ranking if each is not None), blended)
        scores = await _scores(example, joint, parts)
        pool = best_pool(case, example, scores, size=options.pool)
        if pool is not None:
            pools.append(pool)
            on_progress("choices", len(pools), number)
    return pools, backtest


async def _scores(example: Example, joint: JointScorer, parts: Components) -> Floats:
    """Returns the scores of a choice's candidates without the model, (n,)."""
    items = await parts.index.items(example.scene)
    candidates = [
        Candidate(item=items[item_id], features=features)
        for item_id, features in zip(example.items, example.features, strict=True)
    ]
    return joint.base(candidates, scene=example.scene, cold=example.cold)


def _quiet(_done: int, _total: int) -> None:
    """One choice at a time is no progress."""
