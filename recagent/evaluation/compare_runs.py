"""Compares two runs, or two systems of runs, on the same cases, and checks gates.

It reads finished runs; the tests themselves are in ``offline.significance``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Case
from recagent.errors import ConfigError, DataError
from recagent.evaluation.run_folder import Run, load_run
from recagent.offline.data_set import ALL
from recagent.offline.measures import SetMeasure, measure_named
from recagent.offline.significance import (
    PairedDifference,
    compare,
    holm_corrected,
    promotion_gate,
)
from recagent.offline.summaries import Comparison

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedGate:
    """Is one gate: whether ``new`` significantly improves on ``base`` by ``least``.

    Attributes:
        delta: mean improvement, over ``cases``.
        low: lower end of its interval, which counts.
    """

    measure: str
    base: str
    new: str
    cases: int
    delta: float
    low: float
    least: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Holds comparisons, and gates where minimums are set."""

    comparisons: tuple[Comparison, ...]
    gates: tuple[CheckedGate, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _RunSystem:
    run: Run
    system: str

    @property
    def name(self) -> str:
        return f"{self.run.folder.name}:{self.system}"

    def values(self) -> dict[str, Mapping[str, float | None]]:
        """Measures by case id, of the cases as they stand."""
        return {
            each.case: each.values
            for each in self.run.values
            if each.system == self.system and each.variant == ALL
        }


def compare_runs(
    base: str, new: str, *, measure: str = "", minimums: Mapping[str, float] | None = None
) -> RunComparison:
    """Compares ``new`` with ``base``; each is ``RUN`` or ``RUN:SYSTEM``.

    Two whole runs are compared by the systems that both have.

    Args:
        base: what is subtracted.
        new: what is to take its place.
        measure: by default the primary one of ``new``'s run, and those of ``minimums``.
        minimums: improvement that the interval must reach, by measure.

    Raises:
        DataError: no such run, cases that are not the same, or cases without a result.
        ConfigError: a system or measure that the runs do not have.
    """
    minimums = minimums or {}
    pairs = _pairs(_run_systems(base), _run_systems(new), base, new)
    cases = _same_cases(pairs[0][0].run, pairs[0][1].run)
    people = [case.user_id for case in cases]
    paired: list[PairedDifference] = []
    gates: list[CheckedGate] = []
    for name in dict.fromkeys([measure or pairs[0][1].run.summary.primary, *minimums]):
        for old, other in pairs:
            before, after = _values(old, name, cases), _values(other, name, cases)
            paired += _paired_differences(old, other, name, values=(before, after), cases=cases)
            if name in minimums:
                promotion = promotion_gate(
                    before,
                    after,
                    people=people,
                    min_delta=minimums[name],
                    higher_is_better=measure_named(name).higher_is_better,
                    gates=len(minimums) * len(pairs),
                )
                gates.append(
                    CheckedGate(
                        measure=name,
                        base=old.name,
                        new=other.name,
                        cases=promotion.cases,
                        delta=promotion.improvement,
                        low=promotion.bound,
                        least=promotion.min_delta,
                        passed=promotion.passed,
                    )
                )
    return RunComparison(comparisons=holm_corrected(paired), gates=tuple(gates))


def _run_systems(name: str) -> list[_RunSystem]:
    """Returns the systems that ``RUN`` or ``RUN:SYSTEM`` names."""
    folder, colon, system = name.rpartition(":")
    if not colon or Path(name).is_dir():
        folder, system = name, ""
    run = load_run(Path(folder))
    systems = run.summary.systems
    if system and system not in systems:
        raise ConfigError(
            "run {run!r} has no system {system!r}; its systems: {known}",
            run=folder,
            system=system,
            known=", ".join(map(repr, systems)),
        )
    return [_RunSystem(run=run, system=name) for name in ([system] if system else systems)]


def _pairs(
    bases: Sequence[_RunSystem], news: Sequence[_RunSystem], base: str, new: str
) -> list[tuple[_RunSystem, _RunSystem]]:
    """Pairs the systems to compare: one with one, or those that both runs have."""
    if len(bases) == len(news) == 1:
        return [(bases[0], news[0])]
    by_name = {side.system: side for side in bases}
    pairs = [(by_name[side.system], side) for side in news if side.system in by_name]
    if not pairs or bases[0].run.folder == news[0].run.folder:
        raise ConfigError(
            "{base!r} and {new!r} do not say which systems to compare; write RUN:SYSTEM, with "
            "one of {known}",
            base=base,
            new=new,
            known=", ".join(repr(side.system) for side in news),
        )
    return pairs


def _same_cases(base: Run, new: Run) -> list[Case]:
    """Returns the cases of both runs.

    Raises:
        DataError: they are not the same cases with the same candidates.
    """
    mine, theirs = base.cases, new.cases
    other = mine.keys() ^ theirs.keys()
    if other:
        raise DataError(
            "runs {base!r} and {new!r} do not have the same cases: {count} are in only one of "
            "them, for example {case!r}; run both with the same [cases]",
            base=str(base.folder),
            new=str(new.folder),
            count=len(other),
            case=min(other),
        )
    for name, case in mine.items():
        there = theirs[name]
        if (case.item_ids, case.judgments) != (there.item_ids, there.judgments):
            raise DataError(
                "case {case!r} has different candidates in {base!r} and {new!r}; run both with "
                "the same [cases]",
                case=name,
                base=str(base.folder),
                new=str(new.folder),
            )
    return list(mine.values())


def _values(system: _RunSystem, measure: str, cases: Sequence[Case]) -> Floats:
    """Returns the system's values of a measure, (n,) as ``cases``.

    Raises:
        ConfigError: the run did not measure it, or it is of a whole set.
        DataError: a case has no result.
    """
    if measure not in system.run.summary.measures:
        raise ConfigError(
            "run {run!r} did not measure {measure!r}; it measured {known}",
            run=str(system.run.folder),
            measure=measure,
            known=", ".join(system.run.summary.measures),
        )
    if isinstance(measure_named(measure), SetMeasure):
        raise ConfigError(
            "{measure!r} describes a whole run, so it cannot be compared case by case; leave it "
            "out",
            measure=measure,
        )
    values = system.values()
    missing = [case.id for case in cases if case.id not in values]
    if missing:
        raise DataError(
            "{run!r} has no result for {count} cases, for example {case!r}; run: recagent eval "
            "run --resume {folder} --retry-failed",
            run=system.name,
            count=len(missing),
            case=missing[0],
            folder=system.run.folder,
        )
    column = [values[case.id].get(measure) for case in cases]
    return np.array([math.nan if value is None else value for value in column])


def _paired_differences(
    base: _RunSystem, new: _RunSystem, measure: str, *, values: tuple[Floats, Floats],
    cases: Sequence[Case],
) -> list[PairedDifference]:  # fmt: skip
    """Returns the differences over all cases, and in every scene where there are several."""
    before, after = values
    scenes = sorted({case.scene for case in cases})
    paired: list[PairedDifference] = []
    for scene in [ALL, *(scenes if len(scenes) > 1 else [])]:
        rows = [row for row, case in enumerate(cases) if scene in (ALL, case.scene)]
        people = [cases[row].user_id for row in rows]
        difference = compare(before[rows], after[rows], people=people)
        paired.append(
            PairedDifference(
                base=base.name, new=new.name, scene=scene, measure=measure, difference=difference
            )
        )
    return paired
