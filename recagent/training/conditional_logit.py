"""Conditional logit: weights under which the chosen candidate of each pool is likely.

Each group of pools has its own weights, drawn towards weights that all share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pools:
    """Holds pools of candidates, one after the other.

    Attributes:
        columns: (rows, f) float64, a row for each candidate.
        starts: (pools,) row at which each pool begins, ascending from 0.
        chosen: (pools,) row of the candidate that was chosen.
        groups: (pools,) number of the group of each pool, from 0.
        offset: (rows,) float64, a score to add.
    """

    columns: Floats
    starts: Indices
    chosen: Indices
    groups: Indices
    offset: Floats

    def subset(self, indices: Indices) -> Pools:
        """Returns the pools at these indices."""
        ends = np.append(self.starts[1:], len(self.columns)).astype(np.intp)[indices]
        sizes = ends - self.starts[indices]
        starts = (np.cumsum(sizes) - sizes).astype(np.intp)
        shift = np.repeat(self.starts[indices] - starts, sizes)
        rows = np.arange(int(sizes.sum())) + shift
        return Pools(
            columns=self.columns[rows],
            starts=starts,
            chosen=starts + self.chosen[indices] - self.starts[indices],
            groups=self.groups[indices],
            offset=self.offset[rows],
        )

    def sizes(self) -> Indices:
        """Returns the (pools,) number of candidates in each."""
        return np.diff(np.append(self.starts, len(self.columns)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Holds ``shared`` (f,), and ``groups`` (g, f), the whole weights of each group."""

    shared: Floats
    groups: Floats

    def scores(self, pools: Pools) -> Floats:
        """Returns the (rows,) joint score of each candidate."""
        weights = self.groups[np.repeat(pools.groups, pools.sizes())]
        return pools.offset + np.einsum("ij,ij->i", pools.columns, weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """Holds ridge penalties above 0: of shared weights, and of groups' distance from them."""

    shared: float
    apart: float


_MAX_STEPS = 50
_MIN_GAIN = 1e-6  # of log likelihood that one more step would gain
_MIN_STEP = 1e-4  # of a step

PENALTIES = tuple(
    Penalty(shared=shared, apart=apart)
    for shared in (1.0, 10.0, 100.0)
    for apart in (100.0, 1000.0)
)


def fit_penalised(
    pools: Pools, *, groups: int, penalty: Penalty, start: Weights | None = None
) -> Weights:
    """Returns the weights of highest penalised likelihood, by Newton's method with halved steps.

    The start does not change them; weights under another penalty make a faster one.

    Source: McFadden, "Conditional logit analysis of qualitative choice behavior", in Frontiers in
    Econometrics, 1974; Evgeniou and Pontil, "Regularized multi-task learning", KDD 2004, for the
    groups.
    """
    parts = [pools.subset(np.flatnonzero(pools.groups == group)) for group in range(groups)]
    f = pools.columns.shape[1]
    ridge = np.concatenate([np.full(f, penalty.shared), np.full(groups * f, penalty.apart)])
    flat = np.zeros(f + groups * f)
    if start is not None:
        flat = np.concatenate([start.shared, (start.groups - start.shared).ravel()])
    value, gradient, hessian = _derivatives(flat, parts, ridge)
    for _ in range(_MAX_STEPS):
        step = np.linalg.solve(hessian, gradient)
        gain, size = float(gradient @ step), 1.0
        if gain < _MIN_GAIN:
            break
        while _value(flat - size * step, parts, ridge) > value and size > _MIN_STEP:
            size /= 2
        flat = flat - size * step
        value, gradient, hessian = _derivatives(flat, parts, ridge)
    return Weights(shared=flat[:f], groups=flat[:f] + flat[f:].reshape(groups, f))


def _value(flat: Floats, parts: Sequence[Pools], ridge: Floats) -> float:
    """Returns the objective: minus the log likelihood, plus the ridge."""
    f = len(ridge) // (len(parts) + 1)
    total = 0.5 * float(ridge @ flat**2)
    for group, part in enumerate(parts):
        weights = flat[:f] + flat[f + group * f : 2 * f + group * f]
        logs, _ = log_softmax(part.offset + part.columns @ weights, part.starts)
        total -= float(logs[part.chosen].sum())
    return total


def _derivatives(
    flat: Floats, parts: Sequence[Pools], ridge: Floats
) -> tuple[float, Floats, Floats]:
    """Returns the objective, its gradient and its Hessian."""
    f = len(ridge) // (len(parts) + 1)
    value = 0.5 * float(ridge @ flat**2)
    gradient, hessian = ridge * flat, np.diag(ridge)
    for group, part in enumerate(parts):
        of_group = slice(f + group * f, 2 * f + group * f)
        logs, shares = log_softmax(
            part.offset + part.columns @ (flat[:f] + flat[of_group]), part.starts
        )
        value -= float(logs[part.chosen].sum())
        weighted = shares[:, None] * part.columns
        means = np.add.reduceat(weighted, part.starts) if len(part.starts) else weighted
        part_gradient = means.sum(axis=0) - part.columns[part.chosen].sum(axis=0)
        part_hessian = part.columns.T @ weighted - means.T @ means
        for rows in (slice(f), of_group):
            gradient[rows] += part_gradient
            for columns in (slice(f), of_group):
                hessian[rows, columns] += part_hessian
    return value, gradient, hessian


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossValidatedFit:
    """Is a fit, with fits without each fold by its number, for people of that fold."""

    weights: Weights
    without: Mapping[int, Weights]
    penalty: Penalty


def fit_logit(pools: Pools, *, groups: int, folds: Indices) -> CrossValidatedFit:
    """Fits under the penalty that makes held-out choices most likely.

    Args:
        pools: to be fitted.
        groups: how many there are.
        folds: (pools,) number of each pool's fold; all pools of a person are in one.
    """
    threads: Any = import_module("threadpoolctl")  # no stubs
    # The products are of few columns: BLAS threads only wait for each other, minutes on busy cores.
    with threads.threadpool_limits(1, "blas"):
        return _cross_validated(pools, groups=groups, folds=folds)


def _cross_validated(pools: Pools, *, groups: int, folds: Indices) -> CrossValidatedFit:
    trials: dict[Penalty, dict[int, Weights]] = {penalty: {} for penalty in PENALTIES}
    likelihoods = dict.fromkeys(PENALTIES, 0.0)
    numbers: list[int] = np.unique(folds).tolist()
    for number in numbers:  # one after the other: the pools of a fold are nearly all there are
        training = pools.subset(np.flatnonzero(folds != number))
        held_out = pools.subset(np.flatnonzero(folds == number))
        weights: Weights | None = None
        for penalty in PENALTIES:
            weights = fit_penalised(training, groups=groups, penalty=penalty, start=weights)
            logs, _ = log_softmax(weights.scores(held_out), held_out.starts)
            likelihoods[penalty] += float(logs[held_out.chosen].sum())
            trials[penalty][number] = weights
    penalty = max(likelihoods, key=likelihoods.__getitem__)
    return CrossValidatedFit(
        weights=fit_penalised(pools, groups=groups, penalty=penalty),
        without=trials[penalty],
        penalty=penalty,
    )


def log_softmax(scores: Floats, starts: Indices) -> tuple[Floats, Floats]:
    """Returns (rows,) log probability and probability of each candidate in its pool."""
    if not len(starts):
        return scores, scores
    sizes = np.diff(np.append(starts, len(scores)))
    centred = scores - np.repeat(np.maximum.reduceat(scores, starts), sizes)
    powers = np.exp(centred)
    totals = np.repeat(np.add.reduceat(powers, starts), sizes)
    return centred - np.log(totals), powers / totals


def stack_pools(
    columns: Sequence[Floats],
    chosen: Sequence[int],
    *,
    groups: Sequence[int],
    offset: Sequence[Floats] = (),
) -> Pools:
    """Stacks pools of one (n, f) matrix each, with the row of the choice in it."""
    sizes = [len(matrix) for matrix in columns]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    stacked = np.concatenate(list(columns)).astype(np.float64)
    return Pools(
        columns=stacked,
        starts=starts,
        chosen=starts + np.asarray(chosen, dtype=np.intp),
        groups=np.asarray(groups, dtype=np.intp),
        offset=np.concatenate(list(offset)) if offset else np.zeros(len(stacked)),
    )
