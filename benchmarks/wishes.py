"""Whether lists that were asked for by a wish begin with what answers it.

    uv run python benchmarks/wishes.py            # tests/wishes.toml, known people and strangers
    uv run python benchmarks/wishes.py --requests FILE   # also real requests (ReDial), films

A list counts where its first three all answer the wish (fewer where fewer may be shown), or where
nothing may and the trace says so. With a file of real requests: recall and nDCG at 10 of the films
that were recommended to people who asked in words, the scene of the first target given.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from command import command

from recagent import AsyncRecommender, Constraint, Context, demo, templates
from recagent.config.settings import load
from recagent.domain import Item, Slate
from recagent.ingest.loading import load_catalogue

WISHES = Path(__file__).parent.parent / "tests" / "wishes.toml"
STRANGER = "a stranger"
KNOWN = {
    "shop": ("ana", "ben"), "shop-zh": ("小安", "本杰"), "travel": ("sam", "rita"),
    "books": ("ada", "luca"), "films": ("u0102", "u0066"),
}  # fmt: skip
FIRST, TOP, REQUESTS = 3, 10, 120


def answers(wish: Mapping[str, Any], items: Mapping[str, Item]) -> set[str]:
    """Ids of the items that answer a wish of the table."""
    if "find" in wish:
        return set(wish["find"])

    def answer(item: Item) -> bool:
        name, value = wish.get("told", ("", ""))
        first, last = wish.get("years", (-math.inf, math.inf))
        year = item.attributes.get("year", first)
        return (not name or value in item.attributes.get(name, ())) and first <= year <= last

    return {key for key, item in items.items() if answer(item)}


async def opened(name: str, folder: Path) -> AsyncRecommender:
    """A catalogue of the table, loaded into a folder."""
    if name == "films":
        settings = demo.settings().model_copy(update={"data_dir": folder / name})
    else:
        templates.copy(name, to=folder / name)
        settings = load(folder / name / "recagent.toml")
    await load_catalogue(settings, on_progress=lambda *_: None)
    return AsyncRecommender.from_settings(settings)


def begins_right(slate: Slate, there: set[str]) -> bool:
    """Whether the first of a list answer the wish, or the trace says that nothing does."""
    if not there:
        match = getattr(slate.trace, "wish", None)
        return match is not None and match.matches == 0
    first = [entry.item.id for entry in slate.entries[: min(FIRST, len(there))]]
    return bool(first) and set(first) <= there


async def measured(
    recommender: AsyncRecommender, name: str, wishes: Sequence[Mapping[str, Any]]
) -> Iterable[tuple[bool, bool, str]]:
    """Of each wish and person: whether they are known, whether the list begins right, and what."""
    found: list[tuple[bool, bool, str]] = []
    for wish in wishes:
        scene = wish["on"].split("/")[1]
        items = await recommender.parts.index.items(scene)
        for person in (STRANGER, *KNOWN[name]):
            barred = await recommender.blocked(person, scene=scene)
            slate = await recommender.recommend(
                person, scene=scene, context=Context(wish=wish["say"])
            )
            right = begins_right(slate, answers(wish, items) - barred)
            titles = ", ".join(entry.item.title for entry in slate.entries[:FIRST])
            told = f"{wish['on']}: {wish['say']!r} for {person}: {titles}"
            found.append((person != STRANGER, right, told))
    return found


def sampled(file: Path) -> list[dict[str, Any]]:
    """Every so many of a file's requests, ``REQUESTS`` in all."""
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    return [json.loads(line) for line in lines[:: len(lines) // REQUESTS]][:REQUESTS]


async def requests_answered(
    recommender: AsyncRecommender, turns: Sequence[Mapping[str, Any]]
) -> list[tuple[float, float]]:
    """Recall and nDCG at 10 of each real request, among the films of the first target's scene."""
    index = recommender.parts.index
    scenes = {key: name for name in await index.scenes() for key in await index.items(name)}
    found: list[tuple[float, float]] = []
    for turn in turns:
        scene = scenes[turn["targets"][0]]
        wanted = {key for key in turn["targets"] if scenes[key] == scene}
        shown = (
            Constraint(attribute="id", operator="is not", value=each) for each in turn["mentioned"]
        )
        context = Context(wish=turn["dialogue"][-1], constraints=tuple(shown))
        slate = await recommender.recommend(STRANGER, scene=scene, k=TOP, context=context)
        gains = [1 / math.log2(1 + each.rank) for each in slate.entries if each.item.id in wanted]
        best = sum(1 / math.log2(1 + rank) for rank in range(1, min(TOP, len(wanted)) + 1))
        found.append((len(gains) / len(wanted), sum(gains) / best))
    return found


async def main(folder: Path, options: argparse.Namespace) -> None:
    """Load the catalogues, ask for the lists, and print how many begin right."""
    table = tomllib.loads(WISHES.read_text(encoding="utf-8"))["wishes"]
    found: list[tuple[bool, bool, str]] = []
    turns = sampled(options.requests) if options.requests else []
    for name in ("shop",) if options.smoke else KNOWN:
        wishes = [wish for wish in table if wish["on"].split("/")[0] == name]
        async with await opened(name, folder) as recommender:
            found += await measured(recommender, name, wishes)
            if name == "films" and turns:
                done = await requests_answered(recommender, turns)
                recall, gain = (sum(each) / len(done) for each in zip(*done, strict=True))
                print(
                    f"{len(done)} real requests: recall@{TOP} {recall:.3f}, nDCG@{TOP} {gain:.3f}"
                )
    for known in (True, False):
        rights = [right for is_known, right, _ in found if is_known == known]
        whom = "known people" if known else "strangers"
        share = sum(rights) / len(rights)
        print(f"{whom}: {sum(rights)} of {len(rights)} lists begin right ({share:.0%})")
    if options.wrong:
        print(*(told for _, right, told in found if not right), sep="\n")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--requests", type=Path, help="real requests: redial_wishes/valid.jsonl.gz")
    parser.add_argument("--wrong", action="store_true", help="print the lists that begin wrong")
    with tempfile.TemporaryDirectory() as made:
        anyio.run(main, Path(made), parser.parse_args())
