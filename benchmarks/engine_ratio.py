"""Our client beside a bare one on a real engine: throughput, CPU a call, hits in the prefix cache.

    uv run python benchmarks/engine_ratio.py [--base-url URL --block-size 32] [--full]

Without a URL llama.cpp's server is started with the embedded model. Test people of the demo are
ranked in sets of five and by labels, 21 requests a person and turn. We rank (``ModelRanker``:
prompts, retries, wire, scores); a bare aiohttp client sends the same bodies, made beforehand, in
the same order, as many under way. They take turns, A B B A, over the same people; every turn opens
its prompts with a number of its own, so that neither meets what the other left in the cache.

Hits are the cached tokens that the engine reports, as a share of what could have been: a trie of
full blocks (``--block-size``, as the server was started) over the tokenised prompts in the order in
which they were sent; without a block size, as llama.cpp does, what a prompt shares with the one
before it. Intervals are 95%, bootstrapped over turns. The last line is one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import anyio
import orjson
from command import command
from people import Asked, demo_people, engine_url, mean, ratio

from recagent.domain import Mode
from recagent.llm.client import Engine
from recagent.llm.response_shapes import ChatShape
from recagent.llm.transport import HttpWire, Wire
from recagent.ranking import ModelRanker

SMOKE_CANDIDATES, SMOKE_TURNS = 2, 1
UNDER_WAY = 8
MODES: tuple[Mode, ...] = ("setwise", "label")
CANDIDATES = 20

Body = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Sent:
    """What went over the wire in a turn, in order, and what came back."""

    bodies: list[Body] = field(default_factory=list)
    answers: dict[int, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def calls(self) -> int:
        return len(self.bodies)


class Marked:
    """A wire that opens prompts with a mark and keeps what is sent; ``dry`` ones ask nobody."""

    def __init__(self, wire: Wire) -> None:
        self.mark = ""
        self.dry = False
        self.sent = Sent()
        self._wire = wire

    @property
    def patience(self) -> float:
        return self._wire.patience

    async def start(self) -> str:
        return await self._wire.start()

    async def post(self, path: str, body: Body) -> object:
        if not self.mark or path != "/v1/chat/completions":
            return await self._wire.post(path, body)
        body = marked(body, self.mark)
        at = self.sent.calls
        self.sent.bodies.append(body)
        answer = _made_up(body) if self.dry else await self._wire.post(path, body)
        self.sent.answers[at] = answer
        return answer

    async def close(self) -> None:
        await self._wire.close()


def marked(body: Body, mark: str) -> Body:
    """The same request with a word before its first one."""
    first, *others = body["messages"]
    opened = {**first, "content": f"{mark} {first['content']}"}
    return {**body, "messages": [opened, *others]}


def _made_up(body: Body) -> object:
    """An answer in which all labels are alike."""
    ids = body.get("logprob_token_ids")
    words = [f"token_id:{token}" for token in ids] if ids else list("ABCDEFGHIJKLMNOPQRST")
    tokens = [{"token": word, "logprob": -3.0} for word in words]
    first = {**tokens[0], "top_logprobs": tokens}
    return {"choices": [{"message": {"content": "A"}, "logprobs": {"content": [first]}}]}


class Ours:
    """Ranks people, each by sets and by labels, with all that a ranking does.

    All that is to be asked waits at the wire, in order, as in bulk work, so that the engine never
    waits for us.
    """

    def __init__(self, engine: Engine, wire: Marked) -> None:
        self._wire = wire
        self._rankers = [ModelRanker(engine, mode=mode) for mode in MODES]

    async def turn(self, person: Asked, mark: str, *, dry: bool = False) -> Sent:
        """One person, by sets and by labels."""
        self._wire.mark, self._wire.dry, self._wire.sent = mark, dry, Sent()

        async def ask(ranker: ModelRanker) -> None:
            await ranker(person.query, candidates=person.candidates)

        began, cpu = time.perf_counter(), time.process_time()
        async with anyio.create_task_group() as group:
            for ranker in self._rankers:
                group.start_soon(ask, ranker)
        sent = self._wire.sent
        sent.seconds, sent.cpu = time.perf_counter() - began, time.process_time() - cpu
        return sent


class Bare:
    """Sends bodies and reads the answers."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self._session, self._url, self._name = session, f"{url}/chat/completions", name

    async def turn(self, bodies: Sequence[Body]) -> Sent:
        """All of them, in order."""
        sent = Sent(bodies=list(bodies))
        left = iter(enumerate(bodies))
        headers = {"Content-Type": "application/json"}

        async def work() -> None:
            for at, body in left:
                data = orjson.dumps({"model": self._name, **body})
                async with self._session.post(self._url, data=data, headers=headers) as answer:
                    answer.raise_for_status()
                    sent.answers[at] = orjson.loads(await answer.read())

        began, cpu = time.perf_counter(), time.process_time()
        async with anyio.create_task_group() as group:
            for _ in range(UNDER_WAY):
                group.start_soon(work)
        sent.seconds, sent.cpu = time.perf_counter() - began, time.process_time() - cpu
        return sent


