"""Significance of differences: paired comparisons, correction for many, power, promotion gates.

``resampling`` draws persons and flips signs.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Case
from recagent.errors import DataError
from recagent.offline.data_set import ALL
from recagent.offline.resampling import (
    FLIPS,
    LEVEL,
    columns_by_rows,
    interval,
    intervals,
    person_codes,
    person_sums,
    sign_flip_p_values,
)
from recagent.offline.summaries import Comparison

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


_POWER = 0.8
_FEWEST = 8  # people, below which a gate would let more than 1 of 20 equals pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Holds the difference of two systems on the same cases, before any correction.

    Attributes:
        delta: mean of new minus base, over cases.
        low: of the 95% interval of ``delta``; NaN for fewer than two people.
        p: of the two-sided paired randomisation test.
        deviation: standard deviation over people of what each adds to ``delta`` (for one case each,
            of their differences); NaN for fewer than two people.
    """

    cases: int
    people: int
    delta: float
    low: float
    high: float
    p: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """Is the difference of two systems in a scene; the main one is not corrected for others."""

    base: str
    new: str
    scene: str
    measure: str
    difference: Difference
    is_main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionGate:
    """Says whether a new system is good enough to replace the base.

    Attributes:
        improvement: mean of new minus base; of base minus new where lower is better.
        bound: lower end of the interval of ``improvement``.
        min_delta: that ``bound`` must reach.
    """

    cases: int
    people: int
    improvement: float
    bound: float
    min_delta: float
    passed: bool


def compare(base: Floats, new: Floats, *, people: Sequence[Hashable]) -> Difference:
    """Compares new with base, where both have a value.

    Args:
        base: values of cases, (n,) float64, NaN where there is none.
        new: values of the same cases.
        people: whose case each is.

    Source: Smucker, Allan and Carterette, "A comparison of statistical significance tests for
    information retrieval evaluation", CIKM 2007 (randomisation test); ``interval`` for the rest.
    """
    return differences((new - base)[:, None], people=people)[0]


def differences(
    deltas: Floats, *, people: Sequence[Hashable], flips: int = FLIPS
) -> list[Difference]:
    """``compare`` of each column of per-case differences (n, m), which share their resamples."""
    means, lows, highs = intervals(deltas, people=people)
    by_column: dict[int, Difference] = {}
    for columns, mask in columns_by_rows(deltas):
        rows, codes, n = person_codes(people, mask)
        sums = person_sums(deltas[np.ix_(rows, columns)], codes, n)
        counts = np.bincount(codes, minlength=n)
        p_values = sign_flip_p_values(sums, flips=flips)
        # What a person adds to a mean over cases: their differences from it, over cases per person.
        added = (sums - counts[:, None] * means[columns]) * (n / max(1, counts.sum()))
        deviations = added.std(axis=0, ddof=1) if n > 1 else np.full(len(columns), math.nan)
        for number, column in enumerate(columns.tolist()):
            by_column[column] = Difference(
                cases=len(rows),
                people=n,
                delta=float(means[column]),
                low=float(lows[column]),
                high=float(highs[column]),
                p=float(p_values[number]),
                deviation=float(deviations[number]),
            )
    return [by_column[column] for column in range(deltas.shape[1])]


