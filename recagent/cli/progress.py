"""Loading a catalogue with a progress bar on stderr."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recagent import demo
from recagent.loading import Loaded, load_catalog
from recagent.settings import Settings


@contextmanager
def progress() -> Generator[Callable[[str, int, int | None], None]]:
    """A bar for every stage that the function which it gives is told of."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bar:
        tasks: dict[str, Any] = {}

        def advance(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield advance


def load_with_progress(settings: Settings) -> Loaded:
    """Load the settings' catalogue; raises as ``load_catalog``."""
    with progress() as advance:

        async def run() -> Loaded:
            return await load_catalog(settings, on_progress=advance)

        return anyio.run(run)


def prepared_demo(*, reset: bool = False, **overrides: Any) -> Settings:
    """The demo's settings, its data loaded; only the first call, or one that resets, takes time."""
    settings = demo.settings(**overrides)
    if reset:
        demo.forget_events(settings)
    if not demo.is_loaded(settings):
        load_with_progress(settings)
        demo.mark_loaded(settings)
    return settings
