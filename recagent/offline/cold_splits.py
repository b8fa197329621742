"""Splits that ask about what is new: people, items, or a scene without any events.

What is new stays out of training whole. With times it is what comes after one moment; without, a
share of people or items by a hash of their ids.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from recagent.domain import Event
from recagent.errors import DataError
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash
from recagent.offline.splits import (
    SHARE,
    HeldOutCase,
    People,
    Split,
    events_by_user,
    global_cut,
    grade,
    is_among,
    split,
)
from recagent.profiles.building import is_liked

ColdSplit = Literal["new-people", "new-items", "new-scene"]
SHOWN = 3  # events of a new person that are known when they are asked about


def split_new_people(
    data: Data,
    *,
    people: People = "test",
    share: float = SHARE,
    at: datetime | None = None,
    shown: int = SHOWN,
) -> Split:
    """Asks about people of whom training holds nothing, after their first ``shown`` events.

    With times they are those who came after the moment of a global split; without, a share of all.
    All that they liked later and had not met is judged, in the scene of the first of it.
    """
    cut = global_cut(data.events, at, share) if data.timed else None
    held_out: list[HeldOutCase] = []
    new: set[str] = set()
    for user_id, events in events_by_user(data.events).items():
        is_new = events[0].at >= cut if cut else _is_chosen("person", user_id, share)
        if not is_new:
            continue
        new.add(user_id)
        if is_among(user_id, people) and len(events) > shown:
            case = _later_likes(events, data, shown=shown)
            held_out += [case] if case else []
    training = [e for e in data.events if e.user_id not in new and (cut is None or e.at < cut)]
    return Split(held_out=held_out, training=training, cut=cut)


def split_new_items(
    data: Data,
    *,
    people: People = "test",
    min_history: int,
    share: float = SHARE,
    at: datetime | None = None,
) -> Split:
    """Asks about likes of items of which training holds no event.

    With times it is the global split, and they are the items whose first event comes after its
    moment; without, a share of all items, and a person's last like of one is the target.
    """
    if data.timed:
        cut = split(data, how="global", people=people, min_history=min_history, share=share, at=at)
        known = {event.item_id for event in cut.training}
        held_out = [
            replace(case, judgments={k: v for k, v in case.judgments.items() if k not in known})
            for case in cut.held_out
        ]
        return replace(cut, held_out=[case for case in held_out if case.judgments])
    new = {item.id for item in data.items if _is_chosen("item", item.id, share)}
    old = [event for event in data.events if event.item_id not in new]
    history = events_by_user(old)
    chosen: list[HeldOutCase] = []
    for user_id, events in events_by_user(data.events).items():
        liked = [e for e in events if e.item_id in new and is_liked(e, data.scale)]
        if not liked or not is_among(user_id, people):
            continue
        earlier = [e for e in history.get(user_id, ()) if e.at < liked[-1].at]
        if len(earlier) >= min_history:
            chosen.append(_case(liked[-1], tuple(reversed(earlier)), {liked[-1].item_id: 1}))
    return _without_later(chosen, old)


def split_new_scene(
    data: Data, scenes: Collection[str], *, people: People = "test", min_history: int
) -> Split:
    """Asks about a scene of which training holds no event, from what people did elsewhere.

    The target is a person's last like there; what they did in other scenes before it is known.

    Raises:
        DataError: not one scene is named, or no other has events.
    """
    if len(scenes) != 1:
        raise DataError("a new scene is one scene; name it, as in scenes = ['books']")
    (scene,) = scenes
    elsewhere = [event for event in data.events if event.scene != scene]
    if not elsewhere:
        raise DataError(
            "scene {scene!r} is the only one with events; choose other data", scene=scene
        )
    cut = split(data, people=people, per_scene=True, min_history=1)
    held_out: list[HeldOutCase] = []
    for case in cut.held_out:
        history = tuple(e for e in case.history if e.scene != scene)
        met = {event.item_id for event in history}
        if case.scene == scene and len(history) >= min_history and not met & case.judgments.keys():
            held_out.append(replace(case, history=history))
    return _without_later(held_out, elsewhere)


def _later_likes(events: Sequence[Event], data: Data, *, shown: int) -> HeldOutCase | None:
    """Returns what a new person liked after their first events; None where they liked nothing."""
    catalogue = {(item.scene, item.id) for item in data.items}
    first, later = events[:shown], events[shown:]
    met, end = {event.item_id for event in first}, first[-1].at
    liked = [
        event for event in later
        if is_liked(event, data.scale) and event.at > end and event.item_id not in met
        and (event.scene, event.item_id) in catalogue
    ]  # fmt: skip
    if not liked:
        return None
    grades = {e.item_id: grade(e, data.scale) for e in reversed(liked) if e.scene == liked[0].scene}
    return _case(liked[0], tuple(reversed(first)), grades)


def _case(target: Event, history: tuple[Event, ...], judgments: Mapping[str, int]) -> HeldOutCase:
    return HeldOutCase(
        user_id=target.user_id,
        scene=target.scene,
        cut=target.at,
        history=history,
        judgments=judgments,
    )


def _without_later(held_out: Sequence[HeldOutCase], events: Sequence[Event]) -> Split:
    """Returns the split whose training ends for each person who is asked about at their cut."""
    cuts = {case.user_id: case.cut for case in held_out}
    training = [e for e in events if e.user_id not in cuts or e.at < cuts[e.user_id]]
    return Split(held_out=held_out, training=training)


def _is_chosen(kind: str, name: str, share: float) -> bool:
    return stable_hash("new", kind, name) < share * 2**64
