"""A run's numbers for other programs: CSV, a LaTeX table, and rankings as TREC runs.

Not the report for people: that is ``report``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from recagent.errors import ConfigError
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.evaluation.report.result_matrix import (
    MatrixEntry,
    ResultMatrix,
    main_comparison,
    result_matrix,
)
from recagent.evaluation.run_folder import Run
from recagent.offline.data_set import ALL

Form = Literal["csv", "latex", "trec"]

_EVERYWHERE = "(all)"  # the scene of numbers over all scenes, in CSV
_DEPTH = 1000  # places of a TREC run

_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "·": r"\textperiodcentered{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}  # fmt: skip


def export(run: Run, *, form: Form, to: Path) -> list[Path]:
    """Write files into a folder, which is made if it is missing.

    Args:
        run: a finished one.
        form: ``csv`` writes cells.csv, comparisons.csv and values.csv (one measure of one answer a
            line); ``latex`` writes matrix.tex; ``trec`` writes one run per system, and qrels.
        to: the folder.

    Returns:
        What was written.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    write = {"csv": _csv, "latex": _latex, "trec": _trec}[form]
    try:
        to.mkdir(parents=True, exist_ok=True)
        return write(run, to)
    except OSError as error:
        raise ConfigError(
            "cannot write exports to {folder!r}: {error}", folder=str(to), error=error
        ) from error


def _csv(run: Run, to: Path) -> list[Path]:
    summary = run.summary
    cells = [
        (cell.system, cell.scene or _EVERYWHERE, cell.measure, cell.cases, cell.mean, cell.low,
         cell.high)
        for cell in summary.cells
    ]  # fmt: skip
    pairs = [
        (pair.base, pair.new, pair.scene or _EVERYWHERE, pair.measure, pair.cases, pair.people,
         pair.delta, pair.low, pair.high, pair.p, pair.p_holm, pair.detectable, pair.is_main)
        for pair in summary.comparisons
    ]  # fmt: skip
    values = [
        (each.system, each.case, run.cases[each.case].scene, run.cases[each.case].user_id,
         each.variant, name, value)
        for each in run.values for name, value in each.values.items()
    ]  # fmt: skip
    return [
        _rows(to / "cells.csv", "system scene measure cases mean low high", cells),
        _rows(
            to / "comparisons.csv",
            "base new scene measure cases people delta low high p p_holm detectable is_main",
            pairs,
        ),
        _rows(to / "values.csv", "system case scene person variant measure value", values),
    ]


def _rows(path: Path, header: str, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split())
        writer.writerows(rows)
    return path


def _latex(run: Run, to: Path) -> list[Path]:
    path = to / "matrix.tex"
    path.write_text(_table(run, result_matrix(run.summary, run.summary.primary)), encoding="utf-8")
    return [path]


def _table(run: Run, shown: ResultMatrix) -> str:
    """A booktabs table: mean, 95% interval, the best in bold, letters for significant wins."""
    names = [_tex(scene.replace("_", " ")) if scene != ALL else "all" for scene in shown.columns]
    rows = [
        " & ".join([f"{row.letter} {_tex(row.system)}", *map(_entry, row.entries)]) + r" \\"
        for row in shown.rows
    ]
    head = f"% {_line(run.manifest.name)}: needs \\usepackage{{booktabs}}"
    main = main_comparison(run.summary)
    but = "" if main is None else f" but the declared {_tex(main.new)} against {_tex(main.base)}"
    caption = (
        f"{_tex(shown.measure)}: mean and 95\\% interval. Bold: best of a column. Letters: "
        f"significantly better than that system ($p < .05$, Holm over all comparisons{but})."
    )
    return "\n".join([
        head,
        r"\begin{table}",
        f"\\caption{{{caption}}}",
        rf"\begin{{tabular}}{{l{'l' * len(names)}}}",
        r"\toprule",
        " & ".join(["", *names]) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
        "",
    ])  # fmt: skip


def _entry(entry: MatrixEntry) -> str:
    cell = entry.cell
    if cell is None:
        return "--"
    mean = f"{cell.mean:.3f}"
    if entry.best:
        mean = rf"\textbf{{{mean}}}"
    beats = rf"\textsuperscript{{{entry.beats}}}" if entry.beats else ""
    if cell.low is None or cell.high is None:
        return mean + beats
    return rf"{mean}{beats} {{\scriptsize [{cell.low:.3f}, {cell.high:.3f}]}}"


def _tex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in _line(text))


def _line(text: str) -> str:
    return " ".join(text.split())


def _trec(run: Run, to: Path) -> list[Path]:
    """Rankings of the cases as they stand; failed cases have no lines.

    The score is the number of places left, so that programs that sort by it keep our order where
    a system gave equal scores. White space and % in ids are written as in URLs: ``%20``.
    """
    qrels = to / "qrels.txt"
    _lines(
        qrels,
        (
            f"{_id(case.id)} 0 {_id(item)} {grade}"
            for case in run.cases.values() for item, grade in case.judgments.items()
        ),
    )  # fmt: skip
    written = [qrels]
    taken = {qrels.name}
    for system in run.summary.systems:
        stem = name = re.sub(r"[^\w.+-]+", "_", system).strip("._") or "system"
        number = 1
        while f"{name}.run".casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(f"{name}.run".casefold())
        path = to / f"{name}.run"
        _lines(path, _ranked(run, system))
        written.append(path)
    return written


def _ranked(run: Run, system: str) -> Iterable[str]:
    tag = _id(system)
    for result in run.results:
        if (result.system, result.variant, result.error) == (system, ALL, None):
            ranking = ranked_answer(run.cases[result.case], result.scores).ranking[:_DEPTH]
            for rank, item in enumerate(ranking, start=1):
                left = len(ranking) - rank + 1
                yield f"{_id(result.case)} Q0 {_id(item)} {rank} {left} {tag}"


def _id(text: str) -> str:
    return re.sub(r"[\s%]", lambda match: quote(match[0]), text)


def _lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
