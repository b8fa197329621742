"""What the fixed weight of the language model costs or adds before a head is fitted, on the films.

    uv run python benchmarks/fixed_weight.py [--kept benchmarks/kept/movietweetings.jsonl]

Validation people only: the last film but one that they liked, among 19 others drawn by popularity.
nDCG@10 of the fusion that serves, and its differences with the model's kept scores blended in.

Its figures stand in docs/research/language-model.md.
"""

from __future__ import annotations

import argparse
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
from command import command, few_people
from quality import Table, by_fusion, ndcgs, open_backtest, quiet
from quality_language import kept_scores
from quality_movietweetings import KEPT

from recagent import demo
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_examples, backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.splits import split
from recagent.ranking.blend import blend, z_scores

WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.3)


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """The table; mean differences by weight."""
    spoken = kept_scores(options.kept)
    data = few_people(load_data("demo"), smoke=options.smoke)
    settings = demo.settings()
    test = make_cases(data, split(data, people="test"))
    asked = backtest_questions(
        replace(data, events=test.training), people="validation", candidates=20, passes=1
    )
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        examples = await backtest_examples(asked, backtest=backtest, on_progress=quiet)
    those = [example for example in examples if example.case in spoken]
    fused = [z_scores(scores) for scores in by_fusion(those)]
    table, plain = Table([example.user_id for example in those]), ndcgs(those, fused)
    figures = {"cases": float(len(those)), "0": table.row("fusion alone", plain)}
    for weight in WEIGHTS:
        joined = [
            blend(spoken[example.case].tolist(), scores, language_weight=weight)
            for example, scores in zip(those, fused, strict=True)
        ]
        row = table.row(f"language weight {weight:g}", ndcgs(those, joined), minus=plain)
        figures[f"{weight:g}"] = row
    return figures


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--kept", type=Path, default=KEPT)
    print(json.dumps(anyio.run(measure, parser.parse_args())))


if __name__ == "__main__":
    main()
