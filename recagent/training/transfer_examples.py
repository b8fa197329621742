"""Past choices, each with item scores by the person's likes in every scene.

``transfer`` fits the map on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Event
from recagent.offline.backtest import Backtest
from recagent.offline.data_set import Questions
from recagent.offline.examples import OnProgress
from recagent.ports import ItemIndex
from recagent.ranking.blend import z_scores
from recagent.retrieval import Interactions
from recagent.scenes.transfer import TransferMap, person_features

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


PASSES = 12  # choices of each person at most: a pair of scenes needs many
BESIDE = 19  # other items of a choice at most, drawn by popularity
_DESCRIBED = 1000  # items of a scene that its mean vector is of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastChoice:
    """Is one past choice, scored by the person's likes in each scene.

    Attributes:
        likes: of each candidate, by everybody, (n,).
        chosen: index of what was chosen.
        scores: (n,) item-kNN scores of the candidates by the person's likes in one scene, by scene.
        person: the last three of ``transfer.FEATURES`` for the choice's scene, by source.
    """

    user_id: str
    scene: str
    likes: Floats
    chosen: int
    scores: Mapping[str, Floats]
    person: Mapping[str, tuple[float, float, float]]


async def transfer_choices(
    questions: Sequence[Questions], *, backtest: Backtest, on_progress: OnProgress
) -> list[PastChoice]:
    """Returns past choices, each among up to ``BESIDE`` other items that the person had not met.

    Args:
        questions: as ``past`` makes them; candidates that a case names are taken.
        backtest: makes their queries.
        on_progress: called with how many of all cases are done.
    """
    total, done = sum(len(each.cases) for each in questions), 0
    past_choices: list[PastChoice] = []
    for each in questions:
        behaviour = Interactions(each.training, scale=backtest.data.scale)
        column = {key: number for number, key in enumerate(behaviour.likes)}
        draw_pools = _draw_pools(each.training)
        chance = np.random.default_rng(0)
        for case in each.cases:
            query = await backtest.query(case)
            (chosen,) = case.judgments
            met = {event.item_id for event in case.history} | {chosen}
            others = case.item_ids or _drawn(draw_pools.get(case.scene, []), chance)
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
            past_choices.append(
                PastChoice(
                    user_id=case.user_id,
                    scene=case.scene,
                    likes=np.asarray([behaviour.likes[key] for key in items], dtype=np.float64),
                    chosen=items.index(chosen),
                    scores={
                        name: behaviour.neighbours(weights)[rows] for name, weights in liked.items()
                    },
                    person={name: person_features(profile, case.scene, name) for name in liked},
                )
            )
        on_progress(done, total)
    return past_choices


async def scene_pairs(
    index: ItemIndex, events: Sequence[Event]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Returns ``alike`` and ``shared`` of every pair of scenes, by target and source."""
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


def score_scale(past_choices: Sequence[PastChoice]) -> float:
    """Returns the median of all scores above zero; 1 without any."""
    scores = np.concatenate(
        [scores for choice in past_choices for scores in choice.scores.values()] or [np.zeros(1)]
    )
    above = scores[scores > 0]
    return float(np.median(above)) if len(above) else 1.0


def evidence_columns(choice: PastChoice, scores: Floats, *, scale: float) -> Floats:
    """Returns (n, 2) columns of a choice: popularity and (n,) scores, both standardised."""
    return np.stack([z_scores(np.log1p(choice.likes)), z_scores(np.log1p(scores / scale))], axis=1)


def joined_scores(choice: PastChoice, transfer: TransferMap, *, new: bool = False) -> Floats:
    """Returns ``R``: (n,) sum over scenes of ``M_ij`` times the scores by the likes there.

    With ``new``, the likes in the choice's own scene are hidden.
    """
    total = np.zeros(len(choice.likes))
    for source, scores in choice.scores.items():
        if not (new and source == choice.scene):
            total += scores * transfer.strength(choice.scene, source, choice.person[source])
    return total


def _draw_pools(events: Sequence[Event]) -> dict[str, list[str]]:
    """Returns the item ids of all events, by scene: draws from them go by popularity."""
    pools: dict[str, list[str]] = {}
    for event in events:
        pools.setdefault(event.scene, []).append(event.item_id)
    return pools


def _drawn(pool: Sequence[str], chance: np.random.Generator) -> Sequence[str]:
    """Draws ``3 * BESIDE`` times; returns each item once, in the order of the draws."""
    if not pool:
        return []
    rows: list[int] = chance.integers(len(pool), size=3 * BESIDE).tolist()
    return list(dict.fromkeys(pool[row] for row in rows))
