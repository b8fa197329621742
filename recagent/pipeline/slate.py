"""Candidates and scores to the entries of a slate, and the trace of how they came about."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from recagent.domain import (
    Candidate,
    Entry,
    Item,
    Mode,
    Profile,
    Scene,
    Task,
    Trace,
    Unserved,
    Usage,
    WishMatch,
)
from recagent.pipeline.quotas import Prerequisites, arrange
from recagent.ports import LanguageScores
from recagent.profiles.building import group_of, known_as
from recagent.ranking import REWARD, JointScorer, mmr_order, softmax
from recagent.retrieval.sources.model_proposals import ProposedDescriptions
from recagent.scenes.rules import SeriesLimits

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """What is ranked, best first without the language model.

    Attributes:
        candidates: of whom there are n.
        base: (n,) their scores.
        lead: (n,) how well each answers the wish, which comes before any score; zeros without one.
    """

    candidates: Sequence[Candidate]
    base: Floats
    lead: Floats


def pool_of(
    candidates: Sequence[Candidate],
    joint: JointScorer,
    *,
    scene: str,
    cold: bool,
    size: int,
    quotas: Mapping[Task, int],
    prerequisites: Prerequisites,
    limits: SeriesLimits,
    grades: Mapping[str, float],
) -> Pool:
    """The ``size`` best of what was retrieved, of each task its share and with what they need.

    ``grades``: how well items answer the wish, by id; those that do come first.
    """
    scores = joint.base(candidates, scene=scene, cold=cold)
    lead = leads([found.item for found in candidates], grades)
    order = led(np.argsort(-scores, kind="stable").tolist(), lead)
    items = [found.item for found in candidates]
    best = arrange(
        order, items, k=size, quotas=quotas, prerequisites=prerequisites, limits=limits, lead=lead
    )
    return Pool(candidates=[candidates[at] for at in best], base=scores[best], lead=lead[best])


def leads(items: Sequence[Item], grades: Mapping[str, float]) -> Floats:
    """(n,) how well each item answers the wish; 0 for one that is not graded."""
    return np.asarray([grades.get(item.id, 0.0) for item in items], dtype=np.float64)


def led(order: Sequence[int], lead: Floats) -> list[int]:
    """The same positions by how well they answer the wish, alike ones in their order."""
    return sorted(order, key=lambda at: -lead[at])


def choose(
    pool: Pool,
    scores: Floats,
    vectors: Matrix,
    *,
    k: int,
    probabilities: Floats,
    diversity: float,
    quotas: Mapping[Task, int],
    prerequisites: Prerequisites,
    limits: SeriesLimits,
) -> list[Entry]:
    """The ``k`` best candidates as entries, still without evidence.

    Args:
        pool: of n candidates.
        scores: joint, (n,).
        vectors: (n, d) unit rows, for diversity.
        k: slate length.
        probabilities: (n,), to be shown.
        diversity: 0 to 1.
        quotas: shares of the tasks in the slate; all are alike without any.
        prerequisites: ids that must come before an item, by its id.
        limits: what there may be once, or a few times.
    """
    is_arranged = quotas or prerequisites or limits.works or limits.series or pool.lead.any()
    depth = len(scores) if is_arranged else k
    order = led(mmr_order(scores, vectors, k=depth, diversity=diversity), pool.lead)
    items = [candidate.item for candidate in pool.candidates]
    shown = arrange(
        order, items, k=k, quotas=quotas, prerequisites=prerequisites, limits=limits, lead=pool.lead
    )
    return [
        Entry(
            rank=rank,
            item=pool.candidates[at].item,
            probability=float(probabilities[at]),
            features=pool.candidates[at].features,
        )
        for rank, at in enumerate(shown, start=1)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The scene of a request, how it was found, and how likely each was if that was weighed."""

    scene: Scene
    taken_from: str
    probability: Mapping[str, float] = field(default_factory=dict[str, float])


class ModelsPart(TypedDict, total=False):
    """The fields of a trace that tell of the model."""

    model: str
    mode: Mode
    prompt: str
    usage: Usage
    calls: int
    repairs: int
    notes: tuple[str, ...]
    language_probability: Mapping[str, float]


def make_trace(
    profile: Profile,
    where: Where,
    *,
    wish: str,
    match: WishMatch | None,
    candidates: Sequence[Candidate],
    models_part: ModelsPart,
    head: str,
    unserved: Unserved,
    gated: bool,
    degraded: Sequence[str],
    seconds: float,
) -> Trace:
    """The trace of a request."""
    found = Counter(name for candidate in candidates for name in candidate.features)
    return Trace(
        id=uuid.uuid4().hex,
        scene_from=where.taken_from,
        cold=profile.cold or ("scene" if profile.is_cold(where.scene.name) else None),
        known=known_as(profile, scene=where.scene.name, wish=wish),
        wish=match,
        scene_probability=where.probability,
        sources={name: n for name, n in found.items() if name not in ("fused", REWARD)},
        pool=len(candidates),
        **models_part,
        head=head,
        group=group_of(profile, where.scene.name),
        unserved=unserved,
        gated=gated,
        moved=found[REWARD],
        review=where.scene.review == "human",
        degraded="; ".join(dict.fromkeys(degraded)) or None,
        seconds=seconds,
    )


def models_part(
    language: LanguageScores | None,
    candidates: Sequence[Candidate],
    *,
    imagination: ProposedDescriptions | None,
    notes: Sequence[str],
) -> ModelsPart:
    """What the model did, and the request's own notes.

    What it imagined counts in usage, calls and repairs; what that was is not told.
    """
    guess = imagination or ProposedDescriptions()
    if guess.descriptions:
        told = f"descriptions imagined by {guess.prompt}: {len(guess.descriptions)}"
        notes = (*notes, told)
    if language is None:
        return {
            "usage": guess.usage,
            "calls": guess.calls,
            "repairs": guess.repairs,
            "notes": tuple(notes),
        }
    own = softmax(language.scores)
    return {
        "model": language.model,
        "mode": language.mode,
        "prompt": language.prompt,
        "usage": guess.usage + language.usage,
        "calls": guess.calls + language.calls,
        "repairs": guess.repairs + language.repairs,
        "notes": (*language.notes, *notes),
        "language_probability": {
            candidate.item.id: float(p) for candidate, p in zip(candidates, own, strict=False)
        },
    }
