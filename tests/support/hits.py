"""A made shop in which known people go on in small series, after hits that everybody starts with.

A head that learns from known people finds that the popular is not what comes next. For somebody of
whom nothing is known it is all that there is to go by.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

PEOPLE, ITEMS, SERIES = 300, 60, 9
LIKERS = (149, 144, 118, 90, 60, 40)  # of the hits
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {
    "en": {"hit": "Hit", "part": "Part", "clip": "Clip",
           "series": ("Trains", "Gardens", "Ships", "Bread", "Stars", "Horses")},
    "zh": {"hit": "热门", "part": "第", "clip": "短片",
           "series": ("火车", "花园", "轮船", "面包", "星空", "骏马")},
}  # fmt: skip


def write_hits(folder: Path, *, lang: str = "en") -> Path:
    """``recagent.toml``, 60 books and 18 videos, and the likes of 300 people; the folder.

    Everybody likes some of six hits, then six parts of one of six series in their order; every
    other one has liked two videos on the series' subject before.
    """
    words, chance = WORDS[lang], random.Random(7)  # noqa: S311
    items = [f"hit{n},books,{words['hit']} {n}," for n in range(len(LIKERS))]
    for at, subject in enumerate(words["series"]):
        items += [f"s{at}p{n},books,{subject} {words['part']} {n},{subject}" for n in range(SERIES)]
        items += [f"v{at}{n},videos,{subject} {words['clip']} {n},{subject}" for n in range(3)]
    liked: dict[int, list[str]] = {person: [] for person in range(PEOPLE)}
    for person in range(0, PEOPLE, 2):
        clips = chance.sample(range(3), 2)
        liked[person] += [f"v{person // 2 % 6}{n}" for n in clips]
    for at, number in enumerate(LIKERS):
        for person in chance.sample(range(PEOPLE), number):
            liked[person].append(f"hit{at}")
    for person, own in liked.items():
        first = chance.randrange(SERIES)
        own += [f"s{person // 2 % 6}p{(first + n) % SERIES}" for n in range(6)]
    events = [
        f"p{person},{item},like,{(BEGUN + timedelta(days=at, minutes=person)).isoformat()}"
        for person, own in liked.items()
        for at, item in enumerate(own)
    ]
    heads = {"items": "item_id,scene,title,subject", "events": "user_id,item_id,kind,timestamp"}
    for name, rows in (("items", items), ("events", events)):
        (folder / f"{name}.csv").write_text("\n".join([heads[name], *rows, ""]), encoding="utf-8")
    (folder / "recagent.toml").write_text(
        f'data_dir = "data"\nlang = "{lang}"\n[[catalog.items]]\npath = "items.csv"\n'
        '[[catalog.events]]\npath = "events.csv"\n[model]\nkind = "none"\n',
        encoding="utf-8",
    )
    return folder
