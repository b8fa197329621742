"""What a head learns from a large model's recorded orders, beside people's own choices.

    uv run python benchmarks/distillation.py                                  # the bundled films
    uv run python benchmarks/distillation.py --data FOLDER --requests FILE    # art and office: ask
    uv run python benchmarks/distillation.py --data FOLDER --replies FILE     # with the replies

A large hosted model ordered the 20 candidates of some past choices (420 of 803 validation people of
the films, ``kept/films_large.jsonl``; of art and office 80 train people, research-only data that is
not included). Three ways to learn from its orders, each beside the head of real choices alone:

- soft targets: the head is fitted to ``(1 - w)`` the choice and ``w`` a distribution that falls
  with the place in the order (e-fold in two places); ``w`` fixed, or chosen by held-out people;
- pairwise hints: of two candidates, the one that the model put first was chosen;
- features: what the orders favour, by item and by text and taste, as two more columns of the head;
  and as a control the same two learned from choices instead of orders.

Cross-fitted by five folds of people: what is judged on a person saw neither their choice nor their
order, and a feature of a person that the head learns from did not either. nDCG@10, 95% intervals
over people, differences are paired with the head of choices alone. The last line is one JSON.

Its figures stand in docs/research/language-model.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import numpy as np
import quality_art_office
from command import command, few_people
from large_model import chosen_cases, large_scores
from quality import SOURCES, Table, Values, open_backtest, quiet
from threadpoolctl import threadpool_limits

from recagent import demo
from recagent.domain import Case
from recagent.errors import ModelError
from recagent.evaluation.data import load_data
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.offline.backtest import Backtest, backtest_examples, backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Questions
from recagent.offline.examples import Example
from recagent.offline.order import stable_hash
from recagent.offline.splits import split
from recagent.ranking import ModelRanker
from recagent.ranking.blend import z_scores
from recagent.ranking.head import columns
from recagent.training.conditional_logit import log_softmax
from recagent.training.gates import ndcg
from recagent.training.head_weights import FOLDS, fold_of
from recagent.training.model_scores import collect_model_scores
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import scene_pairs, transfer_choices

RIDGE, APART = 10.0, 100.0  # of shared weights and scenes' distance: what held-out films choose
HEAT = 2.0  # places in which a soft target falls to a third
WEIGHTS = (0.1, 0.25, 0.5)
PAIRS, HINT = 15, 0.05  # of an order, and what each counts
RIDGE_TEXT, PRIOR = 10.0, 3.0  # of the text feature; orders that an item's mean is drawn to 0 by
ORDERED, LEARNED_FROM = 80, 500  # of art and office: choices with an order, people with choices
FEW, DRAWS = (60, 120, 240), 10  # choices with an order, and nothing else; how often drawn


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One choice: its columns (n, f), text columns (n, t), and the model's scores where asked."""

    example: Example
    columns: Values
    text: Values
    order: Values | None

    @property
    def fold(self) -> int:
        return fold_of(self.example.user_id)

    @property
    def choice(self) -> Values:
        """All on what was chosen."""
        return np.eye(len(self.columns))[self.example.chosen]

    @property
    def places(self) -> Values:
        """(n,) from 0, the mean of equal ones: what the reply left out is equal."""
        if self.order is None:
            raise ValueError("the model was not asked")
        above = (self.order[None, :] > self.order[:, None]).sum(axis=1)
        return above + ((self.order[None, :] == self.order[:, None]).sum(axis=1) - 1) / 2

    def soft(self, weight: float) -> Values:
        """The target with this weight of the order; the choice where there is no order."""
        if self.order is None:
            return self.choice
        falling = np.exp(-self.places / HEAT)
        return (1 - weight) * self.choice + weight * falling / falling.sum()


Target = tuple[Values, Values, str, float]  # columns, target, scene, weight


