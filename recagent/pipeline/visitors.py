"""People without an id: what they do counts while they are here, and is stored nowhere.

``Pipeline.recommend`` and its like know nothing of them at all; a talk keeps what was said in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from recagent.domain import Edits, Event, Forgotten, Note, User
from recagent.ports import EventStore


@dataclass(slots=True, kw_only=True)
class Visitor:
    """What a person without an id has done and declared in a talk.

    Attributes:
        events: newest first.
        edits: of their profile.
    """

    events: list[Event] = field(default_factory=list[Event])
    edits: Edits = field(default_factory=Edits)


class VisitorStore:
    """An ``EventStore`` in which whoever is named is a visitor; all else is another store's.

    Attributes:
        visitors: by the id that they have for as long as they are here.
    """

    def __init__(self, store: EventStore) -> None:
        self.visitors: dict[str, Visitor] = {}
        self.scale, self.count, self.is_empty = store.scale, store.count, store.is_empty
        self.all_events, self.origins = store.all_events, store.origins
        self.forgettings, self.events_stamp = store.forgettings, store.events_stamp
        self.impression, self.impressions = store.impression, store.impressions

    async def _ignore(self, *_: object, **__: object) -> None:
        """Keeps nothing: lists are in the talk, and the rest is no matter of one visitor."""

    keep_scale = link = add_note = add_impression = close = _ignore

    async def add_users(self, users: Iterable[User]) -> int:
        return len(list(users))

    async def remove_events(self, origins: Collection[str]) -> int:  # noqa: ARG002
        return 0

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:  # noqa: ARG002
        new = list(events)
        for event in new:
            self.visitors.setdefault(event.user_id, Visitor()).events.insert(0, event)
        return len(new)

    async def edit(self, user_id: str, edits: Edits) -> None:
        self.visitors.setdefault(user_id, Visitor()).edits = edits

    async def user(self, user_id: str) -> User | None:
        visitor = self.visitors.get(user_id)
        return User(id=user_id, edits=visitor.edits) if visitor else None

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        visitor = self.visitors.get(user_id)
        return visitor.events[:limit] if visitor else []

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        return await self.user(user_id), await self.events(user_id, limit=limit)

    async def seen(self, user_id: str) -> frozenset[str]:
        visitor = self.visitors.get(user_id)
        return frozenset(event.item_id for event in visitor.events) if visitor else frozenset()

    async def ids(self, user_id: str) -> tuple[str, ...]:
        return (user_id,)

    async def notes(self, user_id: str) -> Sequence[Note]:  # noqa: ARG002
        return ()

    async def forget(self, user_id: str) -> Forgotten:
        gone = self.visitors.pop(user_id, Visitor())
        return Forgotten(ids=(user_id,), events=len(gone.events), impressions=0)
