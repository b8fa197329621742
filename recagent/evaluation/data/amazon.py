"""Amazon's reviews as published in 2018 and 2023: a scene for each pair of reviews and products.

The catalogue's readers are not used: they make an attribute of every column that is no field of
ours, and products carry pictures, links and lists of other products; and they keep all products of
a file, of which few may have been reviewed.

Source: Ni, Li, McAuley, EMNLP 2019 (2018); Hou et al., arXiv 2403.03952 (2023).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from recagent.domain import Event, Item, RatingScale, Scene, Value
from recagent.errors import ConfigError, DataError
from recagent.evaluation.data.files import at_line, data_folder, fingerprint, json_rows
from recagent.offline.data_set import Data

_META = "meta_"
_ENDS = (".jsonl", ".jsonl.gz", ".json", ".json.gz")
_CORE = re.compile(r"_\d+$")  # of the releases where everybody has at least so many reviews
_PRICE = re.compile(r"\$?\s*(\d[\d,]*(?:\.\d+)?)")
_MILLISECONDS = 1_000
_LOW, _HIGH = 1.0, 5.0

# Key of the item, person, rating, time, words; the time's unit in seconds.
_2018 = ("asin", "reviewerID", "overall", "unixReviewTime", "reviewText")
_2023 = ("parent_asin", "user_id", "rating", "timestamp", "text")


def read_amazon(path: Path | None) -> Data:
    """Reads the pairs of files in a folder: ``NAME.jsonl`` with ``meta_NAME.jsonl``, or compressed.

    Products that nobody reviewed, or without a title, are left out, and the reviews of products
    that are not there; the note says how many. A review that comes twice counts once.

    Raises:
        ConfigError: no such folder, or no pair in it.
        DataError: a line that cannot be used.
    """
    home = data_folder(path, source="amazon")
    items: list[Item] = []
    events: list[Event] = []
    left_out: list[str] = []
    pairs = _pairs(home)
    for scene, (reviews, products) in pairs.items():
        scene_events = _events(reviews, scene)
        scene_items = _items(products, scene, {event.item_id for event in scene_events})
        titled = {item.id for item in scene_items}
        of_titled = [event for event in scene_events if event.item_id in titled]
        if len(of_titled) < len(scene_events):
            left_out.append(f"{len(scene_events) - len(of_titled)} reviews in {scene}")
        items += scene_items
        events += of_titled
    if not events:
        raise DataError(
            "{folder!r} has no review of a product with a title; check its files",
            folder=str(home),
        )
    return Data(
        name=f"amazon-{home.resolve().name}",
        scenes={scene: Scene(name=scene) for scene in pairs},
        items=items,
        events=sorted(events, key=lambda event: event.at),
        users={},
        scale=RatingScale(low=_LOW, high=_HIGH),
        fingerprint=fingerprint(file for pair in pairs.values() for file in pair),
        note="Amazon reviews; terms of use are the publisher's."
        + (f" Left out, of products without a title: {', '.join(left_out)}." if left_out else ""),
    )


def _pairs(home: Path) -> dict[str, tuple[Path, Path]]:
    """Returns the reviews and products of each scene, which is called like its products' file."""
    stems = {
        file.name.removesuffix(end): file for end in _ENDS for file in sorted(home.glob(f"*{end}"))
    }
    pairs: dict[str, tuple[Path, Path]] = {}
    for stem, reviews in sorted(stems.items()):
        if stem.startswith(_META):
            continue
        name = stem if _META + stem in stems else _CORE.sub("", stem)
        if _META + name not in stems:
            raise ConfigError(
                "[data] path {path!r} has {reviews!r} but no product file {products!r}; source "
                "'amazon' needs both",
                path=str(home),
                reviews=reviews.name,
                products=_META + name,
            )
        pairs[name] = (reviews, stems[_META + name])
    if not pairs:
        raise ConfigError(
            "[data] path {path!r} has no pair NAME.jsonl, meta_NAME.jsonl; source 'amazon' needs "
            "one",
            path=str(home),
        )
    return pairs


def _events(path: Path, scene: str) -> list[Event]:
    events: dict[tuple[str, str, datetime], Event] = {}
    for number, row in json_rows(path):
        with at_line(path, number):
            event = _event(row, scene)
        events.setdefault((event.user_id, event.item_id, event.at), event)
    return list(events.values())


def _event(row: Mapping[str, Any], scene: str) -> Event:
    keys, unit = (_2023, _MILLISECONDS) if "parent_asin" in row else (_2018, 1)
    for key in keys[:4]:
        if row.get(key) in (None, ""):
            raise DataError("{key!r} is missing", key=key)
    item_id, user_id, rating, timestamp, words = (row.get(key) for key in keys)
    return Event(
        user_id=str(user_id),
        item_id=str(item_id),
        scene=scene,
        kind="rating",
        at=_time(timestamp, unit),
        value=_rating(rating),
        text=words.strip() if isinstance(words, str) else "",
    )


def _rating(value: object) -> float:
    if isinstance(value, int | float) and _LOW <= value <= _HIGH:
        return float(value)
    raise DataError("rating {value!r} is not a number from 1 to 5", value=value)


def _time(value: object, unit: int) -> datetime:
    try:
        return datetime.fromtimestamp(float(str(value)) / unit, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DataError("time {value!r} is not a number of seconds", value=value) from error


def _items(path: Path, scene: str, wanted: set[str]) -> list[Item]:
    by_id: dict[str, Item] = {}
    for number, row in json_rows(path):
        item_id = row.get("parent_asin") or row.get("asin")
        with at_line(path, number):
            if not isinstance(item_id, str):
                raise DataError("'parent_asin' and 'asin' are both missing")
        title = _text(row.get("title"))
        if item_id in wanted and title and item_id not in by_id:
            by_id[item_id] = Item(id=item_id, scene=scene, title=title, attributes=_attributes(row))
    return list(by_id.values())


def _attributes(row: Mapping[str, Any]) -> dict[str, Value]:
    """Returns categories, brand and price, where they are there."""
    raw: object = row.get("categories") or row.get("category") or row.get("main_category") or []
    listed = cast("list[object]", raw) if isinstance(raw, list) else [raw]
    texts = [_text(value) for value in listed]
    categories = tuple(dict.fromkeys(text for text in texts if text))
    attributes: dict[str, Value] = {"category": categories} if categories else {}
    brand = _text(row.get("brand")) or _text(row.get("store"))
    if brand:
        attributes["brand"] = brand
    price = _price(row.get("price"))
    if price is not None:
        attributes["price"] = price
    return attributes


def _price(value: object) -> float | None:
    """Returns a price; None for the texts that stand in its place here and there."""
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    match = _PRICE.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(match[1].replace(",", "")) if match else None


def _text(value: object) -> str:
    """Returns a text in one line; empty for anything else."""
    return " ".join(value.split()) if isinstance(value, str) else ""
