"""What a large language model is worth on past choices, by replies that are kept in a file.

The prompts are those that recagent sends to an endpoint. Of the validation people 120 are those on
whom the sizes of prompts and of the say were chosen; 300 others are for learning a gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from quality import Table, Values, ndcgs

from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.domain import Case
from recagent.errors import ModelError
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.offline.backtest import Backtest
from recagent.offline.examples import Example
from recagent.offline.order import stable_hash
from recagent.ranking import Gate, ModelRanker
from recagent.ranking.blend import blend
from recagent.ranking.head import language_columns
from recagent.ranking.model_worth import MEASURED_ON
from recagent.ranking.rise_limit import MOST_PLACES, limit_without_wish
from recagent.training.gates import choose_gates, make_trial
from recagent.training.head_weights import fit_language_weights
from recagent.training.language_part import ScoredPool
from recagent.training.model_measurement import model_worth, ndcgs_of
from recagent.training.model_scores import collect_model_scores

KEPT = Path(__file__).parent / "kept" / "films_large.jsonl"
JUDGED = Path(__file__).parent / "kept" / "films_large_cases.txt"
_LEARNED = 300  # further cases, from which a gate is learned
_TOKENS = 4000
_DRAWS = 100
_PLACES = (2, 3, 5, 8, np.inf)


def chosen_cases(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Returns the cases that are judged, and those that a gate learns from."""
    judged = set(JUDGED.read_text(encoding="utf-8").split())
    others = sorted(
        (case for case in cases if case.id not in judged),
        key=lambda case: stable_hash("large", 0, case.id),
    )
    return [case for case in cases if case.id in judged], others[:_LEARNED]


async def large_scores(
    cases: Sequence[Case], backtest: Backtest, *, requests: Path | None = None
) -> dict[str, Values]:
    """Returns the model's scores by case, of those that have a kept reply.

    With ``requests`` the questions without one are written there, as lines of a batch.
    """
    model = BatchModel("large", read_replies([KEPT] if KEPT.is_file() else []))
    ranker = ModelRanker(
        model, prompt_tokens=_TOKENS, attempts=1, scenes=backtest.data.scenes,
        scale=backtest.data.scale,
    )  # fmt: skip
    nothing: Mapping[str, float] = {}  # the prompt is told of the person alone
    asked = [(await backtest.query(case), dict.fromkeys(case.item_ids, nothing)) for case in cases]
    try:
        answers = await collect_model_scores(
            asked, ranker=ranker, index=backtest.index, on_progress=lambda *_: None
        )
    except ModelError:  # nothing is kept yet
        answers = [None] * len(cases)
    if requests is not None:
        write_requests(requests, model.requests)
    return {
        case.id: np.asarray(answer.scores)
        for case, answer in zip(cases, answers, strict=True)
        if answer is not None
    }


def large_rows(
    learn: Sequence[Example],
    held_out: Sequence[Values],
    fused: Sequence[Values],
    scores: Mapping[str, Values],
) -> dict[str, float]:
    """Prints what the model is worth on the judged cases; the figures.

    Args:
        learn: validation examples, of which some are judged and others teach the gate.
        held_out: (n,) scores of the head that learned from other people, of each example.
        fused: (n,) what is served before a fit, likewise.
        scores: the model's, by case.
    """
    judged = set(JUDGED.read_text(encoding="utf-8").split())
    rows = [at for at, e in enumerate(learn) if e.case in scores and e.case in judged]
    teach = [at for at, e in enumerate(learn) if e.case in scores and e.case not in judged]
    if not rows:
        return {}
    cases = [learn[at] for at in rows]
    said = [scores[example.case] for example in cases]
    table = Table([example.user_id for example in cases])
    head, plain = (ndcgs(cases, [each[at] for at in rows]) for each in (held_out, fused))
    print(f"\na large hosted model, {len(rows)} validation choices, one run (differences: - head)")
    table.row("head, held out", head)
    alone = ndcgs(cases, said)
    table.row("model alone", alone, minus=head)
    third = ndcgs(cases, _joined(said, [held_out[at] for at in rows]))
    table.row("with a third of the say", third, minus=head)
    print("beside what is served before a fit (differences: - that)")
    table.row("fusion", plain)
    before = ndcgs(cases, _joined(said, [fused[at] for at in rows]))
    table.row("with a third of the say", before, minus=plain)
    figures = {
        "large_cases": len(rows),
        "large_alone_delta": _delta(table, alone, head)[0],
        "large_joined_delta": _delta(table, third, head)[0],
        "large_joined_delta_lower95": _delta(table, third, head)[1],
        "large_before_fit_delta": _delta(table, before, plain)[0],
        "large_before_fit_delta_lower95": _delta(table, before, plain)[1],
    }
    bases = {"head": held_out, "fusion": fused}
    _by_places(learn, bases, scores, groups={"300 others": teach, "120 judged": rows})
    if len(teach) >= _LEARNED:
        figures |= _says_from_sixty([*rows, *teach], learn, held_out, fused, scores)
        figures |= _behind_gates(learn, held_out, scores, rows=rows, teach=teach, table=table)
    return figures


