"""Aggregates: means of every measure of every system, over all cases, scenes and slices.

They are no comparisons: systems with overlapping intervals may still differ significantly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Case
from recagent.offline.data_set import ALL, CatalogueStatistics, SystemAnswer
from recagent.offline.measures import Measure, PerCase, SetMeasure
from recagent.offline.resampling import intervals
from recagent.offline.summaries import Cell

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


NEW_HERE = "(new here)"
KNOWN_HERE = "(known here)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemAnswers:
    """Holds one system's answers to the cases as they stand.

    Attributes:
        answers: by the case's row among the cases.
        values: by measure, of all cases, (n,) float64; NaN where there is none.
    """

    answers: Mapping[int, SystemAnswer]
    values: Mapping[PerCase, Floats]


def aggregate_cells(
    systems: Mapping[str, SystemAnswers],
    cases: Sequence[Case],
    measures: Sequence[Measure],
    *,
    catalogue: CatalogueStatistics,
) -> tuple[Cell, ...]:
    """Returns a cell for each system, group of cases and measure that is defined.

    Groups are all cases, those of each scene, and the slices ``(new here)`` and ``(known here)``:
    cases without and with an event of the person in the case's scene, if there are both.
    """
    cells: list[Cell] = []
    per_case = [one for one in measures if not isinstance(one, SetMeasure)]
    per_set = [one for one in measures if isinstance(one, SetMeasure)]
    for scene, rows in _groups(cases).items():
        people = [cases[row].user_id for row in rows]
        columns = [(system, one) for system in systems for one in per_case]
        table = np.full((len(rows), len(columns)), math.nan)
        for number, (system, one) in enumerate(columns):
            table[:, number] = systems[system].values[one][rows]
        ends = zip(*(end.tolist() for end in intervals(table, people=people)), strict=True)
        counts = (~np.isnan(table)).sum(axis=0).tolist()
        for (system, one), (mean, low, high), count in zip(columns, ends, counts, strict=True):
            if count:
                bounds = (None, None) if math.isnan(low) else (low, high)
                cells.append(Cell(system=system, scene=scene, measure=one.name, cases=count,
                                  mean=mean, low=bounds[0], high=bounds[1]))  # fmt: skip
        for system, answered in systems.items():
            answers = [answered.answers[row] for row in rows if row in answered.answers]
            for one in per_set:
                mean = one.value(answers, catalogue)
                if not math.isnan(mean):
                    cells.append(Cell(system=system, scene=scene, measure=one.name,
                                      cases=len(answers), mean=mean))  # fmt: skip
    return tuple(_in_order(cells, list(systems), list(map(str, measures))))


def _groups(cases: Sequence[Case]) -> dict[str, list[int]]:
    """Returns the rows of each group by its name."""
    groups: dict[str, list[int]] = {ALL: list(range(len(cases)))}
    slices: dict[str, list[int]] = {NEW_HERE: [], KNOWN_HERE: []}
    for row, case in enumerate(cases):
        groups.setdefault(case.scene, []).append(row)
        known = any(event.scene == case.scene for event in case.history)
        slices[KNOWN_HERE if known else NEW_HERE].append(row)
    return {**groups, **slices} if all(slices.values()) else groups


def _in_order(cells: Sequence[Cell], systems: list[str], measures: list[str]) -> list[Cell]:
    """Sorts by system, then group, then measure; groups keep their order."""
    scenes = list(dict.fromkeys(cell.scene for cell in cells))

    def position(cell: Cell) -> tuple[int, int, int]:
        return systems.index(cell.system), scenes.index(cell.scene), measures.index(cell.measure)

    return sorted(cells, key=position)
