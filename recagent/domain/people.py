"""People: what they declare, what is known of them, and which group they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from recagent.domain.events import Event
from recagent.domain.items import Item, Value

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


Known = Literal["warm", "new here", "declared only", "unknown"]
Group = Literal["known", "few likes", "new here", "declared only", "unknown"]
Unserved = Literal["", "not learned", "few cases", "no gain"]

# What clients send as the id of whoever it is: behind it stands no one person.
_SHARED_IDS = frozenset(
    {"anonymous", "anon", "guest", "nobody", "none", "null", "undefined", "default", "user"}
)


def person_id(user_id: str | None) -> str:
    """Returns an id that is one person's; "" for none, and for a word such as ``anonymous``.

    A person without an id is new each time: nothing is stored of them, and nothing is known.
    """
    named = (user_id or "").strip()
    return "" if named.casefold() in _SHARED_IDS or not named else str(user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a person changed in their profile; it wins over what is declared and inferred.

    Attributes:
        tags: weight in [0, 1] by tag; 0 blocks it: what carries it counts as liked no more. None
            takes it away, and blocks nothing.
        attributes: by name; None takes it away.
        about: a few words of their own; None leaves those that are declared.
    """

    tags: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    attributes: Mapping[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, as they or their application describe them; all but the id is optional.

    Attributes:
        edits: what the person changed of it, kept apart so that loading people anew keeps it.
    """

    id: str
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    tags: tuple[str, ...] = ()
    about: str = ""
    edits: Edits = field(default_factory=Edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted with a person: how much, and the ids that they were known under."""

    ids: tuple[str, ...]
    events: int
    impressions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A model's few words on what a person likes in a scene.

    Attributes:
        made_from: fingerprint of all that it depends on; of other events it is out of date.
    """

    scene: str
    text: str
    model: str
    made_from: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """What is known of a person now.

    Attributes:
        user: what is declared.
        events: interactions, newest first.
        liked: weight in (0, 1] of every liked item, recent and strong ones higher; newest first.
        taste: per scene, a vector (d,) float32 of what the person liked there, of unit length, or
            as long as it counts where a scene looks at it (``transfer.carried``).
        declared: unit vector (d,) float32 of tags, attributes and ``about``; None without any.
        items: the items of ``events`` that the catalogue knows, by id.
        gone: weight of what was liked and has left the catalogue, by id: what others liked with it
            still counts.
        tags: weight in (0, 1], highest first; 1 for one that is declared. Inferred ones are there
            where a recommender's ``profile`` tells it.
        scene_tags: likewise, by scene, of those that are inferred.
    """

    user: User
    events: tuple[Event, ...]
    liked: Mapping[str, float]
    taste: Mapping[str, Vector]
    declared: Vector | None
    items: Mapping[str, Item]
    gone: Mapping[str, float] = field(default_factory=dict[str, float])
    tags: Mapping[str, float] = field(default_factory=dict[str, float])
    scene_tags: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, "Mapping[str, float]"]
    )

    @property
    def all_liked(self) -> Mapping[str, float]:
        """``liked`` with what is ``gone``, newest first."""
        if not self.gone:
            return self.liked
        both = {**self.liked, **self.gone}
        order = {event.item_id: place for place, event in reversed(list(enumerate(self.events)))}
        return dict(sorted(both.items(), key=lambda pair: order.get(pair[0], len(order))))

    @property
    def words(self) -> tuple[str, ...]:
        """What the person wrote of items, newest first."""
        return tuple(event.text for event in self.events if event.text)

    def is_cold(self, scene: str) -> bool:
        """Whether the person has no events in ``scene``."""
        return all(event.scene != scene for event in self.events)

    @property
    def cold(self) -> Literal["fully"] | None:
        """``"fully"`` for a person of whom no event is known in any scene."""
        return None if self.events else "fully"
