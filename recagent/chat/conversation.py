"""What a conversation remembers from turn to turn; it can be kept as JSON between two turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from recagent.domain import Constraint
from recagent.errors import DataError

SCENE = "scene"  # of each item; no attribute can have this name
_EARLIER = 2  # lists before the last that can be pointed at
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
        whom: somebody else for whom it is wanted, in the person's words; "" for themselves.
        own: what the person wants for themselves, while they look for somebody else.
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: tuple[Constraint, ...] = ()
    wishes: tuple[str, ...] = ()
    titles: tuple[str, ...] | None = None
    whom: str = ""
    own: Wants | None = None

    @property
    def listed(self) -> tuple[Want, ...]:
        """All of it as it is numbered for the person: what was said in the same words is one."""
        groups: dict[tuple[bool, str], list[Constraint]] = {}
        for is_hard, wanted in ((True, self.constraints), (False, self.preferences)):
            for each in wanted:
                groups.setdefault((is_hard, each.words or repr(each)), []).append(each)
        return (*map(tuple, groups.values()), *self.wishes)

    @property
    def barred_scenes(self) -> frozenset[str]:
        """Names of the scenes from which nothing must come."""
        bans = [each.value for each in self.constraints if each.attribute == SCENE]
        return frozenset(each for each in bans if isinstance(each, str))

    def has(self, want: Want) -> bool:
        """Whether it is one of ``listed``."""
        return want in self.listed

    def without(self, dropped: Want) -> Wants:
        """The same but for one of ``listed``."""
        gone = () if isinstance(dropped, str) else dropped
        return replace(
            self,
            constraints=tuple(each for each in self.constraints if each not in gone),
            preferences=tuple(each for each in self.preferences if each not in gone),
            wishes=tuple(each for each in self.wishes if each != dropped),
        )

    def looking_for(self, whom: str, *, also: Sequence[Want]) -> Wants:
        """What is wanted for somebody else, or for themselves again if ``whom`` is empty.

        What was wanted for the one before rests, or ends with somebody else; ``also``: what of it
        holds for the new one too.
        """
        if not whom and not self.whom:
            return self
        if whom and self.whom:
            return replace(self, whom=whom)
        base = Wants(titles=(), whom=whom, own=self) if whom else self.own or Wants(titles=())
        kept = [each for want in also if not isinstance(want, str) for each in want]
        hard = [each for each in self.constraints if each in kept]
        soft = [each for each in self.preferences if each in kept]
        wishes = [each for each in self.wishes if each in also]
        return replace(
            base,
            constraints=tuple(dict.fromkeys((*base.constraints, *hard))),
            preferences=tuple(dict.fromkeys((*base.preferences, *soft))),
            wishes=tuple(dict.fromkeys((*base.wishes, *wishes))),
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
        has_said_scene: whether the person named it, and not the request.
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
    has_said_scene: bool = False
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
        if (wants.listed, wants.whom) != (self.wants.listed, self.wants.whom):
            self.before = (*self.before, self.wants)[-MOST_UNDO:]
        self.wants = wants

    def take_back(self) -> bool:
        """Bring back what was wanted before the last change; False if there was none."""
        if not self.before:
            return False
        *self_before, self.wants = self.before
        self.before = tuple(self_before)
        return True

    def start_over(self, wants: Wants) -> None:
        """Let all wants go, for these, and a scene that was chosen in the talk."""
        self.want(wants)
        if self.has_said_scene:
            self.scene = self.named_scene = None
            self.has_said_scene = False
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
    def earlier_lists(self) -> tuple[str, ...]:
        """Ids of what the lists before the last had, the newest list first; not those of the last.

        Only so far back as somebody remembers.
        """
        ids = (key for slate in reversed(self.shown[-1 - _EARLIER : -1]) for key in slate.item_ids)
        return tuple(key for key in dict.fromkeys(ids) if key not in self.last_list)

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
