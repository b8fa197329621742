"""The ``ItemIndex`` on Chroma, in a folder that this process owns or on a server."""

from recagent.infrastructure.vectors.connection import ChromaConnection, ChromaFolder, ChromaServer
from recagent.infrastructure.vectors.index import ChromaIndex
from recagent.infrastructure.vectors.item_metadata import fingerprint
from recagent.infrastructure.vectors.learned_vectors import ChromaVectors

__all__ = [
    "ChromaConnection",
    "ChromaFolder",
    "ChromaIndex",
    "ChromaServer",
    "ChromaVectors",
    "fingerprint",
]
