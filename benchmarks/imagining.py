"""Candidates that the embedded model imagines, for people who are new in one of the film scenes.

    uv run python benchmarks/imagining.py            # kept descriptions, no model, under 40 s
    uv run python benchmarks/imagining.py --full     # asks the embedded model anew, ten minutes

Of each person their newest liked film in a scene where they had no event before it is to be found;
all before it is history. Weights are chosen on one half of the people, by a hash of their id, and
the other half is only reported. Candidates are fused as they are before a fit (the slate is their
order). Beside what the model imagines stand two sources of the same shape that need no model: what
is popular, once more, and what is near the titles that the person liked elsewhere, each searched
as a description is. Intervals are 95% over people, differences are paired.

Its figures stand in docs/research/transfer.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import numpy as np
from command import command
from quality import SERVED, Table, Values, open_backtest

from recagent import bootstrap, demo
from recagent.domain import Case
from recagent.errors import ReplyError
from recagent.evaluation.data import load_data
from recagent.offline.backtest import PASSES, Backtest, backtest_questions
from recagent.offline.order import stable_hash
from recagent.offline.splits import People
from recagent.ports import CandidateSource, Query
from recagent.ranking import HISTORY
from recagent.retrieval import Interactions, reciprocal_rank
from recagent.retrieval.sources.model_proposals import ModelProposals, ModelProposer

KEPT = Path(__file__).parent / "kept" / "imagined.jsonl"
SMOKE = 3  # people
PEOPLE = 100  # of either half
WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
POOL, SLATE, MORE = 20, 10, 10
EXTRAS = ("imagined", "titles liked elsewhere", "popularity again")

Proposals = Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class Asked:
    """A person who is new in a scene, what the sources propose, and what they went on to like."""

    user_id: str
    wanted: str
    served: Proposals
    extras: Proposals

    def order(self, extra: str = "", weight: float = 0.0) -> list[str]:
        """Items as fused, best first."""
        added = {extra: self.extras[extra]} if extra else {}
        return [
            *reciprocal_rank({**self.served, **added}, weights={**SERVED.weights, extra: weight})
        ]

    def with_more(self, others: Sequence[str]) -> bool:
        """Whether the pool and the next ten of some others hold what is wanted."""
        pool = self.order()[:POOL]
        new = [item for item in others if item not in pool]
        return self.wanted in [*pool, *new[:MORE]]


def kept() -> dict[str, list[str]]:
    """Descriptions by case."""
    if not KEPT.is_file():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]
    return {row[0]: row[1:] for row in rows}


async def described(queries: Mapping[str, Query]) -> dict[str, list[str]]:
    """What is kept, and what the embedded model imagines where nothing is; then that is kept."""
    found = kept()
    missing = [key for key in queries if key not in found]
    if not missing:
        return found
    model = bootstrap.model(demo.settings(model={"kind": "embedded"}))
    if model is None:
        raise RuntimeError("no embedded model")
    imagine = ModelProposer(model)
    await imagine.start()
    with KEPT.open("a", encoding="utf-8") as file:
        for key in missing:
            try:
                lines = (await imagine(queries[key])).descriptions
            except ReplyError:  # then nothing is imagined, as when serving
                lines = ()
            found[key] = [*lines]
            file.write(json.dumps([key, *lines], ensure_ascii=False) + "\n")
            file.flush()
    await model.close()
    return found


async def asked(people: People, smoke: bool) -> list[Asked]:
    """The people of one half."""
    data, settings = load_data("demo"), demo.settings()
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        first: dict[str, tuple[Case, Sequence[CandidateSource]]] = {}
        for questions in backtest_questions(data, people=people, passes=PASSES):
            sources = _served(backtest, Interactions(questions.training, scale=data.scale))
            for case in questions.cases:
                if all(event.scene != case.scene for event in case.history):
                    first.setdefault(case.user_id, (case, sources))
        chosen = sorted(first, key=partial(stable_hash, "people", 0))[: SMOKE if smoke else PEOPLE]
        queries = {key: await backtest.query(first[key][0]) for key in chosen}
        said = await described(queries)
        return [await _proposed(backtest, said[key], queries[key], *first[key]) for key in chosen]


def _served(backtest: Backtest, behaviour: Interactions) -> list[CandidateSource]:
    async def counted() -> Interactions:
        return behaviour

    every = bootstrap.sources(backtest.index, backtest.embedder, counted)
    return [source for source in every if SERVED.weights.get(source.name, 1.0) > 0]


async def _proposed(
    backtest: Backtest,
    said: Sequence[str],
    query: Query,
    case: Case,
    sources: Sequence[CandidateSource],
) -> Asked:
    served = {each.name: await each(query, limit=SERVED.limit) for each in sources}
    titles = [query.profile.items[key].title for key in [*query.profile.liked][:HISTORY]]
    near = [
        await ModelProposals(await backtest.embedder.embed(lines), index=backtest.index)(
            query, limit=SERVED.limit
        )
        for lines in (said, titles)
    ]
    extras: Proposals = dict(zip(EXTRAS, [*near, served["popularity"]], strict=True))
    (wanted,) = case.judgments
    return Asked(case.user_id, wanted, served, extras)


def recall(those: Sequence[Asked], extra: str = "", weight: float = 0.0) -> Values:
    """(n,) recall@20 of the candidates."""
    return np.asarray([float(a.wanted in a.order(extra, weight)[:POOL]) for a in those])


def reached(those: Sequence[Asked], extra: str = "", weight: float = 0.0) -> Values:
    """(n,) nDCG@10 of the slate."""
    orders = [(a.wanted, a.order(extra, weight)[:SLATE]) for a in those]
    return np.asarray([1 / np.log2(o.index(w) + 2) if w in o else 0.0 for w, o in orders])


def measure(*, full: bool, smoke: bool) -> dict[str, float]:
    """All tables; the figures."""
    if full:
        KEPT.unlink(missing_ok=True)
    learn, test = anyio.run(asked, "validation", smoke), anyio.run(asked, "test", smoke)
    table = Table([each.user_id for each in learn])
    print(f"chosen on {len(learn)} people: recall@{POOL}, minus the plain ladder")
    table.row("plain ladder", recall(learn))
    best: dict[str, float] = {}
    for extra in EXTRAS:
        means = {
            weight: table.row(f"{extra}, {weight:g}", recall(learn, extra, weight),
                              minus=recall(learn))
            for weight in WEIGHTS
        }  # fmt: skip
        best[extra] = max(WEIGHTS, key=lambda weight: means[weight])
    return {"people": len(test), "validation_people": len(learn)} | _told(test, best)


def _told(test: Sequence[Asked], best: Mapping[str, float]) -> dict[str, float]:
    table, figures = Table([each.user_id for each in test]), {}
    for name, values in (("recall20", recall), ("ndcg10", reached)):
        print(f"\n{name} of {len(test)} people, minus the plain ladder")
        plain = values(test)
        figures[name] = table.row("plain ladder", plain)
        for extra, weight in best.items():
            key = f"{name}_{extra.split()[0]}"
            figures[key] = table.row(f"{extra}, {weight:g}", values(test, extra, weight),
                                     minus=plain)  # fmt: skip
        mine = values(test, EXTRAS[0], best[EXTRAS[0]])
        figures[f"{name}_gain_lower95"] = round(table.mean(mine - plain)[1], 4)
        for other in EXTRAS[1:]:
            apart = mine - values(test, other, best[other])
            print(f"  imagined minus {other}: {_spread(table, apart)}")
    print(f"\nrecall of the pool and {MORE} candidates more, minus {MORE} more of the plain ladder")
    deeper = np.asarray([float(a.with_more(a.order())) for a in test])
    figures["recall30_plain"] = table.row("plain ladder", deeper)
    for extra in EXTRAS:
        more = np.asarray([float(a.with_more([k for k, _ in a.extras[extra]])) for a in test])
        figures[f"recall30_{extra.split()[0]}"] = table.row(extra, more, minus=deeper)
    return figures


def _spread(table: Table, values: Values) -> str:
    mean, low, high = table.mean(values)
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: at most 40 s")
    size.add_argument("--full", action="store_true", help="ask the model anew")
    options = parser.parse_args()
    print(json.dumps(measure(full=options.full, smoke=options.smoke)))


if __name__ == "__main__":
    main()
