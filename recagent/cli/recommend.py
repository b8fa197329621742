"""``recagent recommend``: a slate for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.constraint_option import constraint
from recagent.cli.opening import load_settings
from recagent.cli.options import (
    Config,
    Demo,
    Device,
    Json,
    Lang,
    Only,
    Place,
    Scene,
    SlateLength,
    Task,
    UserId,
    Wish,
)
from recagent.domain import Context


def recommend(
    user: UserId,
    scene: Scene = None,
    k: SlateLength = 5,
    wish: Wish = "",
    task: Task = None,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC. [default: now]")] = None,
    device: Device = "",
    place: Place = "",
    only: Only = None,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print a slate for a person."""
    context = Context(
        wish=wish,
        at=at.replace(tzinfo=UTC) if at else None,
        device=device,
        place=place,
        constraints=tuple(map(constraint, only or [])),
    )
    settings = load_settings(config, demo, lang)
    with Recommender.from_settings(settings) as recommender:
        slate = recommender.recommend(user, scene=scene, k=k, context=context, task=task)
        reasons = recommender.reasons(slate)
    if json:
        output.print_json(output.slate_json(slate, reasons, lang=settings.lang))
    else:
        output.slate_table(slate, reasons, lang=settings.lang)
