"""Two runs, or two systems of runs, on the same cases: what differs, and whether a gate holds.

It reads finished runs; the tests themselves are in ``statistics``.
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
from recagent.evaluation.runs import Run, load_run
from recagent.offline.measures import SetMeasure
from recagent.offline.measures import measure as measure_of
from recagent.offline.models import ALL, Comparison
from recagent.offline.resampling import LEVEL
from recagent.offline.tests import Difference, PromotionGate, compare, detectable, gate, holm

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """One gate: whether ``new`` surely keeps ``least`` of improvement over ``base``.

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
class Compared:
    """What a comparison found; without minimums there are no gates."""

    comparisons: tuple[Comparison, ...]
    gates: tuple[JudgedPair, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
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


def compare_sides(
    base: str, new: str, *, measure: str = "", minimums: Mapping[str, float] | None = None
) -> Compared:
    """Compare ``new`` with ``base``; each is ``RUN`` or ``RUN:SYSTEM``.

    Two whole runs are compared by the systems that both have.

    Args:
        base: what is subtracted.
        new: what is to take its place.
        measure: by default the primary one of ``new``'s run, and those of ``minimums``.
        minimums: improvement that must be certain, by measure.

    Raises:
        DataError: no such run, cases that are not the same, or cases without a result.
        ConfigError: a system or measure that the runs do not have.
    """
    least = dict(minimums or {})
    pairs = _pairs(_sides(base), _sides(new), base, new)
    cases = _same_cases(pairs[0][0].run, pairs[0][1].run)
    wanted = dict.fromkeys([measure or pairs[0][1].run.summary.primary, *least])
    people = [case.user_id for case in cases]
    made: list[tuple[_Side, _Side, str, str, Difference]] = []
    gates: list[JudgedPair] = []
    for name in wanted:
        for old, other in pairs:
            before, after = (_column(side, name, cases) for side in (old, other))
            made += [
                (old, other, name, scene, found)
                for scene, found in _differences(before, after, cases).items()
            ]
            if name in least:
                found = gate(
                    before,
                    after,
                    people=people,
                    min_delta=least[name],
                    higher_is_better=measure_of(name).higher_is_better,
                    gates=len(least) * len(pairs),
                )
                gates.append(_judged(found, name, old, other))
    return Compared(comparisons=_corrected(made), gates=tuple(gates))


def _sides(where: str) -> list[_Side]:
    """The systems that ``RUN`` or ``RUN:SYSTEM`` names."""
    folder, colon, system = where.rpartition(":")
    if not colon or Path(where).is_dir():
        folder, system = where, ""
    run = load_run(Path(folder))
    systems = run.summary.systems
    if system and system not in systems:
        raise ConfigError(
            f"run {folder!r} has no system {system!r}; it has {', '.join(map(repr, systems))}"
        )
    return [_Side(run=run, system=name) for name in ([system] if system else systems)]


def _pairs(
    bases: Sequence[_Side], news: Sequence[_Side], base: str, new: str
) -> list[tuple[_Side, _Side]]:
    """What is compared with what: one with one, or the systems that both runs have."""
    if len(bases) == len(news) == 1:
        return [(bases[0], news[0])]
    by_name = {side.system: side for side in bases}
    pairs = [(by_name[side.system], side) for side in news if side.system in by_name]
    if not pairs or bases[0].run.folder == news[0].run.folder:
        raise ConfigError(
            f"{base!r} and {new!r} do not say which systems are meant; write RUN:SYSTEM, with one "
            f"of {', '.join(repr(side.system) for side in news)}"
        )
    return pairs


def _same_cases(base: Run, new: Run) -> list[Case]:
    """The cases of both runs.

    Raises:
        DataError: they are not the same cases with the same candidates.
    """
    mine, theirs = base.cases, new.cases
    other = mine.keys() ^ theirs.keys()
    if other:
        raise DataError(
            f"runs {str(base.folder)!r} and {str(new.folder)!r} do not ask the same cases: "
            f"{len(other)} are in one only, {min(other)!r} say; run both with the same [cases]"
        )
    for name, case in mine.items():
        there = theirs[name]
        if (case.item_ids, case.judgments) != (there.item_ids, there.judgments):
            raise DataError(
                f"case {name!r} has other candidates in {str(base.folder)!r} than in "
                f"{str(new.folder)!r}; run both with the same [cases]"
            )
    return list(mine.values())


def _column(side: _Side, measure: str, cases: Sequence[Case]) -> Floats:
    """The side's values of a measure, (n,) as ``cases``.

    Raises:
        ConfigError: the run did not measure it, or it is of a whole set.
        DataError: a case has no result.
    """
    if measure not in side.run.summary.measures:
        raise ConfigError(
            f"run {str(side.run.folder)!r} did not measure {measure!r}; it has "
            f"{', '.join(side.run.summary.measures)}"
        )
    if isinstance(measure_of(measure), SetMeasure):
        raise ConfigError(
            f"{measure!r} is of a whole run, so there is nothing to pair; leave it out"
        )
    values = side.values()
    missing = [case.id for case in cases if case.id not in values]
    if missing:
        raise DataError(
            f"{side.name!r} has no result for {len(missing)} cases, {missing[0]!r} say: "
            f"recagent eval run --resume {side.run.folder} --retry-failed"
        )
    found = [values[case.id].get(measure) for case in cases]
    return np.array([math.nan if value is None else value for value in found])


def _differences(before: Floats, after: Floats, cases: Sequence[Case]) -> dict[str, Difference]:
    """Over all cases and in every scene of several."""
    scenes = sorted({case.scene for case in cases})
    found: dict[str, Difference] = {}
    for scene in [ALL, *(scenes if len(scenes) > 1 else [])]:
        rows = [at for at, case in enumerate(cases) if scene in (ALL, case.scene)]
        found[scene] = compare(before[rows], after[rows], people=[cases[at].user_id for at in rows])
    return found


def _corrected(
    made: Sequence[tuple[_Side, _Side, str, str, Difference]],
) -> tuple[Comparison, ...]:
    """Comparisons with Holm's correction over all of them."""
    adjusted = holm([found.p for *_, found in made])
    alpha = LEVEL / len(made)
    return tuple(
        Comparison(
            base=old.name,
            new=other.name,
            scene=scene,
            measure=name,
            cases=found.cases,
            people=found.people,
            delta=found.delta,
            low=found.low,
            high=found.high,
            p=found.p,
            p_holm=p_holm,
            detectable=detectable(found.deviation, n=found.people, alpha=alpha),
        )
        for (old, other, name, scene, found), p_holm in zip(made, adjusted, strict=True)
    )


def _judged(found: PromotionGate, measure: str, old: _Side, other: _Side) -> JudgedPair:
    return JudgedPair(
        measure=measure,
        base=old.name,
        new=other.name,
        cases=found.cases,
        delta=found.improvement,
        low=found.bound,
        least=found.min_delta,
        passed=found.passed,
    )
