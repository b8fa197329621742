"""Data that are made: two scenes whose people follow tastes, trends and each other, with times.

They show that an evaluation runs and that its protocols hold, and nothing about people. New items
and people come all the time, and what is popular late was not early.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recagent.domain import Event, Item, RatingScale, Scene
from recagent.offline.data_set import Data
from recagent.offline.splits import order_by_time

TOPICS = ("trains", "gardens", "boats", "castles", "robots", "kitchens", "mountains", "music")
SCENES = {
    "books": Scene(name="books", labels={"en": "Books", "zh": "图书"}),
    "films": Scene(name="films", labels={"en": "Films", "zh": "电影"}),
}
PEOPLE, ITEMS, EVENTS, DAYS = 400, 120, 20, 700
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def read_made(path: Path | None) -> Data:  # noqa: ARG001
    """Makes the data; always the same."""
    chance = random.Random("made")  # noqa: S311 - not a secret
    items = [_item(scene, number) for scene in SCENES for number in range(ITEMS)]
    by_scene = {scene: [item for item in items if item.scene == scene] for scene in SCENES}
    appears = {item.id: chance.randrange(-DAYS // 2, DAYS) for item in items}
    events: list[Event] = []
    for number in range(PEOPLE):
        tastes = chance.sample(TOPICS, 2)
        day = float(chance.randrange(DAYS))
        met: set[str] = set()
        for _ in range(EVENTS):
            day += chance.expovariate(1 / 12)
            scene = chance.choice(tuple(SCENES))
            there = [i for i in by_scene[scene] if appears[i.id] <= day and i.id not in met]
            if day > DAYS or not there:
                continue
            weights = [_appeal(item, tastes, day - appears[item.id]) for item in there]
            (item,) = chance.choices(there, weights)
            met.add(item.id)
            at = FIRST + timedelta(days=day)
            events.append(
                Event(user_id=f"p{number:03}", item_id=item.id, scene=scene, kind="like", at=at)
            )
    return Data(
        name="made",
        scenes=SCENES,
        items=items,
        events=order_by_time(events),
        users={},
        scale=RatingScale(),
        fingerprint="made-2",
        note="Made data: they show that it runs, and nothing about people.",
    )


def _item(scene: str, number: int) -> Item:
    topic = TOPICS[number % len(TOPICS)]
    return Item(
        id=f"{scene[0]}{number}",
        scene=scene,
        title=f"{topic.title()} {scene[:-1]} {number}",
        attributes={"topics": (topic,)},
    )


def _appeal(item: Item, tastes: Sequence[str], age: float) -> float:
    """Returns how likely an item is taken: by taste, and less as it grows older."""
    (topic,) = item.attributes["topics"] if isinstance(item.attributes["topics"], tuple) else ("",)
    return (8.0 if topic in tastes else 1.0) * (0.2 + 2.0 ** (-age / 90))
