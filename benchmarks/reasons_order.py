"""What asking for reasons does to a large model's order, and whether it agrees with itself.

    uv run python benchmarks/reasons_order.py                   # by the kept replies
    uv run python benchmarks/reasons_order.py --requests FILE   # the questions without one

Of the 120 validation choices of ``large_model`` 60 are asked with the prompt that asks for reasons
too, and 30 of these with the plain prompt and the candidates listed backwards. The replies are of a
large hosted model, one run each; of those with reasons the letters alone are kept, which a reply
begins with. Evidence counts only what was known before any of these choices. nDCG@10, 95% intervals
over people; agreement is Spearman's rank correlation of the two plain orders. Tokens are estimated
from characters. The last line is one JSON object.

Its figures stand in docs/research/language-model.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import numpy as np
from command import command, few_people
from large_model import KEPT as PLAIN
from large_model import chosen_cases
from quality import Table, Values, open_backtest

from recagent import demo
from recagent.domain import Candidate, Case
from recagent.errors import ModelError
from recagent.evaluation.data import load_data
from recagent.explanations import gather_evidence, gather_person_evidence
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.offline.backtest import Backtest, backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.order import stable_hash
from recagent.offline.splits import split
from recagent.ports import LanguageScores, Message, Query, ReasonsRequest
from recagent.profiles.informative_values import Traits
from recagent.ranking import ModelRanker
from recagent.ranking.agreement import rank_correlation
from recagent.ranking.prompt_budget import estimate_tokens
from recagent.retrieval.interactions import Interactions
from recagent.testing import ScriptedModel
from recagent.training.gates import ndcg

KEPT = Path(__file__).parent / "kept" / "reasons_films_large.jsonl"
CASES, BACKWARDS, K = 60, 30, 5
_TOKENS = 4000


class Asker:
    """Asks a model that answers from files, in full."""

    def __init__(self, backtest: Backtest, interactions: Interactions) -> None:
        self.model = BatchModel("large", read_replies(p for p in (PLAIN, KEPT) if p.is_file()))
        self._backtest, self._interactions = backtest, interactions

    async def query(self, case: Case) -> tuple[Query, list[Candidate]]:
        """The person before the choice, and the candidates."""
        items = await self._backtest.index.items(case.scene)
        return await self._backtest.query(case), [
            Candidate(item=items[key], features={}) for key in case.item_ids
        ]

    async def with_evidence(self, query: Query, candidates: Sequence[Candidate]) -> Query:
        """The query, with what reasons may rest on."""
        items, scale = [each.item for each in candidates], self._backtest.data.scale
        known = await self._backtest.index.items(query.scene.name)
        gathered = gather_evidence(
            items, query, behaviour=self._interactions, scale=scale, traits=Traits(known)
        )
        pairs = zip(items, gathered, strict=True)
        asked = ReasonsRequest(
            k=K,
            evidence={item.id: pieces for item, pieces in pairs},
            person=gather_person_evidence(query, scale=scale),
        )
        return replace(query, reasons=asked)

    async def scores(
        self, query: Query, candidates: Sequence[Candidate], model: ScriptedModel | None = None
    ) -> LanguageScores | None:
        """The model's scores; None without a kept reply."""
        data = self._backtest.data
        ranker = ModelRanker(
            model or self.model, prompt_tokens=_TOKENS if model is None else 0, attempts=1,
            scenes=data.scenes, scale=data.scale, mode="listwise",
        )  # fmt: skip
        try:
            return await ranker(query, candidates=candidates)
        except ModelError:
            return None

    async def prompt(self, query: Query, candidates: Sequence[Candidate], *, tokens: int) -> int:
        """Estimated tokens of the prompt that is sent."""
        model = ScriptedModel(reply='{"best": ["A"], "order": ["A"]}')
        data = self._backtest.data
        ranker = ModelRanker(
            model, prompt_tokens=tokens, scenes=data.scenes, scale=data.scale, mode="listwise"
        )
        await ranker(query, candidates=candidates)
        (messages,) = model.seen
        return estimate_tokens([each for each in messages if isinstance(each, Message)])


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """The figures."""
    data = few_people(load_data("demo"), smoke=options.smoke)
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    (asked,) = backtest_questions(events, people="validation", candidates=20, passes=1)
    judged = sorted(
        chosen_cases(asked.cases)[0], key=lambda case: stable_hash("reasons", 0, case.id)
    )[:CASES]
    interactions = Interactions(asked.training, scale=data.scale)
    plain, told, backwards = [], [], []
    sizes: dict[str, list[int]] = {"short": [], "best": [], "best_with_reasons": []}
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, demo.settings(model={"keep_hours": 0}), closing)
        asker = Asker(backtest, interactions)
        for row, case in enumerate(judged):
            query, candidates = await asker.query(case)
            explained = await asker.with_evidence(query, candidates)
            plain.append(await asker.scores(query, candidates))
            told.append(await asker.scores(explained, candidates))
            turned = row < BACKWARDS
            backwards.append(await asker.scores(query, candidates[::-1]) if turned else None)
            sizes["short"].append(await asker.prompt(query, candidates, tokens=0))
            sizes["best"].append(await asker.prompt(query, candidates, tokens=_TOKENS))
            sizes["best_with_reasons"].append(
                await asker.prompt(explained, candidates, tokens=_TOKENS)
            )
        if options.requests:
            write_requests(options.requests, asker.model.requests)
    figures = compared(judged, plain, told) | agreement(judged, plain, backwards)
    return figures | {
        f"prompt_tokens_{name}": float(np.median(n)) for name, n in sizes.items() if n
    }


