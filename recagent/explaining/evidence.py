"""What supports an item for a person: shared attributes, people who liked both, tags, the wish.

Every piece can be looked up again in the person's events, the catalogue or the counts of likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from types import MappingProxyType

from recagent.constraints import satisfies
from recagent.prompts import caption, one_line
from recagent.protocols import Query
from recagent.retrieval.behaviour import Behaviour
from recagent.retrieval.lexical import tokens
from recagent.retrieval.words import stem, without_negated
from recagent.types import Constraint, Event, Evidence, EvidenceKind, Item, RatingScale, Value

MOST = 3  # pieces for one item
_HISTORY = 50  # newest liked items that are looked at
_FEW_WORDS = 2  # one word in common is chance as well
_FEW_PEOPLE = 3  # below this, people in common are chance
_REMEMBERED = 10_000  # items whose traits are: the liked and the popular come again and again

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_VALUE = {"yes", "no", "true", "false", "none", "unknown", "是", "否", "有", "无"}

Trait = tuple[str, str]  # what it is a trait of, and its text
Piece = tuple[EvidenceKind, tuple[str, ...], dict[str, str]]


def gather(
    items: Sequence[Item],
    query: Query,
    *,
    behaviour: Behaviour,
    scale: RatingScale,
    wished: Mapping[str, Sequence[str]] = _NOTHING,
) -> list[tuple[Evidence, ...]]:
    """Up to three pieces of evidence for each item, the strongest kinds first.

    First the context's preferences that it keeps to. Then, in order: attribute values that the wish
    names and its words that the item says (``wished``, by id), declared tags that the item has, a
    liked item that shares attributes or else words of the title, the liked item that counts most
    (as in ``Behaviour.neighbours``) of those whose people liked this one too, and, where none of
    these is there, how many people liked it. After these, the context's constraints that it keeps
    to.
    """
    past = _Past(query, scale, wished)
    crowds = behaviour.together(
        [item.id for item in items], others=[other.id for other in past.liked]
    )
    gathered: list[tuple[Evidence, ...]] = []
    for item, crowd in zip(items, crowds.tolist(), strict=True):
        pieces: list[Piece] = list(islice(_personal(item, past, crowd, behaviour), MOST))
        if not pieces and (likes := behaviour.likes.get(item.id, 0)):
            facts = {**_people(likes, behaviour), "scene": query.scene.name}
            pieces = [("popularity", (item.id,), facts)]
        asked = _kept("preference", item, query.context.preferences)
        kept = _kept("constraint", item, query.context.constraints)
        gathered.append(numbered([*asked, *pieces, *kept]))
    return gathered


def _kept(kind: EvidenceKind, item: Item, constraints: Sequence[Constraint]) -> Iterator[Piece]:
    """The constraints that an item keeps to; those of the same words ("the 90s") are one."""
    groups: dict[str, list[Constraint]] = {}
    for each in constraints:
        if each.attribute == "id":  # what was shown before; it says nothing to a person
            continue
        if each.task in (None, item.task):
            groups.setdefault(each.words or repr(each), []).append(each)
    for first, *others in groups.values():
        if all(satisfies(item, each) for each in (first, *others)):
            yield kind, (first.attribute,), constrained(first)


def numbered(pieces: Iterable[Piece], *, after: int = 0) -> tuple[Evidence, ...]:
    """Pieces as evidence with the ids e1, e2..., or those that come ``after`` so many."""
    return tuple(
        Evidence(id=f"e{number}", kind=kind, refs=refs, facts=facts)
        for number, (kind, refs, facts) in enumerate(pieces, start=after + 1)
    )


def constrained(constraint: Constraint) -> dict[str, str]:
    """The facts of a constraint, ``said`` in the words of whoever set it, if they are known."""
    value = constraint.value
    wanted = _listed(value) if isinstance(value, tuple) else one_line(value)
    facts = {
        "attribute": one_line(constraint.attribute),
        "operator": constraint.operator,
        "wanted": wanted,
    }
    return facts | ({"said": one_line(constraint.words)} if constraint.words else {})


def judged(event: Event, scale: RatingScale) -> dict[str, str]:
    """What an event says of its item, as facts; nothing for a rating without a value."""
    if event.kind != "rating":
        return {"kind": event.kind}
    if event.value is None:
        return {}
    return {"kind": event.kind, "rating": f"{event.value:g}/{scale.high:g}"}


class _Past:
    """What one person's evidence is looked up in, whatever the item."""

    def __init__(
        self, query: Query, scale: RatingScale, wished: Mapping[str, Sequence[str]]
    ) -> None:
        profile = query.profile
        self.scene = query.scene.name
        self.scale = scale
        self.wish = set(tokens(without_negated(query.context.wish)))
        self.wished = wished
        self.tags = [(tag, words) for tag in profile.user.tags if (words := set(tokens(tag)))]
        self.liked = [profile.items[key] for key in islice(profile.liked, _HISTORY)]
        self.weights = profile.liked
        self.values = [frozenset(_values(_attributes(other))) for other in self.liked]
        self.newest = {event.item_id: event for event in reversed(profile.events)}

    @cached_property
    def title_words(self) -> list[frozenset[Trait]]:
        return [frozenset(_title_words(other.title)) for other in self.liked]

    def told(self, liked: Item) -> dict[str, str]:
        event = self.newest[liked.id]
        facts = {"title": caption(liked), **judged(event, self.scale)}
        if liked.scene != self.scene:
            facts["scene"] = liked.scene
        return facts


