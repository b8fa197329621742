"""How one endpoint wants to be asked: what it refuses is left out, and remembered.

Nothing is concluded from a name: a parameter is left out once the server has refused it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import orjson

from recagent.errors import ModelError
from recagent.llm.refusals import RefusedError

Format = Literal["schema", "schema without sizes", "object", "text"]
Effort = Literal["", "none", "minimal", "low", "medium", "high"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high")
_SIZES = ("minItems", "maxItems")
_SIZED = "sizes of lists"
_CAPS = (20, 5)  # alternatives that servers list at most: OpenAI's, then others'

# A refusal of one of these may come with any of these statuses; 401, 402 and 429 speak of the key.
_STATUS = frozenset({200, 400, 403, 404, 405, 415, 422, 500, 501})
_MAY_GO = (
    "chat_template_kwargs", "reasoning_effort", "logprob_token_ids", "return_tokens_as_token_ids",
    "logit_bias", "temperature",
)  # fmt: skip
_ALTERNATIVES = ("logprobs", "top_logprobs")
_ABOUT_FORMAT = ("response_format", "json_schema", "json_object", "structured output", "grammar")
_ABOUT_SIZES = ("minitems", "maxitems", "min_items", "max_items")
_ABOUT_SYSTEM = ("system role", "system message", "role: system", "role 'system'", "developer")
_HOPELESS = (
    "context length", "context window", "too long", "does not exist", "not found", "no such model",
    "credit", "billing", "quota", "content policy", "content management policy",
    "does not support chat", "not a chat model", "embedding",
)  # fmt: skip
_CAP = re.compile(
    r"(?:at most|less than or equal to|<=|≤|maximum[^0-9]{0,25}|between \d+ and|up to|"
    r"exceeds?[^0-9]{0,20}|no more than|in \[0,|max[^0-9]{0,20})\s*(\d+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDialect:
    """What one endpoint takes.

    Attributes:
        left_out: parameters that it refuses.
        limit: its name for the tokens that a reply may have.
        format: the strictest form of reply that it can be told.
        effort: how much a model may think; empty where nothing is said of it.
        alternatives: the most log probabilities of a token that it lists.
        system: whether it takes system messages.
        proven: parameters that it has taken; a refusal that names none is not about these.
    """

    left_out: frozenset[str] = frozenset()
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    format: Format = "schema"
    effort: Effort = ""
    alternatives: int = 1_000
    system: bool = True
    proven: frozenset[str] = frozenset()

    def request(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The request as the endpoint takes it; ``body`` is in the newest of OpenAI's protocol."""
        request = {name: value for name, value in body.items() if name not in self.left_out}
        if self.limit != "max_tokens" and "max_tokens" in request:
            request[self.limit] = request.pop("max_tokens")
        if self.effort and "reasoning_effort" not in self.left_out:
            request["reasoning_effort"] = self.effort
        if "logprobs" in self.left_out:
            request.pop("top_logprobs", None)
        elif "top_logprobs" in request:
            request["top_logprobs"] = min(request["top_logprobs"], self.alternatives)
        if "response_format" in request:
            request = self._formatted(request)
        if not self.system:
            request["messages"] = _without_system(request["messages"])
        return request

    def taken(self, request: Mapping[str, Any]) -> RequestDialect:
        """This, knowing that the endpoint took a request."""
        proven = self.proven | _marks(request)
        return self if proven == self.proven else replace(self, proven=proven)

    def after(self, refusal: ModelError, request: Mapping[str, Any]) -> RequestDialect | None:
        """How to ask instead; None where the refusal is about something else.

        A server that names no parameter is asked without those that it has not taken before, the
        most unusual first.
        """
        has_reason = isinstance(refusal, RefusedError)
        words = (f"{refusal.parameter} {refusal.says}" if has_reason else str(refusal)).lower()
        if refusal.status not in _STATUS or "cache_salt" in words:
            return None  # without its salt a tenant's prompts would not be apart
        named = self._after_naming(words, request)
        if named is not None or any(word in words for word in _HOPELESS):
            return named
        return self._after_silence(request)

    def _after_naming(self, words: str, request: Mapping[str, Any]) -> RequestDialect | None:
        if "max_completion_tokens" in words and "max_tokens" in request:
            return replace(self, limit="max_completion_tokens")
        if "max_tokens" in words and "max_completion_tokens" in request:
            return replace(self, limit="max_tokens")
        if self.system and any(word in words for word in _ABOUT_SYSTEM):
            return replace(self, system=False) if _has_system(request) else None
        if "response_format" in request and (plainer := self._after_naming_format(words)):
            return plainer
        if "effort" in words and "reasoning_effort" in request:
            return self._less_exact_effort(words)
        for name in _MAY_GO:
            if name in request and name in words:
                return self._without(name)
        if "logprobs" in words and "logprobs" in request:
            return self._fewer(words, request)
        return None

    def _after_naming_format(self, words: str) -> RequestDialect | None:
        if self.format == "schema" and any(word in words for word in _ABOUT_SIZES):
            return replace(self, format="schema without sizes")
        if any(word in words for word in _ABOUT_FORMAT):
            return self._plainer("text" if self.format == "object" else "object")
        return None

    def _after_silence(self, request: Mapping[str, Any]) -> RequestDialect | None:
        for name in _MAY_GO[:-1]:
            if name in request and name not in self.proven:
                return self._without(name)
        if "logprobs" in request and "logprobs" not in self.proven:
            return self._fewer("top_logprobs", request)
        if "response_format" in request and "response_format" not in self.proven:
            return self._plainer("text" if self.format == "object" else "object")
        if _SIZED in _marks(request) - self.proven:
            return self._plainer("schema without sizes")
        if "temperature" in request and "temperature" not in self.proven:
            return self._without("temperature")
        return None

    def _without(self, name: str) -> RequestDialect:
        return replace(self, left_out=self.left_out | {name})

    def _plainer(self, form: Format) -> RequestDialect:
        return replace(self, format=form)

    def _fewer(self, words: str, request: Mapping[str, Any]) -> RequestDialect:
        """With fewer alternatives, as many as the server says or others list; else with none."""
        alternatives = int(request.get("top_logprobs", 0))
        match = _CAP.search(words)
        server_cap = int(match[1]) if match else 0
        if 0 < server_cap < alternatives:
            return replace(self, alternatives=server_cap)
        smaller = [cap for cap in _CAPS if cap < alternatives]
        if "top_logprobs" in words and smaller:
            return replace(self, alternatives=smaller[0])
        return self._without("logprobs")

    def _less_exact_effort(self, words: str) -> RequestDialect:
        """The least effort that the server says it takes, or the next one after what it refused."""
        _, separator, listed = words.partition("supported values")
        efforts = [each for each in EFFORTS if separator and re.search(rf"\b{each}\b", listed)]
        after = EFFORTS[EFFORTS.index(self.effort) + 1 :] if self.effort else ()
        chosen = next(iter([each for each in efforts if each != self.effort] or after[:2]), "")
        return replace(self, effort=chosen) if chosen else self._without("reasoning_effort")

    def _formatted(self, request: dict[str, Any]) -> dict[str, Any]:
        schema: Any = request["response_format"]["json_schema"]["schema"]
        if self.format == "schema":
            return request
        if self.format == "schema without sizes":
            named = {**request["response_format"]["json_schema"], "schema": _without_sizes(schema)}
            return {**request, "response_format": {"type": "json_schema", "json_schema": named}}
        rest = {name: value for name, value in request.items() if name != "response_format"}
        rest["messages"] = spelled_out(request["messages"], schema)
        return (
            {**rest, "response_format": {"type": "json_object"}}
            if self.format == "object"
            else rest
        )


