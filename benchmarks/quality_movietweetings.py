"""How well the bundled film ratings are ranked: sources, head, language model, gate, calibration.

    uv run python benchmarks/quality_movietweetings.py            # kept language scores, 40 s
    uv run python benchmarks/quality_movietweetings.py --full     # asks the embedded model anew

Half of the people, by a hash of their id, are for learning and choosing, the other half is only
reported (``recagent.offline.splits``). Of every test person the last film that they liked is the
target, all before it is history; the pool is the target and 19 films of its scene that they never
met, drawn in proportion to popularity. The head learns from the last choice
of the others, with ``--full`` from the last four.
nDCG@10; 95% intervals over people, differences are to the fusion that serves without a head.

Like-probabilities are of the last fifth of people's judgments: what was said before is known,
whether they liked the item is asked. They are of 900 people, and the whole catalogue's head learns
of 300, unless ``--full``.

Its figures stand in docs/research/head.md, docs/research/language-model.md and
docs/research/tuning.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
from command import command, few_people
from large_model import chosen_cases, large_rows, large_scores
from quality import (
    SERVED,
    SOURCES,
    Table,
    Values,
    by_fusion,
    by_head,
    by_scene,
    gated,
    ndcgs,
    open_backtest,
    quiet,
    ranked,
)
from quality_language import ask, kept_scores

from recagent import demo
from recagent.domain import Rate
from recagent.evaluation.data import load_data
from recagent.offline.backtest import (
    PASSES,
    Backtest,
    backtest_examples,
    backtest_questions,
)
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import Example, RetrievalOptions
from recagent.offline.optional_libraries import optional_library
from recagent.offline.order import stable_hash
from recagent.offline.splits import is_among, split
from recagent.ranking import mmr_order
from recagent.training.head_weights import fit_base_weights, source_scales
from recagent.training.judgments import backtest_judgments
from recagent.training.like_probability import Judgment, fit_like_probability
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import scene_pairs, transfer_choices

JUDGED, PEOPLE = 900, 300  # whose judgments, whose choices, where all would take too long
KEPT = Path(__file__).parent / "kept" / "movietweetings.jsonl"


async def liking(
    data: Data, backtest: Backtest, scale: dict[str, float], *, full: bool
) -> tuple[dict[str, float], list[tuple[float, Values]]]:
    """Calibration of the like-probability on the test half's judgments, beside simpler ones.

    The figures, and of ten bins of equal mass what was said and what was liked. Popularity is the
    logarithm of the number of likes; ``sigmoid(w <u, g> + b)``, only if ``full``, is of the
    factors' inner product of person and item. Both are calibrated on the other half.
    """

    async def judged(limit: int) -> tuple[list[Judgment], list[Judgment]]:
        found = await backtest_judgments(
            data,
            number=0 if full else JUDGED,
            backtest=backtest,
            limit=limit,
            on_progress=quiet,
        )
        learn = [judgment for judgment in found if is_among(judgment.user_id, "validation")]
        return learn, [judgment for judgment in found if is_among(judgment.user_id, "test")]

    learn, test = await judged(SERVED.limit)
    fitted = fit_like_probability(learn, scales=scale)
    if fitted is None:
        raise RuntimeError("too few judgments")
    ours = np.asarray([fitted.probability(j.features, item=j.item, person=j.person) for j in test])
    liked = np.asarray([judgment.liked for judgment in test])
    table = Table([judgment.user_id for judgment in test])

    def loss(said: Values) -> Values:
        return -np.log(np.where(liked, said, 1 - said))

    popular = loss(by_one(learn, test, {"likes": 1.0}))
    print("\nlike-probability, log loss (lower is better; differences are to popularity's)")
    table.row("popularity alone, calibrated", popular)
    if full:
        both = await judged(len(data.items))
        factors = loss(by_one(*both, {"factors": scale["factors"]}))
        table.row("sigmoid(w <u, g> + b), fitted", factors, minus=popular)
    table.row("like-probability", loss(ours), minus=popular)
    parts = np.array_split(np.argsort(ours, kind="stable"), 10)
    bins = [(float(ours[part].mean()), liked[part]) for part in parts]
    print("ten bins of equal mass: said / seen")
    print("  ".join(f"{said:.2f}/{seen.mean():.2f}" for said, seen in bins))
    ece = sum(abs(said - seen.mean()) * len(seen) for said, seen in bins) / len(ours)
    return {"ece": round(float(ece), 4), "judgments": len(test)}, bins


def by_one(
    learn: Sequence[Judgment], test: Sequence[Judgment], scales: Mapping[str, float]
) -> Values:
    """(n,) calibrated probabilities by one score alone; ``likes`` is the item's number of them."""
    nobody = Rate()

    def bare(judgment: Judgment) -> Judgment:
        features = {"likes": float(judgment.item.likes), **judgment.features}
        return replace(judgment, features=features, item=nobody, person=nobody)

    found = fit_like_probability([*map(bare, learn)], scales=scales)
    if found is None:
        raise RuntimeError("too few judgments")
    return np.asarray(
        [found.probability(bare(j).features, item=nobody, person=nobody) for j in test]
    )


