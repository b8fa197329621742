"""What finding a scene's candidates costs and misses: the default index against exact search.

    uv run python benchmarks/retrieval.py                        # 16,000 texts, or a kept 100,000
    uv run python benchmarks/retrieval.py --full --texts FOLDER  # docs/performance.md; half an hour

Not a measure of recommendations: a query is a person's taste, the mean of five items. The index is
kept between runs. The last line is one JSON object; null is what a run of its size cannot say.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import platformdirs
from item_texts import scenes, texts

from recagent.adapters.chroma import ChromaIndex, Folder, fingerprint
from recagent.adapters.chroma.sets import HNSW, Embedded
from recagent.adapters.embedders import WordLlamaEmbedder
from recagent.retrieval.indexing import index_items
from recagent.types import Item

BEST = 50
BATCH = 64
QUERIES = 512
FILTERED = 32  # queries of the shared collection, which are slow
SMALL, SMALL_SIZE = "small", 5_000  # a scene that is searched exactly
QUICK, LARGE, SCENES = 16_000, 100_000, 10


@dataclass(frozen=True, slots=True)
class Place:
    """The kept folder, the index in it, and how long each scene took to load."""

    folder: Path
    home: Folder
    index: ChromaIndex
    embedder: WordLlamaEmbedder

    @property
    def seconds(self) -> dict[str, float]:
        path = self.folder / "seconds.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def raw(self, scene: str) -> Any:
        """Chroma's own collection of a scene, made if it is not there."""
        return Embedded(self.embedder.name, self.embedder.version).make(self.home.connect(), scene)

    def took(self, scene: str, seconds: float) -> None:
        path = self.folder / "seconds.json"
        path.write_text(json.dumps(self.seconds | {scene: seconds}))


async def load(place: Place, items: list[Item]) -> None:
    """Index one scene as ``recagent index`` does, unless it is there."""
    scene = items[0].scene
    if scene in place.seconds:
        return
    began = time.perf_counter()
    await index_items(
        items,
        index=place.index,
        embedder=place.embedder,
        fingerprint=fingerprint,
        on_progress=lambda *_: None,
    )
    place.took(scene, time.perf_counter() - began)
    print(f"{scene}: {len(items)} in {place.seconds[scene]:.0f} s", flush=True)


async def held(place: Place, scene: str) -> tuple[list[str], Any]:
    """Ids and (n, d) vectors of a scene, as the index holds them; kept in a file."""
    ids = list(await place.index.items(scene))
    path = place.folder / f"{scene}.npy"
    if not path.is_file():
        parts = [
            await place.index.vectors(scene, ids=ids[at : at + 5_000])
            for at in range(0, len(ids), 5_000)
        ]
        np.save(path, np.concatenate(parts))
    return ids, np.load(path)


def share(place: Place, ids: list[str], vectors: Any) -> Any:
    """One collection of all the items, whose metadata say which of ten scenes they are of."""
    name = "shared"
    collection = place.raw(name)
    if name not in place.seconds:
        began = time.perf_counter()
        for at in range(0, len(ids), 512):
            rows = range(at, min(at + 512, len(ids)))
            collection.upsert(
                ids=[ids[row] for row in rows],
                embeddings=vectors[rows.start : rows.stop],
                metadatas=[{"scene": f"part-{row % SCENES}"} for row in rows],
            )
        place.took(name, time.perf_counter() - began)
    return collection


