"""The transfer map from past choices: what likes of each scene say of choices in each other one.

The formula is ``transfer``'s; how it serves is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.evaluation.nouns import Questions
from recagent.evaluation.resampling import interval
from recagent.learning.examples import OnProgress
from recagent.learning.fitting import fold
from recagent.learning.gating import ndcg
from recagent.learning.logit import fitted, log_softmax, pools_of
from recagent.learning.past import Study
from recagent.protocols import ItemIndex
from recagent.ranking.blend import z_scores
from recagent.retrieval import Behaviour
from recagent.transfer import FEATURES, Carry, Known, TransferMap, features, personal
from recagent.types import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PASSES = 12  # choices of each person at most: a pair of scenes needs many
MOST = 5_000  # people who are asked about
BESIDE = 19  # other items of a choice at most, drawn by popularity
FEWEST = 20  # people, below which a pair is not judged by itself
_DESCRIBED = 1000  # items of a scene that its mean vector is of
_RIDGE = 10.0
_Z = 1.96  # standard errors to the end of a 95% interval
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """One past choice, and what the person's likes in each scene say of it.

    Attributes:
        likes: of each candidate, by everybody, (n,).
        chosen: place of what was chosen.
        said: (n,) item-kNN scores of the candidates by the person's likes in one scene, by scene.
        person: the last three of ``transfer.FEATURES`` for the choice's scene, by source.
    """

    user_id: str
    scene: str
    likes: Floats
    chosen: int
    said: Mapping[str, Floats]
    person: Mapping[str, tuple[float, float, float]]


async def choices(
    questions: Sequence[Questions], *, study: Study, on_progress: OnProgress
) -> list[Choice]:
    """Past choices, each beside up to ``BESIDE`` other items that the person had not met.

    Args:
        questions: as ``past`` makes them; candidates that a case names are taken.
        study: where they are asked.
        on_progress: told how many of all cases are done.
    """
    total, done = sum(len(each.cases) for each in questions), 0
    found: list[Choice] = []
    for each in questions:
        behaviour = Behaviour(each.training, scale=study.data.scale)
        column = {key: at for at, key in enumerate(behaviour.likes)}
        shelves = _shelves(each.training)
        chance = np.random.default_rng(0)
        for case in each.cases:
            query = await study.query(case)
            (chosen,) = case.judgments
            met = {event.item_id for event in case.history} | {chosen}
            others = case.item_ids or _drawn(shelves.get(case.scene, []), chance)
            beside = [key for key in others if key not in met and key in column][:BESIDE]
            done += 1
            if not beside or chosen not in column:
                continue
            items = [*beside, chosen]
            chance.shuffle(items)
            profile, rows = query.profile, [column[key] for key in items]
            liked: dict[str, dict[str, float]] = {}
            for key, weight in profile.liked.items():
                liked.setdefault(profile.items[key].scene, {})[key] = weight
            found.append(
                Choice(
                    user_id=case.user_id,
                    scene=case.scene,
                    likes=np.asarray([behaviour.likes[key] for key in items], dtype=np.float64),
                    chosen=items.index(chosen),
                    said={name: behaviour.neighbours(own)[rows] for name, own in liked.items()},
                    person={name: personal(profile, case.scene, name) for name in liked},
                )
            )
        on_progress(done, total)
    return found


def fit_transfer(
    found: Sequence[Choice], *, scenes: Mapping[str, Mapping[str, tuple[float, float]]]
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


async def described(
    index: ItemIndex, events: Sequence[Event]
) -> dict[str, dict[str, tuple[float, float]]]:
    """``alike`` and ``shared`` of every pair of scenes, by target and source."""
    names = sorted(await index.scenes())
    means: dict[str, Floats] = {}
    people: dict[str, set[str]] = {name: set() for name in names}
    for name in names:
        ids = sorted(await index.items(name))[:_DESCRIBED]
        mean = (await index.vectors(name, ids=ids)).mean(axis=0, dtype=np.float64)
        means[name] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    for event in events:
        if event.scene in people:
            people[event.scene].add(event.user_id)
    return {
        target: {
            source: (
                float(means[target] @ means[source]),
                len(people[target] & people[source]) / max(1, len(people[source])),
            )
            for source in names
            if source != target
        }
        for target in names
    }


def scale_of(found: Sequence[Choice]) -> float:
    """The median of all scores above zero; 1 without any."""
    scores = np.concatenate([own for each in found for own in each.said.values()] or [np.zeros(1)])
    above = scores[scores > 0]
    return float(np.median(above)) if len(above) else 1.0


def evidence(choice: Choice, scores: Floats, *, scale: float) -> Floats:
    """(n, 2) columns of a choice: popularity, and what (n,) scores say."""
    return np.stack([z_scores(np.log1p(choice.likes)), z_scores(np.log1p(scores / scale))], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What some evidence adds over less, choice by choice, by weights that never saw the person."""

    people: Sequence[str]
    likely: Floats
    ndcg: Floats


def tried(
    those: Sequence[Choice],
    without: Sequence[Floats],
    added: Sequence[Floats],
    *,
    groups: Sequence[str],
) -> Tried:
    """What ``added`` scores, (n,) for each choice, gain over ``without``; weights by group."""
    likely, reached = zip(
        *(_held(those, scores, groups=groups) for scores in (without, added)), strict=True
    )
    return Tried(
        people=[each.user_id for each in those],
        likely=likely[1] - likely[0],
        ndcg=reached[1] - reached[0],
    )


