"""The seams: what recagent asks of the outside world, and of parts that you may replace.

Not implementations: those are in ``llm``, ``infrastructure``, ``retrieval`` and ``ranking``. Any
object with these methods will do; there is nothing to register.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from recagent.domain import (
    Candidate,
    Context,
    Edits,
    Event,
    Forgotten,
    Impression,
    Item,
    Mode,
    Note,
    Profile,
    RatingScale,
    Scene,
    Usage,
    User,
)
from recagent.domain.capabilities import Capabilities
from recagent.locale import AnyText

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector


Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A model's raw answer; ``calls``: requests to the engine, none for a kept reply."""

    text: str
    usage: Usage
    calls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Logprobs:
    """Natural-log probabilities, one per label or text asked for.

    Attributes:
        values: None for a label that the engine did not list.
        usage: tokens, each counted once however many calls read it.
        calls: requests to the engine, none for a kept reply.
        bounded: tokens of which the engine told only an upper bound.
    """

    values: tuple[float | None, ...]
    usage: Usage
    calls: int = 1
    bounded: int = 0


class Embedder(Protocol):
    """Texts to vectors. ``name`` and ``version`` are stored with every index made by it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """(n, d) float32 with unit rows; a row of zeros for a text without any known word.

        Raises:
            ModelError: the embedder did not answer.
        """
        ...


class ChatModel(Protocol):
    """A language model. Each method raises ``ModelError`` when the engine cannot do it."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do; worth reading once it is started."""
        ...

    async def start(self) -> frozenset[Mode]:
        """Load or connect, once, and say which scoring modes the engine can do."""
        ...

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        """A greedy answer; JSON that fits ``schema`` if one is given."""
        ...

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        """Log probability of each label as the first thing the model would say."""
        ...

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        """Log probability of each text, its tokens together, as what follows ``prefix``."""
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...


class ReplyCache(Protocol):
    """Replies of language models by a key of everything that they depend on."""

    def get(self, key: str) -> tuple[bytes, float] | None:
        """What was kept under ``key``, and the seconds that it took.

        Raises:
            DataError: the cache cannot be read.
        """
        ...

    def put(self, key: str, reply: bytes, *, kind: str, tokens: int, seconds: float) -> None:
        """Keep a reply, in place of an older one; it stays if the process is killed now.

        Args:
            key: of everything that the reply depends on.
            reply: as ``get`` gives it back.
            kind: of the request: model and method, for ``pace``.
            tokens: read and written.
            seconds: that it took.
        """
        ...

    def pace(self, kind: str) -> float | None:
        """Seconds per token of the newest replies of a kind; None without any."""
        ...

    def clear(self) -> int:
        """Forget everything; how many replies there were."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class ItemIndex(Protocol):
    """The catalogue, indexed: one collection of items and vectors per scene.

    What is written can be read once it is published; from then on changes are seen at once by the
    writer, and within seconds by others. The first four methods read, and raise ``RetrievalError``
    before the first publication and for an index that only another embedder has published.
    """

    async def scenes(self) -> Sequence[str]:
        """Names of the scenes that have a collection; none if nothing was ever indexed."""
        ...

    async def items(self, scene: str) -> Mapping[str, Item]:
        """All items of a scene, by id; a new mapping after a change.

        Raises:
            RetrievalError: no such collection.
        """
        ...

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        """(len(ids), d) float32, unit rows, in the order of ``ids``; zeros for one that is gone."""
        ...

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with cosine similarity, best first, none of ``exclude``."""
        ...

    async def fingerprints(self, scene: str) -> Mapping[str, str]:
        """Content hash of every item that was written, published or not; empty without any.

        A collection that cannot be read is deleted first, so that it is written anew.
        """
        ...

    async def upsert(self, scene: str, *, items: Sequence[Item], vectors: Matrix) -> None:
        """Add or replace items; creates the collection if it is not there."""
        ...

    async def delete(self, scene: str, *, ids: Sequence[str]) -> None:
        """Remove items."""
        ...

    async def publish(self) -> int:
        """Let all that was written be read, in one step; how many scenes of other embedders stay.

        Those stay for processes that still read them, until ``prune``.
        """
        ...

    async def prune(self, *, keep: AbstractSet[str]) -> int:
        """Delete the scenes of all other embedders, and all but ``keep``; how many there were.

        Raises:
            RetrievalError: this embedder's have not been published.
        """
        ...

    async def close(self) -> None:
        """Let go of the database, so that another process can own it."""
        ...


class ItemVectors(Protocol):
    """Vectors of items that were learned from people's events: one collection per scene."""

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        """(len(ids), d) float32, in the order of ``ids``; zeros for one that has none."""
        ...

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with inner product, best first, none of ``exclude``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a candidate source is asked: who, where, in which situation, and what must not come.

    ``wish_vector``: (d,) of the wish, where it has been embedded.
    """

    profile: Profile
    scene: Scene
    context: Context
    exclude: frozenset[str]
    wish_vector: Vector | None = None


class CandidateSource(Protocol):
    """Proposes items of the scene; ``name`` becomes the name of the candidates' feature."""

    @property
    def name(self) -> str: ...

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with scores, best first; empty if it has nothing to say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageScores:
    """What a ranker says of a pool: one score per candidate (higher is better) and what it cost.

    Attributes:
        model: that answered.
        calls: to the model, those that failed among them.
        kept: questions that needed no call, since their answer had been kept.
        repairs: labels that were unknown, doubled or missing in good replies.
        invalid: calls that failed or whose reply could not be used, and were tried again.
        degraded: why it was not the model that was meant to; None where it was.
    """

    scores: tuple[float, ...]
    model: str
    mode: Mode
    prompt: str
    usage: Usage
    calls: int
    kept: int = 0
    repairs: int = 0
    invalid: int = 0
    degraded: AnyText | None = None
    notes: tuple[AnyText, ...] = field(default=())


class Ranker(Protocol):
    """Scores candidates for one person in one scene."""

    async def start(self) -> None:
        """Load or connect, so that the first request's deadline does not pay for it.

        Raises:
            ModelError: the model cannot be had.
        """
        ...

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        """One finite score per candidate, in their order.

        Raises:
            ModelError: no usable answer within the retry budget.
        """
        ...


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
