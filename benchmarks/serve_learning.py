"""What requests wait for while `recagent serve` learns beside them.

    uv run python benchmarks/serve_learning.py      # some minutes

The server is a process of its own on the bundled films, in an empty cache, with learning as it is
by default: it begins to learn when it starts. One client asks for a slate of another person and
scene, and rests a tenth of a second after each, until lists are by what was learned, and as long
again after it. Printed are how many slates each head ranked, and how long they took. The last
line is one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import aiohttp
from command import command

from recagent import demo

REST = 0.1  # seconds between two requests
LONGEST = 900.0  # seconds to wait for what is learned
FEWEST = 200  # slates after the swap


async def ask(url: str, *, longest: float, fewest: int) -> dict[str, list[float]]:
    """How long slates took, by the head that ranked them, in the order in which these came."""
    chance, scenes = random.Random(0), list(demo.settings().scenes)
    took: dict[str, list[float]] = {}
    ends = time.monotonic() + longest
    async with aiohttp.ClientSession(url) as session:
        while time.monotonic() < ends:
            body = {"user": f"u{chance.randrange(1650):04}", "scene": chance.choice(scenes)}
            began = time.perf_counter()
            async with session.post("/v1/recommend", json=body) as answer:
                slate = await answer.json()
                answer.raise_for_status()
            if head := slate["trace"]["head"]:  # else the person likes nothing
                took.setdefault(head, []).append(time.perf_counter() - began)
            first, *later = took.values() or [[]]
            if later and len(later[-1]) >= max(fewest, len(first)):
                break
            await asyncio.sleep(REST)
    return took


def figures(took: list[float]) -> dict[str, float]:
    """Times in milliseconds."""
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    return {
        "slates": len(took),
        "p50_ms": round(1000 * cuts[49], 1),
        "p99_ms": round(1000 * cuts[98], 1),
        "longest_ms": round(1000 * max(took), 1),
    }


def main() -> None:
    """Start the server, ask, print."""
    options = command(__doc__).parse_args()
    longest, fewest = (5.0, 1) if options.smoke else (LONGEST, FEWEST)
    with tempfile.TemporaryDirectory() as cache:
        variables = {"XDG_CACHE_HOME": cache, "RECAGENT_MODEL__KIND": "none",
                     "RECAGENT_LEARN__AUTOMATIC": "true", "RECAGENT_SERVER__RATE": "0"}  # fmt: skip
        server = subprocess.Popen(
            [sys.executable, "-m", "recagent", "serve", "--demo", "--port", "0"],
            env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None  # noqa: S101 - it is a pipe
            url = server.stdout.readline().split()[0]
            took = asyncio.run(ask(url, longest=longest, fewest=fewest))
        finally:
            server.terminate()
            server.wait(timeout=60)
    named = zip(("while it learns", "after the swap"), took.items(), strict=False)
    table = {name: {"head": head, **figures(times)} for name, (head, times) in named}
    print(json.dumps(table))


if __name__ == "__main__":
    main()