def reliability(bins: Sequence[tuple[float, Values]]) -> str:
    """An SVG of what was said and what was seen in each bin, with 95% intervals (Wilson)."""
    altair = optional_library("altair")
    rows = []
    for said, liked in bins:
        n, share, z = len(liked), float(liked.mean()), 1.96
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
        rows.append(
            {"said": float(said), "seen": share, "low": middle - half, "high": middle + half}
        )
    values = altair.Data(values=rows)
    scale = altair.Scale(domain=[0, 1])
    x = altair.X("said:Q", title="probability that was said", scale=scale)
    chart = altair.Chart(values).encode(x=x)
    ideal = altair.Chart(altair.Data(values=[{"at": 0}, {"at": 1}])).mark_line(
        strokeDash=[4, 4], color="#888888"
    )
    layers = altair.layer(
        ideal.encode(x=altair.X("at:Q", scale=scale), y="at:Q"),
        chart.mark_rule(color="#1f6f8b").encode(y="low:Q", y2="high:Q"),
        chart.mark_point(color="#1f6f8b", filled=True, size=60).encode(
            y=altair.Y("seen:Q", title="share that was liked", scale=scale)
        ),
    ).properties(width=360, height=360, background="white")
    drawn: str = optional_library("vl_convert").vegalite_to_svg(
        layers.to_dict(), allowed_base_urls=[]
    )
    return drawn


async def dial(
    backtest: Backtest, found: Sequence[Example], ordered: Sequence[Values], table: Table
) -> dict[str, float]:
    """What ``diversity`` costs: slates of ten from the head's pool of twenty."""
    print("\ndiversity (differences are to none): nDCG@10, and how alike the ten are (cosine)")
    plain, figures = np.zeros(0), {}
    for diversity in (0.0, 0.1, 0.25, 0.5, 0.75):
        gains, alike = [], []
        for example, scores in zip(found, ordered, strict=True):
            pool = np.argsort(-scores, kind="stable")[:20]
            ids = [example.items[at] for at in pool]
            rows = await backtest.index.vectors(example.scene, ids=ids)
            shown = mmr_order(scores[pool], rows, k=10, diversity=diversity)
            ranks = [rank for rank, at in enumerate(shown) if pool[at] == example.chosen]
            gains.append(1 / np.log2(ranks[0] + 2) if ranks else 0.0)
            cosines = rows[shown] @ rows[shown].T
            alike.append(cosines[np.triu_indices(len(shown), 1)].mean())
        plain = plain if len(plain) else np.asarray(gains)
        mean = table.row(f"diversity {diversity:.2f}, nDCG@10", np.asarray(gains), minus=plain)
        table.row("    how alike", np.asarray(alike))
        figures[f"ndcg10_diversity_{diversity:g}"] = mean
    return figures


