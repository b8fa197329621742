"""What a scene's rules keep away from one request, and what they let come again.

Rules become constraints where they can; the others are tests of an item, with the person's age or
the request's place in them. Nothing here asks a model, and the slate's order is not its work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from recagent.constraints import barred
from recagent.profiles import without
from recagent.types import (
    AgeRule,
    Constraint,
    Context,
    DistanceRule,
    FreshRule,
    Item,
    PathRule,
    PersonRule,
    Profile,
    RepeatRule,
    Scene,
    Task,
    Value,
)

_EARTH_KM = 6371.0088  # mean radius

Test = Callable[[Item], bool]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Ids of what must not come, and what a reader should know: a rule that could not be kept."""

    excluded: frozenset[str]
    notes: tuple[str, ...] = ()


def always_excluded(items: Mapping[str, Item], scene: Scene) -> frozenset[str]:
    """Ids of the items that the scene keeps away from everybody: what breaks its constraints.

    They depend on nothing else, so a caller may keep them for as long as the items are the same.
    """
    return barred(items, [rule for rule in scene.rules if isinstance(rule, Constraint)])


def excluded(
    items: Mapping[str, Item],
    *,
    scene: Scene,
    profile: Profile,
    context: Context,
    task: Task | None = None,
) -> Ruling:
    """What must not come in this request, besides what never comes (``always_excluded``).

    Args:
        items: of the scene, by id.
        scene: its rules; of its tasks only these come.
        profile: of the person, with what they declare; nobody is recommended to themselves.
        context: its constraints, place and time.
        task: the one that is asked for; None for all of the scene's.
    """
    constraints = [*context.constraints, *_compiled(items, scene, profile, context)]
    place = place_of(context.place)
    tests = [*_tests(scene, profile, place)]
    tasks = (task,) if task else scene.tasks
    if tasks:
        tests.append(lambda item: item.task in tasks)
    me = items.get(profile.user.id)
    myself = {me.id} if me is not None and me.task == "person" else set[str]()
    return Ruling(
        excluded=barred(items, constraints) | _failed(items, tests) | myself,
        notes=tuple(_notes(scene, profile, context)),
    )


def spent(
    seen: AbstractSet[str], *, scene: Scene, profile: Profile, at: datetime | None
) -> frozenset[str]:
    """Those of the items a person has seen that do not come again.

    Args:
        seen: ids of all that the person has any event on.
        scene: with a ``RepeatRule`` what was liked comes again after its time, with a ``PathRule``
            what was begun and is not finished.
        profile: with all of the person's events; what is older than these stays away.
        at: of the request; None for now.
    """
    again: set[str] = set()
    for rule in scene.rules:
        if isinstance(rule, RepeatRule):
            since = (at or datetime.now(tz=UTC)) - timedelta(days=rule.repeat_days)
            late = {event.item_id for event in profile.events if event.at > since}
            again |= profile.liked.keys() - late
        elif isinstance(rule, PathRule):
            again |= profile.liked.keys() - _finished(profile)
    return frozenset(seen - again)


def needs(items: Iterable[Item], *, scene: Scene, profile: Profile) -> dict[str, frozenset[str]]:
    """By id of an item, what it needs that the person has not finished; of those that need any."""
    finished = _finished(profile)
    found: dict[str, frozenset[str]] = {}
    for rule in scene.rules:
        if isinstance(rule, PathRule):
            for item in items:
                wanted = frozenset(_texts(item.attributes.get(rule.prerequisites, ())))
                if wanted - finished:
                    found[item.id] = wanted - finished
    return found


def reasonable(item: Item, scene: Scene) -> Item:
    """The item without what rules alone read: a date or an id is no reason for it."""
    read = {
        rule.attribute if isinstance(rule, FreshRule) else rule.prerequisites
        for rule in scene.rules
        if isinstance(rule, FreshRule | PathRule)
    }
    if not read:
        return item
    kept = {name: value for name, value in item.attributes.items() if name not in read}
    return replace(item, attributes=kept)


