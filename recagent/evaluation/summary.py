"""Summarises a run's results: values of every case, means, comparisons, audits and costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from recagent.domain import Case, Usage
from recagent.errors import ConfigError, DataError
from recagent.evaluation.aggregates import SystemAnswers, aggregate_cells
from recagent.evaluation.audits import (
    generalisation,
    memorisation,
    order_sensitivity,
    reordered_case,
)
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.offline.data_set import ALL, CatalogueStatistics
from recagent.offline.measures import PerCase, SetMeasure, case_values, measure_named, reliability
from recagent.offline.results import Result, Values
from recagent.offline.significance import compare_all
from recagent.offline.summaries import Cost, Summary

T = TypeVar("T")


def summarise(
    cases: Sequence[Case],
    results: Sequence[Result],
    *,
    catalogue: CatalogueStatistics,
    measures: Sequence[str],
    primary: str,
    reference: str,
    main: tuple[str, str] | None = None,
) -> tuple[list[Values], Summary]:
    """Returns the per-case values of every result without an error, and the summary of all.

    Systems stand in the order of their first result. In comparisons the reference is always the
    base; of two others it is the earlier one. Results with an error count as failed and in the
    costs. Of several results for the same question only the last counts.

    Args:
        cases: as they stand; results say which one they answer.
        results: of all systems and variants.
        catalogue: what measures need to know of items.
        measures: published names; ``primary`` is added if it is not among them.
        primary: the measure that decides; one that has a value per case.
        reference: the system that others are compared with.
        main: the new and the base system whose difference over all scenes is the question.

    Raises:
        ConfigError: a measure is unknown, or the primary one has no value per case.
        DataError: a result answers none of the cases, or has a score that is no finite number.
    """
    all_measures = [measure_named(name) for name in dict.fromkeys((*measures, primary))]
    per_case = [one for one in all_measures if not isinstance(one, SetMeasure)]
    primary_measure = next((one for one in per_case if one.name == primary), None)
    if primary_measure is None:
        raise ConfigError(
            "measure {measure!r} has no value per case, so it cannot be the primary measure",
            measure=primary,
        )
    by_id = {case.id: case for case in cases}
    by_system = _by_system(results, by_id)
    scenes = tuple(dict.fromkeys(case.scene for case in cases))
    values: list[Values] = []
    answers: dict[str, SystemAnswers] = {}
    for system, system_results in by_system.items():
        system_values, answers[system] = _evaluate(system_results, by_id, per_case, catalogue)
        values += system_values
    cells = aggregate_cells(answers, cases, all_measures, catalogue=catalogue)
    means = {
        system: {cell.scene: cell.mean for cell in cells
                 if (cell.system, cell.measure) == (system, primary) and cell.scene in scenes}
        for system in by_system
    }  # fmt: skip
    # Python's sort is stable: the reference comes first, the others stay as they are.
    in_order = sorted(answers, key=lambda system: system != reference)
    primary_values = {system: answers[system].values[primary_measure] for system in in_order}
    audit = partial(_audit, by_system.values(), by_id, primary_measure, catalogue)
    return values, Summary(
        primary=primary,
        reference=reference,
        candidates=max((len(case.item_ids) for case in cases), default=0),
        systems=tuple(by_system),
        scenes=scenes,
        measures=tuple(map(str, all_measures)),
        cells=cells,
        comparisons=compare_all(primary_values, cases, measure=primary, main=main),
        costs=tuple(_cost(system, theirs) for system, theirs in by_system.items()),
        orders=audit(order_sensitivity),
        memorisation=audit(memorisation),
        reliability=tuple(
            line
            for system, one in answers.items()
            for line in reliability(system, tuple(one.answers.values()))
        ),
        generalisation=generalisation(means, higher_is_better=primary_measure.higher_is_better),
        failed=sum(r.error is not None for theirs in by_system.values() for r in theirs),
    )


def _audit(
    by_system: Iterable[Sequence[Result]],
    cases: Mapping[str, Case],
    measure: PerCase,
    catalogue: CatalogueStatistics,
    audit: Callable[..., T | None],
) -> tuple[T, ...]:
    """Returns the audits of the systems that were asked for one."""
    audits = (audit(results, cases, measure=measure, catalogue=catalogue) for results in by_system)
    return tuple(one for one in audits if one is not None)


def _by_system(results: Sequence[Result], cases: dict[str, Case]) -> dict[str, list[Result]]:
    by_system: dict[str, dict[tuple[str, str], Result]] = {}
    for result in results:
        if result.case not in cases:
            raise DataError(
                "a result of {system!r} is for {case!r}, which is not among the {cases} cases; "
                "run the experiment again",
                system=result.system,
                case=result.case,
                cases=len(cases),
            )
        by_system.setdefault(result.system, {})[result.case, result.variant] = result
    return {system: list(theirs.values()) for system, theirs in by_system.items()}


def _evaluate(
    results: Sequence[Result],
    cases: dict[str, Case],
    measures: Sequence[PerCase],
    catalogue: CatalogueStatistics,
) -> tuple[list[Values], SystemAnswers]:
    """Returns values of all results of a system, and its answers to the cases as they stand."""
    good = [result for result in results if result.error is None]
    answers = [ranked_answer(reordered_case(cases[r.case], r.variant), r.scores) for r in good]
    measured = case_values(measures, answers, catalogue=catalogue)
    columns = {str(one): numbers.tolist() for one, numbers in measured.items()}
    values = [
        Values(
            system=result.system,
            case=result.case,
            variant=result.variant,
            values={name: None if math.isnan(numbers[row]) else numbers[row]
                    for name, numbers in columns.items()},
        )
        for row, result in enumerate(good)
    ]  # fmt: skip
    row_of = {case: row for row, case in enumerate(cases)}
    plain = [number for number, result in enumerate(good) if result.variant == ALL]
    rows = [row_of[good[number].case] for number in plain]
    aligned = {one: np.full(len(cases), math.nan) for one in measures}
    for one, numbers in aligned.items():
        numbers[rows] = measured[one][plain]
    return values, SystemAnswers(
        answers={row: answers[number] for row, number in zip(rows, plain, strict=True)},
        values=aligned,
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
    """Returns the smallest number that so many percent do not exceed; 0 for none."""
    return rising[math.ceil(percent * len(rising) / 100) - 1] if rising else 0.0
