"""What evaluations say, as tables for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from recagent.cli.output import console
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

WORDS = Phrases[str]("cli", "evaluation")


def estimates(found: Sequence[Estimate], *, lang: Language, as_json: bool) -> None:
    """What a run would take."""
    if as_json:
        _json({"systems": list(found)})
        return
    words, out = WORDS[lang], console()
    table = Table(box=None, pad_edge=False)
    table.add_column(words["system"])
    for name in ("questions", "calls", "cached", "tokens", "time", "price"):
        table.add_column(words[name], justify="right")
    for each in found:
        table.add_row(
            each.system,
            f"{each.questions:,}",
            f"{each.calls:,}",
            f"{each.cached:,}",
            f"{each.usage.prompt + each.usage.completion:,}",
            words["unknown"] if each.seconds is None else _duration(each.seconds),
            words["unknown"] if each.cost is None else f"{each.cost:.4f}",
        )
    out.print(table)
    out.print(words["estimate"], markup=False, highlight=False)


def summary(run: Run, *, lang: Language, as_json: bool) -> None:
    """A finished run: the matrix, every system against the reference, and what could be seen."""
    if as_json:
        _json({"folder": str(run.folder), "summary": run.summary})
        return
    words, out, found = WORDS[lang], console(), run.summary
    out.print(words["means"].format(measure=found.primary), markup=False, highlight=False)
    out.print(_matrix(found, words))
    main = main_comparison(found)
    if main:
        out.print(words["main"].format(**_told(main)), style="bold", markup=False, highlight=False)
    for scene in run.manifest.data.get("left_out", ()):
        out.print(words["left out"].format(scene=scene), markup=False, highlight=False)
    for note in dict.fromkeys(note for result in run.results for note in result.notes):
        if note.startswith("not fitted"):
            out.print(f"{words['unfitted']} ({note})", style="bold red", markup=False)
    mine = [
        pair for pair in found.comparisons
        if pair.scene == ALL and found.reference in (pair.base, pair.new)
    ]  # fmt: skip
    if mine:
        says = words["vs"].format(measure=found.primary, reference=found.reference)
        out.print(f"\n{says}", markup=False, highlight=False)
        against = [_against(pair, found.reference) for pair in mine]
        out.print(_pairs([(pair.new, pair) for pair in against], words, first="system"))
        others = [pair for pair in mine if not pair.is_main]
        if others:
            says = words["shows"].format(
                cases=max(pair.cases for pair in others),
                detectable=max(pair.detectable for pair in others),
                n=len(corrected_comparisons(found)),
            )
            out.print(f"\n{says}", markup=False, highlight=False)
    if found.failed:
        says = words["failures"].format(n=found.failed, folder=run.folder)
        out.print(says, style="bold red", markup=False)
    typer.echo(words["next"].format(folder=run.folder), err=True)


def comparisons(found: RunComparison, *, lang: Language, as_json: bool) -> None:
    """Two sides compared, and what became of the gates."""
    if as_json:
        _json(found)
        return
    words, out = WORDS[lang], console()
    sides = dict.fromkeys((pair.new, pair.base) for pair in found.comparisons)
    for new, base in sides:
        out.print(f"{new} - {base}", style="bold", markup=False, highlight=False)
        theirs = [pair for pair in found.comparisons if (pair.new, pair.base) == (new, base)]
        rows = [(pair.measure, pair) for pair in theirs]
        out.print(_pairs(rows, words, first="measure"))
    for gate in found.gates:
        says = words["passed" if gate.passed else "not passed"].format(
            measure=gate.measure, base=gate.base, new=gate.new, low=gate.low,
            least=gate.least, delta=gate.delta, cases=gate.cases,
        )  # fmt: skip
        out.print(says, style="green" if gate.passed else "bold red", markup=False, highlight=False)


def _matrix(found: Summary, words: Mapping[str, str]) -> Table:
    held = result_matrix(found, found.primary)
    table = Table(box=None, pad_edge=False)
    table.add_column(words["system"])
    for scene in held.columns:
        table.add_column(scene or words["all"])
    for row in held.rows:
        table.add_row(f"{row.letter} {escape(row.system)}", *map(_entry, row.entries))
    return table


def _entry(entry: MatrixEntry) -> str:
    cell = entry.cell
    if cell is None:
        return ""
    half = "" if cell.low is None or cell.high is None else f" ±{(cell.high - cell.low) / 2:.3f}"
    mean = f"[bold]{cell.mean:.3f}[/bold]" if entry.best else f"{cell.mean:.3f}"
    return f"{mean}{half} [green]{entry.beats}[/green]"


def _pairs(
    rows: Sequence[tuple[str, Comparison]], words: Mapping[str, str], *, first: str
) -> Table:
    """Comparisons, each after a name; ``first`` is the word for what is named."""
    table = Table(box=None, pad_edge=False)
    table.add_column(words[first])
    table.add_column(words["scene"])
    for name in ("cases", "delta", "p", "detectable"):
        table.add_column(words[name], justify="right")
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


def _told(pair: Comparison) -> dict[str, str | float]:
    names = ("new", "base", "delta", "low", "high", "cases")
    return {"p": chance(pair.p)} | {name: getattr(pair, name) for name in names}


def _against(pair: Comparison, reference: str) -> Comparison:
    """The pair with ``reference`` as the one that is subtracted."""
    if pair.base == reference:
        return pair
    return Comparison(
        base=pair.new, new=pair.base, scene=pair.scene, measure=pair.measure, cases=pair.cases,
        people=pair.people, delta=-pair.delta, low=-pair.high, high=-pair.low, p=pair.p,
        p_holm=pair.p_holm, detectable=pair.detectable, is_main=pair.is_main,
    )  # fmt: skip


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _json(value: object) -> None:
    data = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str)
    typer.echo(data.decode())
