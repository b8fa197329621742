"""A language model's part of the head: which past choices it is asked about, and what comes of it.

Whose weights these are on top of is ``fitting``; which scenes may use them is ``gating``.
"""

from __future__ import annotations

import random
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from recagent.domain import Case, Group
from recagent.errors import DataError
from recagent.ports import Ranker
from recagent.ranking import Head
from recagent.training.backtest import Study
from recagent.training.examples import Example, OnProgress
from recagent.training.fitting import Fit, fit_language
from recagent.training.gating import gates, trial
from recagent.training.model_scores import said

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


Silent = Literal["", "no model", "no choices", "few choices", "few answers"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredPool:
    """A choice among the candidates that a model would be shown.

    Attributes:
        base: (n,) held-out scores without the model.
        said: (n,) the model's.
        prompt: id of the one that it was asked with.
    """

    case: Case
    example: Example
    base: Floats
    said: tuple[float, ...] = ()
    prompt: str = ""


def pools(
    cases: Sequence[Case],
    examples: Sequence[Example],
    base: Fit,
    *,
    groups: Container[Group],
    size: int,
    number: int,
) -> list[ScoredPool]:
    """Up to ``number`` of each scene, of those whose choice is among the ``size`` best.

    Only of people of these ``groups``: the model's scores are weighed on top of the head's.
    """
    found: dict[str, list[ScoredPool]] = {}
    for case, example, scores in zip(cases, examples, base.held, strict=False):
        best: list[int] = np.argsort(-scores, kind="stable")[:size].tolist()
        if example.chosen in best and example.group in groups:
            kept = replace(
                example,
                items=tuple(example.items[at] for at in best),
                features=tuple(example.features[at] for at in best),
                chosen=best.index(example.chosen),
            )
            pool = ScoredPool(case=case, example=kept, base=scores[best])
            found.setdefault(case.scene, []).append(pool)
    chance = random.Random(0)  # noqa: S311 - not a secret
    return [pool for own in found.values() for pool in chance.sample(own, min(number, len(own)))]


async def asked(
    pools: Sequence[ScoredPool], *, study: Study, ranker: Ranker, on_progress: OnProgress
) -> list[ScoredPool]:
    """Those that the model gave an answer for, with it.

    Raises:
        ModelError: the model cannot be had, or answered nothing.
    """
    answers = await said(
        [
            (
                await study.query(pool.case),
                dict(zip(pool.example.items, pool.example.features, strict=True)),
            )
            for pool in pools
        ],
        ranker=ranker,
        index=study.index,
        on_progress=on_progress,
    )
    return [
        replace(pool, said=own.scores, prompt=own.prompt)
        for pool, own in zip(pools, answers, strict=True)
        if own is not None
    ]


def with_language(head: Head, pools: Sequence[ScoredPool], *, model: str) -> tuple[Head, Silent]:
    """The head with a language part and gates; why it has none, where it has none.

    Args:
        head: without them.
        pools: that the model answered.
        model: its name.
    """
    examples = [pool.example for pool in pools]
    try:
        fitted = fit_language(
            examples, [pool.base for pool in pools], [pool.said for pool in pools]
        )
    except DataError:
        return head, "few answers"
    opened = gates(
        [
            trial(
                pool.case.user_id,
                pool.case.scene,
                cold=pool.example.cold,
                base=pool.base,
                joined=joined,
                chosen=pool.example.chosen,
            )
            for pool, joined in zip(pools, fitted.held, strict=True)
        ]
    )
    return replace(
        head,
        language_shared=fitted.shared,
        language=fitted.scenes,
        model=model,
        prompts={pool.case.scene: pool.prompt for pool in pools},
        gates=opened,
    ), ""
