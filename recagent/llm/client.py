"""The ``ChatModel`` on anything that speaks OpenAI's protocol, over a wire.

The wire is HTTP (``llm.transport``) or the embedded engine in this process
(``llm.embedded``); requests and replies are the same, so that both rank alike. Retries are
not done here: ``llm.retry`` has the one retry layer.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import anyio

from recagent.domain import Mode
from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError
from recagent.llm import first_token as label_tokens
from recagent.llm import text_likelihood
from recagent.llm.dialect import RequestDialect, spelled_out
from recagent.llm.kept_findings import KeptFindings
from recagent.llm.probe import Findings, ProbeProgress, apply, probe, refused
from recagent.llm.reasoning_models import ROOM, without_thought
from recagent.llm.requests import NOTHING, Calls, chat_messages, under
from recagent.llm.transport import Wire
from recagent.ports import Logprobs, Message, Reply, Schema

logger = logging.getLogger(__name__)

_UNTRIED = Findings()


class Engine:
    """A language model behind a wire. Make one, ``start`` it once, use it from many tasks."""

    def __init__(self, wire: Wire, *, findings_cache: KeptFindings | None = None) -> None:
        """A model behind ``wire``; ``findings_cache`` keeps what is found out."""
        self._calls = Calls(wire)
        self._findings_cache = findings_cache
        self._findings = _UNTRIED
        self._progress = ProbeProgress()
        self._starting: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._calls.name

    @property
    def capabilities(self) -> Capabilities:
        capabilities = self._findings.capabilities
        return (
            capabilities
            if capabilities.cache == self._calls.tells_cache
            else replace(capabilities, cache=True)
        )

    async def start(self) -> frozenset[Mode]:
        if self._findings is _UNTRIED:
            await self._begun()
        return self.capabilities.modes

    async def _begun(self) -> None:
        """Wait for the start, which all who ask share and which goes on when one of them leaves.

        Raises:
            ModelError: it failed, or takes longer than one may wait.
        """
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_noticed)
        seconds = self._calls.patience
        try:
            with anyio.fail_after(None if math.isinf(seconds) else seconds):
                await asyncio.shield(self._starting)
        except TimeoutError as error:
            raise ModelError(
                "the model has not started after {seconds:g} s and is still starting",
                seconds=seconds,
                retryable=True,
            ) from error

    async def _start(self) -> None:
        await self._calls.start()
        findings = self._findings_cache.load(self.name) if self._findings_cache else None
        if findings is not None:
            apply(findings, self._calls)
            self._findings = findings
            return
        self._findings = await probe(self._calls, self._progress)
        if self._findings_cache is not None and self._findings.is_whole:
            self._findings_cache.save(self.name, self._findings)
        modes = ", ".join(sorted(self.capabilities.modes))
        logger.info("model %s can score by %s: %s", self.name, modes, self.capabilities)

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        asking = NOTHING if schema is None else under(schema)
        if self.capabilities.thinking == "on":
            max_tokens += ROOM
        if schema is not None and not self.capabilities.schema:
            messages = _spelled_out(messages, schema, dialect=self._calls.dialect)
        with self._learning():
            reply = await self._calls.chat(messages, max_tokens=max_tokens, asking=asking)
        return Reply(text=without_thought(reply.text), usage=reply.usage.value())

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        with self._learning():
            if self.capabilities.by_id:
                ids = await label_tokens.label_ids(self._calls, labels)
                if ids is not None:
                    return await label_tokens.by_id(self._calls, messages, ids=ids)
            return await label_tokens.listed(
                self._calls, messages, labels=labels, alternatives=self._findings.wished
            )

    @contextmanager
    def _learning(self) -> Generator[None]:
        """Around a request: what the endpoint refused, or does not tell any more, is remembered."""
        before = self._calls.dialect
        can = self.capabilities
        try:
            yield
        except label_tokens.NoLogprobsError:
            # An order is asked for from now on; that is better than no model.
            can = replace(can, alternatives=0, by_id=False)
            raise
        finally:
            now = self._calls.dialect
            if can is not self.capabilities or replace(now, proven=before.proven) != before:
                self._remember(can, now)

    def _remember(self, can: Capabilities, dialect: RequestDialect) -> None:
        lists = "logprobs" not in dialect.left_out
        by_id = "logprob_token_ids" not in dialect.left_out
        can = replace(
            can,
            alternatives=can.alternatives if lists else 0,
            by_id=can.by_id and lists and by_id,
            schema=can.schema and dialect.format.startswith("schema"),
            refused=refused(dialect),
        )
        self._findings = replace(self._findings, capabilities=can, dialect=dialect)
        if self._findings_cache is not None and self._findings.is_whole:
            self._findings_cache.save(self.name, self._findings)

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        if self.capabilities.likelihood == "levels":
            return await text_likelihood.level_by_level(self._calls, prefix, texts=texts)
        return await text_likelihood.step_by_step(
            self._calls, prefix, texts=texts, alternatives=self._findings.wished
        )

    async def close(self) -> None:
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._calls.close()


def _spelled_out(
    messages: Sequence[Message], schema: Schema, *, dialect: RequestDialect
) -> Sequence[Message]:
    """The messages, the last of which says what JSON is wanted, unless the dialect does that."""
    if not dialect.format.startswith("schema"):
        return messages
    raw_messages = spelled_out(chat_messages(messages)["messages"], schema)
    return [*messages[:-1], replace(messages[-1], content=raw_messages[-1]["content"])]


def _noticed(start: asyncio.Task[None]) -> None:
    """Take the error of a start that nobody waits for any more; the next one tries anew."""
    if not start.cancelled():
        start.exception()
