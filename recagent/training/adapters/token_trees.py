"""Token trees: a trunk and its branches laid out as one row that a model reads in one pass.

Arrays are numpy's; ``lora`` makes tensors of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Is a continuation of the trunk.

    Attributes:
        at: how many tokens of the trunk come before it, at least one.
        tokens: of its own.
    """

    at: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchReading:
    """Holds a branch's tokens, and the positions in the row at which each is predicted."""

    tokens: tuple[int, ...]
    read: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenRow:
    """Is a trunk and its branches, one after the other.

    Attributes:
        tokens: (n,).
        position_ids: (n,) a branch continues the trunk where it begins.
        mask: (n, n) what each token sees: a branch sees the trunk before it and itself.
        readings: of the branches.
    """

    tokens: Integers
    position_ids: Integers
    mask: Flags
    readings: tuple[BranchReading, ...]


def token_row(trunk: Sequence[int], branches: Sequence[Branch]) -> TokenRow:
    """Lays out a trunk with its branches."""
    size = len(trunk) + sum(len(branch.tokens) for branch in branches)
    tokens, position_ids = np.zeros(size, dtype=np.int64), np.arange(size, dtype=np.int64)
    tokens[: len(trunk)] = trunk
    mask = np.tril(np.ones((size, size), dtype=np.bool_))
    mask[len(trunk) :] = False
    start, readings = len(trunk), list[BranchReading]()
    for branch in branches:
        end = start + len(branch.tokens)
        tokens[start:end] = branch.tokens
        position_ids[start:end] += branch.at - start
        mask[start:end, : branch.at] = True
        mask[start:end, start:end] = np.tril(np.ones((end - start,) * 2, dtype=np.bool_))
        readings.append(
            BranchReading(tokens=branch.tokens, read=(branch.at - 1, *range(start, end - 1)))
        )
        start = end
    return TokenRow(tokens=tokens, position_ids=position_ids, mask=mask, readings=tuple(readings))
