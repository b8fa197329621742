"""The agent loop: hear, plan, carry out, within bounds; the conversation is its only memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recagent.chat.conversation import Conversation
from recagent.chat.planning import answered, planned, wished
from recagent.chat.said import Question, Said, Words
from recagent.chat.situation import Situation, Surroundings
from recagent.chat.steps import MOST_STEPS, Step
from recagent.chat.tools import Tools
from recagent.chat.wording import say
from recagent.recommender import StraightLine
from recagent.types import Language

MOST_READ = 500  # characters of a turn


class Agent:
    """Talks about what a straight line recommends; one agent may hold many conversations."""

    def __init__(self, line: StraightLine, *, lang: Language = "en", k: int = 5) -> None:
        """Speaks ``lang`` and understands both languages; slates have ``k`` items."""
        self._line = line
        self._lang: Language = lang
        self._k = k
        self._surroundings = Surroundings(line)

    async def say(self, conversation: Conversation, text: str) -> AsyncIterator[Said]:
        """What the agent answers to a turn, piece by piece; the conversation moves on with it.

        Raises:
            DataError: an unknown scene, nothing indexed, or a store that fails.
            RetrievalError: the index cannot be read.
        """
        conversation.remember_turn("user", text[:MOST_READ])
        async for said in self._answer(conversation, text):
            if isinstance(said, Words | Question):
                conversation.remember_turn("assistant", said.text)
            yield said

    async def _answer(self, conversation: Conversation, text: str) -> AsyncIterator[Said]:
        if not text.strip():
            yield Words(text=say("empty", self._lang))
            return
        if len(text) > MOST_READ:
            yield Words(text=say("too long", self._lang, n=str(MOST_READ)))
        situation = await self._surroundings.of(conversation)
        conversation.scene = situation.scene.name
        tools = Tools(self._line, self._surroundings, conversation, lang=self._lang, k=self._k)
        steps = await self._steps(conversation, text[:MOST_READ], situation)
        for step in steps[:MOST_STEPS]:
            async for said in tools.carry_out(step):
                yield said

    async def _steps(
        self, conversation: Conversation, text: str, situation: Situation
    ) -> tuple[Step, ...]:
        asked, conversation.waiting = conversation.waiting, None
        wants = conversation.wants
        if asked is not None:
            steps = answered(text, asked=asked, wants=wants)
            if steps is not None:
                return steps
        steps = planned(text, situation=situation, wants=wants)
        if steps is not None:
            return steps
        return wished(text, situation=situation, wants=wants)
