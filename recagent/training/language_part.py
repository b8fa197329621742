"""The language part of a head: the past choices a model is asked about, its weights and gates.

The base weights come from ``head_weights``; ``gates`` decides which scenes use these.
"""

from __future__ import annotations

import random
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from recagent.domain import Case, Group, ScoredBy
from recagent.errors import DataError, ModelError
from recagent.offline.backtest import Backtest
from recagent.offline.examples import Example, OnProgress
from recagent.ports import Ranker
from recagent.ranking import Head
from recagent.ranking.agreement import rank_correlation
from recagent.ranking.rise_limit import limit_without_wish
from recagent.training.gates import choose_gates, make_trial
from recagent.training.head_weights import HeadWeights, fit_language_weights
from recagent.training.model_scores import collect_model_scores

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


AGREEMENT_POOLS = 10  # that a model is asked about again, backwards

NoLanguageReason = Literal["", "no model", "no choices", "few choices", "few answers"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredPool:
    """Is a choice among the candidates that a model would be shown.

    Attributes:
        base: (n,) scores without the model.
        model_scores: (n,) the model's.
        model: its name.
        prompt: id of the prompt.
        mode: how the model scored.
    """

    case: Case
    example: Example
    base: Floats
    model_scores: tuple[float, ...] = ()
    model: str = ""
    prompt: str = ""
    mode: ScoredBy = "listwise"


def choose_pools(
    cases: Sequence[Case],
    examples: Sequence[Example],
    base: HeadWeights,
    *,
    groups: Container[Group],
    size: int,
    number: int,
) -> list[ScoredPool]:
    """Returns up to ``number`` choices of each scene that are among the ``size`` best.

    They are of people of these ``groups``: the model's scores are added to the head's.
    """
    by_scene: dict[str, list[ScoredPool]] = {}
    for case, example, scores in zip(cases, examples, base.held_out, strict=False):
        pool = best_pool(case, example, scores, size=size)
        if pool is not None and example.group in groups:
            by_scene.setdefault(case.scene, []).append(pool)
    chance = random.Random(0)  # noqa: S311 - not a secret
    return [
        pool
        for pools in by_scene.values()
        for pool in chance.sample(pools, min(number, len(pools)))
    ]


def best_pool(case: Case, example: Example, scores: Floats, *, size: int) -> ScoredPool | None:
    """Returns the best candidates by their scores, (n,); None without what was chosen."""
    best: list[int] = np.argsort(-scores, kind="stable")[:size].tolist()
    if example.chosen not in best:
        return None
    shown = replace(
        example,
        items=tuple(example.items[row] for row in best),
        features=tuple(example.features[row] for row in best),
        chosen=best.index(example.chosen),
    )
    return ScoredPool(case=case, example=shown, base=scores[best])


async def score_pools(
    pools: Sequence[ScoredPool], *, backtest: Backtest, ranker: Ranker, on_progress: OnProgress
) -> list[ScoredPool]:
    """Returns the pools that the model answered, with its scores.

    Raises:
        ModelError: the model cannot be had, or answered nothing.
    """
    answers = await collect_model_scores(
        [
            (
                await backtest.query(pool.case),
                dict(zip(pool.example.items, pool.example.features, strict=True)),
            )
            for pool in pools
        ],
        ranker=ranker,
        index=backtest.index,
        on_progress=on_progress,
    )
    return [
        replace(
            pool,
            model_scores=answer.scores,
            model=answer.model,
            prompt=answer.prompt,
            mode=answer.mode,
        )
        for pool, answer in zip(pools, answers, strict=True)
        if answer is not None
    ]


async def measure_agreement(
    pools: Sequence[ScoredPool], *, backtest: Backtest, ranker: Ranker, on_progress: OnProgress
) -> float | None:
    """Returns how a model's orders agree with those of the same candidates listed backwards.

    It is the mean rank correlation over ten of the pools; None where the place in the list is none
    of the model's business (a mode that scores each candidate alone), or where it did not answer.
    """
    listed = [pool for pool in pools if pool.mode == "listwise"]
    asked = listed[:: max(1, len(listed) // AGREEMENT_POOLS)][:AGREEMENT_POOLS]
    if not asked:
        return None
    backwards = [
        (
            await backtest.query(pool.case),
            dict(zip(pool.example.items[::-1], pool.example.features[::-1], strict=True)),
        )
        for pool in asked
    ]
    try:
        answers = await collect_model_scores(
            backwards, ranker=ranker, index=backtest.index, on_progress=on_progress
        )
    except ModelError:
        return None
    correlations = [
        rank_correlation(pool.model_scores, answer.scores[::-1])
        for pool, answer in zip(asked, answers, strict=True)
        if answer is not None
    ]
    return round(float(np.mean(correlations)), 3) if correlations else None


def add_language_part(
    head: Head, pools: Sequence[ScoredPool], *, engine: str
) -> tuple[Head, NoLanguageReason]:
    """Adds a language part and gates to the head, or says why it gets none.

    Args:
        head: without them.
        pools: that the model answered.
        engine: address and name of the model, as the settings say them.
    """
    examples = [pool.example for pool in pools]
    try:
        weights = fit_language_weights(
            examples, [pool.base for pool in pools], [pool.model_scores for pool in pools]
        )
    except DataError:
        return head, "few answers"
    scene_gates = choose_gates(
        [
            make_trial(
                pool.case.user_id,
                pool.case.scene,
                cold=pool.example.cold,
                base=pool.base,
                joined=limit_without_wish(joined, pool.base),
                chosen=pool.example.chosen,
            )
            for pool, joined in zip(pools, weights.held_out, strict=True)
        ]
    )
    return replace(
        head,
        language_shared=weights.shared,
        language=weights.scenes,
        model=pools[0].model,
        engine=engine,
        prompts={pool.case.scene: pool.prompt for pool in pools},
        gates=scene_gates,
    ), ""
