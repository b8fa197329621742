"""What supports an item for a person: shared attributes, people who liked both, tags, the wish.

Every piece can be looked up again in the person's events, the catalogue or the counts of likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from recagent.prompts import caption, one_line
from recagent.protocols import Query
from recagent.retrieval.behaviour import Behaviour
from recagent.retrieval.lexical import tokens
from recagent.types import Event, Evidence, EvidenceKind, Item, RatingScale

MOST = 3  # pieces for one item
_HISTORY = 50  # newest liked items that are looked at
_FEW_WORDS = 2  # one word in common is chance as well
_FEW_PEOPLE = 3  # below this, people in common are chance

_NO_VALUE = {"yes", "no", "true", "false", "none", "unknown", "是", "否", "有", "无"}

Trait = tuple[str, str]  # what it is a trait of, and its text
Piece = tuple[EvidenceKind, tuple[str, ...], dict[str, str]]


def gather(
    item: Item, query: Query, *, behaviour: Behaviour, scale: RatingScale
) -> tuple[Evidence, ...]:
    """Up to three pieces of evidence for an item, the strongest kinds first.

    In order: attribute values that the wish names, declared tags that the item has, a liked item
    that shares attributes or else words of the title, a liked item whose people liked this one too,
    and, where none of these is there, how many people liked it.
    """
    pieces: list[Piece] = list(islice(_personal(item, query, behaviour, scale), MOST))
    if not pieces and (likes := behaviour.likes.get(item.id, 0)):
        facts = {**_people(likes, behaviour), "scene": query.scene.name}
        pieces = [("popularity", (item.id,), facts)]
    return tuple(
        Evidence(id=f"e{number}", kind=kind, refs=refs, facts=facts)
        for number, (kind, refs, facts) in enumerate(pieces, start=1)
    )


def _personal(
    item: Item, query: Query, behaviour: Behaviour, scale: RatingScale
) -> Iterator[Piece]:
    profile = query.profile
    wish, words = set(tokens(query.context.wish)), set(tokens(item.document()))
    texts = [text for _, text in _values(item)]
    values = [text for text in texts if len(text) > 1 and set(tokens(text)) <= wish]
    if values:
        yield "wish", tuple(values), {"words": _listed(values)}
    tags = [tag for tag in profile.user.tags if tokens(tag) and set(tokens(tag)) <= words]
    if tags:
        yield "tag", tuple(tags), {"words": _listed(tags)}
    recent = [profile.items[key] for key in list(profile.liked)[:_HISTORY] if key != item.id]
    newest = {event.item_id: event for event in reversed(profile.events)}
    kind: EvidenceKind = "attribute"
    alike = _most_alike(item, recent, traits=_values, least=1)
    if alike is None:
        kind, alike = "words", _most_alike(item, recent, traits=_title_words, least=_FEW_WORDS)
    if alike is not None:
        liked, shared = alike
        facts = _about(liked, newest[liked.id], query, scale)
        yield kind, (liked.id, *shared), {**facts, "shared": _listed(shared)}
    counts = behaviour.together(item.id, others=[liked.id for liked in recent])
    if counts:
        closest = max(counts, key=lambda item_id: counts[item_id] / behaviour.likes[item_id] ** 0.5)
        if counts[closest] >= _FEW_PEOPLE:
            facts = _about(profile.items[closest], newest[closest], query, scale)
            yield "people", (closest,), {**facts, **_people(counts[closest], behaviour)}


def _most_alike(
    item: Item, liked: Sequence[Item], *, traits: Callable[[Item], list[Trait]], least: int
) -> tuple[Item, list[str]] | None:
    """The liked item that shares most traits, at least ``least``, and these; newest of equals."""
    own = traits(item)
    best: tuple[Item, list[str]] | None = None
    for other in liked:
        held = traits(other)
        shared = [text for name, text in own if (name, text) in held]
        if len(shared) >= (least if best is None else len(best[1]) + 1):
            best = other, shared
    return best


def _title_words(item: Item) -> list[Trait]:
    """The longer words of a title, in its order; Chinese gives pairs of characters."""
    words = (word for word in tokens(item.title) if len(word) > 3 or not word.isascii())
    return list(dict.fromkeys(("title", word) for word in words))


def _values(item: Item) -> list[Trait]:
    """Attributes that two items can meaningfully share, as (name, value), texts or from lists.

    Values without a word in them, or with one that is only yes or no, say nothing by themselves.
    """
    found: dict[Trait, None] = {}
    for name, value in item.attributes.items():
        if isinstance(value, str):
            value = (value,)  # noqa: PLW2901
        for text in value if isinstance(value, tuple) else ():
            if tokens(text) and text.lower() not in _NO_VALUE:
                found[name, text] = None
    return list(found)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(one_line(value) for value in values)


def _about(liked: Item, event: Event, query: Query, scale: RatingScale) -> dict[str, str]:
    facts = {"title": caption(liked), "kind": event.kind}
    if event.kind == "rating" and event.value is not None:
        facts["rating"] = f"{event.value:g}/{scale.high:g}"
    if liked.scene != query.scene.name:
        facts["scene"] = liked.scene
    return facts


def _people(count: int, behaviour: Behaviour) -> dict[str, str]:
    """How many people, and whether all that is counted is liking or some of it buys or looks."""
    return {"count": str(count), "did": "liked" if behaviour.is_liking else "had"}
