"""The usage of a model: each reply counted and recorded, from a cache or within a budget of costs.

The ranker asks a ``UsageMeter`` as it would ask the model itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from recagent.domain import Usage
from recagent.errors import ModelError, RecagentError
from recagent.llm.cached_model import (
    AnswerT,
    ModelRequest,
    ModelWrapper,
    request_key,
    roles_and_contents,
)
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
                "the next call could exceed the budget of {budget:g}; {spent:.4f} is spent so far",
                budget=self.most,
                spent=self.spent,
            )
        self.promised += cost

    def settle(self, promised: float, cost: float) -> None:
        """The call has ended, and cost what it did."""
        self.promised -= promised
        self.spent += cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One prompt as the model got it (role and text of each turn) and its raw reply."""

    prompt: tuple[tuple[str, str], ...]
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeteredModel:
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
    budget: CostBudget = field(default_factory=CostBudget)
    keep: bool = True
    paces: Mapping[str, float] = field(default_factory=dict[str, float])

    def cost(self, usage: Usage) -> float:
        """What tokens cost, in the prices' unit."""
        return usage.prompt * self.prices[0] + usage.completion * self.prices[1]


class UsageMeter(ModelWrapper):
    """A ``ChatModel`` for one case: counts, records the exchanges, answers from the cache.

    A request that comes again within the case is a retry: it passes the cache by.
    """

    def __init__(self, source: MeteredModel) -> None:
        super().__init__(source.model)
        self._source = source
        self._seen_keys: set[str] = set()
        self.exchanges: list[Exchange] = []
        self.calls = self.cached = self.failed = 0
        self.usage = Usage()
        self.cost = 0.0
        self.seconds = 0.0
        self.estimated_seconds: float | None = 0.0

    async def chat(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Schema | None = None
    ) -> Reply:
        reply = await super().chat(messages, max_tokens=max_tokens, schema=schema)
        self._record(roles_and_contents(messages), reply.text)
        return reply

    async def label_logprobs(
        self, messages: Sequence[Message], *, labels: Sequence[str]
    ) -> Logprobs:
        reply = await super().label_logprobs(messages, labels=labels)
        self._record(roles_and_contents(messages), _listed(labels, reply.values))
        return reply

    async def likelihood(self, prefix: str, *, texts: Sequence[str]) -> Logprobs:
        ordered = sorted(set(texts))  # in whatever order they come, it is one request
        reply = await super().likelihood(prefix, texts=ordered)
        by_text = dict(zip(ordered, reply.values, strict=True))
        values = tuple(by_text[text] for text in texts)
        self._record((("text", prefix),), _listed(texts, values))
        return Logprobs(values=values, usage=reply.usage, calls=reply.calls, bounded=reply.bounded)

    def _record(self, prompt: tuple[tuple[str, str], ...], reply: str) -> None:
        self.exchanges.append(Exchange(prompt=prompt, reply=reply))

    async def _answer(self, request: ModelRequest[AnswerT]) -> AnswerT:
        """Returns the cached or the model's answer, and counts it."""
        source = self._source
        self.calls += 1
        key = request_key([source.identity, request.method, request.prompt, request.arguments])
        row = None
        if source.cache is not None and source.identity is not None and key not in self._seen_keys:
            row = source.cache.get(key)
        self._seen_keys.add(key)
        if row is not None:
            self.cached += 1
            answer = request.restored(row[0])
            self.usage += answer.usage
            self.seconds += row[1]
            return answer
        answer, cost, seconds = await self._paid(request)
        self._count(answer, cost, seconds, method=request.method, key=key)
        return answer

    async def _paid(self, request: ModelRequest[AnswerT]) -> tuple[AnswerT, float, float]:
        """Returns the model's answer, its cost and its seconds, paid from the budget."""
        source = self._source
        tokens = sum(estimated_tokens(text) for _, text in request.prompt)
        # Twice the tokens, since the estimate is rough.
        promised = source.cost(Usage(prompt=2 * tokens, completion=request.max_tokens))
        source.budget.promise(promised)
        cost = 0.0
        try:
            async with source.slots:
                began = time.perf_counter()
                answer = await request.send()
                seconds = time.perf_counter() - began
            cost = source.cost(answer.usage)
        except ModelError:
            self.failed += 1
            raise
        finally:
            source.budget.settle(promised, cost)
        return answer, cost, seconds

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
