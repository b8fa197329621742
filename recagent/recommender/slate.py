"""Candidates and scores to the entries of a slate, and the trace of how they came about."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from recagent.protocols import LanguageScores
from recagent.ranking import blend, diversified, softmax
from recagent.recommender.parts import COLD_DIVERSITY, Options
from recagent.types import Candidate, Entry, Mode, Profile, Scene, Trace, Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


def choose(
    candidates: Sequence[Candidate],
    language: LanguageScores | None,
    vectors: Matrix,
    *,
    k: int,
    options: Options,
    cold: bool,
) -> list[Entry]:
    """The ``k`` best candidates as entries, still without evidence.

    Args:
        candidates: the pool, (n,).
        language: the model's scores of the first m candidates, (m,), if there are any.
        vectors: (n, d) unit rows, for diversity.
        k: slate length.
        options: weights and temperature.
        cold: whether nothing is known of the person.
    """
    scores = blend(
        language.scores if language else None,
        [candidate.features["fused"] for candidate in candidates],
        language_weight=options.language_weight,
    )
    probabilities = softmax(scores, temperature=options.temperature)
    diversity = max(options.diversity, COLD_DIVERSITY if cold else 0.0)
    return [
        Entry(
            rank=rank,
            item=candidates[at].item,
            probability=float(probabilities[at]),
            features=candidates[at].features,
        )
        for rank, at in enumerate(diversified(scores, vectors, k=k, diversity=diversity), start=1)
    ]


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
    scene: Scene,
    scene_from: str,
    *,
    candidates: Sequence[Candidate],
    models_part: ModelsPart,
    degraded: Sequence[str],
    seconds: float,
) -> Trace:
    """The trace of a request."""
    found = Counter(name for candidate in candidates for name in candidate.features)
    return Trace(
        id=uuid.uuid4().hex,
        scene_from=scene_from,
        cold=profile.cold or ("scene" if profile.is_cold(scene.name) else None),
        sources={name: count for name, count in found.items() if name != "fused"},
        pool=len(candidates),
        **models_part,
        degraded="; ".join(degraded) or None,
        seconds=seconds,
    )


def models_part(language: LanguageScores | None, candidates: Sequence[Candidate]) -> ModelsPart:
    """What the model did; nothing where it was not asked or did not answer."""
    if language is None:
        return {}
    own = softmax(language.scores)
    return {
        "model": language.model,
        "mode": language.mode,
        "prompt": language.prompt,
        "usage": language.usage,
        "calls": language.calls,
        "repairs": language.repairs,
        "notes": language.notes,
        "language_probability": {
            candidate.item.id: float(p) for candidate, p in zip(candidates, own, strict=False)
        },
    }
