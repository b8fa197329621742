"""What the chat endpoint asks of an agent that talks, and the talk that messages rebuild.

Nothing of a talk is stored: it is gone through again from the messages, unless its newest state is
still in memory. Memory is emptied when a person is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from recagent import chat
from recagent.chat import Agent, Noted, Question, ReplyPart, Shown, Words
from recagent.domain import Language
from recagent.errors import StoreError
from recagent.pipeline import Pipeline
from recagent.server.service import Service

_REMEMBERED = 1000  # talks

__all__ = [
    "ConversationCache",
    "Noted",
    "Question",
    "RecagentChat",
    "ReplyPart",
    "Shown",
    "Transcript",
    "Words",
    "sentences",
]

Conversation = Any  # the agent's own


class ChatAgent(Protocol):
    """Answers a text within a conversation, which it changes."""

    def say(self, conversation: Conversation, text: str) -> AsyncIterator[ReplyPart]:
        """What is answered, as it comes."""
        ...


class ChatBackend(Protocol):
    """How agents and conversations are made."""

    def agent(self, line: Pipeline, lang: Language) -> ChatAgent:
        """An agent that speaks ``lang``."""
        ...

    def begin(self, user: str, scene: str | None) -> Conversation:
        """A conversation in which nothing has been said."""
        ...

    def keep(self, conversation: Conversation) -> str:
        """The conversation as text."""
        ...

    def restore(self, kept: str) -> Conversation:
        """The conversation that was kept."""
        ...


class RecagentChat:
    """``recagent.chat``'s."""

    def agent(self, line: Pipeline, lang: Language) -> ChatAgent:
        return Agent(line, lang=lang)

    def begin(self, user: str, scene: str | None) -> Conversation:
        return chat.Conversation(user_id=user, scene=scene)

    def keep(self, conversation: Conversation) -> str:
        return conversation.to_json()

    def restore(self, kept: str) -> Conversation:
        return chat.Conversation.from_json(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Who talks, in which scene, and all that they have said, the newest last."""

    user: str
    scene: str | None
    said: tuple[str, ...]


class ConversationCache:
    """Answers talks, going through what was said before where it is not in memory."""

    def __init__(self, service: Service, talking: ChatBackend) -> None:
        self._service = service
        self._talking = talking
        self._agents: dict[Language, ChatAgent] = {}  # each reads the catalogue's words once
        self._kept: OrderedDict[Transcript, str] = OrderedDict()
        service.on_forgetting(self._kept.clear)  # whose ids were one person's is not known here

    async def answer(self, talk: Transcript, *, lang: Language) -> AsyncIterator[ReplyPart]:
        """What is answered to the last thing that was said.

        Raises:
            RecagentError: as the line's methods.
        """
        forgettings = await self._service.look()
        before = Transcript(user=talk.user, scene=talk.scene, said=talk.said[:-1])
        conversation = await self._restored(before, lang)
        if lang not in self._agents:
            self._agents[lang] = self._talking.agent(self._service.line(lang), lang)
        async for piece in self._agents[lang].say(conversation, talk.said[-1]):
            yield piece
        with suppress(StoreError):  # what cannot be looked up is not kept
            if await self._service.look() == forgettings:
                self._keep(talk, conversation)

    async def _restored(self, talk: Transcript, lang: Language) -> Conversation:
        if talk in self._kept:
            return self._talking.restore(self._kept[talk])
        conversation = self._talking.begin(talk.user, talk.scene)
        if talk.said:
            # What was stored when it was first said must not be stored again.
            agent = self._talking.agent(self._service.rehearsal(lang), lang)
            for text in talk.said:
                async for _ in agent.say(conversation, text):
                    pass
        return conversation

    def _keep(self, talk: Transcript, conversation: Conversation) -> None:
        self._kept[talk] = self._talking.keep(conversation)
        self._kept.move_to_end(talk)
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)


def sentences(said: ReplyPart) -> str:
    """A piece of an answer as Markdown, for clients that show text alone."""
    match said:
        case Words():
            return said.text
        case Shown():
            return _listed(said)
        case Noted():
            return ""  # it is said in words too
        case Question():
            options = "".join(f"\n- {option}" for option in said.options)
            return f"\n{said.text}{options}\n"


def _listed(shown: Shown) -> str:
    lines = ["\n"]
    for entry, why in zip(shown.slate.entries, shown.explanations, strict=True):
        reasons = " ".join(claim.text for claim in why.claims)
        lines.append(f"{entry.rank}. **{entry.item.title}** {reasons}".rstrip() + "\n")
    return "".join(lines)
