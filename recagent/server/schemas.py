"""The checked bodies of requests and responses over HTTP and MCP.

OpenAI's are in ``openai_schemas``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from recagent.domain import (
    Answer,
    Constraint,
    Context,
    Event,
    EventKind,
    Evidence,
    Explanation,
    Impression,
    Item,
    Language,
    Slate,
    Task,
    Trace,
    User,
)
from recagent.domain.attribute_labels import AttributeWords, Labels, in_words
from recagent.explanations import wish_note
from recagent.scenes.constraints import plain

MOST = 100  # entries of a slate
MOST_CONDITIONS = 50  # constraints of a request, and as many preferences
MOST_VALUES = 200  # of all of them together
LONGEST_VALUE = 500  # characters
NEWEST = 50  # events and liked items of a profile that are shown

Id = Annotated[str, Field(min_length=1, max_length=256)]
Person = Annotated[
    Id | None,
    Field(description="The person's id; without one somebody new, of whom nothing is stored."),
]
Wish = Annotated[str, Field(description="What is wanted now, in the person's words.")]
Timestamp = Annotated[datetime | None, Field(description="With a time zone; now by default.")]
K = Annotated[int, Field(ge=1, le=MOST, description="How many items.")]
Rating = Annotated[float | None, Field(description="Of a rating.", allow_inf_nan=False)]
ImpressionId = Annotated[
    str, Field(max_length=256, description="trace.id of the slate that this answers.")
]
About = Literal["compare", "why not", "what if"]

_ANNOTATIONS = ("title", "description", "default")  # stand beside a type, not in it

# What a client leaves out it may send as null or as an empty text: many clients and models do.
Blank = BeforeValidator(lambda value: None if value == "" else value)


def _allow_null(schema: dict[str, Any]) -> None:
    """Says in the schema of a body that its optional fields may be null."""
    null = {"type": "null"}
    required: list[str] = schema.get("required", [])
    fields: dict[str, dict[str, Any]] = schema.get("properties", {})
    for name, field in fields.items():
        if name not in required and null not in field.get("anyOf", ()):
            annotations = {key: field.pop(key) for key in _ANNOTATIONS if key in field}
            fields[name] = {"anyOf": [field, null], **annotations}


class RequestBody(BaseModel):
    """A body whose optional fields may come as null or as an empty text, which is "not given"."""

    model_config = ConfigDict(json_schema_extra=_allow_null)

    @model_validator(mode="before")
    @classmethod
    def _drop_blank(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        fields = cast("dict[str, object]", body)
        return {
            name: value
            for name, value in fields.items()
            if name not in optional or (value is not None and value != "")
        }


class _StrictBody(RequestBody):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContextBody(_StrictBody):
    """The wish, the conditions, the time and the place of a request."""

    wish: Wish = ""
    constraints: Annotated[
        tuple[Constraint, ...],
        Field(max_length=MOST_CONDITIONS, description="Kept by every item."),
    ] = ()
    preferences: Annotated[
        tuple[Constraint, ...],
        Field(max_length=MOST_CONDITIONS, description="What had better be kept."),
    ] = ()
    at: Timestamp = None
    device: Annotated[str, Field(max_length=256, description="As events name it.")] = ""
    place: Annotated[
        str, Field(max_length=256, description="latitude,longitude, or as events name it.")
    ] = ""

    @model_validator(mode="after")
    def _bound_values(self) -> Self:
        """Bounds what the conditions cost: each value is compared with every item's."""
        given = [*self.constraints, *self.preferences]
        values = [value for each in given for value in plain(each.value)]
        if len(values) > MOST_VALUES:
            raise ValueError(
                f"constraints and preferences have {len(values)} values; the limit is {MOST_VALUES}"
            )
        texts = [str(value) for value in values]
        if any(len(text) > LONGEST_VALUE for text in texts) or any(
            len(text) > LONGEST_VALUE for each in given for text in (each.attribute, each.words)
        ):
            raise ValueError(f"a constraint has a text of more than {LONGEST_VALUE} characters")
        return self


