"""Ends what is made for a client once it has left."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import anyio
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")

CLIENT_GONE = 499  # the client left before there was an answer


async def while_there(request: Request, answer: Awaitable[T]) -> T:
    """Returns an answer, which is cancelled if the client leaves before.

    Starlette does so for streams alone.

    Raises:
        HTTPException: it left.
    """
    answers: list[T] = []
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            answers.append(await answer)
        except Exception as error:  # noqa: BLE001 - raised below, outside of the group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if not answers:
        raise HTTPException(CLIENT_GONE, "the client left")
    return answers[0]
