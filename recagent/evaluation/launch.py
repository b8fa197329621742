"""Starting, resuming and finishing a run: its folder, its manifest, and every result at once.

A result is kept when it is there: a killed run loses those under way and no other.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

import platformdirs
from filelock import FileLock, Timeout

import recagent
from recagent import prompts, wiring
from recagent.errors import ConfigError, DataError
from recagent.evaluation import models, runs
from recagent.evaluation.answering import Job, conversation
from recagent.evaluation.bench import Bench
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.metering import Purse, Source
from recagent.evaluation.nouns import ALL, Exchange, Manifest, Result
from recagent.evaluation.opening import opened
from recagent.evaluation.running import Estimate, ask_all, asked_models, estimate
from recagent.evaluation.summary import summarise
from recagent.protocols import ReplyCache
from recagent.types import Case

_PACKAGES = (
    "recagent", "chromadb", "numpy", "scipy", "scikit-learn", "implicit", "ir-measures", "bm25s",
    "wordllama", "xllamacpp", "openai", "jinja2", "pydantic",
)  # fmt: skip
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may take.

    Attributes:
        concurrency: questions at once; the experiment's own where it is 0.
        most: of money, in the prices' unit; None for no limit.
        cases: of each scene at most; 0 for all that are declared.
        data: where the data are, in place of the experiment's path.
    """

    concurrency: int = 0
    most: float | None = None
    cases: int = 0
    data: Path | None = None


async def dry_run(path: Path, *, limits: Limits, watch: Watch) -> list[Estimate]:
    """What a run would take; no model is asked, nothing is kept. Raises as ``start``."""
    experiment = load_experiment(path, data=limits.data)
    with _cache() as cache:
        async with opened(experiment, limit=limits.cases, on_progress=watch.stage) as bench:
            return await estimate(bench, bench.jobs(), cache=cache)


async def start(
    path: Path, folder: Path, *, limits: Limits, watch: Watch, arguments: Sequence[str] = ()
) -> runs.Run:
    """Run an experiment into a new folder.

    Args:
        path: the experiment file.
        folder: of the run; made here.
        limits: what it may take.
        watch: is told how it gets on.
        arguments: of the command line, for the manifest.

    Raises:
        ConfigError: the folder has something in it already; or as ``load_experiment``.
        RecagentError: as ``opened`` and ``ask_all``; what was answered before stays.
    """
    experiment = load_experiment(path, data=limits.data)
    _refuse_used(folder)
    with _cache() as cache:
        async with opened(experiment, limit=limits.cases, on_progress=watch.stage) as bench:
            await _rehearse(bench)
            concurrency = limits.concurrency or experiment.concurrency
            purse = Purse(most=limits.most)
            async with asked_models(
                bench, bench.jobs(), cache=cache, concurrency=concurrency, purse=purse
            ) as sources:
                with _sole_writer(folder):
                    _open_folder(folder, path, bench, sources, limits, arguments)
                    await _ask(bench, folder, sources, concurrency, watch)
                    return await _finished(bench, folder)