def fitted(targets: Sequence[Target]) -> dict[str, Values]:
    """Weights by scene of least cross-entropy, by Newton's method; ``""`` for any other scene."""
    scenes = sorted({scene for _, _, scene, _ in targets})
    parts = []
    for scene in scenes:
        own = [each for each in targets if each[2] == scene]
        sizes = np.asarray([len(x) for x, *_ in own])
        x, wanted = (np.concatenate([each[at] for each in own]) for at in (0, 1))
        parts.append((x, wanted, np.cumsum(sizes) - sizes, sizes, [each[3] for each in own]))
    f = parts[0][0].shape[1]
    ridge = np.concatenate([np.full(f, RIDGE), np.full(f * len(scenes), APART)])

    def derivatives(flat: Values) -> tuple[float, Values, Values]:
        value, gradient, hessian = 0.5 * ridge @ flat**2, ridge * flat, np.diag(ridge)
        for at, (x, wanted, starts, sizes, each) in enumerate(parts):
            own, weight = slice(f + at * f, 2 * f + at * f), np.repeat(each, sizes)
            logs, shares = log_softmax(x @ (flat[:f] + flat[own]), starts)
            value -= (weight * wanted) @ logs
            means = np.add.reduceat(shares[:, None] * x, starts)
            pulled = (weight * (shares - wanted)) @ x
            bent = x.T @ ((weight * shares)[:, None] * x) - means.T @ (np.c_[each] * means)
            for rows in (slice(f), own):
                gradient[rows] += pulled
                for others in (slice(f), own):
                    hessian[rows, others] += bent
        return float(value), gradient, hessian

    flat = np.zeros(len(ridge))
    value, gradient, hessian = derivatives(flat)
    for _ in range(50):
        step, size = np.linalg.solve(hessian, gradient), 1.0
        if gradient @ step < 1e-6:
            break
        while derivatives(flat - size * step)[0] > value and size > 1e-4:
            size /= 2
        flat = flat - size * step
        value, gradient, hessian = derivatives(flat)
    own = flat[:f] + flat[f:].reshape(-1, f)
    return {"": flat[:f], **dict(zip(scenes, own, strict=True))}


def by_choices(pools: Sequence[Pool]) -> list[Target]:
    """What people chose, and nothing else."""
    return [(each.columns, each.choice, each.example.scene, 1.0) for each in pools]


def by_soft_targets(weight: float) -> Callable[[Sequence[Pool]], list[Target]]:
    """The choices, with this weight of the order where there is one."""
    return lambda pools: [(p.columns, p.soft(weight), p.example.scene, 1.0) for p in pools]


def by_hints(pools: Sequence[Pool]) -> list[Target]:
    """The choices, and pairs of candidates in the model's order."""
    chance, targets = np.random.default_rng(0), by_choices(pools)
    first = np.asarray([1.0, 0.0])
    for pool in pools:
        for one, other in chance.integers(len(pool.columns), size=(PAIRS, 2)):
            if pool.order is not None and pool.order[one] != pool.order[other]:
                rows = sorted((one, other), key=lambda row, order=pool.order: -order[row])
                targets.append((pool.columns[rows], first, pool.example.scene, HINT))
    return targets


def judged(pools: Sequence[Pool], targets: Callable[[Sequence[Pool]], Sequence[Target]]) -> Values:
    """(n,) nDCG@10 of each pool by weights that saw nothing of its fold."""
    values = np.zeros(len(pools))
    for fold in range(FOLDS):
        weights = fitted(targets([pool for pool in pools if pool.fold != fold]))
        for row, pool in enumerate(pools):
            if pool.fold == fold:
                values[row] = reached(pool, weights)
    return values


def reached(pool: Pool, weights: Mapping[str, Values]) -> float:
    """NDCG@10 of one pool."""
    own = weights.get(pool.example.scene, weights[""])
    return ndcg(pool.columns @ own, pool.example.chosen)


def by_chosen_weight(pools: Sequence[Pool]) -> list[Target]:
    """Soft targets of the weight that held-out people of these choose; often that is none."""
    means = {0.0: judged(pools, by_choices).mean()}
    means |= {weight: judged(pools, by_soft_targets(weight)).mean() for weight in WEIGHTS}
    return by_soft_targets(max(means, key=means.__getitem__))(pools)


