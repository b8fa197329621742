"""What a list costs by each way of asking a model: calls, tokens, seconds, cached tokens, money.

    uv run python benchmarks/model_cost.py --base-url URL [--price 0.15 0.60] [--full]

Without a URL llama.cpp's server is started with the embedded model. Test people of the demo are
ranked among 20 films, one request at a time, each way with a cache of its own: first everybody, and
then everybody again among 20 other films, as for their next list. What the engine had cached of a
prompt is what it reports (vLLM: --enable-prompt-tokens-details, as `recagent vllm serve` sets it).
``rich`` is what recagent sends to an endpoint, ``short`` what it sends for ``prompt_tokens = 0``;
``proposals`` asks for titles for a wish. Tokens are those of the engine's own tokeniser.

Money is an assumption: what a million tokens of prompt and of reply cost by ``--price``, whatever
was cached, in its own unit. The last line is one JSON object.

Its figures stand in docs/research/performance.md; docs/guide/which-model.md builds on them.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio
import numpy as np
from command import command
from people import Asked, demo_people, engine_url

from recagent import prompts
from recagent.domain import Context, Mode, Usage
from recagent.llm.address import Access
from recagent.llm.client import Engine
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ask_structured
from recagent.llm.transport import HttpWire
from recagent.ranking import ModelRanker
from recagent.ranking.prompt_inputs import prompt_inputs
from recagent.retrieval.sources.model_proposals import ProposalsReply

CANDIDATES, TOKENS = 20, 4000
WISH = "something funny rather than scary, zombies welcome"
PEOPLE = 6
SLOW = 2  # people for ways that take half a minute each on a processor

Way = Callable[[Asked], Awaitable[Usage]]


class CountingWire(HttpWire):
    """Counts calls, and the tokens of prompts that the engine had in its cache."""

    calls = 0
    cached = 0

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await super().post(path, body)
        usage = answer.get("usage") or {} if isinstance(answer, dict) else {}
        self.calls += bool(usage)  # what asks for token ids costs next to nothing
        self.cached += (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One list."""

    calls: int
    usage: Usage
    cached: int
    seconds: float


class Ways:
    """All ways of asking one engine."""

    def __init__(self, url: str, name: str) -> None:
        self.wire = CountingWire(
            base_url=url,
            api_key="",
            name=name,
            concurrency=1,
            timeout=600,
            access=Access(cache_salt=str(random.SystemRandom().random())),
        )
        self.engine = Engine(self.wire)

    def by_name(self, *, full: bool) -> dict[str, Way]:
        """Those that the engine can do."""
        able = self.engine.capabilities.modes
        short: dict[str, Mode] = {"short, labels": "label", "short, order": "listwise"}
        if full:
            short["short, likelihood"] = "likelihood"
        ways = {name: self._ranked(mode, 0) for name, mode in short.items() if mode in able}
        return {**ways, "rich, best 15": self._ranked("listwise", TOKENS),
                "proposals": self._proposed}  # fmt: skip

    def _ranked(self, mode: Mode, tokens: int) -> Way:
        ranker = ModelRanker(self.engine, mode=mode, prompt_tokens=tokens)

        async def ask(person: Asked) -> Usage:
            return (await ranker(person.query, candidates=person.candidates)).usage

        return ask

    async def _proposed(self, person: Asked) -> Usage:
        prompt = prompts.load("propose", "known_titles")
        query = replace(person.query, context=Context(wish=WISH))
        inputs = prompt_inputs(
            prompt.front.inputs, query, candidates=(), lang="en", history=0, scenes={}
        )
        reply = await ask_structured(
            self.engine,
            prompt.chat(**inputs),
            ProposalsReply,
            max_tokens=prompt.front.max_tokens,
            budget=RetryBudget(3, window=RetryWindow()),
            unusable=RuntimeError,  # type: ignore[arg-type]
        )
        return reply.usage


async def measure(ways: Ways, way: Way, people: list[Asked]) -> list[Cost]:
    """Every person once, one after the other."""
    costs: list[Cost] = []
    for person in people:
        calls, cached, began = ways.wire.calls, ways.wire.cached, time.perf_counter()
        usage = await way(person)
        costs.append(
            Cost(
                calls=ways.wire.calls - calls,
                usage=usage,
                cached=ways.wire.cached - cached,
                seconds=time.perf_counter() - began,
            )
        )
    return costs


def show(name: str, costs: list[Cost], price: tuple[float, float]) -> dict[str, float]:
    """Prints a row of means; the figures."""
    calls, read, written, cached, seconds = (
        float(np.mean(values))
        for values in zip(
            *(
                (cost.calls, cost.usage.prompt, cost.usage.completion, cost.cached, cost.seconds)
                for cost in costs
            ),
            strict=True,
        )
    )
    money = (read * price[0] + written * price[1]) / 1e6
    hits = cached / read if read else 0.0
    print(f"{name:<30} {len(costs):6} {calls:6.1f} {read:8.0f} {written:7.0f} {hits:7.0%} "
          f"{seconds:8.2f} {money:10.6f} {money * 1e6:11,.0f}")  # fmt: skip
    return {
        "calls": calls, "prompt": round(read), "completion": round(written),
        "cached_share": round(hits, 3), "seconds": round(seconds, 2), "money": money,
    }  # fmt: skip


async def run(url: str, options: Any) -> dict[str, dict[str, float]]:
    """All ways; the figures."""
    number = 1 if options.smoke else options.people
    people = await demo_people(number)
    first = [person.shortened(5 if options.smoke else CANDIDATES) for person in people]
    again = [replace(person, candidates=person.candidates[CANDIDATES : 2 * CANDIDATES])
             for person in people]  # fmt: skip
    print(f"{'way':<30} people  calls   prompt   reply  cached  seconds  price/list  per million")
    figures: dict[str, dict[str, float]] = {}
    tried = Ways(url, options.name)
    names = [*(await started(tried, full=options.full))]
    if options.smoke:
        names = names[:1]
    await tried.engine.close()
    for name in names:
        ways = Ways(url, options.name)
        way = (await started(ways, full=options.full))[name]
        few = min(number, SLOW) if name in ("proposals", "short, likelihood") else number
        for turn, those in (("", first[:few]), (", next list", again[:few])):
            if turn and (options.smoke or name == "proposals"):
                continue
            figures[name + turn] = show(name + turn, await measure(ways, way, those), options.price)
        await ways.engine.close()
    return figures


async def started(ways: Ways, *, full: bool) -> dict[str, Way]:
    """The ways of an engine that has been tried."""
    await ways.engine.start()
    return ways.by_name(full=full)


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--base-url", default="", help="an OpenAI-compatible server")
    parser.add_argument("--name", default="", help="its model")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--full", action="store_true", help="by likelihood too")
    parser.add_argument("--price", type=float, nargs=2, default=(0.15, 0.60), metavar="PRICE",
                        help="of a million tokens of prompt and of reply")  # fmt: skip
    options = parser.parse_args()
    with engine_url(options.base_url) as url:
        print(json.dumps(anyio.run(run, url, options)))


if __name__ == "__main__":
    main()
