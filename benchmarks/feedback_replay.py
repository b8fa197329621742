"""What answers to slates are worth: real ratings, answered back slate by slate.

    uv run python benchmarks/feedback_replay.py            # test people, no head; under 40 s
    uv run python benchmarks/feedback_replay.py --full     # likewise by a head, and off-policy
    uv run python benchmarks/feedback_replay.py --choose   # validation people, all settings tried

A person's older half of ratings is their history; the newer half is what they can answer, in the
two scenes with most of it, in turn (one, where the other has fewer than eight). Each round shows a
slate of ten from the whole scene; what is on it and was really rated is answered at once, as a like
or a dislike, the rest is skipped. All of it enters store and profile, and is not shown again, with
f and without it: the difference is f's alone. Nobody's newer half has been counted before.

nDCG@10 is of the slates after the first of each scene, against the liked items that are left then.
Hits and misses are liked and disliked items shown in all rounds. 95% intervals over people,
differences paired.

Off-policy: what the slates alone say of the popularity order of what they showed, beside the truth.
Here people answer only where they look, which is drawn with the chance 1 / rank. That shows the
estimator's arithmetic, and not that real people look so.

Its figures stand in docs/research/feedback.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import anyio
import numpy as np
from command import command, few_people
from quality import SOURCES, head_for_all, open_backtest, quiet

from recagent import bootstrap, demo
from recagent.domain import Event, EventKind, Slate
from recagent.evaluation.data import load_data
from recagent.offline.backtest import Backtest, backtest_examples, backtest_questions
from recagent.offline.data_set import Data
from recagent.offline.off_policy import LoggedSlate, dcg_gain, order_value
from recagent.offline.order import stable_hash
from recagent.offline.resampling import interval, ratio_interval
from recagent.offline.significance import Difference, compare, holm
from recagent.offline.splits import is_among
from recagent.pipeline import Components, Options, Pipeline
from recagent.profiles.building import is_liked
from recagent.ranking import Head, examination_probability, feedback_reward
from recagent.retrieval import Interactions
from recagent.testing import MemoryStore
from recagent.training.head_weights import fit_base_weights

ROUNDS = 8
K = 10
FEWEST = 8  # answers in a scene
CAPS, STEPS, DECAYS = (0.25, 0.5, 1.0, 2.0), (0.1, 0.2, 0.5), (0.7, 0.9, 1.0)
CAP = 2.0  # validation's best, with the STEP and DECAY of the module
KINDS: Mapping[bool | None, EventKind] = {True: "like", False: "dislike", None: "skip"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who is asked: history oldest first, and by scene whether they like what comes later."""

    id: str
    history: Sequence[Event]
    answers: Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of one person's rounds."""

    ndcg: float
    hits: int
    misses: int
    slates: Sequence[Slate]


