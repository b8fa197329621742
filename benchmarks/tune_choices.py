"""Tries an adapter that learns choices beside rivals, after likelihood, on people it never read.

What it learns of a choice is what was liked, or with ``--teacher neighbours`` what item-kNN says of
all candidates (distillation).

    pip install -e '.[tune]'
    recagent models pull
    python benchmarks/tune_choices.py --out FOLDER --quick        # 10 steps, 10 cases
    python benchmarks/tune_choices.py --out FOLDER --full         # --steps 400: the first of them

Goes on from the package's adapter (``--from`` for another), on the same people that
``tune_films.py`` reads: four fifths of the half that is never reported. The others are asked: each
one's last two choices that are not ``fit``'s, among 20 candidates, before and after. Test people
are not touched. What is learned lies in FOLDER as ``choices.gguf``, every 25 steps anew; a run that
was stopped goes on from there, with fresh moments of Adam. The last line is one JSON object.

Its figures stand in docs/research/tuning.md.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from choices import (
    Beginnings,
    ChoiceLearner,
    Choices,
    Rivals,
    Teacher,
    choices,
    liked_one,
    read_gguf,
)
from command import command, folder_for
from quality import Table, Values

from recagent import bootstrap, demo, prompts
from recagent.config.service_sections import EngineSettings
from recagent.domain import Case, Item
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_questions
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash
from recagent.offline.splits import is_among, split
from recagent.prompts import Prompt, caption
from recagent.training.adapters.gguf import write_gguf
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.training_texts import batches
from recagent.training.adapters.tune import CANDIDATES
from recagent.training.adapters.tuning_choices import likes_of, person_prompt
from recagent.training.gates import ndcg
from recagent.training.head_weights import fold_of

PASSES = 2
SAVED = 25  # steps
SIZE = 8  # choices on one list
SHARP = 1.2  # of the neighbours' cosines: fitted to 1,267 choices of those who are read
QUICK, SMOKE = (10, 10), (1, 2)  # steps, cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Whom is read, and who is asked.

    Attributes:
        read: what people of four folds liked, oldest first.
        cases: choices of the others.
        likes: of every item by all of them, the cases' own choices left out.
    """

    data: Data
    read: dict[str, Sequence[Item]]
    cases: Sequence[Case]
    likes: Counter[str]


def studied() -> Study:
    """Of the bundled ratings, the half that is never reported."""
    data = load_data("demo")
    training = split(data, people="test").training
    own = replace(data, events=[e for e in training if is_among(e.user_id, "validation")])
    asked = backtest_questions(own, candidates=CANDIDATES, passes=PASSES)
    items = {item.id: item for item in data.items}
    read = likes_of(asked[0].training, items, data.scale)
    known = likes_of(asked[-1].training, items, data.scale)
    cases = [case for each in asked for case in each.cases if not fold_of(case.user_id)]
    return Study(
        data=data,
        read={key: liked for key, liked in read.items() if fold_of(key) and len(liked) > 1},
        cases=sorted(cases, key=lambda case: stable_hash("choices", 0, case.id)),
        likes=Counter(item.id for liked in known.values() for item in liked),
    )


class Neighbours:
    """A teacher: item-kNN's probabilities, by what the list shows.

    The person's own likes are left out of what it counts of the item that they liked.
    """

    def __init__(self, likes: Mapping[str, Sequence[Item]]) -> None:
        """Counts who liked what, and what together."""
        ids = sorted({item.id for liked in likes.values() for item in liked})
        self._column = {key: at for at, key in enumerate(ids)}
        liked = np.zeros((len(likes), len(ids)), dtype=np.float32)
        for row, own in enumerate(likes.values()):
            liked[row, [self._column[item.id] for item in own]] = 1.0
        self._together, self._alone = liked.T @ liked, liked.sum(axis=0)

    def __call__(self, before: Sequence[Item], candidates: Sequence[Item]) -> list[float]:
        """Softmax of ``SHARP`` times the logarithm of the mean cosine to what was liked before."""
        known = [self._column[item.id] for item in before]
        asked = [self._column[item.id] for item in candidates]
        own = np.zeros(len(asked), dtype=np.float32)
        own[0] = 1.0
        alone = np.maximum(self._alone[asked] - own, 1.0)
        both = self._together[np.ix_(known, asked)] - own
        near = both / np.sqrt(np.maximum(self._alone[known] - 1.0, 1.0)[:, None] * alone)
        said = (near.mean(axis=0) + 1e-3) ** SHARP
        return (said / said.sum()).tolist()


