"""How well the bundled film ratings are ranked: sources, head, language model, gate, calibration.

    uv run python benchmarks/quality_movietweetings.py            # kept language scores, under 40 s
    uv run python benchmarks/quality_movietweetings.py --full     # asks the embedded model anew

Half of the people, by a hash of their id, are for learning and choosing, the other half is only
reported (``recagent.evaluation.splits``). Of every test person the last film that they liked is the
target, all before it is history; the pool is the target and 19 films of its scene that they never
met, drawn in proportion to popularity. The head learns from the last choice
of the others, with ``--full`` from the last four.
nDCG@10; 95% intervals over people, differences are to the fusion that serves without a head.

Like-probabilities are of the last fifth of people's judgments (of 450 people of either half unless
``--full``): what was said before is known, whether they liked the item is asked.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import numpy as np
from quality import (
    SERVED,
    SOURCES,
    Table,
    Values,
    by_head,
    by_scene,
    gated,
    ndcgs,
    quiet,
    ranked,
)
from quality_language import ask, kept_scores

from recagent import demo, wiring
from recagent.evaluation.cases import make_cases
from recagent.evaluation.data import load_data
from recagent.evaluation.nouns import Data, Questions
from recagent.evaluation.opening import indexed
from recagent.evaluation.splits import split
from recagent.learning.examples import Example
from recagent.learning.fitting import fit_base, scales
from recagent.learning.judging import judgments
from recagent.learning.liking import fit_liking
from recagent.learning.past import PASSES, Retrieval, Study, past, studied

KEPT = Path(__file__).parent / "kept" / "movietweetings.jsonl.gz"


async def liking(
    data: Data, study: Study, scale: dict[str, float], *, number: int
) -> dict[str, float]:
    """Calibration of the like-probability on the test half's judgments, beside popularity's."""
    learn, test = [
        await judgments(
            data, people=people, number=number, study=study, limit=SERVED.limit, on_progress=quiet
        )
        for people in ("validation", "test")
    ]
    fitted = fit_liking(learn, scales=scale)
    only = fit_liking(
        [replace(j, item=type(j.item)(), person=type(j.person)()) for j in learn],
        scales={"popularity": scale["popularity"]},
    )
    if fitted is None or only is None:
        raise RuntimeError("too few judgments")
    liked = np.asarray([judgment.liked for judgment in test])
    none = type(test[0].item)()
    ours = np.asarray([fitted.probability(j.features, item=j.item, person=j.person) for j in test])
    popular = np.asarray([only.probability(j.features, item=none, person=none) for j in test])
    loss = [-np.log(np.where(liked, p, 1 - p)) for p in (ours, popular)]
    table = Table([judgment.user_id for judgment in test])
    print("\nlike-probability, log loss (lower is better; differences are to popularity's)")
    table.row("popularity alone, calibrated", loss[1])
    table.row("like-probability", loss[0], minus=loss[1])
    parts = np.array_split(np.argsort(ours, kind="stable"), 10)
    print("ten bins of equal mass: said / seen")
    print("  ".join(f"{ours[part].mean():.2f}/{liked[part].mean():.2f}" for part in parts))
    gaps = [abs(ours[part].mean() - liked[part].mean()) * len(part) for part in parts]
    return {"ece": round(float(sum(gaps) / len(ours)), 4), "judgments": len(test)}


async def catalogue(study: Study, test: Questions, events: Data) -> dict[str, float]:
    """The whole scene as candidates: what retrieval finds, and what the head makes of it."""
    retrieval = Retrieval(weights=dict(SERVED.weights), limit=SERVED.limit, width=SERVED.limit)
    asked = past(events, people="validation", passes=1)
    learn = await studied(asked, study=study, retrieval=retrieval, on_progress=quiet)
    scale = scales(learn, sources=SOURCES)
    fit = fit_base(learn, scales=scale)
    whole = replace(test, cases=[replace(case, item_ids=()) for case in test.cases])
    found = await studied([whole], study=study, retrieval=retrieval, on_progress=quiet)
    ordered = by_head(found, fit, scales=scale)
    fused = [-np.arange(len(example.items), dtype=float) for example in found]
    table = Table([example.user_id for example in found])
    print("\nwhole catalogue (differences are to the order of retrieval)")
    recall = table.row("recall@20 of retrieval", by_place(found, fused, 20))
    table.row("recall@20 by the head", by_place(found, ordered, 20))
    plain = table.row("nDCG@10, order of retrieval", ndcgs(found, fused))
    head = table.row("nDCG@10, the head's order", ndcgs(found, ordered), minus=ndcgs(found, fused))
    return {"recall20": recall, "ndcg10_retrieval": plain, "ndcg10_slate": head,
            "lift_percent": round(100 * (head / plain - 1), 1)}  # fmt: skip


def by_place(examples: Sequence[Example], scores: Sequence[Values], k: int) -> Values:
    """(n,) whether what was chosen is among the best k."""
    return np.asarray(
        [e.chosen is not None and (s > s[e.chosen]).sum() < k
         for e, s in zip(examples, scores, strict=True)], dtype=float,
    )  # fmt: skip


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """All tables; the figures."""
    data, settings = load_data("demo"), demo.settings(model={"keep_hours": 0})
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    asked = past(events, people="validation", candidates=20, passes=PASSES if options.full else 1)
    async with AsyncExitStack() as closing:
        index = await indexed(settings, data, closing, quiet)
        study = Study(
            data=data,
            index=index,
            embedder=wiring.embedder(settings),
            half_life=timedelta(days=settings.retrieval.half_life_days),
        )
        if options.full:
            cases = {case.id: case for case in [*asked[0].cases, *test.cases]}
            await ask(cases, study, options.kept, settings=settings)
        learn = await studied(asked, study=study, on_progress=quiet)
        found, figures = ranked(learn, await studied([test], study=study, on_progress=quiet))
        final, spoken = found.head, kept_scores(options.kept)
        if spoken:
            first = learn[: len(asked[0].cases)]
            final, said = gated([*first], found, spoken)
            figures |= said
        by_scene(found, final)
        figures["ndcg10"] = round(float(final.mean()), 4)
        number = 0 if options.full else 450
        figures |= await liking(data, study, scales(learn, sources=SOURCES), number=number)
        figures |= await catalogue(study, test, events)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: kept language scores")
    size.add_argument("--full", action="store_true", help="ask the model what is not kept yet")
    parser.add_argument("--kept", type=Path, default=KEPT)
    figures = anyio.run(measure, parser.parse_args())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
