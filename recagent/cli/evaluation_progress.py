"""A run as it gets on: stages first, then a live table of systems, calls and spend, on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from recagent.cli.progress import lines
from recagent.domain import Usage
from recagent.evaluation.system_runner import Job
from recagent.offline.results import Result


@dataclass(slots=True)
class _Row:
    wanted: int = 0
    done: int = 0
    failed: int = 0
    calls: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    seconds: float = 0.0


class LiveTable:
    """A ``Watch`` that redraws a table; ``kept`` counts results that are safe on disk.

    Args:
        stages: the bars above the table.
        say: told how far a stage is, where nothing can be redrawn.
    """

    def __init__(
        self, stages: Progress, *, say: Callable[[str, int, int | None], None] | None = None
    ) -> None:
        self._stages = stages
        self._say = say
        self._tasks: dict[str, TaskID] = {}
        self._rows: dict[str, _Row] = {}
        self._began = time.monotonic()
        self._before = 0
        self.kept = 0

    def stage(self, name: str, done: int, total: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._stages.add_task(name, total=total)
        self._stages.update(self._tasks[name], completed=done)
        if self._say:
            self._say(name, done, total)

    def planned(self, jobs: Sequence[Job], kept: Sequence[Result]) -> None:
        for job in jobs:
            self._rows.setdefault(job.system.name, _Row()).wanted += 1
        for result in kept:
            self._count(result)
        self._before = self.kept = len(kept)
        self._began = time.monotonic()

    def result(self, job: Job, result: Result) -> None:  # noqa: ARG002 - of the protocol
        self._count(result)
        self.kept += 1
        if self._say:
            self._say("questions", self.kept, sum(row.wanted for row in self._rows.values()))

    def _count(self, result: Result) -> None:
        row = self._rows.setdefault(result.system, _Row())
        row.done += 1
        row.failed += result.error is not None
        row.calls += result.calls
        row.cached += result.cached
        row.usage += result.usage
        row.cost += result.cost
        row.seconds += result.seconds

    def __rich__(self) -> Group:
        return Group(self._stages, *([self._table()] if self._rows else []))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, caption=self._caption(), caption_justify="left")
        table.add_column("system")
        for name in ("cases", "failed", "calls", "cached", "tokens", "spent", "s/case"):
            table.add_column(name, justify="right")
        for name, row in self._rows.items():
            table.add_row(
                name,
                f"{row.done}/{row.wanted}",
                f"[red]{row.failed}[/red]" if row.failed else "0",
                f"{row.calls:,}",
                f"{row.cached:,}",
                f"{row.usage.prompt + row.usage.completion:,}",
                f"{row.cost:.4f}",
                f"{row.seconds / row.done:.2f}" if row.done else "",
            )
        return table

    def _caption(self) -> str:
        wanted = sum(row.wanted for row in self._rows.values())
        new, passed = self.kept - self._before, time.monotonic() - self._began
        left = f", about {(wanted - self.kept) * passed / new / 60:.0f} min left" if new else ""
        return f"{self.kept} of {wanted} questions, {passed / 60:.1f} min{left}"


@contextmanager
def watching() -> Generator[LiveTable]:
    """A table that is redrawn while a run goes on, and stays when it ends.

    Where stderr is no terminal a line every ten seconds, and the table at the end.
    """
    console = Console(stderr=True)
    stages = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    if console.is_terminal:
        with Live(table := LiveTable(stages), console=console, refresh_per_second=2):
            yield table
        return
    table = LiveTable(stages, say=lines())
    try:
        yield table
    finally:
        console.print(table)