def _held(
    those: Sequence[Choice], columns: Sequence[Floats], *, groups: Sequence[str]
) -> tuple[Floats, Floats]:
    """Log likelihood and nDCG@10 of each choice, by weights that never saw the person."""
    names = {name: at for at, name in enumerate(sorted(set(groups)))}
    numbers = [names[name] for name in groups]
    folds = np.asarray([fold(each.user_id) for each in those])
    pools = pools_of(columns, [each.chosen for each in those], groups=numbers)
    trained = fitted(pools, groups=len(names), folds=folds)
    scores = [
        matrix @ trained.without.get(at, trained.weights).groups[group]
        for matrix, at, group in zip(columns, folds.tolist(), numbers, strict=True)
    ]
    logs, _ = log_softmax(np.concatenate(scores), pools.starts)
    reached = [ndcg(own, each.chosen) for own, each in zip(scores, those, strict=True)]
    return logs[pools.chosen], np.asarray(reached)


def _pairs(
    found: Sequence[Choice],
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
    of, other = _judged(gains, names)
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


def _weighed(found: Sequence[Choice], transfer: TransferMap) -> dict[str, dict[str, Carry]]:
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


def _known(found: Sequence[Choice], transfer: TransferMap, *, scale: float) -> dict[str, Known]:
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
    of, other = _judged(gains, [each.scene for each in those])
    known: dict[str, Known] = {}
    for target in transfer.pairs:
        own = of.get(target, other)
        known[target] = Known(
            cases=own.cases, gain=own.gain, low=own.low, ndcg=own.ndcg, on=own.low > 0
        )
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Mean gains of some cases, and the lower end of the 95% interval of that in likelihood."""

    cases: int
    gain: float
    low: float
    ndcg: float


def _judged(gains: Tried, names: Sequence[str]) -> tuple[dict[str, _Judged], _Judged]:
    """What each group of cases gains, and what one that is not there is expected to.

    A group's mean is drawn to the mean of all groups, the more the fewer its cases and the less
    groups differ: with many small groups, taking each by itself would leave out most that help.

    Source: Efron and Morris, "Data analysis using Stein's estimator and its generalizations",
    Journal of the American Statistical Association 70, 1975, with the spread between groups
    estimated from the data.
    """
    rows: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        rows.setdefault(name, []).append(at)
    people = {name: [gains.people[at] for at in own] for name, own in rows.items()}
    measured = [name for name in rows if len(set(people[name])) >= FEWEST]
    if not measured:
        return {}, _Judged(cases=0, gain=0.0, low=0.0, ndcg=0.0)
    found = [interval(gains.likely[rows[name]], people=people[name]) for name in measured]
    means = np.asarray([mean for mean, _, _ in found])
    errors = np.asarray([max((mean - low) / _Z, _TINY) for mean, low, _ in found])
    between = _between(means, errors)
    sure = 1.0 / (errors**2 + between)
    centre, of_centre = float(sure @ means / sure.sum()), float(1.0 / sure.sum())
    kept = between / (errors**2 + between)  # share of a group's own mean
    drawn = kept * means + (1.0 - kept) * centre
    lows = drawn - _Z * np.sqrt(kept * errors**2 + (1.0 - kept) ** 2 * of_centre)
    judged = {
        name: _Judged(
            cases=len(rows[name]),
            gain=float(gain),
            low=float(low),
            ndcg=float(gains.ndcg[rows[name]].mean()),
        )
        for name, gain, low in zip(measured, drawn, lows, strict=True)
    }
    low = centre - _Z * float(np.sqrt(between + of_centre))
    return judged, _Judged(cases=0, gain=centre, low=low, ndcg=float(gains.ndcg.mean()))


def _between(means: Floats, errors: Floats) -> float:
    """Variance of the groups' true means, from (n,) measured ones and their standard errors.

    Source: DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7,
    1986.
    """
    sure = 1.0 / errors**2
    centre = sure @ means / sure.sum()
    heterogeneity = float(sure @ (means - centre) ** 2)
    freedom = sure.sum() - (sure**2).sum() / sure.sum()
    return max(0.0, (heterogeneity - (len(means) - 1)) / freedom) if freedom > 0 else 0.0


def joined(choice: Choice, transfer: TransferMap, *, new: bool = False) -> Floats:
    """``R``: (n,) sum over scenes of ``M_ij`` times what the likes there say.

    Where the person is to be taken for ``new`` their likes in the choice's own scene are hidden.
    """
    total = np.zeros(len(choice.likes))
    for source, scores in choice.said.items():
        if not (new and source == choice.scene):
            total += scores * transfer.strength(choice.scene, source, choice.person[source])
    return total


def _weights(
    found: Sequence[Choice],
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
    there: NDArray[np.bool_]
    chosen: NDArray[np.intp]


def _stacked(found: Sequence[Choice], pairs: Mapping[str, Mapping[str, Carry]]) -> _Stacks:
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


def _standard(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """z-scores of each row's values that are there; 0 elsewhere and where all are equal."""
    number = there.sum(axis=1, keepdims=True)
    mean = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / number
    apart = np.where(there, values - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / number)
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-12)


def _shelves(events: Sequence[Event]) -> dict[str, list[str]]:
    """Ids of the items of all events, by scene: a draw is by popularity."""
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.scene, []).append(event.item_id)
    return found


def _drawn(shelf: Sequence[str], chance: np.random.Generator) -> Sequence[str]:
    """Some three times ``BESIDE`` draws, each item once, in the order of the draws."""
    if not shelf:
        return []
    places: list[int] = chance.integers(len(shelf), size=3 * BESIDE).tolist()
    return list(dict.fromkeys(shelf[at] for at in places))