class Bound:
    """How many tokens of each prompt could have been cached, all turns in their order."""

    def __init__(self, block: int) -> None:
        """Blocks of so many tokens; 0 for what a prompt shares with the one before it."""
        self._block = block
        self._known: set[tuple[int, ...]] = set()
        self._last: Sequence[int] = ()

    def of(self, prompt: Sequence[int]) -> int:
        """The bound for the next prompt; its last token is always read."""
        if not self._block:
            shared = 0
            for old, new in zip(self._last, prompt[:-1], strict=False):
                if old != new:
                    break
                shared += 1
            self._last = prompt
            return shared
        ends = range(self._block, len(prompt) + 1, self._block)
        starts = [tuple(prompt[:end]) for end in ends]
        hit = 0
        for start in starts:
            if start not in self._known or len(start) == len(prompt):
                break
            hit = len(start)
        self._known.update(starts)
        return hit


async def tokens(session: aiohttp.ClientSession, url: str, body: Body, name: str) -> list[int]:
    """The prompt as the engine reads it: vLLM tokenises chats, llama.cpp texts."""
    root = url.removesuffix("/v1")
    asked = {"model": name, "messages": body["messages"], "add_generation_prompt": True}
    async with session.post(f"{root}/tokenize", json=asked) as answer:
        found = (await answer.json()).get("tokens") if answer.ok else None
    if found:
        return found
    async with session.post(f"{root}/apply-template", json=asked) as answer:
        answer.raise_for_status()
        text = (await answer.json())["prompt"]
    asked = {"content": text, "add_special": False, "parse_special": True}
    async with session.post(f"{root}/tokenize", json=asked) as answer:
        answer.raise_for_status()
        return (await answer.json())["tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Tokens of prompts: all, those that the engine had cached, those that it could have had."""

    read: int
    cached: int
    bound: int


async def hits(sent: Sent, bound: Bound, read: Iterable[list[int]]) -> Hits:
    """Of one turn.

    Raises:
        RuntimeError: the engine counts other tokens than it tells.
    """
    total = cached = could = 0
    for at, prompt in enumerate(read):
        answer = ChatShape.model_validate(sent.answers[at])
        if answer.usage.prompt_tokens != len(prompt):
            raise RuntimeError(
                f"the engine read {answer.usage.prompt_tokens} tokens and tokenises {len(prompt)}"
            )
        total += len(prompt)
        cached += answer.cached() or 0
        could += bound.of(prompt)
    return Hits(read=total, cached=cached, bound=could)


def orders(turns: int) -> Iterator[tuple[str, str]]:
    """A B, B A, A B, ..."""
    for turn in range(turns):
        yield ("ours", "bare") if turn % 2 == 0 else ("bare", "ours")


async def measure(
    url: str, name: str, turns: int, block: int, *, candidates: int
) -> dict[str, object]:
    """Both clients over all people; the figures."""
    people = [each.shortened(candidates) for each in await demo_people(turns + 1)]
    inner = HttpWire(base_url=url, api_key="", name=name, concurrency=UNDER_WAY, timeout=600)
    wire = Marked(inner)
    engine = Engine(wire)
    await engine.start()
    run = random.SystemRandom().randrange(10**6)  # what another run left is not met either
    ours = Ours(engine, wire)
    taken: dict[str, list[Sent]] = {"ours": [], "bare": []}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        bare = Bare(session, url, engine.name)

        async def both(at: int, names: Sequence[str]) -> dict[str, Sent]:
            asked = people[at]
            bodies = (await ours.turn(asked, f"{run:06}{2 * at:03}", dry=True)).bodies
            bodies = [marked_anew(body, f"{run:06}{2 * at + 1:03}") for body in bodies]
            found: dict[str, Sent] = {}
            for client in names:
                if client == "ours":
                    found[client] = await ours.turn(asked, f"{run:06}{2 * at:03}")
                else:
                    found[client] = await bare.turn(bodies)
            return found

        people[turns] = people[turns].shortened(min(5, candidates))
        await both(turns, ("ours", "bare"))  # connections are open, modules loaded
        order: list[tuple[str, Sent]] = []
        for at, names in enumerate(orders(turns)):
            for client, sent in (await both(at, names)).items():
                taken[client].append(sent)
                order.append((client, sent))
        told = engine.capabilities.cache
        bound = Bound(block)
        found: dict[str, list[Hits]] = {"ours": [], "bare": []}
        for client, sent in order if told else ():
            read = [await tokens(session, url, body, engine.name) for body in sent.bodies]
            found[client].append(await hits(sent, bound, read))
    await engine.close()
    return show(taken, found)


def marked_anew(body: Body, mark: str) -> Body:
    """The request with another mark, of the same length."""
    first, *others = body["messages"]
    opened = {**first, "content": mark + first["content"][len(mark) :]}
    return {**body, "messages": [opened, *others]}


def show(taken: Mapping[str, list[Sent]], found: Mapping[str, list[Hits]]) -> dict[str, object]:
    """Print the table; the figures."""
    print("| client | calls | calls/s | CPU ms a call | tokens read | cached | could have been |")
    print("|---|---|---|---|---|---|---|")
    share: dict[str, float | None] = {}
    for client, turns in taken.items():
        calls = sum(sent.calls for sent in turns)
        rate = calls / sum(sent.seconds for sent in turns)
        cpu = 1000 * sum(sent.cpu for sent in turns) / calls
        read, cached, bound = (
            sum(getattr(each, what) for each in found[client])
            for what in ("read", "cached", "bound")
        )
        share[client] = round(cached / bound, 4) if bound else None
        print(f"| {client} | {calls} | {rate:.2f} | {cpu:.2f} | {read} | {cached} | {bound} |")
    pairs = list(zip(taken["ours"], taken["bare"], strict=True))
    times, low, high = ratio([b.seconds for _, b in pairs], [a.seconds for a, _ in pairs])
    added, least, most = mean([1000 * (a.cpu - b.cpu) / a.calls for a, b in pairs])
    print(f"\nthroughput, ours over bare: {times:.3f} [{low:.3f}, {high:.3f}]")
    print(f"CPU that we add to a call: {added:.2f} ms [{least:.2f}, {most:.2f}]")
    print(f"hits in the prefix cache as a share of the bound: {share}")
    return {
        "throughput_ratio": round(times, 4),
        "throughput_ratio_ci95": [round(low, 4), round(high, 4)],
        "added_cpu_ms": round(added, 3),
        "added_cpu_ms_ci95": [round(least, 3), round(most, 3)],
        "prefix_hit_share_of_bound": share["ours"],
        "prefix_hit_share_of_bound_bare": share["bare"],
        "calls": sum(a.calls for a, _ in pairs),
    }


async def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--base-url", default="", help="of an engine that runs already")
    parser.add_argument("--name", default="", help="of its model; the first that it lists")
    parser.add_argument("--block-size", type=int, default=0, help="of vLLM's prefix cache")
    pick = parser.add_mutually_exclusive_group()
    pick.add_argument("--quick", action="store_true", help="the default: under 40 s")
    pick.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    with engine_url(arguments.base_url) as url:
        turns = SMOKE_TURNS if arguments.smoke else 40 if arguments.full else 2
        size = SMOKE_CANDIDATES if arguments.smoke else CANDIDATES
        figures = await measure(url, arguments.name, turns, arguments.block_size, candidates=size)
    print(json.dumps(figures))


if __name__ == "__main__":
    anyio.run(main)
