"""Whether requests in words lead to films that were recommended to those who made them.

    uv run python benchmarks/quality_wishes.py                  # the bundled turns, two minutes
    uv run python benchmarks/quality_wishes.py --turns FILE     # others, learned on the bundled
    uv run python benchmarks/quality_wishes.py --lists FILE     # writes 30 lists side by side
    uv run python benchmarks/quality_wishes.py --requests FILE  # writes what reranking is asked
    ... --requests FILE --replies ANSWERS                       # keeps the answers to it

All films of the demo are ranked, less those that were named. R@10, R@50 and nDCG@10 are of the
first film that was recommended; beside them stands how often any of them is among the first ten.
Whatever dialogues teach is learned out of fold, five folds by dialogue; intervals are 95% over
dialogues, and differences are paired. The model's titles and orders are kept replies of a large
hosted model on the turns of 120 dialogues, one run.

Its figures stand in docs/research/wishes.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from command import command
from quality import Table, open_backtest
from wish_orders import (
    ORDERS,
    TITLES,
    grounded,
    keep_replies,
    kept_rows,
    order_of_reply,
    write_requests,
)
from wish_signals import Films, joined, joined_with_model, out_of_fold, popular_elsewhere

from recagent import bootstrap, demo
from recagent.domain import Case
from recagent.evaluation.data import load_data
from recagent.offline.backtest import case_context
from recagent.offline.data_set import Data
from recagent.pipeline import Components
from recagent.pipeline.candidates import retrieve_pool
from recagent.pipeline.request import prepare_request
from recagent.pipeline.services import Services
from recagent.retrieval import Interactions, reciprocal_rank
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.retrieval.titles import TitleIndex
from recagent.testing import ScriptedModel

SMOKE, TOP, DEEP = 150, 10, 50
LISTED, SHOWN = 30, 5  # lists that are shown side by side, and how much of each
WITHOUT_MODEL = "without a model"
SHIPPED, SERVED = "as shipped, without a model", "as shipped, with proposals"
PROPOSED, RERANKED, JOINED = "with proposals", "with proposals and reranking", "all of it joined"

Orders = list[list[int]]  # rows of the films for each turn, best first
Values = np.ndarray


@dataclass(frozen=True)
class Asked:
    """The turns that are asked, and what was recommended: rows of films, the first one first."""

    cases: Sequence[Case]
    targets: Sequence[Sequence[int]]
    named: Values  # (turns, films)

    def best(self, scores: Values, *, most: int = DEEP) -> Orders:
        """The best films of each turn by (turns, films) scores, none that was named."""
        left = np.where(self.named, -np.inf, scores)
        return np.argsort(-left, axis=1, kind="stable")[:, :most].tolist()

    def of(self, rows: Sequence[int]) -> Asked:
        """Some of the turns."""
        return Asked(
            [self.cases[row] for row in rows],
            [self.targets[row] for row in rows],
            self.named[rows],
        )

    def measured(self, orders: Orders) -> dict[str, Values]:
        """(turns,) of each measure."""
        places = [
            order.index(targets[0]) if targets[0] in order[:DEEP] else DEEP
            for order, targets in zip(orders, self.targets, strict=True)
        ]
        found = [
            any(target in order[:TOP] for target in targets)
            for order, targets in zip(orders, self.targets, strict=True)
        ]
        at = np.asarray(places)
        return {
            "R@10": (at < TOP) * 1.0,
            "R@50": (at < DEEP) * 1.0,
            "nDCG@10": np.where(at < TOP, 1 / np.log2(at + 2), 0.0),
            "any@10": np.asarray(found) * 1.0,
        }


async def shipped(
    data: Data, cases: Sequence[Case], films: Films, titles: Mapping[str, Sequence[str]]
) -> Orders:
    """What the product retrieves and ranks as it ships, before a model is asked to rank.

    The wish is the last utterance; films that were named before are the person's likes. A model
    proposes the titles that are kept of a turn; nothing where none are.
    """
    async with AsyncExitStack() as closing:
        home = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        settings = demo.settings(model={"kind": "none"}).model_copy(update={"data_dir": home})
        backtest = await open_backtest(data, settings, closing)
        interactions = Interactions(data.events, scale=data.scale)

        async def behaviour() -> Interactions:
            return interactions

        made = bootstrap.parts_with(settings, learned=None)
        closing.push_async_callback(made.store.close)
        sources = {
            each.name: each
            for each in bootstrap.sources(backtest.index, backtest.embedder, behaviour)
        }
        parts = replace(
            made,
            index=backtest.index,
            behaviour=behaviour,  # type: ignore[arg-type] - what a snapshot is called for
            sources=[sources[each.name] for each in made.sources if each.name in sources],
            scenes=data.scenes,
        )
        options = bootstrap.options(settings)
        orders: Orders = []
        for case in cases:
            query = await backtest.query(case)
            services = Services(with_proposer(parts, titles.get(case.id, ())), options)
            request = await prepare_request(
                services,
                query.profile,
                scene=query.scene,
                context=case_context(case),
                fallback=services.fallback(),
            )
            pool = await retrieve_pool(services, request, size=DEEP)
            orders.append([films.row[item.id] for item in pool.items])
        return orders


def with_proposer(parts: Components, titles: Sequence[str]) -> Components:
    """The parts with a model that proposes these titles."""
    if not titles:
        return parts
    model = ScriptedModel(reply=json.dumps({"proposals": titles}))
    proposer = ModelProposer(model, index=parts.index, embedder=parts.embedder)
    return replace(parts, proposer=proposer)


def without_model(
    films: Films, learn: Sequence[Case], asked: Asked
) -> tuple[dict[str, Orders], Values]:
    """What ranks without a model, by name, and the scores of the best of them.

    They are learned out of fold where the same turns are asked.
    """
    cases = asked.cases
    own = cases is learn
    if own:
        popular = popular_elsewhere(films, cases)
        (all_signals, weights), (fixed, _) = (
            out_of_fold(films, cases, counts=each) for each in (True, False)
        )
    else:
        told = np.bincount([r for c in learn for r in films.targets(c)], minlength=len(films.ids))
        popular = np.tile(told.astype(float), (len(cases), 1))
        both = films.fixed(learn), films.fixed(cases)
        (all_signals, weights), (fixed, _) = (
            joined(films, learn, cases, fixed=both, counts=each) for each in (True, False)
        )
    print("weights of the signals:", np.round(weights, 2).tolist())
    ratings = np.tile(films.likes, (len(cases), 1))
    scores = {
        "popularity in the ratings": ratings,
        "popularity in dialogues": popular,
        "BM25": films.bm25(cases),
        "text": films.text(cases, plain=True),
        "item-kNN of the films named": films.neighbours(cases),
        "the same without counts": fixed,
        WITHOUT_MODEL: all_signals,
    }
    return {name: asked.best(each) for name, each in scores.items()}, all_signals


def rows_printed(asked: Asked, systems: Mapping[str, Orders], *, minus: str) -> dict[str, Any]:
    """Print a table of each measure; the means and lower ends of differences, by name."""
    table = Table([case.user_id for case in asked.cases])
    values = {name: asked.measured(orders) for name, orders in systems.items()}
    figures: dict[str, Any] = {}
    for measure in ("R@10", "R@50", "nDCG@10", "any@10"):
        print(f"\n{measure}, {len(asked.cases)} turns of {len({*table.people})} dialogues; "
              f"minus {minus}")  # fmt: skip
        base = values[minus][measure]
        for name, each in values.items():
            mean = table.row(name, each[measure], minus=base)
            low = table.mean(each[measure] - base)[1]
            figures[f"{name} {measure}"] = mean, round(low, 4)
    return figures


def with_model(
    data: Data,
    films: Films,
    asked: Asked,
    before: Mapping[str, Orders],
    scores: Values,
    *,
    kept: Path,
) -> tuple[Asked, dict[str, Orders], float]:
    """The turns with kept replies, how they are ranked, and how many titles are in the catalogue.

    Proposals come first, in their order, then what ranks without a model; the orders that a model
    gave of both come before the rest; and all three joined, by weights learned out of fold.
    """
    titles = kept_rows(kept)
    rows = [at for at, case in enumerate(asked.cases) if case.id in titles]
    few, index = asked.of(rows), TitleIndex({item.id: item for item in data.items})
    retrieved = [before[WITHOUT_MODEL][row] for row in rows]
    found = [grounded(titles[case.id]["titles"], index) for case in few.cases]
    proposed = [
        [films.row[key] for key in dict.fromkeys(keys) if key and not named[films.row[key]]]
        for keys, named in zip(found, few.named, strict=True)
    ]
    systems = {name: [orders[row] for row in rows] for name, orders in before.items()}
    systems["proposals alone"] = proposed
    written = {case.id: titles[case.id]["titles"] for case in few.cases}
    systems[SERVED] = anyio.run(shipped, data, few.cases, films, written)
    systems["proposals fused by rank"] = [
        [*map(int, reciprocal_rank({"a": _ranked(first), "b": _ranked(rest)}, weights={}))]
        for first, rest in zip(proposed, retrieved, strict=True)
    ]
    systems[PROPOSED] = _first(proposed, retrieved)
    replies = kept_rows(ORDERS)
    if all(case.id in replies for case in few.cases):
        ordered = [
            [films.row[key] for key in order_of_reply(**replies[case.id])] for case in few.cases
        ]
        systems[RERANKED] = _first(ordered, systems[PROPOSED])
        joint, weights = joined_with_model(
            scores[rows].astype(np.float64),
            (proposed, ordered),
            cases=few.cases,
            named=few.named,
            chosen=np.asarray([each[0] for each in few.targets]),
        )
        systems[JOINED] = few.best(joint)
        print("weights of it and the model's two orders:", np.round(weights, 2).tolist())
    return few, systems, float(np.mean([bool(key) for keys in found for key in keys]))


def write_lists(
    path: Path, films: Films, cases: Sequence[Case], systems: Mapping[str, Orders]
) -> None:
    """Write the first five of some lists as they are served, without and with proposals."""
    pairs = [systems[SHIPPED], systems[SERVED]]
    lines = ["| asked | without a model | with proposals |", "|---|---|---|"]
    for at in range(0, len(cases), max(1, len(cases) // LISTED))[:LISTED]:
        told = [*cases[at].dialogue, cases[at].wish]
        asked = " / ".join(" ".join(text.split()) for text in told[-2:])
        wanted = set(films.targets(cases[at]))
        shown = [
            "; ".join(
                f"**{title}**" if row in wanted else title
                for row in orders[at][:SHOWN]
                if (title := films.items[row].title)
            )
            for orders in pairs
        ]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in (asked, *shown))} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ranked(rows: Sequence[int]) -> list[tuple[str, float]]:
    return [(str(row), 0.0) for row in rows]


def _first(some: Orders, others: Orders) -> Orders:
    pairs = zip(some, others, strict=True)
    return [list(dict.fromkeys([*first, *rest]))[:DEEP] for first, rest in pairs]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All tables; the figures."""
    if options.replies:
        keep_replies(options.replies, options.requests.with_suffix(".lists.json"))
    data = load_data("redial")
    learn = list(data.case_sets["turns"])[: SMOKE if options.smoke else None]
    films = Films(
        list(data.items),
        events=Interactions(data.events, scale=data.scale),
        embedder=bootstrap.embedder(demo.settings()),
    )
    cases = learn
    if options.turns:
        cases = list(load_data("redial", path=options.turns).case_sets["turns"])
        people = {case.user_id for case in cases}
        learn = [case for case in learn if case.user_id not in people]
    asked = Asked(cases, [films.targets(case) for case in cases], films.named(cases))
    systems, scores = without_model(films, learn, asked)
    systems[SHIPPED] = anyio.run(shipped, data, cases, films, {})
    told = rows_printed(asked, systems, minus="popularity in dialogues")
    figures = {
        "turns": len(cases),
        "r10_popularity": told["popularity in dialogues R@10"][0],
        "r10_shipped": told[f"{SHIPPED} R@10"][0],
        "r10_without_model": told[f"{WITHOUT_MODEL} R@10"][0],
        "r50_without_model": told[f"{WITHOUT_MODEL} R@50"][0],
    }
    few, answered, share = with_model(data, films, asked, systems, scores, kept=options.titles)
    if options.requests and not options.replies:
        write_requests(options.requests, films, few.cases, answered[PROPOSED])
    if options.lists:
        write_lists(options.lists, films, few.cases, answered)
    if not few.cases:
        return figures
    print(f"\n{share:.0%} of the titles that the model wrote are in the catalogue")
    told = rows_printed(few, answered, minus=WITHOUT_MODEL)
    keys = {"proposals": PROPOSED, "reranked": RERANKED, "with_model": [*answered][-1]}
    measured = {
        f"{key}_{name}": told[f"{system} {each}"][0]
        for name, system in keys.items()
        if system in answered
        for key, each in (("r10", "R@10"), ("any10", "any@10"), ("ndcg10", "nDCG@10"))
    }
    return figures | {
        "turns_with_model": len(few.cases),
        "grounded_share": round(share, 3),
        **measured,
        "r50_pool": told[f"{PROPOSED} R@50"][0],
        "r10_gain_lower95": told[f"{keys['with_model']} R@10"][1],
    }


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--turns", type=Path, help="turns of other dialogues, in the same form")
    parser.add_argument(
        "--titles", type=Path, default=TITLES, help="kept titles that a model proposed"
    )
    parser.add_argument("--lists", type=Path, help="write 30 lists side by side here")
    parser.add_argument("--requests", type=Path, help="write the reranking's questions here")
    parser.add_argument("--replies", type=Path, help="keep these answers to them")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
