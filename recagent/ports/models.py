"""Language models and embedders: what is asked of them, and the cache of replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from recagent.domain import (
    Mode,
    Usage,
)
from recagent.domain.capabilities import Capabilities

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

Schema = Mapping[str, Any]
TextRole = Literal["query", "passage"]  # what somebody is looking for; what may be found


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


class Embedder(Protocol):
    """Texts to vectors. ``name`` and ``version`` are stored with every index made by it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:
        """(n, d) float32 with unit rows; a row of zeros for a text without any known word.

        No texts give no rows of the same width. Wishes and what people declare are queries; items,
        scenes and descriptions of items are passages.

        Raises:
            ModelError: the embedder did not answer.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; a later ``embed`` opens them again."""
        ...
