"""Evidence for an item: attributes it shares with likes, people who liked both, tags, the wish.

Every piece can be looked up again in the person's events, the catalogue or the counts of likes.
"""

from __future__ import annotations

import math
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
from recagent.explanations.ties import Choice, Tie, alike, in_order, liked_by_the_same
from recagent.ports import Query
from recagent.profiles.informative_values import Traits, item_traits
from recagent.prompts import caption, one_line
from recagent.retrieval.interactions import Interactions
from recagent.retrieval.sources.bm25 import tokens
from recagent.retrieval.words import stem, without_negated
from recagent.scenes.constraints import FORBIDDING, forbids, satisfies

MOST = 3  # pieces for one item
_HISTORY = 50  # newest liked items that are looked at
_LEAST = math.log(10)  # weight of a value that a tenth of a scene's items have
_MILD = math.log(4)  # of one that a quarter have: in a small scene a reason where there is no other
_SMALL = 50  # items of a small scene

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
    choice: Choice = in_order,
) -> list[tuple[Evidence, ...]]:
    """Returns up to three pieces of evidence for each item, the strongest kinds first.

    First come the preferences of the context that the item satisfies. Then, in order: attribute
    values that the wish names and its words that the item says (``wished``, by id), declared tags,
    and the ties to liked items of which ``choice`` makes one of shared values and one of people.
    Where none of these is there: in a small scene values that a quarter of the items have at most;
    else how many people liked it. After these, the constraints of the context. What a ban of the
    request, the scene or the person forbids is never cited. Attributes and shared values are called
    as people call them in ``lang``.
    """
    history = _History(query, scale, traits, wished)
    crowds = behaviour.together(
        [item.id for item in items], others=[other.id for other in history.liked]
    ).tolist()
    stated = [[*_stated(item, history)] for item in items]
    ties = [
        _ties(item, history, crowd=crowd, behaviour=behaviour, has_other=bool(own))
        for item, crowd, own in zip(items, crowds, stated, strict=True)
    ]
    rows = {row for row, own in enumerate(stated) if not own}
    gathered: list[tuple[Evidence, ...]] = []
    for item, own, chosen in zip(items, stated, choice(ties, rows, history.weights), strict=True):
        pieces: list[Piece] = [*own, *(history.piece(tie, behaviour) for tie in chosen)]
        pieces = pieces[:MOST]
        if not pieces and (likes := behaviour.likes.get(item.id, 0)):
            facts = {**_people(likes, behaviour), "scene": query.scene.name}
            pieces = [("popularity", (item.id,), facts)]
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

    def is_allowed(self, text: str) -> bool:
        """Whether no ban forbids a text."""
        return not any(forbids(ban, text) for ban in self.bans)

    def is_allowed_item(self, item: Item) -> bool:
        """Whether no ban forbids an item or its title."""
        return self.is_allowed(item.title) and all(
            satisfies(item, ban, by_model=self.by_model) for ban in self.bans
        )

    def piece(self, tie: Tie, behaviour: Interactions) -> Piece:
        """Returns a tie as a piece of evidence."""
        kind: EvidenceKind = "attribute" if tie.values else "people"
        facts, refs = self._facts(tie.liked), (tie.liked.id, *tie.values)
        if tie.values:
            shared = {"attribute": one_line(tie.attribute), "shared": _listed(tie.values)}
            return kind, refs, facts | shared
        base = {"base": str(behaviour.likes[tie.liked.id])}
        return kind, refs, facts | _people(tie.count, behaviour) | base

    def _facts(self, liked: Item) -> dict[str, str]:
        event = self.newest[liked.id]
        facts = {"title": caption(liked), **judgment_facts(event, self.scale)}
        if liked.scene != self.scene.name:
            return facts | {"scene": liked.scene}
        return facts | ({"work": "yes"} if self.scene.works else {})


def _stated(item: Item, history: _History) -> Iterator[Piece]:
    """Yields what the wish names of an item, and the tags that it has."""
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


def _ties(
    item: Item,
    history: _History,
    *,
    crowd: Sequence[int],
    behaviour: Interactions,
    has_other: bool,
) -> list[Tie]:
    """Returns what ties an item to likes; in a small scene weaker ties where nothing else is."""
    traits = {
        trait: weight
        for trait, weight in history.traits.informative(item).items()
        if history.is_allowed(trait[1])
    }
    liked = [*zip(history.liked, history.values, strict=True)]
    ties = [
        *alike(item, liked, traits=traits, least=_LEAST),
        *liked_by_the_same(item, liked, traits=traits, crowd=crowd, behaviour=behaviour),
    ]
    if ties or has_other or len(history.traits.items) >= _SMALL:
        return ties
    return [*alike(item, liked, traits=traits, least=_MILD)]


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
