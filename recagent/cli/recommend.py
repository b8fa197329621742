"""``recagent recommend``: a list for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from recagent.api import Recommender
from recagent.cli import options, output
from recagent.cli.constraint_option import constraint
from recagent.cli.measuring import offer_after_list
from recagent.cli.opening import load_settings
from recagent.domain import Context


def recommend(
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="The person's id. [default: nobody]")
    ] = None,
    scene: Annotated[str | None, typer.Option(help="Scene. [default: identified]")] = None,
    k: options.SlateLength = 5,
    wish: options.Wish = "",
    task: Annotated[
        Literal["item", "content", "activity", "person"] | None,
        typer.Option(help="What to recommend. [default: all of the scene's]"),
    ] = None,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC. [default: now]")] = None,
    device: options.Device = "",
    place: options.Place = "",
    only: options.Only = None,
    lang: options.Lang = None,
    config: options.Config = None,
    demo: options.Demo = False,
    json: options.Json = False,
) -> None:
    """Recommend a list of items to a person."""
    context = Context(
        wish=wish,
        at=at.replace(tzinfo=UTC) if at else None,
        device=device,
        place=place,
        constraints=tuple(map(constraint, only or [])),
    )
    settings = load_settings(config, demo, lang)
    with output.waiting(), Recommender.from_settings(settings) as recommender:
        slate = recommender.recommend(
            user, scene=scene, k=k, context=context, task=task, with_reasons=True
        )
        reasons = recommender.reasons(slate)
    if json:
        output.print_json(output.slate_json(slate, reasons, lang=settings.lang))
    else:
        output.slate_table(slate, reasons, lang=settings.lang)
        offer_after_list(settings, slate, config=config, demo=demo)
