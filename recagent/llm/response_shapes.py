"""Replies of OpenAI-compatible servers, as far as recagent reads them.

Shapes only: what is asked, and what an answer means, is known to the modules beside this one.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat

from recagent.domain import Usage

_ID = re.compile(r"token_id:(\d+)")  # how vLLM names a token by its id


class Token(BaseModel):
    """A generated token and the alternatives to it, each with its log probability."""

    token: str = ""
    id: int | None = None
    logprob: FiniteFloat
    top_logprobs: list[Token] = []


class TokenList(BaseModel):
    """Log probabilities of what was generated, in today's shape or OpenAI's older one."""

    content: list[Token] | None = None
    token_logprobs: list[FiniteFloat | None] | None = None
    top_logprobs: list[dict[str, FiniteFloat] | None] | None = None

    def first(self) -> Token | None:
        return self.content[0] if self.content else None


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _CompletionDetails(BaseModel):
    reasoning_tokens: int | None = None


class UsageShape(BaseModel):
    """Tokens read and written."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None

    def value(self) -> Usage:
        return Usage(prompt=self.prompt_tokens, completion=self.completion_tokens)


class _Timings(BaseModel):
    cache_n: int | None = None


class Content(BaseModel):
    """A message; a thinking model's thoughts stand apart where the server parts them."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _ChatChoice(BaseModel):
    message: Content
    logprobs: TokenList | None = None


class ChatShape(BaseModel):
    """The answer of ``/v1/chat/completions``."""

    choices: Annotated[list[_ChatChoice], Field(min_length=1)]
    usage: UsageShape = UsageShape()
    timings: _Timings | None = None

    @property
    def text(self) -> str:
        return self.choices[0].message.content or ""

    def by_id(self) -> dict[int, float]:
        """Log probabilities of the first token's alternatives, where they are named by id."""
        first = self.first()
        told = first.top_logprobs if first else []
        found = {_ID.fullmatch(each.token): each.logprob for each in told}
        return {int(name[1]): value for name, value in found.items() if name is not None}

    def first(self) -> Token | None:
        """The first generated token; None without log probabilities."""
        listed = self.choices[0].logprobs
        return listed.first() if listed else None

    def cached(self) -> int | None:
        """Prompt tokens that came from the prefix cache; None if the server does not say."""
        details = self.usage.prompt_tokens_details
        if details is not None and details.cached_tokens is not None:
            return details.cached_tokens
        return self.timings.cache_n if self.timings else None


class TextChoice(BaseModel):
    """One continuation; ``index`` says of which prompt."""

    index: int = 0
    logprobs: TokenList | None = None

    def by_id(self) -> dict[int, float]:
        """Log probabilities of the first token's alternatives, where they are named by id."""
        listed = self.logprobs.top_logprobs if self.logprobs else None
        told = (listed[0] if listed else None) or {}
        found = {_ID.fullmatch(name): value for name, value in told.items()}
        return {int(name[1]): value for name, value in found.items() if name is not None}


class TextShape(BaseModel):
    """The answer of ``/v1/completions``."""

    choices: Annotated[list[TextChoice], Field(min_length=1)]
    usage: UsageShape = UsageShape()


class TokensShape(BaseModel):
    """The answer of ``/tokenize``."""

    tokens: list[int]
    token_strs: list[str] | None = None


class _Vector(BaseModel):
    embedding: list[FiniteFloat]


class EmbeddingsShape(BaseModel):
    """The answer of ``/v1/embeddings``."""

    data: list[_Vector]
