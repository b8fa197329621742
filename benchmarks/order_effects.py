"""What the place of a candidate in the list does to a system's scores, from a run that has ended.

    uv run python benchmarks/order_effects.py [--run eval/results/demo] [--system label.v1]

Asks nothing: candidates of a run are listed by a hash, so its own answers tell what each place is
worth. Beside the plain scores stand those less the bias of their place (measured on four fifths
of the people, taken off the others), and, of the cases that the run asked in several orders, the
means over the orders. nDCG@10, 95% intervals over people; the last line is one JSON object.

Its figures stand in docs/research/evaluation-runs.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from command import command
from places import (
    Listed,
    over_orders,
    place_bias,
    place_matrix,
    without_places,
)
from quality import Table

from recagent.evaluation.audits import ORDER, candidate_order
from recagent.evaluation.run_folder import Run, load_run
from recagent.training.gates import ndcg


def answers(run: Run, system: str) -> dict[str, list[Listed]]:
    """The system's answers by variant; "" is the order of the case itself."""
    found: dict[str, list[Listed]] = {}
    for result in run.results:
        by_order = not result.variant or result.variant.startswith(ORDER)
        if result.system != system or result.error or not by_order:
            continue
        case = run.cases[result.case]
        items = candidate_order(case, result.variant)
        scores = np.asarray([result.scores[item] for item in items])
        found.setdefault(result.variant, []).append(
            Listed(user_id=case.user_id, case=case.id, items=items, scores=scores)
        )
    return found


def gains(run: Run, asked: Sequence[Listed], scores: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) nDCG@10."""
    places = [each.items.index(next(iter(run.cases[each.case].judgments))) for each in asked]
    return np.asarray([ndcg(own, place) for own, place in zip(scores, places, strict=True)])


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--run", type=Path, default=Path("eval/results/demo"))
    parser.add_argument("--system", default="label.v1")
    options = parser.parse_args()
    run = load_run(options.run)
    by_variant = answers(run, options.system)
    plain = by_variant.pop("", [])
    if not plain:
        systems = ", ".join(sorted({result.system for result in run.results}))
        raise SystemExit(f"no answers of {options.system!r} in {str(options.run)!r}: {systems}")
    matrix = place_matrix(plain)
    print(f"{options.system}, {len(plain)} answers; chance is {1 / len(matrix):.3f}")
    print("bias of each place, in units of the score:")
    print("  ".join(f"{value:+.2f}" for value in place_bias(plain)))
    print("share of answers in which each place came first, and among the best three:")
    print("  ".join(f"{value:.2f}" for value in matrix[:, 0]))
    print("  ".join(f"{value:.2f}" for value in matrix[:, :3].sum(axis=1)))
    table = Table([each.user_id for each in plain])
    raw = gains(run, plain, [each.scores for each in plain])
    free = gains(run, plain, without_places(plain))
    figures = {
        "cases": len(plain),
        "ndcg10": table.row("as listed", raw),
        "ndcg10_calibrated": table.row("less the bias of places", free, minus=raw),
    }
    if by_variant:
        figures |= averaged(run, plain, by_variant)
    print(json.dumps(figures))


def averaged(
    run: Run, plain: Sequence[Listed], others: Mapping[str, Sequence[Listed]]
) -> dict[str, float]:
    """The same for the cases that were asked in several orders, with the means over these."""
    several = {each.case for asked in others.values() for each in asked}
    every = [each for asked in (plain, *others.values()) for each in asked]
    own = [each for each in plain if each.case in several]
    table = Table([each.user_id for each in own])
    print(f"\nthe {len(own)} cases that were asked in {len(others) + 1} orders")
    calibrated = without_places(every)
    free = {(each.case, each.items): scores for each, scores in zip(every, calibrated, strict=True)}
    means = over_orders(every, [each.scores for each in every])
    both = over_orders(every, calibrated)

    def ordered(by_case: Mapping[str, Mapping[str, float]]) -> np.ndarray:
        scores = [np.asarray([by_case[e.case][item] for item in e.items]) for e in own]
        return gains(run, own, scores)

    raw = gains(run, own, [each.scores for each in own])
    one = gains(run, own, [free[each.case, each.items] for each in own])
    return {
        "order_cases": len(own),
        "ndcg10_one_order": table.row("one order", raw),
        "ndcg10_one_calibrated": table.row("one order, calibrated", one, minus=raw),
        "ndcg10_mean": table.row("mean of the orders", ordered(means), minus=raw),
        "ndcg10_mean_calibrated": table.row(
            "mean of the orders, calibrated", ordered(both), minus=raw
        ),
    }


if __name__ == "__main__":
    main()
