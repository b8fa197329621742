"""The agent loop: read a turn, carry out its steps; the conversation is its only memory."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

import anyio

from recagent.chat.conversation import Conversation
from recagent.chat.model_reading import read_turn
from recagent.chat.planning import answered, concerns, planned
from recagent.chat.said import Noted, Question, ReplyPart, Words
from recagent.chat.situation import Situation, Surroundings
from recagent.chat.steps import MOST_STEPS, Recommend, Step, Tell
from recagent.chat.talk import TurnContext
from recagent.chat.tools import carry_out
from recagent.chat.wording import say, sentences
from recagent.domain import Language
from recagent.domain.chinese_scripts import simplified
from recagent.errors import ModelError
from recagent.llm.retry import RetryBudget
from recagent.pipeline import Deadline, Pipeline

logger = logging.getLogger(__name__)

MOST_READ = 500  # characters of a turn
_ATTEMPTS = 2  # of the model, in a turn
_TO_READ = 0.5  # of the time that is left, at most; what is asked for has the rest


class Agent:
    """Talks about what a pipeline recommends; one agent may hold many conversations.

    A turn is read by the pipeline's ``reader``, a language model, or by rules where there is none
    or it does not answer. Code checks and carries out what was read.
    """

    def __init__(self, line: Pipeline, *, lang: Language = "en", k: int = 5) -> None:
        """Speaks ``lang``, understands both languages.

        Args:
            line: recommends.
            lang: of what is said.
            k: slate length.
        """
        self._line = line
        self._lang: Language = lang
        self._k = k
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

        Words come first, then what is in force if that changed, then a slate, then a question.
        A turn is one request: the pipeline's deadline is over all that it takes.

        Raises:
            DataError: an unknown scene, nothing indexed, or a store that fails.
            RetrievalError: the index cannot be read.
        """
        if not conversation.turns:
            conversation.named_scene = conversation.scene
        conversation.remember_turn("user", text[:MOST_READ])
        async for said in _ordered(self._answer(conversation, text), lang=self._lang):
            if isinstance(said, Words | Question):
                conversation.remember_turn("assistant", said.text)
            yield said

    async def _answer(self, conversation: Conversation, text: str) -> AsyncIterator[ReplyPart]:
        if not text.strip():
            yield Words(text=say("empty", self._lang))
            return
        if len(text) > MOST_READ:
            yield Words(text=say("too long", self._lang, n=str(MOST_READ)))
        text = text[:MOST_READ]
        deadline = self._line.deadline()
        line = self._line.within(deadline).ranking_at_most(1)  # with the reading, two calls
        situation = await self._surroundings.of(conversation, line=line)
        conversation.scene = situation.scene.name
        steps, why_rules = await self._steps(conversation, text, situation, line, deadline)
        if why_rules:
            yield Words(text=say("model", self._lang, why=why_rules))
        talk = TurnContext(
            line=line,
            surroundings=self._surroundings,
            conversation=conversation,
            lang=self._lang,
            k=self._k,
            has_list=any(isinstance(step, Recommend) for step in steps),
        )
        if conversation.has_cared and all(isinstance(step, Tell) for step in steps):
            steps = (Tell(key="after a crisis"),)
        conversation.has_cared = conversation.has_cared and isinstance(steps[0], Tell)
        async for said in carry_out(steps[:MOST_STEPS], talk):
            yield said

    async def _steps(
        self,
        conversation: Conversation,
        text: str,
        situation: Situation,
        line: Pipeline,
        deadline: Deadline,
    ) -> tuple[Sequence[Step], str]:
        """The steps of a turn, and why the model did not read it where it should have."""
        plain = simplified(text)  # as rules, words and titles are compared
        asked, conversation.waiting = conversation.waiting, None
        steps = concerns(plain) or (answered(plain, asked=asked) if asked else None)
        if steps is not None:
            return steps, ""
        failure = ""
        reader = self._line.parts.reader
        if reader is not None:
            try:
                began = anyio.current_time()
                await reader.start()
                deadline.extend(anyio.current_time() - began)
                with anyio.fail_after(_TO_READ * deadline.left()):
                    steps = await read_turn(
                        text,
                        conversation=conversation,
                        situation=situation,
                        profile=await line.profile(conversation.user_id),
                        model=reader,
                        knowledge=self._line.parts.knowledge,
                        lang=self._lang,
                        budget=RetryBudget(_ATTEMPTS, window=self._line.parts.window),
                    )
            except (ModelError, TimeoutError) as error:
                is_late = isinstance(error, TimeoutError)
                failure = say("slow", self._lang) if is_late else error.in_language(self._lang)
                logger.info("turn not read by the model: %s", failure)
        if steps is None:
            steps = planned(plain, situation=situation, conversation=conversation)
        return steps, failure


async def _ordered(parts: AsyncIterator[ReplyPart], *, lang: Language) -> AsyncIterator[ReplyPart]:
    """The parts of a reply with all words before a slate as one, and what is in force once."""
    words: list[Words] = []
    noted: Noted | None = None
    async for part in parts:
        match part:
            case Words():
                words.append(part)
            case Noted():
                noted = part if noted is None else _with_unclear(part, noted)
            case _:
                for each in _flushed(words, noted, lang):
                    yield each
                words, noted = [], None
                yield part
    for each in _flushed(words, noted, lang):
        yield each


def _with_unclear(newer: Noted, older: Noted) -> Noted:
    unclear = dict.fromkeys((*older.not_understood, *newer.not_understood))
    return Noted(
        constraints=newer.constraints,
        preferences=newer.preferences,
        wish=newer.wish,
        not_understood=tuple(unclear),
    )


def _flushed(words: Sequence[Words], noted: Noted | None, lang: Language) -> list[ReplyPart]:
    parts: list[ReplyPart] = []
    words = sorted(words, key=lambda each: not each.is_first)
    if words:
        parts.append(
            Words(
                text=sentences([each.text for each in words], lang=lang),
                explanations=tuple(why for each in words for why in each.explanations),
                answers=tuple(answer for each in words for answer in each.answers),
            )
        )
    return parts if noted is None else [*parts, noted]
