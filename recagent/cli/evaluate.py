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
from recagent.cli import set_language
from recagent.cli.evaluation_output import WORDS
from recagent.cli.evaluation_progress import watching
from recagent.cli.options import Demo, Json, Lang
from recagent.cli.suite import suite
from recagent.domain import Language
from recagent.errors import ModelError, RecagentError
from recagent.evaluation import launch
from recagent.evaluation.batch_runs import BatchRun
from recagent.evaluation.compare_runs import compare_runs
from recagent.evaluation.export import export as write
from recagent.evaluation.report import write_report
from recagent.evaluation.run_folder import Run, load_run
from recagent.evaluation.run_manifest import RunLimits
from recagent.llm.batch_files import write_requests

GATE_FAILED = 100
INCOMPLETE = 1
RUNS = Path("eval") / "runs"

app = typer.Typer()
app.command()(suite)

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
        Path | None, typer.Option(help="Where the data are, instead of [data] path.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print calls, tokens, time and price; call no model.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Resume a stopped run.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: ask failed cases again.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most this many cases of a scene.")] = 0,
    concurrency: Annotated[int, typer.Option(min=0, help="Questions at once.")] = 0,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before more than this is spent.")
    ] = None,
    requests: Annotated[
        Path | None,
        typer.Option(help="Write the questions to the model here, as lines of a batch."),
    ] = None,
    replies: Annotated[
        list[Path] | None,
        typer.Option(help="Read its answers from a batch's output. May be repeated."),
    ] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Run an experiment; after Ctrl-C, --resume goes on with what is answered."""
    set_language(lang)
    if (experiment is None) == (resume is None):
        raise typer.BadParameter("give an experiment FILE, or --resume RUN", param_hint="FILE")
    if retry_failed and resume is None:
        raise typer.BadParameter("goes with --resume RUN", param_hint="--retry-failed")
    if resume is not None and (out or data or limit or dry_run):
        raise typer.BadParameter("a resumed run keeps its folder and cases", param_hint="--resume")
    limits = RunLimits(concurrency=concurrency, most=max_cost, cases=limit, data=data)
    if dry_run and experiment is not None:
        with watching() as watch:
            estimates = anyio.run(
                partial(
                    launch.dry_run,
                    experiment,
                    limits=limits,
                    progress=watch,
                )
            )
        show.print_estimates(estimates, lang=lang or "en", as_json=json)
        return
    batch = BatchRun(replies or ()) if requests or replies else None
    folder = resume or out or _new_folder(experiment)
    finished = _run(
        experiment, folder, limits, resume=resume is not None, retry_failed=retry_failed,
        batch=batch, lang=lang or "en",
    )  # fmt: skip
    if batch is not None:
        _write_requests(batch, requests, folder, lang=lang or "en")
    if finished is None:
        return
    show.print_run(finished, lang=lang or "en", as_json=json)
    if finished.summary.failed:
        raise typer.Exit(INCOMPLETE)


def _write_requests(batch: BatchRun, path: Path | None, folder: Path, *, lang: Language) -> None:
    """Writes the questions that have no reply yet, and says how to go on.

    Raises:
        ModelError: there are some, and nobody said where they are to go.
    """
    if path is None and batch.requests:
        raise ModelError(
            "{count} questions have no reply in these files; --resume {folder} --requests FILE "
            "writes them",
            count=len(batch.requests),
            folder=str(folder),
        )
    if path is not None:
        write_requests(path, batch.requests)
        line = WORDS[lang]["written"].format(n=len(batch.requests), path=path, folder=folder)
        typer.echo(line, err=True)


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
    demo: Demo = False,
    strangers: Annotated[
        bool, typer.Option("--strangers", help="Hide everybody's history.")
    ] = False,
    number: Annotated[int, typer.Option(min=1, help="At most this many people of a scene.")] = 300,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Compare what would be served with popularity and item-kNN, on your own data.

    Each person's last like is held out with all that came after it. What is served is fitted on
    the rest, inside the evaluation, and ranks the whole scene.
    """
    set_language(lang)
    path = str(config.resolve()).replace("\\", "/")
    data = 'source = "demo"' if demo else f'source = "config"\npath = "{path}"'
    known = "nothing" if strangers else "all"
    limits = RunLimits(concurrency=1, most=None, cases=0, data=None)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "served.toml"
        text = SERVED.format(data=data, number=number, known=known)
        file.write_text(text, encoding="utf-8")
        finished = _run(
            file, out or _new_folder(file), limits, resume=False, retry_failed=False, batch=None,
            lang=lang or "en",
        )  # fmt: skip
    assert finished is not None  # noqa: S101 - no batch is asked
    show.print_run(finished, lang=lang or "en", as_json=json)


