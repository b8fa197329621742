"""Progress of a run on stderr: first its stages, then a live table of systems, calls and cost."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live

from recagent.cli.output import plain_table
from recagent.cli.progress import progress_bars, progress_lines
from recagent.domain import Usage
from recagent.evaluation.system_runner import Job
from recagent.offline.results import Result

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(slots=True)
class _Row:
    planned: int = 0
    done: int = 0
    failed: int = 0
    calls: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    seconds: float = 0.0


class LiveTable:
    """Redraws a table of a run's systems; ``saved`` counts results that are safe on disk.

    Args:
        console: where it is drawn; lines are printed instead where nothing can be redrawn.
    """

    def __init__(self, console: Console) -> None:
        self._bars, self._advance = progress_bars(console)
        self._print_progress = None if console.is_terminal else progress_lines()
        self._rows: dict[str, _Row] = {}
        self._began = time.monotonic()
        self._resumed = 0
        self.saved = 0

    def stage(self, name: str, done: int, total: int | None) -> None:
        self._advance(name, done, total)
        if self._print_progress:
            self._print_progress(name, done, total)

    def planned(self, jobs: Sequence[Job], saved_results: Sequence[Result]) -> None:
        for job in jobs:
            self._rows.setdefault(job.system.name, _Row()).planned += 1
        for result in saved_results:
            self._count(result)
        self._resumed = self.saved = len(saved_results)
        self._began = time.monotonic()

    def result(self, job: Job, result: Result) -> None:  # noqa: ARG002 - of the protocol
        self._count(result)
        self.saved += 1
        if self._print_progress:
            self._print_progress("questions", self.saved, self._planned())

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
        return Group(self._bars, *([self._table()] if self._rows else []))

    def _table(self) -> Table:
        numbers = ("cases", "failed", "calls", "cached", "tokens", "spent", "s/case")
        table = plain_table({}, left=["system"], right=numbers)
        table.caption, table.caption_justify = self._caption(), "left"
        for name, row in self._rows.items():
            table.add_row(
                name,
                f"{row.done}/{row.planned}",
                f"[red]{row.failed}[/red]" if row.failed else "0",
                f"{row.calls:,}",
                f"{row.cached:,}",
                f"{row.usage.prompt + row.usage.completion:,}",
                f"{row.cost:.4f}",
                f"{row.seconds / row.done:.2f}" if row.done else "",
            )
        return table

    def _planned(self) -> int:
        return sum(row.planned for row in self._rows.values())

    def _caption(self) -> str:
        planned = self._planned()
        new, seconds = self.saved - self._resumed, time.monotonic() - self._began
        left = f", about {(planned - self.saved) * seconds / new / 60:.0f} min left" if new else ""
        return f"{self.saved} of {planned} questions, {seconds / 60:.1f} min{left}"


@contextmanager
def watching() -> Generator[LiveTable]:
    """Shows a table that is redrawn while a run goes on, and stays when it ends.

    Where stderr is no terminal, prints a line every ten seconds and the table at the end.
    """
    console = Console(stderr=True)
    table = LiveTable(console)
    if console.is_terminal:
        with Live(table, console=console, refresh_per_second=2):
            yield table
        return
    try:
        yield table
    finally:
        console.print(table)
