"""The nouns of recagent: frozen values that every room speaks in.

Not a place for behaviour that reads files, asks models or keeps state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

from recagent.domain.addresses import is_address, without_addresses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

Value = str | int | float | bool | tuple[str, ...]
Language = Literal["en", "zh"]
Task = Literal["item", "content", "activity", "person"]
EventKind = Literal[
    "view", "click", "like", "dislike", "rating", "purchase", "finish", "skip", "comment"
]
Mode = Literal["likelihood", "label", "listwise", "pointwise", "pairwise", "setwise"]
Known = Literal["warm", "new here", "declared only", "unknown"]
Group = Literal["known", "few likes", "new here", "declared only", "unknown"]
Unserved = Literal["", "not learned", "few cases", "no gain"]
Operator = Literal["is", "is not", "at least", "at most", "mentions", "does not mention"]
Review = Literal["none", "human"]
EvidenceKind = Literal[
    "attribute", "tag", "wish", "people", "popularity", "preference",
    "constraint", "share",
    # of answers about a ranking:
    "rank", "lead", "varied", "ruled", "place", "absent", "seen", "broken", "barred", "needs",
    "earlier", "edition", "group", "unfound", "change", "steady", "still out", "wished", "unwished",
]  # fmt: skip

EVENT_KINDS: tuple[str, ...] = get_args(EventKind)
EARLIEST_CLOCK = datetime(1990, 1, 1, tzinfo=UTC)  # a time before it is an order, or a wrong unit
UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)  # of events without a time: they have an order only
LIKED_FROM = 0.7  # share of the rating scale: 7 of 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that can be recommended."""

    id: str
    scene: str
    title: str
    task: Task = "item"
    text: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])

    def document(self) -> str:
        """What is embedded and searched: title, text and attribute values in one line.

        Measures (prices, scaled numbers: any ``float``) and addresses (links, paths, names of
        files) are left out; they are no words.
        """
        values = [
            " ".join(value) if isinstance(value, tuple) else str(value)
            for value in self.attributes.values()
            if not isinstance(value, float)
        ]
        kept = [without_addresses(each) for each in (self.text, *values) if not is_address(each)]
        return " ".join(filter(None, [self.title, *kept]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a person changed in their profile; it wins over what is declared and inferred.

    Attributes:
        tags: weight in [0, 1] by tag; 0 blocks it: what carries it counts as liked no more. None
            takes it away, and blocks nothing.
        attributes: by name; None takes it away.
        about: a few words of their own; None leaves those that are declared.
    """

    tags: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    attributes: Mapping[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, as they or their application describe them; all but the id is optional.

    Attributes:
        edits: what the person changed of it, kept apart so that loading people anew keeps it.
    """

    id: str
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    tags: tuple[str, ...] = ()
    about: str = ""
    edits: Edits = field(default_factory=Edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted with a person: how much, and the ids that they were known under."""

    ids: tuple[str, ...]
    events: int
    impressions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A model's few words on what a person likes in a scene.

    Attributes:
        made_from: fingerprint of all that it depends on; of other events it is out of date.
    """

    scene: str
    text: str
    model: str
    made_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One interaction of a person with an item.

    Attributes:
        at: when, with a time zone.
        value: of a rating, on the catalogue's scale; of another kind, between 0 and 1, how much of
            it there was beside what is usual (0.5); None and any other number: it counts in full.
        text: the person's own words.
        impression: the trace id of the slate that it answers, if it answers one.
    """

    user_id: str
    item_id: str
    scene: str
    kind: EventKind
    at: datetime
    value: float | None = None
    text: str = ""
    device: str = ""
    place: str = ""
    impression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A predicate on an item that code can check; ``recagent.scenes.constraints`` does.

    Attributes:
        attribute: an item's attribute, or ``id``, ``title``, ``text``; empty for all that it says.
        operator: ``mentions`` and ``does not mention`` look for a text within a text.
        value: compared with; of several values one is enough.
        words: as the person or the scene's rule put it.
        task: of the items that it is about; None for all.
    """

    attribute: str
    operator: Operator
    value: Value
    words: str = ""
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRule:
    """A constraint whose value is the person's own; none for one who does not tell it.

    Attributes:
        attribute: of the item, as in ``Constraint``.
        person: the person's attribute that it is compared with: what they blocked, what they seek.
        task: of the items that it is about; None for all.
    """

    attribute: str
    operator: Operator
    person: str
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRule:
    """What has an age rating is for people who are known to be so old.

    Attributes:
        age: the item's attribute, years; an item without it is for everybody.
        person: the person's attribute, years.
    """

    age: str
    person: str = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceRule:
    """Only what is near the request's place; an item that does not tell where it is, is not.

    Attributes:
        within_km: along the great circle.
        latitude: the item's attribute, degrees.
        longitude: the item's attribute, degrees.
        task: of the items that it is about; None for all.
    """

    within_km: float
    latitude: str = "latitude"
    longitude: str = "longitude"
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshRule:
    """Only what is new: an item that does not tell its day is not.

    Attributes:
        fresh_days: before the request, or before the scene's newest item where that is older.
        attribute: the item's day, as ISO 8601 writes it.
        task: of the items that it is about; None for all.
    """

    fresh_days: float
    attribute: str = "published"
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """A slate is a path: an item comes after all that it needs, and what was begun may come again.

    Attributes:
        prerequisites: the item's attribute that lists the ids of what must be finished before it.
    """

    prerequisites: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRule:
    """What the person liked comes again, as songs do.

    Attributes:
        repeat_days: after the person's newest event on it.
    """

    repeat_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRule:
    """A list has few parts of a series, and no later part before or instead of an earlier one.

    Attributes:
        group: the item's attribute that names its series.
        limit: at most so many parts of a series on one list.
        order: the item's attribute that tells which part it is, a number, a date or 第三卷; empty
            for the number in its title.
    """

    group: str
    limit: int = 1
    order: str = ""


Rule = (
    Constraint
    | PersonRule
    | AgeRule
    | DistanceRule
    | FreshRule
    | PathRule
    | RepeatRule
    | SeriesRule
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A declared place where recommendations are met: a domain, a surface, a device.

    Attributes:
        labels: how it is called, by language.
        description: what it is, in a sentence.
        tasks: kinds of things that it recommends; empty for whatever its items are.
        quotas: shares of its tasks in a slate, as 3 to 2; empty where the best come, of any task.
        rules: what every slate keeps to; ``recagent.scenes.rules`` sees to it.
        editions: whether a list has one edition of a work, and none of a work that was met.
        language: of its prompts and reasons; None for that of the settings.
        prompts: names or files of prompts in place of the usual ones, by purpose.
        learns_from: scenes whose events count here besides its own; None for all.
        review: ``human`` where a person must look at what is recommended; no model phrases there.
        notices: what is shown with every slate and explanation, by language.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    description: str = ""
    tasks: tuple[Task, ...] = ()
    quotas: Mapping[Task, int] = field(default_factory=dict[Task, int])
    rules: tuple[Rule, ...] = ()
    editions: bool = True
    language: Language | None = None
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    learns_from: tuple[str, ...] | None = None
    review: Review = "none"
    notices: Mapping[str, str] = field(default_factory=dict[str, str])

    def label(self, lang: str) -> str:
        """How the scene is called in ``lang``; its name where no label is declared."""
        return self.labels.get(lang) or self.labels.get("en") or self.name.replace("_", " ")

    def notice(self, lang: str) -> str:
        """What is shown with its slates, in ``lang`` or else in English; empty where nothing is."""
        return self.notices.get(lang) or self.notices.get("en") or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The situation of one request.

    Attributes:
        wish: what is wanted now, in the person's words.
        constraints: what every item of the slate must keep to.
        at: when, with a time zone; None for now.
        device: what it is shown on, as events name it.
        place: where the person is: ``latitude,longitude``, or a name as events have it.
        preferences: what an item had better keep to; each that it does raises its score.
    """

    wish: str = ""
    constraints: tuple[Constraint, ...] = ()
    at: datetime | None = None
    device: str = ""
    place: str = ""
    preferences: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingScale:
    """What the values of ``rating`` events mean: from ``low`` to ``high``.

    Attributes:
        unrated: values that say that somebody met the item and did not rate it.
    """

    low: float = 0.0
    high: float = 10.0
    unrated: tuple[float, ...] = ()

    @property
    def liked_from(self) -> float:
        """The lowest rating that is a like."""
        return self.low + LIKED_FROM * (self.high - self.low)

    def shown_from(self, values: Iterable[float]) -> float:
        """The same as people say it who give such values: in whole, half or other numbers."""
        given = list(values)
        for part in (1, 2):
            if all((part * value).is_integer() for value in given):
                return math.ceil(round(part * self.liked_from, 9)) / part
        return round(self.liked_from, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of so many judgments were likes."""

    likes: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """What is known of a person now.

    Attributes:
        user: what is declared.
        events: interactions, newest first.
        liked: weight in (0, 1] of every liked item, recent and strong ones higher; newest first.
        taste: per scene, a vector (d,) float32 of what the person liked there, of unit length, or
            as long as it counts where a scene looks at it (``transfer.carried``).
        declared: unit vector (d,) float32 of tags, attributes and ``about``; None without any.
        items: the items of ``events`` that the catalogue knows, by id.
        gone: weight of what was liked and has left the catalogue, by id: what others liked with it
            still counts.
        tags: weight in (0, 1], highest first; 1 for one that is declared. Inferred ones are there
            where a recommender's ``profile`` tells it.
        scene_tags: likewise, by scene, of those that are inferred.
    """

    user: User
    events: tuple[Event, ...]
    liked: Mapping[str, float]
    taste: Mapping[str, Vector]
    declared: Vector | None
    items: Mapping[str, Item]
    gone: Mapping[str, float] = field(default_factory=dict[str, float])
    tags: Mapping[str, float] = field(default_factory=dict[str, float])
    scene_tags: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, "Mapping[str, float]"]
    )

    @property
    def all_liked(self) -> Mapping[str, float]:
        """``liked`` with what is ``gone``, newest first."""
        if not self.gone:
            return self.liked
        both = {**self.liked, **self.gone}
        order = {event.item_id: place for place, event in reversed(list(enumerate(self.events)))}
        return dict(sorted(both.items(), key=lambda pair: order.get(pair[0], len(order))))

    @property
    def words(self) -> tuple[str, ...]:
        """What the person wrote of items, newest first."""
        return tuple(event.text for event in self.events if event.text)

    def is_cold(self, scene: str) -> bool:
        """Whether the person has no events in ``scene``."""
        return all(event.scene != scene for event in self.events)

    @property
    def cold(self) -> Literal["fully"] | None:
        """``"fully"`` for a person of whom no event is known in any scene."""
        return None if self.events else "fully"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A retrieved item; features are the scores of the sources that found it, and ``fused``."""

    item: Item
    features: Mapping[str, float]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a slate.

    Attributes:
        rank: from 1.
        probability: the share of the pool, a softmax over its scores. It compares candidates of one
            pool, need not fall with the rank (diversity, a wish) and is not shown to people.
        like: calibrated probability that the person will like the item; None without a fitted head,
            or where people never say what they do not like.
        features: scores of the sources that found it.
    """

    rank: int
    item: Item
    probability: float
    features: Mapping[str, float]
    like: float | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a call to a model cost, in tokens."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt=self.prompt + other.prompt, completion=self.completion + other.completion
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WishMatch:
    """What a scene has for a wish.

    Attributes:
        wish: in the person's words.
        matches: items that answer it and may be shown.
        left_out: items that answer it and may not: met before, or kept out by a rule or constraint.
        missing: words of the wish that no item of the scene says.
    """

    wish: str
    matches: int
    left_out: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How a slate came about.

    Attributes:
        id: of the impression, to join feedback to it.
        scene_from: ``given``, ``identified`` (by what was learned, from context and events), or by
            the rule until there is that: ``last event`` or ``most active scene``.
        cold: ``scene`` (new here, known elsewhere), ``fully`` (no events at all) or None.
        known: what the slate could rest on: events here, events elsewhere, declarations or a wish,
            or nothing.
        scene_probability: of each scene, by name, where the scene was identified.
        wish: what the scene has for the wish; None without one, or where its words say nothing of
            an item ("something nice").
        sources: how many candidates of the pool each retrieval source found.
        pool: number of candidates that were ranked.
        mode: how the model scored, None where it was not asked.
        language_probability: softmax of the model's own scores over the pool, by item id.
        repairs: labels that were unknown, doubled or missing in the model's replies.
        head: fingerprint of the learned head that ranked; empty where none did.
        group: of people, that the person is of here: a head ranks for those that it was tested on.
        unserved: why the head that was fitted does not rank for this group; empty where it does,
            and where none has been fitted.
        gated: whether the model was left alone because held-out people show no gain by it here, or
            because before a fit it has no weight.
        moved: how many candidates of the pool the person's answers to earlier slates moved.
        review: whether the scene wants a person to look at the slate.
        degraded: which lower rung answered and why; None when nothing was degraded.
        notes: what else a reader should know (a mode that the engine cannot do, say).
        seconds: from the request to the slate, the start of a cold model apart.
    """

    id: str
    scene_from: str
    cold: str | None
    sources: Mapping[str, int]
    pool: int
    known: Known = "warm"
    wish: WishMatch | None = None
    scene_probability: Mapping[str, float] = field(default_factory=dict[str, float])
    model: str | None = None
    mode: Mode | None = None
    prompt: str | None = None
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    repairs: int = 0
    language_probability: Mapping[str, float] = field(default_factory=dict[str, float])
    head: str = ""
    group: Group = "known"
    unserved: Unserved = ""
    gated: bool = False
    moved: int = 0
    review: bool = False
    degraded: str | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """The ordered answer to one request.

    Attributes:
        empty: why it has no entries, in the scene's language; empty where it has some.
    """

    user_id: str
    scene: Scene
    entries: tuple[Entry, ...]
    trace: Trace
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """A slate as it was shown: item ids in order, their probabilities, and the trace as JSON.

    ``wish`` is what was asked for, in the person's words; empty without one.
    """

    id: str
    user_id: str
    scene: str
    at: datetime
    item_ids: tuple[str, ...]
    probabilities: tuple[float, ...]
    trace: str
    wish: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One offline question: who, where, what may be known, frozen candidates, judgments.

    Attributes:
        id: unique within its run.
        item_ids: the candidates in the order in which they are listed; empty where the whole scene
            is to be ranked.
        judgments: graded relevance by item id; 0 or absent is not relevant.
        history: the person's events before the target, newest first.
        user: what the person declares.
        wish: what is wanted, in the person's words; empty without one.
    """

    id: str
    user_id: str
    scene: str
    item_ids: tuple[str, ...]
    judgments: Mapping[str, int]
    history: tuple[Event, ...] = ()
    user: User | None = None
    wish: str = ""
