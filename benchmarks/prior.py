"""The prior's weights: learned on several data sets at once, and tried on those it never saw.

    uv run python benchmarks/prior.py --people 1200 --write    # recagent/ranking/prior.json
    uv run python benchmarks/prior.py --learn FOLDER FOLDER    # with more sets; half an hour

It learns from the bundled films (MIT) and from folders, projects of recagent that
``eval/suites/recipes.py`` writes: ``anime`` (CC0) and ``steam`` (ODbL 1.0). What is only tried
(``--movielens WHEEL``, ``--games FOLDER``, ``--art-office FOLDER``: for research alone) teaches
nothing.

Of every set the choices of ``--people`` are learned from, each set as one group of a
conditional logit, so that the weights are what the sets share. ``factors`` and ``sequence`` are
left out: they need vectors that a fit writes. Each set that is learned from is tried with weights
of the others alone. nDCG@10 of test people, in the whole scene and among 20, beside the fixed
weights of ``retrieval.fusion`` and the best single source of each row; differences are paired, 95%
intervals over people. The last line is one JSON object.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import numpy as np
from command import command, few_people
from pydantic import TypeAdapter
from quality import SERVED, Table, by_fusion, by_source, ndcgs, open_backtest, quiet

from recagent import bootstrap, demo
from recagent.domain import Group
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_examples, backtest_questions
from recagent.offline.data_set import Data
from recagent.offline.examples import Example, RetrievalOptions
from recagent.offline.splits import split
from recagent.ranking import GroupTestResult, Head
from recagent.ranking import prior as shipped
from recagent.ranking.head import columns
from recagent.retrieval import Factors, SequenceModel
from recagent.training.head_weights import fit_base_weights

PEOPLE, FEW = 600, 200
OWN = (Factors.name, SequenceModel.name)  # of a fit
SOURCES = tuple(name for name in bootstrap.SOURCES if name not in OWN)
VERSION = 1
FILE = Path(shipped.__file__).with_name(shipped.FILE)
LICENCES = {"films": "MIT", "anime": "CC0", "steam": "ODbL 1.0"}  # others may not teach
ROWS = ("20 candidates", "known", "new here", "few likes")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Past choices of a data set: to learn from, and of test people to try weights on."""

    learn: Sequence[Example]
    learn_few: Sequence[Example]
    test: Mapping[str, Sequence[Example]]


async def choices_of(data: Data, *, people: int) -> Choices:
    """The choices; what test people chose last is not among what is learned from."""
    retrieval = RetrievalOptions(weights=SERVED.weights, limit=SERVED.limit, width=SERVED.limit)
    known = replace(data, events=split(data, people="test").training)
    learn = backtest_questions(known, passes=2, most=people)
    whole = backtest_questions(data, people="test", passes=1, most=people)
    twenty = backtest_questions(data, people="test", passes=1, most=people, candidates=20)
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, demo.settings(), closing)
        ask = partial(backtest_examples, backtest=backtest, on_progress=quiet)
        plain = await ask(learn, retrieval=retrieval)
        as_new = await ask(learn, retrieval=retrieval, as_group="new here")
        reduced = await ask(learn[:1], retrieval=retrieval, as_group="few likes")
        test = {
            "20 candidates": await ask(twenty),
            "known": await ask(whole, retrieval=retrieval),
            "new here": await ask(whole, retrieval=retrieval, as_group="new here"),
            "few likes": await ask(whole, retrieval=retrieval, as_group="few likes"),
        }
    few = [example for example in [*plain, *reduced] if example.group == "few likes"]
    return Choices(learn=[*plain, *as_new], learn_few=few, test=test)


def weights_of(sets: Mapping[str, Sequence[Example]]) -> tuple[float, ...]:
    """What the sets share: each is one group, whatever its scenes."""
    together = [replace(each, scene=name) for name, found in sets.items() for each in found]
    return fit_base_weights(together, sources=SOURCES).shared


def head_of(sets: Mapping[str, Choices]) -> Head:
    """The prior of these sets; it says of no group yet how it does."""
    ranks = GroupTestResult(unserved="")
    groups: tuple[Group, ...] = ("known", "new here", "few likes")
    return Head(
        name=f"prior-{VERSION}",
        tested=dict.fromkeys(groups, ranks),
        sources=SOURCES,
        shared=weights_of({name: each.learn for name, each in sets.items()}),
        scenes={},
        few_shared=weights_of({name: each.learn_few for name, each in sets.items()}),
    )


