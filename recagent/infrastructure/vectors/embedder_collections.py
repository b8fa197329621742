"""Which collections belong together: those of one embedder, readable once they are published.

Every embedder has its own collections, so a catalogue is embedded again beside the old vectors. An
empty collection, the record, says that an embedder's set is complete; Chroma creates a collection
in one SQL transaction, so all its scenes become readable at once or not at all.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from recagent.errors import RetrievalError
from recagent.locale import LocalizedText

if TYPE_CHECKING:
    import chromadb
    from chromadb.api import ClientAPI

# Larger batches and rarer writes of the vector files were measured and change nothing.
HNSW = {"space": "cosine", "ef_search": 1600}

_PLAIN_NAME = re.compile(r"[a-zA-Z0-9_-]{1,50}")
_CHANGING = "changing "  # in the stamp of a scene that is written to, or was when a kill came
_KIND = "recagent"  # the metadata key that tells our collections from others' on a server


@dataclass(frozen=True, slots=True)
class EmbedderCollections:
    """The collections made by one version of one embedder."""

    name: str
    version: str

    def published(self, client: ClientAPI, where: str) -> dict[str, str]:
        """The set's scenes, each with a stamp that changes whenever the scene does.

        There are none if nothing at all has been published in this database.

        Args:
            client: of the database.
            where: what messages call it.

        Raises:
            RetrievalError: the set has not been published, or only another embedder's has.
        """
        ours = _ours(client)
        record = ours.get(self._record)
        mine = [metadata for name, metadata in ours.items() if self._holds(name, metadata)]
        if record is None:
            self._refuse(where, begun=bool(mine), others=_records(ours))
            return {}
        return {m["scene"]: f"{record['changed']} {m['changed']}" for m in mine}

    def find(self, client: ClientAPI, scene: str) -> chromadb.Collection | None:
        """The scene's collection, opened without Chroma's own (downloading) embedding function."""
        from chromadb.errors import NotFoundError  # noqa: PLC0415 - one and a half seconds

        try:
            return client.get_collection(self._collection(scene), embedding_function=None)
        except NotFoundError:
            return None

    def make(self, client: ClientAPI, scene: str) -> chromadb.Collection:
        """The scene's collection, created if it is not there."""
        return client.get_or_create_collection(
            self._collection(scene),
            embedding_function=None,
            metadata=self._describe("scene", scene),
            configuration=cast("Any", {"hnsw": HNSW}),
        )

    def stamp(self, collection: chromadb.Collection, *, is_changing: bool) -> None:
        """Let all readers see that the scene has changed, or is about to.

        What is read while it changes is of no stamp, and must not be kept: a kill could leave it.
        """
        scene = str((collection.metadata or {})["scene"])
        described = self._describe("scene", scene)
        if is_changing:
            described["changed"] = _CHANGING + described["changed"]
        collection.modify(metadata=described)

    @staticmethod
    def is_changing(stamp: str) -> bool:
        """Whether a scene was being written when it had this stamp."""
        return _CHANGING in stamp

    def publish(self, client: ClientAPI) -> int:
        """Make the set readable; how many scenes of other embedders there are.

        The record is stamped each time: a run that was killed between a write and its stamp is
        seen at the latest when the next one ends, and what it left is of a stamp again.
        """
        described = self._describe("published", "")
        record = client.get_or_create_collection(
            self._record, embedding_function=None, metadata=described
        )
        record.modify(metadata=described)
        for name, metadata in _ours(client).items():
            if self._holds(name, metadata) and self.is_changing(metadata["changed"]):
                self.stamp(client.get_collection(name, embedding_function=None), is_changing=False)
        return sum(self._is_foreign_scene(metadata) for metadata in _ours(client).values())

    def prune(self, client: ClientAPI, keep: AbstractSet[str]) -> int:
        """Delete all collections of other embedders and all scenes but ``keep``; how many scenes.

        Raises:
            RetrievalError: this embedder's set has not been published.
        """
        ours = _ours(client)
        if self._record not in ours:
            raise RetrievalError(
                "nothing was deleted: embedder {embedder!r} {version!r} has no finished index "
                "yet; run 'recagent index' first",
                embedder=self.name,
                version=self.version,
            )
        others = {name: m for name, m in ours.items() if not self._made(m)}
        others |= {
            name: m for name, m in ours.items() if self._holds(name, m) and m["scene"] not in keep
        }
        # A record goes before its scenes: what is half deleted must not be readable.
        for name in sorted(others, key=lambda name: others[name][_KIND] != "published"):
            client.delete_collection(name)
        return sum(metadata[_KIND] == "scene" for metadata in others.values())

    @property
    def _mark(self) -> str:
        return _short_hash(self.name, self.version)

    @property
    def _record(self) -> str:
        return f"published.{self._mark}"

    def _collection(self, scene: str) -> str:
        plain = scene if _PLAIN_NAME.fullmatch(scene) else _short_hash(scene)
        return f"scene.{plain}.{self._mark}"

    def _describe(self, kind: str, scene: str) -> dict[str, str]:
        return {
            _KIND: kind,
            "scene": scene,
            "embedder": self.name,
            "embedder_version": self.version,
            "changed": uuid.uuid4().hex,
        }

    def _made(self, metadata: Mapping[str, str]) -> bool:
        return (metadata["embedder"], metadata["embedder_version"]) == (self.name, self.version)

    def _holds(self, name: str, metadata: Mapping[str, str]) -> bool:
        return name == self._collection(metadata["scene"]) and self._made(metadata)

    def _is_foreign_scene(self, metadata: Mapping[str, str]) -> bool:
        return metadata[_KIND] == "scene" and not self._made(metadata)

    def _refuse(self, where: str, *, begun: bool, others: list[Mapping[str, str]]) -> None:
        if others:
            embedders = ", ".join(f"{m['embedder']!r} {m['embedder_version']!r}" for m in others)
            unfinished = LocalizedText(" (indexing with it has not finished)") if begun else ""
            raise RetrievalError(
                "{index} was indexed with {embedders}, but the settings name {name!r} "
                "{version!r}{unfinished}; change [embedder] back, or run 'recagent index' to "
                "embed the catalogue again (the old index is kept)",
                index=where,
                embedders=embedders,
                name=self.name,
                version=self.version,
                unfinished=unfinished,
            )
        if begun:
            raise RetrievalError(
                "{index}: indexing has not finished; run 'recagent index' to continue", index=where
            )


def _ours(client: ClientAPI) -> dict[str, Mapping[str, str]]:
    """Metadata of all collections that recagent made, by name."""
    collections = {
        collection.name: collection.metadata or {} for collection in client.list_collections()
    }
    return {
        name: {key: str(value) for key, value in metadata.items()}
        for name, metadata in collections.items()
        if _KIND in metadata
    }


def _records(ours: Mapping[str, Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [metadata for metadata in ours.values() if metadata[_KIND] == "published"]


def _short_hash(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=6).hexdigest()
