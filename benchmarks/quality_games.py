"""LLMRank's Games replayed: every source, the head, and the gate, beside published rows.

    uv run python benchmarks/quality_games.py [--data FOLDER]           # under 40 s
    uv run python benchmarks/quality_games.py [--data FOLDER] --full    # all 6,000 people
    uv run python benchmarks/quality_games.py --full --ask 500          # the language model as well

Candidates as published for 6,000 people of Amazon Video Games (research-only data, not included).
The head learns from 4,000 other people: the last but one of what they took is asked, among 19 games
drawn alike. As with those who are reported, no source has seen what was asked nor what came just
before it, and nobody's last game is used at all. What the sources say is kept outside the project
(``--keep``); without it ``--quick`` is of 400 people of either kind, with it of all. nDCG@10 x 100,
95% intervals over people.

The sequence model is a source where it is there (``--sequence``); with torch it takes five minutes:

    python benchmarks/sequence_games.py --data FOLDER --out FOLDER/OF/MODEL

Its figures stand in docs/research/head.md and docs/research/language-model.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import numpy as np
import orjson
import stand_in
from command import CACHE, command
from pydantic import TypeAdapter, ValidationError
from quality import SOURCES, Table, Values, by_head, gated, ndcgs, open_backtest, quiet, ranked
from quality_language import ask, kept_scores, shown

from recagent import demo
from recagent.domain import Case, Event
from recagent.errors import ConfigError
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_examples
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import Example
from recagent.offline.order import stable_hash
from recagent.retrieval import SequenceModel, load_weights
from recagent.retrieval.sequence_encoder import encode
from recagent.training.head_weights import fit_base_weights

DATA = Path(__file__).parents[2] / "shared" / "data" / "games"
LEARNED_FROM = 4000  # people
FEW = 400  # of either kind, without kept scores
EXAMPLES = TypeAdapter(list[Example])
SEQUENCE = SequenceModel.name
PUBLISHED = {"Pop": 52.96, "BPRMF": 66.27, "SASRec": 75.92, "GPT-3.5, recency": 53.50}


@dataclass(frozen=True)
class Kept:
    """Where what took long is kept; never within the project, since the data are research only."""

    folder: Path

    def examples(self) -> list[Example]:
        """All that are kept."""
        path = self.folder / "examples.json"
        try:
            return EXAMPLES.validate_json(path.read_bytes()) if path.is_file() else []
        except ValidationError:  # of an earlier version
            return []

    def keep(self, examples: Sequence[Example]) -> None:
        """Put these in place of what was kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "examples.json").write_bytes(orjson.dumps(list(examples)))

    @property
    def language(self) -> Path:
        """Where language scores are."""
        return self.folder / "language.jsonl"


async def measure(options: argparse.Namespace) -> dict[str, float | None]:
    """All tables; the figures."""
    kept = Kept(options.keep)
    known = {example.case: example for example in kept.examples()}
    few = not known and not options.full
    data = load_data("games", path=options.data)
    learn, test = (
        sorted(
            data.case_sets[name], key=lambda case: stable_hash("people", 0, case.user_id)
        )[:number]
        for name, number in (("validation", FEW if few else LEARNED_FROM),
                             ("6k", FEW if few else None))
    )  # fmt: skip
    # The adapter that comes with the package was tuned on films.
    settings = demo.settings(model={"keep_hours": 0, "adapter": "none"})
    async with AsyncExitStack() as closing:
        missing = [case for case in [*learn, *test] if case.id not in known]
        if missing or options.ask:
            backtest = await open_backtest(data, settings, closing)
            ids = {case.id for case in missing}
            asked = [
                Questions(cases=[case for case in part if case.id in ids], training=training)
                for part, training in ((learn, without_newest(data, learn)), (test, data.events))
            ]
            found = await backtest_examples(
                asked, backtest=backtest, on_progress=shown if options.full else quiet
            )
            known |= {example.case: example for example in found}
            if options.ask:
                spoken = {case.id: case for case in [*learn[: options.ask], *test[: options.ask]]}
                await ask(spoken, backtest, kept.language, settings=settings)
    unread = [case for case in [*learn, *test] if SEQUENCE not in known[case.id].features[0]]
    if unread and (options.sequence / "weights.npz").is_file():
        known |= {case.id: example for case, example in followed(unread, known, options.sequence)}
        unread = []
    if options.full:
        kept.keep(list(known.values()))
    learned, asked_of = [known[case.id] for case in learn], [known[case.id] for case in test]
    sources = (*SOURCES, *([] if unread else [SEQUENCE]))
    result, ranks = ranked(learned, asked_of, times=100, sources=sources)
    figures: dict[str, float | None] = {**ranks}
    by_place(result.examples, result.scores, result.table)
    if unread:
        made = f"benchmarks/sequence_games.py --out {str(options.sequence)!r}"
        print(f"without the sequence model, which is left out; {made} makes one")
    elif options.full:
        without = ndcgs(asked_of, by_head(asked_of, fit_base_weights(learned, sources=SOURCES)))
        result.table.row("head, - head without sequence", result.head, minus=without)
    for name, value in PUBLISHED.items():
        print(f"published: {name:<19} {6000:>6} {value:>7.2f}")
    figures |= {
        "ndcg10_pop": figures["ndcg10_popularity"],
        "ndcg10_bm25": figures["ndcg10_lexical"],
    }
    spoken = kept_scores(kept.language)
    if spoken:
        figures |= gated(learned, result, spoken)[1]
    else:
        print("no language scores are kept; make them with --full --ask PEOPLE (seconds each)")
        figures |= {"ndcg10_head_llm": None, "delta_gated_lower95": 0.0}
    return figures | {"people": len(test), "learned_from": len(learn)}


def followed(
    cases: Sequence[Case], known: Mapping[str, Example], folder: Path
) -> Iterator[tuple[Case, Example]]:
    """The examples of these cases with what the sequence model in a folder says."""
    weights, vectors = load_weights(folder / "weights.npz"), np.load(folder / "vectors.npy")
    row = {key: at for at, key in enumerate((folder / "items.txt").read_text().split())}
    for case in cases:
        example = known[case.id]
        newest = [row[event.item_id] for event in case.history[: weights.length]]
        person = encode(vectors[newest[::-1]], weights)
        cosines = vectors[[row[key] for key in example.items]] @ person
        both = zip(example.features, cosines, strict=True)
        features = tuple({**said, SEQUENCE: 1.0 + float(cosine)} for said, cosine in both)
        yield case, replace(example, features=features)


def without_newest(data: Data, cases: Sequence[Case]) -> list[Event]:
    """What may be learned from, without the newest event of each of these people."""
    newest = {case.history[0] for case in cases}
    return [event for event in data.events if event not in newest]


def by_place(examples: Sequence[Example], scores: Sequence[Values], table: Table) -> None:
    """The head's nDCG at other places."""
    for k in (1, 5, 20):
        table.row(f"head, @{k}", ndcgs(examples, scores, k=k))


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: at most 40 s")
    size.add_argument("--full", action="store_true", help="all people; what is missing is computed")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--ask", type=int, default=0, help="people of either kind, with --full")
    parser.add_argument("--keep", type=Path, default=CACHE / "benchmark-games")
    sequence = CACHE / "benchmark-games" / "sequence"
    parser.add_argument("--sequence", type=Path, default=sequence, help="folder of the model")
    options = parser.parse_args()
    if options.smoke:
        options.keep = Path(tempfile.mkdtemp())
        options.data = stand_in.games(options.keep / "games")
        options.sequence = options.keep / "sequence"
    try:
        print(json.dumps(anyio.run(measure, options)))
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