def try_on(name: str, choices: Choices, head: Head) -> dict[str, list[float]]:
    """Print how a head does on a set that it did not learn from; the figures."""
    figures: dict[str, list[float]] = {}
    for row in ROWS:
        examples = choices.test[row]
        if not examples:
            continue
        weights = np.asarray(head.few_shared if row == "few likes" else head.shared)
        prior = ndcgs(
            examples,
            [columns(e.features, sources=SOURCES, cold=e.cold) @ weights for e in examples],
        )
        served = [-np.arange(len(e.items), dtype=float) for e in examples]
        fixed = ndcgs(examples, by_fusion(examples) if row == "20 candidates" else served)
        alone = {source: ndcgs(examples, by_source(examples, source)) for source in SOURCES}
        best = max(alone, key=lambda source: float(alone[source].mean()))
        table = Table([example.user_id for example in examples])
        print(f"\n{name}, {row}; the best single source is {best}")
        table.row("prior, - best single source", prior, minus=alone[best])
        table.row("fixed weights, - best", fixed, minus=alone[best])
        table.row("prior, - fixed weights", prior, minus=fixed)
        over_best, over_fixed = table.mean(prior - alone[best]), table.mean(prior - fixed)
        figures[row] = [round(value, 4) for value in (prior.mean(), *over_best, *over_fixed)]
    return figures


def sets_of(options: argparse.Namespace) -> tuple[dict[str, Data], dict[str, Data]]:
    """The data to learn from, and those to try alone."""
    small = partial(few_people, smoke=options.smoke)
    learn = {"films": small(load_data("demo"))}
    learn |= {folder.name: small(load_data("config", path=folder)) for folder in options.learn}
    paths = {"movielens": options.movielens, "games": options.games,
             "art_office": options.art_office}  # fmt: skip
    return learn, {name: small(load_data(name, path=path)) for name, path in paths.items() if path}


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """The table, and the file."""
    people = FEW if options.smoke else options.people
    learn, beside = sets_of(options)
    if options.write and (unlicensed := learn.keys() - LICENCES.keys()):
        raise SystemExit(f"not written: no licence is known of {', '.join(sorted(unlicensed))}")
    sets = {name: await choices_of(data, people=people) for name, data in learn.items()}
    figures: dict[str, object] = {}
    for name, choices in sets.items():
        others = {other: each for other, each in sets.items() if other != name}
        if others:
            figures[name] = try_on(name, choices, head_of(others))
    head = head_of(sets)
    for name, data in beside.items():
        figures[name] = try_on(name, await choices_of(data, people=people), head)
    for number, source in enumerate(SOURCES):
        pair = [round(weight, 2) for weight in head.shared[2 * number : 2 * number + 2]]
        print(f"{source}: {pair} of the score and its logarithm")
    if options.write:
        files = {name: data.fingerprint[:12] for name, data in learn.items()}
        made = {"learned by": "benchmarks/prior.py", "choices": ", ".join(
            f"{len(each.learn)} of {name} ({files[name]})" for name, each in sets.items()
        ), "licences": ", ".join(f"{name} {LICENCES[name]}" for name in sets)}  # fmt: skip
        text = TypeAdapter(Head).dump_json(replace(head, told=made), indent=1)
        FILE.write_bytes(text + b"\n")
        print(f"{FILE.name} {hashlib.blake2b(text, digest_size=6).hexdigest()}")
    return figures


def main() -> None:
    """Measure, print, write."""
    parser = command(__doc__)
    parser.add_argument("--learn", type=Path, nargs="*", default=[], help="folders to learn from")
    parser.add_argument("--people", type=int, default=PEOPLE, help="of each set, at most")
    parser.add_argument("--movielens", type=Path, help="tried alone: RecBole's wheel")
    parser.add_argument("--games", type=Path, help="tried alone: its folder")
    parser.add_argument("--art-office", type=Path, help="tried alone: its folder")
    parser.add_argument("--write", action="store_true", help="write the package's file")
    print(json.dumps(anyio.run(measure, parser.parse_args())))


if __name__ == "__main__":
    main()
