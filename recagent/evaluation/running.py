"""Asking the questions of an experiment: what it would take, and doing it, several at once.

What comes back is handed on; it is kept elsewhere (``launch``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import anyio.abc

from recagent.domain import Usage
from recagent.errors import ModelError, RecagentError
from recagent.evaluation import models
from recagent.evaluation.answering import Job, SystemRunner
from recagent.evaluation.context import EvaluationContext
from recagent.llm.usage import CostBudget, Exchange, MeteredModel
from recagent.offline.models import Result
from recagent.ports import ReplyCache

MOST_FAILURES = 10  # in a row of one system: then the model is gone, and asking on is a waste


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would take.

    Attributes:
        system: its name.
        questions: cases, in all their variants.
        calls: to the model, of which ``cached`` are known already.
        usage: tokens of all of them.
        cost: in the prices' unit; None if no price is known.
        seconds: at the pace of earlier replies, or the embedded engine's usual one; None where
            nothing is known.
    """

    system: str
    questions: int = 0
    calls: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    seconds: float | None = 0.0


async def estimate(
    bench: EvaluationContext, jobs: Iterable[Job], *, cache: ReplyCache | None
) -> list[Estimate]:
    """What ``jobs`` would take, counted by asking a model that answers at once.

    Raises:
        PromptError: a prompt that cannot be rendered for some case.
    """
    sources: dict[str, MeteredModel] = {}
    for name, settings in bench.models.items():
        model, identity = models.dry(settings)
        sources[name] = models.source(
            settings,
            model,
            identity,
            cache=cache,
            concurrency=bench.experiment.concurrency,
            purse=CostBudget(),
            keep=False,
        )
    desk = bench.desk(sources)
    found: dict[str, Estimate] = {}
    for job in jobs:
        if job.system.baseline:
            continue
        name, settings = job.system.name, bench.models[job.system.model]
        known = models.prices_of(settings, settings.model.name) is not None
        before = found.get(name) or Estimate(system=name, cost=0.0 if known else None)
        result, _, seconds = await desk.answer(job)
        places = sources[job.system.model].slots.total_tokens
        found[name] = replace(
            before,
            questions=before.questions + 1,
            calls=before.calls + result.calls,
            cached=before.cached + result.cached,
            usage=before.usage + result.usage,
            cost=None if before.cost is None else before.cost + result.cost,
            seconds=_added(before.seconds, seconds, places),
        )
    return list(found.values())


@asynccontextmanager
async def asked_models(
    bench: EvaluationContext,
    jobs: Iterable[Job],
    *,
    cache: ReplyCache | None,
    concurrency: int,
    purse: CostBudget,
) -> AsyncGenerator[dict[str, MeteredModel]]:
    """The models that ``jobs`` ask, started; closed at the end.

    Raises:
        ModelError: one cannot be had.
    """
    sources: dict[str, MeteredModel] = {}
    try:
        for name in dict.fromkeys(job.system.model for job in jobs if not job.system.baseline):
            settings = bench.models[name]
            model, identity = await models.started(settings)
            sources[name] = models.source(
                settings, model, identity, cache=cache, concurrency=concurrency, purse=purse
            )
        yield sources
    finally:
        for source in sources.values():
            await source.model.close()


async def ask_all(
    jobs: Iterable[Job],
    *,
    desk: SystemRunner,
    concurrency: int,
    on_result: Callable[[Job, Result, tuple[Exchange, ...]], None],
) -> None:
    """Ask every question, several at once, and hand on each result when it is there.

    Raises:
        ModelError: ten questions in a row of one system failed; what is handed on stays.
        RecagentError: something that no other question would change.
    """
    waiting = iter(jobs)
    failures: dict[str, int] = {}
    stopped: list[RecagentError] = []

    async def work() -> None:
        for job in waiting:
            result, exchanges, _ = await desk.answer(job)
            on_result(job, result, exchanges)
            name = job.system.name
            failures[name] = failures.get(name, 0) + 1 if result.error else 0
            if failures[name] >= MOST_FAILURES:
                raise ModelError(
                    f"{MOST_FAILURES} questions in a row to {name!r} failed, the last with: "
                    f"{result.error}; mend that, then resume with --retry-failed"
                )

    async def worker(group: anyio.abc.TaskGroup) -> None:
        try:
            await work()
        except RecagentError as error:
            stopped.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(worker, group)
    if stopped:
        raise stopped[0]


def _added(known: float | None, more: float | None, places: float) -> float | None:
    return None if known is None or more is None else known + more / places