def with_features(pools: Sequence[Pool], *, of_orders: bool) -> Values:
    """(n,) nDCG@10 of the head with two more columns: what is favoured, by item and by text."""
    teachers = [pool for pool in pools if pool.order is not None or not of_orders]

    def favoured(unknown: Set[int]) -> Callable[[Pool], Pool]:
        those = [pool for pool in teachers if pool.fold not in unknown]
        said = [z_scores(-pool.places if of_orders else pool.choice) for pool in those]
        sums: dict[str, list[float]] = {}
        for pool, values in zip(those, said, strict=True):
            for item, value in zip(pool.example.items, values, strict=True):
                sums.setdefault(item, []).append(value)
        x = np.vstack([pool.text for pool in those])
        text = np.linalg.solve(x.T @ x + RIDGE_TEXT * np.eye(x.shape[1]), x.T @ np.hstack(said))

        def widened(pool: Pool) -> Pool:
            own = [sums.get(item, []) for item in pool.example.items]
            by_item = z_scores([float(sum(values)) / (len(values) + PRIOR) for values in own])
            more = [
                pool.columns,
                by_item[:, None],
                z_scores((pool.text @ text).astype(np.float64))[:, None],
            ]
            return replace(pool, columns=np.hstack(more))

        return widened

    values = np.zeros(len(pools))
    for fold in range(FOLDS):
        inner = {one: favoured({fold, one}) for one in range(FOLDS) if one != fold}
        weights = fitted(by_choices([inner[p.fold](p) for p in pools if p.fold != fold]))
        outer = favoured({fold})
        for row, pool in enumerate(pools):
            if pool.fold == fold:
                values[row] = reached(outer(pool), weights)
    return values


def by_few(pools: Sequence[Pool]) -> None:
    """Prints what soft targets add where there are few choices, each with its order."""
    ordered = [pool for pool in pools if pool.order is not None]
    for number in (each for each in FEW if 2 * each <= len(ordered)):
        gains = dict.fromkeys(WEIGHTS, 0.0)
        for draw in range(DRAWS):
            rows = np.random.default_rng(draw).permutation(len(ordered))[:number]
            few = [ordered[row] for row in rows]
            people = {pool.example.user_id for pool in few}
            others = [pool for pool in pools if pool.example.user_id not in people]
            plain, *soft = (
                np.mean([reached(pool, weights) for pool in others])
                for weights in (fitted(by_soft_targets(w)(few)) for w in (0.0, *WEIGHTS))
            )
            for weight, mean in zip(WEIGHTS, soft, strict=True):
                gains[weight] += float(mean - plain) / DRAWS
        shown = ", ".join(f"w {weight}: {gain:+.3f}" for weight, gain in gains.items())
        print(f"from {number} choices with their orders alone, mean of {DRAWS} draws: {shown}")


def reported(pools: Sequence[Pool]) -> dict[str, object]:
    """All rows; the figures."""
    table = Table([pool.example.user_id for pool in pools])
    orders = sum(pool.order is not None for pool in pools)
    print(f"{len(pools)} choices, {orders} of them with an order")
    head = judged(pools, by_choices)
    ways = {
        **{
            f"soft targets, w {weight}": judged(pools, by_soft_targets(weight))
            for weight in WEIGHTS
        },
        "soft targets, w by held-out people": judged(pools, by_chosen_weight),
        "pairwise hints": judged(pools, by_hints),
        "features of the orders": with_features(pools, of_orders=True),
        "control: features of choices": with_features(pools, of_orders=False),
    }
    table.row("head of choices", head)
    figures: dict[str, object] = {"choices": len(pools), "orders": orders}
    for name, values in ways.items():
        table.row(name, values, minus=head)
        figures[name] = [round(each, 4) for each in table.mean(values - head)]
    by_few(pools)
    return figures


