"""What a prompt may be told of a person: its inputs, made only when it declares them.

The candidates are not among them: each scorer offers them in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from recagent.domain import (
    Candidate,
    Constraint,
    Event,
    EventKind,
    Evidence,
    Item,
    Language,
    Profile,
    RatingScale,
    Scene,
)
from recagent.explanations.templates import clause
from recagent.ports import Query, ReasonsRequest
from recagent.ranking.scoring.reasons import MOST_REASONS

_DISTRACTORS = 3
_NEIGHBOURS = "neighbours"  # the source that goes by who liked the same

OUT_OF_TEN = RatingScale()
MAX_HISTORY = 60  # entries of the full history
DEFAULT_REASONS = 5  # where only a prompt is tried, and nobody said how many

# Of several events on one item the history has the one that says most.
_MOST_TELLING: Mapping[EventKind, int] = {
    kind: at
    for at, kind in enumerate(
        ("view", "click", "skip", "comment", "finish", "purchase", "like", "dislike", "rating")
    )
}
# Facts of a piece of evidence that the history tells of the liked item, by the piece's kind.
_IN_HISTORY = {"attribute": ("scene",), "people": ("kind", "rating", "scene")}
InScene = tuple[str, list[Item]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedExample:
    """A solved example of the person's own past: after ``liked`` they chose ``label``.

    Attributes:
        liked: what they had liked before, newest last.
        candidates: label and item, of which one is the next that they liked.
        label: of that one.
    """

    liked: tuple[Item, ...]
    candidates: tuple[tuple[str, Item], ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What a person did with one item.

    Attributes:
        month: of the newest event, ``2013-07``.
        scene: label of another scene than the one that is asked about; empty for this one.
        kind: of the event that says most: a rating before a like, a like before a view.
        rating: as ``8/10``; empty without one.
        words: the person's own, of the newest event that has some.
    """

    item: Item
    month: str
    scene: str
    kind: EventKind
    rating: str
    words: str


def prompt_inputs(
    wanted: Collection[str],
    query: Query,
    *,
    candidates: Sequence[Candidate],
    lang: Language,
    history: int,
    scenes: Mapping[str, Scene],
    scale: RatingScale = OUT_OF_TEN,
) -> dict[str, object]:
    """Those of the wanted inputs that tell of person and scene; lists are newest last.

    Args:
        wanted: names, of which others (``candidates``, ``item``, ``preference``) are passed over.
        query: the person and where they are.
        candidates: what is to be ranked, for an example and for what similar people liked.
        lang: of scenes' labels.
        history: at most so many liked items in a list.
        scenes: declared ones, for the labels of other scenes.
        scale: of ratings.
    """
    profile, target_scene = query.profile, query.scene
    met_in = _met_in(profile)

    def liked(keep: Callable[[str], bool] = lambda _: True) -> list[Item]:
        newest = [item_id for item_id in profile.liked if keep(item_id)][:history]
        return [profile.items[item_id] for item_id in reversed(newest)]

    def elsewhere() -> list[InScene]:
        items_by_scene: dict[str, list[Item]] = {}
        for item in reversed(liked(lambda key: target_scene.name not in met_in[key])):
            items_by_scene.setdefault(met_in[item.id][0], []).insert(0, item)
        newest_last = reversed(list(items_by_scene.items()))
        return [
            (scenes.get(name, Scene(name=name)).label(lang), items) for name, items in newest_last
        ]

    known: Mapping[str, Callable[[], object]] = {
        "scene": lambda: target_scene.label(lang),
        "wish": lambda: query.context.wish,
        "today": lambda: (query.context.at or datetime.now(UTC)).strftime("%Y-%m-%d"),
        "about": lambda: profile.user.about,
        "declared": lambda: [
            (name, ", ".join(value) if isinstance(value, tuple) else value)
            for name, value in profile.user.attributes.items()
        ],
        "history": lambda: history_entries(
            profile, target_scene=target_scene, scenes=scenes, lang=lang, scale=scale
        ),
        "conditions": lambda: [
            constraint_words(each)
            for each in query.context.constraints
            if each.attribute != "id"  # says nothing to a model
        ],
        "dialogue": lambda: query.context.dialogue,
        "preferences": lambda: [constraint_words(each) for each in query.context.preferences],
        "interests": lambda: profile.user.tags,
        "liked": liked,
        "latest": lambda: next(reversed(liked()), None),
        "liked_here": lambda: liked(lambda key: target_scene.name in met_in[key]),
        "liked_elsewhere": elsewhere,
        "similar": lambda: similar_items(candidates),
        "example": lambda: solved_example(
            profile, liked(), items=[each.item for each in candidates]
        ),
    }
    return {name: known[name]() for name in wanted if name in known}


