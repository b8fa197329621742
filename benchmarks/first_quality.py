"""nDCG@10 on the bundled demo: each candidate source, their fusion, the language model's scores.

    uv run python benchmarks/first_quality.py                     # test people
    uv run python benchmarks/first_quality.py --split validation  # the defaults were chosen here
    uv run python benchmarks/first_quality.py --no-language       # seconds instead of half an hour

On test people only the default weight of the language score is tried; on validation people a grid.

Protocol: a person's target is the last film that they liked (7 of 10 or more), their history is all
before it (at least 5 events); the pool is the target and 19 films of its scene that they never
rated, drawn in proportion to popularity. Half of the people (by a hash of their id) are
validation, half test. Counts and neighbours come from everybody's history alone. Intervals are
95%, bootstrapped over people; differences are paired with the fusion. The last line is one JSON
object.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import anyio
import ir_measures
import numpy as np
from command import command
from ir_measures import nDCG
from scipy import stats

from recagent import bootstrap
from recagent.cli.progress import prepared_demo
from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.config.settings import Settings
from recagent.domain import Candidate, Case, Context, Event, Item, Mode, RatingScale
from recagent.infrastructure.storage import SqlEventStore
from recagent.ingest import read_catalogue
from recagent.ports import Query
from recagent.profiles.building import build_profile, is_liked
from recagent.ranking import ModelRanker, blend, softmax
from recagent.ranking.blend import z_scores
from recagent.retrieval import (
    BM25,
    Interactions,
    ItemKNN,
    Popularity,
    TextSimilarity,
    Transfer,
    reciprocal_rank,
)

MEASURE = nDCG @ 10
MIN_HISTORY = 5
NEGATIVES = 19
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5)
TEMPERATURES = (0.5, 0.7, 1.0, 1.5, 2.0, 3.0)

Scores = Mapping[str, float]


def split(events: Sequence[Event], scale: RatingScale) -> tuple[list[Event], dict[str, Event]]:
    """Everybody's history, and each person's target where their history is long enough."""
    people: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: event.at):
        people.setdefault(event.user_id, []).append(event)
    history: list[Event] = []
    targets: dict[str, Event] = {}
    for user_id, own in people.items():
        liked = [event for event in own if is_liked(event, scale)]
        before = [event for event in own if not liked or event.at < liked[-1].at]
        history += before
        if liked and len(before) >= MIN_HISTORY:
            targets[user_id] = liked[-1]
    return history, targets


def make_case(
    target: Event, items: Mapping[str, Item], rated: set[str], counts: Counter[str]
) -> Case:
    """The target among popularity-proportional negatives of its scene, in an order of its own."""
    rng = np.random.default_rng(int(hashlib.sha256(target.user_id.encode()).hexdigest()[:8], 16))
    pool = sorted(
        key
        for key in items
        if items[key].scene == target.scene and key not in rated and counts[key]
    )
    weights = np.asarray([counts[key] for key in pool], dtype=float)
    negatives = rng.choice(pool, NEGATIVES, replace=False, p=weights / weights.sum())
    ids = [target.item_id, *map(str, negatives)]
    rng.shuffle(ids)
    return Case(
        id=target.user_id,
        user_id=target.user_id,
        scene=target.scene,
        item_ids=tuple(ids),
        judgments={target.item_id: 1},
    )


def is_validation(user_id: str) -> bool:
    """Which half a person is in."""
    return hashlib.sha256(user_id.encode()).digest()[-1] % 2 == 0


def ndcg(cases: Sequence[Case], scores: Sequence[Scores]) -> np.ndarray:
    """nDCG@10 per case; candidates without a score come last, ties in the case's shuffled order."""
    qrels, run = {}, {}
    for case, found in zip(cases, scores, strict=True):
        order = sorted(case.item_ids, key=lambda key: -found.get(key, -np.inf))
        qrels[case.user_id] = dict(case.judgments)
        run[case.user_id] = {key: -float(rank) for rank, key in enumerate(order)}
    values = {m.query_id: m.value for m in ir_measures.iter_calc([MEASURE], qrels, run)}
    return np.asarray([values[case.user_id] for case in cases])


