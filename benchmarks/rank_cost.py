"""What each way of ranking costs the engine, per person, and what a generated order buys.

    uv run python benchmarks/rank_cost.py [--base-url URL] [--full]

Without a URL llama.cpp's server is started with the embedded model. Test people of the demo are
ranked among 20 and among 50 films, one request at a time, in every way; the ways take turns in
random order. Every person is new to the engine, and no two ways share a prompt's beginning beyond a
few words, so that no prefix cache helps a second way; a way that asks several times of one person
does profit from it. ``listwise`` is the way that ships, JSON under a schema. ``compact order`` is
the same prompt under a grammar that allows nothing but compact JSON of n labels. ``shortest
order``: as many tokens as the engine's tokeniser makes of that JSON at least, whatever they say.
``single tokens`` is a bound below it, of n tokens. Seconds are the client's; ours among them are a
millisecond a call. A ratio is one of means over the same people, with a 95% bootstrap interval over
people.

nDCG is read from ``data/rank_cost_ndcg.json``, kept from a run of
``eval/experiments/rank_cost.toml``. The last line is one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from command import command
from people import Asked, demo_people, engine_url, ratio

from recagent import prompts
from recagent.domain import Mode, Usage
from recagent.llm.address import Access
from recagent.llm.client import Engine
from recagent.llm.response_shapes import ChatShape, TokensShape
from recagent.llm.transport import HttpWire
from recagent.offline.resampling import interval
from recagent.ports import Message
from recagent.ranking import ModelRanker
from recagent.ranking.prompt_inputs import prompt_inputs
from recagent.ranking.scoring.listwise import OrderReply

KEPT = Path(__file__).parent / "data" / "rank_cost_ndcg.json"
MODES: Mapping[Mode, Mode] = {  # what an engine must be able to do for each
    "label": "label",
    "listwise": "listwise",
    "likelihood": "likelihood",
    "setwise": "label",
    "pointwise": "label",
    "pairwise": "label",
}
COMPACT, SHORTEST, SINGLE = "compact order", "shortest order", "single tokens"
LETTERS = [chr(ord("A") + at) for at in range(26)]
LABELS = LETTERS + ["A" + letter for letter in LETTERS[: 50 - 26]]

Way = Callable[[Asked], Awaitable[Usage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """People by number of candidates: for the ways that are compared closely, and for the rest.

    The rest take long, most of them tens of requests a person: only ``--full`` has room for them.
    """

    close: Mapping[int, int]
    rest: Mapping[int, int]


SMOKE = Size(close={5: 1}, rest={5: 0})
QUICK = Size(close={20: 2, 50: 1}, rest={20: 0, 50: 0})
FULL = Size(close={20: 12, 50: 6}, rest={20: 3, 50: 1})
CLOSE = ("label", SHORTEST, SINGLE)


def grammar(size: int) -> str:
    """GBNF of the shortest JSON with ``size`` labels; doubles are allowed, and cost the same."""
    label = "[A-T]" if size <= 20 else '[A-Z] | "A" [A-X]'
    more = r' "\",\"" label' * (size - 1)
    return rf'root ::= "{{\"order\":[\"" label{more} "\"]}}"' + f"\nlabel ::= {label}\n"


class Ways:
    """All ways of ranking a person by one engine, which answers one request at a time."""

    def __init__(self, url: str, name: str) -> None:
        run = str(random.SystemRandom().random())  # vLLM keeps what another run left
        self.wire = HttpWire(
            base_url=url,
            api_key="",
            name=name,
            concurrency=1,
            timeout=600,
            access=Access(cache_salt=run),
        )
        self.engine = Engine(self.wire)
        self._prompt = prompts.load("rerank", "listwise")
        self._shortest_of: dict[int, int] = {}  # tokens, by number of candidates

    def by_name(self) -> dict[str, Way]:
        """Those that the engine can do."""
        able = self.engine.capabilities.modes
        ways: dict[str, Way] = {
            mode: self._by(mode) for mode, need in MODES.items() if need in able
        }
        return {**ways, COMPACT: self._compact, SHORTEST: self._shortest, SINGLE: self._single}

    def _by(self, mode: Mode) -> Way:
        ranker = ModelRanker(self.engine, mode=mode)

        async def ask(person: Asked) -> Usage:
            return (await ranker(person.query, candidates=person.candidates)).usage

        return ask

    def _messages(self, person: Asked) -> list[Message]:
        items = [candidate.item for candidate in person.candidates]
        inputs = prompt_inputs(
            self._prompt.front.inputs,
            person.query,
            candidates=person.candidates,
            lang="en",
            history=8,
            scenes={},
        )
        return self._prompt.chat(**inputs, candidates=list(zip(LABELS, items, strict=False)))

    async def _compact(self, person: Asked) -> Usage:
        size = len(person.candidates)
        # llama.cpp reads the first, vLLM the second; each passes over the other's.
        rules = {"grammar": grammar(size), "structured_outputs": {"grammar": grammar(size)}}
        reply = await self._chat(self._messages(person), "Best first: you", 8 * size, rules)
        order = OrderReply.model_validate_json(reply.text).order
        if len(order) != size:
            raise RuntimeError(f"{len(order)} labels instead of {size}: {reply.text!r}")
        return reply.usage.value()

    async def _shortest(self, person: Asked) -> Usage:
        size = len(person.candidates)
        if size not in self._shortest_of:
            order = json.dumps({"order": LABELS[:size]}, separators=(",", ":"))
            prompt_inputs = await self.wire.post(
                "/tokenize",
                {"content": order, "prompt": order, "model": self.engine.name,
                 "add_special": False, "add_special_tokens": False},
            )  # fmt: skip
            self._shortest_of[size] = len(TokensShape.model_validate(prompt_inputs).tokens)
        return await self._written(person, "As JSON: you", self._shortest_of[size])

    async def _single(self, person: Asked) -> Usage:
        return await self._written(person, "In letters: you", len(person.candidates))

    async def _written(self, person: Asked, opening: str, count: int) -> Usage:
        """So many tokens, whatever they say."""
        asking = {"ignore_eos": True}
        reply = await self._chat(self._messages(person), opening, count, asking)
        if reply.usage.completion_tokens != count:
            raise RuntimeError(f"{reply.usage.completion_tokens} tokens instead of {count}")
        return reply.usage.value()

    async def _chat(
        self, messages: list[Message], opening: str, most: int, asking: Mapping[str, Any]
    ) -> ChatShape:
        """The listwise prompt with another beginning, so that it meets no cached one."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        turns[0]["content"] = turns[0]["content"].replace("You", opening, 1)
        body = {"messages": turns, "temperature": 0, "max_tokens": most, **asking}
        return ChatShape.model_validate(await self.wire.post("/v1/chat/completions", body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One way for one person: seconds, and tokens as the engine counts them."""

    seconds: float
    usage: Usage


async def measure(ways: Mapping[str, Way], people: list[Asked], rest: int) -> dict[str, list[Cost]]:
    """Every way for every person, the dear ones for the first ``rest``; in turns."""
    chance = random.Random(len(people))
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for at, person in enumerate(people):
        names = [name for name in ways if name in CLOSE or at < rest]
        for name in chance.sample(names, len(names)):
            began = time.perf_counter()
            usage = await ways[name](person)
            found[name].append(Cost(seconds=time.perf_counter() - began, usage=usage))
    return {name: costs for name, costs in found.items() if costs}


def show(size: int, found: Mapping[str, list[Cost]]) -> dict[str, object]:
    """The table for so many candidates, and its figures."""
    label = [cost.seconds for cost in found["label"]]
    figures: dict[str, object] = {}
    print(f"\n{size} candidates\n")
    print("| way | people | ms a person | tokens read | written | x label | 95% |")
    print("|---|---|---|---|---|---|---|")
    for name, costs in found.items():
        seconds = [cost.seconds for cost in costs]
        times, low, high = ratio(seconds, label[: len(seconds)])
        read = np.mean([cost.usage.prompt for cost in costs])
        wrote = np.mean([cost.usage.completion for cost in costs])
        print(
            f"| {name} | {len(costs)} | {1000 * np.mean(seconds):.0f} | {read:.0f} | {wrote:.0f} "
            f"| {times:.2f} | {low:.2f} to {high:.2f} |"
        )
        if name == SHORTEST:
            figures[f"speedup_logits_vs_generated_{size}"] = round(times, 2)
            figures[f"speedup_logits_vs_generated_{size}_ci95"] = [round(low, 2), round(high, 2)]
        if name == SINGLE:
            figures[f"speedup_logits_vs_single_tokens_{size}"] = round(times, 2)
    return figures


def quality() -> dict[str, object]:
    """nDCG@10 of label minus listwise on the kept cases; prints where it comes from."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    label, listwise = np.asarray(kept["label.v1"]), np.asarray(kept["listwise.v1"])
    people = [case.partition("/")[0] for case in kept["cases"]]
    delta, low, high = interval(label - listwise, people=people)
    print(
        f"\nnDCG@10 of {kept['model']}, {len(people)} cases ({kept['command']}, {kept['date']}):\n"
        f"label {label.mean():.3f}, listwise {listwise.mean():.3f}, "
        f"difference {delta:+.3f} [{low:+.3f}, {high:+.3f}]"
    )
    return {
        "ndcg_label": round(float(label.mean()), 4),
        "ndcg_listwise": round(float(listwise.mean()), 4),
        "ndcg_delta": round(delta, 4),
        "ndcg_delta_lower95": round(low, 4),
        "ndcg_delta_upper95": round(high, 4),
        "ndcg_cases": len(people),
    }


async def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--base-url", default="", help="of an engine that runs already")
    parser.add_argument("--name", default="", help="of its model; the first that it lists")
    pick = parser.add_mutually_exclusive_group()
    pick.add_argument("--quick", action="store_true", help="the default: under 40 s")
    pick.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    size = SMOKE if arguments.smoke else FULL if arguments.full else QUICK
    people = await demo_people(1 + sum(size.close.values()))
    figures: dict[str, object] = {}
    with engine_url(arguments.base_url) as url:
        ways = Ways(url, arguments.name)
        await ways.engine.start()
        known = ways.by_name()
        first = people.pop().shortened(5)
        for name, way in known.items():  # connections are open, grammars and kernels have run
            if name in CLOSE or any(size.rest.values()):
                await way(first)
        for number, close in size.close.items():
            asked, people = people[:close], people[close:]
            here = [person.shortened(number) for person in asked]
            figures |= show(number, await measure(known, here, size.rest[number]))
        await ways.engine.close()
    print(json.dumps(figures | quality()))


if __name__ == "__main__":
    anyio.run(main)
