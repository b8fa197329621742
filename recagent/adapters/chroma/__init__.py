"""The ``ItemIndex`` on Chroma, in a folder that this process owns or on a server."""

from recagent.adapters.chroma.home import Folder, Home, Server
from recagent.adapters.chroma.index import ChromaIndex
from recagent.adapters.chroma.items import fingerprint
from recagent.adapters.chroma.vectors import ChromaVectors

__all__ = ["ChromaIndex", "ChromaVectors", "Folder", "Home", "Server", "fingerprint"]
