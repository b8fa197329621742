"""What the reasons of whole lists name: how many liked items, how often one value, of what kind.

    uv run python benchmarks/reason_lists.py           # forty people and twenty requests
    uv run python benchmarks/reason_lists.py --show    # also every main reason

Lists of five without a language model: of the bundled films for people who are no test people, in
the scene of what they liked last, and of the twenty requests of ``tests/reasons.toml`` in six
catalogues. The main reason of an item is its first. Counted are the liked items that main reasons
of a list name, lists in which one of them is named three times or more, reasons that are one value
of the item, one that a twentieth of the scene's items or more have, and each kind. The last line is
one JSON object.

Its figures stand in docs/research/explanations.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
from command import command
from reasons import REQUESTS, K, asked, opened

from recagent import bootstrap
from recagent.domain import Slate
from recagent.evaluation.data import load_data
from recagent.offline.splits import split
from recagent.pipeline import Pipeline
from recagent.profiles.informative_values import item_traits

PEOPLE, SMOKE = 40, 2
_SHARE = 20  # a value is common that one in so many items has
_LIKED = ("attribute", "people")  # kinds of evidence about a liked item


@dataclass
class Counts:
    """Of the main reasons of lists."""

    distinct: list[int] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    single: int = 0
    common: int = 0

    async def add(self, slate: Slate, pipeline: Pipeline) -> None:
        """Count a list."""
        mains = [(entry, entry.evidence[0]) for entry in slate.entries if entry.evidence]
        likes = Counter(main.refs[0] for _, main in mains if main.kind in _LIKED)
        items = await pipeline.parts.index.items(slate.scene.name)
        for _, main in mains:
            self.kinds[main.kind] += 1
            if main.kind == "attribute" and len(main.refs) == 2:
                self.single += 1
                having = sum(
                    any(value == main.refs[1] for _, value in item_traits(item))
                    for item in items.values()
                )
                self.common += having * _SHARE >= len(items)
        if likes:
            self.distinct.append(len(likes))
            self.named.append(likes.total())
            self.repeated += max(likes.values()) >= 3

    def figures(self) -> dict[str, object]:
        """The shares."""
        reasons = self.kinds.total()
        return {
            "reasons": reasons,
            "lists_with_likes": len(self.distinct),
            "liked_items_a_list": round(sum(self.distinct) / max(len(self.distinct), 1), 2),
            "reasons_with_likes_a_list": round(sum(self.named) / max(len(self.named), 1), 2),
            "lists_with_one_three_times": self.repeated,
            "one_value": round(self.single / max(reasons, 1), 3),
            "one_common_value": round(self.common / max(reasons, 1), 3),
            **{kind: round(n / reasons, 3) for kind, n in sorted(self.kinds.items())},
        }


@dataclass
class Telling:
    """Opens catalogues without a language model, and prints the main reasons."""

    folder: Path
    is_shown: bool

    async def pipeline(self, name: str, lang: str) -> Pipeline:
        """Returns the pipeline of a catalogue."""
        settings = await opened(name, lang, self.folder)
        parts = replace(bootstrap.parts(settings), ranker=None, proposer=None, models=())
        return Pipeline(parts, bootstrap.options(settings))

    async def show(self, slate: Slate, pipeline: Pipeline) -> None:
        """Prints the main reasons of a list."""
        if not self.is_shown:
            return
        print(f"{slate.user_id} {slate.scene.name}")
        for why in await pipeline.reasons(slate):
            print(f"    {why.item.title}: {why.claims[0].text if why.claims else '-'}")


async def of_people(telling: Telling, most: int) -> Counts:
    """Counts the lists of people who rated films."""
    counts, pipeline = Counts(), await telling.pipeline("films", "en")
    held_out = split(load_data("demo"), people="validation").held_out
    for case in held_out[:: max(1, len(held_out) // most)][:most]:
        slate = await pipeline.recommend(case.user_id, scene=case.scene, k=K)
        await counts.add(slate, pipeline)
        await telling.show(slate, pipeline)
    await pipeline.close()
    return counts


async def of_requests(telling: Telling, table: Sequence[Mapping[str, Any]]) -> Counts:
    """Counts the lists of the requests."""
    counts = Counts()
    for name, lang in sorted({(each["on"].split("/")[0], each["lang"]) for each in table}):
        pipeline = await telling.pipeline(name, lang)
        for at, request in enumerate(table):
            if (request["on"].split("/")[0], request["lang"]) != (name, lang):
                continue
            slate = await asked(pipeline, f"stranger {at}", request)
            await counts.add(slate, pipeline)
            await telling.show(slate, pipeline)
        await pipeline.close()
    return counts


async def main(folder: Path, options: argparse.Namespace) -> None:
    """Make the lists, and print what their reasons name."""
    telling = Telling(folder, options.show)
    table = tomllib.loads(REQUESTS.read_text(encoding="utf-8"))["requests"]
    table = [each for each in table if each["on"].startswith("shop/")] if options.smoke else table
    figures = {
        "people": (await of_people(telling, SMOKE if options.smoke else PEOPLE)).figures(),
        "requests": (await of_requests(telling, table)).figures(),
    }
    for name, row in figures.items():
        print(name, *(f"  {key:<28}{value}" for key, value in row.items()), sep="\n")
    print(json.dumps(figures))


def run() -> None:
    """Read the command line and do the work."""
    options = command(__doc__)
    options.add_argument("--show", action="store_true", help="print every main reason")
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, Path(folder), options.parse_args())


if __name__ == "__main__":
    run()
