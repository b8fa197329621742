"""Starts, resumes and finishes a run of an experiment.

Each result is kept as soon as it is there; a killed run loses only those under way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import platformdirs
from filelock import FileLock, Timeout

from recagent import bootstrap, prompts
from recagent.domain import Case
from recagent.errors import ConfigError, DataError
from recagent.evaluation import run_folder
from recagent.evaluation.batch_runs import RECORDINGS, BatchRun
from recagent.evaluation.context import EvaluationContext
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.preparation import open_context
from recagent.evaluation.run_cases import Estimate, estimate, run_cases, start_models
from recagent.evaluation.run_manifest import (
    RunLimits,
    check_same_data,
    check_same_models,
    make_manifest,
    now,
)
from recagent.evaluation.summary import summarise
from recagent.evaluation.system_runner import LATER, Job, dialogue
from recagent.llm.usage import CostBudget, Exchange, MeteredModel
from recagent.offline.data_set import ALL
from recagent.offline.leaks import check_same_answers
from recagent.offline.results import Manifest, Result
from recagent.ports import ReplyCache

# What stands in a run's folder before its manifest does.
_EARLY_FILES = {
    ".lock", run_folder.EXPERIMENT, run_folder.CASES, run_folder.TITLES, run_folder.RESULTS,
    run_folder.CONVERSATIONS, RECORDINGS,
}  # fmt: skip


class RunProgress(Protocol):
    """Is called with how far a run is."""

    def stage(self, name: str, done: int, total: int | None) -> None:
        """Called for every step before the first question: ``done`` of ``total``."""
        ...

    def planned(self, jobs: Sequence[Job], saved_results: Sequence[Result]) -> None:
        """Called once with all questions, and the results that are there already."""
        ...

    def result(self, job: Job, result: Result) -> None:
        """Called with each result when it is kept."""
        ...


async def dry_run(
    path: Path,
    *,
    limits: RunLimits,
    progress: RunProgress,
) -> list[Estimate]:
    """Estimates what a run would take; no model is asked, nothing is kept. Raises as ``start``."""
    experiment = load_experiment(path, data=limits.data)
    with _cache() as cache:
        async with open_context(
            experiment, limit=limits.cases, on_progress=progress.stage
        ) as context:
            return await estimate(context, context.jobs(), cache=cache)


async def start_run(
    path: Path,
    folder: Path,
    *,
    limits: RunLimits,
    progress: RunProgress,
    arguments: Sequence[str] = (),
    batch: BatchRun | None = None,
) -> run_folder.Run | None:
    """Runs an experiment into a new folder.

    Args:
        path: the experiment file.
        folder: of the run; made here.
        limits: what it may take.
        progress: called with how far it is.
        arguments: of the command line, for the manifest.
        batch: answers in place of the model, and collects what it cannot answer.

    Returns:
        The run; None where questions wait for their replies in a batch.

    Raises:
        ConfigError: the folder has something in it already; or as ``load_experiment``.
        RecagentError: as ``open_context`` and ``run_cases``; what was answered before stays.
    """
    experiment = load_experiment(path, data=limits.data)
    _refuse_used(folder)
    async with open_context(experiment, limit=limits.cases, on_progress=progress.stage) as context:
        await _rehearse(context)
        async with _started_models(context, context.jobs(), limits, batch) as models:
            with _sole_writer(folder):
                _open_folder(folder, path, context, models, limits, arguments)
                return await _run_jobs(context, folder, models, limits, progress, batch)


async def resume_run(
    folder: Path,
    *,
    limits: RunLimits,
    progress: RunProgress,
    retry_failed: bool = False,
    batch: BatchRun | None = None,
) -> run_folder.Run | None:
    """Continues a run that was stopped, or asks its failed cases again; as ``start_run``.

    Raises:
        DataError: the folder is no run, or data, cases, prompts or models are not those that it
            began with.
        RecagentError: as ``start``.
    """
    manifest = run_folder.read_json(Manifest, folder / run_folder.MANIFEST)
    source = folder / run_folder.EXPERIMENT
    experiment = load_experiment(
        source,
        folder=folder / manifest.folder,
        data=folder / manifest.data_path if manifest.data_path else None,
    )
    with _sole_writer(folder):
        results = folder / run_folder.RESULTS
        run_folder.repair_lines(results)
        run_folder.repair_lines(folder / run_folder.CONVERSATIONS)
        if retry_failed:
            succeeded = [one for one in run_folder.read_lines(Result, results) if one.error is None]
            run_folder.write_lines(results, succeeded)
        async with open_context(
            experiment, limit=manifest.limit, on_progress=progress.stage
        ) as context:
            frozen = run_folder.read_lines(Case, folder / run_folder.CASES)
            check_same_data(manifest, context, frozen)
            if batch is not None:
                batch.read_recordings(folder)
            jobs = _jobs_left(context, folder)
            async with _started_models(context, jobs, limits, batch) as models:
                check_same_models(manifest, context, models)
                return await _run_jobs(context, folder, models, limits, progress, batch)


@asynccontextmanager
async def _started_models(
    context: EvaluationContext, jobs: Sequence[Job], limits: RunLimits, batch: BatchRun | None
) -> AsyncGenerator[Mapping[str, MeteredModel]]:
    if batch is not None:
        yield batch.models(context)
        return
    concurrency = limits.concurrency or context.experiment.concurrency
    budget = CostBudget(most=limits.most)
    with _cache() as cache:
        async with start_models(
            context, jobs, cache=cache, concurrency=concurrency, budget=budget
        ) as models:
            yield models


def _refuse_used(folder: Path) -> None:
    """Refuses a folder that holds a run, or files that no run leaves when it is killed early."""
    names = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    if run_folder.MANIFEST in names or names - _EARLY_FILES:
        raise ConfigError(
            "{folder!r} is not empty; resume its run with --resume, or choose another --out",
            folder=str(folder),
        )


async def _rehearse(context: EvaluationContext) -> None:
    """Renders every prompt for the first case of every scene, so that it fails now if at all."""
    first = {case.scene: case for case in reversed(context.questions.cases)}
    jobs = [Job(system=system, case=case) for system in context.experiment.grid
            for case in first.values()]  # fmt: skip
    await estimate(context, jobs, cache=None)


def _open_folder(
    folder: Path,
    path: Path,
    context: EvaluationContext,
    models: Mapping[str, MeteredModel],
    limits: RunLimits,
    arguments: Sequence[str],
) -> None:
    """Writes everything that comes before the first result; the manifest comes last."""
    (folder / run_folder.EXPERIMENT).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    run_folder.write_lines(folder / run_folder.CASES, context.questions.cases)
    run_folder.write_json(folder / run_folder.TITLES, _titles(context))
    for name in (run_folder.RESULTS, run_folder.CONVERSATIONS):
        (folder / name).touch()
    manifest = make_manifest(
        context, models, path=path, folder=folder, limits=limits, arguments=arguments
    )
    run_folder.write_json(folder / run_folder.MANIFEST, manifest)


async def _run_jobs(
    context: EvaluationContext,
    folder: Path,
    models: Mapping[str, MeteredModel],
    limits: RunLimits,
    progress: RunProgress,
    batch: BatchRun | None,
) -> run_folder.Run | None:
    """Asks what has no result yet, keeps each result as it comes, and finishes the run.

    A run whose questions wait for a batch is not finished.
    """
    with_dialogue = {case.id for case in context.first_cases(context.experiment.conversations)}
    progress.planned(context.jobs(), run_folder.read_lines(Result, folder / run_folder.RESULTS))

    def keep(job: Job, result: Result, exchanges: tuple[Exchange, ...]) -> None:
        if exchanges and job.variant == ALL and job.case.id in with_dialogue:
            run_folder.append_lines(folder / run_folder.CONVERSATIONS, [dialogue(job, exchanges)])
        run_folder.append_lines(folder / run_folder.RESULTS, [result])
        if batch is not None and exchanges:
            batch.record(folder, job, exchanges)
        progress.result(job, result)

    runner = context.runner(models)
    if batch is not None:
        runner = replace(runner, attempts=1, lists=batch.lists)
    await run_cases(
        _jobs_left(context, folder),
        runner=runner,
        concurrency=limits.concurrency or context.experiment.concurrency,
        on_result=keep,
    )
    waiting = _jobs_left(context, folder) if batch is not None else []
    if batch is not None and waiting:
        batch.record_lists(folder, waiting)
        return None
    return await _finish(context, folder)


def _jobs_left(context: EvaluationContext, folder: Path) -> list[Job]:
    """Returns the questions that have no result yet."""
    results = run_folder.read_lines(Result, folder / run_folder.RESULTS)
    done = {(result.system, result.case, result.variant) for result in results}
    return [job for job in context.jobs() if job.key not in done]


async def _finish(context: EvaluationContext, folder: Path) -> run_folder.Run:
    """Summarises the results, and marks the run as finished in its manifest."""
    experiment = context.experiment
    rank = {system.name: number for number, system in enumerate(experiment.grid)}
    results = run_folder.read_lines(Result, folder / run_folder.RESULTS)
    results = _without_later(results)
    values, summary = summarise(
        context.questions.cases,
        sorted(results, key=lambda result: rank[result.system]),
        catalogue=await context.catalogue_statistics(),
        measures=experiment.all_measures,
        primary=experiment.primary,
        reference=experiment.reference or experiment.grid[0].name,
        main=experiment.main,
    )
    if context.programs.costs:
        known = run_folder.read_costs(folder)
        run_folder.write_json(
            folder / run_folder.PROGRAMS,
            {name: cost.model_dump() for name, cost in (known | context.programs.costs).items()},
        )
    run_folder.write_lines(folder / run_folder.VALUES, values)
    run_folder.write_json(folder / run_folder.SUMMARY, summary)
    manifest = run_folder.read_json(Manifest, folder / run_folder.MANIFEST)
    run_folder.write_json(folder / run_folder.MANIFEST, replace(manifest, finished=now()))
    return run_folder.load_run(folder)


def _without_later(results: Sequence[Result]) -> list[Result]:
    """Returns the results but for those of the audit of later events, which they must equal."""
    plain = {(result.system, result.case): result for result in results if result.variant == ALL}
    for result in results:
        if result.variant == LATER:
            check_same_answers(plain[result.system, result.case], result)
    return [result for result in results if result.variant != LATER]


def _titles(context: EvaluationContext) -> dict[str, str]:
    """Returns the captions of every item that a case names, by id."""
    items = {key: item for scene in context.scene_items.values() for key, item in scene.items()}
    cases = context.questions.cases
    named = {key for case in cases for key in (*case.item_ids, *case.judgments)}
    named |= {event.item_id for case in cases for event in case.history}
    return {key: prompts.caption(items[key]) for key in sorted(named) if key in items}


def cache_path() -> Path:
    """Returns the file of kept replies, in the user's cache."""
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
        raise DataError(
            "another process is working on run {folder!r}; wait until it ends", folder=str(folder)
        ) from error