class RecommendRequest(ContextBody):
    """A slate for a person in a scene, by default as is likeliest."""

    user: Person = None
    scene: Id | None = None
    k: K = 5
    task: Annotated[Task | None, Field(description="The only one that is wanted.")] = None
    reasons: Annotated[
        bool,
        Field(description="A person reads it: the ranking model writes the reasons, where it can."),
    ] = False
    lang: Language | None = None


class ExplainRequest(ContextBody):
    """Why an item would be recommended to a person."""

    item: Id
    user: Person = None
    scene: Id | None = None
    phrase: Annotated[bool, Field(description="Let the model join the reasons.")] = False
    lang: Language | None = None


class QuestionRequest(ContextBody):
    """A question about the ranking in which an item stands, or does not."""

    item: Id
    about: About
    user: Person = None
    versus: Annotated[Id | None, Field(description="The other item, of a comparison.")] = None
    scene: Id | None = None
    k: K = 5
    lang: Language | None = None


class Feedback(_StrictBody):
    """What a person did with an item; the next slate takes it into account."""

    user: Id
    item: Id
    kind: EventKind = "like"
    value: Rating = None
    scene: Id | None = None
    at: Timestamp = None
    impression: ImpressionId = ""


class StoredEvent(BaseModel):
    """An event as it was stored."""

    user: str
    item: str
    scene: str
    kind: EventKind
    value: float | None
    at: datetime
    impression: str


class SceneResponse(BaseModel):
    """A scene, how it is called, and how many items it has."""

    name: str
    label: str
    items: int


class ScenesResponse(BaseModel):
    """All scenes, and the people whom the settings propose."""

    scenes: tuple[SceneResponse, ...]
    people: tuple[str, ...]


class Reason(BaseModel):
    """One sentence and the evidence that it rests on."""

    text: str
    evidence: tuple[Evidence, ...]


class EntryResponse(BaseModel):
    """One line of a slate, with its reasons."""

    rank: int
    item: Item
    described: Annotated[
        tuple[AttributeWords, ...],
        Field(description="By a model's description: item.model_attributes, in words."),
    ]
    probability: Annotated[
        float,
        Field(
            description="Share of the pool: it compares candidates of one pool, and need not fall "
            "with the rank. Show people the rank, or like."
        ),
    ]
    like: Annotated[
        float | None,
        Field(description="Calibrated chance that the person will like it; null where unknown."),
    ]
    features: Annotated[
        Mapping[str, float],
        Field(description="Raw scores of the sources, for keys with the scope admin; else empty."),
    ]
    reasons: tuple[Reason, ...]


class SlateResponse(BaseModel):
    """A slate with reasons, and how it came about."""

    user: str
    scene: str
    label: str
    entries: tuple[EntryResponse, ...]
    sentence: Annotated[
        str, Field(description="What the list is, in the ranking model's words, checked.")
    ]
    wish_note: Annotated[
        str, Field(description="That nothing or little matches the wish; empty where all does.")
    ]
    notice: Annotated[str, Field(description="What the scene wants shown with it.")]
    empty: Annotated[str, Field(description="Why it has no entries, where it has none.")]
    trace: Trace


class ExplanationResponse(BaseModel):
    """Why an item is recommended."""

    item: Item
    reasons: tuple[Reason, ...]
    phrased_by: str | None
    replaced: int
    notice: str
    degraded: str | None


class AnswerResponse(BaseModel):
    """The answer to a question about a ranking."""

    items: tuple[Item, ...]
    ranks: Annotated[Mapping[str, int], Field(description="From 1, of those that are candidates.")]
    among: Annotated[int, Field(description="How many candidates there are.")]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    notice: str
    degraded: str | None


class LikedItem(BaseModel):
    """An item that a person likes, and how much it counts now, in (0, 1]."""

    item: Item
    weight: float


class SceneActivity(BaseModel):
    """What is known of a person in a scene: numbers of events and of liked items."""

    name: str
    label: str
    events: int
    liked: int


class ProfileResponse(BaseModel):
    """What is known of a person now; the newest events and liked items."""

    user: User
    cold: bool
    scenes: tuple[SceneActivity, ...]
    liked: tuple[LikedItem, ...]
    events: tuple[Event, ...]


