"""What `recagent serve` takes: 64 clients at once ask for slates, with a stub as the model.

    uv run python benchmarks/serve_load.py [--full]

The server is a process of its own on the demo's data, in an empty cache: real index, real store (an
impression is written for every slate), every slate ranked by a model that answers at once
(`stub.py`). The clients are in this process and take their part of the cores. Each asks for a slate
of another person and scene as soon as the last has come; every tenth request is feedback. The
baseline is `/livez`, asked in the same way: what HTTP alone takes. Rates are per second with the
95% interval of the seconds' mean; memory is the server's resident set. --full: 60 s instead of 10.
The last line is one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from command import command
from scipy import stats
from stub import Stub, well

from recagent import demo

CLIENTS = 64
SMOKE, QUICK, FULL = 1.0, 10.0, 60.0  # seconds
FEEDBACK_EVERY = 10

Ask = Callable[[aiohttp.ClientSession], Awaitable[tuple[int, str]]]  # status, what was degraded


class Load:
    """Requests as they came back."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.ends: list[float] = []
        self.errors: list[str] = []
        self.degraded: Counter[str] = Counter()

    async def put(self, url: str, ask: Ask, *, seconds: float) -> None:
        """64 clients, each asking again at once, for so long."""
        ends = time.perf_counter() + seconds
        connector = aiohttp.TCPConnector(limit=CLIENTS)
        async with aiohttp.ClientSession(url, connector=connector) as session:

            async def client() -> None:
                while (began := time.perf_counter()) < ends:
                    try:
                        status, degraded = await ask(session)
                    except aiohttp.ClientError as error:
                        self.errors.append(repr(error))
                        continue
                    now = time.perf_counter()
                    self.took.append(now - began)
                    self.ends.append(now)
                    self.degraded[degraded] += bool(degraded)
                    if status >= 400:
                        self.errors.append(str(status))

            await asyncio.gather(*(client() for _ in range(CLIENTS)))

    def figures(self) -> dict[str, float | list[float]]:
        """Rate with its interval, and times in milliseconds."""
        first = min(self.ends)
        counts = [0] * (int(max(self.ends) - first) + 1)
        for end in self.ends:
            counts[int(end - first)] += 1
        whole = counts[:-1] or counts  # the last second is cut
        mean, error = statistics.mean(whole), stats.sem(whole) if len(whole) > 1 else 0.0
        half = float(error) * float(stats.t.ppf(0.975, max(1, len(whole) - 1)))
        cuts = statistics.quantiles(self.took, n=100)
        return {
            "requests": len(self.took),
            "per_second": round(mean, 1),
            "per_second_95": [round(mean - half, 1), round(mean + half, 1)],
            "p50_ms": round(1000 * cuts[49], 1),
            "p99_ms": round(1000 * cuts[98], 1),
            "errors": len(self.errors),
        }


def asks() -> Ask:
    """Slates of the demo's people in its scenes, in a fixed order; feedback in between."""
    chance = random.Random(0)
    scenes = list(demo.settings().scenes)
    shown: list[tuple[str, str, str]] = []
    number = itertools.count(1)

    async def ask(session: aiohttp.ClientSession) -> tuple[int, str]:
        if next(number) % FEEDBACK_EVERY == 0 and shown:
            user, item, impression = shown.pop()
            said = {"user": user, "item": item, "kind": "like", "impression": impression}
            async with session.post("/v1/feedback", json=said) as answer:
                await answer.read()
                return answer.status, ""
        user, scene = f"u{chance.randrange(1650):04}", chance.choice(scenes)
        async with session.post("/v1/recommend", json={"user": user, "scene": scene}) as answer:
            slate = await answer.json()
            if answer.status != 200:
                return answer.status, ""
            if slate["entries"]:
                shown.append((user, slate["entries"][0]["item"]["id"], slate["trace"]["id"]))
            return answer.status, slate["trace"]["degraded"] or ""

    return ask


async def alive(session: aiohttp.ClientSession) -> tuple[int, str]:
    """The baseline."""
    async with session.get("/livez") as answer:
        await answer.read()
        return answer.status, ""


def resident(process: subprocess.Popen[str]) -> float:
    """The resident set of a process in MiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


async def measure(process: subprocess.Popen[str], url: str, seconds: float) -> dict[str, object]:
    """Baseline, warm-up, then the load in two halves, with the memory after each."""
    baseline = Load()
    await baseline.put(url, alive, seconds=seconds / 5)
    ask = asks()
    await Load().put(url, ask, seconds=max(3.0, seconds / 10))  # reads scenes, fills caches
    memory = [resident(process)]
    load = Load()
    for _ in range(2):
        await load.put(url, ask, seconds=seconds / 2)
        memory.append(resident(process))
    for error in sorted(set(load.errors)):
        print("error:", error)
    for reason, count in load.degraded.most_common(3):
        print(f"degraded {count} times: {reason}" if count else "nothing degraded")
    return {
        "clients": CLIENTS,
        "seconds": seconds,
        **load.figures(),
        "degraded": load.degraded.total(),
        "memory_mb": memory,
        "livez": baseline.figures(),
    }


@contextmanager
def served(model: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The server's process and base URL; ended at the end."""
    with tempfile.TemporaryDirectory() as cache:
        variables = {
            **os.environ,
            "XDG_CACHE_HOME": cache,
            "OPENAI_BASE_URL": model,
            "RECAGENT_MODEL__NAME": "stub",
            "RECAGENT_MODEL__KEEP_HOURS": "0",
            "RECAGENT_SERVER__RATE": "0",
        }
        command = [sys.executable, "-m", "recagent", "serve", "--demo", "--port", "0"]
        process = subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            yield process, process.stdout.readline().split()[0]
        finally:
            process.terminate()
            process.wait(30)


async def main(seconds: float) -> None:
    """Start stub and server, measure, print."""
    async with Stub(well(0.0)) as stub:
        with served(stub.url) as (process, url):
            figures = await measure(process, url, seconds)
    await asyncio.sleep(0.1)  # the stub's connections see that it has closed
    for name, value in figures.items():
        print(f"{name:<14} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--quick", action="store_true", help="the default")
    options = parser.parse_args()
    asyncio.run(main(SMOKE if options.smoke else FULL if options.full else QUICK))
