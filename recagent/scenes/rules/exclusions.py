"""Which items a scene's rules exclude from one request.

Rules become constraints where they can; the others compare numbers of the items with the person's
age or the request's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import (
    AgeRule,
    Constraint,
    Context,
    DistanceRule,
    FreshRule,
    PersonRule,
    Profile,
    Scene,
    Task,
    Value,
)
from recagent.locale import LocalizedText
from recagent.scenes.rules.catalogue import SceneCatalogue, number

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


_EARTH_KM = 6371.0088  # mean radius

Coordinates = tuple[float, float]  # latitude and longitude, degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """The ids of excluded items, and notes on rules that could not be applied."""

    excluded: frozenset[str]
    notes: tuple[LocalizedText, ...] = ()


def rule_exclusions(
    catalogue: SceneCatalogue,
    *,
    scene: Scene,
    profile: Profile,
    context: Context,
    task: Task | None = None,
) -> Exclusions:
    """Returns what is excluded from this request.

    Args:
        catalogue: the scene's items, with its rules.
        scene: has the rules and the tasks; items of other tasks are excluded.
        profile: has what the person declares; nobody is recommended to themselves.
        context: has the constraints, the place and the time.
        task: the only one that is wanted; None for all of the scene's.
    """
    constraints = [*context.constraints, *_compiled(catalogue, scene, profile, context)]
    parts = [
        catalogue.always_excluded,
        *map(catalogue.breaking, constraints),
        *_by_numbers(catalogue, scene, profile, coordinates(context.place)),
    ]
    tasks = (task,) if task else scene.tasks
    if tasks:
        parts.append(catalogue.of_other_tasks(tasks))
    me = catalogue.items.get(profile.user.id)
    if me is not None and me.task == "person":
        parts.append(frozenset([me.id]))
    return Exclusions(
        excluded=frozenset[str]().union(*parts),
        notes=tuple(_notes(catalogue, scene, profile, context)),
    )


def coordinates(text: str) -> Coordinates | None:
    """Returns the coordinates in ``latitude,longitude``; None for another text."""
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        return None
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if on_earth else None


def kilometres(place: Coordinates, latitudes: Floats, longitudes: Floats) -> Floats:
    """Returns the great-circle distances of a place from others, (n,), by the haversine formula.

    Source: R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984.
    """
    north, east = np.radians(place[0]), np.radians(place[1])
    others = np.radians(latitudes)
    chord = (
        np.sin((others - north) / 2) ** 2
        + np.cos(north) * np.cos(others) * np.sin((np.radians(longitudes) - east) / 2) ** 2
    )
    return 2 * _EARTH_KM * np.arcsin(np.sqrt(chord.clip(max=1.0)))


def _compiled(
    catalogue: SceneCatalogue, scene: Scene, profile: Profile, context: Context
) -> Iterator[Constraint]:
    """Yields the rules that are constraints once the person and the time are known."""
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
                value=_first_day(catalogue, rule, context.at or datetime.now(tz=UTC)).isoformat(),
                task=rule.task,
            )


def _first_day(catalogue: SceneCatalogue, rule: FreshRule, now: datetime) -> date:
    """Returns the first day that is new; a feed that has stopped keeps its newest items."""
    days = (
        _day(item.attributes.get(rule.attribute))
        for item in catalogue.values(rule.attribute)
        if rule.task in (None, item.task)
    )
    newest = max(filter(None, days), default=now.date())
    try:
        return min(newest, now.date()) - timedelta(days=rule.fresh_days)
    except OverflowError:  # years that the calendar does not have
        return date.min


def _day(value: Value | None) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _by_numbers(
    catalogue: SceneCatalogue, scene: Scene, profile: Profile, place: Coordinates | None
) -> Iterator[frozenset[str]]:
    """Yields what age and distance rules exclude; an unknown age is below every rating."""
    for rule in scene.rules:
        if isinstance(rule, AgeRule):
            age = number(profile.user.attributes.get(rule.person))
            youngest = catalogue.numbers(rule.age, filled=True)
            yield catalogue.ids_where(~np.isnan(youngest) & ~(youngest <= age))
        elif isinstance(rule, DistanceRule) and place is not None:
            latitudes, longitudes = map(catalogue.numbers, (rule.latitude, rule.longitude))
            is_outside = ~(kilometres(place, latitudes, longitudes) <= rule.within_km)  # or NaN
            has_task = True if rule.task is None else catalogue.tasks == rule.task
            yield catalogue.ids_where(is_outside & has_task)


def _notes(
    catalogue: SceneCatalogue, scene: Scene, profile: Profile, context: Context
) -> Iterator[LocalizedText]:
    for name in catalogue.missing_consent:
        yield LocalizedText(
            "no people shown: a rule needs {attribute!r}, which nobody has filled in",
            attribute=name,
        )
    for rule in scene.rules:
        if isinstance(rule, DistanceRule) and coordinates(context.place) is None:
            if context.place:
                yield LocalizedText(
                    "distance ignored: place {place!r} is not 'latitude,longitude'",
                    place=context.place,
                )
            else:
                yield LocalizedText("distance ignored: the request gives no place")
        elif isinstance(rule, AgeRule) and rule.person not in profile.user.attributes:
            yield LocalizedText("age unknown: items with an age rating are left out")
