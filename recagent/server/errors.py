"""Every failure as OpenAI's error object, with the status that fits; never a stack trace.

What is our own fault is logged, with its trace, and told to the caller in one sentence.
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

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)

Kind = Literal[
    "invalid_request_error", "authentication_error", "not_found_error", "rate_limit_error",
    "server_error",
]  # fmt: skip


class ErrorDetail(BaseModel):
    """What went wrong, as OpenAI's clients expect it.

    Attributes:
        param: the field of the request that is wrong, if one is.
        code: for programs.
    """

    message: str
    type: Kind
    param: str | None = None
    code: str | None = None


class ErrorResponse(BaseModel):
    """The body of every answer that is no success."""

    error: ErrorDetail


_STATUS: Mapping[type[RecagentError], tuple[int, Kind, str]] = {
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


_WAIT = 5  # seconds after which what cannot be had now may be asked for again


def error_response(error: Exception, *, lang: Language) -> Response:
    """The answer to a request that failed with an exception, in the request's language."""
    status, fault = error_detail(error, lang=lang)
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        return failure(status, fault)
    wait = (error.retry_after if isinstance(error, ModelError) else None) or _WAIT
    return failure(status, fault, headers={"Retry-After": str(math.ceil(wait))})


def error_detail(error: Exception, *, lang: Language) -> tuple[int, ErrorDetail]:
    """The status and the words for an exception, in ``lang``."""
    for kind, (status, name, code) in _STATUS.items():
        if isinstance(error, kind):
            return status, ErrorDetail(message=error.in_language(lang), type=name, code=code)
    logger.error("unexpected", exc_info=error)
    says = LocalizedText("something unexpected went wrong; the server's log has it")
    return 500, ErrorDetail(
        message=says.in_language(lang), type="server_error", code="internal_error"
    )


def failure(
    status: int, fault: ErrorDetail, *, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request that failed."""
    # Half a surrogate pair from a broken request must not break the answer about it.
    body = json.dumps(ErrorResponse(error=fault).model_dump(), ensure_ascii=True)
    return Response(body, status, headers=headers, media_type="application/json")


def refuse(
    status: int,
    message: str,
    *,
    code: str,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that is refused by its form, key or number."""
    kind = _KINDS.get(status, "invalid_request_error")
    fault = ErrorDetail(message=message, type=kind, param=param, code=code)
    return failure(status, fault, headers=headers)


def add_error_handlers(app: FastAPI, *, lang: Language) -> None:
    """Let ``app`` answer what it raises on purpose in this way.

    Args:
        app: where.
        lang: of requests that name none.
    """

    async def ours(request: Request, error: Exception) -> Response:
        return error_response(error, lang=await _language(request) or lang)

    async def misshapen(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as it is registered
        return _misshapen(error)

    async def by_status(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered
        code = _CODES.get(error.status_code, "bad_request")
        return refuse(error.status_code, error.detail, code=code, headers=error.headers)

    app.add_exception_handler(RequestValidationError, misshapen)
    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(RecagentError, ours)


async def _language(request: Request) -> Language | None:
    """The language that a request names, in its query or its body; None where it names none."""
    try:
        body: object = await request.json() if request.method == "POST" else None
    except ValueError:
        body = None
    named = cast("dict[str, object]", body).get("lang") if isinstance(body, dict) else None
    return language_named(named or request.query_params.get("lang"))


def _misshapen(error: RequestValidationError) -> Response:
    """The first thing that is wrong with a request; values are not repeated."""
    first: Any = error.errors()[0]
    if first["type"] == "json_invalid":
        why = first.get("ctx", {}).get("error", "")
        return refuse(400, f"the body is not valid JSON: {why}", code="invalid_json")
    where = ".".join(str(part) for part in first["loc"][1:]) or None
    said = f"{where or 'the body'}: {first['msg']}"
    return refuse(400, said, code="invalid_value", param=where)
