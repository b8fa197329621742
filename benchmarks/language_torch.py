"""What the package's tuned model says of the films benchmark's cases, by torch, not its engine.

    python benchmarks/language_torch.py --out benchmarks/kept/movietweetings.jsonl

The embedded engine asks token by token, seconds a person; torch (the extra ``tune``) reads all 20
candidates at once. Weights are the same, the engine's activations have eight bits: scores differ by
a third of a nat on average. Goes on where it was stopped. ``quality_movietweetings.py --full``
asks the engine itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
from quality import Table, Values
from quality_language import kept_scores, shown

from recagent import prompts, wiring
from recagent.evaluation.cases import make_cases
from recagent.evaluation.data import load_data
from recagent.evaluation.order import hashed
from recagent.evaluation.splits import split
from recagent.learning.gating import ndcg
from recagent.learning.past import past
from recagent.prompts import caption
from recagent.sections import EngineSettings
from recagent.settings import Settings
from recagent.tuning.asked import told
from recagent.tuning.gguf import read_gguf
from recagent.tuning.lora import Learner, LoraSettings
from recagent.types import Case


def main() -> None:
    """Ask about what is not kept yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--untuned", action="store_true", help="the model as it was")
    parser.add_argument("--against", type=Path, help="scores to compare these with, test people")
    options = parser.parse_args()
    settings, engine = Settings(data_dir=Path("nowhere")), EngineSettings()
    weights, adapter = wiring.find_weights(), wiring.adapter(settings, engine)
    if weights is None or adapter is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    learner = Learner(weights, LoraSettings(threads=options.threads))
    if not options.untuned:
        learner.take(read_gguf(adapter, heads=learner.heads, key_heads=learner.key_heads))
    data = load_data("demo")
    test = make_cases(data, split(data, people="test"))
    events = replace(data, events=test.training)
    (asked,) = past(events, people="validation", candidates=20, passes=1)
    both = sorted([*asked.cases, *test.cases], key=lambda case: hashed("ask", 0, case.id))
    items = {item.id: item for item in data.items}
    prompt = prompts.load("rerank", "likelihood")
    known = kept_scores(options.out)
    missing = [case for case in both if case.id not in known]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("ab") as file:
        for done, case in enumerate(missing, start=1):
            prefix = told(case, items, data.scale, prompt)
            texts = [f" {caption(items[key])}\n" for key in case.item_ids]
            scores = [float(f"{score:.5g}") for score in learner.likelihoods(prefix, texts)]
            file.write(orjson.dumps([case.id, *scores]) + b"\n")
            file.flush()
            shown(done, len(missing))
    if options.against:
        compare(test.cases, kept_scores(options.out), kept_scores(options.against))


def compare(cases: Sequence[Case], own: Mapping[str, Values], other: Mapping[str, Values]) -> None:
    """Print nDCG@10 of both on the cases that both have."""
    those = [case for case in cases if case.id in own and case.id in other]
    places = [case.item_ids.index(next(iter(case.judgments))) for case in those]
    both = [
        np.asarray([ndcg(said[c.id], place) for c, place in zip(those, places, strict=True)])
        for said in (own, other)
    ]
    table = Table([case.user_id for case in those])
    table.row("the other", both[1])
    table.row("this one, - the other", both[0], minus=both[1])


if __name__ == "__main__":
    main()
