"""Candidates, slates and the trace of how a slate came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recagent.domain.explanations import Claim, Evidence
from recagent.domain.items import Item
from recagent.domain.people import Group, Known, Unserved
from recagent.domain.scenes import Scene

Mode = Literal["likelihood", "label", "listwise", "pointwise", "pairwise", "setwise"]
# How a pool was scored: by a language model in a mode, or by a reranker.
ScoredBy = Mode | Literal["rerank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A retrieved item; features are the scores of the sources that found it, and ``fused``."""

    item: Item
    features: Mapping[str, float]


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
        reason: that the ranking model wrote, checked; None where it wrote none that may be shown.
        refused: whether it wrote one that may not be shown.
    """

    rank: int
    item: Item
    probability: float
    features: Mapping[str, float]
    like: float | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: Claim | None = None
    refused: bool = False


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
        proposed: items that a model named for it and that may be shown; they come first, and count
            among ``matches`` only where they answer it by what they say.
    """

    wish: str
    matches: int
    left_out: int = 0
    missing: tuple[str, ...] = ()
    proposed: int = 0


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
            because it has no weight where that was not measured.
        unmeasured: with ``gated``, whether nobody has measured here what the model is worth.
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
    mode: ScoredBy | None = None
    prompt: str | None = None
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    repairs: int = 0
    language_probability: Mapping[str, float] = field(default_factory=dict[str, float])
    head: str = ""
    group: Group = "known"
    unserved: Unserved = ""
    gated: bool = False
    unmeasured: bool = False
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
        sentence: what the list is, in a sentence of the ranking model's, checked; empty without.
    """

    user_id: str
    scene: Scene
    entries: tuple[Entry, ...]
    trace: Trace
    empty: str = ""
    sentence: str = ""