async def resume(
    folder: Path, *, limits: Limits, watch: Watch, retry_failed: bool = False
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
        async with opened(experiment, limit=manifest.limit, on_progress=watch.stage) as bench:
            _same(manifest, bench, runs.lines(Case, folder / runs.CASES))
            concurrency = limits.concurrency or experiment.concurrency
            purse = Purse(most=limits.most)
            async with asked_models(
                bench, _left(bench, folder), cache=cache, concurrency=concurrency, purse=purse
            ) as sources:
                _same_models(manifest, bench, sources)
                await _ask(bench, folder, sources, concurrency, watch)
                return await _finished(bench, folder)


def _refuse_used(folder: Path) -> None:
    """Refuse a folder that holds a run, or anything that a run which was killed early left not."""
    names = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    if runs.MANIFEST in names or names - _BEGINNING:
        raise ConfigError(
            f"{str(folder)!r} is not empty: resume its run with --resume, or name another --out"
        )


async def _rehearse(bench: Bench) -> None:
    """Render every prompt for the first case of every scene, so that what fails, fails now."""
    first = {case.scene: case for case in reversed(bench.questions.cases)}
    jobs = [Job(system=system, case=case) for system in bench.experiment.grid
            for case in first.values()]  # fmt: skip
    await estimate(bench, jobs, cache=None)


def _open_folder(
    folder: Path,
    path: Path,
    bench: Bench,
    sources: Mapping[str, Source],
    limits: Limits,
    arguments: Sequence[str],
) -> None:
    """Everything that stands before the first result; the manifest comes last."""
    (folder / runs.EXPERIMENT).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    runs.write_lines(folder / runs.CASES, bench.questions.cases)
    runs.write_json(folder / runs.TITLES, _titles(bench))
    for name in (runs.RESULTS, runs.CONVERSATIONS):
        (folder / name).touch()
    data = bench.data
    manifest = Manifest(
        name=bench.experiment.name,
        began=_now(),
        finished=None,
        recagent=recagent.__version__,
        git=_git(),
        python=platform.python_version(),
        platform=platform.platform(),
        packages=_packages(),
        prompts={name: prompt.id for name, prompt in bench.prompts.items()},
        models={
            name: models.described(bench.models[name], source.model, source.identity)
            for name, source in sources.items()
        },
        kinds={
            system.name: bench.prompts[system.name].mode if system.prompt else "baseline"
            for system in bench.experiment.grid
        },
        data={
            "name": data.name,
            "fingerprint": data.fingerprint,
            "note": data.note,
            "items": len(data.items),
            "events": len(data.events),
            "people": len({case.user_id for case in bench.questions.cases}),
        },
        experiment=bench.experiment.model_dump(mode="json"),
        arguments=list(arguments),
        folder=_from(folder, path.parent),
        data_path=_from(folder, limits.data) if limits.data else "",
        limit=limits.cases,
    )
    runs.write_json(folder / runs.MANIFEST, manifest)


async def _ask(
    bench: Bench, folder: Path, sources: Mapping[str, Source], concurrency: int, watch: Watch
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


def _left(bench: Bench, folder: Path) -> list[Job]:
    """The questions that have no result yet."""
    kept = runs.lines(Result, folder / runs.RESULTS)
    done = {(result.system, result.case, result.variant) for result in kept}
    return [job for job in bench.jobs() if job.key not in done]


async def _finished(bench: Bench, folder: Path) -> runs.Run:
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
    )
    runs.write_lines(folder / runs.VALUES, values)
    runs.write_json(folder / runs.SUMMARY, summary)
    manifest = runs.read(Manifest, folder / runs.MANIFEST)
    runs.write_json(folder / runs.MANIFEST, replace(manifest, finished=_now()))
    return runs.load_run(folder)


def _same(manifest: Manifest, bench: Bench, frozen: Sequence[Case]) -> None:
    """Refuse to go on where another run would be mixed in."""
    again = "begin a new run"
    if manifest.data["fingerprint"] != bench.data.fingerprint:
        raise DataError(f"the data of run {manifest.name!r} have changed since it began; {again}")
    if list(frozen) != list(bench.questions.cases):
        raise DataError(
            f"the cases of run {manifest.name!r} cannot be made again as they were; {again}"
        )
    for name, prompt in bench.prompts.items():
        if manifest.prompts.get(name) != prompt.id:
            raise DataError(
                f"the prompt of {name!r} was {manifest.prompts.get(name)!r} when the run began and "
                f"is {prompt.id!r} now; {again}"
            )


def _same_models(manifest: Manifest, bench: Bench, sources: Mapping[str, Source]) -> None:
    for name, source in sources.items():
        now = models.described(bench.models[name], source.model, source.identity)
        if manifest.models.get(name) != now:
            raise DataError(
                f"model {name or 'default'!r} is not what it was when the run began "
                f"({manifest.models.get(name)} then, {now} now); begin a new run"
            )


def _titles(bench: Bench) -> dict[str, str]:
    """Captions of every item that a case names, by id."""
    items = {key: item for held in bench.scene_items.values() for key, item in held.items()}
    cases = bench.questions.cases
    named = {key for case in cases for key in (*case.item_ids, *case.judgments)}
    named |= {event.item_id for case in cases for event in case.history}
    return {key: prompts.caption(items[key]) for key in sorted(named) if key in items}


def _from(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def cache_path() -> Path:
    """Where replies are kept: the user's cache."""
    return Path(platformdirs.user_cache_dir("recagent", appauthor=False)) / "replies.db"


@contextmanager
def _cache() -> Generator[ReplyCache]:
    cache = wiring.reply_cache(cache_path())
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


def _packages() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git() -> str | None:
    """Revision of the working copy in which the command was given."""
    try:
        revision = _output("git", "rev-parse", "HEAD")
        changes = _output("git", "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+changes" if changes else "")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
