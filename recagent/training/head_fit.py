"""A head from past choices: examples, weights of the sources, and the tests on held-out people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from anyio import to_thread

from recagent.domain import Group
from recagent.errors import DataError
from recagent.offline.backtest import Backtest, ReducedGroup, backtest_questions, fitting
from recagent.offline.data_set import Questions
from recagent.offline.examples import Example, OnStage, RetrievalOptions, make_examples
from recagent.offline.resampling import interval
from recagent.pipeline import Options
from recagent.ranking import GroupTestResult, Head
from recagent.ranking.head import columns
from recagent.retrieval import Interactions, SequenceModel
from recagent.scenes.transfer import TransferMap
from recagent.training.group_tests import example_ndcgs, group_test_result
from recagent.training.head_weights import HeadWeights, fit_base_weights
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import scene_pairs, transfer_choices

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats

FULL_GROUPS: tuple[Group, ...] = ("known", "new here")  # with the weights of all sources


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastChoices:
    """Holds past choices as they were, as if the person were new, and of people with few likes."""

    plain: Sequence[Example]
    as_new: Sequence[Example]
    few_likes: Sequence[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGain:
    """Says what a head gains on held-out people over what is simplest, by nDCG@10.

    Attributes:
        head: mean over past choices.
        popularity: the same of popularity.
        over_popularity: mean difference and the ends of its 95% interval over people.
        best: name of the single source that does best.
        best_alone: its mean.
        over_best: mean difference and the ends of its interval.
    """

    head: float
    popularity: float
    over_popularity: tuple[float, float, float]
    best: str
    best_alone: float
    over_best: tuple[float, float, float]


async def past_choices(
    questions: Sequence[Questions], *, backtest: Backtest, options: Options, on_progress: OnStage
) -> PastChoices:
    """Returns the choices of all questions; what was known by then is counted once for each."""
    retrieval = RetrievalOptions(
        weights=options.source_weights,
        by_group=options.group_weights,
        limit=options.limit,
        width=options.limit,
    )
    plain, as_new, reduced = list[Example](), list[Example](), list[Example]()
    groups: tuple[tuple[ReducedGroup | None, list[Example]], ...] = (
        (None, plain),
        ("new here", as_new),
        ("few likes", reduced),
    )
    total = sum(len(each.cases) for each in questions)
    for number, each in enumerate(questions):
        before = sum(len(earlier.cases) for earlier in questions[:number])
        interactions = Interactions(each.training, scale=backtest.data.scale)
        sources = await backtest.sources(interactions)
        for group, examples in groups:
            if group == "few likes" and number:
                continue  # the newest choices are enough
            found = await make_examples(
                fitting(each, backtest=backtest, as_group=group).cases,
                sources=sources,
                make_query=partial(backtest.query, as_group=group),
                index=backtest.index,
                retrieval=retrieval,
                on_progress=lambda done, _, before=before: on_progress(
                    "choices", before + done, total
                ),
            )
            examples.extend(found)
    few_likes = [example for example in [*plain, *reduced] if example.group == "few likes"]
    return PastChoices(plain=plain, as_new=as_new, few_likes=few_likes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaseFit:
    """Holds the weights of the sources."""

    sources: tuple[str, ...]
    weights: HeadWeights


def choose_weights(
    choices: PastChoices, *, sources: Sequence[str], with_sequence: bool
) -> tuple[BaseFit, tuple[float, float, float] | None]:
    """Fits base weights; the sequence model joins if its gain is significant.

    Returns:
        The fit, and what the sequence model added with the ends of the interval; None without one.
    """
    plain, every = choices.plain, [*choices.plain, *choices.as_new]

    def fit_with(names: Sequence[str]) -> BaseFit:
        return BaseFit(sources=tuple(names), weights=fit_base_weights(every, sources=names))

    base = fit_with([name for name in sources if name != SequenceModel.name])
    if not with_sequence:
        return base, None
    wider = fit_with(sources)
    before, after = (
        example_ndcgs(plain, each.weights.held_out[: len(plain)]) for each in (base, wider)
    )
    gain = interval(after - before, people=[example.user_id for example in plain])
    return (wider if gain[1] > 0 else base), gain


def tested_head(choices: PastChoices, base: BaseFit, *, prior: Head | None) -> Head:
    """Returns a head of these weights, tested for each group against what ranks without it.

    People with few likes have weights of their own.
    """
    every = [*choices.plain, *choices.as_new]
    tested = dict[Group, GroupTestResult]()
    for group in FULL_GROUPS:
        rows = [row for row, example in enumerate(every) if example.group == group]
        examples, held_out = [every[row] for row in rows], [base.weights.held_out[r] for r in rows]
        tested[group] = group_test_result(
            examples, held_out, before=_prior_scores(examples, prior, group)
        )
    head = Head(
        name="",
        tested=tested,
        sources=base.sources,
        shared=base.weights.shared,
        scenes=base.weights.scenes,
        told={"choices": str(len(choices.plain)), "penalties": base.weights.penalties},
    )
    few_likes = choices.few_likes
    try:
        weights = fit_base_weights(few_likes, sources=base.sources)
    except DataError:
        result = GroupTestResult(cases=len(few_likes), unserved="few cases")
        return replace(head, tested={**tested, "few likes": result})
    before = _prior_scores(few_likes, prior, "few likes")
    result = group_test_result(few_likes, weights.held_out, before=before)
    return replace(
        head,
        tested={**tested, "few likes": result},
        few_shared=weights.shared,
        few_scenes=weights.scenes,
    )


def _prior_scores(
    examples: Sequence[Example], prior: Head | None, group: Group
) -> list[Floats] | None:
    """Returns (n,) scores of each example by the prior; None where it does not rank."""
    weights = prior.of(group) if prior else None
    if weights is None:
        return None
    shared = np.asarray(weights.shared)
    return [columns(e.features, sources=weights.sources, cold=e.cold) @ shared for e in examples]


def source_gain(examples: Sequence[Example], held_out: Sequence[Floats]) -> SourceGain:
    """Compares held-out scores of a head with each source alone, among the same candidates."""
    people = [example.user_id for example in examples]
    head = example_ndcgs(examples, held_out)
    names = sorted({name for e in examples for scores in e.features for name in scores} - {"fused"})
    alone: Mapping[str, Floats] = {
        name: example_ndcgs(
            examples,
            [np.asarray([scores.get(name, 0.0) for scores in e.features]) for e in examples],
        )
        for name in names
    }
    popularity = alone.get("popularity", np.zeros(len(head)))
    best = max(names, key=lambda name: float(alone[name].mean()))
    return SourceGain(
        head=float(head.mean()),
        popularity=float(popularity.mean()),
        over_popularity=interval(head - popularity, people=people),
        best=best,
        best_alone=float(alone[best].mean()),
        over_best=interval(head - alone[best], people=people),
    )


async def transfer_map(
    backtest: Backtest, *, passes: int, people: int, on_progress: OnStage
) -> TransferMap | None:
    """Fits the transfer map; None where there is only one scene, or nobody has been in two."""
    if len(await backtest.index.scenes()) < 2:
        return None
    past = await transfer_choices(
        backtest_questions(backtest.data, passes=passes, most=people),
        backtest=backtest,
        on_progress=partial(on_progress, "transfer"),
    )
    pairs = await scene_pairs(backtest.index, backtest.data.events)
    return await to_thread.run_sync(lambda: fit_transfer(past, scenes=pairs))