def interval(values: np.ndarray) -> tuple[float, float]:
    """95% bootstrap interval of the mean."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = stats.bootstrap((values,), np.mean, n_resamples=5_000, rng=0, method="percentile")
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


async def measure(arguments: argparse.Namespace, settings: Settings) -> dict[str, object]:
    """Score every case with every system."""
    scale = settings.ratings.scale() or RatingScale()
    catalog = read_catalogue(settings)
    items, events = {item.id: item for item in catalog.items}, list(catalog.events())
    history, targets = split(events, scale)
    counts = Counter(event.item_id for event in history)
    rated: dict[str, set[str]] = {}
    for event in events:
        rated.setdefault(event.user_id, set()).add(event.item_id)
    wanted = arguments.split == "validation"
    cases = [
        make_case(target, items, rated[user_id], counts)
        for user_id, target in sorted(targets.items())
        if is_validation(user_id) == wanted
    ][: arguments.cases or None]
    with tempfile.TemporaryDirectory() as folder:
        store = SqlEventStore(f"sqlite:///{Path(folder) / 'history.db'}")
        await store.add_events(history)
        systems = await score(arguments, settings, cases, items, history, store)
        await store.close()
    return table(arguments, cases, systems)


async def score(arguments, settings, cases, items, history, store) -> dict[str, list[Scores]]:  # noqa: ANN001
    """Scores of every system for every case; language systems only for the first cases."""
    scale = settings.ratings.scale() or RatingScale()
    behaviour = Interactions(history, scale=scale)
    index, embedder = bootstrap.index(settings), bootstrap.embedder(settings)

    async def snapshot() -> Interactions:
        return behaviour

    sources = (
        Popularity(index, snapshot),
        ItemKNN(index, snapshot),
        TextSimilarity(index, embedder),
        Transfer(index),
        BM25(index),
    )
    model = bootstrap.model(settings)
    rankers: dict[Mode, ModelRanker] = {
        mode: ModelRanker(model, mode=mode)
        for mode in arguments.modes
        if model is not None and arguments.language
    }
    default = (UNMEASURED_WEIGHT,)
    weights = WEIGHTS if arguments.split == "validation" else default
    systems: dict[str, list[Scores]] = {"random": []}
    scenes = settings.declared_scenes()
    began = time.monotonic()
    for number, case in enumerate(cases):
        profile = await build_profile(
            case.user_id,
            store=store,
            index=index,
            embedder=embedder,
            scale=scale,
            half_life=timedelta(days=settings.retrieval.half_life_days),
        )
        query = Query(
            profile=profile, scene=scenes[case.scene], context=Context(), exclude=frozenset()
        )
        systems["random"].append({})
        proposals = {}
        for source in sources:
            proposed = await source(query, limit=len(items))
            proposals[source.name] = [pair for pair in proposed if pair[0] in case.item_ids]
            systems.setdefault(source.name, []).append(dict(proposals[source.name]))
        fused = reciprocal_rank(proposals, weights=settings.retrieval.weights)
        systems.setdefault("fused", []).append(fused)
        if number < arguments.language_cases:
            await ask(case, query, fused, items, rankers, weights, systems)
        if rankers and number % 25 == 24 and number < arguments.language_cases:
            print(f"# {number + 1} cases, {time.monotonic() - began:.0f} s", flush=True)
    if model is not None:
        await model.close()
    return systems


async def ask(case, query, fused, items, rankers, weights, systems) -> None:  # noqa: ANN001
    """The model's scores for one case, alone and joined with the fusion at each weight."""
    candidates = [Candidate(item=items[key], features={}) for key in case.item_ids]
    base = [fused.get(key, 0.0) for key in case.item_ids]
    for mode, ranker in rankers.items():
        language = (await ranker(query, candidates=candidates)).scores
        named = {mode: language}
        for weight in weights:
            named[f"fused + {weight} {mode}"] = blend(language, base, language_weight=weight)
        for name, values in named.items():
            scores = dict(zip(case.item_ids, map(float, values), strict=True))
            systems.setdefault(name, []).append(scores)


def table(arguments, cases, systems) -> dict[str, object]:  # noqa: ANN001
    """Print the table; what it holds, as one object."""
    fused = ndcg(cases, systems["fused"])
    rows: dict[str, dict[str, object]] = {}
    print(f"\n{arguments.split} people, nDCG@10, {NEGATIVES + 1} candidates\n")
    print("| system | cases | nDCG@10 | 95% | minus fused, same cases | 95% |")
    print("|---|---|---|---|---|---|")
    for name, scores in systems.items():
        asked = cases[: len(scores)]
        values = ndcg(asked, scores)
        delta = values - fused[: len(values)]
        low, high = interval(values)
        delta_low, delta_high = interval(delta)
        rows[name] = {
            "cases": len(asked),
            "ndcg10": round(float(values.mean()), 4),
            "ci95": [round(low, 4), round(high, 4)],
            "minus_fused": round(float(delta.mean()), 4),
            "minus_fused_ci95": [round(delta_low, 4), round(delta_high, 4)],
        }
        print(
            f"| {name} | {len(asked)} | {values.mean():.3f} | {low:.3f} to {high:.3f} "
            f"| {delta.mean():+.3f} | {delta_low:+.3f} to {delta_high:+.3f} |"
        )
    losses = {
        name: {t: round(log_loss(cases, scores, t), 4) for t in TEMPERATURES}
        for name, scores in systems.items()
        if name == "fused" and arguments.split == "validation"
    }
    for name, by_temperature in losses.items():
        print(f"\nlog loss of {name} by temperature: {by_temperature}")
    return {"split": arguments.split, "measure": "nDCG@10", "systems": rows, "log_loss": losses}


def log_loss(cases: Sequence[Case], scores: Sequence[Scores], temperature: float) -> float:
    """Mean of -log P(target), P the softmax of the z-scored fusion; ln 20 = 3.00 is uniform."""
    losses = []
    for case, found in zip(cases, scores, strict=False):
        base = [found.get(key, 0.0) for key in case.item_ids]
        chances = softmax(z_scores(base), temperature=temperature)
        (target,) = case.judgments
        losses.append(-np.log(chances[case.item_ids.index(target)]))
    return float(np.mean(losses))


def main() -> None:
    """Parse, measure, print."""
    parser = command(__doc__)
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument(
        "--cases", type=int, default=0, help="only the first so many cases; 0 is all"
    )
    parser.add_argument("--language-cases", type=int, default=300)
    parser.add_argument("--no-language", dest="language", action="store_false")
    parser.add_argument("--modes", nargs="+", default=["likelihood", "label"])
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.cases, arguments.language = 5, False
    print(json.dumps(anyio.run(measure, arguments, prepared_demo(model={"adapter": "none"}))))


if __name__ == "__main__":
    main()
