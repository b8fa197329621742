"""Bootstrap intervals and randomisation tests over people, many at once.

``significance`` compares systems by them. People are the independent unit: several cases
may be of one person, and what is resampled is persons with all of their cases.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from importlib import import_module
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats, Indices


LEVEL = 0.05
RESAMPLES = 5_000
FLIPS = 9_999
SEED = 20_261_101
BATCH = 250  # resamples at a time: 12 MB for 6,000 people


def interval(
    values: Floats, *, people: Sequence[Hashable], level: float = LEVEL
) -> tuple[float, float, float]:
    """Returns the mean of the values, and the ends of its bootstrap interval, without NaNs.

    Persons are drawn with replacement, 5,000 times with a fixed seed. The ends are percentiles, at
    a level that is stricter for few people, where percentiles are too narrow. Without values
    all three are NaN; for one person the ends are, since one shows no spread.

    Args:
        values: of cases, (n,) float64.
        people: whose case each is.
        level: that the interval misses the true mean at; 0.05 for a 95% interval.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13; expanded
    percentiles: Hesterberg, "What teachers should know about the bootstrap", The American
    Statistician 69(4), 2015.
    """
    mean, low, high = intervals(values[:, None], people=people, level=level)
    return float(mean[0]), float(low[0]), float(high[0])


def intervals(
    values: Floats, *, people: Sequence[Hashable], level: float = LEVEL
) -> tuple[Floats, Floats, Floats]:
    """Returns ``interval`` of each column of values (n, m), with shared resamples; (m,) each.

    scipy.stats.bootstrap draws the same, for one column at a time: for a run of 6,000 people and
    hundreds of columns that is minutes, where drawing once and multiplying matrices is seconds.
    """
    ends = np.full((3, values.shape[1]), math.nan)
    for columns, mask in columns_by_rows(values):
        rows, codes, n = person_codes(people, mask)
        if n == 0:
            continue
        sums, counts = person_sums(values[np.ix_(rows, columns)], codes, n), np.bincount(codes)
        ends[0, columns] = sums.sum(axis=0) / counts.sum()
        if n > 1:
            means = np.concatenate(
                [(drawn @ sums) / (drawn @ counts)[:, None] for drawn in _resamples(n)]
            )
            tail = expanded_level(level, n=n) / 2
            ends[1:, columns] = np.quantile(means, [tail, 1 - tail], axis=0)
    return ends[0], ends[1], ends[2]


def ratio_interval(
    above: Floats, below: Floats, *, people: Sequence[Hashable], level: float = LEVEL
) -> tuple[float, float, float]:
    """Returns the sum of ``above`` over that of ``below``, (n,) each, and its interval.

    All three are NaN where ``below`` sums to 0.
    """
    rows, codes, n = person_codes(people, np.isfinite(above) & np.isfinite(below))
    sums = person_sums(np.stack([above, below], axis=1)[rows], codes, n)
    total = sums.sum(axis=0)
    if not total[1]:
        return math.nan, math.nan, math.nan
    if n < 2:
        return float(total[0] / total[1]), math.nan, math.nan
    drawn = np.concatenate([each @ sums for each in _resamples(n)])
    drawn = drawn[drawn[:, 1] > 0]
    tail = expanded_level(level, n=n) / 2
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [tail, 1 - tail])
    return float(total[0] / total[1]), float(low), float(high)


def expanded_level(level: float, *, n: int) -> float:
    """Returns the level at which percentiles of n people's resamples really have ``level``.

    Resamples spread by sqrt((n - 1) / n) too little, and normal where Student's t would be right.
    """
    special: Any = import_module("scipy.special")
    t: float = special.stdtrit(n - 1, level / 2)
    return 2 * NormalDist().cdf(math.sqrt(n / (n - 1)) * t)


def columns_by_rows(values: Floats) -> Iterator[tuple[Indices, Flags]]:
    """Yields columns with values in the same rows, and these rows; they can share resamples."""
    missing = np.isnan(values)
    groups: dict[bytes, list[int]] = {}
    for column in range(values.shape[1]):
        groups.setdefault(missing[:, column].tobytes(), []).append(column)
    for columns in groups.values():
        yield np.array(columns, dtype=np.intp), ~missing[:, columns[0]]


def person_codes(people: Sequence[Hashable], mask: Flags) -> tuple[Indices, Indices, int]:
    """Returns kept rows, the person of each as a number from 0, and the number of persons."""
    numbers: dict[Hashable, int] = {}
    rows = np.flatnonzero(mask)
    codes = [numbers.setdefault(people[row], len(numbers)) for row in rows]
    return rows, np.array(codes, dtype=np.intp), len(numbers)


def person_sums(values: Floats, codes: Indices, n: int) -> Floats:
    """Returns the sum of each column over each person's rows, (n, m)."""
    sums = np.zeros((n, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def _resamples(n: int) -> Iterator[Floats]:
    """Yields how often each of n persons is drawn, a resample a row, in batches of rows.

    The draws are those of scipy.stats.bootstrap with this seed and batch.
    """
    random = np.random.default_rng(SEED)
    for start in range(0, RESAMPLES, BATCH):
        size = min(BATCH, RESAMPLES - start)
        drawn = random.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def sign_flip_p_values(sums: Floats, *, flips: int = FLIPS) -> Floats:
    """Returns the two-sided p of each column of per-person sums (n, m), by flipped signs.

    It uses all flips where there are at most ``flips``, else so many of them at random, with the
    observed one counted among these. scipy.stats.permutation_test does the same for one column at
    a time.

    Source: Phipson and Smyth, "Permutation p-values should never be zero", Statistical Applications
    in Genetics and Molecular Biology 9(1), 2010.
    """
    n = sums.shape[0]
    exact = 2**n <= flips
    reached = np.abs(sums.sum(axis=0))
    # Sums of the same terms in another order differ in their last digits: these still reach it.
    reached = reached - 1e-12 * np.abs(sums).sum(axis=0)
    further = np.zeros(sums.shape[1])
    total = 0
    for signs in _all_signs(n) if exact else _signs(n, flips):
        further += (np.abs(signs @ sums) >= reached).sum(axis=0)
        total += len(signs)
    return further / total if exact else (further + 1) / (total + 1)


def _all_signs(n: int) -> Iterator[Floats]:
    numbers = np.arange(2**n, dtype=np.int64)[:, None]
    yield np.where((numbers >> np.arange(n, dtype=np.int64)) & 1, 1.0, -1.0)


def _signs(n: int, flips: int) -> Iterator[Floats]:
    random = np.random.default_rng(SEED)
    for start in range(0, flips, BATCH):
        size = min(BATCH, flips - start)
        drawn = np.frombuffer(random.bytes(size * (n // 8 + 1)), np.uint8).reshape(size, -1)
        yield np.where(np.unpackbits(drawn, axis=1)[:, :n], 1.0, -1.0)
