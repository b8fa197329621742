"""What an agent can do in a turn: a few tools with typed arguments. ``tools`` carries them out.

Both ways of reading a turn, by a language model and by rules, end here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recagent.chat.conversation import Wants
from recagent.domain import Constraint, Item

MOST_STEPS = 12  # in a turn

Feedback = Literal["like", "dislike", "seen", "owned"]
Concern = Literal["crisis", "advice", "other people"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommend:
    """Show a slate that keeps to what is in force.

    Attributes:
        asking: ask a question if that helps.
        only: ids of the items that it is to be chosen from; empty for all.
        without: ids of items that it is not to have, beside those that were shown.
        is_more: whether nothing that was shown may come, though something else is wanted.
    """

    asking: bool = True
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    is_more: bool = False


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
    """Say why an item would be recommended; ``is_brief``: by its main reason alone."""

    item: Item
    is_brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Say what the catalogue tells of an item.

    Attributes:
        attribute: that is asked for; empty for what it is about.
        words: the person's, for what is asked.
        is_known: whether the catalogue can tell what is asked at all.
        answer: of a language model from its own knowledge; said only where that is allowed.
    """

    item: Item
    attribute: str = ""
    words: str = ""
    is_known: bool = True
    answer: str = ""


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
class WhatIf:
    """Say what would move an item."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Look for words in the catalogue; ``items``: those that are meant, where that is known."""

    words: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """Say which items have the most or the least of a number or a date.

    Attributes:
        attribute: that is compared.
        side: ``more`` for the most first, ``less`` for the least first.
        items: that are compared; empty for all that keep to what is in force.
    """

    attribute: str
    side: Literal["more", "less"]
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Say how many items there are.

    Attributes:
        attribute: whose values are counted; empty to count items by scene.
        constraint: that those which are counted meet; None for all.
    """

    attribute: str = ""
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScene:
    """Go on in another scene; with an empty name in whichever suits."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Store what the person thinks of an item, or that they know or have it."""

    item: Item
    kind: Feedback


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
    """Bring back what was in force before the last change, and the list before the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOver:
    """Let all wants go, for these.

    ``unclear``: as of ``Change``.
    """

    wants: Wants = field(default_factory=Wants)
    unclear: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWants:
    """List what is in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellMyData:
    """Say what is stored of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMyData:
    """Delete all that is stored of the person; unless it is confirmed, ask first."""

    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """Say what is to be said where recommending is not the answer; nothing is stored.

    ``words``: the person's, for what advice is asked on.
    """

    concern: Concern
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Say a sentence of ``wording``."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Say what a language model wrote of a turn, and code has checked, before all else.

    ``items``: that it is about; the first is then the one that was spoken of.
    """

    text: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBack:
    """Ask the person what they mean, in one short question."""

    question: str


Step = (
    Recommend | Change | Explain | Describe | Compare | WhyNot | WhatIf | Search | Sort | Count
    | ChangeScene | Record | Remember | Forget | TakeBack | StartOver | ListWants | TellMyData
    | DeleteMyData | Care | Tell | AskBack | Answer
)  # fmt: skip
