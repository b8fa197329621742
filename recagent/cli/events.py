"""``recagent events``: what people did, added and listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio
import typer

from recagent import bootstrap
from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.locked_index import open_without_index, record_without_index
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Device, ItemId, Json, Place, UserId
from recagent.domain import Event, event_kind

app = typer.Typer()


@app.command("add")
def add(
    user: UserId,
    item: ItemId,
    kind: Annotated[
        str, typer.Option(help="like, rating, purchase, view, skip, dislike...")
    ] = "like",
    value: Annotated[float | None, typer.Option(help="The value of a rating.")] = None,
    scene: Annotated[str | None, typer.Option(help="The item's scene.")] = None,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC. [default: now]")] = None,
    impression: Annotated[str, typer.Option(help="The id of the slate that this answers.")] = "",
    text: Annotated[str, typer.Option(help="The person's own words on it.")] = "",
    device: Device = "",
    place: Place = "",
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Store one event; the person's next slate takes it into account."""
    settings = load_settings(config, demo, None)
    when = at.replace(tzinfo=UTC) if at else None
    if bootstrap.is_index_taken(settings):
        draft = Event(
            user_id=user,
            item_id=item,
            scene=scene or "",
            kind=event_kind(kind),
            value=value,
            at=when or datetime.now(tz=UTC),
            impression=impression,
            text=text,
            device=device,
            place=place,
        )
        event = anyio.run(record_without_index, settings, draft)
        output.event_line(event, lang=settings.lang, as_json=json)
        return
    with Recommender.from_settings(settings) as recommender:
        event = recommender.record(
            user,
            item,
            kind=event_kind(kind),
            value=value,
            scene=scene,
            at=when,
            impression=impression,
            text=text,
            device=device,
            place=place,
        )
    output.event_line(event, lang=settings.lang, as_json=json)


@app.command("list")
def listed(
    user: UserId,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print a person's newest events."""
    settings = load_settings(config, demo, None)
    with open_without_index(settings) as recommender:
        profile = recommender.profile(user)
    output.events(profile, limit=limit, lang=settings.lang, as_json=json)
