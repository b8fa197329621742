"""Turns every failure into OpenAI's error object with its status; never shows a stack trace.

An unexpected error is logged with its trace; the caller gets one sentence.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, cast

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recagent.errors import (
    ConfigError,
    ConflictError,
    DataError,
    ModelError,
    NotFoundError,
    PromptError,
    RecagentError,
    RetrievalError,
    StoreError,
)
from recagent.locale import Language, LocalizedText, language_named
from recagent.server.access import AccessError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)

Kind = Literal[
    "invalid_request_error", "authentication_error", "not_found_error", "rate_limit_error",
    "server_error",
]  # fmt: skip


class ErrorDetail(BaseModel):
    """What went wrong, in the form that OpenAI's clients expect.

    Attributes:
        param: the field of the request that is wrong, if it is one.
        code: a fixed word for programs.
    """

    message: str
    type: Kind
    param: str | None = None
    code: str | None = None


class ErrorResponse(BaseModel):
    """The body of every response that is not a success."""

    error: ErrorDetail


_STATUS: Mapping[type[RecagentError], tuple[int, Kind, str]] = {
    AccessError: (403, "authentication_error", "forbidden"),
    NotFoundError: (404, "not_found_error", "not_found"),
    ConflictError: (409, "invalid_request_error", "conflict"),
    StoreError: (503, "server_error", "store_unavailable"),
    DataError: (400, "invalid_request_error", "invalid_value"),
    RetrievalError: (503, "server_error", "index_unavailable"),
    ModelError: (503, "server_error", "model_unavailable"),
    ConfigError: (500, "server_error", "misconfigured"),
    PromptError: (500, "server_error", "misconfigured"),
}
_KINDS: Mapping[int, Kind] = {
    401: "authentication_error",
    403: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_RETRY_AFTER = 5  # seconds


def error_response(error: Exception, *, lang: Language) -> Response:
    """Returns the response to a request that failed with an exception, in ``lang``."""
    status, detail = error_detail(error, lang=lang)
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        return failure(status, detail)
    wait = (error.retry_after if isinstance(error, ModelError) else None) or _RETRY_AFTER
    return failure(status, detail, headers={"Retry-After": str(math.ceil(wait))})


def error_detail(error: Exception, *, lang: Language) -> tuple[int, ErrorDetail]:
    """Returns the status and the error object of an exception, in ``lang``."""
    log_failure(error)
    for error_type, (status, kind, code) in _STATUS.items():
        if isinstance(error, error_type):
            return status, ErrorDetail(message=error.in_language(lang), type=kind, code=code)
    logger.error("unexpected", exc_info=error)
    text = LocalizedText("unexpected error; see the server's log")
    message = text.in_language(lang)
    return 500, ErrorDetail(message=message, type="server_error", code="internal_error")


def log_failure(error: Exception) -> None:
    """Logs what clients are told in other words."""
    if isinstance(error, RecagentError) and error.public is not None:
        logger.warning("%s: %s", type(error).__name__, error)


def failure(
    status: int, detail: ErrorDetail, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Returns the response to a request that failed."""
    # Half a surrogate pair from a broken request must not break the answer about it.
    body = json.dumps(ErrorResponse(error=detail).model_dump(), ensure_ascii=True)
    return Response(body, status, headers=headers, media_type="application/json")


def refuse(
    status: int,
    message: str,
    *,
    code: str,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns the response to a request that is refused for its form, key or rate."""
    kind = _KINDS.get(status, "invalid_request_error")
    detail = ErrorDetail(message=message, type=kind, param=param, code=code)
    return failure(status, detail, headers=headers)


def add_error_handlers(app: FastAPI, *, lang: Language) -> None:
    """Makes ``app`` answer its exceptions in this way, in ``lang`` where a request names none."""

    async def recagent_error(request: Request, error: Exception) -> Response:
        return error_response(error, lang=await _language(request) or lang)

    async def validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as it is registered
        return _validation_response(error)

    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered
        code = _CODES.get(error.status_code, "bad_request")
        return refuse(error.status_code, error.detail, code=code, headers=error.headers)

    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RecagentError, recagent_error)


async def _language(request: Request) -> Language | None:
    """Returns the language that a request names in its query or its body, if any."""
    try:
        body: object = await request.json() if request.method == "POST" else None
    except ValueError:
        body = None
    lang = cast("dict[str, object]", body).get("lang") if isinstance(body, dict) else None
    return language_named(lang or request.query_params.get("lang"))


def _validation_response(error: RequestValidationError) -> Response:
    """Names the first thing that is wrong with a request, without the value that was sent."""
    first: Any = error.errors()[0]
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "")
        return refuse(400, f"the body is not valid JSON: {reason}", code="invalid_json")
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    message = f"{field or 'the body'}: {first['msg']}"
    return refuse(400, message, code="invalid_value", param=field)
