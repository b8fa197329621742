"""Whose likes are read and whose choices are asked: tune on a source, use on a target.

It says which, and trains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from recagent.domain import Item
from recagent.errors import ConfigError
from recagent.offline.models import Data
from recagent.offline.order import hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A scene, or those of its items whose attribute has a value; a list has all that it holds."""

    scene: str
    attribute: str = ""
    value: str = ""

    def holds(self, item: Item) -> bool:
        """Whether the item lies there."""
        if item.scene != self.scene:
            return False
        if not self.attribute:
            return True
        given = item.attributes.get(self.attribute)
        values = given if isinstance(given, tuple) else (given,)
        return self.value in {str(value) for value in values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """From where taste is learned, and where it is asked about.

    Attributes:
        sources: where likes are read; None is everywhere.
        targets: where choices are asked; None is everywhere.
        shots: people whose likes in the targets are read too, though no source holds them.
    """

    sources: Sequence[Place] | None = None
    targets: Sequence[Place] | None = None
    shots: int = 0

    def shown(self, people: Iterable[str]) -> Set[str]:
        """Of these people, those whose likes in the targets are read: always the same ones."""
        return set(sorted(people, key=lambda key: hashed("shots", 0, key))[: self.shots])

    def reads(self, item: Item, *, shown: bool) -> bool:
        """Whether a like of the item is read, of a person who is ``shown`` or not."""
        return _lies(item, self.sources) or (shown and self.asks(item))

    def asks(self, item: Item) -> bool:
        """Whether a choice of the item is asked about."""
        return _lies(item, self.targets)


def _lies(item: Item, places: Sequence[Place] | None) -> bool:
    return places is None or any(place.holds(item) for place in places)


def place(text: str, data: Data) -> Place:
    """``SCENE`` or ``SCENE:ATTRIBUTE=VALUE``, as a command is told it.

    Args:
        text: what was written.
        data: whose scenes and items there are.

    Raises:
        ConfigError: there is no such scene, no item lies there, or it is not of this form.
    """
    scene, _, rest = text.partition(":")
    attribute, equals, value = rest.partition("=")
    if scene not in data.scenes:
        raise ConfigError(f"no scene {scene!r}; there are: {', '.join(sorted(data.scenes))}")
    if ":" in text and not (attribute and equals and value):
        raise ConfigError(f"{text!r} is not SCENE or SCENE:ATTRIBUTE=VALUE")
    found = Place(scene=scene, attribute=attribute, value=value)
    if not any(map(found.holds, data.items)):
        raise ConfigError(f"no item of scene {scene!r} has {attribute} = {value}")
    return found
