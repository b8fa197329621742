"""Whether taste is read better from vectors less their mean, of the scene or of the catalogue.

    uv run python benchmarks/centred_vectors.py                    # the bundled films, 30 s
    uv run python benchmarks/centred_vectors.py --games FOLDER --art-office FOLDER

Validation people alone: their last choice among it and 19 items drawn by popularity, as they are
known and as if they were new in the scene. nDCG@10 of taste in the scene (text), of taste carried
over (transfer), of the fusion that is served before a fit, and of the head on held-out people; 95%
intervals over people, differences are to the vectors as they are.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import anyio
import numpy as np
from command import command, few_people
from quality import (
    SERVED,
    SOURCES,
    Table,
    Values,
    by_fusion,
    by_source,
    ndcgs,
    open_backtest,
    quiet,
)
from quality_art_office import asked_of
from quality_games import without_newest

from recagent import demo
from recagent.evaluation.data import load_data
from recagent.offline.backtest import Backtest, backtest_examples, backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data, Questions
from recagent.offline.order import stable_hash
from recagent.offline.splits import split
from recagent.ports import ItemIndex
from recagent.retrieval import BY_GROUP
from recagent.training.head_weights import fit_base_weights

WAYS = ("as they are", "less the scene's mean", "less the catalogue's mean")
PEOPLE, FEW = 600, 60  # of the games, and of art and office


@dataclass(eq=False)
class Shifted:
    """An index whose vectors are less a mean, at length 1 again."""

    index: ItemIndex
    means: Mapping[str, Values]
    loaded: dict[str, tuple[list[str], dict[str, int], Values]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.index, name)

    async def scene(self, scene: str) -> tuple[list[str], dict[str, int], Values]:
        """Ids, rows by id, and vectors."""
        if scene not in self.loaded:
            ids = list(await self.index.items(scene))
            rows = await self.index.vectors(scene, ids=ids) - self.means[scene]
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            self.loaded[scene] = ids, {key: at for at, key in enumerate(ids)}, rows
        return self.loaded[scene]

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Values:
        """As ``ItemIndex.vectors``."""
        _, at, rows = await self.scene(scene)
        return np.asarray([rows[at[key]] if key in at else 0 * rows[0] for key in ids])

    async def search(
        self, scene: str, *, vector: Values, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        """As ``ItemIndex.search``."""
        ids, _, rows = await self.scene(scene)
        scores = rows @ vector
        best = np.argsort(-scores, kind="stable")
        return [(ids[at], float(scores[at])) for at in best if ids[at] not in exclude][:limit]


async def shifted(index: ItemIndex, way: str) -> ItemIndex:
    """The index in one of the ways."""
    if way == WAYS[0]:
        return index
    vectors = {
        scene: await index.vectors(scene, ids=list(await index.items(scene)))
        for scene in await index.scenes()
    }
    everywhere = np.concatenate(list(vectors.values())).mean(axis=0)
    means = {
        scene: rows.mean(axis=0) if way == WAYS[1] else everywhere
        for scene, rows in vectors.items()
    }
    return cast("ItemIndex", Shifted(index, means))


async def compare(name: str, asked: Sequence[Questions], backtest: Backtest) -> dict[str, float]:
    """The rows of one data set; the differences that centring by scene makes."""
    base: dict[str, Values] = {}
    figures: dict[str, float] = {}
    for way in WAYS:
        index = await shifted(backtest.index, way)
        for group in (None, "new here") if len(backtest.data.scenes) > 1 else (None,):
            found = await backtest_examples(
                asked, backtest=replace(backtest, index=index), as_group=group, on_progress=quiet
            )
            table = Table([example.user_id for example in found])
            weights = {**SERVED.weights, **(BY_GROUP[group] if group else {})}
            fit = fit_base_weights(found, sources=SOURCES)
            values = {
                "text": ndcgs(found, by_source(found, "text")),
                "transfer": ndcgs(found, by_source(found, "transfer")),
                "fusion": ndcgs(found, by_fusion(found, weights=weights)),
                "head": ndcgs(found, fit.held_out),
            }
            print(f"{name}, {group or 'as known'}, vectors {way}")
            for what, row in values.items():
                key = f"{name}_{what}{'_new' if group else ''}"
                usual = base.setdefault(key, row)
                table.row(f"  {what}", row, minus=usual)
                if way == WAYS[1]:
                    figures[f"{key}_centred"] = round(float((row - usual).mean()), 4)
    return figures


def films(*, smoke: bool) -> tuple[Data, list[Questions]]:
    """The bundled films."""
    data = few_people(load_data("demo"), smoke=smoke)
    training = make_cases(data, split(data, people="test")).training
    events = replace(data, events=training)
    return data, backtest_questions(events, people="validation", candidates=20, passes=1)


def games(folder: Path, *, smoke: bool) -> tuple[Data, list[Questions]]:
    """Amazon Video Games, people who are not among the 6,000 that are reported."""
    data = load_data("games", path=folder)
    learn = sorted(
        data.case_sets["validation"], key=lambda case: stable_hash("people", 0, case.user_id)
    )[: FEW if smoke else PEOPLE]
    return data, [Questions(cases=learn, training=without_newest(data, learn))]


def art_office(folder: Path, *, smoke: bool) -> tuple[Data, list[Questions]]:
    """Art supplies and office products, people of the training half."""
    data = load_data("art_office", path=folder)
    learn = asked_of(data).learn
    people = list(dict.fromkeys(case.user_id for case in learn.cases))[: FEW if smoke else PEOPLE]
    return data, [replace(learn, cases=[c for c in learn.cases if c.user_id in set(people)])]


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """All tables; the figures."""
    sets = {"films": films(smoke=options.smoke)}
    if options.games:
        sets["games"] = games(options.games, smoke=options.smoke)
    if options.art_office:
        sets["art_office"] = art_office(options.art_office, smoke=options.smoke)
    settings = demo.settings(model={"keep_hours": 0})
    figures: dict[str, float] = {}
    for name, (data, asked) in sets.items():
        async with AsyncExitStack() as closing:
            backtest = await open_backtest(data, settings, closing)
            figures |= await compare(name, asked, backtest)
    return figures


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--games", type=Path, help="folder of the games")
    parser.add_argument("--art-office", type=Path, help="folder of art and office")
    figures = anyio.run(measure, parser.parse_args())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
