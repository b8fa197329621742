"""Evidence for an item: attributes it shares with likes, people who liked both, tags, the wish.

Every piece can be looked up again in the person's events, the catalogue or the counts of likes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from recagent.domain import (
    Constraint,
    Event,
    Evidence,
    EvidenceKind,
    Item,
    Language,
    PersonRule,
    RatingScale,
)
from recagent.domain.attribute_labels import Labels
from recagent.ports import Query
from recagent.profiles.informative_values import Trait, Traits, item_traits
from recagent.prompts import caption, one_line
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.bm25 import tokens
from recagent.retrieval.words import stem, without_negated
from recagent.scenes.constraints import FORBIDDING, forbids, satisfies

MOST = 3  # pieces for one item
_HISTORY = 50  # newest liked items that are looked at
FEW_PEOPLE = 5  # below this, people in common are chance, and a count would tell of single ones
_MAX_VALUES = 2  # shared values in one reason
_LEAST = math.log(10)  # weight of a value that a tenth of a scene's items have
_MILD = math.log(4)  # of one that a quarter have: in a small scene a reason where there is no other
_SMALL = 50  # items of a small scene
_SECOND = 0.5  # of what a second value weighs: those of an attribute often come together
_LEAST_LIFT = 1.1  # times as many people in common as by chance, less one standard error
_LEAST_SHARE = 0.1  # of the people of a liked item; fewer say little, however rare the item

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_LABELS: Labels = MappingProxyType({})
Piece = tuple[EvidenceKind, tuple[str, ...], dict[str, str]]


def gather_evidence(
    items: Sequence[Item],
    query: Query,
    *,
    behaviour: Interactions,
    scale: RatingScale,
    traits: Traits,
    wished: Mapping[str, Sequence[str]] = _NOTHING,
    labels: Labels = _NO_LABELS,
    lang: Language = "en",
) -> list[tuple[Evidence, ...]]:
    """Returns up to three pieces of evidence for each item, the strongest kinds first.

    First come the preferences of the context that the item satisfies. Then, in order: attribute
    values that the wish names and its words that the item says (``wished``, by id), declared tags,
    and what sets the item apart most, of a liked item with which it shares values that few items
    have, and a liked item whose people liked this one too more often than chance: both in nats, the
    values by how rare they are, the people by how many more there are than of two items that have
    nothing to do with each other. Liked items that were the reason for an item before count less,
    so that one does not stand for a whole list. Where none of these is there: in a small scene
    values that a quarter of the items have at most; else how many people liked it. After these,
    the constraints of the context. What a ban of the request, the scene or the person forbids is
    never cited. Attributes and shared values are called as people call them in ``lang``.
    """
    history = _History(query, scale, traits, wished)
    crowds = behaviour.together(
        [item.id for item in items], others=[other.id for other in history.liked]
    )
    gathered: list[tuple[Evidence, ...]] = []
    for item, crowd in zip(items, crowds.tolist(), strict=True):
        pieces: list[Piece] = list(islice(_personal(item, history, crowd, behaviour), MOST))
        if not pieces and len(traits.items) < _SMALL:
            pieces = [piece for _, piece in _alike(item, history, least=_MILD)]
        if not pieces and (likes := behaviour.likes.get(item.id, 0)):
            facts = {**_people(likes, behaviour), "scene": query.scene.name}
            pieces = [("popularity", (item.id,), facts)]
        history.cite(pieces)
        pieces = [_in_words(piece, labels, lang) for piece in pieces]
        preferences = _satisfied(
            "preference", item, query.context.preferences, by_model=item.model_attributes
        )
        constraints = _satisfied(
            "constraint", item, query.context.constraints, by_model=query.scene.model_conditions
        )
        gathered.append(as_evidence([*preferences, *pieces, *constraints]))
    return gathered


def _satisfied(
    kind: EvidenceKind,
    item: Item,
    constraints: Sequence[Constraint],
    *,
    by_model: Container[str],
) -> Iterator[Piece]:
    """Yields the constraints that an item satisfies; those with the same words are one.

    The facts say ``by``: ``model`` where a model's description has the value, and not the data.
    """
    groups: dict[str, list[Constraint]] = {}
    for each in constraints:
        if each.attribute == "id":  # an item that was shown before: no reason for another
            continue
        if each.task in (None, item.task):
            groups.setdefault(each.words or repr(each), []).append(each)
    for first, *others in groups.values():
        group = (first, *others)
        if all(satisfies(item, each, by_model=by_model) for each in group):
            told = any(_is_described(item, each, by_model) for each in group)
            facts = constraint_facts(first) | ({"by": "model"} if told else {})
            yield kind, (first.attribute,), facts


def _is_described(item: Item, constraint: Constraint, by_model: Container[str]) -> bool:
    """Whether what a constraint reads of an item is a model's description."""
    name = constraint.attribute
    return name in by_model and name in item.model_attributes


