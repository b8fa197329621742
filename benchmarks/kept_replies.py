"""Replies of a model in a file of the repository, so that what rests on them runs without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
from anyio import CapacityLimiter

from recagent.domain import Mode
from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError
from recagent.llm.usage import MeteredModel, UsageMeter
from recagent.ports import ChatModel, Logprobs, Message, Reply, Schema


class FileReplies:
    """A ``ReplyCache`` in one JSON file that can be reviewed; written when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = orjson.loads(path.read_bytes()) if path.is_file() else {}
        self._is_new = False

    def get(self, key: str) -> tuple[bytes, float] | None:
        reply = self._kept.get(key)
        return None if reply is None else (reply.encode(), 0.0)

    def put(self, key: str, reply: bytes, *, kind: str, tokens: int, seconds: float) -> None:  # noqa: ARG002
        self._kept[key] = reply.decode()
        self._is_new = True

    def pace(self, kind: str) -> float | None:  # noqa: ARG002
        return None

    def clear(self) -> int:
        count = len(self._kept)
        self._kept.clear()
        self._is_new = True
        return count

    def close(self) -> None:
        if self._is_new:
            ordered = dict(sorted(self._kept.items()))
            self._path.write_bytes(orjson.dumps(ordered, option=orjson.OPT_INDENT_2) + b"\n")
            self._is_new = False


class OnlyKept:
    """A ``ChatModel`` that has nothing to say beyond what is kept of an untuned embedded one."""

    name = "kept"
    capabilities = Capabilities(likelihood="levels")

    async def start(self) -> frozenset[Mode]:
        return self.capabilities.modes

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,  # noqa: ARG002
        schema: Schema | None = None,  # noqa: ARG002
    ) -> Reply:
        raise ModelError(f"nothing is kept of {messages[-1].content!r}; {_MAKE_IT}")

    async def label_logprobs(
        self,
        messages: Sequence[Message],
        *,
        labels: Sequence[str],  # noqa: ARG002
    ) -> Logprobs:
        raise ModelError(f"nothing is kept of {messages[-1].content!r}; {_MAKE_IT}")

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:  # noqa: ARG002
        raise ModelError(f"nothing is kept of {texts[0]!r}; {_MAKE_IT}")

    async def close(self) -> None:
        """Nothing to free."""


_MAKE_IT = "run benchmarks/conversations.py --full to make it"
_IDENTITY = "SmolLM2-135M-Instruct, embedded, untuned"


def remembered(replies: FileReplies, *, model: ChatModel | None = None) -> UsageMeter:
    """The untuned embedded model behind a file of its replies; without it, the file alone."""
    source = MeteredModel(
        model=model or OnlyKept(), identity=_IDENTITY, cache=replies, slots=CapacityLimiter(1)
    )
    return UsageMeter(source)
