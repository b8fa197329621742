"""``recagent eval``: run experiments, compare runs, write reports and exports."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import anyio
import typer

from recagent import bootstrap
from recagent.cli import evaluation_output as show
from recagent.cli.evaluation_output import WORDS
from recagent.cli.evaluation_progress import watching
from recagent.cli.language import speak
from recagent.domain import Language
from recagent.errors import RecagentError
from recagent.evaluation import launch
from recagent.evaluation.compare_runs import compare_runs
from recagent.evaluation.export import export as write
from recagent.evaluation.report import write_report
from recagent.evaluation.run_cases import Estimate
from recagent.evaluation.run_folder import Run, load_run
from recagent.evaluation.run_manifest import RunLimits

GATE_FAILED = 100
INCOMPLETE = 1
RUNS = Path("eval") / "runs"

app = typer.Typer()

Lang = Annotated[Literal["en", "zh"] | None, typer.Option(help="Language of what is printed.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Folder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Side = Annotated[str, typer.Argument(help="RUN or RUN:SYSTEM.")]


@app.command()
def run(
    experiment: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An experiment file (TOML).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run. [default: eval/runs/NAME-TIME]")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Where the data are, in place of [data] path.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print calls, tokens, time and price; ask nobody.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with a stopped run.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: ask failed cases again.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many cases of a scene.")] = 0,
    concurrency: Annotated[int, typer.Option(min=0, help="Questions at once.")] = 0,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before more than this is spent.")
    ] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Run an experiment; Ctrl-C keeps what is answered, --resume goes on."""
    speak(lang)
    if (experiment is None) == (resume is None):
        raise typer.BadParameter("give an experiment FILE, or --resume RUN", param_hint="FILE")
    if retry_failed and resume is None:
        raise typer.BadParameter("goes with --resume RUN", param_hint="--retry-failed")
    if resume is not None and (out or data or limit or dry_run):
        raise typer.BadParameter("a resumed run keeps its folder and cases", param_hint="--resume")
    limits = RunLimits(concurrency=concurrency, most=max_cost, cases=limit, data=data)
    words = lang or "en"
    if dry_run and experiment is not None:
        show.estimates(_estimated(experiment, limits), lang=words, as_json=json)
        return
    done = _ran(experiment, resume, out, limits, retry_failed=retry_failed, lang=words)
    show.summary(done, lang=words, as_json=json)
    if done.summary.failed:
        raise typer.Exit(INCOMPLETE)


SERVED = """\
name = "served"
about = "What would be served, fitted on what came before, against popularity and item-kNN."
measures = ["nDCG@10", "HR@10", "MRR", "coverage@10"]
reference = "popularity"
main = ["served", "popularity"]
[data]
{data}
[cases]
people = "all"
candidates = "all"
min_history = 1
number = {number}
known = "{known}"
[[systems]]
baseline = ["popularity", "knn", "served", "head"]
"""


@app.command()
def served(
    config: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="A recagent.toml or its folder.")
    ] = Path(),
    demo: Annotated[bool, typer.Option("--demo", help="Use the bundled demo data.")] = False,
    strangers: Annotated[bool, typer.Option("--strangers", help="Hide everybody's past.")] = False,
    number: Annotated[int, typer.Option(min=1, help="At most so many people of a scene.")] = 300,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Compare what would be served with popularity and item-kNN, on your own data.

    Of each person the last thing that they liked is held out, and all that came after it. What is
    served is fitted on the rest, inside the evaluation, and ranks the whole scene.
    """
    speak(lang)
    path = str(config.resolve()).replace("\\", "/")
    data = 'source = "demo"' if demo else f'source = "config"\npath = "{path}"'
    known = "nothing" if strangers else "all"
    limits = RunLimits(concurrency=1, most=None, cases=0, data=None)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "served.toml"
        text = SERVED.format(data=data, number=number, known=known)
        file.write_text(text, encoding="utf-8")
        done = _ran(file, None, out, limits, retry_failed=False, lang=lang or "en")
    show.summary(done, lang=lang or "en", as_json=json)


@app.command()
def compare(
    base: Side,
    new: Side,
    min_delta: Annotated[
        list[str] | None,
        typer.Option(help="MEASURE=DELTA that NEW must surely keep: nDCG@10=-0.01. Repeatable."),
    ] = None,
    measure: Annotated[
        str, typer.Option(help="Measure that is compared. [default: the runs' primary one]")
    ] = "",
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Compare two runs or systems on the same cases; exit 100 where --min-delta is not kept."""
    speak(lang)
    wanted = dict(_minimum(text) for text in min_delta or [])
    found = compare_runs(base, new, measure=measure, minimums=wanted)
    show.comparisons(found, lang=lang or "en", as_json=json)
    if not all(gate.passed for gate in found.gates):
        raise typer.Exit(GATE_FAILED)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML file.")] = Path("report.html"),
    lang: Lang = None,
) -> None:
    """Write one HTML file that needs no network: matrix, plots, prompts and replies by person."""
    speak(lang)
    write_report([load_run(folder) for folder in runs], out, lang=lang or "en")
    typer.echo(out)


@app.command()
def export(
    folder: Folder,
    form: Annotated[
        Literal["csv", "latex", "trec"], typer.Option("--format", help="csv, latex or trec.")
    ] = "csv",
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of the files.")] = Path(),
    lang: Lang = None,
) -> None:
    """Write a run's numbers as CSV or LaTeX, or its rankings as TREC runs."""
    speak(lang)
    for path in write(load_run(folder), form=form, to=out):
        typer.echo(path)


@app.command("forget")
def forget(lang: Lang = None) -> None:
    """Empty the cache of models' replies."""
    speak(lang)
    cache = bootstrap.reply_cache(launch.cache_path())
    typer.echo(WORDS[lang or "en"]["forgotten"].format(n=cache.clear()))
    cache.close()


def _estimated(experiment: Path, limits: RunLimits) -> list[Estimate]:
    with watching() as watch:
        return anyio.run(partial(launch.dry_run, experiment, limits=limits, progress=watch))


def _ran(
    experiment: Path | None,
    resumed: Path | None,
    out: Path | None,
    limits: RunLimits,
    *,
    retry_failed: bool,
    lang: Language,
) -> Run:
    """The run, new or resumed; an interrupted one says how it goes on."""
    stamp = datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S")
    folder = resumed or out or RUNS / f"{experiment.stem if experiment else ''}-{stamp}"
    with watching() as watch:
        begin = (
            partial(launch.resume_run, folder, retry_failed=retry_failed)
            if experiment is None
            else partial(launch.start_run, experiment, folder, arguments=sys.argv[1:])
        )
        try:
            return anyio.run(partial(begin, limits=limits, progress=watch))
        except (RecagentError, KeyboardInterrupt) as error:  # said below the table, then raised
            stopped = error
    if watch.kept:
        typer.echo(WORDS[lang]["stopped"].format(n=watch.kept, folder=folder), err=True)
    raise stopped


def _minimum(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        delta = float(number)
    except ValueError:
        delta = math.nan
    if not name.strip() or not math.isfinite(delta):
        says = f"{text!r} is not MEASURE=DELTA, as nDCG@10=-0.01"
        raise typer.BadParameter(says, param_hint="--min-delta")
    return name.strip(), delta
