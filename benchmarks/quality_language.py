"""What a language model says of the cases of a quality benchmark, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Case
from recagent.offline.backtest import Backtest
from recagent.pipeline import Pipeline
from recagent.training.model_scores import collect_model_scores


def kept_scores(path: Path) -> dict[str, np.ndarray]:
    """Language scores by case id, from a file of one JSON array a line: id, then the scores."""
    if not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return {row[0]: np.asarray(row[1:], dtype=float) for row in rows}


async def ask(
    cases: Mapping[str, Case], backtest: Backtest, path: Path, *, settings: Settings
) -> None:
    """Ask the settings' model about all cases that have no kept answer yet; can be stopped."""
    parts = bootstrap.parts(settings)
    if parts.ranker is None:
        raise SystemExit("the settings name no model; unset [model] kind = 'none'")
    known = kept_scores(path)
    missing = [case for key, case in cases.items() if key not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:

        async def keep(at: int, scores: tuple[float, ...]) -> None:
            rounded = [float(f"{score:.5g}") for score in scores]
            file.write(json.dumps([missing[at].id, *rounded]) + "\n")
            file.flush()

        nothing: Mapping[str, float] = {}  # the prompt is told of the person alone
        asked = [
            (await backtest.query(case), dict.fromkeys(case.item_ids, nothing)) for case in missing
        ]
        await collect_model_scores(
            asked, ranker=parts.ranker, index=backtest.index, on_progress=shown, keep=keep
        )
    await Pipeline(parts).close()


def shown(done: int, total: int) -> None:
    """A line for every hundredth."""
    if done % 100 == 0 or done == total:
        print(f"asked about {done} of {total}", flush=True)
