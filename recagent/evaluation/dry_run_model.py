"""A model for dry runs: it answers at once, so that calls and tokens can be counted.

Its answers mean nothing and are never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import orjson

from recagent.domain import Mode, Usage
from recagent.domain.capabilities import Capabilities
from recagent.llm.usage import estimated_tokens
from recagent.ports import Logprobs, Message, Reply, Schema


class DryModel:
    """Is a ``ChatModel`` that costs nothing and estimates tokens by the length of texts."""

    name = "dry run"
    capabilities = Capabilities(alternatives=20, by_id=True, likelihood="levels", schema=True)

    async def start(self) -> frozenset[Mode]:
        return self.capabilities.modes

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        text = orjson.dumps(_example(schema)).decode() if schema else "."
        completion = min(max_tokens, estimated_tokens(text))
        return Reply(text=text, usage=Usage(prompt=_prompt_tokens(messages), completion=completion))

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        usage = Usage(prompt=_prompt_tokens(messages), completion=1)
        return Logprobs(values=tuple(-1.0 - rank for rank in range(len(labels))), usage=usage)

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        tokens = estimated_tokens(prefix) + sum(map(estimated_tokens, texts))
        values = tuple(-float(len(text)) for text in texts)
        return Logprobs(values=values, usage=Usage(prompt=tokens))

    async def close(self) -> None:
        """Nothing to free."""


def _prompt_tokens(messages: Sequence[Message]) -> int:
    return sum(estimated_tokens(message.content) for message in messages)


def _example(schema: Any) -> object:
    """Returns a value that fits a JSON schema: each choice once in a list, a short text."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        parts = cast("dict[str, Any]", schema.get("properties", {}))
        return {name: _example(part) for name, part in parts.items()}
    if kind == "array":
        choices = schema["items"].get("enum")
        return choices if choices else [_example(schema["items"])]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return "a few words about what this person likes"
