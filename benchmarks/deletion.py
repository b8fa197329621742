"""Do reasons say what a place rests on? The likes that they cite go, and all is ranked anew.

    uv run python benchmarks/deletion.py            # of some of the people, under 40 s
    uv run python benchmarks/deletion.py --full     # of all test people

The bundled film ratings, people halved by a hash of their id (``recagent.offline.splits``). A
head learns from the last choice of one half. Of every person of the other half the first five of
their slate are explained, in the scene of what they liked last; of that and all after it nothing is
known. No language model is asked: for a head without one every gate is closed.
From the profile go the likes that an explanation cites, and in their place as many others of the
fifty newest likes, drawn at random (three draws, averaged) or the newest. What the person has met
stays out of the slate either way. An item's drop is how many places it loses; one that is no
candidate any more stands behind the last one. 95% intervals over people, paired.

Citation precision: the share of sentences that are supported by what they cite, where each piece of
evidence is looked up again in the raw ratings and items, and each share in the head's own weights.
A count must have its base and at least five people, taste may be named only of somebody with
events, and no reason may be one value that more than a quarter of the scene's items have.

Its figures stand in docs/research/explanations.md.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import anyio
import numpy as np
from command import command
from quality import SERVED, SOURCES, Table, head_for_all, open_backtest, quiet

from recagent import bootstrap, demo
from recagent.domain import Context, Evidence, Item
from recagent.evaluation.data import load_data
from recagent.explanations import claims, unsupported_parts
from recagent.explanations.evidence import as_evidence
from recagent.explanations.ranking_evidence import share_pieces
from recagent.explanations.ties import FEW_PEOPLE
from recagent.offline.backtest import (
    Backtest,
    backtest_examples,
    backtest_questions,
)
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data
from recagent.offline.examples import RetrievalOptions
from recagent.offline.splits import split
from recagent.pipeline import Components
from recagent.pipeline.counterfactuals import without_events
from recagent.pipeline.questions import Ranking, attribution_of, rank_without_model
from recagent.pipeline.request import Request, prepare_request
from recagent.pipeline.services import Services
from recagent.profiles.building import is_liked
from recagent.prompts import caption, one_line
from recagent.ranking import Head
from recagent.ranking.head import columns
from recagent.retrieval import Interactions, InteractionSnapshot
from recagent.testing import MemoryStore
from recagent.training.head_weights import fit_base_weights

SHOWN = 5  # of a slate
NEWEST = 50  # likes that evidence looks at
DRAWS = 3
TASTE = re.compile("taste|口味")
QUICK, SMOKE = 60, 4  # people
PARTS = {
    "crowd": ("neighbours", "walks", "factors"), "popular": ("popularity", "recent"),
    "text": ("text",), "transfer": ("transfer",), "lexical": ("lexical", "lexical_here"),
    "next": ("following",),
}  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """An item of a slate: whose, which likes its reasons cite, and its places lost."""

    user_id: str
    cited: frozenset[str]
    drop: float
    drawn: float
    newest: float


@dataclass(frozen=True)
class Raw:
    """What evidence is looked up in: items, and who liked what, as the files have it."""

    items: Mapping[str, Item]
    fans: Mapping[str, Collection[str]]
    high: float
    head: Head

    def holds(self, piece: Evidence, item: Item, ranking: Ranking) -> bool:
        """Whether a piece is true of the item."""
        facts = piece.facts
        match piece.kind:
            case "attribute":
                return (
                    self._met(piece, ranking)
                    and not self._is_truism(piece, ranking)
                    and all(
                        value in self._values(item)
                        and value in self._values(self.items[piece.refs[0]])
                        for value in piece.refs[1:]
                    )
                )
            case "people":
                both = set(self.fans[item.id]) & set(self.fans[piece.refs[0]])
                base = set(self.fans[piece.refs[0]])
                return (
                    self._met(piece, ranking)
                    and (facts["count"], facts["base"]) == (str(len(both)), str(len(base)))
                    and len(both) >= max(FEW_PEOPLE, len(base) / 10)
                )
            case "popularity":
                return facts["count"] == str(len(self.fans[item.id]))
            case "share":
                return facts["share"] == self._share(facts["part"], item, ranking)
            case _:
                return False

    def _met(self, piece: Evidence, ranking: Ranking) -> bool:
        """Whether the person liked the item that a piece names, as much as it says."""
        liked = self.items[piece.refs[0]]
        newest = next(e for e in ranking.request.query.profile.events if e.item_id == liked.id)
        return (
            ranking.request.query.profile.user.id in self.fans[liked.id]
            and piece.facts["title"] == caption(liked)
            and piece.facts["rating"] == f"{newest.value:g}/{self.high:g}"
            and piece.facts.get("scene", ranking.request.query.scene.name) == liked.scene
        )

    def _is_truism(self, piece: Evidence, ranking: Ranking) -> bool:
        """Whether all that is shared is one value that more than a quarter of the scene have."""
        scene = ranking.request.query.scene.name
        among = [item for item in self.items.values() if item.scene == scene]
        having = sum(piece.refs[1] in self._values(item) for item in among)
        return len(piece.refs) <= 2 and having > len(among) / 4

    def _values(self, item: Item) -> set[str]:
        return {
            one_line(text)
            for value in item.attributes.values()
            for text in (value if isinstance(value, tuple) else (value,))
        }

    def _share(self, part: str, item: Item, ranking: Ranking) -> str:
        """The part's share of what lifts the item, from the head's columns and weights."""
        found = ranking.pool.retrieved
        row = [each.item.id for each in found].index(item.id)
        scene = ranking.request.query.scene.name
        features = columns(
            [each.features for each in found],
            sources=self.head.sources,
            cold=ranking.request.query.profile.is_cold(scene),
        )
        added = features[row] * self.head.scenes[scene]
        # Two columns a source, and then the same again for people who are new in the scene.
        by_source = dict(
            zip(self.head.sources, added.reshape(2, -1, 2).sum(axis=(0, 2)), strict=True)
        )
        by_part = {name: sum(by_source[s] for s in sources) for name, sources in PARTS.items()}
        above = {name: value for name, value in by_part.items() if value > 0}
        return f"{above.get(part, 0.0) / sum(above.values()):.0%}"


async def head_of(events: Data, backtest: Backtest) -> Head:
    """A head of the validation people's last choices, as ``recagent fit`` makes one."""
    retrieval = RetrievalOptions(
        weights=dict(SERVED.weights), limit=SERVED.limit, width=SERVED.limit
    )
    asked = backtest_questions(events, people="validation", passes=1)
    learn = await backtest_examples(
        asked, backtest=backtest, retrieval=retrieval, on_progress=quiet
    )
    fit = fit_base_weights(learn, sources=SOURCES)
    return head_for_all("deletion", fit)


