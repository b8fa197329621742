"""The transfer map of the bundled film scenes: learned on half of the people, tried on the rest.

    uv run python benchmarks/transfer_map.py            # in brief, under 40 s
    uv run python benchmarks/transfer_map.py --full     # beside a map in which all pairs are alike

Half of the people, by a hash of their id, are learned from; the other half is only reported. The
last twelve choices of each person are asked in turn, as ``recagent fit`` does, among 19 other films
of the scene drawn by popularity.
A pair of scenes is tried as if everybody were new in the target: what likes in the source alone add
to popularity, in log likelihood (nats a choice) and nDCG@10. 95% intervals over people.

Its figures stand in docs/research/transfer.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import anyio
import numpy as np
from command import command, few_people
from quality import Table, open_backtest, quiet

from recagent import demo
from recagent.evaluation.data import load_data
from recagent.offline.backtest import backtest_questions
from recagent.offline.cases import make_cases
from recagent.offline.splits import split
from recagent.scenes.transfer import TransferMap
from recagent.training.conditional_logit import Penalty, fit_penalised, log_softmax, stack_pools
from recagent.training.gates import ndcg
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import (
    PASSES,
    PastChoice,
    evidence_columns,
    joined_scores,
    scene_pairs,
    score_scale,
    transfer_choices,
)

PENALTY = Penalty(shared=100.0, apart=100.0)  # what held-out choices of the first half choose

Values = np.ndarray
Asked = Sequence[
    tuple[PastChoice, str, Values]
]  # a choice, its group, (n,) scores beside popularity


async def asked(smoke: bool) -> tuple[list[PastChoice], list[PastChoice], TransferMap]:
    """Choices of either half, and the map of the first."""
    data = few_people(load_data("demo"), smoke=smoke)
    settings = demo.settings()
    test = make_cases(data, split(data, people="test"))
    async with AsyncExitStack() as closing:
        backtest = await open_backtest(data, settings, closing)
        own = backtest_questions(
            replace(data, events=test.training), people="validation", passes=PASSES
        )
        learn = await transfer_choices(own, backtest=backtest, on_progress=quiet)
        reported = await transfer_choices(
            backtest_questions(data, people="test", passes=PASSES),
            backtest=backtest,
            on_progress=quiet,
        )
        transfer = fit_transfer(learn, scenes=await scene_pairs(backtest.index, test.training))
    if transfer is None:
        raise RuntimeError("nobody was in two scenes")
    return learn, reported, transfer


def gained(learn: Asked, test: Asked, *, scale: float) -> tuple[Values, Values, Values]:
    """What the scores add to popularity for each choice of ``test``, by weights from ``learn``.

    In log likelihood, in nDCG@10, and the nDCG@10 of popularity.
    """
    names = {name: at for at, name in enumerate(sorted({name for _, name, _ in [*learn, *test]}))}
    likely, reached = [], []
    for with_scores in (False, True):

        def columns(those: Asked, *, with_scores: bool = with_scores) -> list[Values]:
            return [
                evidence_columns(
                    choice, scores if with_scores else np.zeros(len(scores)), scale=scale
                )
                for choice, _, scores in those
            ]

        pools = [
            stack_pools(
                columns(those),
                [choice.chosen for choice, _, _ in those],
                groups=[names[name] for _, name, _ in those],
            )
            for those in (learn, test)
        ]
        scores = fit_penalised(pools[0], groups=len(names), penalty=PENALTY).scores(pools[1])
        likely.append(log_softmax(scores, pools[1].starts)[0][pools[1].chosen])
        parts = np.split(scores, pools[1].starts[1:])
        reached.append([ndcg(own, c.chosen) for own, (c, _, _) in zip(parts, test, strict=True)])
    popular, carried = np.asarray(reached[0]), np.asarray(reached[1])
    return likely[1] - likely[0], carried - popular, popular


def alone(those: Sequence[PastChoice]) -> Asked:
    """Every choice with what one other scene says of it, for each that says something."""
    return [
        (each, f"{each.scene} {source}", scores)
        for each in those
        for source, scores in each.scores.items()
        if source != each.scene
    ]


def together(those: Sequence[PastChoice], transfer: TransferMap, *, new: bool) -> Asked:
    """Every choice of people who like something elsewhere, with what all scenes say by the map."""
    return [
        (each, each.scene, joined_scores(each, transfer, new=new))
        for each in those
        if set(each.scores) - {each.scene}
    ]


def by_pair(
    learn: Sequence[PastChoice], test: Sequence[PastChoice], transfer: TransferMap, *, scale: float
) -> dict[str, float]:
    """A row for each pair; how many are on, what they gain, how many of them harm."""
    those = alone(test)
    likely, reached, _ = gained(alone(learn), those, scale=scale)
    rows: dict[str, list[int]] = {}
    for at, (_, name, _) in enumerate(those):
        rows.setdefault(name, []).append(at)
    print(
        f"{'target':<18} {'source':<18} on   learned: gain, at least   test: cases, gain, nDCG@10"
    )
    admitted: list[list[int]] = []
    for target, own in sorted(transfer.pairs.items()):
        for source, pair in sorted(own.items()):
            at = rows.get(f"{target} {source}", [])
            if pair.on and at:
                admitted.append(at)
            people = [those[row][0].user_id for row in at]
            gain, low, high = Table(people).mean(likely[at])
            more, least, most = Table(people).mean(reached[at])
            print(
                f"{target:<18} {source:<18} {'on' if pair.on else '-':<3} {pair.gain:+.3f}, "
                f"{pair.low:+.3f}   {len(at):>4}  {gain:+.3f} [{low:+.3f}, {high:+.3f}]  "
                f"{more:+.3f} [{least:+.3f}, {most:+.3f}]"
            )
    harm = [likely[at].mean() < 0 for at in admitted]
    less = [reached[at].mean() < 0 for at in admitted]
    return {
        "pairs": sum(len(own) for own in transfer.pairs.values()),
        "pairs_admitted": len(admitted),
        "harmful_admitted_share": round(float(np.mean(harm)), 4) if admitted else 0.0,
        "harmful_admitted_share_ndcg10": round(float(np.mean(less)), 4) if admitted else 0.0,
        "admitted_gain_nats": round(
            float(np.mean(np.concatenate([likely[at] for at in admitted]))), 4
        )
        if admitted
        else 0.0,
    }


def measure(*, full: bool, smoke: bool) -> dict[str, float]:
    """All tables; the figures."""
    learn, test, transfer = anyio.run(asked, smoke)
    scale = score_scale(learn)
    figures = {"choices": len(test), "people": len({each.user_id for each in test})}
    figures |= by_pair(learn, test, transfer, scale=scale)
    print(f"\n{'20 candidates':<44} {'cases':>6} nDCG@10  95%             minus popularity")
    even = replace(
        transfer,
        weights=(0.0,) * len(transfer.weights),
        pairs={
            target: {source: replace(pair, on=True) for source, pair in own.items()}
            for target, own in transfer.pairs.items()
        },
    )
    maps = {"as learned": transfer, **({"all pairs alike": even} if full else {})}
    for name, chosen in maps.items():
        for new in (True, False):
            those = together(test, chosen, new=new)
            _, added, popular = gained(together(learn, chosen, new=new), those, scale=scale)
            slices = {"as if new": np.ones(len(those), dtype=bool)} if new else {
                "new": np.asarray([each.scene not in each.scores for each, _, _ in those]),
                "known": np.asarray([each.scene in each.scores for each, _, _ in those]),
            }  # fmt: skip
            for who, among in slices.items():
                table = Table(
                    [each.user_id for (each, _, _), ok in zip(those, among, strict=True) if ok]
                )
                ranked = (popular + added)[among]
                table.row(f"{name}, people who are {who}", ranked, minus=popular[among])
                if chosen is transfer and who == "new":
                    figures["cold_cases"] = int(among.sum())
                    figures["cold_gain"] = round(table.mean(added[among])[0], 4)
                    figures["cold_gain_lower95"] = round(table.mean(added[among])[1], 4)
    return figures


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default: at most 40 s")
    size.add_argument("--full", action="store_true", help="beside another map")
    options = parser.parse_args()
    print(json.dumps(measure(full=options.full, smoke=options.smoke)))


if __name__ == "__main__":
    main()
