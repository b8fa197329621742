"""Whether one request stops the others: how fast `/livez` answers beside each heavy request.

    uv run python benchmarks/serve_attacks.py

The server is a process of its own on the demo's data, without a model, in an empty cache. While a
heavy request is under way, and until twenty answers are in, one kept connection asks `/livez` as
soon as the last answer has come. Then `/livez` alone on a kept connection, and beside 1,000
connections that have sent half of their headers. Times in milliseconds; the last line is one JSON
object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from command import command
from serve_load import served

LEAST = 20  # answers of `/livez` beside a heavy request
KEPT = 500  # of a kept connection alone
HALF_OPEN = 1_000
SMOKE = ("a list of 5", "what if, with 20 conditions")  # the heavy requests of a smoke run
PATIENCE = 120.0  # seconds for a heavy request

_HORROR = {"attribute": "genres", "operator": "is not", "value": "Horror"}
_SAID = {"role": "user", "content": "a quiet film about the sea"}


def _constraints(count: int, value: object) -> dict[str, Any]:
    wanted = [{"attribute": "", "operator": "does not mention", "value": value}] * count
    return {"user": "u0001", "scene": "comedy", "constraints": wanted}


def heavy_requests(scene: str, item: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The path and the body of each heavy request, by what is heavy in it; ``item`` is listed."""
    known = {"user": "u0001", "scene": scene}
    words = " ".join(f"word{number} sea" for number in range(320))[:3900]
    turns = [_SAID, {"role": "assistant", "content": "1. **A film** (2001)\n" * 20}]
    chat = {"model": "recagent", "user": "u0001"}
    return {
        "a list of 5": ("/v1/recommend", known),
        "a list of 100": ("/v1/recommend", {**known, "k": 100, "reasons": True}),
        "a wish of 3,900 characters": ("/v1/recommend", {**known, "wish": words}),
        "100 conditions": ("/v1/recommend", {**_constraints(100, "sea"), "scene": scene}),
        "100 conditions of 300 values": (
            "/v1/recommend",
            {**_constraints(100, [f"v{number:04}" for number in range(300)]), "scene": scene},
        ),
        "10 conditions of 10 values": (
            "/v1/recommend",
            {**_constraints(10, [f"v{number:04}" for number in range(10)]), "scene": scene},
        ),
        "20 conditions of 25 values": (
            "/v1/recommend",
            {**_constraints(20, [f"v{number:04}" for number in range(25)]), "scene": scene},
        ),
        "a condition of 900,000 characters": (
            "/v1/recommend",
            {**_constraints(1, "sea " * 225_000), "scene": scene},
        ),
        "100 preferences": (
            "/v1/recommend",
            {"user": "u0001", "scene": scene, "preferences": [_HORROR] * 100},
        ),
        "why not, with 20 conditions": (
            "/v1/question",
            {**_constraints(20, "sea"), "scene": scene, "item": item, "about": "why not"},
        ),
        "what if, with 20 conditions": (
            "/v1/question",
            {**_constraints(20, "sea"), "scene": scene, "item": item, "about": "what if"},
        ),
        "a talk of 100 turns": ("/v1/chat/completions", {**chat, "messages": [*turns * 50, _SAID]}),
        "a talk of 15 MB": (
            "/v1/chat/completions",
            {**chat, "messages": [*turns * 25_000, _SAID]},
        ),
        "a turn of 15 MB": (
            "/v1/chat/completions",
            {**chat, "messages": [{"role": "assistant", "content": "[" * 15_000_000}, _SAID]},
        ),
    }


async def alive(session: aiohttp.ClientSession, took: list[float]) -> None:
    """Ask once whether the process answers, and note how long that took."""
    began = time.perf_counter()
    async with session.get("/livez") as answer:
        await answer.read()
    took.append(1000 * (time.perf_counter() - began))


def figures(took: list[float]) -> dict[str, float]:
    """The median, the 99th percentile and the longest of some times."""
    ordered = sorted(took)
    last = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {
        "answers": len(ordered),
        "p50": round(statistics.median(ordered), 1),
        "p99": round(last, 1),
        "most": round(ordered[-1], 1),
    }


async def beside(url: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The times of `/livez` while a heavy request is under way, and what that came to."""
    took: list[float] = []
    data = json.dumps(body).encode()
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with (
        aiohttp.ClientSession(url, timeout=timeout) as session,
        aiohttp.ClientSession(url, timeout=timeout) as other,
    ):
        await alive(session, [])

        async def heavy() -> tuple[str, float]:
            began = time.perf_counter()
            typed = {"Content-Type": "application/json"}
            try:
                async with other.post(path, data=data, headers=typed) as answer:
                    await answer.read()
                    return str(answer.status), time.perf_counter() - began
            except (aiohttp.ClientError, TimeoutError) as error:
                return type(error).__name__, time.perf_counter() - began

        asked = asyncio.create_task(heavy())
        while not asked.done() or len(took) < LEAST:
            await alive(session, took)
        status, seconds = await asked
    return {"status": status, "seconds": round(seconds, 2), **figures(took)}


async def half_open(url: str, count: int) -> dict[str, float]:
    """The times of `/livez` on new connections, beside many that have sent half a request."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    opened: list[asyncio.StreamWriter] = []
    took: list[float] = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-")
        opened.append(writer)
    for _ in range(LEAST):
        async with aiohttp.ClientSession(url) as session:
            await alive(session, took)
    for writer in opened:
        writer.close()
    return figures(took)


async def main(*, smoke: bool) -> None:
    """Start the server, measure, print."""
    kept, opened = (LEAST, LEAST) if smoke else (KEPT, HALF_OPEN)
    results: dict[str, dict[str, Any]] = {}
    with served("") as (_, url):
        async with aiohttp.ClientSession(url) as session:
            async with session.get("/v1/scenes") as answer:
                scene = (await answer.json())["scenes"][0]["name"]
            async with session.post(
                "/v1/recommend", json={"user": "u0001", "scene": scene}
            ) as answer:
                item = (await answer.json())["entries"][0]["item"]["id"]
            took: list[float] = []
            for _ in range(kept):
                await alive(session, took)
            results["kept connection alone"] = figures(took)
        for name, (path, body) in heavy_requests(scene, item).items():
            if smoke and name not in SMOKE:
                continue
            results[name] = await beside(url, path, body)
            print(f"{name:<36} {results[name]}", flush=True)
        results[f"{opened:,} half-open connections"] = await half_open(url, opened)
    for name in ("kept connection alone", f"{opened:,} half-open connections"):
        print(f"{name:<36} {results[name]}")
    print(json.dumps(results))


if __name__ == "__main__":
    asyncio.run(main(smoke=command(__doc__).parse_args().smoke))
