"""Indexes: the catalogue with its vectors, and vectors that were learned from events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

from recagent.domain import (
    Item,
)

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector


class ItemIndex(Protocol):
    """The catalogue, indexed: one collection of items and vectors per scene.

    What is written can be read once it is published; from then on changes are seen at once by the
    writer, and within seconds by others. The first four methods read, and raise ``RetrievalError``
    before the first publication and for an index that only another embedder has published.
    """

    async def scenes(self) -> Sequence[str]:
        """Names of the scenes that have a collection; none if nothing was ever indexed."""
        ...

    async def items(self, scene: str) -> Mapping[str, Item]:
        """All items of a scene, by id; a new mapping after a change.

        Raises:
            RetrievalError: no such collection.
        """
        ...

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        """(len(ids), d) float32, unit rows, in the order of ``ids``; zeros for one that is gone."""
        ...

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with cosine similarity, best first, none of ``exclude``."""
        ...

    async def width(self, scene: str) -> int:
        """How many numbers a vector of a scene has, published or not; 0 without any."""
        ...

    async def fingerprints(self, scene: str, *, width: int = 0) -> Mapping[str, str]:
        """Content hash of every item that was written, published or not; empty without any.

        A collection that cannot be read, or whose vectors are not of ``width`` numbers where that
        is given, is deleted first, so that it is written anew.
        """
        ...

    async def upsert(self, scene: str, *, items: Sequence[Item], vectors: Matrix) -> None:
        """Add or replace items; creates the collection if it is not there."""
        ...

    async def delete(self, scene: str, *, ids: Sequence[str]) -> None:
        """Remove items."""
        ...

    async def publish(self) -> int:
        """Let all that was written be read, in one step; how many scenes of other embedders stay.

        Those stay for processes that still read them, until ``prune``.
        """
        ...

    async def prune(self, *, keep: AbstractSet[str]) -> int:
        """Delete the scenes of all other embedders, and all but ``keep``; how many there were.

        Raises:
            RetrievalError: this embedder's have not been published.
        """
        ...

    async def close(self) -> None:
        """Let go of the database, so that another process can own it."""
        ...


class ItemVectors(Protocol):
    """Vectors of items that were learned from people's events: one collection per scene."""

    async def vectors(self, scene: str, *, ids: Sequence[str]) -> Matrix:
        """(len(ids), d) float32, in the order of ``ids``; zeros for one that has none."""
        ...

    async def search(
        self, scene: str, *, vector: Vector, limit: int, exclude: AbstractSet[str]
    ) -> Sequence[tuple[str, float]]:
        """Up to ``limit`` item ids with inner product, best first, none of ``exclude``."""
        ...
