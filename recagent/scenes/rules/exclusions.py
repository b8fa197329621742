"""What a scene's rules keep away from one request.

Rules become constraints where they can; the others compare numbers of the items with the person's
age or the request's place. Nothing here asks a model, and the slate's order is not its work.
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

Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Ids of what must not come, and what a reader should know: a rule that could not be kept."""

    excluded: frozenset[str]
    notes: tuple[LocalizedText, ...] = ()


def rule_exclusions(
    catalogue: SceneCatalogue,
    *,
    scene: Scene,
    profile: Profile,
    context: Context,
    task: Task | None = None,
) -> Ruling:
    """What must not come in this request.

    Args:
        catalogue: the scene's items, with its rules.
        scene: its rules; of its tasks only these come.
        profile: of the person, with what they declare; nobody is recommended to themselves.
        context: its constraints, place and time.
        task: the one that is asked for; None for all of the scene's.
    """
    constraints = [*context.constraints, *_compiled(catalogue, scene, profile, context)]
    parts = [
        catalogue.always_excluded,
        *map(catalogue.breaking, constraints),
        *_measured(catalogue, scene, profile, place_of(context.place)),
    ]
    tasks = (task,) if task else scene.tasks
    if tasks:
        parts.append(catalogue.of_other_tasks(tasks))
    me = catalogue.items.get(profile.user.id)
    if me is not None and me.task == "person":
        parts.append(frozenset([me.id]))
    return Ruling(
        excluded=frozenset[str]().union(*parts),
        notes=tuple(_notes(catalogue, scene, profile, context)),
    )


def place_of(text: str) -> Place | None:
    """Latitude and longitude in degrees, from ``latitude,longitude``; None for another text."""
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        return None
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if on_earth else None


def kilometres(place: Place, latitudes: Floats, longitudes: Floats) -> Floats:
    """Distances of a place from (n,) others along the great circle, by the haversine formula.

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
                value=_first_day(catalogue, rule, context.at or datetime.now(tz=UTC)).isoformat(),
                task=rule.task,
            )


def _first_day(catalogue: SceneCatalogue, rule: FreshRule, at: datetime) -> date:
    """The first day that is new; a scene whose feed has stopped shows the newest that it has."""
    days = (
        _day(item.attributes.get(rule.attribute))
        for item in catalogue.values(rule.attribute)
        if rule.task in (None, item.task)
    )
    newest = max(filter(None, days), default=at.date())
    try:
        return min(newest, at.date()) - timedelta(days=rule.fresh_days)
    except OverflowError:  # years that the calendar does not have
        return date.min


def _day(value: Value | None) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _measured(
    catalogue: SceneCatalogue, scene: Scene, profile: Profile, place: Place | None
) -> Iterator[frozenset[str]]:
    """What the rules keep away that compare numbers; an unknown age is below every rating."""
    for rule in scene.rules:
        if isinstance(rule, AgeRule):
            age = number(profile.user.attributes.get(rule.person))
            least = catalogue.numbers(rule.age)
            yield catalogue.where(~np.isnan(least) & ~(least <= age))
        elif isinstance(rule, DistanceRule) and place is not None:
            far = kilometres(
                place, catalogue.numbers(rule.latitude), catalogue.numbers(rule.longitude)
            )
            is_out = ~(far <= rule.within_km)  # NaN is not within
            is_meant = True if rule.task is None else catalogue.tasks == rule.task
            yield catalogue.where(is_out & is_meant)


def _notes(
    catalogue: SceneCatalogue, scene: Scene, profile: Profile, context: Context
) -> Iterator[LocalizedText]:
    for name in catalogue.untold:
        yield LocalizedText(
            "nobody says {attribute!r}, which a rule asks for: no person is shown", attribute=name
        )
    for rule in scene.rules:
        if isinstance(rule, DistanceRule) and place_of(context.place) is None:
            if context.place:
                yield LocalizedText(
                    "distance not looked at: place {place!r} is no 'latitude,longitude'",
                    place=context.place,
                )
            else:
                yield LocalizedText("distance not looked at: no place was told")
        elif isinstance(rule, AgeRule) and rule.person not in profile.user.attributes:
            yield LocalizedText("age not told: what has an age rating is left out")
