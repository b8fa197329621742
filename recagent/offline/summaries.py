"""Numbers of a run: aggregates, comparisons, costs and audits, as ``summary.json`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from recagent.domain import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Mean of one measure for one system in one scene, with its 95% interval.

    Attributes:
        scene: ``ALL`` for all scenes together.
        cases: how many the mean is over.
        low: of the interval; None for measures of a whole set (coverage, ECE).
    """

    system: str
    scene: str
    measure: str
    cases: int
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two systems on the same cases.

    Attributes:
        base: the one that is subtracted.
        scene: ``ALL`` for all scenes together.
        cases: how many both answered.
        people: how many different people those are of; they are what is resampled.
        delta: mean of new minus base.
        low: of the 95% bootstrap interval of ``delta``.
        p: of the two-sided paired randomisation test.
        p_holm: corrected for all comparisons that were made together.
        is_main: whether it was declared to be the one that is asked about: then ``p_holm`` is
            ``p``, and the others are corrected among themselves.
        detectable: smallest true difference that so many cases show in 80 of 100 experiments, at
            the level that the correction leaves.
    """

    base: str
    new: str
    scene: str
    measure: str
    cases: int
    people: int
    delta: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float
    is_main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Holds the costs of one system over a run."""

    system: str
    results: int
    failed: int
    calls: int
    cached: int
    usage: Usage
    cost: float
    repairs: int
    invalid: int
    seconds_median: float
    seconds_p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSensitivity:
    """Says how much a system's answer depends on the order in which candidates are listed.

    Attributes:
        cases: how many were asked in several orders.
        orders: how many orders, the frozen one included.
        tau: mean Kendall rank correlation between the orders' rankings, -1 to 1.
        same_top: share of pairs of orders that agree on the first item.
        spread: mean over cases of the standard deviation of the primary measure over the orders.
        first: share of answers whose first item was listed at each place, (pool,).
    """

    system: str
    cases: int
    orders: int
    tau: float
    same_top: float
    spread: float
    first: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorisation:
    """Says how much of a system's lift over random stays when it cannot recognise titles or people.

    Attributes:
        cases: how many were asked all three ways.
        plain: mean primary measure of the cases as they stand.
        masked: with candidates' titles masked.
        swapped: with the history of another person.
        random: expected value of a random order.
        kept_masked: (masked - random) / (plain - random); None where plain does not significantly
            beat random (95% interval of the lift).
        kept_swapped: likewise.
    """

    system: str
    cases: int
    plain: float
    masked: float
    swapped: float
    random: float
    kept_masked: float | None
    kept_swapped: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """One of ten equal-mass bins: mean probability and share that was relevant."""

    system: str
    probability: float
    observed: float
    candidates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generalisation:
    """Says how a choice of system on some scenes holds in another.

    Attributes:
        system: that is best on average over all other scenes.
        best: system that is best in ``scene`` itself.
        gap: primary measure of ``best`` minus that of ``system``, in ``scene``; 0 or more.
    """

    scene: str
    system: str
    best: str
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Holds all aggregated numbers of a run; ``summary.json``.

    Attributes:
        primary: the measure that decides comparisons, audits and generalisation.
        reference: the system that plots subtract.
        candidates: in a case; 0 where the whole catalogue is ranked.
        comparisons: every pair of systems in every scene and over all, by the primary measure.
    """

    primary: str
    reference: str
    candidates: int
    systems: tuple[str, ...]
    scenes: tuple[str, ...]
    measures: tuple[str, ...]
    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    costs: tuple[Cost, ...]
    orders: tuple[OrderSensitivity, ...] = ()
    memorisation: tuple[Memorisation, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    generalisation: tuple[Generalisation, ...] = ()
    failed: int = 0
