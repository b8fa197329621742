"""The three kinds of measure: one number per case, by ir-measures or by us, or one per set.

Not the formulas: those are functions in the files beside this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.offline.extra import extra
from recagent.offline.models import Shelf, SystemAnswer

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


@dataclass(frozen=True, slots=True)
class CaseMeasure:
    """One number per case, computed here.

    Attributes:
        name: as published; the measure prints as it.
        formula: of one answer; NaN where it is not defined.
        k: how many of the first places count; 0 for all.
    """

    name: str
    formula: Callable[[SystemAnswer, Shelf, int], float]
    k: int = 0
    higher_is_better: bool = True

    def __str__(self) -> str:
        return self.name

    def values(self, answers: Sequence[SystemAnswer], shelf: Shelf) -> Floats:
        """One number per answer, (n,) float64; NaN where the measure is not defined."""
        return np.array([self.formula(answer, shelf, self.k) for answer in answers], np.float64)


@dataclass(frozen=True, slots=True)
class JudgedMeasure:
    """One number per case, computed by ir-measures, for which ``judged`` asks many at once.

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

    def values(self, answers: Sequence[SystemAnswer], shelf: Shelf) -> Floats:  # noqa: ARG002
        """One number per answer, (n,) float64; NaN where no item of the case is relevant."""
        return judged([self], answers)[self]


@dataclass(frozen=True, slots=True)
class SetMeasure:
    """One number for a list of answers.

    Attributes:
        name: as published; the measure prints as it.
        formula: of the answers; NaN where it is not defined.
        k: how many of the first places count; 0 for all.
    """

    name: str
    formula: Callable[[Sequence[SystemAnswer], Shelf, int], float]
    k: int = 0
    higher_is_better: bool = True

    def __str__(self) -> str:
        return self.name

    def value(self, answers: Sequence[SystemAnswer], shelf: Shelf) -> float:
        """The number; NaN where the measure is not defined, as for no answers."""
        return self.formula(answers, shelf, self.k)


PerCase = CaseMeasure | JudgedMeasure
Measure = CaseMeasure | JudgedMeasure | SetMeasure


def relevant(answer: SystemAnswer) -> frozenset[str]:
    """Ids of the items that are judged relevant."""
    return frozenset(item for item, grade in answer.case.judgments.items() if grade > 0)


def judged(
    measures: Sequence[JudgedMeasure], answers: Sequence[SystemAnswer]
) -> dict[JudgedMeasure, Floats]:
    """All measures of all answers in one call of ir-measures; (n,) float64 per measure.

    An item that is judged relevant and stands in no place of the ranking counts as missed. A case
    without a relevant item says nothing of a ranking: NaN.

    Raises:
        ConfigError: ir-measures is not installed.
    """
    found = {measure: np.full(len(answers), math.nan) for measure in measures}
    # Answers are told apart by their place: one case may be answered several times.
    told = [str(at) for at, answer in enumerate(answers) if relevant(answer)]
    if not told or not measures:
        return found
    library: Any = extra("ir_measures")
    grades = {at: dict(answers[int(at)].case.judgments) for at in told}
    # Minus the place, and never the score: so that ties are broken as the ranking breaks them.
    runs = {at: {item: -float(place) for place, item in enumerate(answers[int(at)].ranking)}
            for at in told}  # fmt: skip
    # accuracy and precision@1 are one number there.
    numbers = {library.parse_measure(measure.trec): found[measure] for measure in measures}
    for metric in library.iter_calc(list(numbers), grades, runs):
        numbers[metric.measure][int(metric.query_id)] = metric.value
    return {measure: numbers[library.parse_measure(measure.trec)] for measure in measures}
