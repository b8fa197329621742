"""Estimates, runs and comparisons of ``recagent eval``, as tables or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from recagent.cli.output import console, plain_table, print_json, print_line
from recagent.domain import Language
from recagent.evaluation.compare_runs import RunComparison
from recagent.evaluation.report.numbers import chance
from recagent.evaluation.report.result_matrix import (
    MatrixEntry,
    corrected_comparisons,
    main_comparison,
    result_matrix,
)
from recagent.evaluation.run_cases import Estimate
from recagent.evaluation.run_folder import Run
from recagent.locale import Phrases
from recagent.offline.data_set import ALL
from recagent.offline.summaries import Comparison, Summary

if TYPE_CHECKING:
    from rich.table import Table

WORDS = Phrases[str]("cli", "evaluation")


def print_estimates(estimates: Sequence[Estimate], *, lang: Language, as_json: bool) -> None:
    """Prints what a run would take, by system."""
    if as_json:
        print_json({"systems": list(estimates)})
        return
    words = WORDS[lang]
    numbers = ("questions", "calls", "cached", "tokens", "time", "price")
    table = plain_table(words, left=["system"], right=numbers)
    for estimate in estimates:
        table.add_row(
            estimate.system,
            f"{estimate.questions:,}",
            f"{estimate.calls:,}",
            f"{estimate.cached:,}",
            f"{estimate.usage.prompt + estimate.usage.completion:,}",
            words["unknown"] if estimate.seconds is None else _duration(estimate.seconds),
            words["unknown"] if estimate.cost is None else f"{estimate.cost:.4f}",
        )
    console().print(table)
    print_line(words["estimate"])


def print_run(run: Run, *, lang: Language, as_json: bool) -> None:
    """Prints a finished run: the matrix, all systems against the reference, and the power."""
    if as_json:
        print_json({"folder": str(run.folder), "summary": run.summary})
        return
    words, summary = WORDS[lang], run.summary
    print_line(words["means"].format(measure=summary.primary))
    console().print(_matrix_table(summary, words))
    main = main_comparison(summary)
    if main:
        names = ("new", "base", "delta", "low", "high", "cases")
        facts = {name: getattr(main, name) for name in names}
        print_line(words["main"].format(p=chance(main.p), **facts), style="bold")
    for scene in run.manifest.data.get("left_out", ()):
        print_line(words["left out"].format(scene=scene))
    for note in dict.fromkeys(note for result in run.results for note in result.notes):
        if note.startswith("not fitted"):
            print_line(f"{words['unfitted']} ({note})", style="bold red")
    reference = summary.reference
    pairs = [
        pair if pair.base == reference else _reversed(pair)
        for pair in summary.comparisons
        if pair.scene == ALL and reference in (pair.base, pair.new)
    ]
    if pairs:
        line = words["vs"].format(measure=summary.primary, reference=reference)
        print_line(f"\n{line}")
        console().print(_pair_table([(pair.new, pair) for pair in pairs], words, first="system"))
        others = [pair for pair in pairs if not pair.is_main]
        if others:
            line = words["shows"].format(
                cases=max(pair.cases for pair in others),
                detectable=max(pair.detectable for pair in others),
                n=len(corrected_comparisons(summary)),
            )
            print_line(f"\n{line}")
    if summary.failed:
        line = words["failures"].format(n=summary.failed, folder=run.folder)
        print_line(line, style="bold red")
    typer.echo(words["next"].format(folder=run.folder), err=True)


def print_comparison(comparison: RunComparison, *, lang: Language, as_json: bool) -> None:
    """Prints two sides compared, and whether each minimum is kept."""
    if as_json:
        print_json(comparison)
        return
    words = WORDS[lang]
    for new, base in dict.fromkeys((pair.new, pair.base) for pair in comparison.comparisons):
        print_line(f"{new} - {base}", style="bold")
        rows = [
            (pair.measure, pair)
            for pair in comparison.comparisons
            if (pair.new, pair.base) == (new, base)
        ]
        console().print(_pair_table(rows, words, first="measure"))
    for gate in comparison.gates:
        line = words["passed" if gate.passed else "not passed"].format(
            measure=gate.measure, base=gate.base, new=gate.new, low=gate.low,
            least=gate.least, delta=gate.delta, cases=gate.cases,
        )  # fmt: skip
        print_line(line, style="green" if gate.passed else "bold red")


def _matrix_table(summary: Summary, words: Mapping[str, str]) -> Table:
    matrix = result_matrix(summary, summary.primary)
    scenes = [scene or words["all"] for scene in matrix.columns]
    table = plain_table(words, left=["system", *scenes], right=[])
    for row in matrix.rows:
        table.add_row(f"{row.letter} {escape(row.system)}", *map(_entry, row.entries))
    return table


def _entry(entry: MatrixEntry) -> str:
    cell = entry.cell
    if cell is None:
        return ""
    half = "" if cell.low is None or cell.high is None else f" ±{(cell.high - cell.low) / 2:.3f}"
    mean = f"[bold]{cell.mean:.3f}[/bold]" if entry.best else f"{cell.mean:.3f}"
    return f"{mean}{half} [green]{entry.beats}[/green]"


def _pair_table(
    rows: Sequence[tuple[str, Comparison]], words: Mapping[str, str], *, first: str
) -> Table:
    """Returns comparisons, each behind a name; ``first`` is the heading of the names."""
    numbers = ("cases", "delta", "p", "detectable")
    table = plain_table(words, left=[first, "scene"], right=numbers)
    for name, pair in rows:
        table.add_row(
            escape(name),
            pair.scene or words["all"],
            str(pair.cases),
            f"{pair.delta:+.3f} \\[{pair.low:+.3f}, {pair.high:+.3f}]",
            words["own p"].format(p=chance(pair.p)) if pair.is_main else chance(pair.p_holm),
            f"±{pair.detectable:.3f}",
        )
    return table


def _reversed(pair: Comparison) -> Comparison:
    return replace(
        pair, base=pair.new, new=pair.base, delta=-pair.delta, low=-pair.high, high=-pair.low
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
