"""Loading a catalogue with a progress bar on stderr; the demo's stands ready for every command."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import typer
from filelock import FileLock
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recagent import bootstrap, demo
from recagent.config.settings import Settings
from recagent.ingest.loading import LoadSummary, load_catalogue

EVERY = 10.0  # seconds between two lines of a stage where there is no terminal


@contextmanager
def progress() -> Generator[Callable[[str, int, int | None], None]]:
    """A bar for every stage that the function which it gives is told of.

    Where stderr is no terminal a line every ten seconds, so that a log shows that it goes on.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lines()
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        tasks: dict[str, Any] = {}

        def advance(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield advance


def lines() -> Callable[[str, int, int | None], None]:
    """Says on stderr how far a stage is, at most once in ten seconds."""
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
    """Load the settings' catalogue; takes and raises what ``load_catalogue`` does."""
    with progress() as advance:

        async def run() -> LoadSummary:
            return await load_catalogue(
                settings,
                on_progress=advance,
                replace_events=replace_events,
                by_command=by_command,
            )

        return anyio.run(run)


def prepared_demo(*, reset: bool = False, alone: bool = False, **overrides: Any) -> Settings:
    """The demo's settings, its data loaded; only the first call, or one that resets, takes time.

    Where another process has the demo's index open, a copy of it is used until this one ends;
    events go to the one store of both.

    Args:
        reset: forget all events that were added, and load the bundled ones anew.
        alone: take no copy: what is written to the data folder is to stay.
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
    """The same settings with a copy of all that is read but the store, deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="recagent-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = shutil.ignore_patterns("*.lock", "*.pid", "*.db-wal", "*.db-shm", "store.db")
    shutil.copytree(settings.data_dir, folder, dirs_exist_ok=True, ignore=kept)
    store = f"sqlite:///{settings.data_dir / 'store.db'}"
    return settings.model_copy(update={"data_dir": folder, "store_url": store})
