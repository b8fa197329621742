"""What a call costs on our side of the wire, and what the whole pipeline costs without a model.

    uv run python benchmarks/transport.py [--full]

A stub server in a process of its own answers a label request (20 candidates) after 0, 20 and 200
ms. Our wire (the openai client, answers as they came), the plain openai client, the wire by hand
that ours replaced (``handwritten_wire.py``) and bare aiohttp take turns in random order, with the
same requests and 64 under way. CPU is that of this process, all threads; a ratio is to bare aiohttp
in the same run. People per second and core: slates for the demo's people, stub at 0 ms, divided by
the CPU seconds they took, over our wire and over the one by hand in turns. The last line is one
JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import anyio
import numpy as np
import openai
import orjson
from command import command
from handwritten_wire import HandwrittenWire

from recagent import bootstrap, demo
from recagent.api import AsyncRecommender
from recagent.cli.progress import prepared_demo
from recagent.llm.transport import HttpWire, Wire

UNDER_WAY = 64
SCENES = ("horror", "comedy")
WORDS = " ".join(
    f"{label}. A film of some length ({2000 + n})" for n, label in enumerate("ABCDEFGHIJKLMNOPQRST")
)
BODY = {
    "messages": [
        {"role": "system", "content": "You pick films for people. Answer with one letter."},
        {"role": "user", "content": f"They liked: Alien (1979), Heat (1995). {WORDS} Letter:"},
    ],
    "temperature": 0,
    "max_tokens": 1,
    "logprobs": True,
    "top_logprobs": 20,
}  # fmt: skip

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: rounds, calls a round by delay in ms, people, turns of a pipeline."""

    rounds: int
    calls: dict[int, int]
    people: int
    pipelines: int


SMOKE = Size(rounds=1, calls={0: 20, 20: 20}, people=10, pipelines=1)
QUICK = Size(rounds=3, calls={0: 300, 20: 400, 200: 64}, people=200, pipelines=4)
FULL = Size(rounds=15, calls={0: 1000, 20: 2000, 200: 320}, people=1000, pipelines=6)


@dataclass(slots=True)
class Taken:
    """One client's rounds: CPU ms a call, and the 99th percentile of a call's ms."""

    cpu: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


