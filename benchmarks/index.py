"""How fast Chroma takes vectors, what it finds again, and how its metadata are best read.

    uv run python benchmarks/index.py     # five minutes

The vectors are the default embedder's of made titles, the queries means of five of them.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from typing import Any

import anyio
import chromadb
import numpy as np
from command import command
from loading import WORDS

from recagent.infrastructure.embeddings import WordLlamaEmbedder

QUERIES = 200
BEST = 50
PAGE = 5_000


def unit(rows: Any) -> Any:
    """The rows, each of length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def titles(count: int) -> Any:
    """(count, 256) float32, unit rows: what the default embedder says of made titles."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=5)) for _ in range(count)]
    return anyio.run(WordLlamaEmbedder().embed, texts)


def tastes(vectors: Any) -> Any:
    """(QUERIES, 256) float32, unit rows: each the mean of five titles, as a person's taste is."""
    chosen = np.random.default_rng(2).integers(0, len(vectors), (QUERIES, 5))
    return unit(vectors[chosen].mean(axis=1))


def inserted(client: Any, name: str, vectors: Any, *, batch: int, threshold: int) -> Any:
    """A collection with the vectors, and a line about it on standard output."""
    collection = client.create_collection(
        name,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "sync_threshold": threshold}},
    )
    begin = time.perf_counter()
    for start in range(0, len(vectors), batch):
        part = vectors[start : start + batch]
        ids = [f"i{number}" for number in range(start, start + len(part))]
        collection.upsert(ids=ids, embeddings=part, metadatas=[{"item": "x" * 200}] * len(part))
    seconds = time.perf_counter() - begin
    queries = tastes(vectors)
    found = collection.query(query_embeddings=queries, n_results=BEST, include=[])["ids"]
    nearest = np.argsort(-(queries @ vectors.T), axis=1)[:, :BEST]
    hits = [len({f"i{n}" for n in row} & set(ids)) for row, ids in zip(nearest, found, strict=True)]
    line = {"batch": batch, "sync_threshold": threshold, "vectors/s": round(len(vectors) / seconds)}
    print(json.dumps({**line, "recall@50": round(sum(hits) / BEST / QUERIES, 3)}), flush=True)
    return collection


def read(collection: Any, count: int) -> None:
    """Print the seconds that reading all metadata takes, by pages of ids and of offsets."""
    begin = time.perf_counter()
    ids = sorted(collection.get(include=[])["ids"])
    for start in range(0, count, PAGE):
        collection.get(ids=ids[start : start + PAGE], include=["metadatas"])
    by_ids = time.perf_counter() - begin
    begin = time.perf_counter()
    for offset in range(0, count, PAGE):
        collection.get(limit=PAGE, offset=offset, include=["metadatas"])
    by_offset = time.perf_counter() - begin
    print(json.dumps({"by ids": round(by_ids, 2), "by offset": round(by_offset, 2)}))


def main() -> None:
    """Print one JSON object a line."""
    parser = command(__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    options = parser.parse_args()
    count = 1_000 if options.smoke else options.vectors
    vectors = titles(count)
    with tempfile.TemporaryDirectory() as folder:
        client = chromadb.PersistentClient(folder)
        for batch, threshold in ((512, 1_000), (5_000, 1_000), (512, 10_000)):
            name = f"of-{batch}-{threshold}"
            collection = inserted(client, name, vectors, batch=batch, threshold=threshold)
        read(collection, count)


if __name__ == "__main__":
    main()