class RankedCandidate(BaseModel):
    """A candidate of a pool, with the model's own probability; ``probability`` if it was shown."""

    item_id: str
    title: str
    rank: int | None
    probability: float | None
    language: float | None


class TraceResponse(BaseModel):
    """How a slate came about: the request, the candidates, the prompt, what was degraded."""

    user: str
    scene: str
    at: datetime
    wish: str
    candidates: tuple[RankedCandidate, ...]
    prompt: Annotated[str, Field(description="The prompt file's text; empty without a model.")]
    trace: Trace


def context_of(body: ContextBody) -> Context:
    """Returns the context of a request."""
    return Context(**{name: getattr(body, name) for name in ContextBody.model_fields})


def answer_response(answer: Answer) -> AnswerResponse:
    """Returns an answer with the evidence of each sentence."""
    return AnswerResponse(**_same_fields(AnswerResponse, answer), reasons=reasons(answer))


def explanation_response(explanation: Explanation) -> ExplanationResponse:
    """Returns an explanation with the evidence of each sentence."""
    fields = _same_fields(ExplanationResponse, explanation)
    return ExplanationResponse(**fields, reasons=reasons(explanation))


def reasons(answer: Explanation | Answer) -> tuple[Reason, ...]:
    """Returns the sentences of an explanation, each with its evidence."""
    pieces = {piece.id: piece for piece in answer.evidence}
    return tuple(
        Reason(text=claim.text, evidence=tuple(pieces[key] for key in claim.evidence))
        for claim in answer.claims
    )


def slate_response(
    slate: Slate,
    explanations: Sequence[Explanation],
    *,
    lang: Language,
    labels: Labels,
    with_features: bool,
) -> SlateResponse:
    """Returns a slate with the explanations of its entries, which are in their order.

    Args:
        slate: the slate.
        explanations: of its entries.
        lang: of labels and notes.
        labels: what people call attributes and their values.
        with_features: whether an operator reads it: a source's scores tell what others did.
    """
    entries = slate.entries
    if not with_features:
        entries = tuple(replace(entry, features={}) for entry in entries)
    return SlateResponse(
        user=slate.user_id,
        scene=slate.scene.name,
        label=slate.scene.label(lang),
        entries=tuple(
            EntryResponse(
                **_same_fields(EntryResponse, entry),
                described=in_words(entry.item.model_attributes, labels=labels, lang=lang),
                reasons=reasons(explanation),
            )
            for entry, explanation in zip(entries, explanations, strict=True)
        ),
        sentence=slate.sentence,
        wish_note=wish_note(slate, lang=lang),
        notice=explanations[0].notice if explanations else "",
        empty=slate.empty,
        trace=slate.trace,
    )


def stored_event(event: Event) -> StoredEvent:
    """Returns an event as it was stored."""
    fields = _same_fields(StoredEvent, event)
    return StoredEvent(user=event.user_id, item=event.item_id, **fields)


def trace_response(
    impression: Impression, trace: Trace, *, items: Mapping[str, Item], prompt: str
) -> TraceResponse:
    """Returns the items that were shown, in order, then the others by the model's probability."""
    language, shown = trace.language_probability, impression.item_ids
    others = sorted(language.keys() - set(shown), key=lambda key: -language[key])
    ranks = {key: rank for rank, key in enumerate(shown, start=1)}
    probabilities = dict(zip(shown, impression.probabilities, strict=True))
    candidates = tuple(
        RankedCandidate(
            item_id=key,
            title=items[key].title if key in items else key,
            rank=ranks.get(key),
            probability=probabilities.get(key),
            language=language.get(key),
        )
        for key in (*shown, *others)
    )
    return TraceResponse(
        user=impression.user_id,
        scene=impression.scene,
        at=impression.at,
        wish=impression.wish,
        candidates=candidates,
        prompt=prompt,
        trace=trace,
    )


def _same_fields(model: type[BaseModel], value: object) -> dict[str, Any]:
    """Returns what a value has of a model's fields, by name."""
    return {name: getattr(value, name) for name in model.model_fields if hasattr(value, name)}