def visible(profile: Profile, scene: Scene) -> Profile:
    """The profile as the scene may know it: without events of scenes that it does not learn from.

    What the person declares is known everywhere.
    """
    if scene.learns_from is None:
        return profile
    met = {event.scene for event in profile.events} | profile.taste.keys()
    for other in met - {scene.name, *scene.learns_from}:
        profile = without(profile, other)
    return profile


def place_of(text: str) -> Place | None:
    """Latitude and longitude in degrees, from ``latitude,longitude``; None for another text."""
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        return None
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if on_earth else None


def kilometres(one: Place, other: Place) -> float:
    """Distance along the great circle, by the haversine formula.

    Source: R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984.
    """
    north, south = math.radians(one[0]), math.radians(other[0])
    across = math.radians(other[1] - one[1])
    chord = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(across / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))


def _compiled(
    items: Mapping[str, Item], scene: Scene, profile: Profile, context: Context
) -> Iterator[Constraint]:
    """The rules that are constraints once the person and the time are known."""
    for rule in scene.rules:
        if isinstance(rule, PersonRule):
            value = profile.user.attributes.get(rule.person)
            if value is not None:
                yield Constraint(
                    attribute=rule.attribute, operator=rule.operator, value=value, task=rule.task
                )
        elif isinstance(rule, FreshRule):
            yield Constraint(
                attribute=rule.attribute,
                operator="at least",
                value=_first_day(items, rule, context.at or datetime.now(tz=UTC)).isoformat(),
                task=rule.task,
            )


def _first_day(items: Mapping[str, Item], rule: FreshRule, at: datetime) -> date:
    """The first day that is new; a scene whose feed has stopped shows the newest that it has."""
    days = (
        _day(item.attributes.get(rule.attribute))
        for item in items.values()
        if rule.task in (None, item.task)
    )
    newest = max(filter(None, days), default=at.date())
    return min(newest, at.date()) - timedelta(days=rule.fresh_days)


def _day(value: Value | None) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _failed(items: Mapping[str, Item], tests: Sequence[Test]) -> frozenset[str]:
    if not tests:
        return frozenset()
    return frozenset(key for key, item in items.items() if not all(test(item) for test in tests))


def _tests(scene: Scene, profile: Profile, place: Place | None) -> Iterator[Test]:
    for rule in scene.rules:
        if isinstance(rule, AgeRule):
            age = _number(profile.user.attributes.get(rule.person))
            yield _is_old_enough(rule, -math.inf if age is None else age)
        elif isinstance(rule, DistanceRule) and place is not None:
            yield _is_near(rule, place)


def _is_old_enough(rule: AgeRule, age: float) -> Test:
    def test(item: Item) -> bool:
        least = _number(item.attributes.get(rule.age))
        return least is None or least <= age

    return test


def _is_near(rule: DistanceRule, place: Place) -> Test:
    def test(item: Item) -> bool:
        if rule.task not in (None, item.task):
            return True
        latitude = _number(item.attributes.get(rule.latitude))
        longitude = _number(item.attributes.get(rule.longitude))
        if latitude is None or longitude is None:
            return False
        return kilometres(place, (latitude, longitude)) <= rule.within_km

    return test


def _notes(scene: Scene, profile: Profile, context: Context) -> Iterator[str]:
    for rule in scene.rules:
        if isinstance(rule, DistanceRule) and place_of(context.place) is None:
            told = f"place {context.place!r} is no 'latitude,longitude'"
            yield f"distance not looked at: {told if context.place else 'no place was told'}"
        elif isinstance(rule, AgeRule) and rule.person not in profile.user.attributes:
            yield "age not told: what has an age rating is left out"


def _finished(profile: Profile) -> frozenset[str]:
    return frozenset(event.item_id for event in profile.events if event.kind == "finish")


def _number(value: Value | None) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
