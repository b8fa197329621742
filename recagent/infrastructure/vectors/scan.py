"""Nearest rows of a matrix in memory: exactly, or in two passes where there are many.

Where the rows come from, and which item a row is, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from recagent.array_cache import Arrays

if TYPE_CHECKING:
    from recagent.domain.arrays import Indices, Matrix, Vector


# Chosen on people's tastes in 100,000 real texts, see docs/research/performance.md.
_SHARE = 0.85  # of the squared length of all rows lies along the axes of the first pass
_KEPT = 100  # one row in so many goes into the second pass,
_KEPT_OF_LIMIT = 20  # and at least so many for each that is wanted
_SAMPLE = 20_000  # rows that tell the axes
_BLOCK = 5_000  # rows turned at once


class Scan:
    """Rows turned to their principal axes, the strongest axes apart from the rest.

    The first pass scores all rows by the strongest axes alone, the second adds the other axes for
    those that did best. So a good row may be missed; the score of one that is found is exact.
    """

    def __init__(self, matrix: Matrix, *, exact_below: int) -> None:
        """``matrix`` is (n, d) float32; up to ``exact_below`` rows take one pass over all axes."""
        if len(matrix) <= exact_below:
            self._axes: Matrix | None = None
            self._strong = np.ascontiguousarray(matrix.T)  # (axes, n)
            return
        axes, width = _principal(matrix[:: -(-len(matrix) // _SAMPLE)])
        self._axes = axes
        self._strong = np.empty((width, len(matrix)), dtype=np.float32)
        self._rest = np.empty((len(matrix), len(axes) - width), dtype=np.float32)
        for start in range(0, len(matrix), _BLOCK):
            block = slice(start, start + _BLOCK)
            turned = matrix[block] @ axes
            self._strong[:, block] = turned[:, :width].T
            self._rest[block] = turned[:, width:]

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Scan:
        """The scan whose ``arrays`` these are."""
        scan = cls(arrays["strong"].T, exact_below=arrays["strong"].shape[1])
        if "axes" in arrays:
            scan._axes, scan._rest = arrays["axes"], arrays["rest"]
        return scan

    @property
    def arrays(self) -> Arrays:
        """All that it is made of."""
        if self._axes is None:
            return {"strong": self._strong}
        return {"strong": self._strong, "axes": self._axes, "rest": self._rest}

    @property
    def is_exact(self) -> bool:
        """Whether no row can be missed."""
        return self._axes is None

    def rows(self, wanted: Sequence[int]) -> Matrix:
        """(len(wanted), d) float32, as they were given but for rounding."""
        chosen = list(wanted)
        strong = self._strong[:, chosen].T
        if self._axes is None:
            return strong
        return np.hstack([strong, self._rest[chosen]]) @ self._axes.T

    def rows_of(self, places: Mapping[str, int], ids: Sequence[str]) -> Matrix:
        """(len(ids), d) float32, in the order of ``ids``; zeros for one that has no place."""
        there = [at for at, key in enumerate(ids) if key in places]
        present = self.rows([places[ids[at]] for at in there])
        vectors = np.zeros((len(ids), present.shape[1]), dtype=np.float32)
        vectors[there] = present
        return vectors

    def best(
        self, queries: Matrix, *, limit: int, without: Sequence[Sequence[int]]
    ) -> list[tuple[Indices, Vector]]:
        """Of each query, up to ``limit`` rows with their inner products, best first.

        Rows that are equally good come in the order in which they were given.

        Args:
            queries: (m, d) float32; many at once cost less than one after the other.
            limit: at least 1.
            without: of each query, distinct rows that are left out.
        """
        turned = queries if self._axes is None else queries @ self._axes
        width = len(self._strong)
        best_rows: list[tuple[Indices, Vector]] = []
        first = self._first(turned[:, :width])
        for scores, rest, gone in zip(first, turned[:, width:], without, strict=True):
            scores[list(gone)] = -np.inf
            count = min(limit, len(scores) - len(gone))
            best_rows.append(self._second(scores, rest, limit, count))
        return best_rows

    def _first(self, queries: Matrix) -> Matrix:
        """(m, n) inner products along the strongest axes."""
        if len(queries) == 1:
            # The threads of a matrix product wait for each other, busily: at one query, which only
            # reads memory, that costs more than it saves.
            return np.asarray(np.einsum("ji,j->i", self._strong, queries[0]))[None]
        return queries @ self._strong

    def _second(
        self, scores: Vector, rest: Vector, limit: int, count: int
    ) -> tuple[Indices, Vector]:
        """The best ``count`` rows; their (n,) ``scores`` lack the (d - width,) axes of ``rest``."""
        if self._axes is None:
            chosen = _highest(scores, limit)
            full = scores[chosen]
        else:
            chosen = _highest(scores, max(len(scores) // _KEPT, limit * _KEPT_OF_LIMIT))
            full = scores[chosen] + np.einsum("ij,j->i", self._rest[chosen], rest)
        order = np.argsort(-full, kind="stable")[:count]
        return chosen[order], full[order]


def _highest(scores: Vector, count: int) -> Indices:
    """Places of the highest, ascending: ``count`` of them, and all that equal the last."""
    if count >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= np.partition(scores, -count)[-count])


def _principal(sample: Matrix) -> tuple[Matrix, int]:
    """The principal axes as columns, strongest first, and how many hold ``_SHARE``."""
    strength, axes = cast("tuple[Vector, Matrix]", np.linalg.eigh(sample.T @ sample))
    cumulative = np.cumsum(strength[::-1].clip(min=0))
    width = int(np.sum(cumulative < _SHARE * cumulative[-1])) + 1
    return np.ascontiguousarray(axes[:, ::-1]), min(width, len(axes))