def as_evidence(pieces: Iterable[Piece], *, after: int = 0) -> tuple[Evidence, ...]:
    """Pieces as evidence with the ids e1, e2..., or those that come ``after`` so many."""
    return tuple(
        Evidence(id=f"e{number}", kind=kind, refs=refs, facts=facts)
        for number, (kind, refs, facts) in enumerate(pieces, start=after + 1)
    )


def constraint_facts(constraint: Constraint) -> dict[str, str]:
    """Returns the facts of a constraint; ``said`` is how the person put it, if known."""
    value = constraint.value
    wanted = _listed(value) if isinstance(value, tuple) else one_line(value)
    facts = {
        "attribute": one_line(constraint.attribute),
        "operator": constraint.operator,
        "wanted": wanted,
    }
    return facts | ({"said": one_line(constraint.words)} if constraint.words else {})


def forbidding_constraints(query: Query) -> list[Constraint]:
    """Returns what a request, its scene or the person forbids, without ids shown before."""
    declared = query.profile.user.attributes
    personal = [
        Constraint(attribute=rule.attribute, operator=rule.operator, value=declared[rule.person])
        for rule in query.scene.rules
        if isinstance(rule, PersonRule) and rule.person in declared
    ]
    rules = [rule for rule in query.scene.rules if isinstance(rule, Constraint)]
    constraints = (*query.context.constraints, *rules, *personal)
    return [each for each in constraints if each.operator in FORBIDDING and each.attribute != "id"]


def judgment_facts(event: Event, scale: RatingScale) -> dict[str, str]:
    """Returns what an event says of its item, as facts; none for a rating without a value."""
    if event.kind != "rating":
        return {"kind": event.kind}
    if event.value is None:
        return {}
    return {"kind": event.kind, "rating": f"{event.value:g}/{scale.high:g}"}


class _History:
    """The person's likes, tags, wish and bans: what the evidence for every item is looked up in."""

    def __init__(
        self,
        query: Query,
        scale: RatingScale,
        traits: Traits,
        wished: Mapping[str, Sequence[str]],
    ) -> None:
        profile = query.profile
        self.scene = query.scene
        self.scale = scale
        self.traits = traits
        self.bans = forbidding_constraints(query)
        self.by_model = query.scene.model_conditions
        self.wish = set(tokens(without_negated(query.context.wish)))
        self.wished = wished
        self.tags = [(tag, words) for tag in profile.user.tags if (words := set(tokens(tag)))]
        newest = (profile.items[key] for key in islice(profile.liked, _HISTORY))
        self.liked = [other for other in newest if self.is_allowed_item(other)]
        self.weights = profile.liked
        self.values = [item_traits(other) for other in self.liked]
        self.newest = {event.item_id: event for event in reversed(profile.events)}
        self.cited: Counter[str] = Counter()

    def worth(self, liked: Item, nats: float) -> float:
        """What a liked item is worth as a reason: less of an old or weak like, and when cited."""
        return nats * (1 + self.weights[liked.id]) / 2 / (1 + self.cited[liked.id])

    def cite(self, pieces: Sequence[Piece]) -> None:
        """Count the liked item that is the first reason for an item."""
        if pieces and pieces[0][0] in ("attribute", "people"):
            self.cited[pieces[0][1][0]] += 1

    def is_allowed(self, text: str) -> bool:
        """Whether no ban forbids a text."""
        return not any(forbids(ban, text) for ban in self.bans)

    def is_allowed_item(self, item: Item) -> bool:
        """Whether no ban forbids an item or its title."""
        return self.is_allowed(item.title) and all(
            satisfies(item, ban, by_model=self.by_model) for ban in self.bans
        )

    def facts(self, liked: Item) -> dict[str, str]:
        event = self.newest[liked.id]
        facts = {"title": caption(liked), **judgment_facts(event, self.scale)}
        if liked.scene != self.scene.name:
            return facts | {"scene": liked.scene}
        return facts | ({"work": "yes"} if self.scene.works else {})


