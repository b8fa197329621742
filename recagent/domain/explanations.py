"""Evidence, claims and explanations of a slate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recagent.domain.items import Item

EvidenceKind = Literal[
    "attribute", "tag", "wish", "people", "popularity", "preference",
    "constraint", "share",
    # of the person, whatever the item:
    "asked", "about", "interest", "history",
    # of answers about a ranking:
    "rank", "lead", "varied", "ruled", "place", "absent", "seen", "broken", "barred", "needs",
    "earlier", "edition", "group", "unfound", "change", "steady", "still out", "wished",
    "proposed", "unwished",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One true statement that supports an item for a person.

    Attributes:
        id: short name within the slate entry: ``e1``, ``e2``...
        kind: what the statement rests on.
        refs: ids of the events' items, or the attribute values, that it names.
        facts: the words and numbers that a sentence about it may use.
    """

    id: str
    kind: EvidenceKind
    refs: tuple[str, ...]
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence and the ids of the evidence that supports it."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why an item is recommended: checked claims, and what they rest on.

    Attributes:
        item: what is recommended.
        claims: sentences, each with the ids of its evidence.
        evidence: what supports the item, the strongest first.
        phrased_by: the model, where at least one of the sentences is its own.
        replaced: how many of its sentences broke the rules and were replaced.
        degraded: what could not be done as asked, and why.
        notice: what the scene wants shown with it; empty where nothing is.
    """

    item: Item
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    phrased_by: str | None = None
    replaced: int = 0
    degraded: str | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a question about a ranking, as ``Explanation`` of one item.

    Attributes:
        items: that were asked about, in that order, as far as the catalogue has them.
        ranks: from 1, by item id, of those that are candidates.
        among: how many candidates there are.
        claims: sentences, each with the ids of its evidence.
        evidence: what was looked up, or ranked anew.
        notes: what a reader of the ranks should know.
        degraded: what could not be done as asked, and why.
        notice: of the scene.
    """

    items: tuple[Item, ...]
    ranks: Mapping[str, int]
    among: int
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()
    degraded: str | None = None
    notice: str = ""