async def catalogue(
    backtest: Backtest, test: Questions, events: Data, *, full: bool
) -> dict[str, float]:
    """The whole scene as candidates: what retrieval finds, and what the head makes of it."""
    retrieval = RetrievalOptions(
        weights=dict(SERVED.weights), limit=SERVED.limit, width=SERVED.limit
    )
    asked = backtest_questions(events, people="validation", passes=1, most=0 if full else PEOPLE)
    learn = await backtest_examples(
        asked, backtest=backtest, retrieval=retrieval, on_progress=quiet
    )
    learn += await backtest_examples(
        asked, backtest=backtest, retrieval=retrieval, as_group="new here", on_progress=quiet
    )
    fit = fit_base_weights(learn, sources=SOURCES)
    whole = replace(test, cases=[replace(case, item_ids=()) for case in test.cases])
    found = await backtest_examples(
        [whole], backtest=backtest, retrieval=retrieval, on_progress=quiet
    )
    ordered = by_head(found, fit)
    fused = [-np.arange(len(example.items), dtype=float) for example in found]
    table = Table([example.user_id for example in found])
    print("\nwhole catalogue (differences are to the order of retrieval)")
    recall = table.row("recall@20 of retrieval", by_place(found, fused, 20))
    table.row("recall@20 by the head", by_place(found, ordered, 20))
    plain = table.row("nDCG@10, order of retrieval", ndcgs(found, fused))
    head = table.row("nDCG@10, the head's order", ndcgs(found, ordered), minus=ndcgs(found, fused))
    return {"recall20": recall, "ndcg10_retrieval": plain, "ndcg10_slate": head,
            "lift_percent": round(100 * (head / plain - 1), 1),
            **(await dial(backtest, found, ordered, table) if full else {})}  # fmt: skip


def by_place(examples: Sequence[Example], scores: Sequence[Values], k: int) -> Values:
    """(n,) whether what was chosen is among the best k."""
    return np.asarray(
        [e.chosen is not None and (s > s[e.chosen]).sum() < k
         for e, s in zip(examples, scores, strict=True)], dtype=float,
    )  # fmt: skip


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """All tables; the figures."""
    data = few_people(load_data("demo"), smoke=options.smoke)
    settings = demo.settings(model={"keep_hours": 0})
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    asked = backtest_questions(
        events, people="validation", candidates=20, passes=PASSES if options.full else 1
    )
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        if options.full:
            both = sorted(
                [*asked[0].cases, *test.cases], key=lambda case: stable_hash("ask", 0, case.id)
            )
            cases = {case.id: case for case in both}  # a stopped run has some of either half
            await ask(cases, backtest, options.kept, settings=settings)
        told = await transfer_choices(
            backtest_questions(events, people="validation"), backtest=backtest, on_progress=quiet
        )
        pairs = await scene_pairs(backtest.index, test.training)
        backtest = replace(backtest, transfer=fit_transfer(told, scenes=pairs))
        learn = await backtest_examples(asked, backtest=backtest, on_progress=quiet)
        as_new = await backtest_examples(
            asked, backtest=backtest, as_group="new here", on_progress=quiet
        )
        asked_of = await backtest_examples([test], backtest=backtest, on_progress=quiet)
        found, figures = ranked(learn, asked_of, as_new=as_new)
        final, spoken = found.head, kept_scores(options.kept)
        if spoken:
            first = learn[: len(asked[0].cases)]
            final, said = gated([*first], found, spoken)
            figures |= said
        by_scene(found, final)
        judged, teach = chosen_cases(asked[0].cases)
        large = await large_scores([*judged, *teach], backtest, requests=options.requests)
        first = learn[: len(asked[0].cases)]
        figures |= large_rows(first, found.fit.held_out[: len(first)], by_fusion(first), large)
        figures["ndcg10"] = round(float(final.mean()), 4)
        scale = source_scales(learn, sources=SOURCES)
        calibrated, bins = await liking(data, backtest, scale, full=options.full)
        figures |= calibrated
        if options.plot is not None:
            await anyio.Path(options.plot).write_text(reliability(bins))
        figures |= await catalogue(backtest, test, events, full=options.full)
    return figures


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: kept language scores")
    size.add_argument("--full", action="store_true", help="ask the model what is not kept yet")
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument(
        "--requests", type=Path, help="where questions to a large model without a kept reply go"
    )
    parser.add_argument("--plot", type=Path, help="where a reliability plot is to be drawn (SVG)")
    figures = anyio.run(measure, parser.parse_args())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
