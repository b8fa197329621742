"""The evidence of answers about a ranking: ranks, what they come from, and why an item is out.

The pipeline computes the ranks and weights; here they become pieces of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from recagent.domain import Constraint, Evidence, Item, RatingScale
from recagent.explanations.attribution import shares
from recagent.explanations.evidence import Piece, constraint_facts, judgment_facts
from recagent.ports import Query
from recagent.prompts import caption, one_line
from recagent.scenes.constraints import satisfies

LEAST = 0.1  # share below which a part is not worth a sentence
MOST = 2  # parts in an answer
# Facts of a first part, and of one that is told after another.
_ALSO: tuple[dict[str, str], dict[str, str]] = ({}, {"after": "also"})


def share_pieces(parts: Mapping[str, float], item: Item, *, is_complete: bool) -> list[Piece]:
    """Returns where an item's advantage over the average candidate comes from.

    Args:
        parts: what each part adds to the item's score; 0 is the average.
        item: the item.
        is_complete: whether these are all parts; else the language model's is missing.
    """
    apart = {} if is_complete else {"apart": "language"}
    return [
        ("share", (item.id,), {"part": part, "share": share, **apart, **_ALSO[at > 0]})
        for at, (part, share) in enumerate(shares(parts, least=LEAST, most=MOST))
    ]


def lead_pieces(lead: Mapping[str, float], first: Item, other: Item) -> list[Piece]:
    """Returns the first item's advantages over the other, then the other's largest one."""
    leads = _leads(lead, first, other, most=MOST)
    against = _leads({part: -value for part, value in lead.items()}, other, first, most=1)
    for _, _, facts in against if leads else ():
        facts["after"] = "against"
    return [*leads, *against]


def rank_piece(first: Item, other: Item, *, ranks: Mapping[str, int], among: int) -> Piece:
    """Returns that ``first`` ranks above the other."""
    facts = {
        **_pair(first, other),
        "rank": str(ranks[first.id]),
        "other_rank": str(ranks[other.id]),
        "among": str(among),
    }
    return "rank", (first.id, other.id), facts


def wished_piece(first: Item, other: Item) -> Piece:
    """Returns that the first item matches the wish better, whatever the scores."""
    return "wished", (first.id, other.id), _pair(first, other)


def proposed_piece(first: Item, other: Item) -> Piece:
    """That a model named the first item for the wish, before the other or alone."""
    return "proposed", (first.id, other.id), _pair(first, other)


def unwished_piece(item: Item, *, count: int) -> Piece:
    """Returns that an item does not match the wish, and how many do."""
    return "unwished", (item.id,), {"title": caption(item), "count": str(count)}


def despite_piece(first: Item, other: Item, *, varied: bool) -> Piece:
    """Returns that the first item scores lower, but comes first for variety or by rules."""
    return "varied" if varied else "ruled", (first.id, other.id), _pair(first, other)


def needs_piece(item: Item, steps: Mapping[str, Item | None]) -> Piece:
    """Returns that an item needs others before it, by id, which are not all on the list."""
    names = [caption(step) if step else one_line(key) for key, step in steps.items()]
    return "needs", (item.id, *names), {"title": caption(item), "words": ", ".join(names)}


def earlier_piece(item: Item, parts: Sequence[Item]) -> Piece:
    """Returns that earlier parts of its series come before an item."""
    names = [caption(part) for part in parts[:MOST]]
    return "earlier", (item.id, *names), {"title": caption(item), "words": ", ".join(names)}


def edition_piece(item: Item, other: Item, *, is_met: bool) -> Piece:
    """Returns that the person has seen another edition of an item, or that one is ranked."""
    facts = {**_pair(item, other), **({"met": "yes"} if is_met else {})}
    return "edition", (item.id, other.id), facts


def group_piece(item: Item, other: Item, *, most: int) -> Piece:
    """Returns that a list has few of a series, and another part comes before an item."""
    return "group", (item.id, other.id), {**_pair(item, other), "count": str(most)}


def place_piece(item: Item, rank: int, *, among: int, slate: int | None = None) -> Piece:
    """Returns the rank of an item, and whether a slate of so many has it."""
    facts = {"title": caption(item), "rank": str(rank), "among": str(among)}
    return "place", (item.id,), facts | ({"slate": str(slate)} if slate is not None else {})


def exclusion_pieces(
    item: Item, query: Query, *, seen_items: AbstractSet[str], scale: RatingScale, among: int
) -> list[Piece]:
    """Returns why an item is no candidate: seen, excluded by a constraint or rule, not found.

    Args:
        item: the item.
        query: the request's.
        seen_items: ids of what the person has seen and what does not come again.
        scale: the rating scale.
        among: how many candidates there are.
    """
    pieces: list[Piece] = []
    if item.id in seen_items:
        facts = {"title": caption(item)}
        # The profile lacks old events, and those that the scene may not see.
        events = [event for event in query.profile.events if event.item_id == item.id]
        if events:
            scene = {"scene": events[0].scene} if events[0].scene != query.scene.name else {}
            facts |= {**judgment_facts(events[0], scale), **scene}
        pieces.append(("seen", (item.id,), facts))
    rules = [rule for rule in query.scene.rules if isinstance(rule, Constraint)]
    scene, by_model = query.scene.name, query.scene.model_conditions
    asked = [(each, None) for each in query.context.constraints]
    pieces += [
        _broken(item, each, by_model=by_model, scene=of)
        for each, of in (*asked, *((rule, scene) for rule in rules))
        if not satisfies(item, each, by_model=by_model)
    ]
    if not pieces and item.id in query.exclude:
        return [("barred", (item.id,), {"title": caption(item), "scene": scene})]
    if not pieces:
        return [("unfound", (item.id,), {"title": caption(item), "among": str(among)})]
    return pieces


def absent_piece(item_id: str, *, scene: str | None) -> Piece:
    """Returns that the catalogue, or a scene of it, has no such item."""
    return "absent", (item_id,), {"title": one_line(item_id)} | ({"scene": scene} if scene else {})


def distinct_evidence(first: Sequence[Evidence], second: Sequence[Evidence]) -> list[Evidence]:
    """Returns the evidence for one item that another does not have too."""
    shared = {(piece.kind, piece.refs) for piece in second}
    return [piece for piece in first if (piece.kind, piece.refs) not in shared]


def pieces_about(evidence: Sequence[Evidence], item: Item) -> list[Piece]:
    """Returns the evidence for an item as pieces that name it."""
    return [(piece.kind, piece.refs, {**piece.facts, "item": caption(item)}) for piece in evidence]


def _leads(lead: Mapping[str, float], first: Item, other: Item, *, most: int) -> list[Piece]:
    return [
        (
            "lead",
            (first.id, other.id),
            {**_pair(first, other), "part": part, "share": share, **_ALSO[at > 0]},
        )
        for at, (part, share) in enumerate(shares(lead, least=LEAST, most=most))
    ]


def _broken(
    item: Item, constraint: Constraint, *, by_model: AbstractSet[str], scene: str | None
) -> Piece:
    """Returns that an item breaks a constraint of the request, or of the named scene."""
    facts = {"title": caption(item), **constraint_facts(constraint)} | (
        {"scene": scene} if scene else {}
    )
    name = constraint.attribute
    value = item.attributes.get(name)
    if value is None and name in by_model and name in item.model_attributes:
        value = item.model_attributes[name]
        facts["by"] = "model"
    if value is not None:
        facts["value"] = ", ".join(map(one_line, value if isinstance(value, tuple) else (value,)))
    return "broken", (item.id, constraint.attribute), facts


def _pair(first: Item, other: Item) -> dict[str, str]:
    return {"title": caption(first), "other": caption(other)}
