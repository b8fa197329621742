"""What a conversation remembers from turn to turn; it can be kept as JSON between two turns."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from recagent.domain import Constraint
from recagent.errors import DataError

MOST_TURNS = 100  # kept of a conversation
MOST_SLATES = 50
MOST_UNDO = 20


Want = tuple[Constraint, ...] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What the person wants now.

    Attributes:
        constraints: hard; the oldest first.
        preferences: soft; the oldest first.
        wishes: words that neither of these could hold.
        titles: that a language model named for what is wanted, best first; None where none was
            asked.
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: tuple[Constraint, ...] = ()
    wishes: tuple[str, ...] = ()
    titles: tuple[str, ...] | None = None

    @property
    def listed(self) -> tuple[Want, ...]:
        """All of it as it is numbered for the person: what was said in the same words is one."""
        groups: dict[tuple[bool, str], list[Constraint]] = {}
        for is_hard, wanted in ((True, self.constraints), (False, self.preferences)):
            for each in wanted:
                groups.setdefault((is_hard, each.words or repr(each)), []).append(each)
        return (*map(tuple, groups.values()), *self.wishes)

    def without(self, dropped: Want) -> Wants:
        """The same but for one of ``listed``."""
        gone = () if isinstance(dropped, str) else dropped
        return replace(
            self,
            constraints=tuple(each for each in self.constraints if each not in gone),
            preferences=tuple(each for each in self.preferences if each not in gone),
            wishes=tuple(each for each in self.wishes if each != dropped),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSlate:
    """A list as a conversation remembers it.

    ``impression`` joins feedback to a slate; what a search found has none, and may come again.
    """

    scene: str
    impression: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the talk, as it was said."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What taking an option comes to.

    Attributes:
        wants: that are then in force.
        scene: where the talk then goes on; None for where it is.
    """

    wants: Wants
    scene: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that waits for its answer: what it is on, and what each option comes to.

    Attributes:
        about: an attribute; ``deletion`` or ``scarcity`` where it is on no attribute.
        options: as they are shown.
        offers: one an option; none of a question whose answer is yes or no.
    """

    about: str
    options: tuple[str, ...]
    offers: tuple[Offer, ...] = ()


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One person's conversation. ``Agent.say`` changes it; nobody else needs to.

    Attributes:
        scene: where the talk is; None until the first slate says it.
        named_scene: the scene that the person or the request named; where there is none, each
            list is of the scene that suits best.
        wants: in force.
        listed_wants: those that were in force when the last list was shown.
        before: earlier ``wants``, the newest last, for taking back.
        shown: slates in order.
        focus: the item that was last spoken of.
        liked: ids, in order.
        disliked: ids, in order.
        known: ids of what they say that they have seen or own, in order.
        has_cared: whether a crisis was answered last, so that small talk is not met with business.
        waiting: the question that the next turn may answer.
        asked: ``scene/attribute`` of every question so far; none is asked twice.
        turns: what was said, the newest last.
    """

    user_id: str
    scene: str | None = None
    named_scene: str | None = None
    wants: Wants = field(default_factory=Wants)
    listed_wants: Wants | None = None
    before: tuple[Wants, ...] = ()
    shown: tuple[ShownSlate, ...] = ()
    focus: str | None = None
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    has_cared: bool = False
    waiting: Asked | None = None
    asked: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()

    def want(self, wants: Wants) -> None:
        """Put these wants in force; the ones before can be brought back."""
        if wants != self.wants:
            self.before = (*self.before, self.wants)[-MOST_UNDO:]
            self.wants = wants

    def take_back(self) -> bool:
        """Bring back what was wanted before the last change; False if there was none."""
        if not self.before:
            return False
        *self_before, self.wants = self.before
        self.before = tuple(self_before)
        return True

    def start_over(self) -> None:
        """Let all wants go; they can be brought back."""
        self.want(Wants())
        self.waiting = None

    def forget(self) -> None:
        """Forget all but whose conversation it is, and where."""
        blank = Conversation(user_id=self.user_id, scene=self.named_scene)
        for each in fields(self):
            setattr(self, each.name, getattr(blank, each.name))

    def remember_slate(self, slate: ShownSlate) -> None:
        """A slate has been shown."""
        self.listed_wants = self.wants
        self.shown = (*self.shown, slate)[-MOST_SLATES:]
        self.focus = None

    def remember_turn(self, role: Literal["user", "assistant"], text: str) -> None:
        """Something has been said."""
        self.turns = (*self.turns, Turn(role=role, text=text))[-MOST_TURNS:]

    def shown_in(self, scene: str) -> tuple[str, ...]:
        """Ids of the items that were shown in a scene, in order."""
        ids = (item for slate in self.shown
               if slate.scene == scene and slate.impression for item in slate.item_ids)  # fmt: skip
        return tuple(dict.fromkeys(ids))

    @property
    def list_before(self) -> tuple[str, ...]:
        """Ids of the list before the last, of the scene that it was in; none before the second."""
        return self.shown[-2].item_ids if len(self.shown) > 1 else ()

    @property
    def last_list(self) -> tuple[str, ...]:
        """Ids of what was listed last, a slate or what a search found; none before the first."""
        return self.shown[-1].item_ids if self.shown else ()

    @property
    def last_slate(self) -> ShownSlate | None:
        """The last slate; a search is none."""
        return next((slate for slate in reversed(self.shown) if slate.impression), None)

    def to_json(self) -> str:
        """The conversation as one JSON object, for ``from_json``."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Conversation:
        """A conversation as ``to_json`` gave it.

        Raises:
            DataError: it is none.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DataError(
                "not a conversation: {place}: {problem}; pass the output of to_json unchanged",
                place=where,
                problem=first["msg"],
            ) from error


_ADAPTER = TypeAdapter(Conversation)


def renewed(wants: Wants, *, constraints: tuple[Constraint, ...]) -> Wants:
    """The wants with new hard constraints, in place of older ones that they contradict or renew."""
    kept = tuple(
        old for old in wants.constraints if not any(_renews(new, old) for new in constraints)
    )
    softer = tuple(
        old for old in wants.preferences if not any(_opposes(new, old) for new in constraints)
    )
    return replace(wants, constraints=(*kept, *constraints), preferences=softer)


_BOUNDS = {"at least", "at most"}
_OPPOSITE = {
    "is": "is not",
    "is not": "is",
    "mentions": "does not mention",
    "does not mention": "mentions",
}


def _renews(new: Constraint, old: Constraint) -> bool:
    """Whether the old one is the same bound, the very same, or says the opposite."""
    if new.attribute != old.attribute:
        return False
    if new.operator == old.operator:
        return new.operator in _BOUNDS or new.value == old.value
    return _opposes(new, old) or _crosses(new, old)


def _opposes(new: Constraint, old: Constraint) -> bool:
    return (
        new.attribute == old.attribute
        and _OPPOSITE.get(new.operator) == old.operator
        and bool(_texts(new) & _texts(old))
    )


def _crosses(new: Constraint, old: Constraint) -> bool:
    """Whether two bounds leave nothing between them."""
    if {new.operator, old.operator} != _BOUNDS:
        return False
    low, high = (new, old) if new.operator == "at least" else (old, new)
    if isinstance(low.value, int | float) and isinstance(high.value, int | float):
        return low.value > high.value
    return False


def _texts(constraint: Constraint) -> set[str]:
    value = constraint.value if isinstance(constraint.value, tuple) else (constraint.value,)
    return {str(each).casefold() for each in value}
