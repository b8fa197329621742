"""Which scene a request is in: given, or that of the person's last event, or the busiest.

A rule, and the trace says which branch answered; what is learned instead is in
``scenes.classifier``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from recagent.domain import Profile, Scene
from recagent.errors import DataError, NotFoundError


def declared_or_plain(names: Sequence[str], declared: Mapping[str, Scene]) -> dict[str, Scene]:
    """The indexed scenes by name; one without a declaration gets its name alone."""
    return {name: declared.get(name) or Scene(name=name) for name in names}


def identify(
    scene: str | None,
    *,
    profile: Profile,
    scenes: Mapping[str, Scene],
    activity: Counter[str],
    is_staying: bool,
) -> tuple[Scene, str]:
    """The scene, and what it was taken from: ``given``, ``last event`` or ``most active scene``.

    A person's last event tells the scene only where people stay: where the busiest scene is right
    more often, that one is taken.

    Args:
        scene: the caller's word, if any.
        profile: of the person.
        scenes: the indexed scenes.
        activity: number of events per scene, over everybody.
        is_staying: as ``Interactions.is_staying``.

    Raises:
        NotFoundError: the named scene is not indexed.
        DataError: nothing is indexed.
    """
    if not scenes:
        raise DataError("no scene is indexed; run 'recagent index' with a catalogue first")
    if scene:
        if scene not in scenes:
            raise NotFoundError(f"unknown scene {scene!r}; indexed are {', '.join(sorted(scenes))}")
        return scenes[scene], "given"
    for event in profile.events if is_staying else ():
        if event.scene in scenes:
            return scenes[event.scene], "last event"
    busiest = max(sorted(scenes), key=lambda name: activity[name])
    return scenes[busiest], "most active scene"