def lists(
    study: Study,
    learner: Learner,
    prompt: Prompt,
    *,
    teacher: Teacher,
    rivals: int,
    epoch: int,
) -> list[Choices]:
    """Everybody's choices once, with rivals that are this epoch's own."""
    chance = random.Random(epoch)
    captions = (learner.tokens(f" {caption(item)}\n") for item in study.data.items)
    return [
        *choices(
            [*study.read.values()],
            prompt=prompt,
            tokenize=learner.tokens,
            rivals=Rivals(study.read, chance=chance),
            teacher=teacher,
            beginnings=Beginnings(dict.fromkeys(captions)),
            number=rivals,
            size=SIZE,
            chance=chance,
        )
    ]


def asked(study: Study, learner: Learner, prompt: Prompt, cases: Sequence[Case]) -> Values:
    """(cases,) nDCG@10 of the model's order."""
    items = {item.id: item for item in study.data.items}
    gains = list[float]()
    for case in cases:
        prefix = person_prompt(case, items, study.data.scale, prompt)
        said = learner.likelihoods(prefix, [f" {caption(items[key])}\n" for key in case.item_ids])
        gains.append(ndcg(np.asarray(said), _chosen(case)))
    return np.asarray(gains)


def _chosen(case: Case) -> int:
    return case.item_ids.index(next(iter(case.judgments)))


def popular(study: Study, cases: Sequence[Case]) -> Values:
    """(cases,) nDCG@10 of the order of popularity."""
    counts = [np.asarray([float(study.likes[key]) for key in case.item_ids]) for case in cases]
    return np.asarray([ndcg(own, _chosen(case)) for own, case in zip(counts, cases, strict=True)])


def learn(
    study: Study, learner: ChoiceLearner, prompt: Prompt, options: argparse.Namespace
) -> None:
    """All epochs' choices, or what is left of them; what is learned is kept on the way."""
    teacher = Neighbours(study.read) if options.teacher == "neighbours" else liked_one
    steps = [
        batch
        for epoch in range(options.epochs)
        for batch in batches(
            lists(study, learner, prompt, teacher=teacher, rivals=options.rivals, epoch=epoch),
            size=options.batch,
            chance=random.Random(epoch),
        )
    ]
    few = SMOKE if options.smoke else QUICK
    steps = steps[: options.steps or None] if options.full else steps[: few[0]]
    began, losses = time.monotonic(), list[float]()
    for number in range(_done(options.out), len(steps)):
        losses.append(learner.choose(steps[number], steps=len(steps)))
        if (number + 1) % SAVED == 0 or number + 1 == len(steps):
            save(learner, options.out, step=number + 1)
            spent, loss = time.monotonic() - began, np.mean(losses[-4 * SAVED :])
            print(f"{spent:6.0f} s  step {number + 1} of {len(steps)}, {loss:.3f} nats", flush=True)


def save(learner: Learner, folder: Path, *, step: int) -> None:
    """The adapter as one file, and how many steps it has had."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        learner.save(Path(scratch))
        file = Path(scratch) / "choices.gguf"
        write_gguf(Path(scratch), heads=learner.heads, key_heads=learner.key_heads, to=file)
        file.replace(folder / "choices.gguf")
    (folder / "step").write_text(str(step), encoding="utf-8")


def _done(folder: Path) -> int:
    file = folder / "step"
    return int(file.read_text(encoding="utf-8")) if file.exists() else 0


def main() -> None:
    """Learn, and ask both adapters about the same choices."""
    parser = command(__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="the default: that it runs, no figure")
    length.add_argument("--full", action="store_true", help="all choices and cases: an hour or two")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="start", type=Path, help="an adapter of rank 8")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="at most; 0 for all")
    parser.add_argument("--teacher", choices=("liked", "neighbours"), default="liked")
    parser.add_argument("--rivals", type=int, default=7)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=2, help="lists at a time")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out = folder_for(options)
    own = bootstrap.adapter(demo.settings(), EngineSettings())
    weights, start = bootstrap.find_weights(), options.start or own
    if weights is None or start is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    options.out.mkdir(parents=True, exist_ok=True)
    learner = ChoiceLearner(weights, LoraSettings(rate=options.rate, threads=options.threads))

    def take(file: Path, steps: int) -> None:
        matrices = read_gguf(file, heads=learner.heads, key_heads=learner.key_heads)
        learner.take(matrices, steps=steps)

    study, prompt = studied(), prompts.load("rerank", "likelihood")
    done = _done(options.out)
    take(options.out / "choices.gguf" if done else start, done)
    learn(study, learner, prompt, options)
    few = SMOKE if options.smoke else QUICK
    cases = study.cases if options.full else study.cases[: few[1]]
    after = asked(study, learner, prompt, cases)
    take(start, 0)
    before, plain = asked(study, learner, prompt, cases), popular(study, cases)
    table = Table([case.user_id for case in cases])
    figures = {
        "popularity": table.row("popularity", plain),
        "before": table.row("before, minus popularity", before, minus=plain),
        "after": table.row("after, minus popularity", after, minus=plain),
    }
    table.row("after, minus before", after, minus=before)
    print(json.dumps(figures | {"cases": len(cases)}))


if __name__ == "__main__":
    main()
