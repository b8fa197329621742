"""Real people of the demo with candidates to be ranked, and a real engine to ask: for benchmarks.

Not the cases of an evaluation: nothing is judged here, what is measured is time.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recagent.domain import Candidate
from recagent.evaluation.experiment import CasesSection, Experiment, SystemSection
from recagent.evaluation.preparation import open_context
from recagent.llm import weights
from recagent.ports import Query

MOST = 50  # candidates of a person
DRAWS = 2_000  # of a bootstrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A person before the last film that they liked, and films of its scene to be ranked."""

    query: Query
    candidates: Sequence[Candidate]

    def shortened(self, size: int) -> Asked:
        """The same person and fewer candidates."""
        return replace(self, candidates=self.candidates[:size])


async def demo_people(number: int) -> list[Asked]:
    """So many test people of the demo, each once, in an order of chance, with 50 candidates each.

    Raises:
        ValueError: there are not so many.
    """
    experiment = Experiment(
        name="people",
        cases=CasesSection(people="test", candidates=MOST),
        systems=(SystemSection(baseline=("random",)),),
    )
    async with open_context(experiment, on_progress=lambda *_: None) as context:
        cases = list(context.questions.cases)
        if number > len(cases):
            raise ValueError(f"the demo has {len(cases)} test people, not {number}; take fewer")
        return [
            Asked(
                query=await context.query(case),
                candidates=[
                    Candidate(item=context.scene_items[case.scene][key], features={})
                    for key in case.item_ids
                ],
            )
            for case in random.Random(0).sample(cases, number)
        ]


@contextmanager
def engine_url(given: str) -> Iterator[str]:
    """The base URL that was given; without one that of llama.cpp's server, started here."""
    if given:
        yield given
        return
    script = Path(__file__).parent.parent / "tests" / "support" / "llama_server.py"
    command = [sys.executable, str(script), str(weights.find())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child.stdout.readline().strip() + "/v1"  # type: ignore[union-attr]
        finally:
            child.stdin.close()  # type: ignore[union-attr]


def ratio(over: Sequence[float], under: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of two means, and its 95% bootstrap interval over the pairs."""
    above, below = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    picks = np.random.default_rng(0).integers(len(above), size=(DRAWS, len(above)))
    low, high = np.quantile(above[picks].sum(1) / below[picks].sum(1), (0.025, 0.975))
    return float(above.sum() / below.sum()), float(low), float(high)


def mean(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean, and its 95% bootstrap interval."""
    return ratio(values, [1.0] * len(values))
