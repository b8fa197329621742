"""Orders that depend on a seed and on ids alone: the same on every machine and in every version.

No stream of random numbers, so that leaving one thing out does not move the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def stable_hash(*parts: object) -> int:
    """64 bits that are the same everywhere for the same parts."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def stable_shuffle(ids: Iterable[str], *parts: object) -> tuple[str, ...]:
    """The ids in an order that depends on ``parts`` and not on the order in which they come."""
    return tuple(sorted(ids, key=lambda item_id: stable_hash(*parts, item_id)))
