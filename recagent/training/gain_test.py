"""What some evidence surely adds, group by group, on people whom no weight has seen.

What the groups and the evidence are is ``transfer``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.resampling import interval
from recagent.training.fitting import fold
from recagent.training.gating import ndcg
from recagent.training.logit import fitted, log_softmax, pools_of
from recagent.training.transfer_examples import PastChoice

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FEWEST = 20  # people, below which a group is not judged by itself
_Z = 1.96  # standard errors to the end of a 95% interval
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class GainTest:
    """What some evidence adds over less, choice by choice, by weights that never saw the person."""

    people: Sequence[str]
    likely: Floats
    ndcg: Floats


def tried(
    those: Sequence[PastChoice],
    without: Sequence[Floats],
    added: Sequence[Floats],
    *,
    groups: Sequence[str],
) -> GainTest:
    """What ``added`` scores, (n,) for each choice, gain over ``without``; weights by group."""
    likely, reached = zip(
        *(_held(those, scores, groups=groups) for scores in (without, added)), strict=True
    )
    return GainTest(
        people=[each.user_id for each in those],
        likely=likely[1] - likely[0],
        ndcg=reached[1] - reached[0],
    )


def _held(
    those: Sequence[PastChoice], columns: Sequence[Floats], *, groups: Sequence[str]
) -> tuple[Floats, Floats]:
    """Log likelihood and nDCG@10 of each choice, by weights that never saw the person."""
    names = {name: at for at, name in enumerate(sorted(set(groups)))}
    numbers = [names[name] for name in groups]
    folds = np.asarray([fold(each.user_id) for each in those])
    pools = pools_of(columns, [each.chosen for each in those], groups=numbers)
    trained = fitted(pools, groups=len(names), folds=folds)
    scores = [
        matrix @ trained.without.get(at, trained.weights).groups[group]
        for matrix, at, group in zip(columns, folds.tolist(), numbers, strict=True)
    ]
    logs, _ = log_softmax(np.concatenate(scores), pools.starts)
    reached = [ndcg(own, each.chosen) for own, each in zip(scores, those, strict=True)]
    return logs[pools.chosen], np.asarray(reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedGain:
    """Mean gains of some cases, and the lower end of the 95% interval of that in likelihood."""

    cases: int
    gain: float
    low: float
    ndcg: float


def judged(gains: GainTest, names: Sequence[str]) -> tuple[dict[str, TestedGain], TestedGain]:
    """What each group of cases gains, and what one that is not there is expected to.

    A group's mean is drawn to the mean of all groups, the more the fewer its cases and the less
    groups differ: with many small groups, taking each by itself would leave out most that help.

    Source: Efron and Morris, "Data analysis using Stein's estimator and its generalizations",
    Journal of the American Statistical Association 70, 1975, with the spread between groups
    estimated from the data.
    """
    rows: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        rows.setdefault(name, []).append(at)
    people = {name: [gains.people[at] for at in own] for name, own in rows.items()}
    measured = [name for name in rows if len(set(people[name])) >= FEWEST]
    if not measured:
        return {}, TestedGain(cases=0, gain=0.0, low=0.0, ndcg=0.0)
    found = [interval(gains.likely[rows[name]], people=people[name]) for name in measured]
    means = np.asarray([mean for mean, _, _ in found])
    errors = np.asarray([max((mean - low) / _Z, _TINY) for mean, low, _ in found])
    between = _between(means, errors)
    sure = 1.0 / (errors**2 + between)
    centre, of_centre = float(sure @ means / sure.sum()), float(1.0 / sure.sum())
    kept = between / (errors**2 + between)  # share of a group's own mean
    drawn = kept * means + (1.0 - kept) * centre
    lows = drawn - _Z * np.sqrt(kept * errors**2 + (1.0 - kept) ** 2 * of_centre)
    of = {
        name: TestedGain(
            cases=len(rows[name]),
            gain=float(gain),
            low=float(low),
            ndcg=float(gains.ndcg[rows[name]].mean()),
        )
        for name, gain, low in zip(measured, drawn, lows, strict=True)
    }
    low = centre - _Z * float(np.sqrt(between + of_centre))
    return of, TestedGain(cases=0, gain=centre, low=low, ndcg=float(gains.ndcg.mean()))


def _between(means: Floats, errors: Floats) -> float:
    """Variance of the groups' true means, from (n,) measured ones and their standard errors.

    Source: DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7,
    1986.
    """
    sure = 1.0 / errors**2
    centre = sure @ means / sure.sum()
    heterogeneity = float(sure @ (means - centre) ** 2)
    freedom = sure.sum() - (sure**2).sum() / sure.sum()
    return max(0.0, (heterogeneity - (len(means) - 1)) / freedom) if freedom > 0 else 0.0
