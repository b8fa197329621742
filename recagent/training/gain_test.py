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
from recagent.training.shrinkage import Labels, ShrunkMeans, shrunk_means
from recagent.training.transfer_examples import PastChoice

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FEWEST = 20  # people, below which a group is not judged by itself
_Z95 = 1.96  # standard errors to the end of a 95% interval
_Z = 2.24  # and of a 97.5% interval: two readings that must both hold share the 5% (Bonferroni)
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
    """Holds mean gains of a group in two readings, with the lower ends of their 97.5% intervals.

    Both are drawn towards those of groups like it; without cases they are what such groups have.

    Attributes:
        gain: in log likelihood.
        ndcg: in nDCG@10.
    """

    cases: int
    gain: float
    low: float
    ndcg: float
    ndcg_low: float

    @property
    def helps(self) -> bool:
        """Says whether both gains are significantly above zero."""
        return self.low > 0 and self.ndcg_low > 0


def gains_by_group(
    gains: HeldOutGains, groups: Sequence[Labels], *, wanted: Sequence[Labels]
) -> dict[Labels, TestedGain]:
    """Returns the gain of each wanted group of cases, also of those with too few people.

    Args:
        gains: of cases, (n,).
        groups: of each case, (n,).
        wanted: those that are returned.
    """
    rows: dict[Labels, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    people = {group: [gains.people[row] for row in own] for group, own in rows.items()}
    measured = [group for group in rows if len(set(people[group])) >= FEWEST]
    if not measured:
        return {
            group: TestedGain(cases=0, gain=0.0, low=0.0, ndcg=0.0, ndcg_low=0.0)
            for group in wanted
        }
    readings: list[ShrunkMeans] = []
    for values in (gains.likelihood, gains.ndcg):
        ends = [interval(values[rows[group]], people=people[group]) for group in measured]
        means = np.asarray([mean for mean, _, _ in ends])
        errors = np.asarray([max((mean - low) / _Z95, _TINY) for mean, low, _ in ends])
        readings.append(shrunk_means(means, errors, measured=measured, wanted=wanted))
    (gain, low), (ndcg, ndcg_low) = (
        (each.means.tolist(), (each.means - _Z * each.errors).tolist()) for each in readings
    )
    return {
        group: TestedGain(
            cases=len(rows[group]) if group in measured else 0,
            gain=gain[at],
            low=low[at],
            ndcg=ndcg[at],
            ndcg_low=ndcg_low[at],
        )
        for at, group in enumerate(wanted)
    }
