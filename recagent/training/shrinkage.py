"""Means of many small groups, each drawn towards what groups like it have.

With many small groups, taking each by itself would leave out most that help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


Labels = tuple[str, ...]  # of a group: what it shares with others, "books" and "films"

_SMALL = 1e-9  # a variance below which groups do not differ
_STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkMeans:
    """Holds the posterior (groups,) means and standard errors."""

    means: Floats
    errors: Floats


def shrunk_means(
    means: Floats,
    errors: Floats,
    *,
    measured: Sequence[Labels],
    wanted: Sequence[Labels],
) -> ShrunkMeans:
    """Returns the true means of groups, as far as their own cases and groups like them tell.

    A true mean is taken for the sum of a mean of all, an effect of each of the group's labels, and
    one of its own, all normal; how far each kind of effect spreads is estimated by restricted
    likelihood. So a group is drawn to those that share a label with it, the more the fewer cases
    it has, and a group without cases has what its labels say.

    Args:
        means: of the measured groups, (n,).
        errors: their standard errors, (n,), above 0.
        measured: their labels, (n,), each as many.
        wanted: labels of the groups that are returned.

    Source: Efron and Morris, "Data analysis using Stein's estimator and its generalizations",
    Journal of the American Statistical Association 70, 1975; Henderson, "Best linear unbiased
    estimation and prediction under a selection model", Biometrics 31, 1975, for the effects;
    Patterson and Thompson, "Recovery of inter-block information when block sizes are unequal",
    Biometrika 58, 1971, for the likelihood.
    """
    size = max(float(means.std()), float(errors.mean()))
    y, e = means / size, errors / size
    kinds = _kinds(measured)
    x, x_wanted = _indicators(measured, kinds), _indicators(wanted, kinds)
    spreads = _spreads(y, e, x, sizes=[len(names) for _, names in kinds])
    effects, covariance, _ = _effects(y, e, x, spreads=spreads)
    row_of = {labels: row for row, labels in enumerate(measured)}
    rows = [row_of.get(labels) for labels in wanted]
    # A group without cases is known by its labels alone; of one that no group has, nothing is.
    said = np.asarray([0.0 if row is None else y[row] for row in rows])
    noise = np.asarray([0.0 if row is None else e[row] ** 2 for row in rows])
    own = np.full(len(rows), spreads[0][0])
    share = np.asarray([0.0 if row is None else 1.0 for row in rows]) * own / (own + noise)
    variance = np.where(share > 0, share * noise, own)
    variance += (1.0 - share) ** 2 * np.einsum("ij,jk,ik->i", x_wanted, covariance, x_wanted)
    for (at, names), spread in zip(kinds, spreads[1:], strict=True):
        unseen = np.asarray([labels[at] not in names for labels in wanted])
        variance += (1.0 - share) ** 2 * unseen * spread[0]
    expected = share * said + (1.0 - share) * (x_wanted @ effects)
    return ShrunkMeans(means=size * expected, errors=size * np.sqrt(variance))


def _spreads(y: Floats, e: Floats, x: Floats, *, sizes: Sequence[int]) -> list[Floats]:
    """Returns the likeliest variances: (1,) of own effects, and (labels,) of each kind's."""
    optimize: Any = import_module("scipy.optimize")  # half a second, no stubs

    def spreads(logs: Floats) -> list[Floats]:
        variances = np.exp(np.clip(logs, np.log(_SMALL), -np.log(_SMALL)))
        return [np.full(n, v) for n, v in zip((1, *sizes), variances.tolist(), strict=True)]

    def loss(logs: Floats) -> float:
        return _effects(y, e, x, spreads=spreads(logs))[2]

    start = np.full(1 + len(sizes), -1.0)
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": _STEPS})
    return spreads(found.x)


def _effects(
    y: Floats, e: Floats, x: Floats, *, spreads: Sequence[Floats]
) -> tuple[Floats, Floats, float]:
    """Returns the mean of all and the labels' effects, their covariance, minus the likelihood."""
    precision = 1.0 / (spreads[0] + e**2)
    prior = 1.0 / np.concatenate(spreads[1:]) if len(spreads) > 1 else np.zeros(0)
    system = (x.T * precision) @ x + np.diag(np.concatenate([[0.0], prior]))
    covariance = np.linalg.inv(system).astype(np.float64)
    pulled = x.T @ (precision * y)
    effects = covariance @ pulled
    determinants = np.linalg.slogdet(system)[1] - np.log(precision).sum() - np.log(prior).sum()
    loss = 0.5 * (determinants + precision @ y**2 - pulled @ effects)
    return effects, covariance, float(loss)


def _kinds(measured: Sequence[Labels]) -> list[tuple[int, list[str]]]:
    """Returns the places of labels that groups share, each with the labels that occur there.

    Of fewer than three labels nobody can say how far their effects spread.
    """
    found = [(at, sorted(set(names))) for at, names in enumerate(zip(*measured, strict=True))]
    return [(at, names) for at, names in found if 3 <= len(names) < len(measured)]


def _indicators(groups: Sequence[Labels], kinds: Sequence[tuple[int, list[str]]]) -> Floats:
    """Returns (groups, 1 + labels): a one, and which labels a group has."""
    parts = [np.ones((len(groups), 1))]
    parts += [
        np.asarray([[labels[at] == name for name in names] for labels in groups], dtype=np.float64)
        for at, names in kinds
    ]
    return np.hstack(parts)
