"""What a source's weight in the fusion is worth before a head is fitted.

    uv run python benchmarks/fusion_weights.py                                # following, films
    uv run python benchmarks/fusion_weights.py --source recent --weights 0 1 2
    uv run python benchmarks/fusion_weights.py --data games --path FOLDER --people 500

Validation people only, and none of those whose choices a data set gives to be reported: the last
thing that they liked (of the films the last but one), in the whole scene as retrieval serves it,
and among 19 others drawn by popularity; each once more as if the person were new in the scene.
nDCG@10, differences to the first weight, 95% intervals over people.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
from command import command, few_people
from quality import SERVED, SOURCES, Table, Values, by_fusion, ndcgs, open_backtest, quiet

from recagent import demo
from recagent.errors import ConfigError
from recagent.evaluation.data import load_data
from recagent.offline.backtest import (
    Backtest,
    backtest_examples,
    backtest_questions,
)
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import RetrievalOptions
from recagent.offline.splits import split

REPORTED = {"games": "6k", "art_office": "popular"}  # the given cases that are for reporting
FEWEST = 30  # cases that a row is worth printing for


def asked_of(data: Data, *, reported: str | None, people: int) -> dict[str, list[Questions]]:
    """The choices, among the whole scene and among twenty; nothing read of what is reported."""
    if reported is None:
        data = replace(data, events=split(data, people="test").training)
    taken = {case.user_id for case in data.case_sets[reported]} if reported else set[str]()

    def others(candidates: dict[str, int]) -> list[Questions]:
        found = backtest_questions(
            data, people="validation", passes=1, most=2 * people, **candidates
        )
        return [
            replace(each, cases=[c for c in each.cases if c.user_id not in taken][: people or None])
            for each in found
        ]

    return {"whole scene": others({}), "20 candidates": others({"candidates": 20})}


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """The tables; mean nDCG@10 by table and weight."""
    data = few_people(load_data(options.data, path=options.path), smoke=options.smoke)
    settings = demo.settings()
    figures: dict[str, float] = {}
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        asked = asked_of(data, reported=REPORTED.get(options.data), people=options.people)
        for among, questions in asked.items():
            for as_new in (False, True):
                name = f"{among}{', as new' if as_new else ''}"
                plain, people = np.zeros(0), list[str]()
                for weight in options.weights:
                    weights = {**SERVED.weights, options.source: weight}
                    values, people = await served(
                        questions, backtest, weights, whole=among == "whole scene", as_new=as_new
                    )
                    if len(values) < FEWEST:
                        break
                    if not len(plain):
                        print(f"\n{name}", flush=True)
                        plain = values
                    row = Table(people).row(f"{options.source} {weight:g}", values, minus=plain)
                    figures[f"{name}, {weight:g}"] = row
    return figures


async def served(
    questions: list[Questions],
    backtest: Backtest,
    weights: dict[str, float],
    *,
    whole: bool,
    as_new: bool,
) -> tuple[Values, list[str]]:
    """(n,) nDCG@10 of the fusion with these weights, and whose each is."""
    retrieval = RetrievalOptions(weights=weights, limit=SERVED.limit, width=SERVED.limit)
    found = await backtest_examples(
        questions,
        backtest=backtest,
        retrieval=retrieval if whole else None,
        as_group="new here" if as_new else None,
        on_progress=quiet,
    )
    if whole:
        scores = [-np.arange(len(example.items), dtype=float) for example in found]
    else:
        scores = by_fusion(found, weights=weights)
    return ndcgs(found, scores), [example.user_id for example in found]


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--source", default="following", choices=SOURCES)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 1.0, 2.0, 4.0])
    parser.add_argument("--data", default="demo", choices=("demo", *REPORTED))
    parser.add_argument("--path", type=Path, help="the data set's folder")
    parser.add_argument("--people", type=int, default=0, help="at most; 0: all")
    options = parser.parse_args()
    if options.smoke:
        options.people, options.weights = 10, [0.0, 2.0]
    try:
        print(json.dumps(anyio.run(measure, options)))
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
