"""``recagent eval suite``: many data sets, protocols and systems, from one file."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from recagent.cli import set_language
from recagent.cli.evaluation_progress import watching
from recagent.cli.options import Json, Lang
from recagent.cli.output import print_json
from recagent.evaluation.report import write_report
from recagent.evaluation.suite import load_suite, run_suite
from recagent.evaluation.suite_table import WORDS, overview, suite_table

TABLE, REPORT = "table.md", "report.html"
INCOMPLETE = 1


def suite(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A suite file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the runs. [default: eval/runs/NAME]")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder of the data sets that are not bundled.")
    ] = Path("eval/data"),
    only: Annotated[
        list[str] | None, typer.Option(help="A data set of the suite. May be repeated.")
    ] = None,
    protocol: Annotated[
        list[str] | None, typer.Option(help="A protocol of the suite. May be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most this many cases of a scene.")] = 0,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Run systems on many data sets under several protocols; the same command resumes it.

    A data set that is not there is named with its recipe and left out. The folder gets a table and
    a report page.
    """
    set_language(lang)
    declared = load_suite(file)
    folder = out or Path("eval") / "runs" / declared.name
    with watching() as watch:
        run = anyio.run(
            partial(
                run_suite, declared, folder, data_folder=data, only=only or (),
                protocols=protocol or (), limit=limit, progress=watch, arguments=sys.argv[1:],
            )
        )  # fmt: skip
    table = suite_table(run, lang=lang or "en")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE).write_text(table, encoding="utf-8")
    if run.runs:
        write_report(run.runs, folder / REPORT, lang=lang or "en", overview=overview(run))
    if json:
        print_json({
            "folder": str(folder),
            "summaries": {each.manifest.name: each.summary for each in run.runs},
            "missing": {each.name: each.recipe for each in run.missing},
            "unavailable": run.unavailable,
        })  # fmt: skip
    else:
        typer.echo(table)
        words = WORDS[lang or "en"]
        typer.echo(words["written"].format(table=folder / TABLE, report=folder / REPORT), err=True)
    if any(each.summary.failed for each in run.runs):
        raise typer.Exit(INCOMPLETE)
