"""Tests what some evidence adds for each group of choices, on held-out people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.resampling import interval
from recagent.training.conditional_logit import fit_logit, log_softmax, stack_pools
from recagent.training.gates import ndcg
from recagent.training.head_weights import fold_of
from recagent.training.transfer_examples import PastChoice

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FEWEST = 20  # people, below which a group is not judged by itself
_Z = 1.96  # standard errors to the end of a 95% interval
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutGains:
    """Holds what evidence adds to each choice, by weights that never saw the person."""

    people: Sequence[str]
    likelihood: Floats
    ndcg: Floats


def held_out_gains(
    past_choices: Sequence[PastChoice],
    without: Sequence[Floats],
    added: Sequence[Floats],
    *,
    groups: Sequence[str],
) -> HeldOutGains:
    """Returns what ``added`` columns gain over ``without``, (n, f) each; weights by group."""
    likelihoods, ndcgs = zip(
        *(_held_out_quality(past_choices, scores, groups=groups) for scores in (without, added)),
        strict=True,
    )
    return HeldOutGains(
        people=[choice.user_id for choice in past_choices],
        likelihood=likelihoods[1] - likelihoods[0],
        ndcg=ndcgs[1] - ndcgs[0],
    )


def _held_out_quality(
    past_choices: Sequence[PastChoice], columns: Sequence[Floats], *, groups: Sequence[str]
) -> tuple[Floats, Floats]:
    """Returns log likelihood and nDCG@10 of each choice, by weights that never saw the person."""
    numbers_of = {name: number for number, name in enumerate(sorted(set(groups)))}
    numbers = [numbers_of[name] for name in groups]
    folds = np.asarray([fold_of(choice.user_id) for choice in past_choices])
    pools = stack_pools(columns, [choice.chosen for choice in past_choices], groups=numbers)
    trained = fit_logit(pools, groups=len(numbers_of), folds=folds)
    scores = [
        matrix @ trained.without.get(fold, trained.weights).groups[group]
        for matrix, fold, group in zip(columns, folds.tolist(), numbers, strict=True)
    ]
    logs, _ = log_softmax(np.concatenate(scores), pools.starts)
    ndcgs = [ndcg(one, choice.chosen) for one, choice in zip(scores, past_choices, strict=True)]
    return logs[pools.chosen], np.asarray(ndcgs)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedGain:
    """Holds mean gains of some cases; ``low`` ends the 95% interval of the gain in likelihood."""

    cases: int
    gain: float
    low: float
    ndcg: float


def gains_by_group(
    gains: HeldOutGains, names: Sequence[str]
) -> tuple[dict[str, TestedGain], TestedGain]:
    """Returns the gain of each group of cases, and the expected gain of any other group.

    A group's mean is drawn to the mean of all groups, the more the fewer its cases and the less
    groups differ: with many small groups, taking each by itself would leave out most that help.

    Source: Efron and Morris, "Data analysis using Stein's estimator and its generalizations",
    Journal of the American Statistical Association 70, 1975, with the spread between groups
    estimated from the data.
    """
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    people = {name: [gains.people[row] for row in group] for name, group in rows.items()}
    measured = [name for name in rows if len(set(people[name])) >= FEWEST]
    if not measured:
        return {}, TestedGain(cases=0, gain=0.0, low=0.0, ndcg=0.0)
    means_and_ends = [
        interval(gains.likelihood[rows[name]], people=people[name]) for name in measured
    ]
    means = np.asarray([mean for mean, _, _ in means_and_ends])
    errors = np.asarray([max((mean - low) / _Z, _TINY) for mean, low, _ in means_and_ends])
    between = _between(means, errors)
    precision = 1.0 / (errors**2 + between)
    centre = float(precision @ means / precision.sum())
    centre_variance = float(1.0 / precision.sum())
    share = between / (errors**2 + between)  # of a group's own mean
    shrunk = share * means + (1.0 - share) * centre
    lows = shrunk - _Z * np.sqrt(share * errors**2 + (1.0 - share) ** 2 * centre_variance)
    by_group = {
        name: TestedGain(
            cases=len(rows[name]),
            gain=float(gain),
            low=float(low),
            ndcg=float(gains.ndcg[rows[name]].mean()),
        )
        for name, gain, low in zip(measured, shrunk, lows, strict=True)
    }
    low = centre - _Z * float(np.sqrt(between + centre_variance))
    return by_group, TestedGain(cases=0, gain=centre, low=low, ndcg=float(gains.ndcg.mean()))


def _between(means: Floats, errors: Floats) -> float:
    """Returns the variance of the groups' true means, from (n,) means and standard errors.

    Source: DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7,
    1986.
    """
    precision = 1.0 / errors**2
    centre = precision @ means / precision.sum()
    heterogeneity = float(precision @ (means - centre) ** 2)
    freedom = precision.sum() - (precision**2).sum() / precision.sum()
    return max(0.0, (heterogeneity - (len(means) - 1)) / freedom) if freedom > 0 else 0.0
