"""Settings to the event store, the index, learned vectors and the embedder."""

from __future__ import annotations

from recagent.array_cache import ArrayCache
from recagent.bootstrap.language_models import embeddings_endpoint
from recagent.config.settings import Settings
from recagent.infrastructure.embeddings import (
    FastEmbedEmbedder,
    PrefixedEmbedder,
    WordLlamaEmbedder,
    prefixes_for,
)
from recagent.infrastructure.storage import SqlEventStore
from recagent.infrastructure.vectors import (
    ChromaConnection,
    ChromaFolder,
    ChromaIndex,
    ChromaServer,
    ChromaVectors,
)
from recagent.ports import Embedder


def event_store(settings: Settings) -> SqlEventStore:
    """The store of people and events; creates its file and tables if they are not there."""
    return SqlEventStore(store_url(settings))


def store_url(settings: Settings) -> str:
    """The address of the event store: ``store_url``, or a file in the data folder."""
    return settings.store_url or f"sqlite:///{settings.data_dir / 'store.db'}"


def index(settings: Settings, place: ChromaConnection | None = None) -> ChromaIndex:
    """The index, bound to the settings' embedder; it opens its folder or server at first use."""
    made_by = embedder(settings)
    place = place or home(settings)
    return ChromaIndex(
        place, embedder=made_by.name, version=made_by.version, cache=kept_files(settings)
    )


def kept_files(settings: Settings) -> ArrayCache:
    """Where what takes long to make is kept for the next process; it may be deleted."""
    return ArrayCache(settings.data_dir / "kept")


def home(settings: Settings) -> ChromaConnection:
    """Where the settings' Chroma database is; nothing is opened."""
    url = settings.index.url
    return ChromaServer(url) if url else ChromaFolder(settings.data_dir / "chroma")


def is_index_taken(settings: Settings) -> bool:
    """Whether another process has the settings' index folder open; never true of a server."""
    place = home(settings)
    return isinstance(place, ChromaFolder) and place.is_taken()


def learned_vectors(
    settings: Settings, place: ChromaConnection, *, source: str, version: str
) -> ChromaVectors:
    """A source's vectors, learned with the head of this name; the index closes their place."""
    return ChromaVectors(place, name=source, version=version, cache=kept_files(settings))


def embedder(settings: Settings) -> Embedder:
    """The embedder that ``[embedder]`` names; who makes one closes it.

    Raises:
        ConfigError: an endpoint without a name or an address, or what it needs is not installed.
    """
    section = settings.embedder
    if section.kind == "wordllama":
        return WordLlamaEmbedder()
    made = (
        FastEmbedEmbedder(name=section.name)
        if section.kind == "fastembed"
        else embeddings_endpoint(settings)
    )
    prefixes = prefixes_for(made.name) if section.prefixes == "auto" else section.prefixes
    return PrefixedEmbedder(made, prefixes) if any(prefixes.values()) else made
