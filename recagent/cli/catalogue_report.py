"""What ``validate`` and ``index`` found in the files: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from recagent.cli import output
from recagent.cli.output import console
from recagent.domain import Language
from recagent.ingest import Report
from recagent.ingest.loading import LoadSummary
from recagent.ingest.report import STEPS, ProblemGroup, shown
from recagent.locale import Phrases

WORDS = Phrases[str]("cli", "catalogue_report")
_SCRIPTS = Phrases[str]("cli", "scripts")


def print_report(report: Report, *, lang: Language) -> None:
    """Files, problems, notes and changes, one after the other."""
    words, out = WORDS[lang], console()
    out.print(_files(report, words))
    for line in _whole(report, lang):
        out.print(line, markup=False, highlight=False)
    _found(words["problems"], report.problems, lang, style="bold red")
    print_cleaned(report, lang=lang)
    _found(words["notes"], report.notes, lang, style="bold yellow")
    if not report.problems:
        out.print(words["clean"], style="bold green", markup=False)


def print_cleaned(report: Report, *, lang: Language) -> None:
    """Every cleaning step that changed something, how often, and its first case."""
    if not report.changes:
        return
    out = console()
    out.print(WORDS[lang]["cleaned"], style="bold", markup=False)
    for (step, field, where), change in report.changes.items():
        case = f"{change.before!r} → {change.after!r}" if change.after else change.before
        line = f"  {change.count} × {shown(field)}: {STEPS[lang][step]}  ({shown(where)}; {case})"
        out.print(line, markup=False, highlight=False)


def print_made_items(report: Report, *, lang: Language) -> None:
    """What a log's items were made of, where no file holds items."""
    for (kind, _), found in report.notes.items():
        if kind in ("items of log", "ids of log"):
            console().print(Padding(Text(found.line(lang)), (0, 0, 0, 2)))


def print_loaded(loaded: LoadSummary, *, pruned: int, lang: Language, as_json: bool) -> None:
    """Prints what ``recagent index`` did; ``pruned`` other scenes were deleted."""
    facts = {
        **asdict(loaded.items),
        "events": loaded.events,
        "people": loaded.users,
        "pruned": pruned,
        "replaced": loaded.replaced,
        "earlier": loaded.earlier,
    }
    if pruned:
        facts["outdated"] = 0
    if as_json:
        output.print_json({**facts, "report": report_json(loaded.report, lang=lang)})
        return
    print_cleaned(loaded.report, lang=lang)
    print_made_items(loaded.report, lang=lang)
    typer.echo(output.WORDS[lang]["loaded"].format(**facts))
    for key, number in (("replaced", loaded.replaced), ("earlier", loaded.earlier)):
        if number:
            typer.echo(output.WORDS[lang][key].format(n=number))
    if pruned:
        typer.echo(output.WORDS[lang]["pruned"].format(n=pruned))
    elif loaded.items.outdated:
        typer.echo(output.WORDS[lang]["outdated"].format(n=loaded.items.outdated))
    lost = sum(group.count for group in loaded.report.problems.values())
    noted = sum(group.count for group in loaded.report.notes.values())
    if lost or noted:
        typer.echo(output.WORDS[lang]["see"].format(lost=lost, noted=noted))


def report_json(report: Report, *, lang: Language = "en") -> dict[str, Any]:
    """The report as plain values; ``usable`` says whether nothing is lost."""
    return {
        "usable": not report.problems,
        "files": [
            {
                "file": read.file,
                "holds": read.holds,
                "format": read.layout,
                "encoding": read.encoding,
                "rows": read.rows,
                "used": read.used,
                "left_out": dict(read.left_out),
            }
            for read in report.files
        ],
        "scenes": dict(report.scenes),
        "scripts": dict(report.scripts),
        "people": report.people,
        "problems": _found_json(report.problems, lang),
        "notes": _found_json(report.notes, lang),
        "cleaned": [
            {
                "step": step,
                "field": field,
                "where": where,
                "count": change.count,
                "before": change.before,
                "after": change.after,
            }
            for (step, field, where), change in report.changes.items()
        ],
    }


def _files(report: Report, words: Mapping[str, str]) -> Table:
    table = Table()
    for name in ("file", "holds", "layout", "encoding"):
        table.add_column(words[name], overflow="fold")
    for name in ("rows", "used", "left out"):
        table.add_column(words[name], justify="right")
    for read in report.files:
        cells = [read.file, words[read.holds], read.layout, read.encoding]
        numbers = [read.rows, read.used, read.left_out.total()]
        table.add_row(*map(Text, cells), *map(str, numbers))
    return table


def _whole(report: Report, lang: Language) -> list[str]:
    words = WORDS[lang]
    events = sum(read.used for read in report.files if read.holds == "events")
    comma = ", " if lang == "en" else "、"
    names = comma.join(f"{shown(name)} {count}" for name, count in report.scenes.items())
    scripts = comma.join(
        f"{_SCRIPTS[lang][name]} {count}" for name, count in report.scripts.items()
    )
    total = report.scenes.total()
    return [
        words["scenes"].format(items=total, n=len(report.scenes), names=names, scripts=scripts),
        words["people"].format(events=events, people=report.people),
    ]


def _found(
    title: str, found: Mapping[tuple[str, str], ProblemGroup], lang: Language, *, style: str
) -> None:
    if not found:
        return
    out = console()
    out.print(title, style=style, markup=False)
    for kind in found.values():
        out.print(Padding(Text(kind.line(lang)), (0, 0, 0, 2)))


def _found_json(
    found: Mapping[tuple[str, str], ProblemGroup], lang: Language
) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "file": file,
            "count": each.count,
            "examples": [
                {
                    "row": problem.row,
                    "field": problem.field,
                    "value": problem.value,
                    "says": problem.says(lang),
                    "fix": problem.fix(lang),
                }
                for problem in each.examples
            ],
        }
        for (kind, file), each in found.items()
    ]
