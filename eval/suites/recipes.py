"""Public data sets of a suite: where each is, what its licence says, and how it is read.

    python eval/suites/recipes.py                                     # what there is
    python eval/suites/recipes.py music --from CHECKOUT [--to FOLDER] # eval/data/music

Nothing of them is part of the project: check out the repository at the commit that is named, or
take the files from there, and give the folder. What is written is a project of recagent: items,
events, and a ``recagent.toml`` with the scale of ratings. Counts and averages
over all time, which some item files hold, are left out: they are later popularity. Events without
times come in an order by a hash, since those files are sorted by item. Needs Python alone.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a data set is had and read.

    Attributes:
        about: domain, kind of feedback, whether there are times.
        source: the repository and commit, and the files in it.
        licence: as stated there.
        scale: lowest and highest rating; none where feedback is implicit.
        items: yields them from the folder.
        events: likewise.
        people: at most so many are kept, by a hash of their ids; 0 for all.
    """

    about: str
    source: str
    licence: str
    scale: tuple[float, float] | None
    items: Callable[[Path], Iterable[Row]]
    events: Callable[[Path], Iterable[Row]]
    people: int = 0


def rows(path: Path, *, separator: str = "\t", names: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yields the rows of a table; with ``names`` it has no header."""
    opened = gzip.open if path.suffix == ".gz" else open
    with (
        opened(path, "rb") as binary,
        io.TextIOWrapper(binary, "utf-8-sig", errors="replace") as text,
    ):
        quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
        yield from csv.DictReader(
            text, fieldnames=names or None, delimiter=separator, quoting=quoting
        )


def archived(folder: Path, archive: str, member: str) -> Iterator[Row]:
    """Yields the rows of a table in a zip file."""
    with zipfile.ZipFile(folder / archive) as packed, packed.open(member) as binary:
        text = io.TextIOWrapper(binary, "utf-8", errors="replace")
        yield from csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)


def listed(text: str | None, separator: str = ", ") -> list[str]:
    """Returns the parts of a text."""
    return [part for part in (text or "").split(separator) if part]


# Music: Last.fm, HetRec 2011


def music_items(folder: Path) -> Iterator[Row]:
    """Artists, with their names alone."""
    for row in rows(folder / "artists.dat"):
        yield {"item_id": row["id"], "title": row["name"]}


def music_events(folder: Path) -> Iterator[Row]:
    """An artist whom somebody played, as a like; the counts are not used."""
    for row in rows(folder / "user_artists.dat", names=("user", "item", "plays")):
        if row["item"]:  # the first two lines are counts
            yield {"user_id": row["user"], "item_id": row["item"], "kind": "like"}


# Books: a cut of Goodbooks-10k


def book_items(folder: Path) -> Iterator[Row]:
    """Books with authors, year and language; no counts of ratings."""
    ids = {row["item"] for row in rows(folder / "interactions_3k.csv", names=("user", "item"))}
    for row in rows(folder / "books.csv", separator=","):
        if row["book_id"] in ids:
            yield {
                "item_id": row["book_id"], "title": row["title"],
                "authors": listed(row["authors"]), "language": row["language_code"],
                "year": int(float(row["original_publication_year"] or 0)) or None,
            }  # fmt: skip


def book_events(folder: Path) -> Iterator[Row]:
    """A book that somebody rated, as a like: the cut has no ratings."""
    for row in rows(folder / "interactions_3k.csv", names=("user", "item")):
        yield {"user_id": row["user"], "item_id": row["item"], "kind": "like"}


# Anime, of MyAnimeList

ANIME = "Processed Datasets/Anime/anime.zip"


def anime_items(folder: Path) -> Iterator[Row]:
    """Anime with genres and type; neither their mean rating nor how many members they have."""
    for row in archived(folder, ANIME, "anime/anime_info.dat"):
        yield {
            "item_id": row["anime_ids"], "title": row["name"], "genres": listed(row["genre"]),
            "type": row["type"],
        }  # fmt: skip


def anime_events(folder: Path) -> Iterator[Row]:
    """Ratings from 1 to 10."""
    for row in archived(folder, ANIME, "anime/anime_ratings.dat"):
        yield rating(row["User_ID"], row["Anime_ID"], row["Feedback"])


# Video games, of Steam

STEAM = "Processed Datasets/Steam/steam.zip"


def steam_items(folder: Path) -> Iterator[Row]:
    """Games, with their names alone."""
    for row in archived(folder, STEAM, "steam/item_info.dat"):
        yield {"item_id": row["Game_ID"], "title": row["Game Name"]}


def steam_events(folder: Path) -> Iterator[Row]:
    """A game that somebody played for an hour or more, as a like."""
    for row in archived(folder, STEAM, "steam/game_play.dat"):
        if float(row["Hours"]) >= 1:
            yield {"user_id": row["User_ID"], "item_id": row["Game_ID"], "kind": "like"}


# Board games: BoardGameGeek, with times


def board_items(folder: Path) -> Iterator[Row]:
    """Games with year and what is said of them; no ratings, counts or ranks."""
    said: dict[str, dict[str, list[str]]] = {}
    for row in rows(folder / "data/metadata/raw_game_metadata_2.tsv"):
        kinds = said.setdefault(row["id"], {})
        kinds.setdefault(row["property"], []).append(row["value"])
    for row in rows(folder / "data/metadata/raw_game_metadata_1.tsv"):
        attributes = said.get(row["id"], {})
        yield {
            "item_id": row["id"], "title": row["name"], "year": int(row["year"] or 0) or None,
            **{kind: attributes.get(kind, []) for kind in ("type", "category", "mechanism")},
        }  # fmt: skip


def board_events(folder: Path) -> Iterator[Row]:
    """Ratings from 1 to 10, dated by month; the test files of the five folds are all of them."""
    names = ("user", "item", "rating", "time")
    for fold in range(5):
        file = f"data/bgg25_raw_ratings/bgg25_raw_ratings.f{fold}.test.tsv.gz"
        for row in rows(folder / file, names=names):
            at = datetime.fromtimestamp(int(row["time"]) / 1000, tz=UTC)
            event = rating(row["user"], row["item"], row["rating"])
            yield event | {"timestamp": at.isoformat()}


def rating(user: str, item: str, value: str) -> Row:
    """Returns a rating."""
    return {"user_id": user, "item_id": item, "kind": "rating", "value": float(value)}


CASEREC = "github.com/caserec/Datasets-for-Recommender-Systems at 4180b4dc"
RECIPES = {
    "music": Recipe(
        about="music, implicit, no times (Last.fm, HetRec 2011)",
        source="github.com/slarsen88/CS401 at 30ae72b3: artists.dat, user_artists.dat",
        licence="none stated there; HetRec 2011: non-commercial research, by Last.fm's terms",
        scale=None, items=music_items, events=music_events,
    ),
    "books": Recipe(
        about="books, implicit, no times (Goodbooks-10k, a cut)",
        source="github.com/truongdo619/DataMining_BookRecommendations at 5421ab3e: "
        "dataset/interactions_3k.csv; github.com/zygmuntz/goodbooks-10k at 6dd165b5: books.csv; "
        "both in one folder",
        licence="Goodbooks-10k: CC BY-SA 4.0; the cut: none stated",
        scale=None, items=book_items, events=book_events,
    ),
    "anime": Recipe(
        about="anime, ratings, no times, dense (MyAnimeList, 5,000 people)",
        source=f"{CASEREC}: {ANIME}",
        licence="none stated there; the original on Kaggle: CC0",
        scale=(1, 10), items=anime_items, events=anime_events,
    ),
    "steam": Recipe(
        about="video games, implicit from hours, no times (Steam)",
        source=f"{CASEREC}: {STEAM}",
        licence="none stated there; the original on Kaggle: ODbL 1.0",
        scale=None, items=steam_items, events=steam_events,
    ),
    "boardgames": Recipe(
        about="board games, ratings, times by month (BoardGameGeek, 2001 to 2022, 5,000 people)",
        source="github.com/jljorro/bgg-dataset at 96c998f5: data/metadata, data/bgg25_raw_ratings",
        licence="for research and educational purposes, as its README says",
        scale=(1, 10), items=board_items, events=board_events, people=5_000,
    ),
}  # fmt: skip


def write(name: str, source: Path, target: Path) -> None:
    """Writes a data set as a project of recagent."""
    recipe = RECIPES[name]
    target.mkdir(parents=True, exist_ok=True)
    items = {row["item_id"]: row | {"scene": name} for row in recipe.items(source)}
    events = [row | {"scene": name} for row in recipe.events(source) if row["item_id"] in items]
    people = sorted({row["user_id"] for row in events}, key=lambda name: zlib.crc32(name.encode()))
    kept_people = set(people[: recipe.people or None])
    events = [row for row in events if row["user_id"] in kept_people]
    if "timestamp" not in events[0]:  # files without times are often sorted by item
        events.sort(key=lambda row: zlib.crc32(f"{row['user_id']} {row['item_id']}".encode()))
    for file, written in (("items", items.values()), ("events", events)):
        with (target / f"{file}.jsonl").open("w", encoding="utf-8") as text:
            for row in written:
                kept = {key: value for key, value in row.items() if value not in (None, "", [])}
                text.write(json.dumps(kept, ensure_ascii=False) + "\n")
    low, high = recipe.scale or (0, 10)
    (target / "recagent.toml").write_text(
        f"# {recipe.about}\n# {recipe.source}\n# {recipe.licence}\n"
        '[catalog]\nitems = "items.jsonl"\nevents = "events.jsonl"\n'
        f'[cleaning]\nunusable = "drop"\n[ratings]\nlow = {low}\nhigh = {high}\n',
        encoding="utf-8",
    )
    print(f"{target}: {len(items):,} items, {len(events):,} events of {len(kept_people):,} people")


def main() -> None:
    """Print the recipes, or write one data set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", nargs="?", choices=RECIPES)
    parser.add_argument("--from", dest="source", type=Path, help="folder with the files")
    parser.add_argument("--to", type=Path, help="default: eval/data/NAME")
    options = parser.parse_args()
    if options.name is None or options.source is None:
        for name, recipe in RECIPES.items():
            if options.name in (None, name):
                print(f"{name}: {recipe.about}\n  {recipe.source}\n  licence: {recipe.licence}")
        return
    write(options.name, options.source, options.to or Path("eval/data") / options.name)


if __name__ == "__main__":
    main()
