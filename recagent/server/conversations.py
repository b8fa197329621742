"""The conversations of the chat endpoint: each goes on from the state that its client carries.

The server keeps none. A state comes with every answer, and back with the next message: beside the
messages, or in the text of the last answer. So a conversation goes on after a restart, and one that
was forked or answered anew goes on from the list that was seen there.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from recagent.chat import Noted, Question, ReplyPart, Shown, Words
from recagent.domain import Edits, Event, Language
from recagent.errors import DataError, StoreError
from recagent.locale import Phrases
from recagent.pipeline import Pipeline
from recagent.pipeline.visitors import Visitor, VisitorStore
from recagent.server.chat_backend import ChatAgent, ChatBackend, Conversation
from recagent.server.resent import SharedAnswers
from recagent.server.service import Service
from recagent.server.signed_state import StateSigner

WORDS = Phrases[str]("server", "conversation")

_ENTRY_BYTES = 4_000  # of an entry of a list, with its reasons
_VISITOR = TypeAdapter(Visitor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn to answer, and what its client says of those before.

    Attributes:
        user: the person's id; "" for somebody without one.
        scene: that the client chose; None to let the conversation choose.
        text: the person's words.
        before: role and text of the earlier turns, ``user`` or ``assistant``, oldest first.
        listed: titles of the last list that the client shows.
        state: as it came with an answer; "" without one.
        since: titles of the last list that was shown after that answer.
        is_behind: whether a turn came after that answer, which was not answered to its end.
    """

    user: str
    scene: str | None
    text: str
    before: tuple[tuple[str, str], ...] = ()
    listed: tuple[str, ...] = ()
    state: str = ""
    since: tuple[str, ...] = ()
    is_behind: bool = False

    @property
    def key(self) -> bytes:
        """What an equal turn has too."""
        return hashlib.sha256(repr(self).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A turn is being read: what was wrong with the request has been told, the answer may last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a conversation stands after a turn, signed."""

    sealed: str


ChatPart = ReplyPart | Begun | State


class Conversations:
    """Answers turns, each from its own state. Turns may be answered concurrently."""

    def __init__(self, service: Service, backend: ChatBackend, signer: StateSigner) -> None:
        self._service = service
        self._backend = backend
        self._signer = signer
        # Each reads the catalogue's words once.
        self._agents: dict[tuple[Language, bool], tuple[ChatAgent, Pipeline]] = {}
        self._shared: SharedAnswers[ChatPart] = SharedAnswers(_bytes_of)
        service.on_forgotten(self._shared.clear)  # which ids are one person is not known here
        service.on_recorded(self._shared.drop)

    async def answer(self, said: Said, *, lang: Language) -> AsyncIterator[ChatPart]:
        """Yields a sign that it began, the reply, then the state after it.

        What is sent again is answered once.

        Raises:
            RecagentError: as the methods of the pipeline.
        """
        answering = self._answer_visitor if not said.user else self._answer_person
        parts = answering(said, lang)
        if said.user:
            parts = self._shared.follow((said.key, lang), parts, person=said.user)
        async for part in parts:
            yield part

    async def _answer_person(self, said: Said, lang: Language) -> AsyncIterator[ChatPart]:
        await self._service.check_forgotten()
        agent, _ = self._agent(lang, is_visitor=False)
        kept = self._opened(said)
        conversation, missing = await self._conversation(said, said.user, kept)
        yield Begun()
        if missing:
            yield Words(text=WORDS[lang][missing])
        async for part in agent.say(conversation, said.text):
            yield part
        with suppress(StoreError):  # an answer to somebody who is forgotten by now is not shared
            await self._service.check_forgotten()
        yield self._state(said, conversation)

    async def _answer_visitor(self, said: Said, lang: Language) -> AsyncIterator[ChatPart]:
        """Answers somebody without an id; what they did is in the state alone."""
        agent, pipeline = self._agent(lang, is_visitor=True)
        visitors = cast("VisitorStore", pipeline.parts.store).visitors
        kept, user = self._opened(said), uuid.uuid4().hex
        visitors[user] = _visitor(kept, user)
        try:
            conversation, missing = await self._conversation(said, user, kept)
            yield Begun()
            if missing:
                yield Words(text=WORDS[lang][missing])
            async for part in agent.say(conversation, said.text):
                yield _nobodys(part)
        finally:
            visitor = visitors.pop(user, Visitor())
        yield self._state(said, conversation, visitor=visitor)

    def _agent(self, lang: Language, *, is_visitor: bool) -> tuple[ChatAgent, Pipeline]:
        if (lang, is_visitor) not in self._agents:
            pipeline = self._service.pipeline(lang)
            pipeline = pipeline.visiting() if is_visitor else pipeline
            self._agents[lang, is_visitor] = self._backend.agent(pipeline, lang), pipeline
        return self._agents[lang, is_visitor]

    def _opened(self, said: Said) -> dict[str, Any] | None:
        return self._signer.opened(said.state, person=said.user) if said.state else None

    async def _conversation(
        self, said: Said, user: str, kept: dict[str, Any] | None
    ) -> tuple[Conversation, str]:
        """Returns where the conversation stands, and in a word what of it is missing."""
        loaded = self._loaded(said, user, kept)
        if loaded is not None:
            conversation = self._backend.resume(loaded, before=said.before)
            missing = "behind" if said.is_behind else ""
        else:  # a talk that begins, or goes on from what the client shows
            conversation = self._backend.begin(user, said.scene)
            missing = "lost" if any(role == "user" for role, _ in said.before) else ""
        listed = said.listed if loaded is None else said.since
        scene, ids = await self._service.titled(listed, scene=said.scene)
        if ids:
            conversation = self._backend.with_list(conversation, scene=scene, ids=ids)
        return conversation, missing

    def _loaded(self, said: Said, user: str, kept: dict[str, Any] | None) -> Conversation | None:
        """Returns the conversation of a state, in the scene that the client has chosen since."""
        if kept is None:
            return None
        scene = said.scene if said.scene != kept.get("chosen") else None
        with suppress(DataError):  # it is of another version of the library
            return self._backend.load(str(kept.get("talk")), user=user, scene=scene)
        return None

    def _state(
        self, said: Said, conversation: Conversation, *, visitor: Visitor | None = None
    ) -> State:
        state: dict[str, object] = {
            "talk": self._backend.dump(conversation), "chosen": said.scene,
        }  # fmt: skip
        if visitor is not None and (visitor.events or visitor.edits != Edits()):
            state["visitor"] = _VISITOR.dump_python(visitor, mode="json", exclude_defaults=True)
        return State(sealed=self._signer.sealed(state, person=said.user))


def _bytes_of(part: ChatPart) -> int:
    """Returns about how much memory a part takes beside the catalogue's items."""
    match part:
        case State():
            return len(part.sealed)
        case Shown():
            return _ENTRY_BYTES * len(part.slate.entries)
        case Words() | Question():
            return len(part.text)
        case Noted():
            return len(repr(part))
        case Begun():
            return 0


def _nobodys(part: ReplyPart) -> ReplyPart:
    """Returns a part of a reply without the id that a visitor has for the turn."""
    return replace(part, slate=replace(part.slate, user_id="")) if isinstance(part, Shown) else part


def _visitor(kept: dict[str, Any] | None, user: str) -> Visitor:
    """Returns what a visitor did so far, under the id of this turn."""
    try:
        visitor = _VISITOR.validate_python((kept or {}).get("visitor") or {})
    except ValidationError:  # of another version of the library
        return Visitor()
    events: list[Event] = [replace(event, user_id=user) for event in visitor.events]
    return Visitor(events=events, edits=visitor.edits)
