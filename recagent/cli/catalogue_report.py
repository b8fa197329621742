"""The report on a catalogue's files that ``validate`` and ``index`` print, as text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from recagent.cli.learning import learned_json, learned_line
from recagent.cli.output import console, print_json, print_line
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.ingest import Report
from recagent.ingest.loading import LoadSummary
from recagent.ingest.report import STEPS, ProblemGroup, shown
from recagent.locale import Phrases
from recagent.training.automatic import Learned

ProblemGroups = Mapping[tuple[str, str], ProblemGroup]

WORDS = Phrases[str]("cli", "catalogue_report")
_SCRIPTS = Phrases[str]("cli", "scripts")


def print_report(report: Report, *, lang: Language) -> None:
    """Prints files, problems, cleaning steps and notes, one after the other."""
    words, out = WORDS[lang], console()
    out.print(_file_table(report, words))
    for line in _totals(report, lang):
        print_line(line)
    _print_groups(words["problems"], report.problems, lang, style="bold red")
    _print_cleaned(report, lang=lang)
    _print_groups(words["notes"], report.notes, lang, style="bold yellow")
    if not report.problems:
        print_line(words["clean"], style="bold green")


def _print_cleaned(report: Report, *, lang: Language) -> None:
    """Prints every cleaning step that changed something, how often, and its first case."""
    if not report.changes:
        return
    print_line(WORDS[lang]["cleaned"], style="bold")
    for (step, field, path), change in report.changes.items():
        case = f"{change.before!r} → {change.after!r}" if change.after else change.before
        print_line(
            f"  {change.count} × {shown(field)}: {STEPS[lang][step]}  ({shown(path)}; {case})"
        )


def print_loaded(
    loaded: LoadSummary, *, learned: Learned | None, pruned: int, settings: Settings, as_json: bool
) -> None:
    """Prints what ``recagent index`` did.

    Args:
        loaded: of the files.
        learned: from the events; None where it was not tried.
        pruned: number of other scenes deleted.
        settings: of the folder.
        as_json: whether as one JSON object.
    """
    lang = settings.lang
    report, words = loaded.report, WORDS[lang]
    counts = {
        **asdict(loaded.items),
        "events": loaded.events,
        "people": loaded.users,
        "pruned": pruned,
        "replaced": loaded.replaced,
        "earlier": loaded.earlier,
    }
    if pruned:
        counts["outdated"] = 0
    if as_json:
        of_learning = {"learned": learned_json(learned)} if learned else {}
        print_json({**counts, **of_learning, "report": report_json(report, lang=lang)})
        return
    _print_cleaned(report, lang=lang)
    for (kind, _), group in report.notes.items():
        if kind in ("items of log", "ids of log"):
            console().print(Padding(Text(group.line(lang)), (0, 0, 0, 2)))
    typer.echo(words["loaded"].format(**counts))
    for key in ("replaced", "earlier", "pruned", "outdated"):
        if counts[key]:
            typer.echo(words[key].format(n=counts[key]))
    if learned is not None:
        typer.echo(learned_line(learned, settings))
    unusable = sum(group.count for group in report.problems.values())
    notes = sum(group.count for group in report.notes.values())
    if unusable or notes:
        typer.echo(words["see"].format(lost=unusable, noted=notes))


def report_json(report: Report, *, lang: Language = "en") -> dict[str, Any]:
    """Returns the report as plain values; ``usable`` is true where nothing was left out."""
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
        "problems": _groups_json(report.problems, lang),
        "notes": _groups_json(report.notes, lang),
        "cleaned": [
            {
                "step": step,
                "field": field,
                "where": path,
                "count": change.count,
                "before": change.before,
                "after": change.after,
            }
            for (step, field, path), change in report.changes.items()
        ],
    }


def _file_table(report: Report, words: Mapping[str, str]) -> Table:
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


def _totals(report: Report, lang: Language) -> list[str]:
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


def _print_groups(title: str, groups: ProblemGroups, lang: Language, *, style: str) -> None:
    if groups:
        print_line(title, style=style)
    for group in groups.values():
        console().print(Padding(Text(group.line(lang)), (0, 0, 0, 2)))


def _groups_json(groups: ProblemGroups, lang: Language) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "file": file,
            "count": group.count,
            "examples": [
                {
                    "row": problem.row,
                    "field": problem.field,
                    "value": problem.value,
                    "says": problem.says(lang),
                    "fix": problem.fix(lang),
                }
                for problem in group.examples
            ],
        }
        for (kind, file), group in groups.items()
    ]
