"""Tries an adapter that learns the label of what was liked, few candidates before many.

    pip install -e '.[tune]'
    recagent models pull
    python benchmarks/tune_labels.py --out FOLDER --quick        # 6 steps, 10 cases
    python benchmarks/tune_labels.py --out FOLDER --full         # --steps 240, half an hour

Goes on from the package's adapter, which learned the likelihood of liked items, and reads and asks
the same people as ``tune_choices.py``; test people are not touched. A text is the prompt ``label``
of one liked item among others of its scene, drawn in proportion to popularity and shuffled; its
letter alone is learned. A third of the steps has four candidates, a third eight, a third twenty.
The last line is one JSON object.

Its figures stand in docs/research/tuning.md.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from choices import ChoiceLearner, Rivals, read_gguf
from command import command, folder_for
from quality import Table, Values
from tune_choices import SAVED, Study, popular, save, studied

from recagent import bootstrap, demo, prompts
from recagent.config.service_sections import EngineSettings
from recagent.domain import Case, Item
from recagent.ports import Message
from recagent.prompts import Prompt
from recagent.ranking import HISTORY
from recagent.ranking.scoring.label import LABELS
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.training_texts import TrainingText, batches
from recagent.training.adapters.tuning_choices import likes_of
from recagent.training.gates import ndcg

STAGES = (4, 8, 20)  # candidates
QUICK, SMOKE = (6, 10), (3, 2)  # steps, cases


def chat(messages: Sequence[Message]) -> str:
    """As the model's template has it (ChatML), up to where it is to answer."""
    turns = (f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in messages)
    return "".join([*turns, "<|im_start|>assistant\n"])


def told(prompt: Prompt, scene: str, liked: Sequence[Item], offered: Sequence[Item]) -> str:
    """The prompt about a person who declared nothing."""
    labelled = [*zip(LABELS, offered, strict=False)]
    inputs = {"scene": scene, "interests": (), "wish": "", "liked": liked[-HISTORY:]}
    return chat(prompt.chat(**inputs, candidates=labelled))


def texts(
    study: Study, learner: Learner, prompt: Prompt, *, candidates: int, number: int
) -> Iterator[TrainingText]:
    """Some likes, each beside others that are drawn, all shuffled."""
    chance = random.Random(candidates)
    draw = Rivals(study.read, chance=chance)
    places = [(liked, at) for liked in study.read.values() for at in range(1, len(liked))]
    for liked, at in chance.sample(places, number):
        item, met = liked[at], {each.id for each in liked}
        offered = [item, *draw(item.scene, number=candidates - 1, met=met)]
        chance.shuffle(offered)
        prefix = learner.tokens(told(prompt, item.scene, liked[:at], offered))
        letter = learner.tokens(LABELS[offered.index(item)])
        yield TrainingText(tokens=(*prefix, *letter), learned=(len(prefix),))


def learn(study: Study, learner: Learner, prompt: Prompt, options: argparse.Namespace) -> None:
    """All stages, the same number of steps each."""
    few = SMOKE if options.smoke else QUICK
    number = (options.steps if options.full else few[0]) // len(STAGES) * options.batch
    steps = [
        batch
        for candidates in STAGES
        for batch in batches(
            [*texts(study, learner, prompt, candidates=candidates, number=number)],
            size=options.batch,
            chance=random.Random(candidates),
        )
    ]
    began, losses = time.monotonic(), list[float]()
    for at, step in enumerate(steps, start=1):
        losses.append(learner.step(step, steps=len(steps)))
        if at % SAVED == 0 or at == len(steps):
            save(learner, options.out, step=at)
            spent, loss = time.monotonic() - began, np.mean(losses[-SAVED:])
            print(f"{spent:6.0f} s  step {at} of {len(steps)}, {loss:.3f} nats", flush=True)


def asked(study: Study, learner: Learner, prompt: Prompt, cases: Sequence[Case]) -> Values:
    """(cases,) nDCG@10 of the order of the letters' probabilities."""
    items = {item.id: item for item in study.data.items}
    gains = list[float]()
    for case in cases:
        liked = likes_of(case.history[::-1], items, study.data.scale).get(case.user_id, ())
        offered = [items[key] for key in case.item_ids]
        said = learner.likelihoods(told(prompt, case.scene, liked, offered), LABELS[: len(offered)])
        gains.append(ndcg(np.asarray(said), case.item_ids.index(next(iter(case.judgments)))))
    return np.asarray(gains)


def main() -> None:
    """Learn, and ask before and after about the same choices."""
    parser = command(__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="the default: that it runs, no figure")
    length.add_argument("--full", action="store_true", help="all steps and cases")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out = folder_for(options)
    weights = bootstrap.find_weights()
    start = bootstrap.adapter(demo.settings(), EngineSettings())
    if weights is None or start is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    options.out.mkdir(parents=True, exist_ok=True)
    learner = ChoiceLearner(weights, LoraSettings(rate=options.rate, threads=options.threads))
    learner.take(read_gguf(start, heads=learner.heads, key_heads=learner.key_heads))
    study, prompt = studied(), prompts.load("rerank", "label")
    few = SMOKE if options.smoke else QUICK
    cases = study.cases if options.full else study.cases[: few[1]]
    table = Table([case.user_id for case in cases])
    plain = popular(study, cases)
    before = asked(study, learner, prompt, cases)
    figures = {
        "popularity": table.row("popularity", plain),
        "before": table.row("before, minus popularity", before, minus=plain),
    }
    learn(study, learner, prompt, options)
    after = asked(study, learner, prompt, cases)
    figures["after"] = table.row("after, minus popularity", after, minus=plain)
    table.row("after, minus before", after, minus=before)
    print(json.dumps(figures | {"cases": len(cases)}))


if __name__ == "__main__":
    main()
