"""How servers refuse: by a status, or by an error inside a reply with status 200.

What is done about a refused parameter is known to ``llm.parameters``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

import orjson

from recagent.errors import ModelError
from recagent.locale import AnyText

RETRYABLE_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_SHOWN = 200  # characters of an answer in a message
_BUSY_WORDS = ("overload", "rate_limit", "rate limit", "unavailable", "timeout", "server_error")


class RefusedError(ModelError):
    """A server answered that it will not.

    Attributes:
        says: why, in its own words.
        parameter: of the request that it names; empty where it names none.
    """

    def __init__(
        self,
        message: AnyText,
        /,
        *,
        says: str,
        status: int,
        parameter: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        **values: object,
    ) -> None:
        super().__init__(
            message, retryable=retryable, status=status, retry_after=retry_after, **values
        )
        self.says = says
        self.parameter = parameter


def complaint(body: bytes) -> tuple[str, str]:
    """What a server says of its refusal, and the parameter that it names, if it does."""
    try:
        value: Any = orjson.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:_SHOWN], ""
    return _details(value) or (body.decode(errors="replace")[:_SHOWN], "")


def error_inside(value: object) -> tuple[str, str, int, bool] | None:
    """The error in a reply with status 200: its words, parameter, status, and whether to retry.

    OpenRouter answers so, in place of the choices or within one of them.
    """
    if not isinstance(value, dict):
        return None
    reply = cast("dict[str, Any]", value)
    error: Any = reply.get("error")
    choices: Any = reply.get("choices")
    if not error and isinstance(choices, list) and choices and isinstance(choices[0], dict):
        error = cast("dict[str, Any]", choices[0]).get("error")
    elif choices:
        error = None
    details = _details({"error": error}) if error else None
    if details is None:
        return None
    code: Any = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else None
    status = int(code) if str(code).isdigit() and 400 <= int(code) < 600 else 200
    words = f"{details[0]} {orjson.dumps(error, default=str).decode()}".lower()
    busy = any(word in words for word in _BUSY_WORDS)
    return details[0], details[1], status, status in RETRYABLE_STATUS or (status == 200 and busy)


def seconds(retry_after: str | None) -> float | None:
    """The header's seconds from now, at least 0; None without one, or for nonsense (RFC 9110)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))  # some servers send fractions
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time())


def _details(value: Any) -> tuple[str, str] | None:
    """Message and parameter, in OpenAI's shape or one of those that stand for it elsewhere."""
    if not isinstance(value, dict):
        return None
    table = cast("dict[str, Any]", value)
    error: Any = table.get("error") or table
    if isinstance(error, str):
        return error[:_SHOWN], ""
    if not isinstance(error, dict):
        return None
    fields = cast("Mapping[str, Any]", error)
    message: Any = fields.get("message") or fields.get("detail") or table.get("detail")
    if message is None:
        return None
    text = message if isinstance(message, str) else orjson.dumps(message, default=str).decode()
    parameter: Any = fields.get("param")
    return text, parameter if isinstance(parameter, str) else ""
