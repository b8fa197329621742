"""``recagent serve`` and ``recagent mcp``: start ``recagent.server``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from recagent.cli import set_language
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Lang
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.locale import Phrases
from recagent.server import check_extra

WORDS = Phrases[str]("cli", "serve")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8900,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
) -> None:
    """Serve the web page, REST, OpenAI-compatible chat, MCP, metrics."""
    settings = _settings(config, demo=demo, lang=lang)
    from recagent.server import run  # noqa: PLC0415 - needs the extra that is checked

    settings, key_file = run.with_state_key(settings)
    if key_file is not None:
        typer.echo(WORDS[settings.lang]["key"].format(path=key_file), err=True)
    run.serve(
        settings,
        host=host,
        port=port,
        on_ready=lambda url: typer.echo(WORDS[settings.lang]["ready"].format(url=url)),
    )


def mcp(lang: Lang = None, config: Config = None, demo: Demo = False) -> None:
    """Serve an MCP client over standard input and output."""
    settings = _settings(config, demo=demo, lang=lang)
    from recagent.server import run  # noqa: PLC0415 - needs the extra that is checked

    run.serve_stdio(settings)


def _settings(config: Path | None, *, demo: bool, lang: Language | None) -> Settings:
    set_language(lang)
    check_extra()
    # A server logs what goes wrong, and libraries do not set up logging once it is done.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    return load_settings(config, demo, lang)
