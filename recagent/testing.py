"""Stand-ins for the seams, for your own unit tests: no network, no files, no chance.

Not for serving: no setting selects them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson

from recagent.domain import (
    Edits,
    Event,
    Forgotten,
    Impression,
    Item,
    Mode,
    Note,
    RatingScale,
    Usage,
    User,
)
from recagent.domain.capabilities import Capabilities
from recagent.domain.validation import (
    check_event,
    check_impression,
    check_link,
    check_note,
    check_user,
    merged,
)
from recagent.errors import ModelError, RetrievalError
from recagent.ports import Logprobs, Message, Reply, Schema, TextRole

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector


_WORD = re.compile(r"\w+")
_DIMENSION = 64


@dataclass(slots=True)
class ScriptedModel:
    """A ``ChatModel`` that follows a script.

    Attributes:
        reply: what ``chat`` answers: a text, or a function of the messages.
        preference: log probability of a label or text; longer is less likely by default.
        choice: log probabilities of labels, given the messages; in place of ``preference``.
        modes: the scoring modes that it claims.
        failures: this many calls fail, retryably, before the script begins.
        seen: every prompt that came, in order.
    """

    reply: str | Callable[[Sequence[Message]], str] = "{}"
    preference: Callable[[str], float | None] = lambda text: -float(len(text))
    choice: Callable[[Sequence[Message], Sequence[str]], Sequence[float | None]] | None = None
    modes: frozenset[Mode] = frozenset({"likelihood", "label", "listwise"})
    failures: int = 0
    name: str = "scripted"
    seen: list[Sequence[Message] | str] = field(
        default_factory=list["Sequence[Message] | str"], init=False
    )

    @property
    def capabilities(self) -> Capabilities:
        """Those of an engine that can score in these modes."""
        labels = "label" in self.modes
        return Capabilities(
            alternatives=20 if labels else 0,
            by_id=labels,
            likelihood="levels" if "likelihood" in self.modes else None,
            schema=True,
        )

    async def start(self) -> frozenset[Mode]:
        return self.modes

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,  # noqa: ARG002
        schema: Schema | None = None,  # noqa: ARG002
    ) -> Reply:
        self._take(messages)
        text = self.reply if isinstance(self.reply, str) else self.reply(messages)
        return Reply(text=text, usage=Usage(prompt=1, completion=1))

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        self._take(messages)
        values = self.choice(messages, labels) if self.choice else map(self.preference, labels)
        return Logprobs(values=tuple(values), usage=Usage(prompt=1))

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        self._take(prefix)
        return Logprobs(values=tuple(map(self.preference, texts)), usage=Usage(prompt=1))

    async def close(self) -> None:
        """Nothing to free."""

    def _take(self, prompt: Sequence[Message] | str) -> None:
        self.seen.append(prompt)
        if self.failures > 0:
            self.failures -= 1
            raise ModelError("scripted failure", retryable=True)


@dataclass(frozen=True, slots=True)
class HashEmbedder:
    """An ``Embedder`` that hashes words into 64 dimensions: texts that share words are near."""

    name: str = "hash"
    version: str = "1"

    async def embed(self, texts: Sequence[str], *, role: TextRole = "passage") -> Matrix:  # noqa: ARG002
        rows = np.zeros((len(texts), _DIMENSION), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                row[sum(word.encode()) % _DIMENSION] += 1.0
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, length, out=rows, where=length > 0)

    async def close(self) -> None:
        """Nothing to free."""


class MemoryIndex:
    """An ``ItemIndex`` in dictionaries."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Item]] = {}
        self._vectors: dict[str, dict[str, Vector]] = {}
        self._published = False

    async def scenes(self) -> Sequence[str]:
        if self._items and not self._published:
            raise RetrievalError("indexing has not finished; publish what was written")
        return sorted(self._items)

    async def items(self, scene: str) -> Mapping[str, Item]:
        await self.scenes()
        if scene not in self._items:
            raise RetrievalError(f"scene {scene!r} is not indexed; upsert its items first")
        return self._items[scene]

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        items = await self.items(scene)
        vectors = self._vectors[scene]
        gone = np.zeros_like(next(iter(vectors.values())))
        rows = [vectors[item_id] if item_id in items else gone for item_id in ids]
        return np.asarray(rows, dtype=np.float32)

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        await self.items(scene)
        scored = [
            (item_id, float(item_vector @ vector))
            for item_id, item_vector in self._vectors[scene].items()
            if item_id in self._items[scene] and item_id not in exclude
        ]
        return sorted(scored, key=lambda pair: -pair[1])[:limit]

    async def width(self, scene: str) -> int:
        return len(next(iter(self._vectors.get(scene, {}).values()), ()))

    async def fingerprints(self, scene: str, *, width: int = 0) -> Mapping[str, str]:
        if width and await self.width(scene) not in (0, width):
            del self._items[scene], self._vectors[scene]
        return {item_id: repr(item) for item_id, item in self._items.get(scene, {}).items()}

    async def upsert(self, scene: str, *, items: Sequence[Item], vectors: Matrix) -> None:
        pairs = zip(items, vectors, strict=True)
        self._items[scene] = {**self._items.get(scene, {}), **{item.id: item for item in items}}
        self._vectors.setdefault(scene, {}).update({item.id: vector for item, vector in pairs})

    async def delete(self, scene: str, *, ids: Sequence[str]) -> None:
        if scene not in self._items:
            raise RetrievalError(f"scene {scene!r} is not indexed; upsert its items first")
        items = self._items[scene].items()
        self._items[scene] = {key: item for key, item in items if key not in ids}

    async def publish(self) -> int:
        self._published = True
        return 0

    async def prune(self, *, keep: AbstractSet[str]) -> int:
        if not self._published:
            raise RetrievalError("nothing was deleted: nothing is published yet; publish first")
        gone = self._items.keys() - keep
        self._items = {scene: items for scene, items in self._items.items() if scene in keep}
        return len(gone)

    async def close(self) -> None:
        """Nothing to free."""


