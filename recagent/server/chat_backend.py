"""The seam between the chat endpoint and what answers in it, and ``recagent.chat`` behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from recagent import chat
from recagent.chat import Agent, ReplyPart
from recagent.chat.conversation import ShownSlate
from recagent.domain import Language
from recagent.pipeline import Pipeline

Conversation = Any  # the backend has its own type

_LONGEST_TURN = 500  # characters of an earlier turn
_KEPT_TURNS = 2  # for a client that sends none


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

    def resume(
        self, conversation: Conversation, *, before: Sequence[tuple[str, str]]
    ) -> Conversation:
        """Returns a conversation with the earlier turns as its client tells them."""
        ...

    def with_list(
        self, conversation: Conversation, *, scene: str, ids: Sequence[str]
    ) -> Conversation:
        """Returns a conversation in which these items were listed last."""
        ...

    def dump(self, conversation: Conversation) -> str:
        """Returns the conversation as text, as short as it can be: a client carries it."""
        ...

    def load(self, text: str, *, user: str, scene: str | None) -> Conversation:
        """Returns the conversation that ``dump`` made text of, moved to ``scene`` if one is given.

        Raises:
            DataError: it is none.
        """
        ...


class RecagentChat:
    """The backend of ``recagent.chat``."""

    def agent(self, pipeline: Pipeline, lang: Language) -> ChatAgent:
        return Agent(pipeline, lang=lang)

    def begin(self, user: str, scene: str | None) -> Conversation:
        return chat.Conversation(user_id=user, scene=scene)

    def resume(
        self, conversation: Conversation, *, before: Sequence[tuple[str, str]]
    ) -> Conversation:
        told = [(role, text[:_LONGEST_TURN]) for role, text in before if role == "user" or text]
        conversation.turns = () if told else conversation.turns
        for role, text in told:
            conversation.remember_turn(role, text)
        return conversation

    def with_list(
        self, conversation: Conversation, *, scene: str, ids: Sequence[str]
    ) -> Conversation:
        # It has no impression: which list it was is not known, and its items may come again.
        conversation.remember_slate(ShownSlate(scene=scene, impression="", item_ids=tuple(ids)))
        conversation.scene = scene
        return conversation

    def dump(self, conversation: Conversation) -> str:
        turns = conversation.turns[-_KEPT_TURNS:]
        return replace(conversation, user_id="", turns=turns).to_json()

    def load(self, text: str, *, user: str, scene: str | None) -> Conversation:
        conversation = chat.Conversation.from_json(text)
        return replace(conversation, user_id=user, scene=scene or conversation.scene)
