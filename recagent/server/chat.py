"""``/v1/models`` and ``/v1/chat/completions``: the conversation, for every OpenAI client.

What is answered is the agent's matter (``talk``); here it is put into OpenAI's words.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter
from starlette.responses import StreamingResponse

from recagent.domain import Constraint, Language, Usage
from recagent.errors import DataError, NotFoundError
from recagent.locale import LocalizedText
from recagent.server.conversations import (
    ConversationCache,
    Noted,
    Question,
    ReplyPart,
    Shown,
    Transcript,
    Words,
    sentences,
)
from recagent.server.errors import ErrorResponse, error_detail
from recagent.server.metrics import Metrics
from recagent.server.openai_schemas import (
    NAME,
    AssistantMessage,
    ChatRequest,
    Completion,
    CompletionChoice,
    Model,
    Models,
    Tokens,
)
from recagent.server.service import Service

if TYPE_CHECKING:
    from pydantic import BaseModel

GUEST = "guest"  # who talks without saying who they are
_INSTRUCTIONS = ("system", "developer")  # roles whose messages change nothing, wherever they stand

logger = logging.getLogger(__name__)


def chat_routes(service: Service, talks: ConversationCache, metrics: Metrics) -> APIRouter:
    """The two routes, over one service."""
    router = APIRouter(prefix="/v1", tags=["openai"])

    @router.get("/models")
    async def models() -> Models:
        """The names that a chat may ask for."""
        scenes = (await service.scenes()).scenes
        names = [NAME, *(f"{NAME}/{scene.name}" for scene in scenes)]
        return Models(data=tuple(Model(id=name) for name in names))

    streamed: dict[str, Any] = {"description": "With stream: chunks.", "content": {_STREAM: {}}}

    @router.get("/models/{name:path}")
    async def model(name: str) -> Model:
        """One of the names that a chat may ask for."""
        await _scene(name, service)
        return Model(id=name)

    @router.post("/chat/completions", response_model=Completion, responses={200: streamed})
    async def completions(request: ChatRequest) -> Completion | StreamingResponse:
        """Answer the last message of a conversation; ``user`` is the person.

        What was said before is taken from the messages of the role ``user``; a system's message
        changes nothing.
        """
        talk, lang = await _talk(request, service), request.lang or service.lang
        answer = _Answer(request, service, metrics, lang=lang)
        pieces = talks.answer(talk, lang=lang)
        first = await anext(pieces, None)  # what is refused is refused with a status
        if request.stream:
            return StreamingResponse(
                answer.streamed(first, pieces),
                media_type=_STREAM,
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
        return await answer.whole(first, pieces)

    return router


async def _talk(request: ChatRequest, service: Service) -> Transcript:
    """Who talks, where, and what they said.

    Raises:
        NotFoundError: a model, and so a scene, that there is not.
        DataError: nothing was said, or too much at once.
    """
    scene = await _scene(request.model, service)
    turns = [message for message in request.messages if message.role not in _INSTRUCTIONS]
    said = [message.text() for message in turns if message.role == "user"]
    if not turns or turns[-1].role != "user" or not said[-1].strip():
        raise DataError("the last message must be the user's, with a text")
    for text in said:
        service.check_length(LocalizedText("a message"), text)
    return Transcript(user=request.user or GUEST, scene=scene, said=tuple(said))


async def _scene(model: str, service: Service) -> str | None:
    """The scene of a model's name; None for that of no scene.

    Raises:
        NotFoundError: a model, and so a scene, that there is not.
    """
    name, slash, scene = model.partition("/")
    names = [each.name for each in (await service.scenes()).scenes]
    if name != NAME or (slash and scene not in names):
        raise NotFoundError(
            "no model {model!r}; there are {name!r} and {example!r} with one of {scenes}",
            model=model,
            name=NAME,
            example=NAME + "/SCENE",
            scenes=", ".join(names),
        )
    return scene or None


class _Answer:
    """One answer on its way out."""

    def __init__(
        self, request: ChatRequest, service: Service, metrics: Metrics, *, lang: Language
    ) -> None:
        self._request = request
        self._service = service
        self._metrics = metrics
        self._lang: Language = lang
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": request.model,
        }
        self._usage = Usage()
        options = request.stream_options
        self._tells_usage = options is not None and options.include_usage

    async def whole(self, first: ReplyPart | None, rest: AsyncIterator[ReplyPart]) -> Completion:
        """All of it at once."""
        texts: list[str] = []
        data: list[dict[str, Any]] = []
        async for said in _chained(first, rest):
            texts.append(sentences(said))
            data += [found] if (found := await self._data(said)) else []
        return Completion(
            id=str(self._head["id"]),
            created=int(self._head["created"]),
            model=self._request.model,
            choices=(CompletionChoice(message=AssistantMessage(content="".join(texts).strip())),),
            usage=self._tokens(),
            recagent=tuple(data),
        )

    async def streamed(
        self, first: ReplyPart | None, rest: AsyncIterator[ReplyPart]
    ) -> AsyncIterator[bytes]:
        """Server-sent events: a chunk for each piece, then ``[DONE]``; an error ends it."""
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async for said in _chained(first, rest):
                data = await self._data(said)
                yield self._chunk({"content": sentences(said)}, data=data)
        except Exception as error:  # noqa: BLE001 - the status has been sent: it goes into the stream
            _, fault = error_detail(error, lang=self._lang)
            yield _event(ErrorResponse(error=fault).model_dump())
            return
        yield self._chunk({}, finish="stop")
        if self._tells_usage:
            tokens = self._tokens().model_dump()
            yield _event({**self._head, **_CHUNK, "choices": [], "usage": tokens})
        yield b"data: [DONE]\n\n"

    def _chunk(
        self,
        delta: dict[str, str],
        *,
        finish: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        ours = {"recagent": data} if data else {}
        # Where usage is wanted OpenAI's other chunks have it as null.
        usage = {"usage": None} if self._tells_usage else {}
        return _event({**self._head, **_CHUNK, "choices": [choice], **usage, **ours})

    async def _data(self, said: ReplyPart) -> dict[str, Any] | None:
        """A piece as data, for those who know it; None for plain words."""
        match said:
            case Words():
                return None
            case Shown():
                self._usage += said.slate.trace.usage
                self._metrics.slate(said.slate.scene.name, said.slate.trace)
                shown = await self._service.shown(said.slate, self._lang)
                return {"shown": _plain(shown)}
            case Noted():
                return {"noted": _noted(said)}
            case Question():
                return {"question": said.text, "options": list(said.options)}

    def _tokens(self) -> Tokens:
        prompt, completion = self._usage.prompt, self._usage.completion
        return Tokens(
            prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
        )


_STREAM = "text/event-stream"
_CHUNK = {"object": "chat.completion.chunk"}


def _noted(said: Noted) -> dict[str, Any]:
    """What is in force, in words and as a request for a slate has it; what was not understood."""
    wanted = (*said.constraints, *said.preferences)
    in_force = [*(each.words or _told(each) for each in wanted), said.wish]
    return {
        "in_force": list(dict.fromkeys(filter(None, in_force))),
        "not_understood": list(said.not_understood),
        "constraints": [asdict(each) for each in said.constraints],
        "preferences": [asdict(each) for each in said.preferences],
        "wish": said.wish,
    }


def _told(constraint: Constraint) -> str:
    value = constraint.value
    named = ", ".join(value) if isinstance(value, tuple) else value
    return f"{constraint.attribute} {constraint.operator} {named}".strip()


def _plain(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


async def _chained(
    first: ReplyPart | None, rest: AsyncIterator[ReplyPart]
) -> AsyncIterator[ReplyPart]:
    if first is not None:
        yield first
    async for said in rest:
        yield said
