"""The ``ItemIndex`` on Chroma, in a folder that this process owns or on a server."""

from recagent.infrastructure.vectors.home import Folder, Home, Server
from recagent.infrastructure.vectors.index import ChromaIndex
from recagent.infrastructure.vectors.items import fingerprint
from recagent.infrastructure.vectors.vectors import ChromaVectors

__all__ = ["ChromaIndex", "ChromaVectors", "Folder", "Home", "Server", "fingerprint"]
