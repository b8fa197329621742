"""The transfer map from past choices: what likes of each scene say of choices in each other one.

The formula is ``transfer``'s; how it serves is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.scenes.transfer import FEATURES, Carry, Known, TransferMap, features
from recagent.training.gain_test import judged, tried
from recagent.training.transfer_examples import BESIDE, PastChoice, evidence, joined, scale_of

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats, Indices


_RIDGE = 10.0


def fit_transfer(
    found: Sequence[PastChoice], *, scenes: Mapping[str, Mapping[str, tuple[float, float]]]
) -> TransferMap | None:
    """The map under which the choices are likely; None without choices that other scenes speak of.

    A pair is on if its gain is surely above zero on people by weights that never saw them. Of
    people whom a scene knows itself, the scenes that are on must surely gain together, or are not
    heard. With too few people, what is expected of any pair or scene decides.

    Args:
        found: past choices.
        scenes: how alike two scenes are and how many people they share, by target and source.
    """
    if not any(name != each.scene for each in found for name in each.said):
        return None
    scale = scale_of(found)
    pairs = _pairs(found, scenes=scenes, scale=scale)
    weights, bias = _weights(found, pairs)
    every = TransferMap(weights=weights, bias=bias, pairs=pairs)
    return replace(every, pairs=_weighed(found, every), known=_known(found, every, scale=scale))


def _pairs(
    found: Sequence[PastChoice],
    *,
    scenes: Mapping[str, Mapping[str, tuple[float, float]]],
    scale: float,
) -> dict[str, dict[str, Carry]]:
    asked = [(each, source) for each in found for source in each.said if source != each.scene]
    names = [f"{each.scene} {source}" for each, source in asked]
    gains = tried(
        [each for each, _ in asked],
        [evidence(each, np.zeros(len(each.likes)), scale=scale) for each, _ in asked],
        [evidence(each, each.said[source], scale=scale) for each, source in asked],
        groups=names,
    )
    of, other = judged(gains, names)
    pairs: dict[str, dict[str, Carry]] = {}
    for target, others in scenes.items():
        pairs[target] = {}
        for source, (alike, shared) in others.items():
            own = of.get(f"{target} {source}", other)
            pairs[target][source] = Carry(
                alike=alike,
                shared=shared,
                cases=own.cases,
                gain=own.gain,
                low=own.low,
                ndcg=own.ndcg,
                on=own.low > 0,
            )
    return pairs


def _weighed(found: Sequence[PastChoice], transfer: TransferMap) -> dict[str, dict[str, Carry]]:
    """The pairs with their mean weights."""
    met: dict[tuple[str, str], list[float]] = {}
    for each in found:
        for source, person in each.person.items():
            strength = transfer.strength(each.scene, source, person)
            met.setdefault((each.scene, source), []).append(strength)
    return {
        target: {
            source: replace(pair, weight=float(np.mean(met.get((target, source), [0.0]))))
            for source, pair in pairs.items()
        }
        for target, pairs in transfer.pairs.items()
    }


def _known(found: Sequence[PastChoice], transfer: TransferMap, *, scale: float) -> dict[str, Known]:
    """Whether other scenes help those whom a scene knows, by target."""
    those = [each for each in found if each.scene in each.said and len(each.said) > 1]
    if not those:
        return {}
    gains = tried(
        those,
        [evidence(each, each.said[each.scene], scale=scale) for each in those],
        [evidence(each, joined(each, transfer), scale=scale) for each in those],
        groups=[each.scene for each in those],
    )
    of, other = judged(gains, [each.scene for each in those])
    known: dict[str, Known] = {}
    for target in transfer.pairs:
        own = of.get(target, other)
        known[target] = Known(
            cases=own.cases, gain=own.gain, low=own.low, ndcg=own.ndcg, on=own.low > 0
        )
    return known


def _weights(
    found: Sequence[PastChoice],
    pairs: Mapping[str, Mapping[str, Carry]],
) -> tuple[tuple[float, ...], float]:
    """The map's w and b, fitted together with a weight for popularity and one for R.

    Within a pool only the ratios of strengths matter; the ridge keeps their level at one half.
    """
    optimize: Any = import_module("scipy.optimize")  # half a second, no stubs
    stacks = _stacked(found, pairs)
    count = len(FEATURES)

    def loss(flat: Floats) -> float:
        popular, said, bias, w = flat[0], flat[1], flat[2], flat[3:]
        strength = stacks.on / (1.0 + np.exp(-(stacks.x @ w + bias)))
        total = np.einsum("cs,csn->cn", strength, stacks.said)
        scores = popular * stacks.popular + said * _standard(total, stacks.there)
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
    """Choices c, sources s, candidates n (padded) in arrays.

    Attributes:
        said: (c, s, n).
        x: (c, s, f) ``FEATURES``.
        on: (c, s) whether a source has a say.
        popular: (c, n) z-scores.
        there: (c, n) whether there is such a candidate.
        chosen: (c,) places.
    """

    said: Floats
    x: Floats
    on: Floats
    popular: Floats
    there: Flags
    chosen: Indices


def _stacked(found: Sequence[PastChoice], pairs: Mapping[str, Mapping[str, Carry]]) -> _Stacks:
    names = sorted({name for each in found for name in each.said})
    place = {name: at for at, name in enumerate(names)}
    shape = (len(found), len(names), 1 + BESIDE)
    said, on, x = np.zeros(shape), np.zeros(shape[:2]), np.zeros((*shape[:2], len(FEATURES)))
    likes, there = np.zeros((shape[0], shape[2])), np.zeros((shape[0], shape[2]), dtype=bool)
    for at, each in enumerate(found):
        width = len(each.likes)
        likes[at, :width], there[at, :width] = np.log1p(each.likes), True
        for name, scores in each.said.items():
            pair = pairs.get(each.scene, {}).get(name)
            if name == each.scene or (pair is not None and pair.on):
                said[at, place[name], :width], on[at, place[name]] = scores, 1.0
                x[at, place[name]] = features(each.scene, name, pair, each.person[name])
    return _Stacks(
        said=said,
        x=x,
        on=on,
        popular=_standard(likes, there),
        there=there,
        chosen=np.asarray([each.chosen for each in found], dtype=np.intp),
    )


def _standard(values: Floats, there: Flags) -> Floats:
    """z-scores of each row's values that are there; 0 elsewhere and where all are equal."""
    number = there.sum(axis=1, keepdims=True)
    mean = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / number
    apart = np.where(there, values - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / number)
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-12)
