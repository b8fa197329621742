"""What comes back from people, and what they were shown: checked, then stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson

from recagent.domain import Event, Impression, RatingScale, Slate, event_kind, person_id
from recagent.errors import ConflictError, DataError, NotFoundError
from recagent.ports import EventStore, ItemIndex
from recagent.profiles.building import MAX_EVENTS

_WORDS = {"like", "dislike", "rating"}  # kinds of which the newest holds
_SAID_AGAIN = timedelta(days=1)
_NEXT = timedelta(microseconds=1)
SKEW = timedelta(minutes=10)  # by which the clock of who tells of an event may be fast


async def checked_event(event: Event, *, index: ItemIndex, scale: RatingScale) -> Event:
    """The event, its scene filled in with the item's own where it is empty.

    A rating whose value says that it was not rated becomes a view.

    Raises:
        DataError: an unknown item, scene or kind, a time without zone or in the future, or a rating
            off the scale.
    """
    event = checked_alone(event, scale=scale)
    scene = await scene_of(event.item_id, index=index, scene=event.scene or None)
    return replace(event, scene=scene)


def checked_alone(event: Event, *, scale: RatingScale) -> Event:
    """The event, unless it cannot be, whatever the catalogue has.

    A rating whose value says that it was not rated becomes a view.

    Raises:
        DataError: an unknown kind, a time without zone or in the future, or a rating off the scale.
    """
    event_kind(event.kind)
    if not event.user_id:
        raise DataError("an event needs a user id")
    if event.kind == "rating" and event.value in scale.unrated:
        event = replace(event, kind="view", value=None)
    check_rating(event, scale=scale)
    check_time(event.at)
    now = datetime.now(tz=UTC)
    if event.at > now + SKEW:
        raise DataError(
            "time {at!r} is in the future (it is now {now:%Y-%m-%dT%H:%M} UTC); give the time at "
            "which it happened, with its time zone",
            at=event.at.isoformat(),
            now=now,
        )
    return event


def check_person(user_id: str) -> None:
    """Refuse an event of somebody without an id.

    Raises:
        DataError: it is one.
    """
    if not person_id(user_id):
        raise DataError(
            "an event needs a user id; {user_id!r} is nobody in particular, so nothing is stored: "
            "give the person's own id",
            user_id=user_id,
        )


async def said_before(event: Event, *, store: EventStore) -> Event | None:
    """Returns the stored event that an event repeats: a double click, or a message sent again.

    It says the same of the item within a day, and nothing else was said of it in between. What is
    no word on an item (a view, a purchase) may happen twice, unless it answers the same slate.
    """
    if event.kind not in _WORDS and not event.impression:
        return None
    for stored in await store.events(event.user_id, limit=MAX_EVENTS):
        if stored.at < event.at - _SAID_AGAIN:
            return None
        if (stored.item_id, stored.scene) != (event.item_id, event.scene):
            continue
        if replace(stored, user_id=event.user_id, at=event.at) == event:
            return replace(event, at=stored.at)
        if stored.kind in _WORDS and event.kind in _WORDS:
            return None
    return None


async def store_answer(events: Sequence[Event], *, store: EventStore) -> Event:
    """Stores an event, in each of its scenes, and returns it as it is stored.

    An answer to another slate at the same moment, as clocks of seconds have it, is stored a
    microsecond later.

    Raises:
        ConflictError: it is stored already with another value, which stays.
    """
    while not await store.add_events(events) and not await _is_stored(events[0], store=store):
        events = [replace(event, at=event.at + _NEXT) for event in events]
    return events[0]


async def _is_stored(event: Event, *, store: EventStore) -> bool:
    """Whether an event is stored already, and not one of its time that answers something else.

    Raises:
        ConflictError: it is one.
    """
    for stored in await store.events(event.user_id, limit=MAX_EVENTS):
        key = (stored.item_id, stored.scene, stored.kind, stored.at)
        if key == (event.item_id, event.scene, event.kind, event.at):
            if stored.value != event.value:
                raise ConflictError(
                    "{kind!r} of {item_id!r} by {user_id!r} at {at!r} is already stored with "
                    "value {stored!r}, not {value!r}; the stored value stays: give another "
                    "time",
                    kind=event.kind,
                    item_id=event.item_id,
                    user_id=event.user_id,
                    at=event.at.isoformat(),
                    stored=stored.value,
                    value=event.value,
                )
            return (stored.impression, stored.text) == (event.impression, event.text)
    return True  # it is older than what is read of a person


async def everywhere(event: Event, *, index: ItemIndex) -> list[Event]:
    """The event, which says no scene, in each scene that has the item; its own first."""
    others = [name for name in await index.scenes() if name != event.scene]
    having = [name for name in others if event.item_id in await index.items(name)]
    return [event, *(replace(event, scene=name) for name in having)]


def check_time(at: datetime | None) -> None:
    """Refuse a time without a zone, or one that UTC does not have; None is now.

    Raises:
        DataError: it is one.
    """
    if at is None:
        return
    if at.tzinfo is None:
        raise DataError("time {at!r} has no time zone; add one, such as +00:00", at=at.isoformat())
    try:
        at.astimezone(UTC)
    except OverflowError as error:
        raise DataError(
            "time {at!r} is before year 1 or after year 9999 in UTC; correct it", at=at.isoformat()
        ) from error


def check_rating(event: Event, *, scale: RatingScale) -> None:
    """Refuse a rating without a value, or with one off the scale.

    Raises:
        DataError: it is one.
    """
    if event.kind != "rating":
        return
    if event.value is None or not scale.low <= event.value <= scale.high:
        raise DataError(
            "rating of {item_id!r} by {user_id!r}: the value must be between {low:g} and "
            "{high:g} (got {value!r}); correct it, or set [ratings]",
            item_id=event.item_id,
            user_id=event.user_id,
            low=scale.low,
            high=scale.high,
            value=event.value,
        )


async def scene_of(item_id: str, *, index: ItemIndex, scene: str | None = None) -> str:
    """The scene that has the item; only ``scene`` is looked at if it is given.

    Raises:
        NotFoundError: no such item there, or no such scene.
    """
    names = await index.scenes()
    if scene and scene not in names:
        raise NotFoundError(
            "unknown scene {scene!r}; indexed scenes: {known}", scene=scene, known=", ".join(names)
        )
    for name in [scene] if scene else names:
        if item_id in await index.items(name):
            return name
    if not scene:
        raise NotFoundError("item {item_id!r} is not in the catalogue", item_id=item_id)
    raise NotFoundError("item {item_id!r} is not in scene {scene!r}", item_id=item_id, scene=scene)


async def record_impression(slate: Slate, *, wish: str, store: EventStore) -> None:
    """Keep what was shown, and the wish that it answers; feedback is joined by the trace's id."""
    await store.add_impression(
        Impression(
            id=slate.trace.id,
            user_id=slate.user_id,
            scene=slate.scene.name,
            at=datetime.now(tz=UTC),
            item_ids=tuple(entry.item.id for entry in slate.entries),
            probabilities=tuple(entry.probability for entry in slate.entries),
            trace=orjson.dumps(slate.trace).decode(),
            wish=wish,
        )
    )
