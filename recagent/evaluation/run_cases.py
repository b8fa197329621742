"""Runs the cases of an experiment, several at once, and estimates what that would take.

Results are handed on; ``launch`` keeps them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import anyio.abc

from recagent import bootstrap
from recagent.domain import Usage
from recagent.errors import ModelError, RecagentError
from recagent.evaluation import language_models
from recagent.evaluation.context import EvaluationContext
from recagent.evaluation.system_runner import Job, SystemRunner
from recagent.llm.batch_files import UnansweredError
from recagent.llm.usage import CostBudget, Exchange, MeteredModel
from recagent.offline.results import Result
from recagent.ports import ReplyCache

MOST_FAILURES = 10  # in a row of one system: the model is gone, and more calls are a waste


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Says what the cases of one system would take.

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
    context: EvaluationContext, jobs: Iterable[Job], *, cache: ReplyCache | None
) -> list[Estimate]:
    """Estimates what ``jobs`` would take, with a model that answers at once.

    Raises:
        PromptError: a prompt that cannot be rendered for some case.
    """
    models: dict[str, MeteredModel] = {}
    for name, settings in context.model_settings.items():
        model, identity = language_models.dry_model(settings)
        models[name] = language_models.metered_model(
            settings,
            model,
            identity,
            cache=cache,
            concurrency=context.experiment.concurrency,
            budget=CostBudget(),
            keep=False,
        )
    runner = context.runner(models)
    estimates: dict[str, Estimate] = {}
    for job in jobs:
        if not job.system.prompt:
            continue
        name, settings = job.system.name, context.model_settings[job.system.model]
        has_price = bootstrap.token_prices(settings, settings.model.name) is not None
        before = estimates.get(name) or Estimate(system=name, cost=0.0 if has_price else None)
        result, _, seconds = await runner.answer(job)
        slots = models[job.system.model].slots.total_tokens
        estimates[name] = replace(
            before,
            questions=before.questions + 1,
            calls=before.calls + result.calls,
            cached=before.cached + result.cached,
            usage=before.usage + result.usage,
            cost=None if before.cost is None else before.cost + result.cost,
            seconds=_added(before.seconds, seconds, slots),
        )
    return list(estimates.values())


@asynccontextmanager
async def start_models(
    context: EvaluationContext,
    jobs: Iterable[Job],
    *,
    cache: ReplyCache | None,
    concurrency: int,
    budget: CostBudget,
) -> AsyncGenerator[dict[str, MeteredModel]]:
    """Starts the models that ``jobs`` ask, and closes them at the end.

    Raises:
        ModelError: one cannot be had.
    """
    models: dict[str, MeteredModel] = {}
    try:
        for name in dict.fromkeys(job.system.model for job in jobs if job.system.prompt):
            settings = context.model_settings[name]
            model, identity = await language_models.start_model(settings)
            models[name] = language_models.metered_model(
                settings, model, identity, cache=cache, concurrency=concurrency, budget=budget
            )
        yield models
    finally:
        for model in models.values():
            await model.model.close()


async def run_cases(
    jobs: Iterable[Job],
    *,
    runner: SystemRunner,
    concurrency: int,
    on_result: Callable[[Job, Result, tuple[Exchange, ...]], None],
) -> None:
    """Runs every job, several at once, and hands on each result when it is there.

    A question that waits for its reply in a batch file has none.

    Raises:
        ModelError: ten questions in a row of one system failed; what is handed on stays.
        RecagentError: something that no other question would change.
    """
    waiting = iter(jobs)
    failures: dict[str, int] = {}
    stopped: list[RecagentError] = []

    async def work() -> None:
        for job in waiting:
            try:
                result, exchanges, _ = await runner.answer(job)
            except UnansweredError:
                continue
            on_result(job, result, exchanges)
            name = job.system.name
            failed = result.error and not job.system.command  # a program runs once, for all cases
            failures[name] = failures.get(name, 0) + 1 if failed else 0
            if failures[name] >= MOST_FAILURES:
                raise ModelError(
                    "{count} requests in a row to {system!r} failed, the last with: {error}; fix "
                    "that, then resume with --retry-failed",
                    count=MOST_FAILURES,
                    system=name,
                    error=result.error,
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


def _added(total: float | None, seconds: float | None, slots: float) -> float | None:
    return None if total is None or seconds is None else total + seconds / slots
