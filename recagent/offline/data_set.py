"""A data set, the questions made of it, and one answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from recagent.domain import Case, Event, Item, RatingScale, Scene, User
from recagent.offline.order import stable_hash

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector

ALL = ""  # the scene of a number over all scenes, the variant of a case as it stands


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """Is a data set to make questions of.

    Attributes:
        name: as the experiment calls it.
        scenes: by name; those that have items.
        items: the catalogue. One id is one thing; it may stand in several scenes.
        events: everybody's, in order of time.
        users: declared people, by id; may be empty.
        scale: of ratings.
        case_sets: cases that come with the data, by the name of their candidates; their events
            are not in ``events``.
        fingerprint: hash of the files and of what was made of them.
        note: what a reader of its figures must know (licence, population, what its scenes are).
        timed: whether the events have times; without, only each person's own order is known.
    """

    name: str
    scenes: Mapping[str, Scene]
    items: Sequence[Item]
    events: Sequence[Event]
    users: Mapping[str, User]
    scale: RatingScale
    fingerprint: str
    case_sets: Mapping[str, Sequence[Case]] = field(default_factory=dict[str, "Sequence[Case]"])
    note: str = ""
    timed: bool = True


def with_people(data: Data, most: int) -> Data:
    """Returns the data with the events of at most so many people, chosen by a hash of their ids.

    The catalogue stays whole, and so do the cases that come with the data; the note says it.
    """
    people = {event.user_id for event in data.events}
    if len(people) <= most:
        return data
    chosen = set(
        sorted(people, key=lambda user_id: stable_hash("people of a sample", user_id))[:most]
    )
    return replace(
        data,
        events=[event for event in data.events if event.user_id in chosen],
        fingerprint=f"{data.fingerprint}-{most}",
        note=f"{data.note} A sample: {most:,} of {len(people):,} people, by a hash of their ids.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Questions:
    """Holds cases, and the events that baselines and examples may learn from.

    No event of ``training`` is a case's target or lies after it for the same person; with ``cut``,
    the moment of a global split, none of anybody is of that moment or later. Scenes are
    ``left_out`` that have fewer items than a case has candidates.
    """

    cases: Sequence[Case]
    training: Sequence[Event]
    left_out: tuple[str, ...] = ()
    cut: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CatalogueStatistics:
    """Holds what measures beyond accuracy need to know of the items.

    Attributes:
        popularity: number of people who liked the item in training, by id; 0 where missing.
        people: number of people in training.
        scene_items: ids of all items, by scene.
        vectors: unit vectors (d,) float32 of every item that a case names, by id.
    """

    popularity: Mapping[str, int]
    people: int
    scene_items: Mapping[str, frozenset[str]]
    vectors: Mapping[str, Vector]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemAnswer:
    """Is one system's answer to one case.

    Attributes:
        ranking: item ids, best first: all of the case's candidates, or in a full-catalogue case
            the best that the system named.
        probabilities: by item id, over ``ranking``; they sum to 1.
    """

    case: Case
    ranking: tuple[str, ...]
    probabilities: Mapping[str, float]
