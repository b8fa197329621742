"""Routes of tuning: likes of source scenes are trained on, choices in target scenes are asked.

This module selects; ``tune`` trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from recagent.domain import Item
from recagent.errors import ConfigError
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSlice:
    """Is a scene, or those of its items that have a value of an attribute."""

    scene: str
    attribute: str = ""
    value: str = ""

    def holds(self, item: Item) -> bool:
        """Says whether the item belongs to the slice."""
        if item.scene != self.scene:
            return False
        if not self.attribute:
            return True
        value = item.attributes.get(self.attribute)
        values = value if isinstance(value, tuple) else (value,)
        return self.value in map(str, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Says where taste is learned, and where it is asked about.

    Attributes:
        sources: where likes are read; None is everywhere.
        targets: where choices are asked; None is everywhere.
        shots: people whose likes in the targets are read too, though no source holds them.
    """

    sources: Sequence[SceneSlice] | None = None
    targets: Sequence[SceneSlice] | None = None
    shots: int = 0

    def shown(self, people: Iterable[str]) -> Set[str]:
        """Returns those of the people whose likes in the targets are read, always the same."""
        return set(sorted(people, key=lambda key: stable_hash("shots", 0, key))[: self.shots])

    def reads(self, item: Item, *, shown: bool) -> bool:
        """Says whether a like of the item is read, of a person who is ``shown`` or not."""
        return _in_any(item, self.sources) or (shown and self.asks(item))

    def asks(self, item: Item) -> bool:
        """Says whether a choice of the item is asked about."""
        return _in_any(item, self.targets)


def _in_any(item: Item, slices: Sequence[SceneSlice] | None) -> bool:
    return slices is None or any(part.holds(item) for part in slices)


def parse_slice(text: str, data: Data) -> SceneSlice:
    """Parses ``SCENE`` or ``SCENE:ATTRIBUTE=VALUE`` of a command line.

    Args:
        text: of the option.
        data: whose scenes and items there are.

    Raises:
        ConfigError: there is no such scene, no item lies there, or it is not of this form.
    """
    scene, _, rest = text.partition(":")
    attribute, equals, value = rest.partition("=")
    if scene not in data.scenes:
        raise ConfigError(
            "unknown scene {scene!r}; choose one of: {known}",
            scene=scene,
            known=", ".join(sorted(data.scenes)),
        )
    if ":" in text and not (attribute and equals and value):
        raise ConfigError("{route!r} must be SCENE or SCENE:ATTRIBUTE=VALUE", route=text)
    parsed = SceneSlice(scene=scene, attribute=attribute, value=value)
    if not any(map(parsed.holds, data.items)):
        raise ConfigError(
            "no item of scene {scene!r} has {attribute} = {value}",
            scene=scene,
            attribute=attribute,
            value=value,
        )
    return parsed
