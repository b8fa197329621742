"""Items that are nearly the same: found by the overlap of their characters.

It says which; merging them is done in ``cleaning``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from recagent.domain import Item

_PERMUTATIONS = 64
_SHINGLE = 3
_HIGHEST = 0.9  # threshold for which there are enough permutations
_LONGEST = 2_000  # characters that are compared


def near(items: Sequence[Item], *, threshold: float) -> Mapping[str, str]:
    """Id of every item that nearly equals an earlier one, and the id of the first such.

    Two items are nearly the same if the sets of three-character pieces of their documents overlap
    by ``threshold`` (Jaccard, 0 to 1) or more. Candidates come from MinHash and are then checked,
    so no pair is found wrongly; one at the threshold may be missed.

    Source: Broder, "On the resemblance and containment of documents", 1997; as implemented by
    datasketch.
    """
    datasketch: Any = import_module("datasketch")  # two seconds, no stubs
    bands = min(threshold, _HIGHEST)  # candidates may be too many, since they are checked
    lsh = datasketch.MinHashLSH(threshold=bands, num_perm=_PERMUTATIONS)
    first: dict[str, tuple[int, Item]] = {}
    kept: dict[str, str] = {}
    for item in items:
        own = _pieces(item)
        sketch = datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch(sorted(own))
        # The pieces are made anew for the few that are asked: those of all would fill the memory.
        same = [other for other in lsh.query(sketch)
                if _overlap(own, _pieces(first[other][1])) >= threshold]  # fmt: skip
        if same:
            kept[item.id] = min(same, key=lambda other: first[other][0])
        else:
            first[item.id] = len(first), item
            lsh.insert(item.id, sketch)
    return kept


def _pieces(item: Item) -> frozenset[bytes]:
    text = " ".join(item.document()[:_LONGEST].casefold().split())
    return frozenset(
        text[at : at + _SHINGLE].encode() for at in range(max(1, len(text) - _SHINGLE + 1))
    )


def _overlap(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    return len(one & other) / len(one | other)
