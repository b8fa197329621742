"""What supports an item for a person: shared attributes, people who liked both, tags, the wish.

Every piece can be looked up again in the person's events, the catalogue or the counts of likes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from recagent.domain import (
    Constraint,
    Event,
    Evidence,
    EvidenceKind,
    Item,
    PersonRule,
    RatingScale,
)
from recagent.ports import Query
from recagent.profiles.informative_values import Trait, Traits, texts_of
from recagent.prompts import caption, one_line
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.bm25 import tokens
from recagent.retrieval.words import stem, without_negated
from recagent.scenes.constraints import FORBIDDING, forbids, satisfies

MOST = 3  # pieces for one item
_HISTORY = 50  # newest liked items that are looked at
_FEW_PEOPLE = 3  # below this, people in common are chance
_TOLD = 2  # shared values of a reason
_LEAST = math.log(10)  # weight of what a tenth of a scene's items share

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})
Piece = tuple[EvidenceKind, tuple[str, ...], dict[str, str]]


def gather_evidence(
    items: Sequence[Item],
    query: Query,
    *,
    behaviour: Interactions,
    scale: RatingScale,
    traits: Traits,
    wished: Mapping[str, Sequence[str]] = _NOTHING,
) -> list[tuple[Evidence, ...]]:
    """Up to three pieces of evidence for each item, the strongest kinds first.

    First the context's preferences that it keeps to. Then, in order: attribute values that the wish
    names and its words that the item says (``wished``, by id), declared tags that the item has, a
    liked item that shares values of an attribute that few items have, the liked item that counts
    most (as in ``Interactions.neighbours``) of those whose people liked this one too, and, where
    none of these is there, how many people liked it. After these, the context's constraints that it
    keeps to. What a ban of the request, the scene or the person forbids is cited nowhere.
    """
    past = _Past(query, scale, traits, wished)
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
            yield kind, (first.attribute,), constraint_facts(first)


def numbered(pieces: Iterable[Piece], *, after: int = 0) -> tuple[Evidence, ...]:
    """Pieces as evidence with the ids e1, e2..., or those that come ``after`` so many."""
    return tuple(
        Evidence(id=f"e{number}", kind=kind, refs=refs, facts=facts)
        for number, (kind, refs, facts) in enumerate(pieces, start=after + 1)
    )


def constraint_facts(constraint: Constraint) -> dict[str, str]:
    """The facts of a constraint, ``said`` in the words of whoever set it, if they are known."""
    value = constraint.value
    wanted = _listed(value) if isinstance(value, tuple) else one_line(value)
    facts = {
        "attribute": one_line(constraint.attribute),
        "operator": constraint.operator,
        "wanted": wanted,
    }
    return facts | ({"said": one_line(constraint.words)} if constraint.words else {})


def forbidding_constraints(query: Query) -> list[Constraint]:
    """What a request, its scene or the person forbids; ids that were shown before are no ban."""
    told = query.profile.user.attributes
    own = [
        Constraint(attribute=rule.attribute, operator=rule.operator, value=told[rule.person])
        for rule in query.scene.rules
        if isinstance(rule, PersonRule) and rule.person in told
    ]
    rules = [rule for rule in query.scene.rules if isinstance(rule, Constraint)]
    every = (*query.context.constraints, *rules, *own)
    return [each for each in every if each.operator in FORBIDDING and each.attribute != "id"]


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
        self,
        query: Query,
        scale: RatingScale,
        traits: Traits,
        wished: Mapping[str, Sequence[str]],
    ) -> None:
        profile = query.profile
        self.scene = query.scene.name
        self.scale = scale
        self.traits = traits
        self.bans = forbidding_constraints(query)
        self.wish = set(tokens(without_negated(query.context.wish)))
        self.wished = wished
        self.tags = [(tag, words) for tag in profile.user.tags if (words := set(tokens(tag)))]
        newest = (profile.items[key] for key in islice(profile.liked, _HISTORY))
        self.liked = [other for other in newest if self.may_name(other)]
        self.weights = profile.liked
        self.values = [texts_of(other) for other in self.liked]
        self.newest = {event.item_id: event for event in reversed(profile.events)}

    def may_say(self, text: str) -> bool:
        """Whether no ban forbids a text."""
        return not any(forbids(ban, text) for ban in self.bans)

    def may_name(self, item: Item) -> bool:
        """Whether no ban forbids an item or its title."""
        return self.may_say(item.title) and all(satisfies(item, ban) for ban in self.bans)

    def told(self, liked: Item) -> dict[str, str]:
        event = self.newest[liked.id]
        facts = {"title": caption(liked), **judged(event, self.scale)}
        if liked.scene != self.scene:
            facts["scene"] = liked.scene
        return facts


def _personal(
    item: Item, past: _Past, crowd: Sequence[int], behaviour: Interactions
) -> Iterator[Piece]:
    """Pieces in order; ``crowd`` is, per liked item, how many people liked both."""
    if past.wish:
        values = [
            text for _, text in past.traits.named(item)
            if len(text) > 1 and set(tokens(text)) <= past.wish
        ]  # fmt: skip
        named = {stem(word) for value in values for word in tokens(value)}
        values += [
            said
            for said in past.wished.get(item.id, ())
            if not {stem(word) for word in tokens(said)} <= named
        ]
        values = [*filter(past.may_say, values)]
        if values:
            yield "wish", tuple(values), {"words": _listed(values)}
    if past.tags:
        words = set(tokens(item.document()))
        tags = [tag for tag, needed in past.tags if needed <= words and past.may_say(tag)]
        if tags:
            yield "tag", tuple(tags), {"words": _listed(tags)}
    alike = _most_alike(item, past)
    if alike is not None:
        liked, attribute, shared = alike
        facts = {"attribute": one_line(attribute), "shared": _listed(shared)}
        yield "attribute", (liked.id, *shared), {**past.told(liked), **facts}
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


def _most_alike(item: Item, past: _Past) -> tuple[Item, str, list[str]] | None:
    """The liked item that shares most with an item, the attribute that says so, and its values.

    Values weigh by how few items have them. One or two of the same attribute are told, where less
    than a tenth of the scene's items have them. The newest of equals.
    """
    speaking = past.traits.speaking(item)
    own = {trait: weight for trait, weight in speaking.items() if past.may_say(trait[1])}
    best: tuple[Item, str, list[str]] | None = None
    most = 0.0
    for other, theirs in zip(past.liked, past.values, strict=True):
        shared = [trait for trait in own if trait in theirs] if other.id != item.id else []
        weight = sum(own[trait] for trait in shared)
        if weight > most and (told := _rarest(shared, own)):
            best, most = (other, *told), weight
    return best


def _rarest(
    shared: Sequence[Trait], weights: Mapping[Trait, float]
) -> tuple[str, list[str]] | None:
    """Of the values that two items share the one or two of an attribute that fewest items have."""
    by_name: dict[str, list[Trait]] = {}
    for trait in shared:
        by_name.setdefault(trait[0], []).append(trait)
    best: tuple[str, list[str]] | None = None
    most = _LEAST
    for name, traits in by_name.items():
        rare = sorted(traits, key=lambda trait: -weights[trait])[:_TOLD]
        weight = sum(weights[trait] for trait in rare)
        if weight > most:
            best, most = (name, [text for _, text in traits if (name, text) in rare]), weight
    return best


def _listed(values: Sequence[str]) -> str:
    return ", ".join(one_line(value) for value in values)


def _people(count: int, behaviour: Interactions) -> dict[str, str]:
    """How many people, and whether all that is counted is liking or some of it buys or looks."""
    return {"count": str(count), "did": "liked" if behaviour.is_liking else "had"}
