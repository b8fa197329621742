"""The agent loop: hear, plan, carry out, within bounds; the conversation is its only memory."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Literal

import anyio

from recagent.chat.acts import Heard
from recagent.chat.conversation import Conversation
from recagent.chat.hearing import likely_act
from recagent.chat.planning import answered, asked_for, planned, steps_of, wished
from recagent.chat.said import Question, ReplyPart, Words
from recagent.chat.situation import Situation, Surroundings
from recagent.chat.steps import MOST_STEPS, Step
from recagent.chat.talk import TurnContext
from recagent.chat.tools import carry_out
from recagent.chat.wording import say
from recagent.chat.writing import written
from recagent.domain import Language
from recagent.domain.chinese_scripts import simplified
from recagent.errors import ModelError
from recagent.llm.retry import RetryBudget
from recagent.pipeline import Deadline, Pipeline
from recagent.ports import ChatModel

logger = logging.getLogger(__name__)

MOST_READ = 500  # characters of a turn
_ATTEMPTS = 2  # of the model, in a turn
_TO_HEAR = 0.5  # of the time that is left, at most; what is asked for has the rest

Reading = Literal["acts", "critiques"]


class Agent:
    """Talks about what a straight line recommends; one agent may hold many conversations."""

    def __init__(
        self,
        line: Pipeline,
        *,
        lang: Language = "en",
        k: int = 5,
        reading: Reading = "acts",
    ) -> None:
        """Speaks ``lang``, understands both languages.

        Args:
            line: recommends; its first model, if it has one, is asked where no rule tells.
            lang: of what is said.
            k: slate length.
            reading: what that model does: ``acts``: choose which act a turn is, which a small one
                can; ``critiques``: write constraints under a schema, which takes a large one.
        """
        self._line = line
        self._lang: Language = lang
        self._k = k
        self._reading: Reading = reading
        self._surroundings = Surroundings(line)

    async def begin(self, conversation: Conversation) -> None:
        """See that there is a place to talk in, before anything is said.

        Raises:
            DataError: an unknown scene, nothing indexed, or a store that fails.
            RetrievalError: the index cannot be read.
        """
        await self._surroundings.of(conversation)

    async def say(self, conversation: Conversation, text: str) -> AsyncIterator[ReplyPart]:
        """What the agent answers to a turn, piece by piece; the conversation moves on with it.

        A turn is one request: the line's deadline is over all that it takes.

        Raises:
            DataError: an unknown scene, nothing indexed, or a store that fails.
            RetrievalError: the index cannot be read.
        """
        conversation.remember_turn("user", text[:MOST_READ])
        async for said in self._answer(conversation, text):
            if isinstance(said, Words | Question):
                conversation.remember_turn("assistant", said.text)
            yield said

    async def _answer(self, conversation: Conversation, text: str) -> AsyncIterator[ReplyPart]:
        if not text.strip():
            yield Words(text=say("empty", self._lang))
            return
        if len(text) > MOST_READ:
            yield Words(text=say("too long", self._lang, n=str(MOST_READ)))
        text = simplified(text[:MOST_READ])  # as rules, words and titles are compared
        deadline = self._line.deadline()
        line = self._line.within(deadline)
        situation = await self._surroundings.of(conversation, line=line)
        conversation.scene = situation.scene.name
        steps = _told(conversation, text, situation)
        if steps is None:
            steps, failed = await self._heard(conversation, text, situation, deadline)
            if failed:
                yield Words(text=say("model", self._lang, why=failed))
        talk = TurnContext(
            line=line,
            surroundings=self._surroundings,
            conversation=conversation,
            lang=self._lang,
            k=self._k,
        )
        for step in steps[:MOST_STEPS]:
            async for said in carry_out(step, talk):
                yield said

    async def _heard(
        self, conversation: Conversation, text: str, situation: Situation, deadline: Deadline
    ) -> tuple[tuple[Step, ...], str]:
        """The steps of a turn that no rule tells, and why the model was no help; "" if it was."""
        plain = wished(text, situation=situation, wants=conversation.wants)
        model = next(iter(self._line.parts.models), None)
        if model is None:
            return plain, ""
        try:
            began = anyio.current_time()
            await model.start()
            deadline.extend(anyio.current_time() - began)
            with anyio.fail_after(_TO_HEAR * deadline.left()):
                if self._reading == "critiques":
                    return await self._written(model, conversation, text, situation), ""
                return await self._chosen(model, conversation, text, situation), ""
        except (ModelError, TimeoutError) as error:
            is_late = isinstance(error, TimeoutError)
            why = say("slow", self._lang) if is_late else error.in_language(self._lang)
            logger.info("turn not heard by the model: %s", why)
            return plain, why

    async def _chosen(
        self, model: ChatModel, conversation: Conversation, text: str, situation: Situation
    ) -> tuple[Step, ...]:
        likely = await likely_act(text, model=model, lang=self._lang, budget=self._budget())
        logger.info("turn heard as %s: %s", likely.act, likely.scores)
        is_wish = likely.act in ("chat", "help") and situation.names_values(text)
        if likely.act == "critique" or is_wish:  # who names what is here wants it
            return wished(text, situation=situation, wants=conversation.wants)
        rest = text if situation.reference.meant(text) else ""
        heard = Heard(act=likely.act, rest=rest, by="model")
        return steps_of(heard, situation=situation, wants=conversation.wants)

    async def _written(
        self, model: ChatModel, conversation: Conversation, text: str, situation: Situation
    ) -> tuple[Step, ...]:
        act, critique = await written(
            text, situation=situation, model=model, lang=self._lang, budget=self._budget()
        )
        if act == "critique":
            return asked_for(critique, conversation.wants)
        heard = Heard(act=act, rest=text, by="model")
        return steps_of(heard, situation=situation, wants=conversation.wants)

    def _budget(self) -> RetryBudget:
        return RetryBudget(_ATTEMPTS, window=self._line.parts.window)


def _told(conversation: Conversation, text: str, situation: Situation) -> tuple[Step, ...] | None:
    """The steps that rules tell, of an answer to the last question or of the words themselves."""
    asked, conversation.waiting = conversation.waiting, None
    if asked is not None:
        steps = answered(text, asked=asked, wants=conversation.wants)
        if steps is not None:
            return steps
    return planned(text, situation=situation, wants=conversation.wants)
