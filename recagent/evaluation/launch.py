"""Starting, resuming and finishing a run: its folder, its manifest, and every result at once.

A result is kept when it is there: a killed run loses those under way and no other.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import platformdirs
from filelock import FileLock, Timeout

from recagent import bootstrap, prompts
from recagent.domain import Case
from recagent.errors import ConfigError, DataError
from recagent.evaluation import runs
from recagent.evaluation.answering import Job, conversation
from recagent.evaluation.conditions import (
    RunLimits,
    check_same,
    check_same_models,
    manifest_of,
    now,
)
from recagent.evaluation.context import EvaluationContext
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.opening import Serving, opened
from recagent.evaluation.running import Estimate, ask_all, asked_models, estimate
from recagent.evaluation.summary import summarise
from recagent.llm.usage import CostBudget, Exchange, MeteredModel
from recagent.offline.models import ALL, Manifest, Result
from recagent.ports import ReplyCache

# What stands in a run's folder before its manifest does.
_BEGINNING = {
    ".lock", runs.EXPERIMENT, runs.CASES, runs.TITLES, runs.RESULTS, runs.CONVERSATIONS
}  # fmt: skip


class Watch(Protocol):
    """Is told how a run gets on."""

    def stage(self, name: str, done: int, total: int | None) -> None:
        """Something before the first question: ``done`` of ``total``."""
        ...

    def planned(self, jobs: Sequence[Job], kept: Sequence[Result]) -> None:
        """All questions, and the results that are there already."""
        ...

    def result(self, job: Job, result: Result) -> None:
        """One more result is kept."""
        ...


async def dry_run(
    path: Path, *, limits: RunLimits, watch: Watch, serving: Serving | None = None
) -> list[Estimate]:
    """What a run would take; no model is asked, nothing is kept. Raises as ``start``."""
    experiment = load_experiment(path, data=limits.data)
    with _cache() as cache:
        async with opened(
            experiment, limit=limits.cases, on_progress=watch.stage, serving=serving
        ) as bench:
            return await estimate(bench, bench.jobs(), cache=cache)


async def start(
    path: Path,
    folder: Path,
    *,
    limits: RunLimits,
    watch: Watch,
    arguments: Sequence[str] = (),
    serving: Serving | None = None,
) -> runs.Run:
    """Run an experiment into a new folder.

    Args:
        path: the experiment file.
        folder: of the run; made here.
        limits: what it may take.
        watch: is told how it gets on.
        arguments: of the command line, for the manifest.
        serving: makes what would be served, where an experiment compares that.

    Raises:
        ConfigError: the folder has something in it already; or as ``load_experiment``.
        RecagentError: as ``opened`` and ``ask_all``; what was answered before stays.
    """
    experiment = load_experiment(path, data=limits.data)
    _refuse_used(folder)
    with _cache() as cache:
        async with opened(
            experiment, limit=limits.cases, on_progress=watch.stage, serving=serving
        ) as bench:
            await _rehearse(bench)
            concurrency = limits.concurrency or experiment.concurrency
            purse = CostBudget(most=limits.most)
            async with asked_models(
                bench, bench.jobs(), cache=cache, concurrency=concurrency, purse=purse
            ) as sources:
                with _sole_writer(folder):
                    _open_folder(folder, path, bench, sources, limits, arguments)
                    await _ask(bench, folder, sources, concurrency, watch)
                    return await _finished(bench, folder)


async def resume(
    folder: Path,
    *,
    limits: RunLimits,
    watch: Watch,
    retry_failed: bool = False,
    serving: Serving | None = None,
) -> runs.Run:
    """Go on with a run that was stopped, or ask its failed cases again.

    Raises:
        DataError: the folder is no run, or data, cases, prompts or models are not those that it
            began with.
        RecagentError: as ``start``.
    """
    manifest = runs.read(Manifest, folder / runs.MANIFEST)
    source = folder / runs.EXPERIMENT
    experiment = load_experiment(
        source,
        folder=folder / manifest.folder,
        data=folder / manifest.data_path if manifest.data_path else None,
    )
    with _sole_writer(folder), _cache() as cache:
        results = folder / runs.RESULTS
        runs.mend(results)
        runs.mend(folder / runs.CONVERSATIONS)
        if retry_failed:
            good = [result for result in runs.lines(Result, results) if result.error is None]
            runs.write_lines(results, good)
        async with opened(
            experiment, limit=manifest.limit, on_progress=watch.stage, serving=serving
        ) as bench:
            check_same(manifest, bench, runs.lines(Case, folder / runs.CASES))
            concurrency = limits.concurrency or experiment.concurrency
            purse = CostBudget(most=limits.most)
            async with asked_models(
                bench, _left(bench, folder), cache=cache, concurrency=concurrency, purse=purse
            ) as sources:
                check_same_models(manifest, bench, sources)
                await _ask(bench, folder, sources, concurrency, watch)
                return await _finished(bench, folder)


def _refuse_used(folder: Path) -> None:
    """Refuse a folder that holds a run, or anything that a run which was killed early left not."""
    names = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    if runs.MANIFEST in names or names - _BEGINNING:
        raise ConfigError(
            f"{str(folder)!r} is not empty: resume its run with --resume, or name another --out"
        )


async def _rehearse(bench: EvaluationContext) -> None:
    """Render every prompt for the first case of every scene, so that what fails, fails now."""
    first = {case.scene: case for case in reversed(bench.questions.cases)}
    jobs = [Job(system=system, case=case) for system in bench.experiment.grid
            for case in first.values()]  # fmt: skip
    await estimate(bench, jobs, cache=None)


def _open_folder(
    folder: Path,
    path: Path,
    bench: EvaluationContext,
    sources: Mapping[str, MeteredModel],
    limits: RunLimits,
    arguments: Sequence[str],
) -> None:
    """Everything that stands before the first result; the manifest comes last."""
    (folder / runs.EXPERIMENT).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    runs.write_lines(folder / runs.CASES, bench.questions.cases)
    runs.write_json(folder / runs.TITLES, _titles(bench))
    for name in (runs.RESULTS, runs.CONVERSATIONS):
        (folder / name).touch()
    manifest = manifest_of(
        bench, sources, path=path, folder=folder, limits=limits, arguments=arguments
    )
    runs.write_json(folder / runs.MANIFEST, manifest)


async def _ask(
    bench: EvaluationContext,
    folder: Path,
    sources: Mapping[str, MeteredModel],
    concurrency: int,
    watch: Watch,
) -> None:
    """Ask what has no result yet, and keep each result as it comes."""
    told = {case.id for case in bench.first_cases(bench.experiment.conversations)}
    watch.planned(bench.jobs(), runs.lines(Result, folder / runs.RESULTS))

    def keep(job: Job, result: Result, exchanges: tuple[Exchange, ...]) -> None:
        if exchanges and job.variant == ALL and job.case.id in told:
            runs.append(folder / runs.CONVERSATIONS, [conversation(job, exchanges)])
        runs.append(folder / runs.RESULTS, [result])
        watch.result(job, result)

    await ask_all(
        _left(bench, folder),
        desk=bench.desk(sources),
        concurrency=concurrency,
        on_result=keep,
    )


def _left(bench: EvaluationContext, folder: Path) -> list[Job]:
    """The questions that have no result yet."""
    kept = runs.lines(Result, folder / runs.RESULTS)
    done = {(result.system, result.case, result.variant) for result in kept}
    return [job for job in bench.jobs() if job.key not in done]


async def _finished(bench: EvaluationContext, folder: Path) -> runs.Run:
    """Make numbers of the results, and say in the manifest that the run is whole."""
    experiment = bench.experiment
    place = {system.name: at for at, system in enumerate(experiment.grid)}
    results = runs.lines(Result, folder / runs.RESULTS)
    values, summary = summarise(
        bench.questions.cases,
        sorted(results, key=lambda result: place[result.system]),
        shelf=await bench.shelf(),
        measures=experiment.all_measures,
        primary=experiment.primary,
        reference=experiment.reference or experiment.grid[0].name,
        main=experiment.main,
    )
    runs.write_lines(folder / runs.VALUES, values)
    runs.write_json(folder / runs.SUMMARY, summary)
    manifest = runs.read(Manifest, folder / runs.MANIFEST)
    runs.write_json(folder / runs.MANIFEST, replace(manifest, finished=now()))
    return runs.load_run(folder)


def _titles(bench: EvaluationContext) -> dict[str, str]:
    """Captions of every item that a case names, by id."""
    items = {key: item for held in bench.scene_items.values() for key, item in held.items()}
    cases = bench.questions.cases
    named = {key for case in cases for key in (*case.item_ids, *case.judgments)}
    named |= {event.item_id for case in cases for event in case.history}
    return {key: prompts.caption(items[key]) for key in sorted(named) if key in items}


def cache_path() -> Path:
    """Where replies are kept: the user's cache."""
    return Path(platformdirs.user_cache_dir("recagent", appauthor=False)) / "replies.db"


@contextmanager
def _cache() -> Generator[ReplyCache]:
    cache = bootstrap.reply_cache(cache_path())
    try:
        yield cache
    finally:
        cache.close()


@contextmanager
def _sole_writer(folder: Path) -> Generator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout as error:
        raise DataError(f"another process works on run {str(folder)!r}; wait for it") from error
