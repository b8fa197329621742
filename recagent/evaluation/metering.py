"""Models as an evaluation asks them: through a cache, within a budget, with every reply counted.

The ranker asks a ``UsageMeter`` as it would ask the model itself; what is asked is decided
elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson

from recagent.domain import Mode, Usage
from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError, RecagentError
from recagent.llm.cached_model import ANSWERS, Answer, request_key, roles_and_contents
from recagent.offline.models import Exchange
from recagent.ports import ChatModel, Logprobs, Message, Reply, ReplyCache, Schema

if TYPE_CHECKING:
    import anyio

    Prices = tuple[float, float]


class CostError(RecagentError):
    """The next call could cost more than what is left of the budget."""


@dataclass(slots=True, kw_only=True)
class CostBudget:
    """What may be spent, and what is spent or promised to calls under way, in the prices' unit."""

    most: float | None = None
    spent: float = 0.0
    promised: float = 0.0

    def promise(self, cost: float) -> None:
        """Set ``cost`` aside for a call.

        Raises:
            CostError: there is not so much left.
        """
        if self.most is not None and self.spent + self.promised + cost > self.most:
            raise CostError(
                f"the next call could pass the budget of {self.most:g}: {self.spent:.4f} are spent"
            )
        self.promised += cost

    def settle(self, promised: float, cost: float) -> None:
        """The call has ended, and cost what it did."""
        self.promised -= promised
        self.spent += cost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """One model of an experiment, shared by all questions to it.

    Attributes:
        identity: all that its replies depend on besides the request; None if it is not known, and
            then nothing is looked up or kept.
        prices: of one prompt and one completion token.
        slots: how many calls may be under way.
        keep: whether replies go into the cache; a dry run only looks.
        paces: seconds per token by method, where no reply was ever timed; for a dry run.
    """

    model: ChatModel
    identity: str | None
    cache: ReplyCache | None
    slots: anyio.CapacityLimiter
    prices: Prices = (0.0, 0.0)
    purse: CostBudget = field(default_factory=CostBudget)
    keep: bool = True
    paces: Mapping[str, float] = field(default_factory=dict[str, float])

    def cost(self, usage: Usage) -> float:
        """What tokens cost, in the prices' unit."""
        return usage.prompt * self.prices[0] + usage.completion * self.prices[1]


class UsageMeter:
    """A ``ChatModel`` for one question: counts, remembers what was said, answers from the cache.

    A request that comes again within the question is a retry: it passes the cache by.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: set[str] = set()
        self.exchanges: list[Exchange] = []
        self.calls = self.cached = self.failed = 0
        self.usage = Usage()
        self.cost = 0.0
        self.seconds = 0.0
        self.estimated_seconds: float | None = 0.0

    @property
    def name(self) -> str:
        return self._source.model.name

    @property
    def capabilities(self) -> Capabilities:
        return self._source.model.capabilities

    async def start(self) -> frozenset[Mode]:
        return await self._source.model.start()

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        call = partial(self._source.model.chat, messages, max_tokens=max_tokens, schema=schema)
        request = {"max_tokens": max_tokens, "schema": schema}
        prompt = roles_and_contents(messages)
        reply = await self._ask("chat", prompt, request, call, Reply, written=max_tokens)
        self.exchanges.append(Exchange(prompt=prompt, reply=reply.text))
        return reply

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        call = partial(self._source.model.label_logprobs, messages, labels=labels)
        prompt = roles_and_contents(messages)
        reply = await self._ask("label", prompt, {"labels": list(labels)}, call, Logprobs)
        self.exchanges.append(Exchange(prompt=prompt, reply=_listed(labels, reply.values)))
        return reply

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        ordered = sorted(set(texts))  # in whatever order they come, it is one request
        call = partial(self._source.model.likelihood, prefix, texts=ordered)
        prompt = (("text", prefix),)
        reply = await self._ask("likelihood", prompt, {"texts": ordered}, call, Logprobs)
        found = dict(zip(ordered, reply.values, strict=True))
        values = tuple(found[text] for text in texts)
        self.exchanges.append(Exchange(prompt=prompt, reply=_listed(texts, values)))
        return Logprobs(values=values, usage=reply.usage, calls=reply.calls, bounded=reply.bounded)

    async def close(self) -> None:
        """The source's model is closed by whoever made it."""

    async def _ask(
        self,
        method: str,
        prompt: tuple[tuple[str, str], ...],
        request: Mapping[str, object],
        call: Callable[[], Awaitable[Answer]],
        shape: type[Answer],
        written: int = 1,
    ) -> Answer:
        """The cached or the model's answer, counted; ``written``: tokens that it may have."""
        source = self._source
        self.calls += 1
        key = request_key([source.identity, method, prompt, request])
        kept = None
        if source.cache is not None and source.identity is not None and key not in self._asked:
            kept = source.cache.get(key)
        self._asked.add(key)
        if kept is not None:
            self.cached += 1
            answer: Answer = ANSWERS[shape].validate_json(kept[0])
            self.usage += answer.usage
            self.seconds += kept[1]
            return answer
        read = sum(estimated_tokens(text) for _, text in prompt)
        promised = source.cost(Usage(prompt=2 * read, completion=written))  # our estimate is rough
        source.purse.promise(promised)
        cost = 0.0
        try:
            async with source.slots:
                began = time.perf_counter()
                answer = await call()
                seconds = time.perf_counter() - began
            cost = source.cost(answer.usage)
        except ModelError:
            self.failed += 1
            raise
        finally:
            source.purse.settle(promised, cost)
        self._count(answer, cost, seconds, method=method, key=key)
        return answer

    def _count(
        self, answer: Reply | Logprobs, cost: float, seconds: float, *, method: str, key: str
    ) -> None:
        source, kind = self._source, f"{self._source.identity} {method}"
        self.usage += answer.usage
        self.cost += cost
        self.seconds += seconds
        tokens = answer.usage.prompt + answer.usage.completion
        if source.keep and source.cache is not None and source.identity is not None:
            data = orjson.dumps(answer)
            source.cache.put(key, data, kind=kind, tokens=tokens, seconds=seconds)
        if not source.keep and self.estimated_seconds is not None:
            measured = source.cache.pace(kind) if source.cache is not None else None
            pace = source.paces.get(method) if measured is None else measured
            self.estimated_seconds = (
                None if pace is None else self.estimated_seconds + tokens * pace
            )


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: 3.5 Latin or two thirds of a Chinese letter to each."""
    plain = sum(letter.isascii() for letter in text)
    return 1 + round(plain / 3.5 + (len(text) - plain) * 1.5)


def _listed(names: Sequence[str], values: Sequence[float | None]) -> str:
    """Log probabilities and the labels or texts that they are of, best first, one a line."""
    pairs = zip(names, values, strict=True)
    best_first = sorted(pairs, key=lambda pair: (pair[1] is None, -(pair[1] or 0.0)))
    return "\n".join(
        f"{'not listed' if value is None else f'{value:.3f}':>10}  {name.strip()}"
        for name, value in best_first
    )
