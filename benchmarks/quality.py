"""What the quality benchmarks share: rows of a table, the head's ranking, the gates.

What is asked, of whom, and among what is each benchmark's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from recagent import bootstrap
from recagent.config.service_sections import RetrievalSettings
from recagent.config.settings import Settings
from recagent.evaluation.data_index import open_index
from recagent.offline.backtest import Backtest
from recagent.offline.data_set import Data
from recagent.offline.examples import Example
from recagent.offline.resampling import interval
from recagent.ranking import GroupTestResult, Head
from recagent.ranking.gate import Gate
from recagent.ranking.head import columns, language_columns
from recagent.retrieval import reciprocal_rank
from recagent.training.gates import choose_gates, make_trial, ndcg
from recagent.training.head_weights import (
    LEARNED,
    HeadWeights,
    fit_base_weights,
    fit_language_weights,
)

SOURCES = ("neighbours", "popularity", "text", "transfer", "lexical", "lexical_here", "recent",
           "walks", "following", "factors")  # fmt: skip
SERVED = RetrievalSettings()

Values = np.ndarray
Spoken = Mapping[str, Values]  # a model's scores of the candidates, by case


def quiet(*_: object) -> None:
    """No progress."""


async def open_backtest(data: Data, settings: Settings, closing: AsyncExitStack) -> Backtest:
    """Where questions of these data are asked; indexed if they are not yet."""
    embedder = bootstrap.embedder(settings)
    closing.push_async_callback(embedder.close)
    return Backtest(
        data=data,
        index=await open_index(settings, data, closing, quiet),
        embedder=embedder,
        half_life=timedelta(days=settings.retrieval.half_life_days),
        build_sources=bootstrap.sources,
    )


@dataclass(frozen=True)
class Table:
    """Rows of a name, a mean and its 95% interval over people, printed as they come.

    Attributes:
        people: whose case each value is.
        times: 100 for points.
    """

    people: Sequence[str]
    times: float = 1.0

    def row(self, name: str, values: Values, *, minus: Values | None = None) -> float:
        """Print a row, and the difference to other values of the same cases; the mean."""
        mean, low, high = self.mean(values)
        line = f"{name:<30} {len(values):>6} {mean:>7.3f}  [{low:.3f}, {high:.3f}]"
        if minus is not None:
            delta, least, most = self.mean(values - minus)
            line += f"  {delta:+.3f} [{least:+.3f}, {most:+.3f}]"
        print(line, flush=True)
        return round(mean, 4)

    def mean(self, values: Values) -> tuple[float, float, float]:
        """Mean and ends of its interval."""
        mean, low, high = interval(values, people=self.people)
        return self.times * mean, self.times * low, self.times * high

    def of(self, rows: Sequence[int]) -> Table:
        """The table of some of the cases."""
        return Table([self.people[row] for row in rows], self.times)


@dataclass(frozen=True)
class Ranked:
    """The cases that are reported, and their (n,) scores and nDCG@10 by the head."""

    examples: Sequence[Example]
    fit: HeadWeights
    scores: Sequence[Values]
    table: Table
    fused: Values

    @property
    def head(self) -> Values:
        """(n,) nDCG@10."""
        return ndcgs(self.examples, self.scores)


def head_for_all(name: str, fit: HeadWeights, *, sources: Sequence[str] = SOURCES) -> Head:
    """A head that ranks for everybody who likes anything, untested."""
    return Head(
        name=name,
        tested={group: GroupTestResult(unserved="") for group in LEARNED},
        sources=tuple(sources),
        shared=fit.shared,
        scenes=fit.scenes,
        few_shared=fit.shared,
        few_scenes=fit.scenes,
    )


def ndcgs(examples: Sequence[Example], scores: Sequence[Values], *, k: int = 10) -> Values:
    """(n,) nDCG@k."""
    return np.asarray([ndcg(s, e.chosen, k=k) for s, e in zip(scores, examples, strict=True)])


def by_source(examples: Sequence[Example], source: str) -> list[Values]:
    """Scores of one source; what it does not find has 0."""
    return [
        np.asarray([features.get(source, 0.0) for features in example.features])
        for example in examples
    ]


def by_head(
    examples: Sequence[Example], fit: HeadWeights, *, sources: Sequence[str] = SOURCES
) -> list[Values]:
    """Scores by the head without a language model."""
    return [
        columns(example.features, sources=sources, cold=example.cold)
        @ np.asarray(fit.scenes.get(example.scene, fit.shared))
        for example in examples
    ]


def by_fusion(
    examples: Sequence[Example], *, weights: Mapping[str, float] = SERVED.weights
) -> list[Values]:
    """Scores of the fusion, over all candidates; with the weights that serve without a head."""
    found = []
    for example in examples:
        pairs = list(zip(example.items, example.features, strict=True))
        proposals = {
            source: sorted(
                ((item, scores[source]) for item, scores in pairs if source in scores),
                key=lambda pair: -pair[1],
            )
            for source in SOURCES
        }
        fused = reciprocal_rank(proposals, weights=weights)
        found.append(np.asarray([fused.get(item, 0.0) for item in example.items]))
    return found


def ranked(
    learn: Sequence[Example],
    test: Sequence[Example],
    *,
    as_new: Sequence[Example] = (),
    times: float = 1.0,
    sources: Sequence[str] = SOURCES,
) -> tuple[Ranked, dict[str, float]]:
    """Fit the head on one half, print how everything ranks the other.

    ``as_new`` are learned from too: the same choices as if their people were new in the scene.
    """
    fit = fit_base_weights([*learn, *as_new], sources=sources)
    table = Table([example.user_id for example in test], times)
    fused = ndcgs(test, by_fusion(test))
    found = Ranked(test, fit, by_head(test, fit, sources=sources), table, fused)
    print(f"{'20 candidates':<30} {'cases':>6} nDCG@10  95%             minus fusion served")
    chance = np.random.default_rng(0)
    table.row("random", ndcgs(test, [chance.random(len(e.items)) for e in test]), minus=fused)
    figures = {
        f"ndcg10_{name}": table.row(name, ndcgs(test, by_source(test, name)), minus=fused)
        for name in sources
    }
    figures["ndcg10_fusion"] = table.row("fusion served without a head", fused)
    figures["ndcg10_head"] = table.row("head, no language model", found.head, minus=fused)
    return found, {"cases": len(test)} | figures


def gated(
    learn: Sequence[Example], found: Ranked, spoken: Spoken
) -> tuple[Values, dict[str, float]]:
    """The reported cases' nDCG@10 behind the gates, which held-out people of the rest decide.

    Cases that the model was not asked about are ranked without it, and left out of the rows.
    """
    asked = [at for at, example in enumerate(learn) if example.case in spoken]
    those = [learn[at] for at in asked]
    held = [found.fit.held_out[at] for at in asked]
    said = fit_language_weights(those, held, [spoken[each.case].tolist() for each in those])
    opened = choose_gates(
        [
            make_trial(e.user_id, e.scene, cold=e.cold, base=base, joined=joined, chosen=e.chosen)
            for e, base, joined in zip(those, held, said.held_out, strict=True)
        ]
    )
    forced, behind, asks = list(found.scores), list(found.scores), np.zeros(len(found.scores))
    for at, example in enumerate(found.examples):
        if example.case in spoken:
            weights = np.asarray(said.scenes.get(example.scene, said.shared))
            features = language_columns(spoken[example.case].tolist(), cold=example.cold)
            forced[at] = found.scores[at] + features @ weights
            gate = opened.get(example.scene, Gate())
            if gate.opens(found.scores[at], cold=example.cold):
                behind[at], asks[at] = forced[at], 1.0
    rows = [at for at, example in enumerate(found.examples) if example.case in spoken]
    return _told(found, rows, [forced, behind], asks, spoken, said, opened)


def _told(
    found: Ranked,
    rows: Sequence[int],
    scores: Sequence[Sequence[Values]],
    asks: Values,
    spoken: Spoken,
    said: HeadWeights,
    opened: Mapping[str, Gate],
) -> tuple[Values, dict[str, float]]:
    forced, behind = (ndcgs(found.examples, each) for each in scores)
    table, head = found.table.of(rows), found.head[rows]
    cases = [found.examples[row] for row in rows]
    popular = ndcgs(cases, by_source(cases, "popularity"))
    print(f"\nthe {len(rows)} cases that the language model was asked about")
    alone = ndcgs(cases, [spoken[each.case] for each in cases])
    figures = {
        "language_cases": len(rows),
        "ndcg10_language": table.row("language model alone, - popularity", alone, minus=popular),
    }
    table.row("head, no language model", head)
    names = ("head + language, forced on", "head + language, gated")
    for name, values, key in zip(
        names, (forced[rows], behind[rows]), ("llm", "gated"), strict=True
    ):
        figures[f"ndcg10_head_{key}"] = table.row(f"{name}, - head", values, minus=head)
        figures[f"delta_{key}_lower95"] = round(table.mean(values - head)[1], 4)
    figures["asked_share"] = round(float(asks[rows].mean()), 3)
    print(f"calls avoided by the gates: {1 - figures['asked_share']:.0%}; "
          f"language weights (z, z where new): {[round(x, 2) for x in said.shared]}")  # fmt: skip
    for scene, gate in sorted(opened.items()):
        said_of = f"gain {gate.gain:+.4f}, at least {gate.low:+.4f}; forced on {gate.forced:+.4f}"
        print(f"  {scene:<18} {gate.rule:<7} {gate.cases:>5} held-out cases: {said_of}")
    return behind, figures


def by_scene(found: Ranked, final: Values) -> None:
    """Rows of every scene, and of the people who are new there."""
    print("\nby scene, and where people are new")
    scenes = sorted({example.scene for example in found.examples})
    slices = {name: [e.scene == name for e in found.examples] for name in scenes}
    slices["new in the scene"] = [example.cold for example in found.examples]
    for name, among in slices.items():
        rows = np.flatnonzero(among)
        if len(rows):
            found.table.of(rows.tolist()).row(name, final[rows], minus=found.fused[rows])
