"""The store of people, their events and what they were shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from recagent.domain import (
    Edits,
    Event,
    Forgotten,
    Impression,
    Note,
    RatingScale,
    User,
)


class EventStore(Protocol):
    """People, their events, and what they were shown.

    A person may have several ids, once these are linked: whatever is read or written by one of them
    is the person's, and what is read names them by the first.
    """

    @property
    def scale(self) -> RatingScale | None:
        """What the ratings are out of, as it was kept when the store was opened; None before."""
        ...

    async def keep_scale(self, scale: RatingScale) -> None:
        """Keep what the ratings are out of, in place of what was kept before.

        Raises:
            DataError: the store failed.
        """
        ...

    async def add_users(self, users: Iterable[User]) -> int:
        """Add or replace people, all or none; returns how many. What ``edit`` keeps stays.

        Raises:
            DataError: a text with NUL or half of a surrogate pair; the store failed.
        """
        ...

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:
        """Append events, all or none, and return how many were new.

        The same person, item, scene, kind and time make the same event: it is kept once. One that
        another reading of files gave says from then on what this one does.

        Args:
            events: to keep.
            origin: the reading of files that gives them; empty for what was recorded.

        Raises:
            DataError: a time without zone, or a text with NUL or half of a surrogate pair; the
                store failed. The call may be repeated.
        """
        ...

    async def origins(self) -> Mapping[str, int]:
        """How many events every reading of files gave; those that were recorded are none of it."""
        ...

    async def remove_events(self, origins: Collection[str]) -> int:
        """Delete what these readings of files gave, and nothing that was recorded; how many.

        Raises:
            DataError: the store failed.
        """
        ...

    async def user(self, user_id: str) -> User | None:
        """A person, or None if nothing was declared of them."""
        ...

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        """A person's newest events, newest first."""
        ...

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        """What ``user`` and ``events`` say, read at once: every request asks for both."""
        ...

    async def seen(self, user_id: str) -> frozenset[str]:
        """Ids of all items that the person has any event on, however long ago."""
        ...

    async def count(self) -> int:
        """How many events there are."""
        ...

    async def events_stamp(self) -> str:
        """What tells the events of all people from those before and after any change of them.

        Empty where the store cannot tell: then nothing that was made of them is kept.
        """
        ...

    async def is_empty(self) -> bool:
        """Whether there is no event; unlike counting it takes no longer where there are many."""
        ...

    def all_events(self) -> AsyncIterator[Sequence[Event]]:
        """Every event, in the order in which they were stored, in batches.

        What others store meanwhile comes at the end, or not at all.
        """
        ...

    async def edit(self, user_id: str, edits: Edits) -> None:
        """Keep what a person changed of their profile, in place of what they had changed before.

        Raises:
            DataError: a text with NUL or half of a surrogate pair; the store failed.
        """
        ...

    async def ids(self, user_id: str) -> tuple[str, ...]:
        """All ids of the person, the first one first; of one that nobody linked, the id alone."""
        ...

    async def link(self, user_id: str, *, other: str) -> None:
        """Let ``other`` be one person with ``user_id``, with all that either is linked to.

        What is declared and edited under ``user_id`` comes first; a person of whom nothing is
        declared is known from then on. Nothing changes if they are one.

        Raises:
            DataError: an id is empty or broken; the store failed.
        """
        ...

    async def forget(self, user_id: str) -> Forgotten:
        """Delete all that is kept of a person under any of their ids; all or none."""
        ...

    async def forgettings(self) -> int:
        """How often somebody was forgotten, by whatever process; it never falls.

        Whoever holds something of people in memory lets go of it when this has grown.
        """
        ...

    async def add_note(self, user_id: str, note: Note) -> None:
        """Keep a note in place of the scene's older one."""
        ...

    async def notes(self, user_id: str) -> Sequence[Note]:
        """The notes on a person, by name of the scene."""
        ...

    async def add_impression(self, impression: Impression) -> None:
        """Keep what was shown; what is there under the same id stays."""
        ...

    async def impression(self, impression_id: str) -> Impression | None:
        """What was shown under this id."""
        ...

    async def impressions(self, ids: Collection[str]) -> Sequence[Impression]:
        """What was shown under these ids, in no order; nothing for one that is unknown."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
