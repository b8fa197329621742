"""What is asked: people in a seeded order, each with frozen candidates in an order of its own.

Where histories are cut is decided in ``splits``; cases of a researcher's own are read in
``case_files``; leaks are looked for in ``leaks``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from recagent.domain import Case
from recagent.errors import DataError
from recagent.evaluation.case_files import load_cases
from recagent.evaluation.changes import masked, swapped
from recagent.offline.leaks import check_leaks
from recagent.offline.models import Data, Questions
from recagent.offline.order import hashed, shuffled
from recagent.offline.splits import Held, Split, split

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats
    from recagent.evaluation.experiment import CasesSection

__all__ = [
    "check_leaks",
    "given_cases",
    "load_cases",
    "make_cases",
    "masked",
    "of_strangers",
    "questions",
    "swapped",
]

Negatives = Literal["popular", "uniform"]


class _Few(NamedTuple):
    """Of whom so few items could be drawn, where so many were missing."""

    user_id: str
    drawn: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shelf:
    """Items of a scene and their weights in a draw, in the same order."""

    ids: Sequence[str]
    weights: Floats


def questions(data: Data, section: CasesSection, *, folder: Path) -> Questions:
    """The cases that ``[cases]`` declares, and what may be learnt from.

    Args:
        data: whom and what they are about.
        section: their origin, number and candidates.
        folder: where a file of cases is looked for.

    Raises:
        DataError: an unknown scene or set, too few items to draw from, or a broken file of cases.
    """
    if section.file:
        asked = load_cases(folder / section.file, data)
        return _limited(asked, data, section.scenes, section.number)
    if section.given:
        return given_cases(
            data,
            section.given,
            scenes=section.scenes,
            number=section.number,
            seed=section.seed,
        )
    held = split(
        data,
        how=section.split,
        people=section.people,
        per_scene=section.per_scene,
        min_history=section.min_history,
        share=section.share,
        at=section.at,
    )
    return make_cases(
        data,
        held,
        scenes=section.scenes,
        number=section.number,
        candidates=section.candidates,
        negatives=section.negatives,
        seed=section.seed,
    )


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
    """Cases with ``candidates`` items each: what is judged, and items that the person never met.

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
            any are never drawn).
        seed: of people's order, draws and listing.

    Raises:
        DataError: an unknown scene, one without anybody, or no scene with items enough to draw
            from; one that has too few while others have enough is left out, and that is said.
    """
    wanted = _known_scenes(data, scenes)
    chosen: list[Held] = []
    for scene in wanted:
        here = [held for held in split.held if held.scene == scene]
        if not here and scenes:
            raise DataError(
                f"scene {scene!r} has nobody to ask; lower min_history, or ask other people"
            )
        here.sort(key=lambda held: hashed("people", seed, held.user_id))
        chosen += here[: number or None]
    met = _met(data, {held.user_id for held in chosen})
    counts = Counter((event.scene, event.item_id) for event in split.training)
    shelves = {scene: _shelf(data, scene, counts, negatives) for scene in wanted}
    cases: list[Case] = []
    few: dict[str, _Few] = {}
    for held in chosen:
        judged, listed = dict(held.judgments), tuple[str, ...]()
        if candidates != "all":
            judged = dict(list(judged.items())[: max(1, candidates // 2)])
            missing = candidates - len(judged)
            drawn = _draw(shelves[held.scene], met[held.user_id], held, seed, number=missing)
            if len(drawn) < missing:
                few.setdefault(held.scene, _Few(held.user_id, len(drawn), missing))
                continue
            listed = shuffled([*judged, *drawn], "listing", seed, held.user_id, held.scene)
        cases.append(
            Case(
                id=f"{held.user_id}/{held.scene}",
                user_id=held.user_id,
                scene=held.scene,
                item_ids=listed,
                judgments=judged,
                history=held.history,
                user=data.users.get(held.user_id),
            )
        )
    if few and all(case.scene in few for case in cases):
        scene, found = next(iter(few.items()))
        raise DataError(
            f"scene {scene!r} has {found.drawn} items to draw for {found.user_id!r}, "
            f'not {found.missing}; lower candidates, or take negatives = "uniform"'
        )
    return Questions(
        cases=[case for case in cases if case.scene not in few],
        training=split.training,
        left_out=tuple(few),
    )


def of_strangers(asked: Questions) -> Questions:
    """The same, with nothing known of anybody who is asked about; what others did stays."""
    cases = [replace(case, history=(), user=None) for case in asked.cases]
    return replace(asked, cases=cases)


def given_cases(
    data: Data, name: str, *, scenes: Sequence[str] = (), number: int = 0, seed: int = 0
) -> Questions:
    """The cases that come with the data, in each scene in a seeded order of people.

    Raises:
        DataError: an unknown set or scene.
    """
    if name not in data.given:
        known = ", ".join(data.given) or "none"
        raise DataError(f"data {data.name!r} have no cases {name!r}; there are {known}")
    cases = sorted(data.given[name], key=lambda case: hashed("people", seed, case.user_id))
    asked = Questions(cases=cases, training=data.events)
    return _limited(asked, data, scenes, number)


def _limited(asked: Questions, data: Data, scenes: Sequence[str], number: int) -> Questions:
    """The first ``number`` cases of each wanted scene, scene by scene."""
    cases: list[Case] = []
    for scene in _known_scenes(data, scenes):
        here = [case for case in asked.cases if case.scene == scene]
        if not here and scenes:
            raise DataError(f"scene {scene!r} has no case; leave it out of scenes")
        cases += here[: number or None]
    return Questions(cases=cases, training=asked.training)


def _known_scenes(data: Data, scenes: Sequence[str]) -> list[str]:
    for scene in scenes:
        if scene not in data.scenes:
            raise DataError(
                f"data {data.name!r} have no scene {scene!r}; there are {', '.join(data.scenes)}"
            )
    return list(dict.fromkeys(scenes)) or list(data.scenes)


def _met(data: Data, people: set[str]) -> dict[str, set[str]]:
    """Everything that each of these people ever had to do with, also after the cut."""
    met: dict[str, set[str]] = {user_id: set() for user_id in people}
    for event in data.events:
        if event.user_id in met:
            met[event.user_id].add(event.item_id)
    return met


def _shelf(
    data: Data, scene: str, counts: Counter[tuple[str, str]], negatives: Negatives
) -> _Shelf:
    ids = [item.id for item in data.items if item.scene == scene]
    popular = negatives == "popular"
    weights = [float(counts[scene, item_id]) if popular else 1.0 for item_id in ids]
    return _Shelf(ids=ids, weights=np.asarray(weights))


def _draw(shelf: _Shelf, met: set[str], held: Held, seed: int, *, number: int) -> list[str]:
    """Up to ``number`` items that the person never met: a weighted draw without replacement.

    Source: Efraimidis, Spirakis, "Weighted random sampling with a reservoir", Information
    Processing Letters 97, 2006: the largest ``u ** (1 / weight)`` come first, u uniform.
    """
    stream = hashed("draw", seed, held.user_id, held.scene)
    uniform = np.random.default_rng(stream).random(len(shelf.ids))
    with np.errstate(divide="ignore", invalid="ignore"):
        keys = np.log(uniform) / shelf.weights
    order: list[int] = np.argsort(-keys, kind="stable").tolist()
    free = (shelf.ids[at] for at in order if shelf.weights[at] > 0 and shelf.ids[at] not in met)
    return list(islice(free, number))
