"""Start-up and slates in seconds: help beside its peer, the first demo, a first and a warm slate.

    uv run python benchmarks/latency.py

Help is a ratio to `python -c "import typer"`, run in turns; the demo starts from an empty cache.
Medians; the last line is one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from command import command

from recagent import demo
from recagent.api import Recommender
from recagent.cli.progress import prepared_demo

RUNS = 11
SLATES = 10


def seconds(command: list[str], environment: dict[str, str] | None = None) -> float:
    """Wall time of a process that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    smoke = command(__doc__).parse_args().smoke
    helps, peers = [], []
    for _ in range(1 if smoke else RUNS):
        helps.append(seconds([sys.executable, "-m", "recagent", "--help"]))
        peers.append(seconds([sys.executable, "-c", "import typer"]))
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        shown = [sys.executable, "-m", "recagent", "demo", "--json"]
        first = seconds(shown, environment)
        second = seconds(shown, environment)
    with Recommender.from_settings(prepared_demo(model={"keep_hours": 0})) as recommender:
        recommender.recommend(demo.PERSON, scene=demo.NEW_SCENE)
        warm = [
            recommender.recommend(f"u{number:04}", scene=demo.NEW_SCENE).trace
            for number in range(100, 101 if smoke else 100 + SLATES)
        ]
    figures = {
        "help_seconds": round(statistics.median(helps), 3),
        "help_over_import_typer": round(statistics.median(helps) / statistics.median(peers), 2),
        "first_demo_seconds": round(first, 1),
        "second_demo_seconds": round(second, 1),
        "warm_slate_seconds": round(statistics.median(trace.seconds for trace in warm), 2),
        "warm_slate_seconds_max": round(max(trace.seconds for trace in warm), 2),
        "warm_slate_tokens_max": max(trace.usage.prompt for trace in warm),
        "degraded": sum(trace.degraded is not None for trace in warm),
    }
    for name, value in figures.items():
        print(f"{name:<26} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