def _personal(
    item: Item, history: _History, crowd: Sequence[int], behaviour: Interactions
) -> Iterator[Piece]:
    """Yields pieces in order; ``crowd`` has, for each liked item, how many people liked both."""
    if history.wish:
        values = [
            text for _, text in history.traits.worded(item)
            if len(text) > 1 and set(tokens(text)) <= history.wish
        ]  # fmt: skip
        stems = {stem(word) for value in values for word in tokens(value)}
        values += [
            text
            for text in history.wished.get(item.id, ())
            if not {stem(word) for word in tokens(text)} <= stems
        ]
        values = [*filter(history.is_allowed, values)]
        if values:
            yield "wish", tuple(values), {"words": _listed(values)}
    if history.tags:
        words = set(tokens(item.document()))
        tags = [tag for tag, needed in history.tags if needed <= words and history.is_allowed(tag)]
        if tags:
            yield "tag", tuple(tags), {"words": _listed(tags)}
    found = [
        *_alike(item, history, least=_LEAST),
        *_liked_by_the_same(item, history, crowd, behaviour),
    ]
    yield from (piece for _, piece in sorted(found, key=lambda pair: -pair[0]))


def _alike(item: Item, history: _History, *, least: float) -> Iterator[tuple[float, Piece]]:
    """Yields the liked item that shares most with an item, if any, with what that is worth.

    One or two values of the same attribute count, where together they weigh more than ``least``.
    Of equals the newest is taken.
    """
    informative = history.traits.informative(item)
    traits = {
        trait: weight for trait, weight in informative.items() if history.is_allowed(trait[1])
    }
    best: tuple[Item, str, list[str]] | None = None
    most = 0.0
    for other, theirs in zip(history.liked, history.values, strict=True):
        shared = [trait for trait in traits if trait in theirs] if other.id != item.id else []
        rarest = _rarest(shared, traits, least)
        if rarest is None:
            continue
        name, values = rarest
        worth = history.worth(other, _weight([traits[name, value] for value in values]))
        if worth > most:
            best, most = (other, name, values), worth
    if best is not None:
        liked, attribute, values = best
        facts = {"attribute": one_line(attribute), "shared": _listed(values)}
        yield most, ("attribute", (liked.id, *values), {**history.facts(liked), **facts})


def _liked_by_the_same(
    item: Item, history: _History, crowd: Sequence[int], behaviour: Interactions
) -> Iterator[tuple[float, Piece]]:
    """Yields the liked item whose people liked an item most above chance, with what it is worth."""
    best: tuple[Item, int] | None = None
    most = 0.0
    for other, count in zip(history.liked, crowd, strict=True):
        base = behaviour.likes.get(other.id, 0)
        if count < max(FEW_PEOPLE, _LEAST_SHARE * base) or other.id == item.id:
            continue
        by_chance = base * behaviour.likes[item.id] / behaviour.people
        lift = (count - math.sqrt(count)) / by_chance
        if lift >= _LEAST_LIFT and (worth := history.worth(other, math.log(lift))) > most:
            best, most = (other, count), worth
    if best is not None:
        liked, count = best
        facts = {**_people(count, behaviour), "base": str(behaviour.likes[liked.id])}
        yield most, ("people", (liked.id,), {**history.facts(liked), **facts})


def _rarest(
    shared: Sequence[Trait], weights: Mapping[Trait, float], least: float
) -> tuple[str, list[str]] | None:
    """Returns the attribute and its one or two shared values that fewest items have."""
    by_name: dict[str, list[Trait]] = {}
    for trait in shared:
        by_name.setdefault(trait[0], []).append(trait)
    best: tuple[str, list[str]] | None = None
    most = least
    for name, traits in by_name.items():
        rare = sorted(traits, key=lambda trait: -weights[trait])[:_MAX_VALUES]
        weight = sum(weights[trait] for trait in rare)
        if weight > most:
            best, most = (name, [text for _, text in traits if (name, text) in rare]), weight
    return best


def _weight(weights: Sequence[float]) -> float:
    """Of one or two shared values."""
    rarest, *others = sorted(weights, reverse=True)
    return rarest + _SECOND * sum(others)


def _in_words(piece: Piece, labels: Labels, lang: Language) -> Piece:
    """Returns a piece about an attribute with the words that people have for it and its values."""
    kind, refs, facts = piece
    known = labels.get(facts.get("attribute", ""))
    if kind != "attribute" or known is None:
        return piece
    words = {
        "attribute": known.names.get(lang, facts["attribute"]),
        "shared": _listed([known.value(value, lang) for value in refs[1:]]),
    }
    return kind, refs, facts | words


def _listed(values: Sequence[str]) -> str:
    return ", ".join(one_line(value) for value in values)


def _people(count: int, behaviour: Interactions) -> dict[str, str]:
    """Returns how many people, and whether all of them liked it or some bought or looked."""
    return {"count": str(count), "did": "liked" if behaviour.is_liking else "had"}
