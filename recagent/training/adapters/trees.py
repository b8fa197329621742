"""Texts that go on in several ways, laid out as one row of tokens that a model reads in one go.

Which ways there are is decided by who asks for likelihoods. No tensors of torch
here.
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
    """A way on from the trunk.

    Attributes:
        at: how many tokens of the trunk come before it, at least one.
        tokens: of its own.
    """

    at: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Tokens whose probability is asked, and where in the row each of them is foretold."""

    tokens: tuple[int, ...]
    read: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A trunk and its branches, one after the other.

    Attributes:
        tokens: (n,).
        places: (n,) as they are told to the model: a branch stands right behind its beginning.
        seen: (n, n) what each token, a row, sees: the trunk up to where it begins, and its own.
        ways: of the branches.
    """

    tokens: Integers
    places: Integers
    seen: Flags
    ways: tuple[Way, ...]


def row(trunk: Sequence[int], branches: Sequence[Branch]) -> Row:
    """Lay out a trunk with its branches."""
    size = len(trunk) + sum(len(branch.tokens) for branch in branches)
    tokens, places = np.zeros(size, dtype=np.int64), np.arange(size, dtype=np.int64)
    tokens[: len(trunk)] = trunk
    seen = np.tril(np.ones((size, size), dtype=np.bool_))
    seen[len(trunk) :] = False
    start, ways = len(trunk), list[Way]()
    for branch in branches:
        end = start + len(branch.tokens)
        tokens[start:end] = branch.tokens
        places[start:end] += branch.at - start
        seen[start:end, : branch.at] = True
        seen[start:end, start:end] = np.tril(np.ones((end - start,) * 2, dtype=np.bool_))
        ways.append(Way(tokens=branch.tokens, read=(branch.at - 1, *range(start, end - 1))))
        start = end
    return Row(tokens=tokens, places=places, seen=seen, ways=tuple(ways))
