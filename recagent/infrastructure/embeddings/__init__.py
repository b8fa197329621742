"""Embedders: wordllama's static word vectors (the default), an embeddings endpoint, fastembed.

Each gives unit rows, and a row of zeros for a text of which it knows no word.
"""

from recagent.infrastructure.embeddings.endpoint import EmbeddingRequests, EndpointEmbedder
from recagent.infrastructure.embeddings.local import FastEmbedEmbedder, WordLlamaEmbedder
from recagent.infrastructure.embeddings.prefixes import PrefixedEmbedder, prefixes_for
from recagent.infrastructure.embeddings.unit_rows import unit_rows

__all__ = [
    "EmbeddingRequests",
    "EndpointEmbedder",
    "FastEmbedEmbedder",
    "PrefixedEmbedder",
    "WordLlamaEmbedder",
    "prefixes_for",
    "unit_rows",
]
