"""Progress bars on stderr, and the demo's data, loaded once for every command."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import typer
from filelock import FileLock
from rich import progress as bars
from rich.console import Console

from recagent import bootstrap, demo
from recagent.config.settings import Settings
from recagent.ingest.loading import LoadSummary, load_catalogue

EVERY = 10.0  # seconds between two lines of a stage where there is no terminal


OnProgress = Callable[[str, int, int | None], None]
"""Takes a stage, how much of it is done, and of how much."""


@contextmanager
def progress() -> Generator[OnProgress]:
    """Shows a bar for every stage; without a terminal, a line every ten seconds for logs."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield progress_lines()
        return
    display, advance = progress_bars(console)
    with display:
        yield advance


def progress_bars(console: Console) -> tuple[bars.Progress, OnProgress]:
    """Returns bars with stage, count and time, and the function that moves them."""
    columns = (bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeElapsedColumn())
    display = bars.Progress(bars.TextColumn("{task.description}"), *columns, console=console)
    tasks: dict[str, bars.TaskID] = {}

    def advance(stage: str, done: int, total: int | None) -> None:
        if stage not in tasks:
            tasks[stage] = display.add_task(stage, total=total)
        display.update(tasks[stage], completed=done)

    return display, advance


def progress_lines() -> OnProgress:
    """Returns a function that prints how far a stage is, at most once in ten seconds."""
    began = last = time.monotonic()

    def advance(stage: str, done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            of = "" if total is None else f" of {total:,}"
            typer.echo(f"{now - began:5.0f} s  {stage}: {done:,}{of}", err=True)

    return advance


def load_with_progress(
    settings: Settings, *, replace_events: bool = False, by_command: bool = False
) -> LoadSummary:
    """Loads the settings' catalogue with bars; see ``load_catalogue``."""
    with progress() as advance:
        load = partial(
            load_catalogue,
            settings,
            on_progress=advance,
            replace_events=replace_events,
            by_command=by_command,
        )
        return anyio.run(load)


def prepared_demo(*, reset: bool = False, alone: bool = False, **overrides: Any) -> Settings:
    """Loads the demo's data if they are not loaded yet, and returns its settings.

    Where another process has the demo's index open, the settings name a copy of it, which is
    deleted when this process ends; both write events to one store.

    Args:
        reset: whether all events that were added are forgotten first.
        alone: whether no copy is made, as what is written to the data folder is to stay.
        overrides: settings that win over file and environment.
    """
    settings = demo.settings(**overrides)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.data_dir / "loading.lock"):  # two first calls load it once
        if reset:
            demo.forget_events(settings)
        if not demo.is_loaded(settings):
            load_with_progress(settings)
            demo.mark_loaded(settings)
    if alone or reset or not bootstrap.is_index_taken(settings):
        return settings
    return _beside(settings)


def _beside(settings: Settings) -> Settings:
    """Returns the same settings with a copy of all files but the store, deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="recagent-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    excluded = shutil.ignore_patterns("*.lock", "*.pid", "*.db-wal", "*.db-shm", "store.db")
    shutil.copytree(settings.data_dir, folder, dirs_exist_ok=True, ignore=excluded)
    store = bootstrap.store_url(settings)
    return settings.model_copy(update={"data_dir": folder, "store_url": store})
