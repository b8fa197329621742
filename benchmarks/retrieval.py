"""What finding a scene's candidates costs and misses: the default index against exact search.

    uv run python benchmarks/retrieval.py                        # 12,000 texts, or a kept 100,000
    uv run python benchmarks/retrieval.py --full --texts FOLDER  # half an hour

Not a measure of recommendations: a query is a person's taste, the mean of five items. The index is
kept between runs. CPU is that of all threads, as many as numpy and Chroma start by themselves. The
last line is one JSON object; null is what a run of its size cannot say.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from command import CACHE, command
from kept_index import PAGE, PARTS, SHARED, SMALL, Place, fill, place_of, share

from recagent.infrastructure.vectors import ChromaIndex
from recagent.infrastructure.vectors.index import EXACT_BELOW
from recagent.infrastructure.vectors.scan import Scan

BEST = 50
BATCH = 64
QUERIES = 512
BESIDE = 32  # queries that are also asked of Chroma, or of every scene
SMOKE, QUICK, LARGE, SCENES = 3_000, 12_000, 100_000, 10


async def truth(place: Place, scene: str) -> tuple[list[str], Any]:
    """Ids and (n, d) vectors of a scene, read from Chroma itself."""
    ids = list(await place.index.items(scene))
    row = {item_id: at for at, item_id in enumerate(ids)}
    vectors = np.zeros((0, 0), dtype=np.float32)
    for at in range(0, len(ids), PAGE):
        page = place.raw(scene).get(ids=ids[at : at + PAGE], include=["embeddings"])
        if not len(vectors):
            vectors = np.zeros((len(ids), page["embeddings"].shape[1]), dtype=np.float32)
        vectors[[row[item_id] for item_id in page["ids"]]] = page["embeddings"]
    return ids, vectors


def tastes(vectors: Any, count: int) -> Any:
    """(count, d) float32, unit rows: each the mean of five items, as a person's taste is."""
    chosen = np.random.default_rng(3).integers(0, len(vectors), (count, 5))
    rows = vectors[chosen].mean(axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def recall(found: list[list[str]], ids: list[str], vectors: Any, queries: Any) -> Any:
    """(n,) share of the exact best that was found, of each query."""
    shares = []
    for row, query in zip(found, queries, strict=True):
        best = np.argpartition(vectors @ query, -BEST)[-BEST:]
        shares.append(len({ids[at] for at in best} & set(row)) / len(best))
    return np.asarray(shares)


async def alone(index: ChromaIndex, scene: str, queries: Any) -> tuple[list[list[str]], Any, Any]:
    """What ``ChromaIndex.search`` finds, and CPU and wall milliseconds of each query."""
    found, cpu, wall = [], [], []
    for query in queries:
        cpu_began, wall_began = time.process_time(), time.perf_counter()
        pairs = await index.search(scene, vector=query, limit=BEST, exclude=frozenset())
        cpu.append(1_000 * (time.process_time() - cpu_began))
        wall.append(1_000 * (time.perf_counter() - wall_began))
        found.append([item_id for item_id, _ in pairs])
    return found, np.asarray(cpu), np.asarray(wall)


def batched(vectors: Any, queries: Any) -> Any:
    """CPU milliseconds of each query in a block of them; nothing of recagent asks so today."""
    scan = Scan(vectors, exact_below=EXACT_BELOW)
    scan.best(queries[:BATCH], limit=BEST, without=[()] * len(queries[:BATCH]))
    costs = []
    for at in range(0, len(queries), BATCH):
        block = queries[at : at + BATCH]
        began = time.process_time()
        scan.best(block, limit=BEST, without=[()] * len(block))
        costs.append(1_000 * (time.process_time() - began) / len(block))
    return np.asarray(costs)


def by_chroma(collection: Any, queries: Any, **options: Any) -> tuple[list[list[str]], Any]:
    """What Chroma itself finds, and CPU milliseconds of each query."""
    found, costs = [], []
    for query in queries:
        began = time.process_time()
        result = collection.query(
            query_embeddings=query[None], n_results=BEST, include=["distances"], **options
        )
        costs.append(1_000 * (time.process_time() - began))
        found.append(result["ids"][0])
    return found, np.asarray(costs)


def mean(name: str, values: Any) -> dict[str, float]:
    """The mean, and half of its 95% interval."""
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    return {name: float(np.mean(values)), f"{name}_95": float(half)}


async def first_scene(place: Place) -> dict[str, Any]:
    """Cost and recall in one scene below 10,000 items, in the first large one, and by Chroma."""
    figures: dict[str, Any] = {}
    for kind, scene in (("small", SMALL), ("alone", "scene-0")):
        ids, vectors = await truth(place, scene)
        queries = tastes(vectors, QUERIES)
        await alone(place.index, scene, queries[:4])
        found, cpu, _ = await alone(place.index, scene, queries)
        figures |= mean(f"{kind}_cpu_ms", cpu)
        figures |= mean(f"{kind}_recall", recall(found, ids, vectors, queries))
    figures |= mean("batched_cpu_ms", batched(vectors, queries))
    few = queries[:BESIDE]
    by_chroma(place.raw("scene-0"), few[:4])
    found, cpu = by_chroma(place.raw("scene-0"), few)
    figures |= mean("hnsw_cpu_ms", cpu) | mean("hnsw_recall", recall(found, ids, vectors, few))
    collection, where = share(place, ids, vectors), {"scene": "part-0"}
    by_chroma(collection, few[:1], where=where)
    found, cpu = by_chroma(collection, few, where=where)
    shares = recall(found, ids[::PARTS], vectors[::PARTS], few)
    return figures | mean("shared_cpu_ms", cpu) | mean("shared_recall", shares)


async def everywhere(place: Place, names: list[str]) -> dict[str, Any]:
    """Memory and latency with all large scenes open, queried in turn as one server would."""
    await place.index.scenes()
    before, began = resident(), time.perf_counter()
    for scene in names:
        await place.index.items(scene)
    opening = (time.perf_counter() - began) / len(names)
    memory = resident() - before
    wall, shares = [], []
    for scene in names:
        ids, vectors = await truth(place, scene)
        queries = tastes(vectors, QUERIES)
        await alone(place.index, scene, queries[:4])
        found, _, took = await alone(place.index, scene, queries)
        wall.extend(took)
        shares.extend(recall(found[:BESIDE], ids, vectors, queries[:BESIDE]))
    spread = 1.96 * np.sqrt(len(wall) * 0.99 * 0.01)
    low, middle, high = (
        float(np.sort(wall)[int(np.clip(0.99 * len(wall) + side * spread, 0, len(wall) - 1))])
        for side in (-1, 0, 1)
    )
    return {
        "open_seconds_a_scene": opening,
        "memory_mib": memory,
        "p50_ms": float(np.median(wall)),
        "p99_ms": middle,
        "p99_ms_95": [low, high],
        **mean("all_scenes_recall", shares),
    }


def resident() -> float:
    """MiB that this process holds in memory now; its most so far where that is not told."""
    path = Path("/proc/self/statm")
    if path.is_file():
        return int(path.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


async def measure(place: Place, options: argparse.Namespace) -> dict[str, Any]:
    """All figures, by what a run of this size can say."""
    names = [f"scene-{number}" for number in range(options.scenes)]
    began = time.perf_counter()
    figures = await everywhere(place, names) | await first_scene(place)
    figures["measuring_seconds"] = time.perf_counter() - began
    minutes = sum(place.seconds[name] for name in names) / 60
    at_100k = options.items == LARGE
    at_1m = at_100k and options.scenes == SCENES
    return {
        "cpu_ms_top50_100k": figures["alone_cpu_ms"] if at_100k else None,
        "cpu_ms_top50_100k_batched": figures["batched_cpu_ms"] if at_100k else None,
        "recall_top50_100k": figures["alone_recall"] if at_100k else None,
        "load_minutes_1m": minutes if at_1m else None,
        "p99_ms_1m": figures["p99_ms"] if at_1m else None,
        "items": options.items,
        "scenes": options.scenes,
        "queries": QUERIES,
        "cores": os.cpu_count(),
        "load_minutes": minutes,
        **figures,
    }


def rounded(value: Any) -> Any:
    """Three decimals are enough to read."""
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value


def asked() -> argparse.Namespace:
    """The command line; without a size, the large scene if it is kept, else what fits 40 s."""
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="at most 40 s; the default")
    size.add_argument("--full", action="store_true", help="1,000,000 items in 10 scenes")
    parser.add_argument("--items", type=int, help="in each scene")
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--texts", type=Path, help="a folder with items.tsv files")
    parser.add_argument("--keep", type=Path, default=CACHE / "benchmark-retrieval")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.smoke:
        options.items, options.keep = SMOKE, Path(tempfile.mkdtemp())
    options.scenes = options.scenes or (SCENES if options.full else 1)
    if options.items is None:
        large = place_of(options.keep, options.texts, size=LARGE)
        options.items = LARGE if options.full or SHARED in large.seconds else QUICK
    return options


def main() -> None:
    """Load in a process of its own, then measure and print."""
    options = asked()
    place = place_of(options.keep, options.texts, size=options.items)
    if options.load:
        sizes = {"count": options.scenes, "size": options.items}
        anyio.run(partial(fill, place, options.texts, **sizes))
        return
    load = [sys.executable, __file__, "--load", "--items", str(options.items)]
    load += ["--scenes", str(options.scenes), "--keep", str(options.keep)]
    load += ["--texts", str(options.texts)] if options.texts else []
    subprocess.run(load, check=True)
    figures = anyio.run(measure, place, options)
    for name, value in figures.items():
        print(f"{name:<26} {value}")
    print(json.dumps({name: rounded(value) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
