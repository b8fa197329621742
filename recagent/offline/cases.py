"""Cases of a data set: people in a seeded order, each with frozen candidates in a seeded order.

``splits`` decides where histories are cut, and ``leaks`` checks the outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from recagent.domain import Case
from recagent.errors import DataError
from recagent.offline.data_set import Data, Questions
from recagent.offline.order import stable_hash, stable_shuffle
from recagent.offline.splits import HeldOutCase, Split

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats

Negatives = Literal["popular", "uniform", "new"]


class _Shortage(NamedTuple):
    """Says for whom too few items could be drawn."""

    user_id: str
    drawn: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DrawPool:
    """Holds the items of a scene and their weights in a draw, in the same order."""

    ids: Sequence[str]
    weights: Floats


def make_cases(
    data: Data,
    split: Split,
    *,
    scenes: Sequence[str] = (),
    number: int = 0,
    candidates: int | Literal["all"] = 20,
    negatives: Negatives = "popular",
    seed: int = 0,
) -> Questions:
    """Makes cases of ``candidates`` items each: the judged ones, and some new to the person.

    People come in the order of a hash of seed and id, so that a smaller number is the beginning of
    a larger one. Of more than half as many judged items as candidates, the first liked stay; the
    others are neither judged nor candidates.

    Args:
        data: catalogue, people, events.
        split: of these data.
        scenes: all by default.
        number: of cases in each scene at most; 0 is all.
        candidates: of a case, or ``"all"``: the whole scene, named by none.
        negatives: drawn alike, or in proportion to the events on them in training (those without
            any are never drawn), or alike of those without any.
        seed: of people's order, draws and listing.

    Raises:
        DataError: an unknown scene, one without anybody, or no scene with items enough to draw
            from; one that has too few while others have enough is left out, and that is said.
    """
    known_scenes = _known_scenes(data, scenes)
    held_out = _people_in_order(split, known_scenes, number, seed, all_needed=bool(scenes))
    seen_items = _seen_items(data, {case.user_id for case in held_out})
    counts = Counter((event.scene, event.item_id) for event in split.training)
    pools = {scene: _draw_pool(data, scene, counts, negatives) for scene in known_scenes}
    cases: list[Case] = []
    shortages: dict[str, _Shortage] = {}
    for case in held_out:
        judgments, item_ids = dict(case.judgments), tuple[str, ...]()
        if candidates != "all":
            judgments = dict(list(judgments.items())[: max(1, candidates // 2)])
            missing = candidates - len(judgments)
            drawn = _draw(pools[case.scene], seen_items[case.user_id], case, seed, number=missing)
            if len(drawn) < missing:
                shortages.setdefault(case.scene, _Shortage(case.user_id, len(drawn), missing))
                continue
            listing = ("listing", seed, case.user_id, case.scene)
            item_ids = stable_shuffle([*judgments, *drawn], *listing)
        cases.append(
            Case(
                id=f"{case.user_id}/{case.scene}",
                user_id=case.user_id,
                scene=case.scene,
                item_ids=item_ids,
                judgments=judgments,
                history=case.history,
                user=data.users.get(case.user_id),
            )
        )
    if shortages and all(case.scene in shortages for case in cases):
        raise _too_few_items(*next(iter(shortages.items())))
    return Questions(
        cases=[case for case in cases if case.scene not in shortages],
        training=split.training,
        left_out=tuple(shortages),
        cut=split.cut,
    )


def _too_few_items(scene: str, shortage: _Shortage) -> DataError:
    return DataError(
        "scene {scene!r} has only {count} items to draw for {user_id!r}, not {wanted}; lower "
        'candidates, or set negatives = "uniform"',
        scene=scene,
        count=shortage.drawn,
        user_id=shortage.user_id,
        wanted=shortage.missing,
    )


def _people_in_order(
    split: Split, scenes: Sequence[str], number: int, seed: int, *, all_needed: bool
) -> list[HeldOutCase]:
    """Returns up to ``number`` people of each scene, in the seeded order."""
    people: list[HeldOutCase] = []
    for scene in scenes:
        in_scene = [case for case in split.held_out if case.scene == scene]
        if not in_scene and all_needed:
            raise DataError(
                "scene {scene!r} has no people to evaluate; lower min_history, or select other "
                "people",
                scene=scene,
            )
        in_scene.sort(key=lambda case: stable_hash("people", seed, case.user_id))
        people += in_scene[: number or None]
    return people


def hide_histories(questions: Questions) -> Questions:
    """Returns the questions with nothing known of the people who are asked about."""
    cases = [replace(case, history=(), user=None) for case in questions.cases]
    return replace(questions, cases=cases)


def given_cases(
    data: Data, name: str, *, scenes: Sequence[str] = (), number: int = 0, seed: int = 0
) -> Questions:
    """Returns the cases that come with the data, in each scene in a seeded order of people.

    Raises:
        DataError: an unknown set or scene.
    """
    if name not in data.case_sets:
        known = ", ".join(data.case_sets) or "none"
        raise DataError(
            "data {data!r} has no cases {cases!r}; known cases: {known}",
            data=data.name,
            cases=name,
            known=known,
        )
    cases = sorted(data.case_sets[name], key=lambda case: stable_hash("people", seed, case.user_id))
    questions = Questions(cases=cases, training=data.events)
    return limit_to_scenes(questions, data, scenes, number)


def limit_to_scenes(
    questions: Questions, data: Data, scenes: Sequence[str], number: int
) -> Questions:
    """Returns the first ``number`` cases of each of these scenes, scene by scene."""
    cases: list[Case] = []
    for scene in _known_scenes(data, scenes):
        in_scene = [case for case in questions.cases if case.scene == scene]
        if not in_scene and scenes:
            raise DataError("scene {scene!r} has no cases; remove it from scenes", scene=scene)
        cases += in_scene[: number or None]
    return Questions(cases=cases, training=questions.training)


def _known_scenes(data: Data, scenes: Sequence[str]) -> list[str]:
    for scene in scenes:
        if scene not in data.scenes:
            raise DataError(
                "data {data!r} has no scene {scene!r}; known scenes: {known}",
                data=data.name,
                scene=scene,
                known=", ".join(data.scenes),
            )
    return list(dict.fromkeys(scenes)) or list(data.scenes)


def _seen_items(data: Data, people: set[str]) -> dict[str, set[str]]:
    """Returns the ids of all items that each person ever had an event on, by person."""
    seen: dict[str, set[str]] = {user_id: set() for user_id in people}
    for event in data.events:
        if event.user_id in seen:
            seen[event.user_id].add(event.item_id)
    return seen


def _draw_pool(
    data: Data, scene: str, counts: Counter[tuple[str, str]], negatives: Negatives
) -> _DrawPool:
    ids = [item.id for item in data.items if item.scene == scene]
    events = np.asarray([float(counts[scene, item_id]) for item_id in ids])
    weights = {"popular": events, "uniform": np.ones(len(ids)), "new": 1.0 * (events == 0)}
    return _DrawPool(ids=ids, weights=weights[negatives])


def _draw(
    pool: _DrawPool, seen: set[str], case: HeldOutCase, seed: int, *, number: int
) -> list[str]:
    """Draws up to ``number`` items that the person never met, weighted, without replacement.

    Source: Efraimidis, Spirakis, "Weighted random sampling with a reservoir", Information
    Processing Letters 97, 2006: the largest ``u ** (1 / weight)`` come first, u uniform.
    """
    stream = stable_hash("draw", seed, case.user_id, case.scene)
    uniform = np.random.default_rng(stream).random(len(pool.ids))
    with np.errstate(divide="ignore", invalid="ignore"):
        keys = np.log(uniform) / pool.weights
    order: list[int] = np.argsort(-keys, kind="stable").tolist()
    unseen = (pool.ids[row] for row in order if pool.weights[row] > 0 and pool.ids[row] not in seen)
    return list(islice(unseen, number))