@contextmanager
def served(delay: int) -> Iterator[str]:
    """A stub server in another process; its base URL."""
    command = [sys.executable, str(Path(__file__).with_name("stub.py")), "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child.stdout.readline().strip()  # type: ignore[union-attr]
        finally:
            child.terminate()


async def opened(url: str, stack: AsyncExitStack) -> dict[str, Call]:
    """The four clients, each as a call that reads the whole answer."""
    wire = HttpWire(base_url=url, api_key="", name="stub", concurrency=UNDER_WAY, timeout=30)
    stack.push_async_callback(wire.close)
    by_hand = HandwrittenWire(
        base_url=url, api_key="", name="stub", concurrency=UNDER_WAY, timeout=30
    )
    stack.push_async_callback(by_hand.close)
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    stack.push_async_callback(client.close)
    session = await stack.enter_async_context(aiohttp.ClientSession())

    async def ours() -> object:
        return await wire.post("/v1/chat/completions", BODY)

    async def written() -> object:
        return await by_hand.post("/v1/chat/completions", BODY)

    async def plain() -> object:
        return await client.chat.completions.create(model="stub", **BODY)

    async def bare() -> object:
        data = orjson.dumps({"model": "stub", **BODY})
        headers = {"Content-Type": "application/json"}
        async with session.post(f"{url}/chat/completions", data=data, headers=headers) as answer:
            return orjson.loads(await answer.read())

    return {"recagent": ours, "openai": plain, "by hand": written, "aiohttp": bare}


async def timed(call: Call, calls: int) -> tuple[float, float]:
    """CPU ms a call, and the 99th percentile of a call's ms."""
    seconds: list[float] = []
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            began = time.perf_counter()
            await call()
            seconds.append(time.perf_counter() - began)

    cpu = time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(UNDER_WAY):
            group.start_soon(work)
    cpu = time.process_time() - cpu
    return 1000 * cpu / calls, 1000 * float(np.quantile(seconds, 0.99))


async def compare(delay: int, size: Size) -> dict[str, Taken]:
    """All clients against a stub with this delay, in turns."""
    chance = random.Random(delay)
    found: dict[str, Taken] = {}
    with served(delay) as url:
        async with AsyncExitStack() as stack:
            calls = await opened(url, stack)
            for call in calls.values():  # connections are open, modules loaded
                await timed(call, 2 * UNDER_WAY)
            for _ in range(size.rounds):
                for name in chance.sample(sorted(calls), len(calls)):
                    cpu, p99 = await timed(calls[name], size.calls[delay])
                    taken = found.setdefault(name, Taken())
                    taken.cpu.append(cpu)
                    taken.p99.append(p99)
    return found


async def pipelines(size: Size) -> dict[str, float]:
    """Slates per CPU second over each wire; they take turns, and the median counts."""
    found: dict[str, list[float]] = {"recagent": [], "by hand": []}
    wires: dict[str, Callable[..., Wire]] = {"recagent": HttpWire, "by hand": HandwrittenWire}
    for turn in range(size.pipelines):
        for name in sorted(found, reverse=bool(turn % 2)):
            bootstrap.language_models.HttpWire = wires[name]  # type: ignore[misc,assignment]
            found[name].append(await pipeline(size.people))
    bootstrap.language_models.HttpWire = HttpWire  # type: ignore[misc]
    return {name: statistics.median(taken) for name, taken in found.items()}


async def pipeline(people: int) -> float:
    """Slates per CPU second, of a warm recommender whose model answers at once."""
    with served(0) as url:
        stub = {"kind": "endpoint", "base_url": url, "name": "stub", "mode": "label"}
        model = {**stub, "keep_hours": 0, "concurrency": UNDER_WAY}
        settings = demo.settings(model=model, retrieval={"proposals": "off"})
        async with AsyncRecommender.from_settings(settings) as recommender:
            users = [f"u{number:04}" for number in range(1, 1 + people // len(SCENES))]
            pairs = iter([(user, scene) for user in users for scene in SCENES])
            for scene in SCENES:
                await recommender.recommend(users[0], scene=scene)

            async def work() -> None:
                for user, scene in pairs:
                    slate = await recommender.recommend(user, scene=scene)
                    if slate.trace.degraded is not None:
                        raise RuntimeError(slate.trace.degraded)

            cpu = time.process_time()
            async with anyio.create_task_group() as group:
                for _ in range(UNDER_WAY):
                    group.start_soon(work)
            return people / (time.process_time() - cpu)


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    pick = parser.add_mutually_exclusive_group()
    pick.add_argument("--quick", action="store_true", help="the default: under 40 s")
    pick.add_argument("--full", action="store_true")
    options = parser.parse_args()
    size = SMOKE if options.smoke else FULL if options.full else QUICK
    prepared_demo()
    anyio.run(measure, size)


async def measure(size: Size) -> None:
    """The clients side by side at every delay, then the whole pipeline."""
    figures: dict[str, float] = {}
    print(f"{'delay':>8}  {'client':<9} {'CPU ms/call':>12} {'x aiohttp':>10} {'p99 ms':>8}")
    for delay in size.calls:
        found = await compare(delay, size)
        bare = statistics.median(found["aiohttp"].cpu)
        for name, taken in sorted(found.items()):
            cpu = statistics.median(taken.cpu)
            p99 = statistics.median(taken.p99)
            print(f"{delay:>5} ms  {name:<9} {cpu:>12.2f} {cpu / bare:>10.2f} {p99:>8.1f}")
            if delay == 0:
                key = name.replace("recagent", "transport").replace(" ", "_")
                figures[f"{key}_cpu_ms"] = round(cpu, 3)
        if delay == 20:
            pairs = zip(found["recagent"].p99, found["aiohttp"].p99, strict=True)
            figures["p99_overhead_ms"] = round(statistics.median(a - b for a, b in pairs), 2)
    people = await pipelines(size)
    figures["users_per_second_per_core"] = round(people["recagent"], 1)
    figures["users_per_second_per_core_by_hand"] = round(people["by hand"], 1)
    share = people["recagent"] / people["by hand"]
    figures["share_of_by_hand"] = round(share, 3)
    print(
        f"{people['recagent']:.1f} people per second and core, no model's time; "
        f"{people['by hand']:.1f} over the wire by hand: {share:.0%} of it (2/3 were asked for)"
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