def _personal(
    item: Item, past: _Past, crowd: Sequence[int], behaviour: Behaviour
) -> Iterator[Piece]:
    """Pieces in order; ``crowd`` is, per liked item, how many people liked both."""
    own = _values(_attributes(item))
    if past.wish:
        values = [text for _, text in own if len(text) > 1 and set(tokens(text)) <= past.wish]
        named = {stem(word) for value in values for word in tokens(value)}
        values += [
            said
            for said in past.wished.get(item.id, ())
            if not {stem(word) for word in tokens(said)} <= named
        ]
        if values:
            yield "wish", tuple(values), {"words": _listed(values)}
    if past.tags:
        words = set(tokens(item.document()))
        tags = [tag for tag, needed in past.tags if needed <= words]
        if tags:
            yield "tag", tuple(tags), {"words": _listed(tags)}
    kind: EvidenceKind = "attribute"
    alike = _most_alike(item, own, past.liked, held=past.values, least=1)
    if alike is None:
        kind, own = "words", _title_words(item.title)
        alike = _most_alike(item, own, past.liked, held=past.title_words, least=_FEW_WORDS)
    if alike is not None:
        liked, shared = alike
        yield kind, (liked.id, *shared), {**past.told(liked), "shared": _listed(shared)}
    counts = {
        other.id: (other, count)
        for other, count in zip(past.liked, crowd, strict=True)
        if count >= _FEW_PEOPLE and other.id != item.id
    }
    if counts:
        closest, count = max(
            counts.values(),
            key=lambda pair: (
                past.weights[pair[0].id] * pair[1] / behaviour.likes[pair[0].id] ** 0.5
            ),
        )
        yield "people", (closest.id,), {**past.told(closest), **_people(count, behaviour)}


def _most_alike(
    item: Item,
    own: Sequence[Trait],
    liked: Sequence[Item],
    *,
    held: Sequence[frozenset[Trait]],
    least: int,
) -> tuple[Item, list[str]] | None:
    """The liked item that holds most of the item's own traits, at least ``least``, and these.

    The newest of equals.
    """
    best, most = None, least - 1
    for other, traits in zip(liked, held, strict=True):
        shared = traits.intersection(own)
        if len(shared) > most and other.id != item.id:
            best, most = (other, shared), len(shared)
    if best is None:
        return None
    return best[0], [text for name, text in own if (name, text) in best[1]]


@lru_cache(_REMEMBERED)
def _title_words(title: str) -> tuple[Trait, ...]:
    """The longer words of a title, in its order; Chinese gives pairs of characters."""
    words = (word for word in tokens(title) if len(word) > 3 or not word.isascii())
    return tuple(dict.fromkeys(("title", word) for word in words))


@lru_cache(_REMEMBERED)
def _values(attributes: tuple[tuple[str, Value], ...]) -> tuple[Trait, ...]:
    """Attributes that two items can meaningfully share, as (name, value), texts or from lists.

    Values without a word in them, or with one that is only yes or no, say nothing by themselves.
    """
    found: dict[Trait, None] = {}
    for name, value in attributes:
        if isinstance(value, str):
            value = (value,)  # noqa: PLW2901
        for text in value if isinstance(value, tuple) else ():
            if tokens(text) and text.lower() not in _NO_VALUE:
                found[name, text] = None
    return tuple(found)


def _attributes(item: Item) -> tuple[tuple[str, Value], ...]:
    return tuple(item.attributes.items())


def _listed(values: Sequence[str]) -> str:
    return ", ".join(one_line(value) for value in values)


def _people(count: int, behaviour: Behaviour) -> dict[str, str]:
    """How many people, and whether all that is counted is liking or some of it buys or looks."""
    return {"count": str(count), "did": "liked" if behaviour.is_liking else "had"}
