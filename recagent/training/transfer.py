"""Fits the transfer map: how far likes in one scene predict choices in another.

``scenes.transfer`` has the formula and serves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.scenes.transfer import (
    FEATURES,
    PairTransfer,
    TransferMap,
    WarmTransfer,
    pair_features,
)
from recagent.training.gain_test import gains_by_group, held_out_gains
from recagent.training.shrinkage import Labels
from recagent.training.transfer_examples import (
    BESIDE,
    PastChoice,
    evidence_columns,
    joined_scores,
    score_scale,
)

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats, Indices


_RIDGE = 10.0
ENOUGH = 100  # choices, below which no gain of an nDCG@10 below .06 or so can be seen


def fit_transfer(
    past_choices: Sequence[PastChoice], *, scenes: Mapping[str, Mapping[str, tuple[float, float]]]
) -> TransferMap | None:
    """Fits the map by likelihood; None where too few choices tell anything of any pair.

    A pair is on if its held-out gains in log likelihood and in nDCG@10 are both significantly above
    zero. For people whom the target scene knows, the pairs that are on must significantly gain
    together, likewise. A pair with too few people gets what its target and its source have in other
    pairs. Where these have too few choices too, nothing is known of it, and it is not in the map,
    unless what there is shows that it helps.

    Args:
        past_choices: to fit on.
        scenes: how alike two scenes are and how many people they share, by target and source.
    """
    if not any(name != choice.scene for choice in past_choices for name in choice.scores):
        return None
    scale = score_scale(past_choices)
    pairs = _pairs(past_choices, scenes=scenes, scale=scale)
    if not any(pairs.values()):
        return None
    weights, bias = _weights(past_choices, pairs)
    transfer = TransferMap(weights=weights, bias=bias, pairs=pairs)
    return replace(
        transfer,
        pairs=_with_mean_weights(past_choices, transfer),
        known=_known(past_choices, transfer, scale=scale),
    )


def _pairs(
    past_choices: Sequence[PastChoice],
    *,
    scenes: Mapping[str, Mapping[str, tuple[float, float]]],
    scale: float,
) -> dict[str, dict[str, PairTransfer]]:
    crossed = [
        (choice, source)
        for choice in past_choices
        for source in choice.scores
        if source != choice.scene
    ]
    names = [f"{choice.scene} {source}" for choice, source in crossed]
    gains = held_out_gains(
        [choice for choice, _ in crossed],
        [evidence_columns(one, np.zeros(len(one.likes)), scale=scale) for one, _ in crossed],
        [evidence_columns(one, one.scores[source], scale=scale) for one, source in crossed],
        groups=names,
    )
    by_pair = gains_by_group(
        gains,
        [(choice.scene, source) for choice, source in crossed],
        wanted=[(target, source) for target, others in scenes.items() for source in others],
    )
    told = _cases_that_tell([(choice.scene, source) for choice, source in crossed])
    pairs: dict[str, dict[str, PairTransfer]] = {}
    for target, others in scenes.items():
        pairs[target] = {}
        for source, (alike, shared) in others.items():
            gain = by_pair[target, source]
            if not gain.helps and told(target, source) < ENOUGH:
                continue
            pairs[target][source] = PairTransfer(
                alike=alike,
                shared=shared,
                cases=gain.cases,
                gain=gain.gain,
                low=gain.low,
                ndcg=gain.ndcg,
                ndcg_low=gain.ndcg_low,
                on=gain.helps,
            )
    return pairs


def _cases_that_tell(crossed: Sequence[Labels]) -> Callable[[str, str], int]:
    """Returns how many choices there are of a pair, or of any with its target or its source."""
    cases = Counter(crossed)

    def told(target: str, source: str) -> int:
        related = (n for (to, of), n in cases.items() if to == target or of == source)
        return max(related, default=0)

    return told


def _with_mean_weights(
    past_choices: Sequence[PastChoice], transfer: TransferMap
) -> dict[str, dict[str, PairTransfer]]:
    """Returns the pairs with their mean weights."""
    strengths: dict[tuple[str, str], list[float]] = {}
    for choice in past_choices:
        for source, person in choice.person.items():
            strength = transfer.strength(choice.scene, source, person)
            strengths.setdefault((choice.scene, source), []).append(strength)
    return {
        target: {
            source: replace(pair, weight=float(np.mean(strengths.get((target, source), [0.0]))))
            for source, pair in pairs.items()
        }
        for target, pairs in transfer.pairs.items()
    }


def _known(
    past_choices: Sequence[PastChoice], transfer: TransferMap, *, scale: float
) -> dict[str, WarmTransfer]:
    """Tests, by target, whether other scenes help people whom the target knows.

    Targets with too few choices to tell are left out.
    """
    choices = [one for one in past_choices if one.scene in one.scores and len(one.scores) > 1]
    if not choices:
        return {}
    names = [choice.scene for choice in choices]
    gains = held_out_gains(
        choices,
        [evidence_columns(one, one.scores[one.scene], scale=scale) for one in choices],
        [evidence_columns(one, joined_scores(one, transfer), scale=scale) for one in choices],
        groups=names,
    )
    by_target = gains_by_group(
        gains, [(name,) for name in names], wanted=[(target,) for target in transfer.pairs]
    )
    known: dict[str, WarmTransfer] = {}
    enough = len(choices) >= ENOUGH  # of all targets, whose average a target is drawn to
    for target in transfer.pairs:
        gain = by_target[(target,)]
        if not gain.helps and not enough:
            continue
        known[target] = WarmTransfer(
            cases=gain.cases,
            gain=gain.gain,
            low=gain.low,
            ndcg=gain.ndcg,
            ndcg_low=gain.ndcg_low,
            on=gain.helps,
        )
    return known


def _weights(
    past_choices: Sequence[PastChoice],
    pairs: Mapping[str, Mapping[str, PairTransfer]],
) -> tuple[tuple[float, ...], float]:
    """Fits the map's w and b, together with a weight for popularity and one for R.

    Within a pool only the ratios of strengths matter; the ridge keeps their level at one half.
    """
    optimize: Any = import_module("scipy.optimize")  # half a second, no stubs
    stacks = _stacked(past_choices, pairs)
    count = len(FEATURES)

    def loss(flat: Floats) -> float:
        popular, scale, bias, w = flat[0], flat[1], flat[2], flat[3:]
        strength = stacks.on / (1.0 + np.exp(-(stacks.x @ w + bias)))
        total = np.einsum("cs,csn->cn", strength, stacks.scores)
        scores = popular * stacks.popular + scale * _standard(total, stacks.there)
        scores = np.where(stacks.there, scores, -np.inf)
        most = scores.max(axis=1, keepdims=True)
        logs = scores - most - np.log(np.exp(scores - most).sum(axis=1, keepdims=True))
        likely = logs[np.arange(len(logs)), stacks.chosen].sum()
        return float(-likely + 0.5 * _RIDGE * (w @ w + bias**2))

    begin = np.concatenate([[0.0, 1.0, 0.0], np.zeros(count)])
    best: Floats = optimize.minimize(loss, begin, method="L-BFGS-B").x
    return tuple(best[3:].tolist()), float(best[2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stacks:
    """Holds choices c, sources s and candidates n (padded) in arrays.

    Attributes:
        scores: (c, s, n).
        x: (c, s, f) ``FEATURES``.
        on: (c, s) whether a source counts.
        popular: (c, n) z-scores.
        there: (c, n) whether there is such a candidate.
        chosen: (c,) index of the choice.
    """

    scores: Floats
    x: Floats
    on: Floats
    popular: Floats
    there: Flags
    chosen: Indices


def _stacked(
    past_choices: Sequence[PastChoice], pairs: Mapping[str, Mapping[str, PairTransfer]]
) -> _Stacks:
    names = sorted({name for choice in past_choices for name in choice.scores})
    column = {name: number for number, name in enumerate(names)}
    shape = (len(past_choices), len(names), 1 + BESIDE)
    table, on, x = np.zeros(shape), np.zeros(shape[:2]), np.zeros((*shape[:2], len(FEATURES)))
    likes, there = np.zeros((shape[0], shape[2])), np.zeros((shape[0], shape[2]), dtype=bool)
    for row, choice in enumerate(past_choices):
        width = len(choice.likes)
        likes[row, :width], there[row, :width] = np.log1p(choice.likes), True
        for name, scores in choice.scores.items():
            pair = pairs.get(choice.scene, {}).get(name)
            if name == choice.scene or (pair is not None and pair.on):
                table[row, column[name], :width], on[row, column[name]] = scores, 1.0
                x[row, column[name]] = pair_features(choice.scene, name, pair, choice.person[name])
    return _Stacks(
        scores=table,
        x=x,
        on=on,
        popular=_standard(likes, there),
        there=there,
        chosen=np.asarray([choice.chosen for choice in past_choices], dtype=np.intp),
    )


def _standard(values: Floats, there: Flags) -> Floats:
    """Returns z-scores of each row's present values; 0 elsewhere and where all are equal."""
    number = there.sum(axis=1, keepdims=True)
    mean = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / number
    apart = np.where(there, values - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / number)
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-12)
