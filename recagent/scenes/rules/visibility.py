"""What a scene sees of a person and of its items: repeats, prerequisites, visible history.

What its rules exclude is in ``exclusions``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recagent.domain import (
    FreshRule,
    Item,
    PathRule,
    Profile,
    RepeatRule,
    Scene,
    SeriesRule,
    Value,
)
from recagent.profiles.building import without_scene
from recagent.scenes.rules.progress import Progress


def exhausted(
    seen: AbstractSet[str], *, scene: Scene, profile: Profile, at: datetime | None
) -> frozenset[str]:
    """Returns the ids of items that a person has seen and that do not come again.

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
            since = _earlier(at or datetime.now(tz=UTC), rule.repeat_days)
            recent = {event.item_id for event in profile.events if event.at > since}
            again |= profile.liked.keys() - recent
        elif isinstance(rule, PathRule):
            again |= profile.liked.keys() - _finished(profile)
    return frozenset(seen - again)


def prerequisites(
    items: Iterable[Item],
    *,
    scene: Scene,
    profile: Profile,
    progress: Progress,
    excluded: AbstractSet[str],
) -> dict[str, frozenset[str]]:
    """Returns the ids that must come before an item, by its id; of items that need any.

    Args:
        items: of the scene.
        scene: with its rules.
        profile: says what is finished.
        progress: says which earlier parts of a series the person has met.
        excluded: ids of what cannot come.
    """
    items, finished = [*items], _finished(profile)
    needed = progress.prerequisites([item.id for item in items], excluded=excluded)
    for rule in scene.rules:
        if isinstance(rule, PathRule):
            for item in items:
                unfinished = {*_texts(item.attributes.get(rule.prerequisites, ()))} - finished
                if unfinished:
                    needed[item.id] = needed.get(item.id, frozenset()) | unfinished
    return needed


def missing_prerequisites(
    items: Iterable[Item],
    *,
    scene: Scene,
    profile: Profile,
    progress: Progress,
    excluded: AbstractSet[str],
) -> list[Item]:
    """Returns the prerequisites of items, and theirs in turn, that are not among the items.

    The arguments are those of ``prerequisites``.
    """
    catalogue, frontier = progress.items, list(items)
    known = {item.id for item in frontier}
    steps: list[Item] = []
    while frontier:
        needed = prerequisites(
            frontier, scene=scene, profile=profile, progress=progress, excluded=excluded
        )
        wanted = frozenset[str]().union(*needed.values())
        ready = sorted(wanted - known - excluded)
        frontier = [catalogue[key] for key in ready if key in catalogue]
        known |= wanted
        steps += frontier
    return steps


def without_rule_attributes(item: Item, scene: Scene) -> Item:
    """Returns the item without the attributes that only rules read, which are no reason for it."""
    rules = scene.rules
    read = {rule.attribute for rule in rules if isinstance(rule, FreshRule)}
    read |= {rule.prerequisites for rule in rules if isinstance(rule, PathRule)}
    read |= {rule.order for rule in rules if isinstance(rule, SeriesRule)}
    if not read - {""}:
        return item
    attributes = {name: value for name, value in item.attributes.items() if name not in read}
    return replace(item, attributes=attributes)


def visible_profile(profile: Profile, scene: Scene) -> Profile:
    """Returns the profile as the scene may know it, without scenes that it does not learn from.

    What the person declares is known everywhere.
    """
    if scene.learns_from is None:
        return profile
    scenes = {event.scene for event in profile.events} | profile.taste.keys()
    for other in scenes - {scene.name, *scene.learns_from}:
        profile = without_scene(profile, other)
    return profile


def _earlier(time: datetime, days: float) -> datetime:
    """Returns the time so many days before, or the beginning of the calendar."""
    try:
        return time - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _finished(profile: Profile) -> frozenset[str]:
    return frozenset(event.item_id for event in profile.events if event.kind == "finish")


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