def spelled_out(messages: list[dict[str, str]], schema: Any) -> list[dict[str, str]]:
    """The messages, the last of which says in words what JSON is wanted."""
    wanted = orjson.dumps(schema).decode()
    says = f"\n\nReply with JSON only, without any other text, of this JSON schema:\n{wanted}"
    last = messages[-1]
    return [*messages[:-1], {**last, "content": last["content"] + says}]


def _marks(request: Mapping[str, Any]) -> set[str]:
    """What a request that is taken shows the endpoint to take."""
    names = set(request) - {"messages", "model"}
    form = orjson.dumps(request.get("response_format")).decode()
    return names | {_SIZED} if any(size in form for size in _SIZES) else names


def _has_system(request: Mapping[str, Any]) -> bool:
    return any(message["role"] == "system" for message in request["messages"])


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """What the system message says stands before the first thing that the user says."""
    system = "\n\n".join(each["content"] for each in messages if each["role"] == "system")
    rest = [dict(each) for each in messages if each["role"] != "system"]
    if system and rest:
        rest[0]["content"] = f"{system}\n\n{rest[0]['content']}"
    return rest or [{"role": "user", "content": system}]


def _without_sizes(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_sizes(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    known = cast("dict[str, Any]", schema)
    return {name: _without_sizes(value) for name, value in known.items() if name not in _SIZES}
