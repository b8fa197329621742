"""Loads the catalogue of a config file in small steps, each told on stdout; made to be killed.

Vector files are written often, so that kills meet them too.
"""

import sys
from functools import partial
from pathlib import Path

import anyio

from recagent import bootstrap
from recagent.bootstrap import storage
from recagent.config.settings import load
from recagent.infrastructure.vectors import embedder_collections
from recagent.ingest import loading
from recagent.retrieval import indexing
from recagent.testing import HashEmbedder

indexing.BATCH = 16
loading._BATCH = 40
embedder_collections.HNSW = {**embedder_collections.HNSW, "sync_threshold": 40}
bootstrap.embedder = storage.embedder = lambda _: HashEmbedder()


def tell(stage, done, _):
    sys.stdout.write(f"{stage} {done}\n")
    sys.stdout.flush()


anyio.run(partial(loading.load_catalogue, load(Path(sys.argv[1])), on_progress=tell))