@app.command()
def compare(
    base: Side,
    new: Side,
    min_delta: Annotated[
        list[str] | None,
        typer.Option(help="MEASURE=DELTA that NEW must keep: nDCG@10=-0.01. Repeatable."),
    ] = None,
    measure: Annotated[
        str, typer.Option(help="Measure to compare. [default: the runs' primary one]")
    ] = "",
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Compare two runs or systems on the same cases; exit 100 if a --min-delta is not kept."""
    set_language(lang)
    minimums = dict(_minimum(text) for text in min_delta or [])
    comparison = compare_runs(base, new, measure=measure, minimums=minimums)
    show.print_comparison(comparison, lang=lang or "en", as_json=json)
    if not all(gate.passed for gate in comparison.gates):
        raise typer.Exit(GATE_FAILED)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML file.")] = Path("report.html"),
    lang: Lang = None,
) -> None:
    """Write an HTML file that needs no network: results, plots, prompts and replies by person."""
    set_language(lang)
    write_report([load_run(folder) for folder in runs], out, lang=lang or "en")
    typer.echo(out)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    form: Annotated[
        Literal["csv", "latex", "trec"], typer.Option("--format", help="csv, latex or trec.")
    ] = "csv",
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of the files.")] = Path(),
    lang: Lang = None,
) -> None:
    """Write a run's numbers as CSV or LaTeX, or its rankings as TREC runs."""
    set_language(lang)
    for path in write(load_run(folder), form=form, to=out):
        typer.echo(path)


@app.command()
def forget(lang: Lang = None) -> None:
    """Empty the cache of models' replies."""
    set_language(lang)
    cache = bootstrap.reply_cache(launch.cache_path())
    typer.echo(WORDS[lang or "en"]["forgotten"].format(n=cache.clear()))
    cache.close()


def _new_folder(experiment: Path | None) -> Path:
    stamp = datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S")
    return RUNS / f"{experiment.stem if experiment else ''}-{stamp}"


def _run(
    experiment: Path | None,
    folder: Path,
    limits: RunLimits,
    *,
    resume: bool,
    retry_failed: bool,
    batch: BatchRun | None,
    lang: Language,
) -> Run | None:
    """Runs an experiment or resumes a run; one that stops prints how to go on."""
    with watching() as watch:
        begin = (
            partial(launch.resume_run, folder, retry_failed=retry_failed)
            if resume or experiment is None
            else partial(launch.start_run, experiment, folder, arguments=sys.argv[1:])
        )
        try:
            return anyio.run(partial(begin, limits=limits, progress=watch, batch=batch))
        except (RecagentError, KeyboardInterrupt) as error:  # raised below the table
            stopped = error
    if watch.saved:
        typer.echo(WORDS[lang]["stopped"].format(n=watch.saved, folder=folder), err=True)
    raise stopped


def _minimum(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        delta = float(number)
    except ValueError:
        delta = math.nan
    if not name.strip() or not math.isfinite(delta):
        raise typer.BadParameter(
            f"{text!r} is not MEASURE=DELTA, as nDCG@10=-0.01", param_hint="--min-delta"
        )
    return name.strip(), delta
