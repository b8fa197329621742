"""Splits everybody's events into what may be known of a person and what they are asked about.

``cases`` draws the candidates. Cuts depend on neither seed nor system, and what is kept
from training is kept from it in both halves of the people.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from recagent.domain import UNTIMED, Event, RatingScale
from recagent.errors import DataError
from recagent.offline.data_set import Data
from recagent.profiles.building import is_liked, preference

SplitMethod = Literal["leave-one-out", "temporal", "global"]
People = Literal["test", "validation", "all"]

MIN_HISTORY = 5
SHARE = 0.2  # of a person's liked events (temporal), of all events (global), that are asked about
GRADES = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutCase:
    """Is what is held out of one person in one scene.

    Attributes:
        cut: time at which the history ends; it is all before it.
        history: newest first.
        judgments: grade by item id, in the order in which the items were liked.
    """

    user_id: str
    scene: str
    cut: datetime
    history: tuple[Event, ...]
    judgments: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Holds what is held out, and the training events in order of time.

    Attributes:
        cut: the moment of a global split; nothing of training is of it or later.
    """

    held_out: Sequence[HeldOutCase]
    training: Sequence[Event]
    cut: datetime | None = None


def split(
    data: Data,
    *,
    how: SplitMethod = "leave-one-out",
    people: People = "test",
    per_scene: bool = False,
    min_history: int = MIN_HISTORY,
    share: float = SHARE,
    at: datetime | None = None,
) -> Split:
    """Cuts the events.

    A target is a catalogue item that the person liked and had no event on before the cut. Events at
    the very moment of a cut are on neither side. A person with fewer than ``min_history`` events
    before the cut is not asked about.

    - ``leave-one-out``: the last target; the cut is its time. Grade 1.
    - ``temporal``: the last ``share`` of the person's liked events; the cut is the first one's
      time. All targets of one scene are judged, by ``grade``.
    - ``global``: one cut for everybody, ``at`` or the time before which all but ``share`` of the
      events lie. All targets of one scene are judged, by ``grade``.

    A person is asked about in one scene, that of the first target; with ``per_scene`` in every
    scene with targets (in leave-one-out then with a cut for each). Training holds everybody's
    events before their first cut, all of those of people without one; in a global split, of all
    people those before the moment.

    Args:
        data: events and catalogue.
        how: see above.
        people: halves by a hash of the id; validation people are for choosing, test people for
            reporting.
        per_scene: whether a person may stand in several scenes.
        min_history: least number of events in a history.
        share: what is asked about, between 0 and 1.
        at: moment of a global split; UTC where it has no zone.

    Raises:
        DataError: no event lies before or after the moment of a global split, or the data have no
            times.
    """
    if how == "global" and not data.timed:
        raise DataError(
            "data {data!r} has an order and no times, so nothing is before a moment for everybody; "
            'choose split = "leave-one-out"',
            data=data.name,
        )
    moment = global_cut(data.events, at, share) if how == "global" else None
    catalogue = {(item.scene, item.id) for item in data.items}
    held_out: list[HeldOutCase] = []
    first_cuts: dict[str, datetime] = {}
    for user_id, events in events_by_user(data.events).items():
        liked = [
            event
            for event in events
            if is_liked(event, data.scale) and (event.scene, event.item_id) in catalogue
        ]
        if how == "leave-one-out":
            cases = _last_likes(events, liked, per_scene=per_scene)
        else:
            cut = moment or _late_cut(liked, share)
            cases = _likes_after(events, liked, cut, data.scale, per_scene=per_scene)
        cases = [case for case in cases if len(case.history) >= min_history]
        if cases:
            first_cuts[user_id] = min(case.cut for case in cases)
        held_out += [case for case in cases if is_among(user_id, people)]
    training = [
        event
        for event in data.events
        if (cut := moment or first_cuts.get(event.user_id)) is None or event.at < cut
    ]
    return Split(held_out=held_out, training=training, cut=moment)