def compared(
    cases: Sequence[Case],
    plain: Sequence[LanguageScores | None],
    told: Sequence[LanguageScores | None],
) -> dict[str, float]:
    """Order quality of both prompts, of the choices that both answered."""
    rows = [at for at in range(len(cases)) if plain[at] and told[at]]
    if not rows:
        return {}
    table = Table([cases[at].user_id for at in rows])
    best = gains([cases[at] for at in rows], [plain[at] for at in rows])
    both = gains([cases[at] for at in rows], [told[at] for at in rows])
    print(f"a large hosted model, {len(rows)} validation choices, one run each")
    table.row("best", best)
    table.row("best_with_reasons", both, minus=best)
    delta, low, high = table.mean(both - best)
    return {"cases": len(rows), "ndcg10_best": round(float(best.mean()), 4),
            "ndcg10_with_reasons": round(float(both.mean()), 4), "delta": round(delta, 4),
            "delta_lower95": round(low, 4), "delta_upper95": round(high, 4)}  # fmt: skip


def gains(cases: Sequence[Case], scores: Sequence[LanguageScores | None]) -> Values:
    """(n,) nDCG@10."""
    return np.asarray(
        [
            ndcg(np.asarray(own.scores), case.item_ids.index(next(iter(case.judgments))))
            for case, own in zip(cases, scores, strict=True)
            if own is not None
        ]
    )


def agreement(
    cases: Sequence[Case],
    plain: Sequence[LanguageScores | None],
    backwards: Sequence[LanguageScores | None],
) -> dict[str, float]:
    """How the model's two orders of the same candidates agree."""
    pairs = [
        (case, rank_correlation(first.scores, second.scores[::-1]))
        for case, first, second in zip(cases, plain, backwards, strict=True)
        if first and second
    ]
    if not pairs:
        return {}
    table = Table([case.user_id for case, _ in pairs])
    mean, low, high = table.mean(np.asarray([value for _, value in pairs]))
    print(f"agreement of {len(pairs)} orders with those of the list backwards: {mean:.2f} "
          f"[{low:.2f}, {high:.2f}]")  # fmt: skip
    return {"agreement": round(mean, 3), "agreement_lower95": round(low, 3),
            "agreement_cases": len(pairs)}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--requests", type=Path, help="write unanswered questions here")
    print(json.dumps(anyio.run(partial(measure, parser.parse_args()))))


if __name__ == "__main__":
    main()