def tastes(vectors: Any, count: int) -> Any:
    """(count, d) float32, unit rows: each the mean of five items, as a person's taste is."""
    chosen = np.random.default_rng(3).integers(0, len(vectors), (count, 5))
    rows = vectors[chosen].mean(axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def recall(found: list[list[str]], ids: list[str], vectors: Any, queries: Any) -> Any:
    """(n,) share of the exact best that was found, of each query."""
    shares = []
    for row, query in zip(found, queries, strict=True):
        best = np.argsort(-(vectors @ query), kind="stable")[:BEST]
        shares.append(len({ids[at] for at in best} & set(row)) / len(best))
    return np.asarray(shares)


async def alone(place: Place, scene: str, queries: Any) -> tuple[list[list[str]], Any, Any]:
    """What ``ChromaIndex.search`` finds, and CPU and wall milliseconds of each query."""
    found, cpu, wall = [], [], []
    for query in queries:
        cpu_began, wall_began = time.process_time(), time.perf_counter()
        pairs = await place.index.search(scene, vector=query, limit=BEST, exclude=frozenset())
        cpu.append(1_000 * (time.process_time() - cpu_began))
        wall.append(1_000 * (time.perf_counter() - wall_began))
        found.append([item_id for item_id, _ in pairs])
    return found, np.asarray(cpu), np.asarray(wall)


def batched(collection: Any, queries: Any, **options: Any) -> tuple[list[list[str]], float]:
    """What Chroma itself finds for the queries at once, and CPU milliseconds of one query."""
    began = time.process_time()
    result = collection.query(
        query_embeddings=queries, n_results=BEST, include=["distances"], **options
    )
    return result["ids"], 1_000 * (time.process_time() - began) / len(queries)


def mean(values: Any) -> tuple[float, float]:
    """The mean, and half of its 95% interval."""
    return float(np.mean(values)), float(1.96 * np.std(values) / np.sqrt(len(values)))


async def first_scene(place: Place) -> dict[str, Any]:
    """Cost and recall in the first large scene, in one below 10,000, and in a shared collection."""
    figures: dict[str, Any] = {}
    for scene in (SMALL, "scene-0"):
        ids, vectors = await held(place, scene)
        queries = tastes(vectors, QUERIES)
        await alone(place, scene, queries[:4])
        found, cpu, _ = await alone(place, scene, queries)
        kind = "small" if scene == SMALL else "alone"
        figures[f"{kind}_cpu_ms"], figures[f"{kind}_cpu_ms_95"] = mean(cpu)
        shares = recall(found, ids, vectors, queries)
        figures[f"{kind}_recall"], figures[f"{kind}_recall_95"] = mean(shares)
    collection = place.raw("scene-0")
    costs = [batched(collection, queries[at : at + BATCH])[1] for at in range(0, QUERIES, BATCH)]
    figures["batched_cpu_ms"], figures["batched_cpu_ms_95"] = mean(costs)
    return figures | shared(place, ids, vectors, queries[:FILTERED])


def shared(place: Place, ids: list[str], vectors: Any, queries: Any) -> dict[str, Any]:
    """The same queries to one collection of all scenes, filtered by the scene."""
    collection = share(place, ids, vectors)
    where = {"scene": "part-0"}
    batched(collection, queries[:1], where=where)
    answers = [batched(collection, query[None], where=where) for query in queries]
    found = [ids_found[0] for ids_found, _ in answers]
    shares = recall(found, ids[::SCENES], vectors[::SCENES], queries)
    cost, cost_95 = mean([cost for _, cost in answers])
    share_found, share_95 = mean(shares)
    return {
        "shared_cpu_ms": cost,
        "shared_cpu_ms_95": cost_95,
        "shared_recall": share_found,
        "shared_recall_95": share_95,
    }


async def everywhere(place: Place, names: list[str]) -> dict[str, Any]:
    """Memory and latency with all large scenes open, queried in turn as one server would."""
    queries = {}
    for scene in names:
        ids = list(await place.index.items(scene))
        chosen = np.random.default_rng(4).choice(len(ids), 5 * QUERIES)
        vectors = await place.index.vectors(scene, ids=[ids[at] for at in chosen])
        queries[scene] = tastes(vectors, QUERIES)
        await alone(place, scene, queries[scene][:4])
    memory = resident()
    wall = np.sort(
        np.concatenate([(await alone(place, scene, queries[scene]))[2] for scene in names])
    )
    spread = 1.96 * np.sqrt(len(wall) * 0.99 * 0.01)
    low, middle, high = (
        float(wall[int(np.clip(0.99 * len(wall) + side * spread, 0, len(wall) - 1))])
        for side in (-1, 0, 1)
    )
    return {"p50_ms": float(np.median(wall)), "p99_ms": middle, "p99_ms_95": [low, high]} | {
        "memory_mib": memory
    }


def resident() -> float:
    """MiB that this process holds in memory now; its most so far where that is not told."""
    path = Path("/proc/self/statm")
    if path.is_file():
        return int(path.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def place_of(options: argparse.Namespace) -> Place:
    """The kept folder of these texts, this size and these settings of the index."""
    real = texts(options.texts)
    state = json.dumps([real, options.items, HNSW, WordLlamaEmbedder().version])
    digest = hashlib.blake2b(state.encode(), digest_size=4).hexdigest()
    folder = options.keep / f"{options.items}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    home, embedder = Folder(folder / "chroma"), WordLlamaEmbedder()
    index = ChromaIndex(home, embedder=embedder.name, version=embedder.version)
    return Place(folder, home, index, embedder)


async def fill(place: Place, options: argparse.Namespace) -> None:
    """Load what is not there yet."""
    names = [f"scene-{number}" for number in range(options.scenes)]
    if place.seconds.keys() >= {*names, SMALL}:
        return
    for items in scenes(options.texts, count=options.scenes, size=options.items):
        await load(place, items)
    for items in scenes(options.texts, count=1, size=min(SMALL_SIZE, options.items)):
        await load(place, [replace(item, scene=SMALL) for item in items])


async def measure(place: Place, options: argparse.Namespace) -> dict[str, Any]:
    """All figures, by what a run of this size can say."""
    names = [f"scene-{number}" for number in range(options.scenes)]
    figures = await everywhere(place, names) | await first_scene(place)
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="at most 40 s; the default")
    size.add_argument("--full", action="store_true", help="1,000,000 items in 10 scenes")
    parser.add_argument("--items", type=int, help="in each scene")
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--texts", type=Path, help="a folder with items.tsv files")
    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    parser.add_argument("--keep", type=Path, default=cache / "benchmark-retrieval")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.scenes = options.scenes or (SCENES if options.full else 1)
    if options.items is None:
        options.items = LARGE
        if not options.full and "shared" not in place_of(options).seconds:
            options.items = QUICK
    return options


def main() -> None:
    """Load in a process of its own, then measure and print."""
    options = asked()
    place = place_of(options)
    if options.load:
        anyio.run(fill, place, options)
        return
    command = [sys.executable, __file__, "--load", "--items", str(options.items)]
    command += ["--scenes", str(options.scenes), "--keep", str(options.keep)]
    command += ["--texts", str(options.texts)] if options.texts else []
    subprocess.run(command, check=True)
    figures = anyio.run(measure, place, options)
    for name, value in figures.items():
        print(f"{name:<26} {value}")
    print(json.dumps({name: rounded(value) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