async def pools_of(
    questions: Questions, backtest: Backtest, orders: Mapping[str, Values]
) -> list[Pool]:
    """The choices as pools."""
    examples = await backtest_examples([questions], backtest=backtest, on_progress=quiet)
    pools: list[Pool] = []
    for case, example in zip(questions.cases, examples, strict=True):
        taste = (await backtest.query(case)).profile.taste
        vectors = await backtest.index.vectors(case.scene, ids=list(example.items))
        here = taste.get(case.scene, np.zeros(vectors.shape[1]))
        others = [vector for name, vector in taste.items() if name != case.scene]
        there = np.mean(others, axis=0) if others else np.zeros(vectors.shape[1])
        text = np.hstack([4 * vectors, 40 * vectors * here, 40 * vectors * there])
        pools.append(
            Pool(
                example=example,
                columns=columns(example.features, sources=SOURCES, cold=example.cold),
                text=text - text.mean(axis=0),
                order=orders.get(case.id),
            )
        )
    return pools


async def films(options: argparse.Namespace) -> list[Pool]:
    """The last choices of validation people."""
    data = few_people(load_data("demo"), smoke=options.smoke)
    events = replace(data, events=make_cases(data, split(data, people="test")).training)
    (asked,) = backtest_questions(events, people="validation", candidates=20, passes=1)
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, demo.settings(model={"keep_hours": 0}), closing)
        told = await transfer_choices(
            backtest_questions(events, people="validation"), backtest=backtest, on_progress=quiet
        )
        pairs = await scene_pairs(backtest.index, events.events)
        judged_cases, teach = chosen_cases(asked.cases)
        orders = await large_scores([*judged_cases, *teach], backtest)
        if options.smoke:  # of so few people nearly nothing is recorded
            orders = {case.id: np.arange(len(case.item_ids)) for case in asked.cases}
        backtest = replace(backtest, transfer=fit_transfer(told, scenes=pairs))
        return await pools_of(asked, backtest, orders)


async def art_office(options: argparse.Namespace) -> list[Pool]:
    """The last choices of train people in either scene; none before the model answered."""
    data = load_data("art_office", path=options.data)
    learn = quality_art_office.asked_of(data, people=LEARNED_FROM).learn
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, quality_art_office.settings_here(), closing)
        model = BatchModel("large", read_replies([options.replies] if options.replies else []))
        ranker = ModelRanker(model, prompt_tokens=4000, attempts=1, scenes=data.scenes,
                             scale=data.scale)  # fmt: skip
        cases, nothing = ordered_cases(learn.cases), dict[str, float]()
        asked = [
            (await backtest.query(case), dict.fromkeys(case.item_ids, nothing)) for case in cases
        ]
        try:
            answers = await collect_model_scores(
                asked, ranker=ranker, index=backtest.index, on_progress=quiet
            )
        except ModelError:  # nothing is answered yet
            answers = [None] * len(cases)
        if options.requests is not None:
            write_requests(options.requests, model.requests)
        orders = {
            case.id: np.asarray(answer.scores)
            for case, answer in zip(cases, answers, strict=True)
            if answer is not None
        }
        return await pools_of(learn, backtest, orders) if orders else []


def ordered_cases(cases: Sequence[Case]) -> list[Case]:
    """Those that are put to the model: of different people, half of them of either scene."""
    chosen: dict[str, list[Case]] = {scene: [] for scene in sorted({c.scene for c in cases})}
    people = set[str]()
    for case in sorted(cases, key=lambda case: stable_hash("large", 0, case.id)):
        least = min(chosen, key=lambda scene: len(chosen[scene]))
        if case.scene == least and case.user_id not in people and len(chosen[least]) < ORDERED // 2:
            chosen[least].append(case)
            people.add(case.user_id)
    return [case for own in chosen.values() for case in own]


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--data", type=Path, help="folder of art_office; without it, the films")
    parser.add_argument("--requests", type=Path, help="where questions without a reply go")
    parser.add_argument("--replies", type=Path, help="of the model to them")
    options = parser.parse_args()
    pools = anyio.run(art_office if options.data else films, options)
    if pools:
        with threadpool_limits(1, "blas"):  # of few columns: threads only wait for each other
            print(json.dumps(reported(pools)))


if __name__ == "__main__":
    main()
