"""``/v1/models`` and ``/v1/chat/completions``: conversations for every OpenAI client.

The agent decides what to answer; this module puts it into OpenAI's schemas. What a chat program
asks for itself never reaches an agent.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from recagent.chat import Noted, Question, ReplyPart, Shown, Words
from recagent.domain import Constraint, Language, person_id
from recagent.errors import DataError, NotFoundError
from recagent.llm import token_count
from recagent.locale import LocalizedText
from recagent.server.access import CALLER
from recagent.server.client_tasks import Task, client_task, task_answer
from recagent.server.conversations import WORDS, Begun, ChatPart, Conversations, State
from recagent.server.errors import ErrorResponse, error_detail
from recagent.server.leaving import while_there
from recagent.server.markdown import markdown
from recagent.server.metrics import Metrics
from recagent.server.openai_messages import last_message, read_turn
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
from recagent.server.signed_state import in_text

_PERSON_HEADER = "X-OpenWebUI-User-Id"  # with ENABLE_FORWARD_USER_INFO_HEADERS
_STREAM = "text/event-stream"
_CHUNK = {"object": "chat.completion.chunk"}

logger = logging.getLogger(__name__)


def chat_routes(service: Service, conversations: Conversations, metrics: Metrics) -> APIRouter:
    """Returns the routes over one service."""
    router = APIRouter(prefix="/v1", tags=["openai"])

    @router.get("/models")
    async def models() -> Models:
        """Lists the names that a chat may ask for."""
        names = [NAME, *(f"{NAME}/{scene}" for scene in await _scene_names(service))]
        return Models(data=tuple(Model(id=name) for name in names))

    streamed: dict[str, Any] = {"description": "With stream: chunks.", "content": {_STREAM: {}}}

    @router.get("/models/{name:path}")
    async def model(name: str) -> Model:
        """Returns one of the names that a chat may ask for."""
        await _scene(name, service)
        return Model(id=name)

    @router.post("/chat/completions", response_model=Completion, responses={200: streamed})
    async def completions(
        request: ChatRequest,
        http: Request,
        person: Annotated[str, Header(alias=_PERSON_HEADER, max_length=256)] = "",
    ) -> Completion | StreamingResponse:
        """Answers the last message of a conversation; ``user`` is the person.

        The conversation goes on from the state in ``recagent``, or in the text of the last answer;
        earlier messages are not answered again. System messages change nothing.
        """
        lang = request.lang or service.lang
        scene = await _scene(request.model, service)
        said = [(each.role, each.text()) for each in request.messages]
        task = await to_thread.run_sync(client_task, said)
        if task is not None:
            parts = _program_answer(task, said, await _tags(scene, service, lang), request)
        else:
            parts = _conversation_answer(request, person, scene, service, conversations, lang)
        written = markdown if task is None else _as_it_is
        writer = _CompletionWriter(request, service, metrics, lang=lang, written=written)
        first = await anext(parts, None)  # an error so far is answered with its status
        parts = _chained(first, parts)
        if request.stream:
            return StreamingResponse(
                writer.streamed(parts),
                media_type=_STREAM,
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
        return await while_there(http, writer.completion(parts))

    return router


async def _program_answer(
    task: Task, said: Sequence[tuple[str, str]], tags: Sequence[str], request: ChatRequest
) -> AsyncIterator[ReplyPart]:
    """Yields the answer to what a chat program asks for itself."""
    wanted = request.response_format
    as_json = wanted is not None and wanted.type != "text"
    yield Words(text=task_answer(task, said, tags=tags, as_json=as_json))


def _as_it_is(part: ReplyPart) -> str:
    """Returns the text of an answer for a program, which may be JSON."""
    return part.text if isinstance(part, Words) else ""


async def _conversation_answer(
    request: ChatRequest,
    person: str,
    scene: str | None,
    service: Service,
    conversations: Conversations,
    lang: Language,
) -> AsyncIterator[ChatPart]:
    """Yields the answer to what a person says, then the state of the conversation."""
    if request.response_format is not None and request.response_format.type != "text":
        raise DataError("response_format: an answer is text; leave it out, and read 'recagent'")
    last = last_message(request)
    user = person_id(request.user or person)
    for scope in ("recommend", "feedback"):  # what is said in a talk may be recorded
        CALLER.get().check(scope, user)
    said = await to_thread.run_sync(partial(read_turn, request, user=user, scene=scene))
    service.check_length(LocalizedText("a message"), said.text)
    if not last.is_text_alone:
        yield Words(text=WORDS[lang]["text alone"] + "\n\n")
    async for part in conversations.answer(said, lang=lang):
        yield part


async def _tags(scene: str | None, service: Service, lang: Language) -> list[str]:
    """Returns what a conversation in a scene is about."""
    return [each.label for each in (await service.scenes(lang)).scenes if each.name == scene]


async def _scene_names(service: Service) -> list[str]:
    return [scene.name for scene in (await service.scenes()).scenes]


async def _scene(model: str, service: Service) -> str | None:
    """Returns the scene in a model's name; None for the name without one.

    Raises:
        NotFoundError: an unknown model, and so an unknown scene.
    """
    name, slash, scene = model.partition("/")
    names = await _scene_names(service)
    if name != NAME or (slash and scene not in names):
        raise NotFoundError(
            "unknown model {model!r}; use {name!r}, or {example!r} with SCENE as one of {scenes}",
            model=model,
            name=NAME,
            example=NAME + "/SCENE",
            scenes=", ".join(names),
        )
    return scene or None


class _CompletionWriter:
    """Writes one reply as a completion, and counts its tokens."""

    def __init__(
        self,
        request: ChatRequest,
        service: Service,
        metrics: Metrics,
        *,
        lang: Language,
        written: Callable[[ReplyPart], str],
    ) -> None:
        self._request = request
        self._service = service
        self._metrics = metrics
        self._lang: Language = lang
        self._written = written
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": request.model,
        }
        options = request.stream_options
        self._with_usage = options is not None and options.include_usage
        self._last = ""  # what was written last; two sentences need something between them

    async def completion(self, parts: AsyncIterator[ChatPart]) -> Completion:
        """Returns all parts at once."""
        texts: list[str] = []
        data: list[dict[str, Any]] = []
        async for part in parts:
            if isinstance(part, Begun):
                continue
            texts.append(self._text(part))
            data += [value] if (value := await self._data(part)) else []
        return Completion(
            id=str(self._head["id"]),
            created=int(self._head["created"]),
            model=self._request.model,
            choices=(CompletionChoice(message=AssistantMessage(content="".join(texts).strip())),),
            usage=self._tokens(),
            recagent=tuple(data),
        )

    async def streamed(self, parts: AsyncIterator[ChatPart]) -> AsyncIterator[bytes]:
        """Yields server-sent events: a chunk for each part, then ``[DONE]``; an error ends it.

        The first says whose words come, the second that the turn is being read: both are there
        before a model has answered.
        """
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async for part in parts:
                data = await self._data(part)
                delta = {} if isinstance(part, Begun) else {"content": self._text(part)}
                yield self._chunk(delta, data=data)
        except Exception as error:  # noqa: BLE001 - the status has been sent: it goes into the stream
            _, detail = error_detail(error, lang=self._lang)
            yield _event(ErrorResponse(error=detail).model_dump())
            return
        yield self._chunk({}, finish="stop")
        if self._with_usage:
            tokens = self._tokens().model_dump()
            yield _event({**self._head, **_CHUNK, "choices": [], "usage": tokens})
        yield b"data: [DONE]\n\n"

    def _chunk(
        self, delta: dict[str, str], *, finish: str | None = None, data: Any = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        extension = {"recagent": data} if data else {}
        # Where usage is wanted OpenAI's other chunks have it as null.
        usage = {"usage": None} if self._with_usage else {}
        return _event({**self._head, **_CHUNK, "choices": [choice], **usage, **extension})

    def _text(self, part: ChatPart) -> str:
        """Returns a part as text; the state too, for a client that brings back nothing else."""
        if isinstance(part, Begun):
            return ""
        if isinstance(part, State):
            return in_text(part.sealed) if self._request.recagent is None else ""
        text = self._written(part)
        is_joined = isinstance(part, Words) and self._last and not self._last[-1:].isspace()
        space = " " if is_joined and self._lang == "en" else ""
        self._last = text or self._last
        return space + text

    async def _data(self, part: ChatPart) -> dict[str, Any] | None:
        """Returns a part as data, for clients that know it; None for plain words."""
        match part:
            case Words():
                return None
            case Begun():
                return {"status": "reading"}
            case Shown():
                self._metrics.slate(part.slate.scene.name, part.slate.trace)
                response = await self._service.slate_response(part.slate, self._lang)
                return {"shown": response.model_dump(mode="json")}
            case Noted():
                return {"noted": _noted_data(part)}
            case Question():
                return {"question": part.text, "options": list(part.options)}
            case State():
                return {"state": part.sealed}

    def _tokens(self) -> Tokens:
        """Returns what the request took so far: reading what was said, ranking and phrasing."""
        usage = token_count.current()
        prompt, completion = usage.prompt, usage.completion
        return Tokens(
            prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
        )


def _noted_data(part: Noted) -> dict[str, Any]:
    """Returns the conditions in words and as a slate's request has them, and what was not read."""
    wanted = (*part.constraints, *part.preferences)
    in_force = [*(each.words or _constraint_text(each) for each in wanted), part.wish]
    return {
        "in_force": list(dict.fromkeys(filter(None, in_force))),
        "not_understood": list(part.not_understood),
        "constraints": [asdict(each) for each in part.constraints],
        "preferences": [asdict(each) for each in part.preferences],
        "wish": part.wish,
    }


def _constraint_text(constraint: Constraint) -> str:
    value = constraint.value
    text = ", ".join(value) if isinstance(value, tuple) else value
    return f"{constraint.attribute} {constraint.operator} {text}".strip()


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


async def _chained(
    first: ChatPart | None, rest: AsyncIterator[ChatPart]
) -> AsyncIterator[ChatPart]:
    if first is not None:
        yield first
    async for part in rest:
        yield part
