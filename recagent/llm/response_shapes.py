"""Replies of OpenAI-compatible servers, as far as recagent reads them.

Shapes only: what is asked, and what an answer means, is known to the modules beside this one. A
number that is none (null, infinite, a text) is left out where a reply can be used without it.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from recagent.domain import Usage

_ID = re.compile(r"token_id:(\d+)")  # how vLLM names a token by its id
_SPACES = "▁ĠĊ"  # how tokenisers write a space or a line break before a word
_BYTES = re.compile(r"^bytes:((?:\\x[0-9a-fA-F]{2})+)$")  # how some servers write a token


def _count(value: Any) -> int:
    """A number of tokens; null and nonsense are none, a fraction is rounded up."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0
    return max(0, math.ceil(number)) if math.isfinite(number) else 0


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _table(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict | BaseModel) else {}


def _table_or_none(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict) else None


Count = Annotated[int, BeforeValidator(_count)]
Number = Annotated[float | None, BeforeValidator(_number)]


class Token(BaseModel):
    """A generated token and the alternatives to it, each with its log probability."""

    token: str = ""
    id: int | None = None
    logprob: Number = None
    bytes: list[int] | None = None
    top_logprobs: list[Token] = []

    @field_validator("token", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return value if isinstance(value, str) else ""

    @field_validator("top_logprobs", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return cast("Any", value) if isinstance(value, list) else []

    @property
    def text(self) -> str:
        """The token as a person reads it, without white space around it."""
        written = _BYTES.match(self.token)
        if written is not None:
            code = bytes.fromhex(written[1].replace("\\x", ""))
            return code.decode(errors="replace").strip()
        return self.token.strip().strip(_SPACES).strip()


class TokenList(BaseModel):
    """Log probabilities of what was generated, in today's shape or OpenAI's older one."""

    content: list[Token] | None = None
    token_logprobs: list[Number] | None = None
    top_logprobs: list[dict[str, Number] | None] | None = None

    def first(self) -> Token | None:
        return self.content[0] if self.content else None


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _CompletionDetails(BaseModel):
    reasoning_tokens: Count = 0


class UsageShape(BaseModel):
    """Tokens read and written; bookkeeping, for which no reply is refused."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None

    @field_validator("prompt_tokens_details", "completion_tokens_details", mode="before")
    @classmethod
    def _details(cls, value: Any) -> Any:
        return _table_or_none(value)

    def value(self) -> Usage:
        return Usage(prompt=self.prompt_tokens, completion=self.completion_tokens)


UsageTable = Annotated[UsageShape, BeforeValidator(_table)]


class _Timings(BaseModel):
    cache_n: int | None = None


class Content(BaseModel):
    """A message; a thinking model's thoughts stand apart where the server parts them."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_parts(cls, value: Any) -> Any:
        """Some servers send text and thoughts as a list of parts."""
        if not isinstance(value, dict) or not isinstance(value.get("content"), list):  # pyright: ignore[reportUnknownMemberType]
            return value  # pyright: ignore[reportUnknownVariableType]
        message = cast("dict[str, Any]", value)
        parts = cast("list[Any]", message["content"])
        thoughts = [part for part in parts if _kind(part) in ("thinking", "reasoning")]
        plain_message = {**message, "content": "".join(map(_text_of, parts))}
        return {**plain_message, "reasoning_content": str(thoughts)} if thoughts else plain_message

    @field_validator("reasoning_content", "reasoning", mode="before")
    @classmethod
    def _thought(cls, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else str(value)


def _kind(part: Any) -> str:
    return str(cast("dict[str, Any]", part).get("type", "")) if isinstance(part, dict) else ""


def _text_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or _kind(part) not in ("text", "output_text", ""):
        return ""
    text: Any = cast("dict[str, Any]", part).get("text")
    return text if isinstance(text, str) else ""


class _ChatChoice(BaseModel):
    message: Content
    logprobs: TokenList | None = None
    finish_reason: str | None = None

    @field_validator("logprobs", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _table_or_none(value)


class ChatShape(BaseModel):
    """The answer of ``/v1/chat/completions``."""

    choices: Annotated[list[_ChatChoice], Field(min_length=1)]
    usage: UsageTable = UsageShape()
    timings: _Timings | None = None

    @property
    def text(self) -> str:
        return self.choices[0].message.content or ""

    @property
    def is_cut(self) -> bool:
        """Whether the reply ended because it had no more tokens."""
        return self.choices[0].finish_reason == "length"

    def by_id(self) -> dict[int, float]:
        """Log probabilities of the first token's alternatives, where they are named by id."""
        first = self.first()
        alternatives = first.top_logprobs if first else []
        logprobs = {_ID.fullmatch(each.token): each.logprob for each in alternatives}
        return {
            int(name[1]): value
            for name, value in logprobs.items()
            if name is not None and value is not None
        }

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
        alternatives = (listed[0] if listed else None) or {}
        logprobs = {_ID.fullmatch(name): value for name, value in alternatives.items()}
        return {
            int(name[1]): value
            for name, value in logprobs.items()
            if name is not None and value is not None
        }


class TextShape(BaseModel):
    """The answer of ``/v1/completions``."""

    choices: Annotated[list[TextChoice], Field(min_length=1)]
    usage: UsageTable = UsageShape()


class TokensShape(BaseModel):
    """The answer of ``/tokenize``."""

    tokens: list[int]
    token_strs: list[str] | None = None
