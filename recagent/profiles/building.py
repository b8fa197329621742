"""Makes a Profile of events and declarations: what a person likes, how much, and in which scene.

It reads the store and the index; it never writes to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import numpy as np

from recagent.domain import (
    LIKED_FROM,
    UNTIMED,
    Edits,
    Event,
    Group,
    Item,
    Known,
    Profile,
    Rate,
    RatingScale,
    User,
)
from recagent.locale import LocalizedText
from recagent.ports import Embedder, EventStore, ItemIndex
from recagent.profiles.tags import blocked_tags, corrected, declared_weights, has_any_tag

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


MAX_EVENTS = 500
FEW_LIKES = 5  # below which a person is hardly known yet

_OLDEST = 1e-200  # the weight of what is thousands of years old, so that no sum of weights is 0

_STRENGTH = {
    "like": 1.0, "purchase": 1.0, "finish": 0.8, "comment": 0.3, "click": 0.2, "view": 0.1,
    "skip": -0.5, "dislike": -1.0,
}  # fmt: skip

LEAST_SHARE = 0.1  # of a deed that is liked; a ninth of what is usual

# What shows interest and is not liking: it counts, a little, and is never called so.
LOOKS = frozenset({"comment", "click", "view"})

# What says whether the person likes the item, one way or the other.
JUDGMENTS = frozenset({"rating", "like", "dislike", "skip"})


def preference(event: Event, scale: RatingScale) -> float:
    """Returns how much an event says that the person likes the item, in [-1, 1].

    A rating counts by its place on the scale: 0 at its middle, 1 at its top. Other kinds have fixed
    strengths, deeds above looks, by how much of it there was.
    """
    if event.kind != "rating":
        return _STRENGTH[event.kind] * _share(event)
    if event.value is None:
        return 0.0
    share = (event.value - scale.low) / (scale.high - scale.low)
    return max(-1.0, min(1.0, 2.0 * share - 1.0))


def is_liked(event: Event, scale: RatingScale) -> bool:
    """Whether an event counts in favour of the item: a high rating, a deed, or at least a look.

    What was done far less than usual does not.
    """
    if event.kind == "rating":
        return preference(event, scale) >= 2.0 * LIKED_FROM - 1.0
    return _STRENGTH[event.kind] > 0.0 and _share(event) >= LEAST_SHARE


def _share(event: Event) -> float:
    """Returns how much of a deed there was, from 0 to 1."""
    is_partial = event.value is not None and 0.0 < event.value < 1.0
    return cast("float", event.value) if is_partial else 1.0


def rate(events: Iterable[Event], scale: RatingScale) -> Rate:
    """Returns how many events judge an item, and how many of these like it."""
    judged = [event for event in events if event.kind in JUDGMENTS]
    return Rate(likes=sum(is_liked(event, scale) for event in judged), judged=len(judged))


def recency(event: Event, newest: Event, half_life: timedelta) -> float:
    """Returns a weight in (0, 1] that halves each ``half_life`` before the newest event.

    What has no time beside what has one is as good as new.
    """
    if event.at == UNTIMED != newest.at:
        return 1.0
    return max(_OLDEST, float(0.5 ** ((newest.at - event.at) / half_life)))


def without_scene(profile: Profile, scene: str) -> Profile:
    """Returns the profile that the same person would have if they were new in the scene."""
    events = tuple(event for event in profile.events if event.scene != scene)
    left = {event.item_id for event in events}
    return replace(
        profile,
        events=events,
        liked={
            key: weight
            for key, weight in profile.liked.items()
            if key in left and profile.items[key].scene != scene
        },
        gone={key: weight for key, weight in profile.gone.items() if key in left},
        taste={name: taste for name, taste in profile.taste.items() if name != scene},
        items={key: item for key, item in profile.items.items() if key in left},
    )


async def build_profile(
    user_id: str,
    *,
    store: EventStore,
    index: ItemIndex,
    embedder: Embedder | None,
    scale: RatingScale,
    half_life: timedelta,
) -> Profile:
    """Returns the profile of a person in the store; an unknown id gives an empty one.

    Without an embedder what the person declares is left out.
    """
    user, events = await store.person(user_id, limit=MAX_EVENTS)
    return await profile_of(
        user or User(id=user_id),
        events,
        index=index,
        embedder=embedder,
        scale=scale,
        half_life=half_life,
    )


def declared_alone(profile: Profile) -> Profile:
    """Returns a profile without any taste; what the person is stays, for the rules of scenes.

    By it is chosen what somebody looks for on behalf of another.
    """
    user = replace(profile.user, tags=(), about="", edits=Edits())
    return Profile(user=user, events=(), liked={}, taste={}, declared=None, items={})


async def profile_of(
    user: User,
    events: Sequence[Event],
    *,
    index: ItemIndex,
    embedder: Embedder | None,
    scale: RatingScale,
    half_life: timedelta,
) -> Profile:
    """Returns the profile that a person's events, newest first, make; the newest 500 count.

    The taste vector of a scene is the recency- and strength-weighted mean of the vectors of what
    was liked there, plus the declared vector with weight 1, scaled to unit length. What the person
    changed counts in place of what was declared, and what carries a tag that they blocked is not
    liked.
    """
    weights, unwanted, user = declared_weights(user), blocked_tags(user), corrected(user)
    events = tuple(events[:MAX_EVENTS])
    by_scene_and_id = await _items(events, index)
    items: dict[str, Item] = {}
    for item in by_scene_and_id.values():
        items.setdefault(item.id, item)  # as the scene of its newest event has it
    every_like = _liked(events, scale, half_life)
    liked = {key: weight for key, weight in every_like.items()
             if key in items and not has_any_tag(items[key], unwanted)}  # fmt: skip
    declared = await _declared(user, weights, embedder) if embedder else None
    taste: dict[str, Vector] = {}
    for scene in {item.scene for item in by_scene_and_id.values() if item.id in liked}:
        ids = [item_id for item_id in liked if (scene, item_id) in by_scene_and_id]
        likes = np.asarray([liked[item_id] for item_id in ids])
        shares = (likes / likes.max()).astype(np.float32)  # old likes alone must not vanish
        mean = _unit(shares @ await index.vectors(scene, ids=ids))
        taste[scene] = mean if declared is None else _unit(mean + declared)
    return Profile(
        user=user,
        events=events,
        liked=liked,
        gone={key: weight for key, weight in every_like.items() if key not in items},
        taste=taste,
        declared=declared,
        items=items,
        tags=weights,
    )


def known_as(profile: Profile, *, scene: str, wish: str) -> Known:
    """Returns the best of what a slate in ``scene`` can rest on."""
    if not profile.is_cold(scene):
        return "warm"
    if profile.events:
        return "new here"
    user = profile.user
    return "declared only" if user.attributes or user.tags or user.about or wish else "unknown"


def group_of(profile: Profile, scene: str) -> Group:
    """Returns the group of people that a person belongs to in ``scene``, by the likes that count.

    A wish is of one request and makes no group.
    """
    if not profile.liked:
        return "unknown" if profile.declared is None else "declared only"
    if profile.is_cold(scene):
        return "new here"
    return "few likes" if len(profile.liked) < FEW_LIKES else "known"


def without_likes(events: Sequence[Event], scale: RatingScale) -> LocalizedText | None:
    """Returns a note where there are events and none is a like; else None.

    Args:
        events: theirs.
        scale: of their ratings.
    """
    if not events or any(is_liked(event, scale) for event in events):
        return None
    ratings = [
        event.value for event in events if event.kind == "rating" and event.value is not None
    ]
    if not ratings:
        return LocalizedText("none of the {count} events counts as a like", count=len(events))
    liked = scale.shown_from(ratings)
    return LocalizedText(
        "none of the {count} ratings counts as a like; a like is {liked:g} or more out of "
        "{highest:g}",
        count=len(ratings),
        liked=liked,
        highest=scale.high,
    )


def _liked(events: Sequence[Event], scale: RatingScale, half_life: timedelta) -> dict[str, float]:
    """Returns the weight of every liked item, newest first.

    The newest judgment or deed on an item counts, and a look only where there is neither.
    """
    deciding: dict[str, Event] = {}
    for event in sorted(_summed(events), key=lambda event: event.kind in LOOKS):  # stable
        deciding.setdefault(event.item_id, event)
    newest_first = dict.fromkeys(event.item_id for event in events)
    return {
        key: preference(event, scale) * recency(event, events[0], half_life)
        for key in newest_first
        if is_liked(event := deciding[key], scale)
    }


def _summed(events: Sequence[Event]) -> list[Event]:
    """Returns the events; of those on one item that say how much, each has the total."""
    odds: dict[tuple[str, str], float] = {}
    for event in events:
        if event.kind != "rating" and _share(event) < 1.0:
            key = (event.item_id, event.kind)
            odds[key] = odds.get(key, 0.0) + _share(event) / (1.0 - _share(event))
    if not odds:
        return list(events)
    totals = {key: total / (1.0 + total) for key, total in odds.items()}
    return [
        replace(event, value=totals[event.item_id, event.kind])
        if event.kind != "rating" and _share(event) < 1.0
        else event
        for event in events
    ]


async def _items(events: Sequence[Event], index: ItemIndex) -> dict[tuple[str, str], Item]:
    """Returns the items of the events by scene and id, in the events' order."""
    indexed = set(await index.scenes())
    catalogues = {scene: await index.items(scene)
                  for scene in sorted({event.scene for event in events} & indexed)}  # fmt: skip
    items: dict[tuple[str, str], Item] = {}
    for event in events:
        item = catalogues.get(event.scene, {}).get(event.item_id)
        if item is not None:
            items[event.scene, item.id] = item
    return items


async def _declared(user: User, weights: Mapping[str, float], embedder: Embedder) -> Vector | None:
    """Returns the vector of what is declared; lighter tags are added with their weight."""
    values = [
        " ".join(value) if isinstance(value, tuple) else str(value)
        for value in user.attributes.values()
    ]
    light = {tag: weight for tag, weight in weights.items() if weight < 1}
    full = [tag for tag in user.tags if tag not in light]
    text = " ".join(filter(None, [*full, user.about, *values]))
    if not text and not light:
        return None
    rows = await embedder.embed([text, *light], role="query")
    return _unit(np.asarray([1.0, *light.values()], np.float32) @ rows) if light else rows[0]


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else vector