def compare_all(
    values: Mapping[str, Floats],
    cases: Sequence[Case],
    *,
    measure: str,
    main: tuple[str, str] | None = None,
) -> tuple[Comparison, ...]:
    """Compares every pair of systems, in each scene and over all, with Holm's correction.

    The first of a pair is its base. Differences are new minus base, whether higher is better or
    not. A pair with fewer than two people in a scene is left out: one shows no spread.
    With a single scene, its numbers are those over all, and count as one comparison.

    Args:
        values: of each system, (n,) float64 as ``cases``; NaN where it has none.
        cases: that the values are of.
        measure: that they are.
        main: the new and the base system whose difference over all scenes was declared to be the
            question; it is tested at the full level, and the others are corrected without it.
    """
    pairs = [
        (main[1], main[0]) if main and {*pair} == {*main} else pair
        for pair in combinations(values, 2)
    ]
    scenes = list(dict.fromkeys(case.scene for case in cases))
    groups = [ALL, *scenes] if len(scenes) > 1 else [ALL]
    # So many flips that the smallest possible p is .025 after the correction.
    flips = max(FLIPS, 40 * len(pairs) * len(groups))
    paired: list[PairedDifference] = []
    for scene in groups:
        rows = [row for row, case in enumerate(cases) if scene in (ALL, case.scene)]
        if not pairs or not rows:
            continue
        deltas = np.stack([(values[new] - values[base])[rows] for base, new in pairs], axis=1)
        in_scene = differences(deltas, people=[cases[row].user_id for row in rows], flips=flips)
        paired += [
            PairedDifference(base=base, new=new, scene=scene, measure=measure,
                             difference=difference, is_main=scene == ALL and main == (new, base))
            for (base, new), difference in zip(pairs, in_scene, strict=True)
            if difference.people > 1
        ]  # fmt: skip
    corrected = holm_corrected(paired)
    if len(scenes) == 1:
        return tuple(replace(one, scene=name) for one in corrected for name in (ALL, *scenes))
    return corrected


def holm_corrected(paired: Sequence[PairedDifference]) -> tuple[Comparison, ...]:
    """Returns the comparisons, with Holm's correction over all of them but the main one."""
    others = [one.difference.p for one in paired if not one.is_main]
    adjusted = iter(holm(others))
    alpha = LEVEL / max(1, len(others))
    return tuple(
        Comparison(
            base=one.base,
            new=one.new,
            scene=one.scene,
            measure=one.measure,
            cases=one.difference.cases,
            people=one.difference.people,
            delta=one.difference.delta,
            low=one.difference.low,
            high=one.difference.high,
            p=one.difference.p,
            p_holm=one.difference.p if one.is_main else next(adjusted),
            detectable=detectable_difference(
                one.difference.deviation,
                n=one.difference.people,
                alpha=LEVEL if one.is_main else alpha,
            ),
            is_main=one.is_main,
        )
        for one in paired
    )


def promotion_gate(
    base: Floats,
    new: Floats,
    *,
    people: Sequence[Hashable],
    min_delta: float,
    higher_is_better: bool = True,
    gates: int = 1,
) -> PromotionGate:
    """Tests whether new improves on base by ``min_delta``, at the lower end of the 95% interval.

    With a ``min_delta`` below 0 this asks that new is not much worse (non-inferiority), with 0 that
    it is better. Where lower is better, what counts is base minus new: ``min_delta`` always speaks
    of an improvement. Of several gates that are checked together each gets 0.05 / ``gates``, so
    that all intervals together hold at 95% (Bonferroni).

    Raises:
        DataError: fewer than eight people have a value of both.

    Source: Piaggio, Elbourne, Pocock, Evans and Altman, "Reporting of noninferiority and
    equivalence randomized trials", JAMA 308(24), 2012.
    """
    better = new - base if higher_is_better else base - new
    mean, low, _ = interval(better, people=people, level=LEVEL / gates)
    answered = ~np.isnan(better)
    counted = person_codes(people, answered)[2]
    if counted < _FEWEST:
        raise DataError(
            "a gate needs cases of at least {fewest} people that both systems answered, but "
            "there are {people}; run more cases",
            fewest=_FEWEST,
            people=counted,
        )
    return PromotionGate(
        cases=int(answered.sum()),
        people=counted,
        improvement=mean,
        bound=low,
        min_delta=min_delta,
        passed=low >= min_delta,
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Returns p-values corrected for being tested together, in the given order; in [0, 1].

    statsmodels has it too, and would bring pandas.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.
    """
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, number in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[number]))
        adjusted[number] = highest
    return adjusted


def detectable_difference(deviation: float, *, n: int, alpha: float = LEVEL) -> float:
    """Returns the smallest true mean difference that n people show in 80 of 100 two-sided tests.

    (z(1 - alpha / 2) + z(0.8)) * deviation / sqrt(n), with z the quantiles of the standard normal.

    Source: Cohen, "Statistical power analysis for the behavioral sciences", second edition, 1988.
    """
    z = NormalDist().inv_cdf
    return (z(1 - alpha / 2) + z(_POWER)) * deviation / math.sqrt(n)