def events_by_user(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Returns each person's events, in the order in which they come."""
    by_user: dict[str, list[Event]] = {}
    for event in events:
        by_user.setdefault(event.user_id, []).append(event)
    return by_user


def order_by_time(events: Sequence[Event]) -> list[Event]:
    """Sorts events by time; where they have none, or all the same, their order becomes one.

    The n-th such event of a person is n seconds later, so that what came before it is defined.
    """
    ordered = sorted(events, key=lambda event: event.at)
    if not ordered:
        return []
    same = {UNTIMED} | ({ordered[0].at} if ordered[0].at == ordered[-1].at else set[datetime]())
    before: Counter[str] = Counter()
    timed: list[Event] = []
    for event in ordered:
        if event.at in same:
            later = timedelta(seconds=before[event.user_id])
            before[event.user_id] += 1
            event = replace(event, at=event.at + later)  # noqa: PLW2901
        timed.append(event)
    return sorted(timed, key=lambda event: event.at)


def is_validation(user_id: str) -> bool:
    """Says whether a person is in the validation half."""
    return hashlib.sha256(user_id.encode()).digest()[-1] % 2 == 0


def is_among(user_id: str, people: People) -> bool:
    """Says whether a person is one of these."""
    return people == "all" or is_validation(user_id) == (people == "validation")


def grade(event: Event, scale: RatingScale) -> int:
    """Returns the relevance of a liked item, 1 to 4: the event's preference in quarters."""
    return max(1, round(GRADES * preference(event, scale)))


def _last_likes(
    events: Sequence[Event], liked: Sequence[Event], *, per_scene: bool
) -> list[HeldOutCase]:
    """Returns the last liked event on an item that was new then; with ``per_scene`` of each."""
    first_times = _first_times(events)
    targets: dict[str, Event] = {}
    for event in liked:
        if event.at <= first_times[event.item_id]:
            targets[event.scene if per_scene else ""] = event
    return [
        _held_out(events, target.scene, target.at, {target.item_id: 1})
        for target in targets.values()
    ]


def _likes_after(
    events: Sequence[Event],
    liked: Sequence[Event],
    cut: datetime | None,
    scale: RatingScale,
    *,
    per_scene: bool,
) -> list[HeldOutCase]:
    """Returns all new items that were liked from the cut on, scene by scene."""
    if cut is None:
        return []
    first_times = _first_times(events)
    judgments: dict[str, dict[str, int]] = {}
    for event in liked:
        if first_times[event.item_id] >= cut:
            grades = judgments.setdefault(event.scene, {})
            grades[event.item_id] = max(grade(event, scale), grades.get(event.item_id, 0))
    cases = [_held_out(events, scene, cut, grades) for scene, grades in judgments.items()]
    return cases if per_scene else cases[:1]


def _held_out(
    events: Sequence[Event], scene: str, cut: datetime, judgments: Mapping[str, int]
) -> HeldOutCase:
    history = tuple(event for event in reversed(events) if event.at < cut)
    return HeldOutCase(
        user_id=events[0].user_id, scene=scene, cut=cut, history=history, judgments=judgments
    )


def _first_times(events: Sequence[Event]) -> dict[str, datetime]:
    """Returns the time of the person's first event on each item."""
    first_times: dict[str, datetime] = {}
    for event in events:
        first_times.setdefault(event.item_id, event.at)
    return first_times


def _late_cut(liked: Sequence[Event], share: float) -> datetime | None:
    """Returns the time of the first of the last ``share`` of a person's likes, at least one."""
    return liked[-max(1, round(share * len(liked)))].at if liked else None


def global_cut(events: Sequence[Event], at: datetime | None, share: float) -> datetime:
    """Returns the moment of a global split, checked.

    Raises:
        DataError: no event lies before it, or none after it.
    """
    if not events:
        raise DataError("a global split needs events, but the data has none")
    if at is None:
        at = events[min(len(events) - 1, int((1 - share) * len(events)))].at
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not events[0].at < at <= events[-1].at:
        raise DataError(
            "a global split at {at!r} leaves one side empty; the events are from {first!r} to "
            "{last!r}",
            at=at.isoformat(),
            first=events[0].at.isoformat(),
            last=events[-1].at.isoformat(),
        )
    return at
