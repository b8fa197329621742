"""Identifies the scene of a request by rule: the given one, that of the last event, or the busiest.

The trace says which branch answered. The learned alternative is in ``scenes.classifier``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recagent.domain import Profile, Scene
from recagent.errors import DataError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedScene:
    """The scene of a request.

    Attributes:
        scene: the scene in which the request is answered.
        taken_from: ``given``, ``identified``, ``last event`` or ``most active scene``.
        probability: the classifier's, by scene name; empty without one.
    """

    scene: Scene
    taken_from: str
    probability: Mapping[str, float] = field(default_factory=dict[str, float])


def indexed_scenes(names: Sequence[str], declared: Mapping[str, Scene]) -> dict[str, Scene]:
    """Returns the indexed scenes by name; one without a declaration gets its name alone."""
    return {name: declared.get(name) or Scene(name=name) for name in names}


def scene_by_rule(
    scene: str | None,
    *,
    profile: Profile,
    scenes: Mapping[str, Scene],
    activity: Counter[str],
    is_staying: bool,
) -> IdentifiedScene:
    """Returns the scene by rule: the given one, that of the last event, or the most active one.

    The last event's scene is used only where people stay in a scene; elsewhere the busiest scene
    is right more often.

    Args:
        scene: the scene that the caller names, if any.
        profile: the person's.
        scenes: the indexed scenes.
        activity: the number of events of all people, by scene.
        is_staying: as ``Interactions.is_staying``.

    Raises:
        NotFoundError: the named scene is not indexed.
        DataError: nothing is indexed.
    """
    if not scenes:
        raise DataError("no scene is indexed; run 'recagent index' with a catalogue first")
    if scene:
        if scene not in scenes:
            raise NotFoundError(
                "unknown scene {scene!r}; indexed scenes: {known}",
                scene=scene,
                known=", ".join(sorted(scenes)),
            )
        return IdentifiedScene(scene=scenes[scene], taken_from="given")
    for event in profile.events if is_staying else ():
        if event.scene in scenes:
            return IdentifiedScene(scene=scenes[event.scene], taken_from="last event")
    busiest = max(sorted(scenes), key=lambda name: activity[name])
    return IdentifiedScene(scene=scenes[busiest], taken_from="most active scene")
