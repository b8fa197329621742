"""Which of very many rows are repeats: counted on disk, in memory that does not grow with them.

It knows numbers and keys only, not what they stand for.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Integers

_BUCKETS = 64
_BUFFER = 1 << 18  # pairs in memory before they are written


class RepeatCounter:
    """Keys with their row numbers, spread over files by the key's hash.

    Two keys are taken for one where their 64-bit hashes agree: among 10 million rows that happens
    once in 370,000 runs.
    """

    def __init__(self) -> None:
        """Opens its files, which are gone when it is closed."""
        self._files = [TemporaryFile() for _ in range(_BUCKETS)]  # noqa: SIM115 - see close
        self._pairs = array("q")

    def add(self, key: Hashable, row: int) -> None:
        """Note that ``row`` has ``key``; rows come in rising order."""
        self._pairs.append(hash(key))
        self._pairs.append(row)
        if len(self._pairs) >= 2 * _BUFFER:
            self._write()

    def beyond(self, keep: int, *, without: Integers | None = None) -> Integers:
        """Returns the rows, rising, that come after the first ``keep`` with the same key.

        Args:
            keep: at least 1.
            without: rows that count as if they had not been added.
        """
        self._write()
        buckets = (
            pairs if without is None else pairs[~np.isin(pairs[:, 1], without)]
            for pairs in self._buckets()
        )
        return np.sort(np.concatenate([_beyond(pairs, keep) for pairs in buckets]))

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _write(self) -> None:
        pairs = np.frombuffer(self._pairs, dtype=np.int64).reshape(-1, 2)
        bucket = pairs[:, 0] % _BUCKETS
        for number, file in enumerate(self._files):
            file.write(pairs[bucket == number].tobytes())
        del pairs, bucket  # an array cannot be emptied while it is looked at
        self._pairs = array("q")

    def _buckets(self) -> Iterator[Integers]:
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), dtype=np.int64).reshape(-1, 2)


def _beyond(pairs: Integers, keep: int) -> Integers:
    order = np.argsort(pairs[:, 0], kind="stable")
    keys = pairs[order, 0]
    first = cast("Integers", np.searchsorted(keys, keys, side="left"))
    return pairs[order, 1][np.arange(len(keys)) - first >= keep]
