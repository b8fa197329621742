"""The matrix of systems and scenes: means, the best of a column, letters for significant wins."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recagent.offline.data_set import ALL
from recagent.offline.measures import measure_named
from recagent.offline.resampling import LEVEL
from recagent.offline.summaries import Cell, Comparison, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixEntry:
    """Is one place of the matrix.

    Attributes:
        cell: None where the system has no answer there.
        best: whether its mean is the best of the column.
        beats: letters of the systems that it is significantly better than, after the correction.
    """

    cell: Cell | None
    best: bool = False
    beats: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """Is one system: its letter and its entry in every column."""

    system: str
    letter: str
    entries: tuple[MatrixEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMatrix:
    """Holds one measure of all systems.

    Attributes:
        columns: scenes; ``ALL`` first where there are several; slices in brackets last.
        compared: whether there are comparisons by this measure, so that letters mean something.
    """

    measure: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    compared: bool


def result_matrix(summary: Summary, measure: str) -> ResultMatrix:
    """Returns all systems, in every column that ``measure`` has cells for."""
    cells = {(cell.system, cell.scene): cell for cell in summary.cells if cell.measure == measure}
    slices = sorted({scene for _, scene in cells} - {ALL, *summary.scenes})
    all_scenes = [ALL] if len(summary.scenes) != 1 else []
    columns = [scene for scene in (*all_scenes, *summary.scenes, *slices)
               if any(scene == there for _, there in cells)]  # fmt: skip
    best = {scene: _best(cells, scene, measure) for scene in columns}
    beaten = significant_wins(summary, measure)
    names = system_letters(summary.systems)
    return ResultMatrix(
        measure=measure,
        columns=tuple(columns),
        rows=tuple(
            MatrixRow(
                system=system,
                letter=names[system],
                entries=tuple(
                    MatrixEntry(
                        cell=cells.get((system, scene)),
                        best=system in best[scene],
                        beats="".join(sorted(beaten.get((system, scene), ""))),
                    )
                    for scene in columns
                ),
            )
            for system in summary.systems
        ),
        compared=any(pair.measure == measure for pair in summary.comparisons),
    )  # fmt: skip


def system_letters(systems: Sequence[str]) -> dict[str, str]:
    """Returns a short name of each system: ``a`` to ``z``, then ``A`` to ``Z``, then ``a1``..."""
    names = string.ascii_letters
    return {system: names[at % 52] + (str(at // 52) if at > 51 else "")
            for at, system in enumerate(systems)}  # fmt: skip


def significant_wins(summary: Summary, measure: str) -> dict[tuple[str, str], list[str]]:
    """Returns, by system and scene, the letters of those that it is significantly better than."""
    names = system_letters(summary.systems)
    beaten: dict[tuple[str, str], list[str]] = {}
    for pair in summary.comparisons:
        if pair.measure == measure and pair.p_holm < LEVEL and pair.delta:
            winner, loser = (pair.new, pair.base) if is_gain(pair) else (pair.base, pair.new)
            beaten.setdefault((winner, pair.scene), []).append(names[loser])
    return beaten


def worst_scenes(summary: Summary) -> list[Cell]:
    """Returns each system's cell in its worst scene, best first; none where there is one scene."""
    higher = higher_is_better(summary.primary)
    cells = [cell for cell in summary.cells
             if cell.measure == summary.primary and cell.scene in summary.scenes]  # fmt: skip
    if len(summary.scenes) < 2:
        return []
    worst_cells = [
        (min if higher else max)(theirs, key=lambda cell: cell.mean)
        for system in summary.systems
        if (theirs := [cell for cell in cells if cell.system == system])
    ]
    return sorted(worst_cells, key=lambda cell: cell.mean, reverse=higher)


def unique_comparisons(summary: Summary) -> list[Comparison]:
    """Returns each comparison once; with a single scene the summary holds each twice."""
    if len(summary.scenes) != 1:
        return list(summary.comparisons)
    return [pair for pair in summary.comparisons if pair.scene != ALL]


def corrected_comparisons(summary: Summary) -> list[Comparison]:
    """Returns the comparisons that were corrected together: all but the declared main one."""
    return [pair for pair in unique_comparisons(summary) if not pair.is_main]


def main_comparison(summary: Summary) -> Comparison | None:
    """Returns the one comparison that was declared to be the question, over all scenes."""
    return next((pair for pair in summary.comparisons if pair.is_main and pair.scene == ALL), None)


def is_gain(pair: Comparison) -> bool:
    """Says whether the new one is the better one."""
    return (pair.delta > 0) == higher_is_better(pair.measure)


def higher_is_better(measure: str) -> bool:
    """Says whether more of a measure is good."""
    return measure_named(measure).higher_is_better


def _best(cells: Mapping[tuple[str, str], Cell], scene: str, measure: str) -> set[str]:
    means = {system: cell.mean for (system, there), cell in cells.items() if there == scene}
    if len(means) < 2:
        return set()
    top = (max if higher_is_better(measure) else min)(means.values())
    return {system for system, mean in means.items() if mean == top}
