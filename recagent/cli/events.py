"""``recagent events``: adds and lists what people did."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import anyio
import typer
from rich.table import Table
from rich.text import Text

from recagent import bootstrap
from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.locked_index import open_without_index, record_without_index
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Device, ItemId, Json, Place, UserId
from recagent.domain import UNTIMED, Event, event_kind
from recagent.locale import Phrases
from recagent.prompts import caption, one_line

app = typer.Typer()

WORDS = Phrases[str]("cli", "events")


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
    impression: Annotated[str, typer.Option(help="The id of the list that this answers.")] = "",
    text: Annotated[str, typer.Option(help="What the person wrote about it.")] = "",
    device: Device = "",
    place: Place = "",
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Store one event; the person's next list uses it."""
    settings = load_settings(config, demo, None)
    timestamp = at.replace(tzinfo=UTC) if at else None
    details: dict[str, Any] = {
        "kind": event_kind(kind),
        "value": value,
        "impression": impression,
        "text": text,
        "device": device,
        "place": place,
    }
    if bootstrap.is_index_taken(settings):
        now = datetime.now(tz=UTC)
        draft = Event(user_id=user, item_id=item, scene=scene or "", at=timestamp or now, **details)
        event = anyio.run(record_without_index, settings, draft)
    else:
        with Recommender.from_settings(settings) as recommender:
            event = recommender.record(user, item, scene=scene, at=timestamp, **details)
    if json:
        output.print_json(asdict(event))
        return
    user_id, item_id, name = map(one_line, (event.user_id, event.item_id, event.scene))
    line = WORDS[settings.lang]["stored"]
    typer.echo(line.format(user=user_id, kind=event.kind, item=item_id, scene=name))


@app.command("list")
def list_events(
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
    events, words = profile.events[:limit], WORDS[settings.lang]
    if json:
        output.print_json([asdict(event) for event in events])
        return
    table = Table(*(words[name] for name in ("at", "in", "kind", "value", "item")))
    for event in events:
        item = profile.items.get(event.item_id)
        cells = (
            "" if event.at == UNTIMED else f"{event.at:%Y-%m-%d %H:%M}",
            one_line(event.scene),
            event.kind,
            "" if event.value is None else f"{event.value:g}",
            caption(item) if item else one_line(event.item_id),
        )
        table.add_row(*map(Text, cells))
    output.console().print(table)
