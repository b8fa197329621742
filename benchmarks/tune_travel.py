"""Tunes on some scenes and asks in others: does what a model learns of taste travel?

    pip install -e '.[tune]'
    recagent models pull
    python benchmarks/tune_travel.py                    # --quick: a few steps, that it runs
    python benchmarks/tune_travel.py --full

Bundled films. Likes are read of the half of the people that is never reported, in four genres;
test people are asked about their last choice where it lies in one of the five others. All is
trained as ``recagent tune`` does it, two epochs, and nothing is chosen in the light of what is
asked. Few are fifty people whose likes in the targets are read; alone they are read six times.
The last line is one JSON object.

Its figures stand in docs/research/tuning.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from command import command
from quality import Table, Values, quiet

from recagent import bootstrap, prompts
from recagent.domain import Language
from recagent.evaluation.data import load_data
from recagent.offline.cases import make_cases
from recagent.offline.splits import is_among, split
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.routes import Route, SceneSlice
from recagent.training.adapters.tune import readable_likes, train_epochs
from recagent.training.adapters.tuning_choices import (
    Likes,
    choice_ndcgs,
    likes_of,
    popularity_ndcgs,
    tuning_choices,
)

GENRES = ("crime_thriller", "scifi_fantasy", "romance_musical", "animation_family")
OTHERS = ("horror", "comedy", "documentary", "drama", "action_adventure")
SOURCES = [SceneSlice(scene=genre) for genre in GENRES]
TARGETS = [SceneSlice(scene=genre) for genre in OTHERS]
SHOTS = 50
QUICK = (2, 2)  # people who are read, choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is read, and how; the first of ``langs`` is also what is asked in."""

    sources: Sequence[SceneSlice] = ()
    shots: int = 0
    settings: LoraSettings = field(default_factory=LoraSettings)
    langs: Sequence[Language] = ("en",)


_SOURCES = Training(sources=SOURCES, settings=LoraSettings(epochs=2))
_FEW = Training(shots=SHOTS, settings=LoraSettings(epochs=6, left_out=0.0))
TRAININGS = {
    "few alone": _FEW,
    "  a tenth left out": replace(_FEW, settings=replace(_FEW.settings, left_out=0.1)),
    "  half left out": replace(_FEW, settings=replace(_FEW.settings, left_out=0.5)),
    "  reworded (Chinese in turn)": replace(_FEW, langs=("en", "zh")),
    "sources": _SOURCES,
    "sources and few": replace(_SOURCES, shots=SHOTS),
}
AGAINST = {  # what each is compared with
    "few alone": "untuned",
    "  a tenth left out": "few alone",
    "  half left out": "few alone",
    "  reworded (Chinese in turn)": "few alone",
    "sources": "untuned",
    "sources and few": "few alone",
}


def trained(training: Training, likes: Likes, *, threads: int) -> Learner:
    """A model that has read what the training says, or the untuned one if that is nothing."""
    weights = bootstrap.find_weights()
    if weights is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    settings = replace(training.settings, threads=threads)
    learner = Learner(weights, settings)
    route = Route(sources=training.sources, targets=TARGETS, shots=training.shots)
    read = readable_likes(likes, route)
    print(f"{sum(map(len, read))} likes of {len(read)} people", flush=True)
    if read:
        worded = [prompts.load("rerank", "likelihood", lang=lang) for lang in training.langs]
        for _ in train_epochs(learner, read, worded, settings, quiet):
            pass
    return learner


def main() -> None:
    """Train each way, ask, and print."""
    parser = command(__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="the default: that it runs, no figure")
    length.add_argument("--full", action="store_true", help="all likes and choices: an hour")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    data = load_data("demo")
    test = make_cases(data, split(data, people="test"), candidates=20)
    items = {item.id: item for item in data.items}
    prompt = prompts.load("rerank", "likelihood")
    choices = tuning_choices(
        test.cases, items=items, scale=data.scale, prompt=prompt, route=Route(targets=TARGETS)
    )
    own = [event for event in test.training if is_among(event.user_id, "validation")]
    likes = likes_of(own, items, data.scale)
    if not options.full:
        choices, likes = choices[: QUICK[1]], dict(islice(likes.items(), QUICK[0]))
    table = Table([choice.user_id for choice in choices])
    found: dict[str, Values] = {"popularity": popularity_ndcgs(choices, likes)}
    figures = {"popularity": table.row("popularity", found["popularity"])}
    began = time.monotonic()
    for name, training in {"untuned": Training(), **TRAININGS}.items():
        learner = trained(training, likes, threads=options.threads)
        found[name] = np.asarray([*choice_ndcgs(choices, learner)])
        rival = AGAINST.get(name, "popularity")
        figures[name.strip()] = table.row(
            f"{name}, - {rival}"[:44], found[name], minus=found[rival]
        )
    table.row("sources, - popularity", found["sources"], minus=found["popularity"])
    print(f"{time.monotonic() - began:.0f} s")
    print(json.dumps(figures | {"choices": len(choices), "people_read": len(likes)}))


if __name__ == "__main__":
    main()