def reason_inputs(
    query: Query, *, scenes: Mapping[str, Scene], lang: Language
) -> dict[str, object]:
    """What reasons may rest on, as ids and clauses: of each item by its id, and of the person.

    How popular an item is is left out, and so is what the history says of a liked item already.
    """
    wanted = query.reasons or ReasonsRequest(k=DEFAULT_REASONS, evidence={}, person=())

    def clauses(pieces: Sequence[Evidence]) -> list[tuple[str, str]]:
        return [
            (piece.id, clause(piece, scenes=scenes, lang=lang, in_prompt=True)) for piece in pieces
        ]

    def of_item(pieces: Sequence[Evidence]) -> list[tuple[str, str]]:
        return clauses([_short(piece) for piece in pieces if piece.kind != "popularity"])

    return {
        "reasons": min(wanted.k, MOST_REASONS),
        "evidence": {key: of_item(pieces) for key, pieces in wanted.evidence.items()},
        "person": clauses(wanted.person),
    }


def _short(piece: Evidence) -> Evidence:
    """A piece about a liked item without what the history tells of that one."""
    left_out = _IN_HISTORY.get(piece.kind, ())
    told = {name: fact for name, fact in piece.facts.items() if name not in left_out}
    return replace(piece, facts=told)


def history_entries(
    profile: Profile,
    *,
    target_scene: Scene,
    scenes: Mapping[str, Scene],
    lang: Language,
    scale: RatingScale,
) -> tuple[HistoryEntry, ...]:
    """Returns what the person did in all scenes, newest last, one entry an item."""
    by_item: dict[str, list[Event]] = {}
    for event in profile.events:  # newest first
        if event.item_id in profile.items:
            by_item.setdefault(event.item_id, []).append(event)
    entries = [
        _history_entry(profile.items[item_id], events, target_scene, scenes, lang, scale)
        for item_id, events in list(by_item.items())[:MAX_HISTORY]
    ]
    return tuple(reversed(entries))


def _history_entry(
    item: Item,
    events: Sequence[Event],
    target_scene: Scene,
    scenes: Mapping[str, Scene],
    lang: Language,
    scale: RatingScale,
) -> HistoryEntry:
    newest = events[0]
    telling = max(events, key=lambda event: _MOST_TELLING[event.kind])
    scene = scenes.get(newest.scene, Scene(name=newest.scene))
    rated = telling.kind == "rating" and telling.value is not None
    return HistoryEntry(
        item=item,
        month=newest.at.strftime("%Y-%m"),
        scene="" if scene.name == target_scene.name else scene.label(lang),
        kind=telling.kind,
        rating=f"{telling.value:g}/{scale.high:g}" if rated else "",
        words=next((event.text for event in events if event.text), ""),
    )


def constraint_words(constraint: Constraint) -> str:
    """Returns a constraint in the words in which it was put, else by attribute and value."""
    value = constraint.value
    wanted = ", ".join(value) if isinstance(value, tuple) else value
    return constraint.words or f"{constraint.attribute} {constraint.operator} {wanted}".strip()


def similar_items(candidates: Sequence[Candidate]) -> list[Item]:
    """The candidates that people who liked the same liked too, best last.

    In the order of the source ``neighbours``; none of those that it did not find.
    """
    neighbours = [each for each in candidates if _NEIGHBOURS in each.features]
    return [each.item for each in sorted(neighbours, key=lambda each: each.features[_NEIGHBOURS])]


def solved_example(
    profile: Profile, liked: Sequence[Item], *, items: Sequence[Item]
) -> SolvedExample | None:
    """The choice of the newest liked item, as the person stood before it.

    None for a person of fewer than two likes, or where there is nothing beside the chosen item.

    It is made of this person's past alone. The items beside the chosen one are those that they met
    and did not like, the newest first, and only where these are too few, candidates of the case:
    they are drawn by a hash of ids, whatever is relevant and however they are listed, so that the
    example cannot tell which candidate is right. (It does call the drawn ones wrong, the right one
    as often as any other; that costs a little and favours nobody.)
    """
    if len(liked) < 2:
        return None
    *before, chosen = liked

    def place(item: Item) -> bytes:
        return blake2b(f"{chosen.id}\0{item.id}".encode(), digest_size=8).digest()

    met = dict.fromkeys(event.item_id for event in profile.events)
    unliked = [key for key in met if key in profile.items and key not in profile.liked]
    others = [item for item in sorted(items, key=place) if item.id not in profile.liked]
    beside = {key: profile.items[key] for key in unliked[:_DISTRACTORS]}
    for item in others:
        if len(beside) < _DISTRACTORS:
            beside.setdefault(item.id, item)
    if not beside:
        return None
    offered = sorted([chosen, *beside.values()], key=place)
    labelled = tuple(zip("ABCD", offered, strict=False))
    label = next(label for label, item in labelled if item.id == chosen.id)
    return SolvedExample(liked=tuple(before), candidates=labelled, label=label)


def _met_in(profile: Profile) -> dict[str, list[str]]:
    """Scenes of every known item where the person met it, the newest first.

    An item without events is where the catalogue has it.
    """
    met: dict[str, list[str]] = {}
    for event in profile.events:
        met.setdefault(event.item_id, []).append(event.scene)
    return {item.id: met.get(item.id, [item.scene]) for item in profile.items.values()}
