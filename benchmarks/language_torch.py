"""What the package's tuned model says of the films benchmark's cases, by torch, not its engine.

    python benchmarks/language_torch.py --out benchmarks/kept/movietweetings.jsonl
    python benchmarks/language_torch.py --out FILE --untuned --similar --people validation

The embedded engine asks token by token, seconds a person; torch (the extra ``tune``) reads all 20
candidates at once. Weights are the same, the engine's activations have eight bits: scores differ by
a third of a nat on average. Goes on where it was stopped. ``quality_movietweetings.py --full``
asks the engine itself. With ``--similar`` the prompt tells what people who liked the same liked of
the candidates. nDCG@10 is printed of either half beside popularity, and of ``--against``.

Its figures stand in docs/research/language-model.md and docs/research/tuning.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import orjson
from choices import ChoiceLearner, read_gguf
from command import command, folder_for
from quality import Table, Values, by_source, ndcgs, open_backtest, quiet
from quality_language import kept_scores, shown

from recagent import bootstrap, demo, prompts
from recagent.config.service_sections import EngineSettings
from recagent.domain import Candidate, Case
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_examples, backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import Example
from recagent.offline.order import stable_hash
from recagent.offline.splits import split
from recagent.prompts import Prompt, caption
from recagent.ranking import HISTORY
from recagent.ranking.prompt_inputs import prompt_inputs
from recagent.training.adapters.lora import LoraSettings


async def asked_of(
    data: Data, questions: Sequence[Questions], prompt: Prompt
) -> tuple[dict[str, Example], dict[str, str]]:
    """What the sources say of every case's candidates, and what a model reads, by case."""
    settings = demo.settings()
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        examples = {
            example.case: example
            for example in await backtest_examples(questions, backtest=backtest, on_progress=quiet)
        }
        read: dict[str, str] = {}
        for case in (case for each in questions for case in each.cases):
            items, example = await backtest.index.items(case.scene), examples[case.id]
            inputs = prompt_inputs(
                prompt.front.inputs,
                await backtest.query(case),
                candidates=[
                    Candidate(item=items[key], features=features)
                    for key, features in zip(example.items, example.features, strict=True)
                ],
                lang="en",
                history=HISTORY,
                scenes={},
            )
            read[case.id] = prompt.text(**inputs)
    return examples, read


def main() -> None:
    """Ask about what is not kept yet."""
    parser = command(__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--untuned", action="store_true", help="the model as it was")
    parser.add_argument("--similar", action="store_true", help="what similar people liked is told")
    parser.add_argument("--people", choices=("validation", "test", "both"), default="both")
    parser.add_argument("--against", type=Path, help="scores to compare these with")
    options = parser.parse_args()
    if options.out is None:
        options.out = folder_for(options) / "scores.jsonl"
    settings, engine = demo.settings(), EngineSettings()
    weights, adapter = bootstrap.find_weights(), bootstrap.adapter(settings, engine)
    if weights is None or adapter is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    learner = ChoiceLearner(weights, LoraSettings(threads=options.threads))
    if not options.untuned:
        learner.take(read_gguf(adapter, heads=learner.heads, key_heads=learner.key_heads))
    data = load_data("demo")
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    (asked,) = backtest_questions(events, people="validation", candidates=20, passes=1)
    halves = {"validation": asked, "test": test}
    if options.people != "both":
        halves = {options.people: halves[options.people]}
    if options.smoke:
        halves = {name: replace(half, cases=half.cases[:2]) for name, half in halves.items()}
    prompt = prompts.load("rerank", "likelihood_similar" if options.similar else "likelihood")
    examples, read = anyio.run(asked_of, data, list(halves.values()), prompt)
    items = {item.id: item for item in data.items}
    known = kept_scores(options.out)
    every = [case for half in halves.values() for case in half.cases]
    missing = [
        case
        for case in sorted(every, key=lambda case: stable_hash("ask", 0, case.id))
        if case.id not in known
    ]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("ab") as file:
        for done, case in enumerate(missing, start=1):
            texts = [f" {caption(items[key])}\n" for key in case.item_ids]
            said = learner.likelihoods(read[case.id], texts)
            scores = [float(f"{score:.5g}") for score in said]
            file.write(orjson.dumps([case.id, *scores]) + b"\n")
            file.flush()
            shown(done, len(missing))
    other = kept_scores(options.against) if options.against else {}
    for name, half in halves.items():
        print(name)
        compare(half.cases, examples, kept_scores(options.out), other)


def compare(
    cases: Sequence[Case],
    examples: Mapping[str, Example],
    own: Mapping[str, Values],
    other: Mapping[str, Values],
) -> None:
    """Print nDCG@10 beside popularity, and beside other scores of the cases that have some."""
    found = [examples[case.id] for case in cases]
    table = Table([example.user_id for example in found])
    popular = ndcgs(found, by_source(found, "popularity"))
    table.row("popularity", popular)
    table.row("neighbours", ndcgs(found, by_source(found, "neighbours")), minus=popular)
    said = ndcgs(found, [own[example.case] for example in found])
    table.row("this model, - popularity", said, minus=popular)
    rows = [at for at, example in enumerate(found) if example.case in other]
    if rows:
        those = [found[at] for at in rows]
        against = ndcgs(those, [other[example.case] for example in those])
        table.of(rows).row("this model, - the other", said[rows], minus=against)


if __name__ == "__main__":
    main()
