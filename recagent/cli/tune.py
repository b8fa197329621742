"""``recagent tune``: an adapter for the language model, learned from stored events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import anyio
import typer

from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang
from recagent.cli.progress import progress
from recagent.errors import ConfigError
from recagent.locale import Phrases
from recagent.offline.data_set import Data
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.routes import Route, parse_slice
from recagent.training.adapters.tune_stored import load_data, tune_stored

WORDS = Phrases[str]("cli", "tune")


def tune(
    base: Annotated[
        Path | None,
        typer.Option(help="A model's folder, for vLLM. [default: the embedded engine's weights]"),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="SCENE[:ATTRIBUTE=VALUE] whose likes are read. [default: all]"),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--for", help="SCENE[:ATTRIBUTE=VALUE] whose choices decide. [default: all]"),
    ] = None,
    shots: Annotated[
        int, typer.Option(min=0, help="With --for: people whose likes there are read too.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over all likes.")] = 3,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter's matrices.")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="Largest step of Adam.")] = 1.5e-3,
    threads: Annotated[int, typer.Option(min=0, help="0 for all cores.")] = 0,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Tune the language model on stored events; keep it if it helps.

    It learns a LoRA adapter, which is kept if it ranks held-out choices better.
    """
    lora = LoraSettings(epochs=epochs, rank=rank, rate=rate, threads=threads)
    settings = load_settings(config, demo, lang, alone=True)
    data = anyio.run(load_data, settings)
    route = _route(data, source or [], target or [], shots)
    with progress() as advance:
        result = tune_stored(data, settings, base=base, lora=lora, route=route, on_progress=advance)
    tuned = result.tuned
    if json:
        output.print_json({**asdict(tuned), "folder": result.folder, "gguf": result.gguf})
        return
    words = WORDS[settings.lang]
    after = ", ".join(f"{value:.3f}" for value in tuned.after)
    lines = [
        words["read"].format(likes=tuned.likes, people=tuned.people, asked=tuned.asked),
        words["ranks"].format(popularity=tuned.popularity, before=tuned.before, after=after),
        words["gain"].format(*tuned.gain),
        words["over"].format(*tuned.over_popularity),
    ]
    if result.folder is None:
        lines.append(words["not"])
    if result.gguf is not None:
        lines.append(words["embedded"].format(path=result.gguf))
    if result.folder is not None:
        lines.append(words["vllm"].format(path=result.folder, rank=lora.rank))
    output.print_line("\n".join(lines), soft_wrap=True)


def _route(data: Data, sources: Sequence[str], targets: Sequence[str], shots: int) -> Route:
    """Returns the route between places (``SCENE`` or ``SCENE:ATTRIBUTE=VALUE``) of the data.

    Raises:
        ConfigError: a place is unknown, or likes are to be shown of targets that are not named.
    """
    if shots and not targets:
        raise ConfigError("--shots counts likes in the target scenes; name the scenes with --for")
    return Route(
        sources=[parse_slice(place, data) for place in sources] or None,
        targets=[parse_slice(place, data) for place in targets] or None,
        shots=shots,
    )
