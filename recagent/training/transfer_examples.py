"""Past choices, and what a person's likes in each scene say of each: what a map is learned from.

Nothing is fitted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Event
from recagent.offline.models import Questions
from recagent.ports import ItemIndex
from recagent.ranking.blend import z_scores
from recagent.retrieval import Interactions
from recagent.scenes.transfer import TransferMap, personal
from recagent.training.backtest import Study
from recagent.training.examples import OnProgress

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


PASSES = 12  # choices of each person at most: a pair of scenes needs many
BESIDE = 19  # other items of a choice at most, drawn by popularity
_DESCRIBED = 1000  # items of a scene that its mean vector is of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastChoice:
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
) -> list[PastChoice]:
    """Past choices, each beside up to ``BESIDE`` other items that the person had not met.

    Args:
        questions: as ``past`` makes them; candidates that a case names are taken.
        study: where they are asked.
        on_progress: told how many of all cases are done.
    """
    total, done = sum(len(each.cases) for each in questions), 0
    found: list[PastChoice] = []
    for each in questions:
        behaviour = Interactions(each.training, scale=study.data.scale)
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
                PastChoice(
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


def scale_of(found: Sequence[PastChoice]) -> float:
    """The median of all scores above zero; 1 without any."""
    scores = np.concatenate([own for each in found for own in each.said.values()] or [np.zeros(1)])
    above = scores[scores > 0]
    return float(np.median(above)) if len(above) else 1.0


def evidence(choice: PastChoice, scores: Floats, *, scale: float) -> Floats:
    """(n, 2) columns of a choice: popularity, and what (n,) scores say."""
    return np.stack([z_scores(np.log1p(choice.likes)), z_scores(np.log1p(scores / scale))], axis=1)


def joined(choice: PastChoice, transfer: TransferMap, *, new: bool = False) -> Floats:
    """``R``: (n,) sum over scenes of ``M_ij`` times what the likes there say.

    Where the person is to be taken for ``new`` their likes in the choice's own scene are hidden.
    """
    total = np.zeros(len(choice.likes))
    for source, scores in choice.said.items():
        if not (new and source == choice.scene):
            total += scores * transfer.strength(choice.scene, source, choice.person[source])
    return total


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
