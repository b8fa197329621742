"""The three kinds of measure: one number per case, by ir-measures or computed here, or per set.

The formulas are functions in the other files of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.offline.data_set import CatalogueStatistics, SystemAnswer
from recagent.offline.optional_libraries import optional_library

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


@dataclass(frozen=True, slots=True)
class CaseMeasure:
    """One number per case, computed here.

    Attributes:
        name: as published; the measure prints as it.
        formula: of one answer; NaN where it is not defined.
        k: how many of the first ranks count; 0 for all.
    """

    name: str
    formula: Callable[[SystemAnswer, CatalogueStatistics, int], float]
    k: int = 0
    higher_is_better: bool = True

    def __str__(self) -> str:
        return self.name

    def values(self, answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics) -> Floats:
        """One number per answer, (n,) float64; NaN where the measure is not defined."""
        return np.array([self.formula(answer, catalogue, self.k) for answer in answers], np.float64)


@dataclass(frozen=True, slots=True)
class JudgedMeasure:
    """One number per case, computed by ir-measures; ``judged_values`` computes many at once.

    Attributes:
        name: as recommender papers publish it; the measure prints as it.
        trec: how ir-measures writes it.
    """

    name: str
    trec: str

    @property
    def higher_is_better(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.name

    def values(self, answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics) -> Floats:  # noqa: ARG002
        """One number per answer, (n,) float64; NaN where no item of the case is relevant."""
        return judged_values([self], answers)[self]


@dataclass(frozen=True, slots=True)
class SetMeasure:
    """One number for a list of answers.

    Attributes:
        name: as published; the measure prints as it.
        formula: of the answers; NaN where it is not defined.
        k: how many of the first ranks count; 0 for all.
    """

    name: str
    formula: Callable[[Sequence[SystemAnswer], CatalogueStatistics, int], float]
    k: int = 0
    higher_is_better: bool = True

    def __str__(self) -> str:
        return self.name

    def value(self, answers: Sequence[SystemAnswer], catalogue: CatalogueStatistics) -> float:
        """The number; NaN where the measure is not defined, as for no answers."""
        return self.formula(answers, catalogue, self.k)


PerCase = CaseMeasure | JudgedMeasure
Measure = CaseMeasure | JudgedMeasure | SetMeasure


def relevant(answer: SystemAnswer) -> frozenset[str]:
    """Returns the ids of the items that are judged relevant."""
    return frozenset(item for item, grade in answer.case.judgments.items() if grade > 0)


def judged_values(
    measures: Sequence[JudgedMeasure], answers: Sequence[SystemAnswer]
) -> dict[JudgedMeasure, Floats]:
    """Computes all measures of all answers in one call of ir-measures; (n,) float64 each.

    A relevant item that the ranking lacks counts as missed. A case without a relevant item is NaN.

    Raises:
        ConfigError: ir-measures is not installed.
    """
    values = {measure: np.full(len(answers), math.nan) for measure in measures}
    # Answers are numbered: one case may be answered several times.
    answered = [str(number) for number, answer in enumerate(answers) if relevant(answer)]
    if not answered or not measures:
        return values
    library: Any = optional_library("ir_measures")
    grades = {number: dict(answers[int(number)].case.judgments) for number in answered}
    # Minus the rank in place of the score, so that ties are broken as the ranking breaks them.
    runs = {number: {item: -float(rank) for rank, item in enumerate(answers[int(number)].ranking)}
            for number in answered}  # fmt: skip
    # accuracy and precision@1 are one number there.
    numbers = {library.parse_measure(measure.trec): values[measure] for measure in measures}
    for metric in library.iter_calc(list(numbers), grades, runs):
        numbers[metric.measure][int(metric.query_id)] = metric.value
    return {measure: numbers[library.parse_measure(measure.trec)] for measure in measures}