def replayable(data: Data) -> list[Person]:
    """Those with enough to answer, in an order of chance."""
    own: dict[str, list[Event]] = {}
    for event in data.events:
        own.setdefault(event.user_id, []).append(event)
    found: list[Person] = []
    for user_id in sorted(own, key=lambda each: stable_hash("replay", 0, each)):
        events = own[user_id]
        history, rest = events[: len(events) // 2], events[len(events) // 2 :]
        met = {event.item_id for event in history}
        answers: dict[str, dict[str, bool]] = {}
        for event in rest:
            if event.item_id not in met:
                answers.setdefault(event.scene, {})[event.item_id] = is_liked(event, data.scale)
        busiest = sorted(answers, key=lambda name: -len(answers[name]))[:2]
        kept = {name: answers[name] for name in busiest if len(answers[name]) >= FEWEST}
        if kept:
            found.append(Person(id=user_id, history=history, answers=kept))
    return found


async def replay(person: Person, parts: Components, options: Options) -> Replayed:
    """The rounds of one person, whose answers are recorded as any face would."""
    store = MemoryStore()
    await store.add_events(person.history)
    line = Pipeline(replace(parts, store=store), options)
    at, scenes = person.history[-1].at, [*person.answers]
    left = {name: dict(answers) for name, answers in person.answers.items()}
    gains: list[float] = []
    slates: list[Slate] = []
    hits = misses = 0
    for number in range(ROUNDS):
        known = left[scenes[number % len(scenes)]]
        slate = await line.recommend(person.id, scene=scenes[number % len(scenes)], k=K)
        if number >= len(scenes) and any(known.values()):
            gains.append(ndcg(slate, known))
        at += timedelta(hours=1)
        for entry in slate.entries:
            liked = known.pop(entry.item.id, None)
            hits, misses = hits + (liked is True), misses + (liked is False)
            await line.record(person.id, entry.item.id, kind=KINDS[liked], scene=entry.item.scene,
                              at=at, impression=slate.trace.id)  # fmt: skip
        slates.append(slate)
    mean = float(np.mean(gains)) if gains else float("nan")
    return Replayed(ndcg=mean, hits=hits, misses=misses, slates=slates)


def ndcg(slate: Slate, known: Mapping[str, bool]) -> float:
    """nDCG@10 of a slate, with what the person still had to like as the ideal."""
    ideal = sum(dcg_gain(rank) for rank in range(1, 1 + min(K, sum(known.values()))))
    return sum(dcg_gain(e.rank) for e in slate.entries if known.get(e.item.id, False)) / ideal


class Bench:
    """The demo's line without a model, that has seen nothing of the newer halves."""

    def __init__(self, everybody: Sequence[Person], backtest: Backtest) -> None:
        data = backtest.data
        self.everybody = everybody
        self._settings = demo.settings(model={"kind": "none"})
        self._backtest = backtest
        held = {each.id: {event.item_id for event in each.history} for each in everybody}
        self._counted = [
            event
            for event in data.events
            if event.user_id not in held or event.item_id in held[event.user_id]
        ]
        self.behaviour = Interactions(self._counted, scale=data.scale)
        self.options = bootstrap.options(self._settings)

    async def parts(self, head: Head | None = None) -> Components:
        """The parts, with a head or with the fusion that serves before one is fitted."""
        weights = self._settings.retrieval.weights
        sources = await self._backtest.sources(self.behaviour)
        return Components(
            store=MemoryStore(), index=self._backtest.index, embedder=self._backtest.embedder,
            behaviour=self._snapshot,  # type: ignore[arg-type]
            sources=[each for each in sources if head or weights.get(each.name, 1.0) > 0],
            ranker=None, models=(), scenes=self._settings.declared_scenes(),
            scale=self._backtest.data.scale, head=head,
        )  # fmt: skip

    async def head(self) -> Head:
        """A head of validation people's last choices in what was counted."""
        events = replace(self._backtest.data, events=self._counted)
        asked = backtest_questions(events, people="validation", candidates=K * 2, passes=1)
        learn = await backtest_examples(asked, backtest=self._backtest, on_progress=quiet)
        fit = fit_base_weights(learn, sources=SOURCES)
        return head_for_all("replay", fit)

    async def _snapshot(self) -> Interactions:
        return self.behaviour


class Arms:
    """The same people with f and without it."""

    def __init__(self, bench: Bench, people: Sequence[Person], parts: Components) -> None:
        self._bench = bench
        self.people = people
        self._parts = parts
        self.plain: Sequence[Replayed] = ()

    async def start(self) -> None:
        """Replay without f."""
        self.plain = await self._replayed(0.0)
        for name in ("ndcg", "hits", "misses"):
            print(f"  without f, {name:<7} {self._row(values(self.plain, name))}", flush=True)

    async def row(self, name: str, cap: float) -> Difference:
        """Replay with f and print what it adds; the difference of nDCG."""
        found = await self._replayed(cap)
        deltas = {each: values(found, each) - values(self.plain, each)
                  for each in ("ndcg", "hits", "misses")}  # fmt: skip
        said = "  ".join(f"{each} {self._row(delta, '+')}" for each, delta in deltas.items())
        print(f"  {name}: {said}", flush=True)
        return compare(
            values(self.plain, "ndcg"), values(found, "ndcg"), people=[p.id for p in self.people]
        )

    async def _replayed(self, cap: float) -> list[Replayed]:
        options = replace(self._bench.options, feedback=cap)
        return [await replay(each, self._parts, options) for each in self.people]

    def _row(self, of: np.ndarray, sign: str = "") -> str:
        mean, low, high = interval(of, people=[each.id for each in self.people])
        return f"{mean:{sign}.4f} [{low:{sign}.4f}, {high:{sign}.4f}]"


def values(found: Sequence[Replayed], name: str) -> np.ndarray:
    """(n,) of one measure."""
    return np.asarray([getattr(each, name) for each in found], dtype=float)


async def choose(arms: Arms) -> dict[str, object]:
    """Every setting, on validation people; p of the best is corrected for all of them (Holm)."""
    found: dict[str, Difference] = {}
    for cap, step, decay in product(CAPS, STEPS, DECAYS):
        feedback_reward.STEP, feedback_reward.DECAY = step, decay
        name = f"cap {cap} step {step} decay {decay}"
        found[name] = await arms.row(name, cap)
    corrected = dict(zip(found, holm([each.p for each in found.values()]), strict=True))
    best = max(found, key=lambda name: found[name].delta)
    return {"people": len(arms.people), "best": best, "ndcg10_gain": round(found[best].delta, 4),
            "p": round(found[best].p, 4), "p_holm": round(corrected[best], 4)}  # fmt: skip


def off_policy(arms: Arms, behaviour: Interactions) -> dict[str, float]:
    """The popularity order of what was shown, estimated from the slates alone and truly."""
    chance = np.random.default_rng(0)
    log, orders, real, naive = [], [], [], []
    for person, found in zip(arms.people, arms.plain, strict=True):
        for slate in found.slates:
            ids = tuple(entry.item.id for entry in slate.entries)
            known = person.answers[slate.scene.name]
            liked = {item for item in ids if known.get(item, False)}
            seen = {
                item
                for rank, item in enumerate(ids, 1)
                if chance.random() < examination_probability(rank)
            }
            order = sorted(ids, key=lambda item: -behaviour.likes.get(item, 0))
            log.append(LoggedSlate(user_id=person.id, item_ids=ids, liked=frozenset(liked & seen)))
            orders.append(order)
            real.append([sum(dcg_gain(order.index(item) + 1) for item in liked), len(liked)])
            naive.append([sum(dcg_gain(order.index(item) + 1) for item in liked & seen),
                          len(liked & seen)])  # fmt: skip
    owners = [each.user_id for each in log]
    said = order_value(log, orders)
    truth = ratio_interval(*np.asarray(real, dtype=float).T, people=owners)
    plain = ratio_interval(*np.asarray(naive, dtype=float).T, people=owners)
    print(f"\noff-policy, {len(log)} slates of {len(arms.people)} people, {said.likes} likes")
    rows = {
        "popularity order, truth": truth,
        "self-normalised, from the log": (said.mean, said.low, said.high),
        "likes as they came": plain,
    }
    for name, (mean, low, high) in rows.items():
        print(f"  {name:<30} {mean:.3f} [{low:.3f}, {high:.3f}]")
    figures = {"truth": truth[0], "mean": said.mean, "low": said.low, "high": said.high}
    return {f"off_policy_{name}": round(value, 4) for name, value in figures.items()}


async def measure(wanted: argparse.Namespace) -> dict[str, object]:
    """All tables; the figures."""
    data = few_people(load_data("demo"), smoke=wanted.smoke)
    settings = demo.settings(model={"keep_hours": 0})
    everybody = replayable(data)
    half = "validation" if wanted.choose else "test"
    people = [each for each in everybody if is_among(each.id, half)]
    async with AsyncExitStack() as closing:
        bench = Bench(everybody, await open_backtest(data, settings, closing))
        print(f"{len(people)} {half} people, by the fusion that serves before a fit")
        arms = Arms(bench, people, await bench.parts())
        await arms.start()
        if wanted.choose:
            return await choose(arms)
        name, cap = "with f less without", CAP
        added = await arms.row(name, cap)
        figures = {"people": len(people), "ndcg10_gain": round(added.delta, 4),
                   "low": round(added.low, 4), "high": round(added.high, 4)}  # fmt: skip
        figures |= off_policy(arms, bench.behaviour)
        if wanted.full:
            print("\nby a head")
            headed = Arms(bench, people, await bench.parts(await bench.head()))
            await headed.start()
            added = await headed.row(name, cap)
            figures |= {
                "ndcg10_gain_head": round(added.delta, 4),
                "low_head": round(added.low, 4),
                "high_head": round(added.high, 4),
            }
    return figures


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: without a head")
    size.add_argument("--full", action="store_true", help="by a head, too")
    size.add_argument("--choose", action="store_true", help="validation people, all settings")
    print(json.dumps(anyio.run(measure, parser.parse_args())))


if __name__ == "__main__":
    main()
