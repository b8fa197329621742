"""Measures by their published names: ``measure_named("nDCG@10")``; and many of one system at once.

Formulas and sources stand with the functions of this folder's files; no statistics here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from recagent.errors import ConfigError
from recagent.offline.data_set import CatalogueStatistics, SystemAnswer
from recagent.offline.measures import accuracy, beyond_accuracy, calibration, exposure
from recagent.offline.measures.calibration import reliability
from recagent.offline.measures.kinds import (
    CaseMeasure,
    JudgedMeasure,
    Measure,
    PerCase,
    SetMeasure,
    judged_values,
    relevant,
)

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats

__all__ = [
    "NAMES", "CaseMeasure", "JudgedMeasure", "Measure", "PerCase", "SetMeasure", "case_values",
    "measure_named", "relevant", "reliability",
]  # fmt: skip

_JUDGED: Mapping[str, Callable[[int], str]] = {
    "nDCG@k": accuracy.ndcg,
    "precision@k": accuracy.precision,
    "recall@k": accuracy.recall,
    "accuracy": accuracy.accuracy,
    "HR@k": accuracy.hit_rate,
    "MRR": accuracy.reciprocal_rank,
    "MAP": accuracy.average_precision,
    "MAP@k": accuracy.average_precision,
}
_PER_CASE: Mapping[str, Callable[[SystemAnswer, CatalogueStatistics, int], float]] = {
    "F1@k": accuracy.f1,
    "AUC": accuracy.auc,
    "ILD@k": beyond_accuracy.intra_list_diversity,
    "novelty@k": beyond_accuracy.novelty,
    "popularity@k": beyond_accuracy.popularity,
    "popularity_lift@k": beyond_accuracy.popularity_lift,
    "log_loss": calibration.log_loss,
}
_PER_SET: Mapping[str, Callable[[Sequence[SystemAnswer], CatalogueStatistics, int], float]] = {
    "coverage@k": exposure.coverage,
    "Gini@k": exposure.gini,
    "ECE": calibration.calibration_error,
    "top1_ECE": calibration.top_calibration_error,
}
_LOWER_IS_BETTER = {"popularity@k", "popularity_lift@k", "log_loss", "Gini@k", "ECE", "top1_ECE"}

NAMES: tuple[str, ...] = (*_JUDGED, *_PER_CASE, *_PER_SET)


def measure_named(name: str) -> Measure:
    """Returns the measure that is published as ``name``: a hashable value that prints as it.

    Raises:
        ConfigError: no measure is called so; the message lists those that are.
    """
    stem, _, digits = name.partition("@")
    has_k = re.fullmatch(r"[1-9][0-9]{0,5}", digits, re.ASCII) is not None
    form, k = (f"{stem}@k", int(digits)) if has_k else (name, 0)
    if form not in NAMES or form.endswith("@k") is not has_k:
        raise ConfigError(
            "unknown measure {measure!r}; use one of {known}, with a number from 1 for k",
            measure=name,
            known=", ".join(NAMES),
        )
    higher = form not in _LOWER_IS_BETTER
    if form in _JUDGED:
        return JudgedMeasure(name, _JUDGED[form](k))
    if form in _PER_CASE:
        return CaseMeasure(name, _PER_CASE[form], k, higher)
    return SetMeasure(name, _PER_SET[form], k, higher)


def case_values(
    measures: Sequence[PerCase], answers: Sequence[SystemAnswer], *, catalogue: CatalogueStatistics
) -> dict[PerCase, Floats]:
    """Returns each measure of all answers, (n,) float64; NaN where one is not defined.

    Those of ir-measures are computed in one call.

    Raises:
        ConfigError: ir-measures is needed and not installed.
    """
    library = judged_values([m for m in measures if isinstance(m, JudgedMeasure)], answers)
    return {
        m: library[m] if isinstance(m, JudgedMeasure) else m.values(answers, catalogue)
        for m in measures
    }
