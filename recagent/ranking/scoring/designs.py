"""Which candidates the model compares, and one scale for the scores of all groups.

Groups depend on ids and on nothing else, so the order in which candidates are listed changes no
score. Asking is done in ``groups``.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from recagent.domain import Item

Block = tuple[int, ...]

# A Golomb ruler: no two marks are as far apart as two others, so that few pairs meet twice.
_RULER = (0, 1, 4, 9, 11)


def hash_order(items: Sequence[Item]) -> list[int]:
    """Returns the items' rows in an order of chance that does not depend on how they are listed.

    Other candidates give another order: no item has the same neighbours in every case.
    """
    seed = "\0".join(sorted(item.id for item in items))

    def hash_of(row: int) -> bytes:
        return blake2b(f"{seed}\0\0{items[row].id}".encode(), digest_size=8).digest()

    return sorted(range(len(items)), key=hash_of)


def pair_blocks(size: int) -> list[Block]:
    """Pairs of 0..size-1 in both orders: everyone with both neighbours and the one opposite.

    About 3 ``size`` blocks of two, every position in three pairs or (if ``size`` is odd, one) in
    four; all pairs of up to four positions.
    """
    ring = [(row, (row + 1) % size) for row in range(size)]
    chords = [(row, row + size // 2) for row in range((size + 1) // 2)]
    chosen = dict.fromkeys((min(pair), max(pair)) for pair in ring + chords if pair[0] != pair[1])
    return [block for first, second in chosen for block in ((first, second), (second, first))]


def set_blocks(size: int) -> list[Block]:
    """Overlapping blocks of five of 0..size-1: ``size`` blocks, in which each is everywhere once.

    Position ``p`` stands first in one block, second in another, and so on, so that a liking of the
    model for a label helps everyone alike. Up to five positions make blocks of them all.

    Source: John, "Cyclic incomplete block designs", Journal of the Royal Statistical Society B 28,
    1966.
    """
    if size < 2:
        return []
    marks = dict.fromkeys(mark % size for mark in (*_RULER, *range(size)))
    steps = list(marks)[: len(_RULER)]
    return [tuple((start + step) % size for step in steps) for start in range(size)]


def joint_scores(
    size: int, blocks: Sequence[Block], values: Sequence[Sequence[float]]
) -> list[float]:
    """Returns scores of 0..size-1, with mean 0, that fit the values within each block best.

    Least squares of value = score + a constant of the block. Log probabilities of a choice among
    the block's members are of this form (score - log sum of exp(scores)), and a constant for each
    label falls out where every candidate has every label equally often.

    Args:
        size: how many are scored; the blocks connect them all.
        blocks: positions.
        values: for each block, one for each of its positions.

    Source: Yates, "Incomplete randomized blocks", Annals of Eugenics 7, 1936; Luce, "Individual
    choice behavior", 1959 (why log probabilities of a choice add up so).
    """
    information = np.full((size, size), 1.0 / size)
    totals = np.zeros(size)
    for block, block_values in zip(blocks, values, strict=True):
        members = np.asarray(block)
        information[members, members] += 1.0
        information[np.ix_(members, members)] -= 1.0 / len(block)
        totals[members] += np.asarray(block_values) - np.mean(block_values)
    return np.linalg.solve(information, totals).tolist()
