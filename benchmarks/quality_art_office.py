"""Taste carried between art supplies and office products: what the other scene's history adds.

    uv run python benchmarks/quality_art_office.py [--data FOLDER]           # under 40 s
    uv run python benchmarks/quality_art_office.py [--data FOLDER] --full    # all test people
    uv run python benchmarks/quality_art_office.py --ask 60                  # the model as well

Candidates as published (19 drawn by popularity; research-only data, not included), one choice a
scene of every test person, ranked three times: from their history in the same scene, in the other
scene only, and in both. Transfer map and head are learned from 1,500 train people, whose two
choices no source has seen, once as they are and once as if they were new; one head ranks all three.
What the sources say is kept outside the project (``--keep``); without it ``--quick`` ranks, and
fits the head, with 60 people of either kind. nDCG@10; 95% intervals over people.

Its figures stand in docs/research/transfer.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import orjson
import stand_in
from command import CACHE, command
from pydantic import TypeAdapter, ValidationError
from quality import (
    SOURCES,
    Ranked,
    Table,
    Values,
    by_head,
    by_source,
    gated,
    ndcgs,
    open_backtest,
    quiet,
)
from quality_language import ask, kept_scores, shown

from recagent import demo
from recagent.config.settings import Settings
from recagent.domain import Case, Event
from recagent.errors import RecagentError
from recagent.evaluation.data import load_data
from recagent.offline.backtest import ReducedGroup, backtest_examples
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import Example
from recagent.offline.order import stable_hash
from recagent.offline.splits import HeldOutCase, Split
from recagent.scenes.transfer import TransferMap
from recagent.training.head_weights import HeadWeights, fit_base_weights
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import scene_pairs, transfer_choices

DATA = Path(__file__).parents[2] / "shared" / "data" / "art_office"
LEARNED_FROM, FEW = 1500, 60  # people; of either kind without kept scores
HISTORIES = ("same", "other", "both")
PUBLISHED = {"art": (0.485, 0.295, 0.482), "office": (0.405, 0.252, 0.399)}  # BM25
AIMED = 1.25  # of BM25 from the other scene alone
EXAMPLES, LANGUAGE = "examples.json", "language.jsonl"  # in the folder of what is kept


@dataclass(frozen=True)
class Asked:
    """Who is learned from, who is reported, and what may be known for each."""

    learn: Questions
    test: Questions


@dataclass(frozen=True)
class Said:
    """The map, and what the sources say of those who are learned from and, by history, the rest."""

    transfer: TransferMap | None
    learn: list[Example]
    as_new: list[Example]
    test: dict[str, list[Example]]


def asked_of(data: Data, *, people: int = LEARNED_FROM) -> Asked:
    """The last two things, one a scene, of some train people, and the given cases."""
    given = data.case_sets["popular"]
    reported = {case.user_id for case in given}
    by_user: dict[str, list[Event]] = {}
    for event in data.events:
        by_user.setdefault(event.user_id, []).append(event)
    train = sorted(by_user.keys() - reported, key=lambda user: stable_hash("people", 0, user))
    held, taken = [], set[tuple[str, str]]()
    for user in train[:people]:
        *history, one, other = by_user[user]
        met = {event.item_id for event in history}
        for target in (one, other):
            if one.scene != other.scene and target.item_id not in met:
                held.append(
                    HeldOutCase(
                        user_id=user,
                        scene=target.scene,
                        cut=one.at,
                        history=tuple(reversed(history)),
                        judgments={target.item_id: 1},
                    )
                )
            taken.add((user, target.item_id))
    training = [event for event in data.events if (event.user_id, event.item_id) not in taken]
    return Asked(
        learn=make_cases(data, Split(held_out=held, training=training)),
        test=Questions(cases=given, training=data.events),
    )


def of_few(questions: Questions) -> Questions:
    """Those of the first ``FEW`` people by a hash of their ids."""
    people = {case.user_id for case in questions.cases}
    few = set(sorted(people, key=lambda user: stable_hash("few", 0, user))[:FEW])
    return replace(questions, cases=[case for case in questions.cases if case.user_id in few])


def told(questions: Questions, history: str) -> Questions:
    """The questions with the history in the same scene alone; the others are as they are."""
    if history != "same":
        return questions
    own = [
        replace(case, history=tuple(each for each in case.history if each.scene == case.scene))
        for case in questions.cases
    ]
    return replace(questions, cases=own)


async def scored(options: argparse.Namespace, data: Data, asked: Asked) -> Said:
    """What every source says, with the map that was learned first."""
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings_here(), closing)
        pairs = await scene_pairs(backtest.index, asked.learn.training)
        past = await transfer_choices([asked.learn], backtest=backtest, on_progress=quiet)
        backtest = replace(backtest, transfer=fit_transfer(past, scenes=pairs))
        progress = shown if options.full else quiet

        async def said(
            questions: Questions, *, as_group: ReducedGroup | None = None
        ) -> list[Example]:
            questions = questions if options.full else of_few(questions)
            return await backtest_examples(
                [questions], backtest=backtest, as_group=as_group, on_progress=progress
            )

        return Said(
            transfer=backtest.transfer,
            learn=await said(asked.learn),
            as_new=await said(asked.learn, as_group="new here"),
            test={
                history: await said(
                    told(asked.test, history), as_group="new here" if history == "other" else None
                )
                for history in HISTORIES
            },
        )


def kept_of(path: Path) -> Said | None:
    """What the sources said, if it is kept, and by this version."""
    try:
        return TypeAdapter(Said).validate_json(path.read_bytes()) if path.is_file() else None
    except ValidationError:
        return None


def settings_here() -> Settings:
    """The adapter that comes with the package was tuned on films."""
    return demo.settings(model={"keep_hours": 0, "adapter": "none"})


async def asked_model(options: argparse.Namespace, data: Data, said: Said) -> dict[str, Values]:
    """What the model says of choices of each scene and kind; what is kept is not asked again."""
    asked = asked_of(data)
    ranked = {each.case for each in [*said.learn, *said.test["both"]]}
    async with AsyncExitStack() as closing:
        backtest = replace(
            await open_backtest(data, settings_here(), closing), transfer=said.transfer
        )
        spoken: dict[str, Case] = {}
        for each in (asked.learn, asked.test):
            for scene in PUBLISHED:
                own = [case for case in each.cases if case.scene == scene and case.id in ranked]
                spoken |= {case.id: case for case in own[: options.ask]}
        await ask(spoken, backtest, options.keep / LANGUAGE, settings=settings_here())
    return {key: own for key, own in kept_scores(options.keep / LANGUAGE).items() if key in spoken}


def reported(said: Said, spoken: Mapping[str, Values]) -> dict[str, object]:
    """All tables; the figures."""
    learn = [*said.learn, *said.as_new]
    fit = fit_base_weights(learn, sources=SOURCES)
    figures: dict[str, object] = {"cases": len(said.test["both"]), "learned_from": len(said.learn)}
    print(f"{'20 candidates':<30} {'cases':>6} nDCG@10  95%             minus the same scene alone")
    for scene in PUBLISHED:
        here = {
            history: [each for each in found if each.scene == scene]
            for history, found in said.test.items()
        }
        figures |= by_history(scene, here, fit)
    if said.transfer is not None:
        for target, pairs in said.transfer.pairs.items():
            for source, pair in pairs.items():
                print(f"{source} in {target}: {pair}\n    of known people: "
                      f"{said.transfer.known.get(target)}")  # fmt: skip
    if spoken:
        both = said.test["both"]
        scores, people = by_head(both, fit), [each.user_id for each in both]
        fused = ndcgs(both, scores)
        figures |= gated(said.learn, Ranked(both, fit, scores, Table(people), fused), spoken)[1]
    else:
        print("no language scores are kept; make them with --ask CHOICES (seconds each)")
    return figures


def by_history(
    scene: str, here: Mapping[str, Sequence[Example]], fit: HeadWeights
) -> dict[str, object]:
    """One scene's rows and figures."""
    table = Table([each.user_id for each in here["both"]])
    print(f"\n{scene} (published BM25, same / other / both: {PUBLISHED[scene]})")
    for source in ("lexical", "neighbours", "text", "transfer", "factors"):
        for history, cases in here.items():
            table.row(f"{source}, {history}", ndcgs(cases, by_source(cases, source)))
    head = {history: ndcgs(cases, by_head(cases, fit)) for history, cases in here.items()}
    figures: dict[str, object] = {
        f"{scene}_same_ndcg10": table.row("head, same", head["same"]),
        f"{scene}_other_only_ndcg10": table.row("head, other", head["other"]),
        f"{scene}_both_ndcg10": table.row("head, both", head["both"], minus=head["same"]),
    }
    low = table.mean(head["both"] - head["same"])[1]
    print(f"aimed at from the other scene alone: {AIMED * PUBLISHED[scene][1]:.3f}")
    return figures | {f"{scene}_delta_both_minus_same_lower95": round(low, 4)}


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """What is kept or computed, as tables and figures."""
    data = load_data("art_office", path=options.data)
    kept = options.keep / EXAMPLES
    said = None if options.full else kept_of(kept)
    if said is None:
        said = await scored(options, data, asked_of(data))
        if options.full:
            options.keep.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(orjson.dumps(said))
    if options.ask:
        return reported(said, await asked_model(options, data, said))
    return reported(said, kept_scores(options.keep / LANGUAGE))


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: at most 40 s")
    size.add_argument("--full", action="store_true", help="all people; all is computed anew")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--ask",
        type=int,
        default=0,
        help="choices of each scene, of people of either kind, that the model is asked about",
    )
    parser.add_argument("--keep", type=Path, default=CACHE / "benchmark-art-office")
    options = parser.parse_args()
    if options.smoke:
        options.keep = Path(tempfile.mkdtemp())
        options.data = stand_in.art_office(options.keep / "art_office")
    try:
        print(json.dumps(anyio.run(measure, options)))
    except RecagentError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
