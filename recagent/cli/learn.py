"""``recagent fit``, ``tune``, ``head`` and ``transfer``: what is learned, and what was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang

head_app = typer.Typer(help="The learned joint score.", no_args_is_help=True)
transfer_app = typer.Typer(help="How taste counts across scenes.", no_args_is_help=True)


def fit(
    language_cases: Annotated[
        int, typer.Option(min=0, help="Past choices of each scene to ask the model about.")
    ] = 40,
    sequence: Annotated[
        bool,
        typer.Option("--sequence", help="Train a sequence model too; kept if it helps (torch)."),
    ] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Learn from what is stored: weights of the sources, the model's worth, like-probabilities."""
    from recagent.cli import fit as fitting  # noqa: PLC0415

    settings = load_settings(config, demo, lang, alone=True)
    fitting.run(settings, language_cases=language_cases, sequence=sequence, as_json=json)


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
        int, typer.Option(min=0, help="People whose likes there are read too, with --for.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="How often all likes are read.")] = 3,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapter's matrices.")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="Largest step of Adam.")] = 1.5e-3,
    threads: Annotated[int, typer.Option(min=0, help="0 for all cores.")] = 0,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Tune the language model on what is stored (LoRA), and keep it if it ranks better."""
    from recagent.cli import tune as tuning  # noqa: PLC0415
    from recagent.training.adapters.lora import LoraSettings  # noqa: PLC0415

    lora = LoraSettings(epochs=epochs, rank=rank, rate=rate, threads=threads)
    route = tuning.Written(sources=source or (), targets=target or (), shots=shots)
    settings = load_settings(config, demo, lang, alone=True)
    tuning.run(settings, base=base, lora=lora, route=route, as_json=json)


@head_app.command("show")
def head_show(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what was learned: weights, and where the language model is asked."""
    from recagent.cli import fit as fitting  # noqa: PLC0415

    fitting.show_head(load_settings(config, demo, lang), as_json=json)


@transfer_app.command("show")
def transfer_show(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print how much taste shown in one scene counts in each other one, and where it is off."""
    from recagent.cli.transfer import show_map  # noqa: PLC0415

    show_map(load_settings(config, demo, lang), as_json=json)
