"""What an agent can do in a turn: a few tools with typed arguments. ``tools`` carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recagent.chat.conversation import Wants
from recagent.domain import Item

MOST_STEPS = 6  # in a turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommend:
    """Show a slate that keeps to what is in force; ``asking``: ask a question if that helps."""

    asking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Put these wants in force and say what changed.

    Attributes:
        unclear: words that could not be expressed, each with its concept of the lexicon or "".
        surprise: whether to lean away from what the person usually likes.
    """

    wants: Wants
    unclear: tuple[tuple[str, str], ...] = ()
    surprise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Say why an item would be recommended."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Put two items side by side."""

    first: Item
    second: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """Say why an item was not shown."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Look for words in the catalogue."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScene:
    """Go on in another scene."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Store that the person likes or does not like an item."""

    item: Item
    kind: Literal["like", "dislike"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """Keep an interest beyond the conversation, among what the person declares."""

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Take back what these words mean: a number of the list, a want, or a declared interest."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Bring back what was in force before the last change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWants:
    """List what is in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Say a sentence of ``wording``."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


Step = (
    Recommend | Change | Explain | Compare | WhyNot | Search | ChangeScene | Record | Remember
    | Forget | TakeBack | ListWants | Tell
)  # fmt: skip
