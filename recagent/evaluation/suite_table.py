"""A suite's numbers as text: a table for each data set and protocol, and one over all of them.

The numbers are those of the runs' summaries; nothing is computed anew from results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recagent.domain import Language
from recagent.evaluation.report.headline import comparison_between
from recagent.evaluation.report.numbers import plain, signed
from recagent.evaluation.report.result_matrix import result_matrix
from recagent.evaluation.run_folder import Run
from recagent.evaluation.suite import SuiteRun
from recagent.locale import Phrases
from recagent.offline.data_set import ALL
from recagent.offline.summaries import Cell, Comparison, Summary

WORDS = Phrases[str]("report", "suite")
SECOND = "HR@10"
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class OverviewCell:
    """Is one place: its text, how ours compares there (an arrow or nothing), whether it is best."""

    text: str
    arrow: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Is the table over all data sets and protocols, with the sentence that explains it."""

    note: str
    names: Sequence[str]
    rows: Sequence[Sequence[OverviewCell]]


def suite_table(run: SuiteRun, *, lang: Language = "en") -> str:
    """Returns all tables and notes in Markdown: over all, then each data set and protocol."""
    words = WORDS[lang]
    blocks = [f"# {run.suite.name}", run.suite.about]
    if run.runs:
        table = overview(run, lang=lang)
        blocks.append(table.note)
        blocks.append(
            _markdown(table.names, ([_cell_text(cell) for cell in row] for row in table.rows))
        )
    for part in run.parts:
        if part.run is not None:
            blocks += [f"## {part.data.name}, {part.protocol}", _facts(part.run, lang)]
            blocks.append(_part(part.run, run.suite.ours, lang))
            blocks.append("; ".join(f"{n}: {c.version}" for n, c in part.run.programs.items()))
    for data in run.missing:
        line = words["missing"].format(data=data.name, recipe=data.recipe or words["no recipe"])
        blocks.append(line)
    for system, reason in run.unavailable.items():
        blocks.append(words["unavailable"].format(system=system, reason=reason))
    return "\n\n".join(filter(None, blocks)) + "\n"


def overview(run: SuiteRun, *, lang: Language = "en") -> Overview:
    """Returns one row for each data set and protocol, and a column for each system.

    An arrow says that ``ours`` is above or below that system there: the 95% interval of their
    paired difference leaves out 0.
    """
    words = WORDS[lang]
    systems = list(dict.fromkeys(name for each in run.runs for name in each.summary.systems))
    rows: list[list[OverviewCell]] = []
    for part in run.parts:
        if part.run is None:
            continue
        summary = part.run.summary
        cells = _cells(summary, summary.primary)
        best = max((cell.mean for cell in cells.values()), default=0.0)
        facts = (part.data.name, part.protocol, str(_people(part.run)))
        rows.append([
            *map(OverviewCell, facts),
            *(
                OverviewCell(
                    plain(cells[system].mean) if system in cells else "",
                    _arrow(comparison_between(summary, system, run.suite.ours)),
                    system in cells and cells[system].mean == best,
                )
                for system in systems
            ),
        ])  # fmt: skip
    return Overview(
        note=words["overview"].format(ours=run.suite.ours),
        names=[words["data"], words["protocol"], words["people"], *systems],
        rows=rows,
    )


def _facts(run: Run, lang: Language) -> str:
    words, data, summary = WORDS[lang], run.manifest.data, run.summary
    among = words["whole"] if not summary.candidates else words["among"]
    line = words["facts"].format(
        cases=len(run.cases), people=_people(run), items=data["items"], events=data["events"],
        among=among.format(n=summary.candidates),
    )  # fmt: skip
    return " ".join(filter(None, [line, data["note"]]))


def _part(run: Run, ours: str, lang: Language) -> str:
    words, summary = WORDS[lang], run.summary
    primary, second = _cells(summary, summary.primary), _cells(summary, SECOND)
    matrix = {row.system: row for row in result_matrix(summary, summary.primary).rows}
    costs = {cost.system: cost for cost in summary.costs}
    rows: list[list[str]] = []
    for system in summary.systems:
        cell, letters = primary.get(system), matrix[system]
        pair = comparison_between(summary, system, ours)
        cost, program = costs[system], run.programs.get(system)
        rows.append([
            f"{letters.letter} {system}",
            _with_interval(cell) if cell else words["failed"],
            letters.entries[0].beats,
            plain(second[system].mean) if system in second else "",
            "" if pair is None else f"{signed(pair.delta)} {_ends(pair.low, pair.high)}",
            f"{program.train_seconds:.1f}" if program else "",
            f"{1000 * cost.seconds_median:.1f}",
            f"{program.memory / MEBIBYTE:.0f}" if program else "",
        ])  # fmt: skip
    names = [
        words["system"], summary.primary, words["beats"], SECOND,
        words["minus"].format(ours=ours), words["train"], words["serve"], words["memory"],
    ]  # fmt: skip
    return _markdown(names, rows)


def _cells(summary: Summary, measure: str) -> dict[str, Cell]:
    """Returns the means over all scenes, by system."""
    scenes = {ALL} if len(summary.scenes) != 1 else set(summary.scenes)
    return {c.system: c for c in summary.cells if c.measure == measure and c.scene in scenes}


def _people(run: Run) -> int:
    return len({case.user_id for case in run.cases.values()})


def _cell_text(cell: OverviewCell) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    return f"{text} {cell.arrow}".strip()


def _arrow(pair: Comparison | None) -> str:
    if pair is None or pair.low <= 0 <= pair.high:
        return ""
    return "↑" if pair.low > 0 else "↓"


def _with_interval(cell: Cell) -> str:
    return f"{plain(cell.mean)} {_ends(cell.low, cell.high)}"


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{plain(low)}, {plain(high)}]"


def _markdown(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
