"""``recagent init``: a folder to begin with; it loads no catalogue, so it is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recagent import templates


def init(
    template: Annotated[
        str,
        typer.Option(
            help="blank, movielens, recbole, or with a little data: shop, shop-zh, news, social, "
            "music, video, books, education, travel, health, finance."
        ),
    ] = "blank",
) -> None:
    """Write a commented recagent.toml, and a template's data, here."""
    written = templates.copy(template, to=Path())
    for path in written:
        typer.echo(path)
    has_data = any(path.suffix == ".csv" for path in written)
    first = "" if has_data else "edit recagent.toml, then "
    next_step = f"next: {first}recagent validate"
    typer.echo("下一步：recagent validate" if template.endswith("-zh") else next_step, err=True)
