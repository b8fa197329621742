"""The pieces of evidence of answers about a ranking: who stands where, by what, and what is out.

They are looked up in ranks and weights that have been computed; computing them is the line's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from recagent.domain import Constraint, Evidence, Item, RatingScale
from recagent.explanations.attribution import shares
from recagent.explanations.evidence import Piece, constraint_facts, judged
from recagent.ports import Query
from recagent.prompts import caption, one_line
from recagent.scenes.constraints import satisfies

LEAST = 0.1  # share below which a part is not worth a sentence
MOST = 2  # parts that are told


def share_pieces(parts: Mapping[str, float], item: Item, *, heard: bool) -> list[Piece]:
    """What speaks for an item, beside the average candidate.

    Args:
        parts: what each adds to the item's score; 0 is the average.
        item: it.
        heard: whether these are all parts, or a language model has a say besides.
    """
    apart = {} if heard else {"apart": "language"}
    return [
        ("share", (item.id,), {"part": part, "share": share, **apart})
        for part, share in shares(parts, least=LEAST, most=MOST)
    ]


def lead_pieces(lead: Mapping[str, float], first: Item, other: Item) -> list[Piece]:
    """What speaks for the first item against the other, then the most that speaks against it."""
    against = {part: -value for part, value in lead.items()}
    return [
        *_leads(lead, first, other, most=MOST),
        *_leads(against, other, first, most=1),
    ]


def rank_piece(first: Item, other: Item, *, ranks: Mapping[str, int], among: int) -> Piece:
    """Which of two comes first; ``first`` does."""
    facts = {
        **_pair(first, other),
        "rank": str(ranks[first.id]),
        "other_rank": str(ranks[other.id]),
        "among": str(among),
    }
    return "rank", (first.id, other.id), facts


def wished_piece(first: Item, other: Item) -> Piece:
    """That the first item answers the wish better, whatever the scores."""
    return "wished", (first.id, other.id), _pair(first, other)


def unwished_piece(item: Item, *, count: int) -> Piece:
    """That an item does not answer the wish, and how many do."""
    return "unwished", (item.id,), {"title": caption(item), "count": str(count)}


def despite_piece(first: Item, other: Item, *, varied: bool) -> Piece:
    """That the first item scores lower: it comes first for variety, or by the scene's rules."""
    return "varied" if varied else "ruled", (first.id, other.id), _pair(first, other)


def needs_piece(item: Item, steps: Mapping[str, Item | None]) -> Piece:
    """That an item needs others, by id, before it that do not all come with it."""
    names = [caption(step) if step else one_line(key) for key, step in steps.items()]
    return "needs", (item.id, *names), {"title": caption(item), "words": ", ".join(names)}


def earlier_piece(item: Item, parts: Sequence[Item]) -> Piece:
    """That earlier parts of its series come before an item."""
    names = [caption(part) for part in parts[:MOST]]
    return "earlier", (item.id, *names), {"title": caption(item), "words": ", ".join(names)}


def edition_piece(item: Item, other: Item, *, is_met: bool) -> Piece:
    """That another edition of an item was met, or is ranked."""
    facts = {**_pair(item, other), **({"met": "yes"} if is_met else {})}
    return "edition", (item.id, other.id), facts


def group_piece(item: Item, other: Item, *, most: int) -> Piece:
    """That another part of the series comes before an item, and a list has few of a series."""
    return "group", (item.id, other.id), {**_pair(item, other), "count": str(most)}


def place_piece(item: Item, rank: int, *, among: int, slate: int | None = None) -> Piece:
    """Where an item stands, and whether that is on a slate of so many."""
    facts = {"title": caption(item), "rank": str(rank), "among": str(among)}
    return "place", (item.id,), facts | ({"slate": str(slate)} if slate is not None else {})


def exclusion_pieces(
    item: Item, query: Query, *, met: AbstractSet[str], scale: RatingScale, among: int
) -> list[Piece]:
    """Why an item is no candidate: it was met, it breaks constraints or rules, or was not found.

    Args:
        item: it.
        query: of the request.
        met: ids of what the person has met and what does not come again.
        scale: of ratings.
        among: how many candidates there are.
    """
    pieces: list[Piece] = []
    if item.id in met:
        facts = {"title": caption(item)}
        # What was met long ago, or where the scene may not look, is not in the profile.
        events = [event for event in query.profile.events if event.item_id == item.id]
        if events:
            scene = {"scene": events[0].scene} if events[0].scene != query.scene.name else {}
            facts |= {**judged(events[0], scale), **scene}
        pieces.append(("seen", (item.id,), facts))
    rules = [rule for rule in query.scene.rules if isinstance(rule, Constraint)]
    asked, scene = query.context.constraints, query.scene.name
    pieces += [_broken(item, each) for each in asked if not satisfies(item, each)]
    pieces += [_broken(item, each, scene=scene) for each in rules if not satisfies(item, each)]
    if not pieces and item.id in query.exclude:
        return [("barred", (item.id,), {"title": caption(item), "scene": scene})]
    if not pieces:
        return [("unfound", (item.id,), {"title": caption(item), "among": str(among)})]
    return pieces


def absent_piece(item_id: str, *, scene: str | None) -> Piece:
    """That the catalogue, or a scene of it, has no such item."""
    return "absent", (item_id,), {"title": one_line(item_id)} | ({"scene": scene} if scene else {})


def apart(first: Sequence[Evidence], second: Sequence[Evidence]) -> list[Evidence]:
    """The evidence of one item that another does not have likewise."""
    shared = {(piece.kind, piece.refs) for piece in second}
    return [piece for piece in first if (piece.kind, piece.refs) not in shared]


def about(evidence: Sequence[Evidence], item: Item) -> list[Piece]:
    """Evidence that supports an item as pieces that say so."""
    return [(piece.kind, piece.refs, {**piece.facts, "item": caption(item)}) for piece in evidence]


def _leads(lead: Mapping[str, float], first: Item, other: Item, *, most: int) -> list[Piece]:
    return [
        ("lead", (first.id, other.id), {**_pair(first, other), "part": part, "share": share})
        for part, share in shares(lead, least=LEAST, most=most)
    ]


def _broken(item: Item, constraint: Constraint, *, scene: str | None = None) -> Piece:
    """That an item breaks a constraint of the request, or of the scene that is named."""
    facts = {"title": caption(item), **constraint_facts(constraint)} | (
        {"scene": scene} if scene else {}
    )
    own = item.attributes.get(constraint.attribute)
    if own is not None:
        facts["value"] = ", ".join(map(one_line, own if isinstance(own, tuple) else (own,)))
    return "broken", (item.id, constraint.attribute), facts


def _pair(first: Item, other: Item) -> dict[str, str]:
    return {"title": caption(first), "other": caption(other)}