def _says_from_sixty(
    rows: Sequence[int],
    learn: Sequence[Example],
    held_out: Sequence[Values],
    fused: Sequence[Values],
    scores: Mapping[str, Values],
) -> dict[str, float]:
    """What the say from 60 choices is worth on the others, drawn many times, beside fixed says.

    The same for a model that orders by chance, which the rule must find out.
    """
    chance = np.random.default_rng(0)
    figures: dict[str, float] = {}
    print(f"the say from {MEASURED_ON} of {len(rows)} choices, on the others (gain over none)")
    for name, base in (("head", held_out), ("before a fit", fused)):
        for model in ("model", "order by chance"):
            pools = [
                ScoredPool(
                    case=Case(
                        id=e.case, user_id=e.user_id, scene=e.scene, item_ids=(), judgments={}
                    ),
                    example=e,
                    base=base[at],
                    model_scores=tuple(
                        scores[e.case] if model == "model" else chance.permutation(len(base[at]))
                    ),
                )
                for at, e in ((at, learn[at]) for at in rows)
            ]
            gains, says = _drawn(pools, chance)
            figures[f"say_from_{MEASURED_ON}_{name}_{model}".replace(" ", "_")] = gains[-1]
            third, half, ruled = gains
            shares = ", ".join(f"{say:.2f}: {share:.0%}" for say, share in says.items())
            print(f"  {name}, {model}: third {third:+.3f}, half {half:+.3f}, by the rule "
                  f"{ruled:+.3f} ({shares})")  # fmt: skip
    return figures


def _drawn(
    pools: Sequence[ScoredPool], chance: np.random.Generator
) -> tuple[list[float], dict[float, float]]:
    """Mean gains with a third, with half and by the rule; how often it gave each say."""
    plain = ndcgs_of(pools, 0.0)
    added = {say: ndcgs_of(pools, say) - plain for say in (UNMEASURED_WEIGHT, 0.5)}
    added[0.0] = np.zeros(len(pools))
    says, gains = [], []
    for _ in range(_DRAWS):
        order = chance.permutation(len(pools))
        asked, others = order[:MEASURED_ON], order[MEASURED_ON:]
        worth = model_worth([pools[at] for at in asked], engine="", scenes=(), items=0)
        says.append(worth.weight)
        gains.append(added[worth.weight][others].mean())
    fixed = [float(added[say].mean()) for say in (UNMEASURED_WEIGHT, 0.5)]
    shares = {say: says.count(say) / len(says) for say in sorted(set(says))}
    return [round(each, 4) for each in (*fixed, float(np.mean(gains)))], shares


def _joined(
    said: Sequence[Values], base: Sequence[Values], *, places: float = MOST_PLACES
) -> list[Values]:
    pairs = zip(said, base, strict=True)
    return [
        limit_without_wish(
            blend(model.tolist(), other, language_weight=UNMEASURED_WEIGHT), other, places=places
        )
        for model, other in pairs
    ]


def _by_places(
    learn: Sequence[Example],
    bases: Mapping[str, Sequence[Values]],
    scores: Mapping[str, Values],
    *,
    groups: Mapping[str, Sequence[int]],
) -> None:
    """Prints the gain of a third of the say by how many places it may lift an item."""
    print(
        f"\ngain of a third of the say by how many places it may lift an item (now {MOST_PLACES})"
    )
    for (group, rows), (beside, base) in product(groups.items(), bases.items()):
        if not rows:
            continue
        cases, own = [learn[at] for at in rows], [base[at] for at in rows]
        table, plain = Table([example.user_id for example in cases]), ndcgs(cases, own)
        said = [scores[example.case] for example in cases]
        for places in _PLACES:
            joined = ndcgs(cases, _joined(said, own, places=places))
            mean, low, high = table.mean(joined - plain)
            print(
                f"{group:<12} beside {beside:<8} {places:>4g} places {len(rows):>4} "
                f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
            )


def _delta(table: Table, values: Values, base: Values) -> tuple[float, float]:
    mean, low, _ = table.mean(values - base)
    return round(mean, 4), round(low, 4)


def _behind_gates(
    learn: Sequence[Example],
    held_out: Sequence[Values],
    scores: Mapping[str, Values],
    *,
    rows: Sequence[int],
    teach: Sequence[int],
    table: Table,
) -> dict[str, float]:
    """The judged cases behind gates that were learned from the others."""
    examples = [learn[at] for at in teach]
    base = [held_out[at] for at in teach]
    weights = fit_language_weights(examples, base, [scores[e.case].tolist() for e in examples])
    # One gate for all scenes: 300 choices are too few for one each.
    trials = [
        make_trial(
            e.user_id,
            "all",
            cold=e.cold,
            base=b,
            joined=limit_without_wish(joined, b),
            chosen=e.chosen,
        )
        for e, b, joined in zip(examples, base, weights.held_out, strict=True)
    ]
    gate = choose_gates(trials).get("all", Gate())
    own = np.asarray(weights.shared)
    values, asked = [], []
    for at in rows:
        example, ranked = learn[at], held_out[at]
        opens = gate.opens(ranked, cold=example.cold)
        asked.append(float(opens))
        features = language_columns(scores[example.case].tolist(), cold=example.cold)
        joined = limit_without_wish(ranked + features @ own, ranked)
        values.append(joined if opens else ranked)
    cases = [learn[at] for at in rows]
    head, gated = ndcgs(cases, [held_out[at] for at in rows]), ndcgs(cases, values)
    table.row(f"gate '{gate.rule}' of {len(teach)} others", gated, minus=head)
    print(f"asked: {np.mean(asked):.0%}; weights {[round(w, 2) for w in weights.shared]}")
    mean, low = _delta(table, gated, head)
    return {
        "large_gated_delta": mean,
        "large_gated_delta_lower95": low,
        "large_asked_share": round(float(np.mean(asked)), 3),
    }