class MemoryStore:
    """An ``EventStore`` in dictionaries."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._events: dict[tuple[object, ...], Event] = {}
        self._origins: dict[tuple[object, ...], str] = {}  # of those that files gave
        self._impressions: dict[str, Impression] = {}
        self._first: dict[str, str] = {}  # id of the person by each of their others
        self._notes: dict[tuple[str, str], Note] = {}
        self._scale: RatingScale | None = None
        self._forgettings = 0

    @property
    def scale(self) -> RatingScale | None:
        return self._scale

    async def keep_scale(self, scale: RatingScale) -> None:
        self._scale = scale

    async def add_users(self, users: Iterable[User]) -> int:
        new: dict[str, User] = {}
        for user in users:
            check_user(user)
            new[user.id] = user
        for key, user in sorted(new.items(), key=lambda pair: pair[0] not in self._first):
            first = self._first.get(key, key)
            stored = self._users.get(first, User(id=first))
            self._users[first] = replace(user, id=first, edits=stored.edits)
        return len(new)

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:
        before = len(self._events)
        new = list(events)
        for event in new:
            check_event(event)
        for event in new:
            key = (event.user_id, event.item_id, event.scene, event.kind, event.at)
            read_otherwise = origin and self._origins.get(key, origin) != origin
            if key in self._events and not read_otherwise:
                continue
            self._events[key] = event
            if origin:
                self._origins[key] = origin
        return len(self._events) - before

    async def origins(self) -> Mapping[str, int]:
        return Counter(self._origins.values())

    async def remove_events(self, origins: Collection[str]) -> int:
        gone = [key for key, origin in self._origins.items() if origin in origins]
        for key in gone:
            del self._events[key], self._origins[key]
        return len(gone)

    async def user(self, user_id: str) -> User | None:
        return self._users.get(self._first.get(user_id, user_id))

    async def events(self, user_id: str, *, limit: int) -> Sequence[Event]:
        first = self._first.get(user_id, user_id)
        stored = [event for event in self._named() if event.user_id == first]
        newest = sorted(enumerate(stored), key=lambda pair: (pair[1].at, pair[0]), reverse=True)
        return [event for _, event in newest[:limit]]

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        return await self.user(user_id), await self.events(user_id, limit=limit)

    async def seen(self, user_id: str) -> frozenset[str]:
        return frozenset(event.item_id for event in await self.events(user_id, limit=sys.maxsize))

    async def ids(self, user_id: str) -> tuple[str, ...]:
        first = self._first.get(user_id, user_id)
        return (first, *sorted(key for key, of in self._first.items() if of == first))

    async def edit(self, user_id: str, edits: Edits) -> None:
        check_user(User(id=user_id, edits=edits))
        first = self._first.get(user_id, user_id)
        self._users[first] = replace(self._users.get(first, User(id=first)), edits=edits)

    async def link(self, user_id: str, *, other: str) -> None:
        check_link(user_id, other)
        first, joined = self._first.get(user_id, user_id), await self.ids(other)
        if first == joined[0]:
            return
        self._first |= dict.fromkeys(joined, first)
        nobody = User(id=first)
        second = self._users.pop(joined[0], nobody)
        self._users[first] = merged(self._users.get(first, nobody), second)
        self._drop_notes({first, joined[0]})

    async def forget(self, user_id: str) -> Forgotten:
        ids = await self.ids(user_id)
        events = {key: e for key, e in self._events.items() if e.user_id not in ids}
        shown = {key: i for key, i in self._impressions.items() if i.user_id not in ids}
        self._forgettings += 1
        gone = Forgotten(
            ids=ids,
            events=len(self._events) - len(events),
            impressions=len(self._impressions) - len(shown),
        )
        self._events, self._impressions = events, shown
        self._origins = {key: of for key, of in self._origins.items() if key in events}
        self._users.pop(ids[0], None)
        self._first = {key: of for key, of in self._first.items() if of != ids[0]}
        self._drop_notes({ids[0]})
        return gone

    async def forgettings(self) -> int:
        return self._forgettings

    async def add_note(self, user_id: str, note: Note) -> None:
        check_note(user_id, note)
        self._notes[self._first.get(user_id, user_id), note.scene] = note

    async def notes(self, user_id: str) -> Sequence[Note]:
        first = self._first.get(user_id, user_id)
        return [note for (of, _), note in sorted(self._notes.items()) if of == first]

    async def count(self) -> int:
        return len(self._events)

    async def events_stamp(self) -> str:
        return ""

    async def is_empty(self) -> bool:
        return not self._events

    async def all_events(self) -> AsyncIterator[Sequence[Event]]:
        if self._events:
            yield self._named()

    async def add_impression(self, impression: Impression) -> None:
        check_impression(impression)
        self._impressions.setdefault(impression.id, impression)

    async def impression(self, impression_id: str) -> Impression | None:
        return self._impressions.get(impression_id)

    async def impressions(self, ids: Collection[str]) -> Sequence[Impression]:
        return [self._impressions[key] for key in {*ids} & self._impressions.keys()]

    async def close(self) -> None:
        """Nothing to free."""

    def _named(self) -> list[Event]:
        """All events, each under its person's first id."""
        named = self._first
        return [
            replace(event, user_id=named[event.user_id]) if event.user_id in named else event
            for event in self._events.values()
        ]

    def _drop_notes(self, people: AbstractSet[str]) -> None:
        self._notes = {key: note for key, note in self._notes.items() if key[0] not in people}


def json_order(labels: Sequence[str]) -> str:
    """The listwise reply that puts ``labels`` in this order."""
    return orjson.dumps({"order": list(labels)}).decode()
