"""From a run's results to everything that its numbers say.

Not the run, not its folder, and not how its numbers are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from recagent.domain import Case, Usage
from recagent.errors import ConfigError, DataError
from recagent.evaluation.aggregates import AnsweredCase, cells_of
from recagent.evaluation.answers import answer
from recagent.evaluation.audits import (
    as_listed,
    generalisation,
    memorisation,
    order_sensitivity,
)
from recagent.offline.measures import PerCase, SetMeasure, case_values, measure, reliability
from recagent.offline.models import ALL, Cost, Result, Shelf, Summary, Values
from recagent.offline.tests import compare_all


def summarise(
    cases: Sequence[Case],
    results: Sequence[Result],
    *,
    shelf: Shelf,
    measures: Sequence[str],
    primary: str,
    reference: str,
    main: tuple[str, str] | None = None,
    temperature: float = 1.5,
) -> tuple[list[Values], Summary]:
    """Per-case values of every result without an error, and the summary of all.

    Systems stand in the order of their first result. In comparisons the reference is always the
    base; of two others it is the earlier one. Results with an error count as failed and in the
    costs. Of several results for the same question only the last counts.

    Args:
        cases: as they stand; results say which one they answer.
        results: of all systems and variants.
        shelf: what measures need to know of items.
        measures: published names; ``primary`` is added if it is not among them.
        primary: the measure that decides; one that has a value per case.
        reference: the system that others are compared with.
        main: the new and the base system whose difference over all scenes is the question.
        temperature: of the softmax that gives probabilities.

    Raises:
        ConfigError: a measure is unknown, or the primary one has no value per case.
        DataError: a result answers none of the cases, or has a score that is no finite number.
    """
    asked = [measure(name) for name in dict.fromkeys((*measures, primary))]
    per_case = [one for one in asked if not isinstance(one, SetMeasure)]
    decides = next((one for one in per_case if one.name == primary), None)
    if decides is None:
        raise ConfigError(
            f"measure {primary!r} has no value per case: it cannot be the primary one"
        )
    by_id = {case.id: case for case in cases}
    by_system = _by_system(results, by_id)
    scenes = tuple(dict.fromkeys(case.scene for case in cases))

    values: list[Values] = []
    plain: dict[str, AnsweredCase] = {}
    for system, theirs in by_system.items():
        found, plain[system] = _answered(theirs, by_id, per_case, shelf, temperature)
        values += found
    cells = cells_of(plain, cases, asked, shelf=shelf)
    means = {
        system: {cell.scene: cell.mean for cell in cells
                 if (cell.system, cell.measure) == (system, primary) and cell.scene in scenes}
        for system in by_system
    }  # fmt: skip
    of_each = {system: one.values[decides] for system, one in plain.items()}
    orders = [
        order_sensitivity(r, by_id, measure=decides, shelf=shelf, temperature=temperature)
        for r in by_system.values()
    ]
    memories = [
        memorisation(r, by_id, measure=decides, shelf=shelf, temperature=temperature)
        for r in by_system.values()
    ]
    return values, Summary(
        primary=primary,
        reference=reference,
        candidates=max((len(case.item_ids) for case in cases), default=0),
        systems=tuple(by_system),
        scenes=scenes,
        measures=tuple(map(str, asked)),
        cells=cells,
        # Python's sort is stable: the reference comes first, the others stay as they are.
        comparisons=compare_all(
            dict(sorted(of_each.items(), key=lambda pair: pair[0] != reference)),
            cases,
            measure=primary,
            main=main,
        ),
        costs=tuple(_cost(system, theirs) for system, theirs in by_system.items()),
        orders=tuple(filter(None, orders)),
        memorisation=tuple(filter(None, memories)),
        reliability=tuple(
            line
            for system, one in plain.items()
            for line in reliability(system, tuple(one.answers.values()))
        ),
        generalisation=generalisation(means, higher_is_better=decides.higher_is_better),
        failed=sum(r.error is not None for theirs in by_system.values() for r in theirs),
    )


def _by_system(results: Sequence[Result], cases: dict[str, Case]) -> dict[str, list[Result]]:
    found: dict[str, dict[tuple[str, str], Result]] = {}
    for result in results:
        if result.case not in cases:
            raise DataError(
                f"a result of {result.system!r} answers {result.case!r}, which is none of the "
                f"{len(cases)} cases; run the experiment anew"
            )
        found.setdefault(result.system, {})[result.case, result.variant] = result
    return {system: list(theirs.values()) for system, theirs in found.items()}


def _answered(
    results: Sequence[Result],
    cases: dict[str, Case],
    measures: Sequence[PerCase],
    shelf: Shelf,
    temperature: float,
) -> tuple[list[Values], AnsweredCase]:
    """Values of all results of a system, and its answers to the cases as they stand."""
    good = [result for result in results if result.error is None]
    answers = [
        answer(as_listed(cases[r.case], r.variant), r.scores, temperature=temperature) for r in good
    ]
    found = case_values(measures, answers, shelf=shelf)
    columns = {str(one): numbers.tolist() for one, numbers in found.items()}
    values = [
        Values(
            system=result.system,
            case=result.case,
            variant=result.variant,
            values={name: None if math.isnan(numbers[at]) else numbers[at]
                    for name, numbers in columns.items()},
        )
        for at, result in enumerate(good)
    ]  # fmt: skip
    places = {case: row for row, case in enumerate(cases)}
    stands = [at for at, result in enumerate(good) if result.variant == ALL]
    rows = [places[good[at].case] for at in stands]
    aligned = {one: np.full(len(cases), math.nan) for one in measures}
    for one, numbers in aligned.items():
        numbers[rows] = found[one][stands]
    return values, AnsweredCase(
        answers={row: answers[at] for row, at in zip(rows, stands, strict=True)}, values=aligned
    )


def _cost(system: str, results: Sequence[Result]) -> Cost:
    seconds = sorted(result.seconds for result in results if result.error is None)
    return Cost(
        system=system,
        results=len(results),
        failed=sum(result.error is not None for result in results),
        calls=sum(result.calls for result in results),
        cached=sum(result.cached for result in results),
        usage=sum((result.usage for result in results), Usage()),
        cost=sum(result.cost for result in results),
        repairs=sum(result.repairs for result in results),
        invalid=sum(result.invalid for result in results),
        seconds_median=_nearest_rank(seconds, 50),
        seconds_p95=_nearest_rank(seconds, 95),
    )


def _nearest_rank(rising: Sequence[float], percent: int) -> float:
    """The smallest number that so many percent do not exceed; 0 for none."""
    return rising[math.ceil(percent * len(rising) / 100) - 1] if rising else 0.0
