"""The conversations of the chat endpoint: rebuilt from the messages, or taken from memory.

Nothing of a conversation is stored: its texts are answered again, unless its newest state is still
in memory. Memory is cleared when a person is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from recagent import chat
from recagent.chat import Agent, Noted, Question, ReplyPart, Shown, Words
from recagent.domain import Language
from recagent.errors import StoreError
from recagent.pipeline import Pipeline
from recagent.server.service import Service

_MAX_CACHED = 1000  # conversations

Conversation = Any  # the backend has its own type


class ChatAgent(Protocol):
    """The seam to an agent: it answers a text within a conversation, and changes that."""

    def say(self, conversation: Conversation, text: str) -> AsyncIterator[ReplyPart]:
        """Yields the parts of the reply as they come."""
        ...


class ChatBackend(Protocol):
    """The seam to what makes agents and conversations."""

    def agent(self, pipeline: Pipeline, lang: Language) -> ChatAgent:
        """Returns an agent that speaks ``lang``."""
        ...

    def begin(self, user: str, scene: str | None) -> Conversation:
        """Returns an empty conversation."""
        ...

    def dump(self, conversation: Conversation) -> str:
        """Returns the conversation as text."""
        ...

    def load(self, text: str) -> Conversation:
        """Returns the conversation that ``dump`` made text of."""
        ...


class RecagentChat:
    """The backend of ``recagent.chat``."""

    def agent(self, pipeline: Pipeline, lang: Language) -> ChatAgent:
        return Agent(pipeline, lang=lang)

    def begin(self, user: str, scene: str | None) -> Conversation:
        return chat.Conversation(user_id=user, scene=scene)

    def dump(self, conversation: Conversation) -> str:
        return conversation.to_json()

    def load(self, text: str) -> Conversation:
        return chat.Conversation.from_json(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The user id, the scene, and the user's messages, the newest last."""

    user: str
    scene: str | None
    texts: tuple[str, ...]


class ConversationCache:
    """Answers transcripts; earlier messages that are not in memory are replayed."""

    def __init__(self, service: Service, backend: ChatBackend) -> None:
        self._service = service
        self._backend = backend
        self._agents: dict[Language, ChatAgent] = {}  # each reads the catalogue's words once
        self._dumps: OrderedDict[Transcript, str] = OrderedDict()
        service.on_forgotten(self._dumps.clear)  # which ids are one person is not known here

    async def answer(self, transcript: Transcript, *, lang: Language) -> AsyncIterator[ReplyPart]:
        """Yields the reply to the last message.

        Raises:
            RecagentError: as the methods of the pipeline.
        """
        forgettings = await self._service.check_forgotten()
        conversation = await self._before(replace(transcript, texts=transcript.texts[:-1]), lang)
        if lang not in self._agents:
            self._agents[lang] = self._backend.agent(self._service.pipeline(lang), lang)
        async for part in self._agents[lang].say(conversation, transcript.texts[-1]):
            yield part
        with suppress(StoreError):  # without the store nobody knows who was forgotten meanwhile
            if await self._service.check_forgotten() == forgettings:
                self._dumps[transcript] = self._backend.dump(conversation)
                self._dumps.move_to_end(transcript)
                while len(self._dumps) > _MAX_CACHED:
                    self._dumps.popitem(last=False)

    async def _before(self, transcript: Transcript, lang: Language) -> Conversation:
        """Returns the conversation in which these messages have been answered."""
        if transcript in self._dumps:
            return self._backend.load(self._dumps[transcript])
        conversation = self._backend.begin(transcript.user, transcript.scene)
        if transcript.texts:
            # What was stored when a message first came must not be stored again.
            agent = self._backend.agent(self._service.read_only_pipeline(lang), lang)
            for text in transcript.texts:
                async for _ in agent.say(conversation, text):
                    pass
        return conversation


def markdown(part: ReplyPart) -> str:
    """Returns a part of a reply as Markdown, for clients that show text alone."""
    match part:
        case Words():
            return part.text
        case Shown():
            return _numbered_list(part)
        case Noted():
            return ""  # the words say it too
        case Question():
            options = "".join(f"\n- {option}" for option in part.options)
            return f"\n{part.text}{options}\n"


def _numbered_list(shown: Shown) -> str:
    lines = ["\n"]
    for entry, explanation in zip(shown.slate.entries, shown.explanations, strict=True):
        reasons = " ".join(claim.text for claim in explanation.claims)
        lines.append(f"{entry.rank}. **{entry.item.title}** {reasons}".rstrip() + "\n")
    return "".join(lines)