async def deleted(services: Services, request: Request, liked: Collection[str]) -> Ranking:
    """The ranking for the person without these likes, which has a deadline of its own."""
    request = replace(request, fallback=services.fallback())
    request = await without_events(services, request, liked)
    return await rank_without_model(services, request, k=SHOWN)


def place(ranking: Ranking, item: Item) -> int:
    """An item's rank; one more than there are for one that is no candidate."""
    return ranking.ranks.get(item.id, ranking.among + 1)


async def explained(
    services: Services, ranking: Ranking
) -> tuple[list[Explained], list[tuple[Item, list[Evidence]]]]:
    """The first of a person's slate: what taking away does, and their evidence."""
    request, query = ranking.request, ranking.request.query
    items = ranking.items[:SHOWN]
    rows = [each.item.id for each in ranking.pool.retrieved]
    weighed, gathered = attribution_of(services, ranking), []
    for item, own in zip(items, await services.evidence(items, query), strict=True):
        lifted = share_pieces(weighed.of(rows.index(item.id)), item, is_complete=True)
        gathered.append((item, [*own, *as_evidence(lifted, after=len(own))]))
    looked = [*query.profile.liked][:NEWEST]
    cited = {
        item.id: frozenset(piece.refs[0] for piece in own if piece.kind in ("attribute", "people"))
        for item, own in gathered
    }
    spare = [key for key in looked if key not in frozenset().union(*cited.values())]
    drawing = random.Random(query.profile.user.id)
    found: list[Explained] = []
    for size in sorted({len(each) for each in cited.values() if each}):
        if len(spare) < size:
            continue
        draws = [
            await deleted(services, request, drawing.sample(spare, size)) for _ in range(DRAWS)
        ]
        newest = await deleted(services, request, spare[:size])
        without_cited = {
            likes: await deleted(services, request, likes)
            for likes in {*cited.values()}
            if len(likes) == size
        }
        for item in items:
            if len(cited[item.id]) != size:
                continue
            before, gone = place(ranking, item), without_cited[cited[item.id]]
            found.append(
                Explained(
                    user_id=query.profile.user.id,
                    cited=cited[item.id],
                    drop=place(gone, item) - before,
                    drawn=float(np.mean([place(each, item) - before for each in draws])),
                    newest=place(newest, item) - before,
                )
            )
    return found, gathered


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """All rows; the figures."""
    began = time.perf_counter()
    data, settings = load_data("demo"), demo.settings(model={"kind": "none"})
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        head = await head_of(events, backtest)
        store = MemoryStore()
        await store.add_events(test.training)
        parts = Components(
            store=store,
            index=backtest.index,
            embedder=backtest.embedder,
            behaviour=InteractionSnapshot(store, scale=data.scale),
            sources=await backtest.sources(Interactions(test.training, scale=data.scale)),
            ranker=None,
            models=(),
            scenes=data.scenes,
            scale=data.scale,
            head=head,
        )
        services = Services(parts, bootstrap.options(settings))
        raw = raw_of(data, test.training, head)
        few = SMOKE if options.smoke else QUICK
        cases = test.cases if options.full else test.cases[:: max(1, len(test.cases) // few)]
        rows: list[Explained] = []
        sentences: list[bool] = []
        for case in cases:
            fallback = services.fallback()
            profile = await fallback.profile(case.user_id)
            request = await prepare_request(
                services,
                profile,
                scene=data.scenes[case.scene],
                context=Context(),
                fallback=fallback,
            )
            ranking = await rank_without_model(services, request, k=SHOWN)
            found, gathered = await explained(services, ranking)
            rows += found
            for item, own in gathered:
                sentences += supported(own, item, ranking, raw, data)
    print(f"{len(rows)} explanations that cite likes, of {len({r.user_id for r in rows})} people; "
          f"{len(sentences)} sentences")  # fmt: skip
    table = Table([row.user_id for row in rows])
    print(f"{'places lost without':<30} {'n':>6}    mean  95%             minus random")
    drop, drawn, newest = (
        np.asarray([getattr(row, name) for row in rows]) for name in ("drop", "drawn", "newest")
    )
    table.row("as many random other likes", drawn)
    table.row("as many of the newest others", newest, minus=drawn)
    table.row("the likes that are cited", drop, minus=drawn)
    gain, low, high = table.mean(drop - drawn)
    over, least, most = table.mean(drop - newest)
    print(f"cited minus newest others: {over:+.2f} [{least:+.2f}, {most:+.2f}]")
    print(f"sentences supported by what they cite: {sum(sentences)} of {len(sentences)}")
    return {
        "explanations": len(rows),
        "people": len({row.user_id for row in rows}),
        "drop_cited": round(float(drop.mean()), 3),
        "drop_random": round(float(drawn.mean()), 3),
        "difference": round(gain, 3),
        "lower95": round(low, 3),
        "upper95": round(high, 3),
        "difference_newest": round(over, 3),
        "newest_lower95": round(least, 3),
        "sentences": len(sentences),
        "citation_precision": round(float(np.mean(sentences)), 4),
        "seconds": round(time.perf_counter() - began, 1),
    }


def raw_of(data: Data, training: Sequence, head: Head) -> Raw:
    """Items and fans, counted by hand."""
    fans: dict[str, set[str]] = defaultdict(set)
    for event in training:
        if is_liked(event, data.scale):
            fans[event.item_id].add(event.user_id)
    items = {item.id: item for item in data.items}
    return Raw(items=items, fans=fans, high=data.scale.high, head=head)


def supported(
    evidence: Sequence[Evidence], item: Item, ranking: Ranking, raw: Raw, data: Data
) -> list[bool]:
    """Of each sentence about an item whether all that it cites is true, and says it."""
    pieces = {piece.id: piece for piece in evidence}
    found = []
    for lang in ("en", "zh"):
        for claim in claims(evidence, scenes=data.scenes, lang=lang):
            own = [pieces[key] for key in claim.evidence]
            says = not unsupported_parts(claim.text, own, scenes=data.scenes, lang=lang)
            says &= bool(ranking.request.query.profile.events) or not TASTE.search(claim.text)
            found.append(says and all(raw.holds(piece, item, ranking) for piece in own))
    return found


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: some of the people")
    size.add_argument("--full", action="store_true", help="all test people")
    print(json.dumps(anyio.run(measure, parser.parse_args())))


if __name__ == "__main__":
    main()
