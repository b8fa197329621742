"""A person's answers to their slates, from the store to a feature of the candidates.

What the answers are worth is in ``ranking.feedback_reward``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from recagent.domain import Candidate, Event, RatingScale
from recagent.ports import EventStore, ItemIndex, Query
from recagent.profiles.building import LOOKS, preference
from recagent.ranking.feedback_reward import REWARD, SlateFeedback, log_rewards

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector

NEWEST = 20  # answers that count


async def answers(
    query: Query, *, store: EventStore, index: ItemIndex, scale: RatingScale
) -> list[SlateFeedback]:
    """The newest answers of the profile to slates that were shown, oldest first; one an item.

    An event counts where the slate that it names was stored and had its item.
    """
    items = query.profile.items
    events = [each for each in _by_item(query.profile.events) if each.item_id in items]
    if not events:
        return []
    shown = {each.id: each for each in await store.impressions([e.impression for e in events])}
    placed = [
        (event, shown[event.impression].item_ids.index(event.item_id) + 1)
        for event in reversed(events)
        if event.impression in shown and event.item_id in shown[event.impression].item_ids
    ]
    rows: dict[str, Vector] = {}
    for scene in {items[event.item_id].scene for event, _ in placed}:
        ids = [event.item_id for event, _ in placed if items[event.item_id].scene == scene]
        rows |= zip(ids, await index.vectors(scene, ids=ids), strict=True)
    return [
        SlateFeedback(vector=rows[event.item_id], preference=preference(event, scale), rank=rank)
        for event, rank in placed
    ]


async def rewarded(
    candidates: Sequence[Candidate],
    given: Sequence[SlateFeedback],
    *,
    scene: str,
    index: ItemIndex,
    cap: float,
) -> list[Candidate]:
    """The candidates with log f among their features; as they are where nothing was answered."""
    if not given or not cap:
        return [*candidates]
    rows = await index.vectors(scene, ids=[each.item.id for each in candidates])
    moved = log_rewards(rows, given, cap=cap).tolist()
    return [
        replace(each, features={**each.features, REWARD: value}) if value else each
        for each, value in zip(candidates, moved, strict=True)
    ]


def _by_item(events: Sequence[Event]) -> list[Event]:
    """The newest answer to each item, newest first; a look only where nothing else was said."""
    newest: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.kind in LOOKS):  # stable
        if event.impression:
            newest.setdefault(event.item_id, event)
    return sorted(newest.values(), key=lambda event: event.at, reverse=True)[:NEWEST]
