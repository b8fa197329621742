"""A shop of two tastes, large enough to learn from: as values, and as the files of a folder."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recagent.domain import Event, Item


def shop(people=120, items=40, length=9):
    """A shop where everybody likes either the even or the odd things, one after the other."""
    chance = random.Random(0)  # noqa: S311
    goods = [Item(id=f"i{at}", scene="shop", title=f"Thing {at}") for at in range(items)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = []
    for person in range(people):
        taste = [at for at in range(items) if at % 2 == person % 2]
        first = chance.randrange(len(taste))
        for at, thing in enumerate((taste[first:] + taste[:first])[:length]):
            when = start + timedelta(days=at, minutes=person)
            events.append(Event(user_id=f"p{person}", item_id=f"i{thing}", scene="shop",
                                kind="like", at=when))  # fmt: skip
    return goods, sorted(events, key=lambda event: event.at)


def write_shop(folder: Path) -> None:
    """Writes the shop's files and its settings, which say nothing of a model."""
    goods, events = shop()
    rows = "".join(f"{item.id},{item.scene},{item.title}\n" for item in goods)
    (folder / "items.csv").write_text("item_id,scene,title\n" + rows)
    rows = "".join(
        f"{event.user_id},{event.item_id},shop,like,{event.at.isoformat()}\n" for event in events
    )
    (folder / "events.csv").write_text("user_id,item_id,scene,kind,timestamp\n" + rows)
    (folder / "recagent.toml").write_text(
        'data_dir = "data"\n[[catalog.items]]\npath = "items.csv"\n'
        '[[catalog.events]]\npath = "events.csv"\n'
    )
