"""Makes a dirty copy of the demo data, and tells exactly what was done to it.

Every fault hits rows of its own; ``Dirt`` counts them and keeps what has to be left.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HORROR = "horror"  # its items are a file of their own, in GB18030
ITEM_COLUMNS = ["genres", "title", "stock", "item_id", "year", "text", "scene", "price"]
EVENT_COLUMNS = ["timestamp", "text", "item_id", "kind", "user_id", "value", "scene"]
Take = Callable[[int], list[dict]]
EMOJI = "\U0001f469\u200d\U0001f467 ❤\ufe0f قصة جيدة"
SETTINGS = """
[catalog]
items = [
  { path = "items.csv", fallback = "gb18030" },
  { path = "horror.csv", encoding = "gb18030", columns = { item_id = "编号", title = "名称" } },
]
events = [{ path = "events.csv" }, { path = "events.jsonl" }]

[attributes.title]
text = ["unicode", "html", "space"]

[attributes.price]
type = "number"
missing = "median"

[attributes.stock]
type = "integer"
missing = "drop"

[cleaning]
unusable = "UNUSABLE"
orphans = "drop"
max_repeats = 3
max_events_per_day = 500

[embedder]
kind = "endpoint"
name = "none"
"""


@dataclass
class Dirt:
    """What was done.

    Attributes:
        left_out: by file, rows by the reason for which they have to go.
        changed: (step, field) -> how many values have to be mended.
        problems: (kind, file) -> how many have to be reported.
        items: (scene, id) -> title, year, genres, price, stock and text that have to be left.
        events: (user, item, scene, kind, seconds, value, text) that have to be left.
    """

    left_out: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    changed: Counter = field(default_factory=Counter)
    problems: Counter = field(default_factory=Counter)
    items: dict = field(default_factory=dict)
    events: Counter = field(default_factory=Counter)

    def spoil(self, file: str, kind: str, count: int) -> None:
        """Rows that cannot be used."""
        self.left_out[file][kind] += count
        self.problems[kind, file] += count

    def leave(self, file: str, step: str, name: str, count: int) -> None:
        """Rows that cleaning leaves out."""
        self.left_out[file][step] += count
        self.changed[step, name] += count


def soiled(folder: Path, *, items: list[dict], events: list[dict], unusable: str) -> Dirt:
    """Write ``recagent.toml`` and four dirty files; the rows given are clean ones, of texts."""
    rng, dirt = random.Random(20240501), Dirt()  # noqa: S311
    text = SETTINGS.replace("UNUSABLE", unusable)
    (folder / "recagent.toml").write_text(text, encoding="utf-8")
    _items(folder, dirt, rng, items)
    _events(folder, dirt, rng, items, events)
    return dirt


def _line(row: dict, columns: list[str]) -> str:
    line = io.StringIO()
    csv.DictWriter(line, columns, restval="", lineterminator="\n").writerow(row)
    return line.getvalue()


def _items(folder: Path, dirt: Dirt, rng: random.Random, items: list[dict]) -> None:
    rows = [
        {**item, "price": f"{int(item['item_id']) % 997 / 10:g}", "stock": str(place), "text": ""}
        for place, item in enumerate(items)
    ]
    rng.shuffle(rows)
    dirt.items = {(row["scene"], row["item_id"]): dict(row) for row in rows}
    horror = [row for row in rows if row["scene"] == HORROR]
    main = iter([row for row in rows if row["scene"] != HORROR])

    def take(count: int) -> list[dict]:
        return [next(main) for _ in range(count)]

    sound = take(300)
    spoilt = [*_holes(dirt, take), *_marks(dirt, take), *_long(dirt, take)]
    lines = _encodings(dirt, take) + _unusable(dirt, rng)
    lines += [_line(row, ITEM_COLUMNS).encode() for row in [*sound, *spoilt, *main]]
    rng.shuffle(lines)
    head = ",".join(ITEM_COLUMNS).encode() + b"\n\n"
    lines += _again(dirt, sound)
    (folder / "items.csv").write_bytes(head + b"".join(lines))
    header = {"item_id": "编号", "title": "名称"}
    columns = [header.get(name, name) for name in reversed(ITEM_COLUMNS)]
    named = [{header.get(name, name): value for name, value in row.items()} for row in horror]
    text = ",".join(columns) + "\n" + "".join(_line(row, columns) for row in named)
    (folder / "horror.csv").write_bytes(text.encode("gb18030"))
    _fill(dirt.items)


def _holes(dirt: Dirt, take: Take) -> list[dict]:
    """Values that are missing or of the wrong type."""
    prices, words, stocks = take(40), take(10), take(8)
    for place, row in enumerate(prices):
        row["price"] = "" if place < 20 else "N/A"
    for row in words:
        row["price"] = "cheap"
    dirt.changed["null", "price"] = 20
    dirt.problems["bad type", "items.csv"] = 10
    dirt.changed["median", "price"] = 50
    for row in [*prices, *words]:
        dirt.items[row["scene"], row["item_id"]]["price"] = ""
    for row in stocks:
        row["stock"] = ""
        del dirt.items[row["scene"], row["item_id"]]
    dirt.leave("items.csv", "drop", "stock", 8)
    return [*prices, *words, *stocks]


def _marks(dirt: Dirt, take: Take) -> list[dict]:
    """Titles with direction marks, control characters and HTML; ids with spaces around them."""
    turned, controlled, marked, spaced = take(5), take(4), take(6), take(5)
    for row in turned:
        row["title"] = f"\u202b{row['title']}\u202c"
    for row in controlled:
        row["title"] = f"{row['title'][:3]}\0{row['title'][3:]}\x07"
    dirt.changed["unicode", "title"] = 9
    for row in marked:
        row["title"] = f"<p><b>{row['title']}</b><br/></p>"
    dirt.changed["html", "title"] = 6
    dirt.changed["space", "title"] = 6
    for row in spaced:
        row["item_id"] = f" {row['item_id']}\t"
    dirt.changed["trimmed", "item_id"] = 5
    return [*turned, *controlled, *marked, *spaced]


def _long(dirt: Dirt, take: Take) -> list[dict]:
    """Texts of emoji and right-to-left words, which stay, and one of five megabytes."""
    pretty, (long,) = take(3), take(1)
    for row in pretty:
        row["text"] = EMOJI
        dirt.items[row["scene"], row["item_id"]]["text"] = EMOJI
    long["text"] = "long " * 2**20
    dirt.items[long["scene"], long["item_id"]]["text"] = long["text"][:20_000].rstrip()
    dirt.changed["max_text", "text"] = 1
    dirt.changed["space", "text"] = 1
    return [*pretty, long]


def _encodings(dirt: Dirt, take: Take) -> list[bytes]:
    """Values that the fallback reads, and some that not even that does."""
    lines = []
    for row in take(6):
        dirt.items[row["scene"], row["item_id"]]["title"] = "三体与活着"
        lines.append(_line({**row, "title": "三体与活着"}, ITEM_COLUMNS).encode("gb18030"))
    dirt.changed["fallback", "title"] = 6
    for row in take(4):
        del dirt.items[row["scene"], row["item_id"]]
        lines.append(_line({**row, "title": "Café"}, ITEM_COLUMNS).encode("cp1252"))
    dirt.spoil("items.csv", "not text", 4)
    return lines


def _unusable(dirt: Dirt, rng: random.Random) -> list[bytes]:
    """Rows of items that the clean data do not have."""

    def extra(count: int, **values: str) -> list[bytes]:
        filler = {"scene": "drama", "title": "Extra", "price": "1", "stock": "1"}
        return [
            _line({"item_id": f"x{rng.random()}", **filler, **values}, ITEM_COLUMNS).encode()
            for _ in range(count)
        ]

    dirt.spoil("items.csv", "empty", 7)
    dirt.spoil("items.csv", "control", 2)
    dirt.spoil("items.csv", "ragged", 5)
    dirt.spoil("items.csv", "bad quotes", 2)
    return [
        *extra(4, title=""), *extra(3, item_id="  "), *extra(2, item_id="x\0"),
        *[b"Drama,Too short\n"] * 3, *[b"a,b,c,d,e,f,g,h,i,j\n"] * 2,
        b'"Drama,Never closed,1,q1,1999,,drama,1\n', b'"Drama"s,T,1,q2,1999,,drama,1\n',
    ]  # fmt: skip


def _again(dirt: Dirt, rows: list[dict]) -> list[bytes]:
    """Rows after those with the same id: copies, other content, another thing in another scene."""
    dirt.leave("items.csv", "same row", "item_id", 12)
    dirt.spoil("items.csv", "duplicate id", 7)
    dirt.spoil("items.csv", "two titles", 3)
    again = [
        *rows[:12],
        *({**row, "title": "Changed"} for row in rows[12:19]),
        *({**row, "title": "Other", "scene": "elsewhere"} for row in rows[19:22]),
    ]
    return [_line(row, ITEM_COLUMNS).encode() for row in again]


def _fill(wanted: dict) -> None:
    """The prices that have to be there: of those that are left, scene by scene."""
    prices = defaultdict(list)
    for (scene, _), row in wanted.items():
        row["price"] = float(row["price"]) if row["price"] else None
        if row["price"] is not None:
            prices[scene].append(row["price"])
    for (scene, _), row in wanted.items():
        if row["price"] is None:
            row["price"] = median(prices[scene])


def _events(
    folder: Path, dirt: Dirt, rng: random.Random, items: list[dict], clean: list[dict]
) -> None:
    rows = [{**row, "kind": "rating", "text": ""} for row in clean]
    some = [item for item in items if (item["scene"], item["item_id"]) in dirt.items]
    at = 1_700_000_000

    def of(user: str, seconds: object, place: int = 0, **values: str) -> dict:
        known = {"item_id": some[place]["item_id"], "scene": some[place]["scene"]}
        return {"user_id": user, "timestamp": str(seconds), "kind": "view", "value": "", "text": "",
                **known, **values}  # fmt: skip

    rows[:0] = [of("fan", at + day * 86_400) for day in range(3)]
    rows[:0] = [of("old", second) for second in (5, 6)]
    notes = [of("noor", at + day, kind="comment", text=EMOJI) for day in range(3)]

    def lost(row: dict) -> bool:
        return (row["scene"], row["item_id"]) not in dirt.items

    for row in [*rows, *notes]:
        if not lost(row):
            value = float(row["value"]) if row["value"] else None
            dirt.events[
                row["user_id"], row["item_id"], row["scene"], row["kind"],
                int(row["timestamp"]), value, row["text"],
            ] += 1  # fmt: skip
    notes = [{**row, "text": f"\u2067{EMOJI}\u2069"} for row in notes]
    dirt.changed["unicode", "text"] = 3
    bots = [of("bot", at + second, second) for second in range(600)]
    half = len(rows) // 2
    table, objects = rows[:half], rows[half:]
    dirt.leave("events.csv", "orphan", "item_id", sum(map(lost, table)))
    dirt.leave("events.jsonl", "orphan", "item_id", sum(map(lost, objects)))
    copies = [row for row in table if not lost(row)]
    table = [
        *table, *notes, *bots[:300],
        *rng.sample(copies, 20),
        *(of("fan", f"no time {count}") for count in range(9)),
        *(of("fan", 4_102_444_800) for _ in range(4)),
        *(of("fan", at, kind="rating", value="11") for _ in range(5)),
        *(of("fan", at, value="good") for _ in range(3)),
        *(of("fan", at, kind="hug") for _ in range(2)),
        *(of("fan", at + count, item_id="x9") for count in range(15)),
        *(of("fan\0", at) for _ in range(2)),
        *(of("fan", at, item_id="") for _ in range(3)),
    ]  # fmt: skip
    dirt.leave("events.csv", "bot", "user_id", 300)
    dirt.leave("events.csv", "same event", "item_id", 20)
    dirt.leave("events.csv", "orphan", "item_id", 15)
    for kind, count in [("bad time", 9), ("future time", 4), ("bad rating", 5), ("bad number", 3),
                        ("bad kind", 2), ("control", 2), ("empty", 3), ("ragged", 4)]:  # fmt: skip
        dirt.spoil("events.csv", kind, count)
    lines = [_line(row, EVENT_COLUMNS) for row in table] + ["1,2,3\n"] * 4
    rng.shuffle(lines)
    text = ",".join(EVENT_COLUMNS) + "\n" + "".join(lines)
    (folder / "events.csv").write_text(text, encoding="utf-8")

    # Later in the second file than what is kept in the first: these are the repeats.
    objects = [*objects, *bots[300:], *(of("fan", at + 9 * 86_400 + day) for day in range(7))]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in objects]
    lines += ["{\n", "[1]\n", '{"user_id": NaN}\n']
    rng.shuffle(lines)
    (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
    dirt.spoil("events.jsonl", "bad json", 3)
    dirt.leave("events.jsonl", "bot", "user_id", 300)
    dirt.leave("events.jsonl", "repeat", "item_id", 7)
